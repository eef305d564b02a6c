// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- ForkDispatches.cpp - neighbours that are independent run together --------------------------------------------------===//
//
//   %w1 = loom.dispatch @map_0(%w, %g, %s)               %w1 = loom.dispatch @map_0(%w, %g, %s) fork 0
//   %b1 = loom.dispatch @map_1(%b, %h, %s)      ==>      %b1 = loom.dispatch @map_1(%b, %h, %s) fork 0
//   %y  = loom.dispatch @contract_2(%w1, %b1)            %y  = loom.dispatch @contract_2(%w1, %b1)
//
// The dispatches of one fork are handed to the threads together (weft_parallel_for_all). So the updates of a hundred
// small parameters start and join the threads once instead of a hundred times, and a thread that finds no more work in
// one kernel goes on with the next. Each kernel is cut into the same pieces as without a fork, so the numbers do not
// change.
//
// A fork takes one dispatch after the other, in program order, as long as none reads what another of the fork writes
// and none writes state that another reads. All results of a fork are alive at the same time. So a dispatch joins a
// fork only if that costs hardly any memory: its results are not in the arena, or the dispatches before it are not the
// last readers of anything in the arena.
//
//===----------------------------------------------------------------------------------------------------------------===//
#include "dialects/loom/Loom.h"
#include "dialects/loom/Views.h"
#include "dialects/weft/Weft.h"
#include "mlir/Transforms/RegionUtils.h"
#include "passes/Passes.h"
#include "passes/analysis/Cost.h"
#include "passes/plan/Updates.h"

namespace weft::passes {
#define GEN_PASS_DEF_FORKDISPATCHES
#include "passes/Passes.h.inc"

using namespace mlir;

namespace {
/// Limits of a fork. The memory that it may cost: in bytes, and as a share of the most that is alive at one time. And
/// the number of its dispatches, because their frames are on the stack.
constexpr int64_t nextToNothing = 64 << 10, smallPart = 64;
constexpr size_t mostMembers = 1024;

int64_t bytesOf(Value v) { return elementsOf(v) * std::max<int64_t>(1, ir::elementOf(v).getIntOrFloatBitWidth() / 8); }

class Forks {
public:
  using Overwrites = DenseMap<Operation *, SmallVector<Value, 1>>;
  Forks(Block &block, func::FuncOp function, const Overwrites &overwrites, int64_t &number)
      : block(block), number(number), overwrites(overwrites) {
    given.insert(block.getTerminator()->operand_begin(), block.getTerminator()->operand_end());
    for (Operation &op : block) {
      llvm::SetVector<Value> values(op.operand_begin(), op.operand_end());
      getUsedValuesDefinedAbove(op.getRegions(), values);
      for (Value v : values)
        if (!loom::isView(&op))
          lastReader[loom::behindViews(v)] = &op;
    }
    affordable = std::min(nextToNothing, mostAlive() / smallPart);
    if (&block == &function.getBody().front())
      for (Operation *op : findRaising(block))
        raising.insert(op);
  }

  void run() {
    for (Operation &op : block) {
      if (isa<ir::ConstantOp>(op) || loom::isView(&op))
        continue;
      auto dispatch = dyn_cast<loom::DispatchOp>(op);
      if (!dispatch || !joins(dispatch))
        close();
      if (dispatch)
        add(dispatch);
    }
  }

private:
  bool inArena(Value v) const {
    Operation *maker = v.getDefiningOp();
    return maker && maker->getBlock() == &block && !given.contains(v) && !isa<ir::ConstantOp>(maker) &&
           !loom::isView(maker);
  }
  /// The bytes that values of this block have in the arena.
  int64_t mostAlive() const {
    int64_t now = 0, most = 0;
    DenseMap<Operation *, int64_t> gone;
    for (auto [v, last] : lastReader)
      gone[last] += inArena(v) ? bytesOf(v) : 0;
    for (Operation &op : block) {
      for (Value v : op.getResults())
        now += inArena(v) ? bytesOf(v) : 0;
      most = std::max(most, now);
      now -= gone.lookup(&op);
    }
    return most;
  }
  bool joins(loom::DispatchOp dispatch) {
    if (members.empty() || members.size() >= mostMembers)
      return false;
    for (Value operand : dispatch.getOperands())
      if (llvm::is_contained(members, loom::behindViews(operand).getDefiningOp()))
        return false;
    auto overwritten = overwrites.find(dispatch);
    if (overwritten != overwrites.end())
      for (Value old : overwritten->second)
        if (reads.contains(old))
          return false;
    // A dispatch that may raise an error must not run beside one that writes state: the error has to be known before
    // state is written.
    bool raises = raising.contains(dispatch), writes = overwritten != overwrites.end();
    for (Operation *member : members)
      if ((raises && overwrites.contains(member)) || (writes && raising.contains(member)))
        return false;
    int64_t made = 0, freed = 0;
    for (Value v : dispatch.getResults())
      made += inArena(v) ? bytesOf(v) : 0;
    for (Value v : reads)
      if (inArena(v)) {
        Operation *last = lastReader.lookup(v);
        freed += last == dispatch || last->isBeforeInBlock(dispatch) ? bytesOf(v) : 0;
      }
    int64_t more = std::min(made, freed);
    if (cost + more > affordable)
      return false;
    cost += more;
    return true;
  }
  void add(loom::DispatchOp dispatch) {
    members.push_back(dispatch);
    for (Value operand : dispatch.getOperands())
      reads.insert(loom::behindViews(operand));
  }
  void close() {
    if (members.size() > 1) {
      for (Operation *member : members)
        cast<loom::DispatchOp>(member).setFork(number);
      ++number;
    }
    members.clear();
    reads.clear();
    cost = 0;
  }

  Block &block;
  int64_t &number;
  const Overwrites &overwrites; // arguments that a dispatch writes in place
  llvm::DenseSet<Value>
      given; // values that are not in the arena, or whose place belongs to the region around the block
  DenseMap<Value, Operation *> lastReader;
  int64_t affordable;
  llvm::DenseSet<Operation *> raising;
  // Of the fork under way.
  SmallVector<Operation *> members;
  llvm::DenseSet<Value> reads;
  int64_t cost = 0;
};

struct ForkDispatches : impl::ForkDispatchesBase<ForkDispatches> {
  void runOnOperation() override {
    func::FuncOp function = getOperation();
    if (function.isExternal())
      return;
    int64_t number = 0;
    Forks::Overwrites overwrites = findOverwrites(function);
    function.walk([&](Block *block) {
      if (block->mightHaveTerminator())
        Forks(*block, function, overwrites, number).run();
    });
  }
};
} // namespace
} // namespace weft::passes
