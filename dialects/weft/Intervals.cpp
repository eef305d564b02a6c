// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What holds of integers from position to position; see Intervals.h.
#include "dialects/weft/Intervals.h"

using namespace mlir;
using namespace weft::ir;

std::optional<int64_t> weft::ir::growthAlong(Value v, int64_t dim) {
  Operation *op = v.getDefiningOp();
  DenseElementsAttr dense;
  if (!op || !isa<IntegerType>(elementOf(v)))
    return std::nullopt;
  if (matchPattern(op, m_Constant(&dense)))
    return dense.isSplat() ? std::optional<int64_t>(0) : std::nullopt;
  if (auto iota = dyn_cast<IotaOp>(op))
    return int64_t(iota.getAxis()) == dim ? 1 : 0;
  if (isa<AddOp, SubOp>(op)) {
    std::optional<int64_t> a = growthAlong(op->getOperand(0), dim), b = growthAlong(op->getOperand(1), dim);
    return a && b ? std::optional(isa<AddOp>(op) ? *a + *b : *a - *b) : std::nullopt;
  }
  if (isa<NegOp>(op)) {
    std::optional<int64_t> a = growthAlong(op->getOperand(0), dim);
    return a ? std::optional(-*a) : std::nullopt;
  }
  if (!op->hasTrait<MovesElements>() || op->getNumOperands() != 1)
    return std::nullopt;
  // The one axis of the operand that moves with the dimension.
  Access access = accessOf(op);
  std::optional<unsigned> loop = access.results[0][size_t(dim)].loop();
  std::optional<int64_t> along, step;
  for (auto [a, axis] : llvm::enumerate(access.operands[0])) {
    if (!loop || axis.guarded || (axis.kind != Axis::affine && axis.kind != Axis::repeated))
      return std::nullopt;
    if (axis.kind == Axis::repeated || !axis.names(*loop))
      continue;
    if (along || axis.terms.size() != 1 || axis.dividedBy != 1 || axis.within != 0)
      return std::nullopt;
    along = int64_t(a);
    step = axis.terms[0].step;
  }
  if (!along)
    return 0;
  std::optional<int64_t> inner = growthAlong(op->getOperand(0), *along);
  return inner ? std::optional(*inner * *step) : std::nullopt;
}
