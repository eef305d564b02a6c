// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- OrderDispatches.cpp - what frees memory runs early ------------------------------------------------------------------===//
//
//   %g1 = loom.dispatch @back(%g2, %h1)                           %g1 = loom.dispatch @back(%g2, %h1)
//   %g0 = loom.dispatch @back(%g1, %h0)                           %w1 = loom.dispatch @update(%g2, %h1)     // the last reader of both
//   ...                                                   ==>     %g0 = loom.dispatch @back(%g1, %h0)
//   %w1 = loom.dispatch @update(%g2, %h1)                         %w0 = loom.dispatch @update(%g1, %h0)
//   %w0 = loom.dispatch @update(%g1, %h0)                         ...
//
// In a training step as it is written, the updates of parameters come last. They would keep the activations and
// gradients of every layer alive until then. So a kernel moves forward if it frees more of the arena than it takes: it
// is the last reader of operands that are larger than its results. It runs as soon as its operands are computed. A
// kernel that computes a scalar moves forward as well, because other kernels wait for it. All others keep their order.
// A kernel that writes the new value of an argument over the old one waits until everybody else has read the old value,
// and until everything that may raise an error has run (Updates.h).
//
//===----------------------------------------------------------------------------------------------------------------===//
#include "dialects/loom/Loom.h"
#include "dialects/loom/Views.h"
#include "dialects/weft/Weft.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Transforms/RegionUtils.h"
#include "passes/Passes.h"
#include "passes/analysis/Cost.h"
#include "passes/plan/Updates.h"
#include "llvm/ADT/SetVector.h"
#include <set>

namespace weft::passes {
#define GEN_PASS_DEF_ORDERDISPATCHES
#include "passes/Passes.h.inc"

using namespace mlir;

namespace {
/// A kernel whose results have fewer bytes than this counts as one of scalars: it runs early.
constexpr int64_t nextToNothing = 256;

int64_t bytesOf(Value v) { return elementsOf(v) * std::max<int64_t>(1, ir::elementOf(v).getIntOrFloatBitWidth() / 8); }

struct Order {
  Order(Block &block, ArrayRef<std::pair<Operation *, Operation *>> pairs) : block(block) {
    for (auto [first, then] : pairs)
      after[then].insert(first);
  }
  Block &block;
  DenseMap<Operation *, llvm::SmallSetVector<Operation *, 8>> after; // what an op waits for besides its operands
  struct Node {
    Operation *op;
    llvm::SmallSetVector<Value, 8> reads; // values of the block, behind views
    unsigned waits = 0;                   // operands that are not there yet
    int64_t takes = 0;                    // bytes that its results need in the arena
    bool small = false;                   // its results are scalars, or not much more
    bool done = false;
  };
  SmallVector<Node> nodes;
  DenseMap<Operation *, unsigned> nodeOf;
  DenseMap<Operation *, SmallVector<unsigned>> users; // nodes that wait for an op
  DenseMap<Value, unsigned> readers;                  // nodes that still read a value
  std::set<unsigned> ready;                           // dispatches

  void run() {
    llvm::DenseSet<Value> given(block.getTerminator()->operand_begin(), block.getTerminator()->operand_end());
    for (Operation &op : block.without_terminator()) {
      unsigned number = nodes.size();
      nodeOf[&op] = number;
      Node &node = nodes.emplace_back();
      node.op = &op;
      llvm::SetVector<Value> values(op.operand_begin(), op.operand_end());
      getUsedValuesDefinedAbove(op.getRegions(), values);
      llvm::SmallSetVector<Operation *, 8> makers;
      for (Value v : values) {
        if (Operation *maker = v.getDefiningOp(); maker && maker->getBlock() == &block)
          makers.insert(maker);
        if (Value base = loom::behindViews(v); !loom::isView(&op) && base.getDefiningOp<loom::DispatchOp>() &&
                                               base.getParentBlock() == &block && node.reads.insert(base))
          ++readers[base];
      }
      if (auto found = after.find(&op); found != after.end())
        makers.insert(found->second.begin(), found->second.end());
      for (Operation *maker : makers)
        users[maker].push_back(number);
      node.waits = makers.size();
      if (!isa<loom::DispatchOp>(op))
        continue;
      int64_t made = 0;
      for (Value v : op.getResults()) {
        made += bytesOf(v);
        node.takes += given.contains(v) ? 0 : bytesOf(v);
      }
      node.small = made < nextToNothing;
    }
    for (Value v : given) // the end of the block reads the values that it returns
      ++readers[loom::behindViews(v)];
    for (unsigned i = 0; i < nodes.size(); ++i)
      if (nodes[i].waits == 0)
        becomesReady(i);
    unsigned next = 0; // the first node, in the order of the program, that has not run
    while (true) {
      std::optional<unsigned> best;
      int64_t most = 0;
      for (unsigned i : ready)
        if (int64_t gain = freedBy(i) - nodes[i].takes + (nodes[i].small ? nextToNothing : 0); gain > most)
          best = i, most = gain;
      if (!best) {
        while (next < nodes.size() && nodes[next].done)
          ++next;
        if (next == nodes.size())
          return;
        best = next;
        while (nodes[*best].done || nodes[*best].waits) // an update that waits for readers behind it
          ++*best;
      }
      place(*best);
    }
  }
  int64_t freedBy(unsigned i) const {
    int64_t bytes = 0;
    for (Value v : nodes[i].reads)
      if (readers.lookup(v) == 1)
        bytes += bytesOf(v);
    return bytes;
  }
  /// Views and constants need no memory: each runs as soon as its operands are computed.
  void becomesReady(unsigned i) {
    if (isa<loom::DispatchOp>(nodes[i].op))
      ready.insert(i);
    else if (!nodes[i].op->getNumRegions() && !nodes[i].done)
      place(i);
  }
  void place(unsigned i) {
    Node &node = nodes[i];
    node.done = true;
    ready.erase(i);
    node.op->moveBefore(block.getTerminator());
    for (Value v : node.reads)
      --readers[v];
    for (unsigned user : users[node.op])
      if (--nodes[user].waits == 0)
        becomesReady(user);
  }
};

struct OrderDispatches : impl::OrderDispatchesBase<OrderDispatches> {
  using OrderDispatchesBase::OrderDispatchesBase;
  void runOnOperation() override {
    if (getOperation().isExternal())
      return;
    auto pairs = updates ? orderForUpdates(getOperation()) : SmallVector<std::pair<Operation *, Operation *>>();
    getOperation().walk([&](Block *block) {
      if (block->mightHaveTerminator())
        Order(*block, pairs).run();
    });
    // The order is final: move the ops.
    getOperation().walk([](ir::AfterOp after) {
      after.replaceAllUsesWith(after.getX());
      after.erase();
    });
  }
};
} // namespace
} // namespace weft::passes
