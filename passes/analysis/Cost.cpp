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
  int64_t n = elementsOf(op->getResult(0));
  if (auto contract = dyn_cast<ContractOp>(op)) {
    // The summed dimensions: the square root of what both sides have over what the result has.
    double all =
        double(elementsOf(contract.getLhs())) * double(elementsOf(contract.getRhs())) / double(std::max<int64_t>(n, 1));
    return int64_t(std::min<double>(unaffordable, double(n) * std::max(1.0, std::sqrt(all)) * product));
  }
  auto pointwise = dyn_cast<PointwiseOpInterface>(op);
  if (!pointwise && op->getNumOperands()) // a reduction, a scatter: every element of what it reads
    n = elementsOf(op->getOperand(0));
  bool cheap = pointwise && (pointwise.isCheap() || isa<AddOp, SubOp, MulOp>(op));
  return std::min(unaffordable, saturatingProduct({n, cheap || !pointwise ? cheapElement : costlyElement}));
}
} // namespace weft::passes
