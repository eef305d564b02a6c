// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- SettleRows.cpp - who needs rows that do no harm ------------------------------------------------------------------===//
//
//   %a = weft.cond %any then {                          %a = weft.exp %x        // nothing fails: what other rows give is dropped
//     %r = weft.active_rows %p, %x                 ==>
//     %e = weft.exp %r   weft.yield %e
//   } else { ... } {weft.may_open}
//
//   %a = weft.cond %any then {                          %a = weft.cond %any then {
//     %r = weft.active_rows %p, %i                        %n = weft.reduce_min (select %p, iota, ...)     // the first row that counts
//     %e = weft.take %table at %r  weft.yield %e   ==>    %s = weft.take %i at %n clip
//   } else { ... } {weft.may_open}                        %r = weft.select %p, %i, (broadcast %s)   ...
//
//===----------------------------------------------------------------------------------------------------------------===//
#include "passes/derive/SettleRows.h"
#include "dialects/weft/ActiveRows.h"
#include "dialects/weft/Weft.h"
#include "mlir/Transforms/RegionUtils.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
namespace weft::passes {
using namespace ir;

/// On active_rows: a derivative goes through what depends on it.
constexpr StringLiteral differentiated = "weft.differentiated";

void keepRows(Operation *asked, ArrayRef<Operation *> through) {
  for (Operation *op : through)
    if (isa<ActiveRowsOp>(op))
      op->setAttr(differentiated, UnitAttr::get(op->getContext()));
  for (Operation *around = asked->getParentOp(); around; around = around->getParentOp())
    around->removeAttr(mayOpen);
}

/// Values of a block that ops which can fail depend on: what they check, all that a loop reads.
static llvm::DenseSet<Value> readByWhatFails(Block &block) {
  SmallVector<Value> work;
  auto readBy = [&](Operation *op) {
    llvm::append_range(work, op->getOperands());
    llvm::SetVector<Value> captured;
    getUsedValuesDefinedAbove(op->getRegions(), captured);
    llvm::append_range(work, captured);
  };
  for (Operation &op : block) {
    bool fails = false;
    op.walk([&](Operation *inner) { fails |= canFail(inner); });
    if (!fails)
      continue;
    if (auto checked = dyn_cast<CheckedOpInterface>(op))
      work.push_back(checked.getCheck()->of);
    else
      readBy(&op);
  }
  llvm::DenseSet<Value> read;
  while (!work.empty()) {
    Value v = work.pop_back_val();
    if (Operation *op = v.getDefiningOp(); read.insert(v).second && op && op->getBlock() == &block)
      readBy(op);
  }
  return read;
}

/// x where the mask holds, and elsewhere the first row for which it does.
static Value chosen(ActiveRowsOp op) {
  OpBuilder b(op);
  Build e(b, op.getLoc(), op);
  Value mask = op.getMask(), x = op.getX();
  auto all = [](int64_t from, int64_t to) { return llvm::to_vector(llvm::seq(from, to)); };
  int64_t axis = typeOf(mask).getRank() - 1, rank = typeOf(x).getRank();
  auto places = withElement(typeOf(mask), b.getI32Type());
  Value past = e.full(std::numeric_limits<int32_t>::max(), places);
  Value first = ReduceMinOp::create(b, e.loc, e.select(mask, e.iota(places, axis), past), ArrayRef<int64_t>{axis});
  Value row;
  if (axis == 0) {
    row = TakeOp::create(b, e.loc, x, first, b.getI64IntegerAttr(0), b.getUnitAttr());
    row = e.broadcast(row, typeOf(x), all(1, rank));
  } else {
    Dims dims = getDims(x);
    dims[size_t(axis)] = Dim(op.getContext(), 1);
    Value at = e.broadcast(first, getTensorType(dims, b.getI32Type()), all(0, axis));
    row = TakeAlongOp::create(b, e.loc, x, at, b.getI64IntegerAttr(axis), b.getUnitAttr());
    row = e.broadcast(row, typeOf(x), all(0, rank));
  }
  return e.select(e.broadcast(mask, withElement(typeOf(x), b.getI1Type()), all(0, axis + 1)), x, row);
}

void settleRows(func::FuncOp function, bool all) {
  SmallVector<ActiveRowsOp> rows;
  SmallVector<CondOp> branches;
  function.walk([&](Operation *op) {
    if (auto row = dyn_cast<ActiveRowsOp>(op))
      rows.push_back(row);
    if (op->hasAttr(mayOpen))
      branches.push_back(cast<CondOp>(op));
  });
  llvm::DenseMap<Block *, llvm::DenseSet<Value>> read;
  llvm::DenseSet<Operation *> needed;
  for (ActiveRowsOp row : rows) {
    auto [found, fresh] = read.try_emplace(row->getBlock());
    if (fresh)
      found->second = readByWhatFails(*row->getBlock());
    if (all || row->hasAttr(differentiated) || found->second.contains(row.getResult()))
      needed.insert(row);
  }
  for (ActiveRowsOp row : rows) {
    row.replaceAllUsesWith(needed.contains(row) ? chosen(row) : row.getX());
    row.erase();
  }
  for (CondOp branch : branches) { // inner ones first
    Block &block = branch.getYes().front();
    WalkResult fails =
        block.walk([](Operation *op) { return canFail(op) ? WalkResult::interrupt() : WalkResult::advance(); });
    branch->removeAttr(mayOpen);
    if (all || fails.wasInterrupted())
      continue;
    SmallVector<Value> values(block.getTerminator()->getOperands());
    for (Operation &op : llvm::make_early_inc_range(block.without_terminator()))
      op.moveBefore(branch);
    branch.replaceAllUsesWith(values);
    branch.erase();
  }
}
} // namespace weft::passes
