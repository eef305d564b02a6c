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
    if (isActiveRows(op))
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

void settleRows(func::FuncOp function, bool all) {
  SmallVector<Operation *> rows, branches;
  function.walk([&](Operation *op) {
    if (isActiveRows(op))
      rows.push_back(op);
    if (op->hasAttr(mayOpen))
      branches.push_back(op);
  });
  llvm::DenseMap<Block *, llvm::DenseSet<Value>> read;
  llvm::DenseSet<Operation *> needed;
  for (Operation *row : rows) {
    auto [found, fresh] = read.try_emplace(row->getBlock());
    if (fresh)
      found->second = readByWhatFails(*row->getBlock());
    if (all || row->hasAttr(differentiated) || found->second.contains(row->getResult(0)))
      needed.insert(row);
  }
  for (Operation *row : rows) {
    OpBuilder b(row);
    row->replaceAllUsesWith(ValueRange{activeRows(b, row, needed.contains(row))});
    row->erase();
  }
  for (Operation *branch : branches) { // inner ones first
    Block &block = branch->getRegion(0).front();
    WalkResult fails =
        block.walk([](Operation *op) { return canFail(op) ? WalkResult::interrupt() : WalkResult::advance(); });
    branch->removeAttr(mayOpen);
    if (all || fails.wasInterrupted())
      continue;
    SmallVector<Value> values(block.getTerminator()->getOperands());
    for (Operation &op : llvm::make_early_inc_range(block.without_terminator()))
      op.moveBefore(branch);
    branch->replaceAllUsesWith(values);
    branch->erase();
  }
}
} // namespace weft::passes
