// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/analysis/Cost.h"
#include "dialects/weft/Sizes.h"
#include "dialects/weft/Weft.h"

using namespace mlir;
namespace weft::passes {
using namespace ir;

constexpr int64_t byteKept = 200;      // written once, read once
constexpr int64_t product = 20;        // a multiplication and an addition of a contraction
constexpr int64_t cheapElement = 100;  // an addition in a fused loop
constexpr int64_t costlyElement = 900; // an exponential

int64_t elementsOf(Value v) {
  int64_t n = 1;
  for (const Dim &d : getDims(v))
    n = saturatingProduct({n, std::max<int64_t>(d.upper(), 1)});
  return n;
}
int64_t costOfKeeping(Value v) {
  return std::min(
      unaffordable,
      saturatingProduct({elementsOf(v), std::max<int64_t>(1, elementOf(v).getIntOrFloatBitWidth() / 8), byteKept}));
}
int64_t costOfComputing(Operation *op) {
  if (op->getNumRegions()) // a loop in the loop: all of it, at the least
    return unaffordable;
  if (op->getNumResults() == 0)
    return 0;
  auto pointwise = dyn_cast<PointwiseOpInterface>(op);
  if (pointwise)
    return std::min(unaffordable, saturatingProduct({elementsOf(op->getResult(0)),
                                                     pointwise.isCheap() ? cheapElement : costlyElement}));
  // Every step of its loops.
  Access access = accessOf(op);
  uint64_t steps = 1;
  bool repeats = false; // reads an element for several steps, as a product does
  for (auto [l, loop] : llvm::enumerate(access.loops)) {
    steps = llvm::SaturatingMultiply<uint64_t>(steps, std::max<int64_t>(loop.size.upper(), 1));
    repeats |= llvm::any_of(access.operands, [&](const Axes &axes) { return !Access::names(axes, unsigned(l)); });
  }
  uint64_t cost = llvm::SaturatingMultiply<uint64_t>(steps, repeats ? product : cheapElement);
  // Tensors that its loops do not go through, as the one into which a scatter adds.
  auto whole = [&](Value v, const Axes &axes) {
    if (llvm::any_of(axes, [](const Axis &axis) { return axis.kind == Axis::any; }))
      cost = std::max(cost, llvm::SaturatingMultiply<uint64_t>(elementsOf(v), cheapElement));
  };
  for (auto [v, axes] : llvm::zip(op->getOperands(), access.operands))
    whole(v, axes);
  for (auto [v, axes] : llvm::zip(op->getResults(), access.results))
    whole(v, axes);
  return int64_t(std::min<uint64_t>(unaffordable, cost));
}
} // namespace weft::passes
