// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Rules of the ops that name a whole formula: reference, derivative, and the same in primitives where no emitter takes
// them whole.
#include "dialects/weft/rules/Checks.h"
#include <limits>

using namespace mlir;
using namespace weft::ir;

static constexpr double infinity = std::numeric_limits<double>::infinity();

/// Whether a row, given by its maximum, has nothing but -inf: no element has a probability.
static Value isEmptyRow(Build &e, Value max) { return e.compare("EQ", max, e.full(-infinity, max)); }
/// The maximum over an axis, or 0 where that is -inf: x - max must not become inf - inf.
static Value finiteMax(Build &e, Value x, int64_t axis) {
  Value max = e.max(x, {axis});
  return e.select(isEmptyRow(e, max), e.zeros(max), max);
}
/// exp(x - max) and its sum over the axis. bf16 and f16 become f32 first, for a sum in bf16 would lose most of its
/// terms.
namespace {
struct Exponentials {
  Value max, exp, sum;
};
} // namespace
static Exponentials exponentials(Build &e, Value x, int64_t axis) {
  Value max = finiteMax(e, x, axis);
  Value exp = e.exp(e.sub(x, e.expandLike(max, {axis}, typeOf(x))));
  return {max, exp, e.sum(exp, {axis})};
}
static Value inComputeType(Build &e, Value x) { return e.cast(x, ElementEmitter::computeType(elementOf(x))); }

//===- softmax ------------------------------------------------------------------------------------------------------===//

LogicalResult SoftmaxOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, ValueRange operands,
                                          DictionaryAttr attributes, OpaqueProperties properties, RegionRange regions,
                                          SmallVectorImpl<Type> &types) {
  auto x = tensorOperand("softmax", location, operands[0]);
  if (!x || failed(checkAttributes<SoftmaxOp>(location, operands, attributes, properties)))
    return failure();
  types.push_back(x);
  return success();
}
LogicalResult SoftmaxOp::evaluate(ArrayRef<const HostArray *> x, MutableArrayRef<HostArray> results) {
  HostArray &y = results[0];
  std::vector<int64_t> strides = y.strides();
  int64_t axis = getAxis(), size = y.shape[axis], step = strides[axis];
  SmallVector<int64_t> rows(y.shape.begin(), y.shape.end());
  rows[axis] = size > 0;
  forEachIndex(rows, [&](ArrayRef<int64_t> at, int64_t) {
    int64_t start = linear(at, strides);
    double max = -infinity, sum = 0;
    for (int64_t i = 0; i < size; ++i)
      max = hostMax(max, x[0]->f[start + i * step]);
    for (int64_t i = 0; i < size; ++i)
      sum += y.f[start + i * step] = std::exp(x[0]->f[start + i * step] - (max == -infinity ? 0 : max));
    for (int64_t i = 0; i < size && sum != 0; ++i)
      y.f[start + i * step] /= sum;
  });
  return success();
}
LogicalResult SoftmaxOp::decompose(Build &e, SmallVectorImpl<Value> &results) {
  int64_t axis = getAxis();
  auto [max, exp, sum] = exponentials(e, inComputeType(e, getX()), axis);
  // If all elements of a row are -inf, the sum is 0, and the result is 0 everywhere instead of 0 / 0.
  Value divisor = e.select(e.compare("EQ", sum, e.zeros(sum)), e.full(1, sum), sum);
  // One division for each row and a product for each element, instead of a division for each: at most one ulp worse.
  results.push_back(
      e.cast(e.mul(exp, e.expandLike(e.div(e.full(1, divisor), divisor), {axis}, typeOf(exp))), elementOf(getX())));
  return success();
}
/// The Jacobian is symmetric, so forward and reverse mode are the same: y (v - sum(y v)).
static Value throughSoftmax(Build &e, Value v, int64_t axis) {
  Value y = e.y(), yv = e.mul(y, v);
  return e.sub(yv, e.mul(y, e.expandLike(e.sum(yv, {axis}), {axis}, typeOf(y))));
}
LogicalResult SoftmaxOp::vjp(Build &e, ArrayRef<Value> ct, const BitVector &wanted, MutableArrayRef<Value> result) {
  if (ct[0] && wanted[0])
    result[0] = throughSoftmax(e, ct[0], getAxis());
  return success();
}
LogicalResult SoftmaxOp::jvp(Build &e, ArrayRef<Value> t, MutableArrayRef<Value> result) {
  if (t[0])
    result[0] = throughSoftmax(e, t[0], getAxis());
  return success();
}

//===- cross_entropy ------------------------------------------------------------------------------------------------===//

LogicalResult CrossEntropyOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, ValueRange operands,
                                               DictionaryAttr, OpaqueProperties, RegionRange,
                                               SmallVectorImpl<Type> &types) {
  auto logits = tensorOperand("cross_entropy", location, operands[0]),
       labels = tensorOperand("cross_entropy", location, operands[1]);
  if (!logits || !labels)
    return failure();
  if (!labels.getElementType().isInteger(32))
    return emitOptionalError(location, "cross_entropy: labels must be class numbers in i32, got ", str(labels));
  Dims dims = getDims(logits);
  if (dims.empty() || ArrayRef(dims).drop_back() != ArrayRef(getDims(labels)))
    return emitOptionalError(location, "cross_entropy: logits must be [..., classes] and labels [...]: got logits ",
                             str(logits), " and labels ", str(labels));
  if (!alwaysAtLeast(dims.back(), 1))
    return emitOptionalError(location, "cross_entropy: the last dimension of logits ", str(logits),
                             " can have no class");
  dims.pop_back();
  types.push_back(getTensorType(dims, logits.getElementType()));
  return success();
}
LogicalResult CrossEntropyOp::evaluate(ArrayRef<const HostArray *> x, MutableArrayRef<HostArray> results) {
  int64_t classes = x[0]->shape.back();
  for (int64_t row = 0, rows = results[0].size(); row < rows; ++row) {
    int64_t label = x[1]->i[row];
    if (label < 0 || label >= classes)
      return emitOpError("label ") << label << " of row " << row << " is outside dimension of size " << classes;
    const double *logits = x[0]->f.data() + row * classes;
    double max = -infinity, sum = 0;
    for (int64_t c = 0; c < classes; ++c)
      max = hostMax(max, logits[c]);
    max = max == -infinity ? 0 : max;
    for (int64_t c = 0; c < classes; ++c)
      sum += std::exp(logits[c] - max);
    // The logit less the maximum, so that what the row is shifted by does not cost digits of the result.
    results[0].f[row] = sum == 0 ? infinity : std::log(sum) - (logits[label] - max);
  }
  return success();
}
std::optional<RuntimeCheck> CrossEntropyOp::getCheck() {
  return RuntimeCheck{getLabels(), RuntimeError::outOfRange, getDims(getLogits()).back()};
}
/// log(sum(exp(logits - max))) minus the label's logit less the maximum: what the row is shifted by costs no digits. A
/// label outside is caught where its logit is picked.
LogicalResult CrossEntropyOp::decompose(Build &e, SmallVectorImpl<Value> &results) {
  Value x = inComputeType(e, getLogits());
  int64_t axis = typeOf(x).getRank() - 1;
  auto [max, exp, sum] = exponentials(e, x, axis);
  Dims rows = getDims(getLabels()), column = rows;
  column.push_back(Dim(getContext(), 1));
  Value labels = e.reshape(getLabels(), column);
  Value picked =
      TakeAlongOp::create(e.b, e.loc, getTensorType(column, elementOf(x)), x, labels, e.b.getI64IntegerAttr(axis));
  Value loss = e.sub(e.log(sum), e.sub(e.reshape(picked, rows), max));
  // -inf - -inf where no class has a probability: minus the logarithm of 0.
  loss = e.select(e.compare("EQ", sum, e.zeros(sum)), e.full(infinity, loss), loss);
  results.push_back(e.cast(loss, elementOf(getLogits())));
  return success();
}
/// d result / d logits: softmax(logits) - one_hot(labels). A row of -inf alone has no derivative: zeros, as of softmax.
static Value slope(Build &e, CrossEntropyOp op) {
  Value logits = op.getLogits(), labels = op.getLabels();
  int64_t axis = typeOf(logits).getRank() - 1;
  Value softmax = SoftmaxOp::create(e.b, e.loc, logits.getType(), logits, e.b.getI64IntegerAttr(axis));
  Value hot = OneHotOp::create(e.b, e.loc, logits.getType(), labels);
  // The maximum is that of the softmax, so it is computed once. The label stays an argument: one that a kernel computes
  // would be read from memory, by a kernel of its own.
  Value empty = isEmptyRow(e, e.max(inComputeType(e, logits), {axis}));
  hot = e.select(e.expandLike(empty, {axis}, typeOf(logits)), e.zeros(hot), hot);
  return e.sub(softmax, hot);
}
LogicalResult CrossEntropyOp::vjp(Build &e, ArrayRef<Value> ct, const BitVector &wanted,
                                  MutableArrayRef<Value> result) {
  if (!ct[0] || !wanted[0])
    return success();
  auto type = typeOf(getLogits());
  result[0] = e.mul(e.expandLike(ct[0], {type.getRank() - 1}, type), slope(e, *this));
  return success();
}
LogicalResult CrossEntropyOp::jvp(Build &e, ArrayRef<Value> t, MutableArrayRef<Value> result) {
  if (t[0])
    result[0] = e.sum(e.mul(slope(e, *this), t[0]), {typeOf(getLogits()).getRank() - 1});
  return success();
}
