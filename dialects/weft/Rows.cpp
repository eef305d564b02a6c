// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// See Rows.h.
#include "dialects/weft/Rows.h"
#include "dialects/weft/Weft.h"

using namespace mlir;
using namespace weft::ir;

static Dims withoutUnits(ArrayRef<Dim> dims) {
  Dims kept(dims);
  llvm::erase_if(kept, [](const Dim &d) { return d == 1; });
  return kept;
}

Position weft::ir::positionOf(const Dims &dims, const Dims &space) {
  if (dims == space)
    return Position::element;
  return withoutUnits(dims) == withoutUnits(ArrayRef(space).drop_back()) ? Position::row : Position::other;
}

Position weft::ir::positionRead(Operation *op, unsigned index, Position at, const Dims &space) {
  Dims operand = getDims(op->getOperand(index)), result = getDims(op->getResult(0));
  if (at == Position::other || !isa<PointwiseOpInterface>(op))
    return Position::other;
  if (op->hasTrait<OpTrait::Elementwise>() || op->hasTrait<Identity>())
    return operand == result ? at : Position::other;
  auto broadcast = dyn_cast<BroadcastOp>(op);
  if (at == Position::row) // dimensions of size 1 come and go, the rest stays in its order
    return (broadcast || isa<ReshapeOp>(op)) && withoutUnits(operand) == withoutUnits(result) ? Position::row
                                                                                              : Position::other;
  if (!broadcast || result != space)
    return Position::other;
  // An element's row: all dimensions in front of the last one, each in its place.
  Dims placed(result.size(), Dim(op->getContext(), 1));
  for (auto [i, d] : llvm::enumerate(broadcast.getDims()))
    placed[d] = operand[i];
  return placed.back() == 1 && ArrayRef(placed).drop_back() == ArrayRef(result).drop_back() ? Position::row
                                                                                            : Position::other;
}

std::optional<Dims> weft::ir::rowSpace(Operation *op) {
  auto reduction = dyn_cast<ReductionOpInterface>(op);
  if (!reduction || reduction.findsPlace())
    return std::nullopt;
  Dims dims = getDims(op->getOperand(0));
  if (reduction.getReducedDims() != SmallVector<int64_t>{int64_t(dims.size()) - 1} || dims.back() == 1)
    return std::nullopt;
  return dims;
}

bool weft::ir::shareLoops(Operation *a, Operation *b) {
  auto first = dyn_cast<ReductionOpInterface>(a), second = dyn_cast<ReductionOpInterface>(b);
  return first && second && !first.findsPlace() && !second.findsPlace() &&
         getDims(a->getOperand(0)) == getDims(b->getOperand(0)) && first.getReducedDims() == second.getReducedDims();
}
