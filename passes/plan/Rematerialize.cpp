// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Rematerialize.cpp - less memory for more time ----------------------------------------------------------------------===//
//
//   %a = loom.dispatch @map_0(%x)                            %a  = loom.dispatch @map_0(%x)
//   %b = loom.dispatch @contract_1(%a, %w)                   %b  = loom.dispatch @contract_1(%a, %w)
//   ...                                   // the peak  ==>    ...
//   %d = loom.dispatch @contract_9(%c, %a)                   %a2 = loom.dispatch @map_0(%x)
//                                                            %d  = loom.dispatch @contract_9(%c, %a2)
//
// The peak is the moment when most bytes are alive. Some results wait there: kernels before the peak read them, kernels
// after it read them again, and none reads them at the peak itself. What a gradient reads of the forward computation
// waits like that. The pass computes one of these results again, in front of its readers after the peak, together with
// those of its operands that are no longer in memory by then. It takes the result that frees the most bytes for the
// least time (analysis/Cost.h), and goes on with the next one until the values alive at one time fit the budget, or no
// choice helps. A smaller budget makes the same choices and then some more, so less memory always costs more time. A
// result that nobody reads before the peak is not computed twice: it moves behind the peak.
//
// Loops and branches stay as they are. What a scan keeps of its steps is chosen in derive/ChooseResiduals.cpp.
//
//===----------------------------------------------------------------------------------------------------------------===//
#include "dialects/loom/Loom.h"
#include "dialects/loom/Views.h"
#include "dialects/weft/Weft.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Remarks.h"
#include "passes/Passes.h"
#include "passes/analysis/Cost.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"

namespace weft::passes {
#define GEN_PASS_DEF_REMATERIALIZE
#include "passes/Passes.h.inc"

using namespace mlir;

namespace {
/// The most kernels that may run again for one result; more of them cost more than they are worth.
constexpr unsigned longestChain = 16;

int64_t bytesOf(Value v) {
  int64_t bytes = elementsOf(v) * std::max<int64_t>(1, ir::elementOf(v).getIntOrFloatBitWidth() / 8);
  return (bytes + 63) / 64 * 64;
}

struct Rematerialize : impl::RematerializeBase<Rematerialize> {
  using RematerializeBase::RematerializeBase;

  // ---- the order of execution so far, and when values are alive in it
  SmallVector<Operation *> steps; // dispatches, loops, branches, the end of the block
  DenseMap<Operation *, unsigned> timeOf;
  struct Life {
    unsigned made, last;
    SmallVector<unsigned> reads; // sorted
    int64_t bytes;
    bool given; // it is not in the arena
  };
  llvm::MapVector<Value, Life> lives;
  SmallVector<int64_t> alive;
  Block *block = nullptr;

  unsigned when(Operation *user) { return timeOf.lookup(block->findAncestorOpInBlock(*user)); }
  void readsOf(Value v, SmallVectorImpl<unsigned> &reads) {
    for (Operation *user : v.getUsers()) {
      if (loom::isView(user) && user->getBlock() == block)
        readsOf(user->getResult(0), reads);
      else
        reads.push_back(when(user));
    }
  }
  void schedule() {
    steps.clear();
    timeOf.clear();
    lives.clear();
    for (Operation &op : *block)
      if (isa<loom::DispatchOp>(op) || op.getNumRegions() || op.hasTrait<OpTrait::IsTerminator>()) {
        timeOf[&op] = steps.size();
        steps.push_back(&op);
      }
    alive.assign(steps.size(), 0);
    llvm::DenseSet<Value> returned(block->getTerminator()->operand_begin(), block->getTerminator()->operand_end());
    for (auto [t, op] : llvm::enumerate(steps)) {
      for (Value v : op->getResults()) {
        Life life{unsigned(t), unsigned(t), {}, bytesOf(v), returned.contains(v)};
        readsOf(v, life.reads);
        llvm::sort(life.reads);
        if (!life.reads.empty())
          life.last = std::max(life.last, life.reads.back());
        if (!life.given)
          for (unsigned at = life.made; at <= life.last; ++at)
            alive[at] += life.bytes;
        lives.insert({v, life});
      }
      alive[t] += workspaceOf(op);
      // What a loop needs for itself: a second buffer for each carry, and the results of the kernels in its body.
      if (op->getNumRegions()) {
        for (Value v : op->getResults())
          alive[t] += bytesOf(v);
        op->walk([&](loom::DispatchOp inner) {
          for (Value v : inner->getResults())
            alive[t] += bytesOf(v);
          alive[t] += workspaceOf(inner);
        });
      }
    }
  }

  /// Of a dispatch: what its kernel needs for itself.
  static int64_t workspaceOf(Operation *op) {
    auto dispatch = dyn_cast<loom::DispatchOp>(op);
    auto kernel = dispatch ? SymbolTable::lookupNearestSymbolFrom<loom::KernelOp>(dispatch, dispatch.getKernelAttr())
                           : loom::KernelOp();
    return kernel ? kernel.getWorkspace() : 0;
  }

  int64_t costOf(loom::DispatchOp dispatch) {
    int64_t &cost = costs[dispatch.getKernelAttr().getAttr()];
    if (cost == 0) {
      cost = 1;
      if (auto kernel = SymbolTable::lookupNearestSymbolFrom<loom::KernelOp>(dispatch, dispatch.getKernelAttr()))
        for (Operation &op : kernel.getBody().front().without_terminator())
          cost += costOfComputing(&op);
    }
    return cost;
  }
  DenseMap<StringAttr, int64_t> costs;

  /// Results of the kernel `of`, computed again in front of step `at`. `chain`: the kernels that run for it; each
  /// stands in front of those whose results it reads.
  struct Choice {
    loom::DispatchOp of;
    unsigned at;
    llvm::SetVector<Operation *> chain;
    int64_t freed = 0, cost = 0;
  };
  /// How the results of a dispatch that wait at the peak would be computed again, in front of the first of their later
  /// readers; nothing if that is not possible or saves no memory.
  std::optional<Choice> choiceFor(loom::DispatchOp dispatch, unsigned peak) {
    Choice choice{dispatch, unsigned(steps.size()), {}};
    int64_t room = 0;
    for (Value v : dispatch->getResults()) {
      const Life &life = lives.find(v)->second;
      auto later = llvm::upper_bound(life.reads, peak);
      if (life.given || later == life.reads.end() || (later != life.reads.begin() && *std::prev(later) == peak)) {
        // An output, or not read after the peak, or read at the peak itself: the kernel computes it again for nothing.
        room += life.bytes;
        continue;
      }
      choice.freed += life.bytes;
      choice.at = std::min(choice.at, *later);
    }
    if (choice.freed == 0 || isa<func::ReturnOp>(steps[choice.at]))
      return std::nullopt;
    choice.chain.insert(dispatch);
    for (unsigned i = 0; i < choice.chain.size(); ++i) {
      choice.cost += costOf(cast<loom::DispatchOp>(choice.chain[i]));
      for (Value operand : choice.chain[i]->getOperands()) {
        Value v = loom::behindViews(operand);
        auto life = lives.find(v);
        if (life == lives.end() || life->second.given || life->second.last >= choice.at)
          continue;                               // an argument, a constant, an output, or still in memory at that time
        if (life->second.last > peak && i == 0) { // it is in memory after the peak, and stays a little longer
          for (unsigned t = life->second.last + 1; t <= choice.at; ++t)
            if (alive[t] + life->second.bytes >= alive[peak])
              return std::nullopt;
          continue;
        }
        auto maker = v.getDefiningOp<loom::DispatchOp>();
        if (!maker || choice.chain.size() == longestChain)
          return std::nullopt;
        if (choice.chain.insert(maker))
          for (Value r : maker->getResults())
            room += bytesOf(r);
      }
    }
    if (alive[choice.at] + room >= alive[peak])
      return std::nullopt; // there would be another peak, as high
    return choice;
  }

  /// Lets readers after the peak read `fresh` in place of `old`. A reader of a view of `old` reads such a view of
  /// `fresh`.
  void move(Value old, Value fresh, unsigned peak, OpBuilder &b) {
    SmallVector<Operation *> views;
    old.replaceUsesWithIf(fresh, [&](OpOperand &use) {
      if (loom::isView(use.getOwner()) && use.getOwner()->getBlock() == block) {
        views.push_back(use.getOwner());
        return false;
      }
      return when(use.getOwner()) > peak && timeOf.contains(block->findAncestorOpInBlock(*use.getOwner()));
    });
    for (Operation *view : views) {
      SmallVector<unsigned> reads;
      readsOf(view->getResult(0), reads);
      if (llvm::none_of(reads, [&](unsigned t) { return t > peak; }))
        continue;
      IRMapping map;
      map.map(old, fresh);
      move(view->getResult(0), b.clone(*view, map)->getResult(0), peak, b);
      if (view->use_empty())
        view->erase();
    }
  }
  /// The value that stands for `v` where a kernel runs again: if `v` is a view of a result that was computed again,
  /// that view is made of the new result.
  Value again(Value v, IRMapping &map, OpBuilder &b) {
    Operation *view = v.getDefiningOp();
    if (map.contains(v) || !loom::isView(view))
      return map.lookupOrDefault(v);
    if (again(view->getOperand(0), map, b) == view->getOperand(0))
      return v;
    map.map(v, b.clone(*view, map)->getResult(0));
    return map.lookup(v);
  }
  void apply(Choice &choice, unsigned peak) {
    OpBuilder b(steps[choice.at]);
    IRMapping map;
    // Each kernel after those whose results it reads: the order of the first run.
    SmallVector<Operation *> chain(choice.chain.begin(), choice.chain.end());
    llvm::sort(chain, [&](Operation *x, Operation *y) { return timeOf.lookup(x) < timeOf.lookup(y); });
    for (Operation *op : chain) {
      for (Value operand : op->getOperands())
        again(operand, map, b);
      b.clone(*op, map);
    }
    std::string names;
    for (Value v : choice.of->getResults()) {
      const Life &life = lives.find(v)->second;
      if (life.given)
        continue;
      names += (names.empty() ? "" : ", ") + ir::str(v.getType());
      move(v, map.lookup(v), peak, b);
    }
    report(choice, names);
    for (Operation *op : llvm::reverse(chain))
      if (op->use_empty()) // nobody read it before the peak
        op->erase();
  }
  void report(Choice &choice, const std::string &names) {
    remark::passed(
        choice.of.getLoc(),
        remark::RemarkOpts::name("rematerialize").category("rematerialize").function(getOperation().getName()))
        << choice.of.getKernel().str() + " runs again for later readers of " + names + ": " +
               std::to_string(choice.freed) + " bytes are free at the peak meanwhile, for about " +
               std::to_string(choice.cost / 1000000) + " us" +
               (choice.chain.size() > 1 ? ", with " + std::to_string(choice.chain.size() - 1) + " kernels before it"
                                        : "");
  }

  void runOnOperation() override {
    func::FuncOp function = getOperation();
    if (function.isExternal() || budget <= 0)
      return;
    block = &function.getBody().front();
    costs.clear();
    schedule();
    for (size_t round = 0, most = 4 * steps.size(); round < most; ++round) {
      unsigned peak = unsigned(llvm::max_element(alive) - alive.begin());
      if (alive.empty() || alive[peak] <= budget)
        return;
      std::optional<Choice> best;
      for (unsigned t = 0; t < peak; ++t)
        if (auto dispatch = dyn_cast<loom::DispatchOp>(steps[t]))
          if (std::optional<Choice> choice = choiceFor(dispatch, peak))
            if (!best || double(choice->cost) * double(best->freed) < double(best->cost) * double(choice->freed))
              best = std::move(choice);
      if (!best)
        return;
      apply(*best, peak);
      schedule();
    }
  }
};
} // namespace
} // namespace weft::passes
