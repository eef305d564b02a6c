// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Rules of ops that combine the elements of an axis up to each of them.
#include "dialects/weft/rules/Checks.h"
#include "dialects/weft/rules/Combining.h"
#include "llvm/Support/MathExtras.h"
#include <limits>

using namespace mlir;
using namespace weft::ir;
using namespace weft::ir::combining;

/// The elements of an axis, at one place of the others, one after the other: `next` gives what follows at a place.
template <class Number, class Next>
static void accumulate(std::vector<Number> &y, Number sum, int64_t from, int64_t step, int64_t count, bool exclusive,
                       Next next) {
  for (int64_t i = 0; i < count; ++i, from += step) {
    Number before = sum;
    sum = next(before, size_t(from));
    y[size_t(from)] = exclusive ? before : sum;
  }
}
/// Calls `line(from, step, count)` for the elements along an axis at each place of the others.
template <class Line> static void forEachLine(const HostArray &x, int64_t axis, bool reverse, Line line) {
  std::vector<int64_t> strides = x.strides();
  SmallVector<int64_t> outer(x.shape.begin(), x.shape.end()), steps(strides.begin(), strides.end());
  int64_t count = x.shape[size_t(axis)], step = strides[size_t(axis)];
  outer.erase(outer.begin() + axis);
  steps.erase(steps.begin() + axis);
  if (count > 0)
    forEachIndex(outer, [&](ArrayRef<int64_t> at, int64_t) {
      line(linear(at, steps) + (reverse ? (count - 1) * step : 0), reverse ? -step : step, count);
    });
}
template <class Kind>
static LogicalResult evaluateCumulative(const HostArray &x, int64_t axis, bool exclusive, bool reverse, HostArray &y) {
  forEachLine(x, axis, reverse, [&](int64_t from, int64_t step, int64_t count) {
    if (x.isFloat())
      accumulate(y.f, Kind::start(), from, step, count, exclusive,
                 [&](double sum, size_t at) { return Kind::of(sum, x.f[at]); });
    else
      accumulate(y.i, Kind::start(x.element.getIntOrFloatBitWidth()), from, step, count, exclusive,
                 [&](int64_t sum, size_t at) { return Kind::of(sum, x.i[at]); });
  });
  return success();
}
/// A loop for each axis; from its end, the steps of the scanned one run the other way.
static Access scanned(Operation *op, int64_t axis, bool reverse) {
  Access access = Access::elementwise(op);
  access.loops[axis].kind = LoopKind::scanned;
  if (reverse)
    access.results[0][axis] = Axis::at(unsigned(axis), -1, access.loops[axis].size - Dim(op->getContext(), 1));
  for (Axes &axes : access.operands)
    axes = access.results[0];
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
  bool alike = llvm::all_of(now.operands, [&](const Axes &axes) { return axes == now.results[0]; });
  return alike ? found : std::nullopt;
}

#define WEFT_SCANNED(Op)                                                                                               \
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
  bool Op::isExclusive() { return getExclusive(); }
#define WEFT_CUMULATIVE(Op, Kind, name)                                                                                \
  WEFT_SCANNED(Op)                                                                                                     \
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
  SmallVector<Value> Op::emitIdentity(ElementEmitter &e) { return identity<Kind>(e, getX()); }                         \
  SmallVector<Value> Op::emitNext(ElementEmitter &e, ValueRange accumulator, ValueRange elements) {                    \
    return {Kind::code(scalar::Code{e}, accumulator[0], elements[0])};                                                 \
  }
WEFT_CUMULATIVE(CumsumOp, Sum, "cumsum")
WEFT_CUMULATIVE(CumprodOp, Prod, "cumprod")
WEFT_CUMULATIVE(CummaxOp, Max, "cummax")
WEFT_CUMULATIVE(CumminOp, Min, "cummin")
#undef WEFT_CUMULATIVE

WEFT_SCANNED(LinearRecurrenceOp)
#undef WEFT_SCANNED
LogicalResult LinearRecurrenceOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, ValueRange operands,
                                                   DictionaryAttr attributes, OpaqueProperties properties, RegionRange,
                                                   SmallVectorImpl<Type> &types) {
  auto a = tensorOperand("linear_recurrence", location, operands[0]);
  auto b = tensorOperand("linear_recurrence", location, operands[1]);
  if (!a || !b || failed(checkAttributes<LinearRecurrenceOp>(location, operands, attributes, properties)))
    return failure();
  if (a != b)
    return emitOptionalError(location, "linear_recurrence: a is ", str(a), " and b is ", str(b),
                             "; they are of one type and shape (broadcast_to makes the shorter one longer)");
  types.push_back(a);
  return success();
}
LogicalResult LinearRecurrenceOp::evaluate(ArrayRef<const HostArray *> x, MutableArrayRef<HostArray> results) {
  forEachLine(*x[0], getAxis(), getReverse(), [&](int64_t from, int64_t step, int64_t count) {
    accumulate(results[0].f, 0.0, from, step, count, getExclusive(),
               [&](double y, size_t at) { return x[0]->f[at] * y + x[1]->f[at]; });
  });
  return success();
}
SmallVector<Value> LinearRecurrenceOp::emitIdentity(ElementEmitter &e) { return identity<Sum>(e, getA()); }
SmallVector<Value> LinearRecurrenceOp::emitNext(ElementEmitter &e, ValueRange accumulator, ValueRange elements) {
  scalar::Code c{e};
  return {c.add(c.mul(elements[0], accumulator[0]), elements[1])};
}

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

template <class Op> static Value cumulative(Build &e, Value x, IntegerAttr axis, bool exclusive, bool reverse) {
  return Op::create(e.b, e.loc, x, axis, exclusive ? e.b.getUnitAttr() : UnitAttr(),
                    reverse ? e.b.getUnitAttr() : UnitAttr());
}
static Value recurrence(Build &e, Value a, Value b, IntegerAttr axis, bool exclusive, bool reverse) {
  return LinearRecurrenceOp::create(e.b, e.loc, a, b, axis, exclusive ? e.b.getUnitAttr() : UnitAttr(),
                                    reverse ? e.b.getUnitAttr() : UnitAttr());
}
/// The adjoint of b in y[i] = a[i] y[i - 1] + b[i]: l[i] = ct[i] + a[i + 1] l[i + 1], without ct[i] and with ct[i + 1]
/// in its place if what has the cotangent is y[i - 1]. With u[i] = a[i] l[i] = a[i] u[i + 1] + a[i] ct[i] nothing is
/// shifted: l[i] = ct[i] + u[i + 1], and u[i + 1] is what an exclusive recurrence from the end has at i.
static Value adjoint(Build &e, Value a, Value ct, IntegerAttr axis, bool exclusive, bool reverse) {
  if (exclusive)
    return recurrence(e, a, ct, axis, true, !reverse);
  return e.add(ct, recurrence(e, a, e.mul(a, ct), axis, true, !reverse));
}
LogicalResult LinearRecurrenceOp::vjp(Build &e, ArrayRef<Value> ct, const BitVector &wanted,
                                      MutableArrayRef<Value> result) {
  if (!ct[0])
    return success();
  Value l = adjoint(e, getA(), ct[0], getAxisAttr(), getExclusive(), getReverse());
  if (wanted[0])
    result[0] = e.mul(l, recurrence(e, getA(), getB(), getAxisAttr(), true, getReverse()));
  if (wanted[1])
    result[1] = l;
  return success();
}
LogicalResult LinearRecurrenceOp::jvp(Build &e, ArrayRef<Value> t, MutableArrayRef<Value> result) {
  Value change = t[1];
  if (t[0])
    change = e.add(change, e.mul(t[0], recurrence(e, getA(), getB(), getAxisAttr(), true, getReverse())));
  if (change)
    result[0] = recurrence(e, getA(), change, getAxisAttr(), getExclusive(), getReverse());
  return success();
}

/// y[i] = x[i] y[i - 1] is a recurrence whose factors are the elements: the adjoint of x[i] is that of what is added at
/// i, times y[i - 1].
LogicalResult CumprodOp::vjp(Build &e, ArrayRef<Value> ct, const BitVector &wanted, MutableArrayRef<Value> result) {
  if (ct[0] && wanted[0])
    result[0] = e.mul(adjoint(e, getX(), ct[0], getAxisAttr(), getExclusive(), getReverse()),
                      cumulative<CumprodOp>(e, getX(), getAxisAttr(), true, getReverse()));
  return success();
}
LogicalResult CumprodOp::jvp(Build &e, ArrayRef<Value> t, MutableArrayRef<Value> result) {
  if (t[0])
    result[0] = recurrence(e, getX(), e.mul(t[0], cumulative<CumprodOp>(e, getX(), getAxisAttr(), true, getReverse())),
                           getAxisAttr(), getExclusive(), getReverse());
  return success();
}

/// Where an element becomes the extreme: it is the first of its axis, or not within what was reached before it. A NaN
/// is never within, and everything is within a NaN.
template <class Op> static Value reached(Build &e, Op op, StringRef within) {
  auto type = typeOf(op.getX());
  Value before = cumulative<Op>(e, op.getX(), op.getAxisAttr(), true, op.getReverse());
  Value ones = e.full(1, RankedTensorType::get(type.getShape(), e.b.getI32Type(), type.getEncoding()));
  Value place = cumulative<CumsumOp>(e, ones, op.getAxisAttr(), false, op.getReverse());
  Value no = e.compare("EQ", ones, e.zeros(ones)), yes = e.compare("EQ", ones, ones);
  Value stays = e.select(e.compare(within, op.getX(), before), yes, e.compare("NE", before, before));
  return e.select(e.compare("EQ", place, ones), yes, e.select(stays, no, yes));
}
/// What an element has from when it is reached to when another one is: a recurrence that is stopped by factors of 0.
template <class Op> static void vjpExtreme(Build &e, Op op, StringRef within, Value ct, bool wanted, Value &result) {
  if (!ct || !wanted)
    return;
  Value is = reached(e, op, within), keeps = e.select(is, e.zeros(ct), e.full(1, ct));
  Value all = adjoint(e, keeps, ct, op.getAxisAttr(), op.getExclusive(), op.getReverse());
  result = e.select(is, all, e.zeros(ct));
}
template <class Op> static void jvpExtreme(Build &e, Op op, StringRef within, Value t, Value &result) {
  if (!t)
    return;
  Value is = reached(e, op, within), keeps = e.select(is, e.zeros(t), e.full(1, t));
  result = recurrence(e, keeps, e.select(is, t, e.zeros(t)), op.getAxisAttr(), op.getExclusive(), op.getReverse());
}
#define WEFT_EXTREME(Op, within)                                                                                       \
  LogicalResult Op::vjp(Build &e, ArrayRef<Value> ct, const BitVector &wanted, MutableArrayRef<Value> result) {        \
    vjpExtreme(e, *this, within, ct[0], wanted[0], result[0]);                                                         \
    return success();                                                                                                  \
  }                                                                                                                    \
  LogicalResult Op::jvp(Build &e, ArrayRef<Value> t, MutableArrayRef<Value> result) {                                  \
    jvpExtreme(e, *this, within, t[0], result[0]);                                                                     \
    return success();                                                                                                  \
  }
WEFT_EXTREME(CummaxOp, "LE")
WEFT_EXTREME(CumminOp, "GE")
#undef WEFT_EXTREME
