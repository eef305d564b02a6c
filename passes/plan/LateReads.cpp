// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- LateReads.cpp - what later kernels find in memory, and what they compute again ------------------------------------===//
//
//   forward   %b = random_uniform %key     %m = select %b < 0.9, 1, 0     %y = %x * %m     %h = contract %y, %w
//   backward  %d = contract %dh, %w        %dx = %d * %m
//
// %dx runs behind a product that %m has no part in, so it does not share a kernel with %y. It reads %m, which is kept
// for it, or computed again of what is: of %b < 0.9 (a byte), of %b, of the key. What is stored for late readers is a
// minimum cut (analysis/LeastKept.h): bytes against operations. A product, a sum or a loop is never done twice; a value
// that somebody needs in memory anyway, as %y, is there for free.
//
// An op's stage is the largest number of products, scatters, loops and sums not over rows on a way to it: ops of one
// stage may share a kernel, those of a later one run behind another kernel. That is a measure, no promise: what the cut
// says decides what is stored and never what is right.
//
//===----------------------------------------------------------------------------------------------------------------===//
#include "passes/plan/LateReads.h"
#include "dialects/weft/Weft.h"
#include "passes/analysis/Cost.h"
#include "passes/analysis/LeastKept.h"
#include "passes/analysis/MinCut.h"

using namespace mlir;
namespace weft::passes {

unsigned LateReads::madeIn(Value v) const {
  auto stage = stages.find(v.getDefiningOp());
  return stage == stages.end() ? 0 : stage->second.makes;
}
bool LateReads::readsLate(Operation *reader, Value v) const {
  auto stage = stages.find(reader);
  return stage != stages.end() && stage->second.reads > madeIn(v);
}

LateReads::LateReads(ArrayRef<Operation *> ops, const llvm::DenseSet<Value> &forced,
                     const llvm::DenseSet<Value> &wanted, llvm::function_ref<SmallVector<Value>(Operation *)> readBy) {
  auto isPointwise = [](Operation *op) { return isa<ir::PointwiseOpInterface>(op); };
  for (Operation *op : ops) {
    unsigned stage = 0;
    SmallVector<Value> operands = readBy(op);
    for (Value v : operands)
      stage = std::max(stage, madeIn(v));
    bool alone = !isPointwise(op) && !ir::rowSpace(op);
    stages[op] = {stage, stage + alone};
    for (Value v : operands)
      if (stages.contains(v.getDefiningOp()) && readsLate(op, v))
        read.insert(v);
  }
  // What only late kernels compute is not computed again.
  llvm::DenseSet<Operation *> early;
  for (Operation *op : llvm::reverse(ops))
    if (llvm::any_of(op->getResults(), [&](Value v) {
          return forced.contains(v) || llvm::any_of(v.getUsers(), [&](Operation *user) {
                   return !readsLate(user, v) && early.contains(user);
                 });
        }))
      early.insert(op);
  auto choices = [&](Value v) -> std::optional<Choices> {
    Operation *op = v.getDefiningOp();
    if (!op || !stages.contains(op) || wanted.contains(v))
      return std::nullopt;
    if (!isPointwise(op))
      return Choices{costOfKeeping(v), unaffordable, {}};
    SmallVector<Value> operands(op->getOperands());
    if (operands.empty() || op->hasTrait<ir::Identity>() || !early.contains(op))
      return Choices{uncuttable, 0, std::move(operands)};
    return Choices{costOfKeeping(v), costOfComputing(op), std::move(operands)};
  };
  for (Value v : leastKept(read.getArrayRef(), choices))
    if (isPointwise(v.getDefiningOp()))
      kept.insert(v);
}
} // namespace weft::passes
