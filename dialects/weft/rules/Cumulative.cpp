// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Rules of ops that combine the elements of an axis up to each of them.
#include "dialects/weft/rules/Checks.h"

using namespace mlir;
using namespace weft::ir;

namespace {
/// For each kind: start, and what one element more makes, in float64, in integers (which wrap), and in code.
struct Sum {
  static double start() { return 0; }
  static int64_t start(unsigned) { return 0; }
  static double of(double a, double b) { return a + b; }
  static int64_t of(int64_t a, int64_t b) { return int64_t(uint64_t(a) + uint64_t(b)); }
  static Value code(scalar::Code c, Value a, Value b) { return c.add(a, b); }
};
} // namespace

/// The elements of an axis, at one place of the others, one after the other.
template <class Kind, class Number>
static void accumulate(const std::vector<Number> &x, std::vector<Number> &y, Number start, int64_t from, int64_t step,
                       int64_t count, bool exclusive) {
  Number sum = start;
  for (int64_t i = 0; i < count; ++i, from += step) {
    Number next = Kind::of(sum, x[size_t(from)]);
    y[size_t(from)] = exclusive ? sum : next;
    sum = next;
  }
}
template <class Kind>
static LogicalResult evaluateCumulative(const HostArray &x, int64_t axis, bool exclusive, bool reverse, HostArray &y) {
  std::vector<int64_t> strides = x.strides();
  SmallVector<int64_t> outer(x.shape.begin(), x.shape.end()), steps(strides.begin(), strides.end());
  int64_t count = x.shape[size_t(axis)], step = strides[size_t(axis)];
  outer.erase(outer.begin() + axis);
  steps.erase(steps.begin() + axis);
  if (count == 0)
    return success();
  forEachIndex(outer, [&](ArrayRef<int64_t> at, int64_t) {
    int64_t from = linear(at, steps) + (reverse ? (count - 1) * step : 0), along = reverse ? -step : step;
    if (x.isFloat())
      accumulate<Kind>(x.f, y.f, Kind::start(), from, along, count, exclusive);
    else
      accumulate<Kind>(x.i, y.i, Kind::start(x.element.getIntOrFloatBitWidth()), from, along, count, exclusive);
  });
  return success();
}
template <class Kind> static SmallVector<Value> identity(ElementEmitter &e, Value x) {
  Type element = elementOf(x);
  if (isa<FloatType>(element))
    return {e.constant(element, Kind::start())};
  return {e.constantInt(element, Kind::start(element.getIntOrFloatBitWidth()))};
}

/// A loop for each axis; from its end, the steps of the scanned one run the other way.
static Access scanned(Operation *op, int64_t axis, bool reverse) {
  Access access = Access::elementwise(op);
  access.loops[axis].kind = LoopKind::scanned;
  if (reverse)
    access.operands[0][axis] = access.results[0][axis] =
        Axis::at(unsigned(axis), -1, access.loops[axis].size - Dim(op->getContext(), 1));
  return access;
}
/// The axis of the scanned loop, if there is one such loop and all axes are at a loop of their own.
static std::optional<int64_t> scannedAxis(const Access &now) {
  std::optional<int64_t> found;
  for (auto [d, axis] : llvm::enumerate(now.results[0])) {
    if (axis.kind != Axis::affine || axis.terms.size() != 1)
      return std::nullopt;
    if (now.loops[axis.terms[0].loop].kind != LoopKind::scanned)
      continue;
    if (found)
      return std::nullopt;
    found = int64_t(d);
  }
  return now.operands[0] == now.results[0] ? found : std::nullopt;
}

#define WEFT_CUMULATIVE(Op, Kind, name)                                                                                \
  LogicalResult Op::inferReturnTypes(MLIRContext *, std::optional<Location> location, ValueRange operands,             \
                                     DictionaryAttr attributes, OpaqueProperties properties, RegionRange regions,      \
                                     SmallVectorImpl<Type> &types) {                                                   \
    auto x = tensorOperand(name, location, operands[0]);                                                               \
    if (!x || failed(checkAttributes<Op>(location, operands, attributes, properties)))                                 \
      return failure();                                                                                                \
    types.push_back(x);                                                                                                \
    return success();                                                                                                  \
  }                                                                                                                    \
  LogicalResult Op::evaluate(ArrayRef<const HostArray *> x, MutableArrayRef<HostArray> results) {                      \
    return evaluateCumulative<Kind>(*x[0], getAxis(), getExclusive(), getReverse(), results[0]);                       \
  }                                                                                                                    \
  Access Op::getAccess() { return scanned(*this, getAxis(), getReverse()); }                                           \
  LogicalResult Op::setAccess(const Access &now) {                                                                     \
    std::optional<int64_t> axis = scannedAxis(now);                                                                    \
    if (axis)                                                                                                          \
      setAxis(uint64_t(*axis));                                                                                        \
    return success(axis.has_value());                                                                                  \
  }                                                                                                                    \
  Prologue Op::getPrologue(unsigned) { return Prologue::fused; }                                                       \
  bool Op::takesEpilogue() { return true; }                                                                            \
  int64_t Op::getScannedDim() { return getAxis(); }                                                                    \
  bool Op::isFromEnd() { return getReverse(); }                                                                        \
  bool Op::isExclusive() { return getExclusive(); }                                                                    \
  SmallVector<Value> Op::emitIdentity(ElementEmitter &e) { return identity<Kind>(e, getX()); }                         \
  SmallVector<Value> Op::emitNext(ElementEmitter &e, ValueRange accumulator, Value element) {                          \
    return {Kind::code(scalar::Code{e}, accumulator[0], element)};                                                     \
  }
WEFT_CUMULATIVE(CumsumOp, Sum, "cumsum")
#undef WEFT_CUMULATIVE

//===- derivatives --------------------------------------------------------------------------------------------------===//

static Value cumsum(Build &e, Value x, CumsumOp like, bool reverse) {
  return CumsumOp::create(e.b, e.loc, x, like.getAxisAttr(), like.getExclusiveAttr(),
                          reverse ? e.b.getUnitAttr() : UnitAttr());
}
/// x[j] is part of y[i] for all i from j on: those are summed from the other end.
LogicalResult CumsumOp::vjp(Build &e, ArrayRef<Value> ct, const BitVector &wanted, MutableArrayRef<Value> result) {
  if (ct[0] && wanted[0])
    result[0] = cumsum(e, ct[0], *this, !getReverse());
  return success();
}
LogicalResult CumsumOp::jvp(Build &e, ArrayRef<Value> t, MutableArrayRef<Value> result) {
  if (t[0])
    result[0] = cumsum(e, t[0], *this, getReverse());
  return success();
}
