// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- LateReads.cpp - what later kernels find in memory, and what they compute again ------------------------------------===//
//
//   forward   %b = random_uniform %key     %m = select %b < 0.9, 1, 0     %y = %x * %m     %h = contract %y, %w
//   backward  %d = contract %dh, %w        %dx = %d * %m
//
// %dx reads %m, but it cannot share a kernel with %y: it runs after the product %d, and %d is not computed from %m.
// Such a read is late. For %dx, either %m is stored, or the kernel of %dx computes %m again from something that is
// stored: from %b < 0.9 (a byte an element), from %b, or from the key. A minimum cut (analysis/LeastKept.h) weighs the
// bytes of storing a value against the operations of computing it again. A product, a sum or a loop is never computed
// again. A value that another reader needs in memory anyway, as %y here, costs nothing.
//
// How late an op runs is measured by its stage: the largest number of products, scatters, loops and sums that are not
// over rows on any path to the op. Ops of one stage may share a kernel; an op of a later stage runs after some other
// kernel. The stage is an estimate. A wrong estimate stores too much or too little, but the numbers stay right.
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
  // An op is early if a kernel that does not run late computes it anyway. What only late kernels compute has no early
  // value that could be stored, so the cut must not choose it.
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
