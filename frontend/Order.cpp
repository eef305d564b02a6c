// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The canonical order of a trace. Compilers evaluate operands in different orders, so operations arrive in different
// orders: sorted depth first from the outputs, left to right, equal programs give equal IR.
#include "Tracer.h"
#include "llvm/ADT/DenseSet.h"

using namespace weft;

namespace {
/// Depth-first with a stack of its own: a trace is deeper than a thread's stack allows recursion.
struct Sorter {
  mlir::Block &block;
  llvm::DenseSet<mlir::Operation *> seen;
  std::vector<mlir::Operation *> order;

  /// The operations of this block that `op` needs, in order: its operands, then what its regions read from outside, in
  /// their canonical order.
  llvm::SmallVector<mlir::Operation *> needs(mlir::Operation *op) {
    llvm::SmallVector<mlir::Operation *> list;
    auto add = [&](mlir::Value value) {
      if (mlir::Operation *maker = value.getDefiningOp(); maker && maker->getBlock() == &block)
        list.push_back(maker);
    };
    for (mlir::Value operand : op->getOperands())
      add(operand);
    for (mlir::Region &region : op->getRegions())
      region.walk<mlir::WalkOrder::PreOrder>([&](mlir::Operation *inner) {
        for (mlir::Value operand : inner->getOperands())
          add(operand);
      });
    return list;
  }

  void visit(mlir::Operation *root) {
    struct Frame {
      mlir::Operation *op;
      llvm::SmallVector<mlir::Operation *> needs;
      std::size_t next = 0;
    };
    std::vector<Frame> stack;
    auto push = [&](mlir::Operation *op) {
      if (seen.insert(op).second)
        stack.push_back({op, needs(op)});
    };
    push(root);
    while (!stack.empty()) {
      Frame &top = stack.back();
      if (top.next < top.needs.size()) {
        push(top.needs[top.next++]);
      } else {
        order.push_back(top.op);
        stack.pop_back();
      }
    }
  }
};
} // namespace

void detail::orderCanonically(mlir::Block &block) {
  for (mlir::Operation &op : block)
    for (mlir::Region &region : op.getRegions())
      for (mlir::Block &inner : region)
        orderCanonically(inner);
  Sorter sorter{block, {}, {}};
  sorter.visit(block.getTerminator());
  for (mlir::Operation *op : sorter.order)
    op->moveBefore(&block, block.end());
  // Unneeded operations are in front now, users after makers.
  while (&block.front() != sorter.order.front()) {
    mlir::Operation *dead = &block.front();
    while (!dead->use_empty()) { // a user that is dead itself, or in the region of one: the last one first
      dead = *dead->user_begin();
      while (dead->getBlock() != &block)
        dead = dead->getParentOp();
    }
    dead->erase();
  }
}

std::string detail::printModule(mlir::ModuleOp module) {
  std::string text;
  llvm::raw_string_ostream os(text);
  module.print(os, mlir::OpPrintingFlags().enableDebugInfo(false));
  return text;
}
