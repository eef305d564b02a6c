// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- SimplifyRegions.cpp - loops and branches carry and store no more than is read ---------------------------------------===//
//
//   %a, %b, %ys = weft.scan <(9)> carry(%x, %k) over(%u, %v) {          %a = weft.scan <(9)> carry(%x) over(%u) {
//   ^bb0(%t, %p, %q, %s, %r):                                           ^bb0(%t, %p, %s):
//     %n = weft.mul %p, %q                                     ==>        %n = weft.mul %p, %k
//     %m = weft.add %n, %s                                                %m = weft.add %n, %s
//     weft.yield %m, %q, %n                                               weft.yield %m
//   }   // %b, %ys and %r are never read                                }
//
// 1. A carry that no step changes is its first value, read from outside; so is a result of both branches that is one
// value from outside.
// 2. A stacked result that nobody reads goes, as does one that is stacked already (reverse mode asks for carries
// twice).
// 3. A carry that only itself depends on goes; so do inputs that the body does not read.
// 4. Ops of a body that depend on nothing in it are done once, in front of the loop: heroes and what is no larger than
// what it reads.
//    What repeats a small value stays, for its kernel makes the elements.
//
//===----------------------------------------------------------------------------------------------------------------===//
#include "dialects/weft/ActiveRows.h"
#include "dialects/weft/Weft.h"
#include "mlir/Transforms/RegionUtils.h"
#include "passes/Passes.h"
#include "passes/analysis/Cost.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
namespace weft::passes {
#define GEN_PASS_DEF_SIMPLIFYREGIONS
#include "passes/Passes.h.inc"
using namespace ir;

namespace {
/// Which ops of a block, and of blocks in it, are needed for some of what it ends with.
llvm::DenseSet<Value> neededFor(Block &block, ArrayRef<Value> ends) {
  llvm::DenseSet<Value> seen;
  SmallVector<Value> work(ends);
  while (!work.empty()) {
    Value v = work.pop_back_val();
    if (!seen.insert(v).second)
      continue;
    Operation *op = v.getDefiningOp();
    if (!op || op->getBlock() != &block)
      continue;
    llvm::append_range(work, op->getOperands());
    llvm::SetVector<Value> captured;
    getUsedValuesDefinedAbove(op->getRegions(), captured);
    llvm::append_range(work, captured);
  }
  return seen;
}

bool eraseDead(Block &block) {
  bool erased = false;
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block)))
    if (isOpTriviallyDead(&op)) {
      op.erase();
      erased = true;
    }
  return erased;
}

/// Moves what does not change in front of the loop. `runs`: the block is run at least once, so an error in it is met.
bool hoist(Operation *loop, Block &body, bool runs) {
  bool moved = false;
  for (Operation &op : llvm::make_early_inc_range(body.without_terminator())) {
    if (op.getNumRegions() || op.getNumOperands() == 0 || (!runs && canFail(&op)))
      continue;
    bool inside = llvm::any_of(op.getOperands(), [&](Value v) { return v.getParentRegion() == body.getParent(); });
    int64_t largest = 0;
    for (Value v : op.getOperands())
      largest = std::max(largest, elementsOf(v));
    bool repeats = isa<PointwiseOpInterface>(op) && elementsOf(op.getResult(0)) > largest;
    if (inside || repeats)
      continue;
    op.moveBefore(loop);
    moved = true;
  }
  return moved;
}

bool simplifyScan(ScanOp scan) {
  Block &body = *scan.block();
  bool changed = hoist(scan, body, scan.getLength().getDims()[0].lower() > 0);
  changed |= eraseDead(body);
  unsigned carries = scan.numCarries(), stacked = scan.getNumResults() - carries;
  SmallVector<Value> yields(scan.yielded());
  for (unsigned k = 0; k < carries; ++k) {
    Value first = scan.getInits()[k];
    if (yields[k] != scan.carry(k) || (scan.carry(k).hasOneUse() && scan.getResult(k).use_empty()))
      continue;
    changed |= !scan.getResult(k).use_empty();
    scan.getResult(k).replaceAllUsesWith(first);
    scan.carry(k).replaceUsesWithIf(first, [&](OpOperand &use) { return use.getOwner() != body.getTerminator(); });
  }
  // Carries that are read, or that such carries depend on.
  SmallVector<Value> ends;
  llvm::DenseSet<unsigned> kept;
  SmallVector<unsigned> keptStacked;
  llvm::DenseMap<Value, unsigned> stackedAs;
  for (unsigned i = 0; i < stacked; ++i) {
    OpResult r = scan->getResult(carries + i);
    if (r.use_empty())
      continue;
    auto [entry, fresh] = stackedAs.insert({yields[carries + i], i});
    if (!fresh) {
      r.replaceAllUsesWith(scan.getResult(carries + entry->second));
      changed = true;
      continue;
    }
    keptStacked.push_back(i);
    ends.push_back(yields[carries + i]);
  }
  for (unsigned k = 0; k < carries; ++k)
    if (!scan.getResult(k).use_empty() && kept.insert(k).second)
      ends.push_back(yields[k]);
  llvm::DenseSet<Value> needed;
  for (bool grown = true; std::exchange(grown, false);) {
    needed = neededFor(body, ends);
    for (unsigned k = 0; k < carries; ++k)
      if (needed.contains(scan.carry(k)) && kept.insert(k).second) {
        ends.push_back(yields[k]);
        grown = true;
      }
  }
  SmallVector<unsigned> keptCarries, keptXs;
  for (unsigned k = 0; k < carries; ++k)
    if (kept.contains(k))
      keptCarries.push_back(k);
  for (unsigned j = 0; j < scan.getXs().size(); ++j)
    if (needed.contains(scan.slice(j)))
      keptXs.push_back(j);
  if (keptCarries.size() == carries && keptStacked.size() == stacked && keptXs.size() == scan.getXs().size())
    return changed;
  if (keptCarries.empty() && keptStacked.empty())
    return changed; // dead as a whole
  OpBuilder b(scan);
  OperationState state(scan.getLoc(), ScanOp::getOperationName());
  state.getOrAddProperties<ScanOp::Properties>() = scan.getProperties();
  for (unsigned k : keptCarries)
    state.operands.push_back(scan.getInits()[k]);
  for (unsigned j : keptXs)
    state.operands.push_back(scan.getXs()[j]);
  state.getOrAddProperties<ScanOp::Properties>().setOperandSegmentSizes(
      {int32_t(keptCarries.size()), int32_t(keptXs.size())});
  SmallVector<Value> old, ends2;
  for (unsigned k : keptCarries)
    old.push_back(scan.getResult(k)), ends2.push_back(yields[k]);
  for (unsigned i : keptStacked)
    old.push_back(scan.getResult(carries + i)), ends2.push_back(yields[carries + i]);
  for (Value v : old)
    state.types.push_back(v.getType());
  body.getTerminator()->setOperands(ends2);
  eraseDead(body);
  // Arguments from the last to the first: places of those in front stay.
  for (unsigned j = scan.getXs().size(); j-- > 0;)
    if (!llvm::is_contained(keptXs, j))
      body.eraseArgument(1 + carries + j);
  for (unsigned k = carries; k-- > 0;)
    if (!kept.contains(k))
      body.eraseArgument(1 + k);
  state.addRegion()->takeBody(scan.getBody());
  Operation *made = b.create(state);
  for (auto attribute : scan->getDiscardableAttrs())
    made->setAttr(attribute.getName(), attribute.getValue());
  for (auto [before, after] : llvm::zip(old, made->getResults()))
    before.replaceAllUsesWith(after);
  scan.erase();
  return true;
}

bool simplifyWhile(WhileOp loop) {
  Block &body = loop.getBody().front(), &test = loop.getTest().front();
  bool changed = hoist(loop, test, true); // the body may run no step
  changed |= eraseDead(body);
  changed |= eraseDead(test);
  SmallVector<Value> yields(body.getTerminator()->getOperands());
  unsigned carries = yields.size();
  for (unsigned k = 0; k < carries; ++k) {
    if (yields[k] != body.getArgument(k))
      continue;
    Value first = loop.getInits()[k];
    loop.getResult(k).replaceAllUsesWith(first);
    test.getArgument(k).replaceAllUsesWith(first);
    body.getArgument(k).replaceUsesWithIf(first,
                                          [&](OpOperand &use) { return use.getOwner() != body.getTerminator(); });
  }
  llvm::DenseSet<unsigned> kept;
  SmallVector<Value> ends;
  llvm::DenseSet<Value> tested = neededFor(test, test.getTerminator()->getOperand(0));
  for (unsigned k = 0; k < carries; ++k)
    if (!loop.getResult(k).use_empty() || tested.contains(test.getArgument(k))) {
      kept.insert(k);
      ends.push_back(yields[k]);
    }
  for (bool grown = true; std::exchange(grown, false);) {
    llvm::DenseSet<Value> needed = neededFor(body, ends);
    for (unsigned k = 0; k < carries; ++k)
      if (needed.contains(body.getArgument(k)) && kept.insert(k).second) {
        ends.push_back(yields[k]);
        grown = true;
      }
  }
  if (kept.size() == carries || kept.empty())
    return changed;
  OpBuilder b(loop);
  OperationState state(loop.getLoc(), WhileOp::getOperationName());
  if (loop.getMax())
    state.addAttribute("max", *loop.getMax());
  SmallVector<Value> next, old;
  for (unsigned k = 0; k < carries; ++k)
    if (kept.contains(k)) {
      state.operands.push_back(loop.getInits()[k]);
      state.types.push_back(loop.getResult(k).getType());
      next.push_back(yields[k]);
      old.push_back(loop.getResult(k));
    }
  body.getTerminator()->setOperands(next);
  eraseDead(body);
  for (unsigned k = carries; k-- > 0;)
    if (!kept.contains(k)) {
      body.eraseArgument(k);
      test.eraseArgument(k);
    }
  state.addRegion()->takeBody(loop.getTest());
  state.addRegion()->takeBody(loop.getBody());
  Operation *made = b.create(state);
  for (auto [before, after] : llvm::zip(old, made->getResults()))
    before.replaceAllUsesWith(after);
  loop.erase();
  return true;
}

bool simplifyCond(CondOp cond) {
  Operation *yes = cond.getYes().front().getTerminator(), *no = cond.getNo().front().getTerminator();
  SmallVector<unsigned> kept;
  for (OpResult r : cond.getResults()) {
    unsigned i = r.getResultNumber();
    if (yes->getOperand(i) == no->getOperand(i))
      r.replaceAllUsesWith(yes->getOperand(i));
    if (!r.use_empty())
      kept.push_back(i);
  }
  if (kept.size() == cond.getNumResults() || kept.empty())
    return false;
  OpBuilder b(cond);
  OperationState state(cond.getLoc(), CondOp::getOperationName());
  state.addOperands(cond.getPredicate());
  SmallVector<Value> first, second, old;
  for (unsigned i : kept) {
    first.push_back(yes->getOperand(i));
    second.push_back(no->getOperand(i));
    old.push_back(cond.getResult(i));
    state.types.push_back(cond.getResult(i).getType());
  }
  yes->setOperands(first);
  no->setOperands(second);
  eraseDead(cond.getYes().front());
  eraseDead(cond.getNo().front());
  state.addRegion()->takeBody(cond.getYes());
  state.addRegion()->takeBody(cond.getNo());
  Operation *made = b.create(state);
  for (auto [before, after] : llvm::zip(old, made->getResults()))
    before.replaceAllUsesWith(after);
  cond.erase();
  return true;
}

struct SimplifyRegions : impl::SimplifyRegionsBase<SimplifyRegions> {
  void runOnOperation() override {
    // From outside in: what a loop does not carry, loops in it need not make. Then again, for what that set free.
    for (bool changed = true; std::exchange(changed, false);) {
      SmallVector<Operation *> controls;
      getOperation().walk<WalkOrder::PreOrder>([&](Operation *op) {
        if (isa<ControlFlowOpInterface>(op))
          controls.push_back(op);
      });
      for (Operation *op : controls) {
        auto scan = dyn_cast<ScanOp>(op);
        auto loop = dyn_cast<WhileOp>(op);
        auto branch = dyn_cast<CondOp>(op);
        if (scan   ? simplifyScan(scan)
            : loop ? simplifyWhile(loop)
                   : branch &&
                         simplifyCond(branch)) { // the others may be gone with what was erased: any change must be told
          changed = true;
          break;
        }
      }
      eraseDead(getOperation().getBody().front());
    }
  }
};
} // namespace
} // namespace weft::passes
