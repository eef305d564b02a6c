// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Rules of reductions. The six that combine values share one implementation, the two that find a place share another.
#include "dialects/weft/rules/Checks.h"
#include "dialects/weft/rules/Combining.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/TypeUtilities.h"
#include <limits>

using namespace mlir;
using namespace weft::ir;
using namespace weft::ir::combining;

//===- shape --------------------------------------------------------------------------------------------------------===//

static LogicalResult inferReduce(StringRef op, std::optional<Location> location, Value operand, DenseI64ArrayAttr axes,
                                 SmallVectorImpl<Type> &types) {
  auto x = tensorOperand(op, location, operand);
  if (!x)
    return failure();
  types.push_back(getTensorType(without(getDims(x), axes.asArrayRef()), x.getElementType()));
  return success();
}
static LogicalResult inferArgReduce(StringRef op, std::optional<Location> location, Value operand, IntegerAttr axis,
                                    SmallVectorImpl<Type> &types) {
  auto x = tensorOperand(op, location, operand);
  if (!x)
    return failure();
  if (Dim dim = getDims(x)[axis.getInt()]; !alwaysAtLeast(dim, 1))
    return emitOptionalError(location, op, ": axis ", axis.getInt(), " of ", str(x),
                             " can have no element, and then there is no index to give");
  types.push_back(getTensorType(without(getDims(x), {axis.getInt()}), IntegerType::get(x.getContext(), 32)));
  return success();
}

//===- what differs among the six -----------------------------------------------------------------------------------===//

namespace {
struct And {
  static double start() { return 1; }
  static int64_t start(unsigned) { return 1; }
  static double of(double a, double b) { return a * b; }
  static int64_t of(int64_t a, int64_t b) { return a & b; }
  static Value code(scalar::Code c, Value a, Value b) { return c.andi(a, b); }
};
struct Or {
  static double start() { return 0; }
  static int64_t start(unsigned) { return 0; }
  static double of(double a, double b) { return a + b; }
  static int64_t of(int64_t a, int64_t b) { return a | b; }
  static Value code(scalar::Code c, Value a, Value b) { return c.ori(a, b); }
};
} // namespace

template <class Kind> static LogicalResult evaluateReduce(const HostArray &x, ArrayRef<int64_t> axes, HostArray &y) {
  std::fill(y.f.begin(), y.f.end(), Kind::start());
  std::fill(y.i.begin(), y.i.end(), y.isFloat() ? 0 : Kind::start(y.element.getIntOrFloatBitWidth()));
  // The strides by which an element of x finds its place in the result: 0 along the dimensions that are reduced.
  std::vector<int64_t> strides(x.rank(), 0), kept = y.strides();
  for (int64_t d = 0, k = 0; d < x.rank(); ++d)
    if (!llvm::is_contained(axes, d))
      strides[d] = kept[k++];
  forEachIndex(x.shape, [&](ArrayRef<int64_t> at, int64_t n) {
    int64_t to = linear(at, strides);
    if (y.isFloat())
      y.f[to] = Kind::of(y.f[to], x.f[n]);
    else
      y.i[to] = Kind::of(y.i[to], x.i[n]);
  });
  return success();
}
#define WEFT_REDUCE(Op, Kind, name)                                                                                    \
  LogicalResult Op::inferReturnTypes(MLIRContext *, std::optional<Location> location, ValueRange operands,             \
                                     DictionaryAttr attributes, OpaqueProperties properties, RegionRange regions,      \
                                     SmallVectorImpl<Type> &types) {                                                   \
    if (failed(checkAttributes<Op>(location, operands, attributes, properties)))                                       \
      return failure();                                                                                                \
    Adaptor op(operands, attributes, properties, regions);                                                             \
    return inferReduce(name, location, operands[0], given(op.getAxesAttr(), attributes, "axes"), types);               \
  }                                                                                                                    \
  LogicalResult Op::evaluate(ArrayRef<const HostArray *> x, MutableArrayRef<HostArray> results) {                      \
    return evaluateReduce<Kind>(*x[0], getAxes(), results[0]);                                                         \
  }                                                                                                                    \
  SmallVector<int64_t> Op::getReducedDims() { return llvm::to_vector(getAxes()); }
WEFT_REDUCE(ReduceSumOp, Sum, "reduce_sum")
WEFT_REDUCE(ReduceProdOp, Prod, "reduce_prod")
WEFT_REDUCE(ReduceMaxOp, Max, "reduce_max")
WEFT_REDUCE(ReduceMinOp, Min, "reduce_min")
WEFT_REDUCE(ReduceAndOp, And, "reduce_and")
WEFT_REDUCE(ReduceOrOp, Or, "reduce_or")
#undef WEFT_REDUCE

#define WEFT_COMBINE(Op, Kind)                                                                                         \
  SmallVector<Value> Op::emitIdentity(ElementEmitter &e) { return identity<Kind>(e, getX()); }                         \
  SmallVector<Value> Op::emitCombine(ElementEmitter &e, ValueRange a, ValueRange b) {                                  \
    return {Kind::code(scalar::Code{e}, a[0], b[0])};                                                                  \
  }
WEFT_COMBINE(ReduceSumOp, Sum)
WEFT_COMBINE(ReduceProdOp, Prod)
WEFT_COMBINE(ReduceMaxOp, Max)
WEFT_COMBINE(ReduceMinOp, Min)
WEFT_COMBINE(ReduceAndOp, And)
WEFT_COMBINE(ReduceOrOp, Or)
#undef WEFT_COMBINE
Extreme ReduceMaxOp::getExtreme() { return Extreme::largest; }
Extreme ReduceMinOp::getExtreme() { return Extreme::smallest; }

OpFoldResult ReduceSumOp::fold(FoldAdaptor) { return getAxes().empty() ? OpFoldResult(getX()) : OpFoldResult(); }

//===- derivatives --------------------------------------------------------------------------------------------------===//

LogicalResult ReduceSumOp::vjp(Build &e, ArrayRef<Value> ct, const BitVector &wanted, MutableArrayRef<Value> result) {
  if (ct[0] && wanted[0])
    result[0] = e.expandLike(ct[0], getAxes(), typeOf(getX()));
  return success();
}
LogicalResult ReduceSumOp::jvp(Build &e, ArrayRef<Value> t, MutableArrayRef<Value> result) {
  if (t[0])
    result[0] = e.sum(t[0], getAxes());
  return success();
}

/// Which elements reach the extreme, and how many of them there are: each gets an equal share, so that the order of
/// elements means nothing. Counted, and all else computed, in f32 at least: bf16 cannot count beyond 256, and f16 has
/// no number above 65504. Where none does, for there is no element or a NaN, the count is 1 and nobody takes a share.
static std::pair<Value, Value> reaching(Build &e, ArrayRef<int64_t> axes) {
  Value reach = e.compare("EQ", e.x(), e.expandLike(e.y(), axes, typeOf(e.x())));
  Value count = e.sum(e.cast(reach, ElementEmitter::computeType(elementOf(e.x()))), axes);
  return {reach, e.maximum(count, e.full(1, count))};
}
/// Numbers of the operand's type among as many; both in the type that counts.
static Value shareOf(Build &e, Value v, Value count) {
  return e.cast(e.div(e.cast(v, elementOf(count)), count), elementOf(v));
}
static void vjpExtreme(Build &e, ArrayRef<int64_t> axes, Value ct, bool wanted, Value &result) {
  if (!ct || !wanted)
    return;
  auto [reach, count] = reaching(e, axes);
  result = e.select(reach, e.expandLike(shareOf(e, ct, count), axes, typeOf(e.x())), e.zeros(e.x()));
}
static void jvpExtreme(Build &e, ArrayRef<int64_t> axes, Value t, Value &result) {
  if (!t)
    return;
  auto [reach, count] = reaching(e, axes);
  // The sum may be beyond the narrow type where the mean is not.
  Value sum = e.sum(e.cast(e.select(reach, t, e.zeros(e.x())), elementOf(count)), axes);
  result = e.cast(e.div(sum, count), elementOf(t));
}
#define WEFT_EXTREME(Op)                                                                                               \
  LogicalResult Op::vjp(Build &e, ArrayRef<Value> ct, const BitVector &wanted, MutableArrayRef<Value> result) {        \
    vjpExtreme(e, getAxes(), ct[0], wanted[0], result[0]);                                                             \
    return success();                                                                                                  \
  }                                                                                                                    \
  LogicalResult Op::jvp(Build &e, ArrayRef<Value> t, MutableArrayRef<Value> result) {                                  \
    jvpExtreme(e, getAxes(), t[0], result[0]);                                                                         \
    return success();                                                                                                  \
  }
WEFT_EXTREME(ReduceMaxOp)
WEFT_EXTREME(ReduceMinOp)
#undef WEFT_EXTREME

/// The product of all elements but each one along an axis: those in front times those behind, so a zero is no special
/// case.
static Value productOfOthers(Build &e, Value x, int64_t axis) {
  IntegerAttr at = e.b.getI64IntegerAttr(axis);
  UnitAttr yes = e.b.getUnitAttr();
  return e.mul(CumprodOp::create(e.b, e.loc, x, at, yes, UnitAttr()), CumprodOp::create(e.b, e.loc, x, at, yes, yes));
}
/// The partial by each element of a product over several axes, one axis after the other: from the last axis on,
/// `inner` is what is left to multiply.
static Value partialOfProduct(Build &e, ArrayRef<int64_t> axes) {
  SmallVector<int64_t> sorted(axes);
  llvm::sort(sorted);
  Value inner = e.x(), partial = e.full(1, e.x());
  SmallVector<int64_t> gone;
  for (int64_t axis : llvm::reverse(sorted)) {
    Value others = productOfOthers(e, inner, axis);
    partial = e.mul(partial, gone.empty() ? others : e.expandLike(others, gone, typeOf(e.x())));
    inner = ReduceProdOp::create(e.b, e.loc, inner, e.b.getDenseI64ArrayAttr({axis}));
    gone.insert(gone.begin(), axis);
  }
  return partial;
}
LogicalResult ReduceProdOp::vjp(Build &e, ArrayRef<Value> ct, const BitVector &wanted, MutableArrayRef<Value> result) {
  if (ct[0] && wanted[0])
    result[0] = e.mul(e.expandLike(ct[0], getAxes(), typeOf(e.x())), partialOfProduct(e, getAxes()));
  return success();
}
LogicalResult ReduceProdOp::jvp(Build &e, ArrayRef<Value> t, MutableArrayRef<Value> result) {
  if (t[0])
    result[0] = e.sum(e.mul(t[0], partialOfProduct(e, getAxes())), getAxes());
  return success();
}

//===- argmax and argmin --------------------------------------------------------------------------------------------===//

template <bool largest> static LogicalResult evaluateArg(const HostArray &x, int64_t axis, HostArray &y) {
  std::vector<int64_t> strides = x.strides();
  SmallVector<int64_t> outer(ArrayRef<int64_t>(x.shape)), from(ArrayRef<int64_t>(strides.data(), strides.size()));
  outer.erase(outer.begin() + axis);
  from.erase(from.begin() + axis);
  auto find = [&](const auto &values, int64_t start) {
    int64_t best = 0;
    auto at = [&](int64_t i) { return values[start + i * strides[axis]]; };
    for (int64_t i = 1; i < x.shape[axis]; ++i) {
      auto b = at(best), v = at(i);
      bool better = largest ? v > b : v < b;
      if (b == b && (better || v != v)) // once the best is a NaN it stays: the first NaN wins
        best = i;
    }
    return best;
  };
  forEachIndex(outer, [&](ArrayRef<int64_t> at, int64_t n) {
    int64_t start = linear(at, from);
    y.i[n] = x.isFloat() ? find(x.f, start) : find(x.i, start);
  });
  return success();
}

/// The accumulator is (value, index). Before the first element it holds the worst value and index 0: if no element is
/// better than the worst value, all are equal to it, and the first of them is the result.
template <class Kind> static SmallVector<Value> argIdentity(ElementEmitter &e, Value x) {
  SmallVector<Value> accumulator = identity<Kind>(e, x);
  accumulator.push_back(e.constantInt(e.b.getI32Type(), 0));
  return accumulator;
}
static SmallVector<Value> argLift(ElementEmitter &e, Value element, Value at) {
  if (isa<IndexType>(getElementTypeOrSelf(at.getType())))
    at = toInteger(e, at, e.b.getI32Type());
  return {element, isa<VectorType>(element.getType()) && !isa<VectorType>(at.getType()) ? e.splat(at) : at};
}
/// The accumulator with an element behind all that it holds: that wins if it is better, for of equals the first stays;
/// and so does the first NaN.
template <bool largest> static SmallVector<Value> argAccumulate(ElementEmitter &e, ValueRange a, ValueRange b) {
  Value better;
  if (isa<FloatType>(getElementTypeOrSelf(a[0].getType()))) {
    Value betterOrNan =
        arith::CmpFOp::create(e.b, e.loc, largest ? arith::CmpFPredicate::UGT : arith::CmpFPredicate::ULT, b[0], a[0]);
    Value noNanYet = arith::CmpFOp::create(e.b, e.loc, arith::CmpFPredicate::ORD, a[0], a[0]);
    better = arith::AndIOp::create(e.b, e.loc, betterOrNan, noNanYet);
  } else {
    better =
        arith::CmpIOp::create(e.b, e.loc, largest ? arith::CmpIPredicate::sgt : arith::CmpIPredicate::slt, b[0], a[0]);
  }
  return {arith::SelectOp::create(e.b, e.loc, better, b[0], a[0]),
          arith::SelectOp::create(e.b, e.loc, better, b[1], a[1])};
}
/// The better of two accumulators, by a total order: a NaN, then the better value, then the lower index. So elements
/// may be combined in any order.
template <bool largest> static SmallVector<Value> argCombine(ElementEmitter &e, ValueRange a, ValueRange b) {
  auto float_ = [&](arith::CmpFPredicate p, Value x, Value y) {
    return Value(arith::CmpFOp::create(e.b, e.loc, p, x, y));
  };
  auto int_ = [&](arith::CmpIPredicate p, Value x, Value y) {
    return Value(arith::CmpIOp::create(e.b, e.loc, p, x, y));
  };
  scalar::Code c{e};
  Value better, ties;
  if (isa<FloatType>(getElementTypeOrSelf(a[0].getType()))) {
    Value nanA = float_(arith::CmpFPredicate::UNO, a[0], a[0]), nanB = float_(arith::CmpFPredicate::UNO, b[0], b[0]);
    Value more = float_(largest ? arith::CmpFPredicate::OGT : arith::CmpFPredicate::OLT, a[0], b[0]);
    better = c.ori(more, c.andi(nanA, c.noti(nanB)));
    ties = c.ori(float_(arith::CmpFPredicate::OEQ, a[0], b[0]), c.andi(nanA, nanB));
  } else {
    better = int_(largest ? arith::CmpIPredicate::sgt : arith::CmpIPredicate::slt, a[0], b[0]);
    ties = int_(arith::CmpIPredicate::eq, a[0], b[0]);
  }
  Value takeA = c.ori(better, c.andi(ties, int_(arith::CmpIPredicate::slt, a[1], b[1])));
  return {arith::SelectOp::create(e.b, e.loc, takeA, a[0], b[0]),
          arith::SelectOp::create(e.b, e.loc, takeA, a[1], b[1])};
}

#define WEFT_ARG_REDUCE(Op, largest, Kind, name)                                                                       \
  LogicalResult Op::inferReturnTypes(MLIRContext *, std::optional<Location> location, ValueRange operands,             \
                                     DictionaryAttr attributes, OpaqueProperties properties, RegionRange regions,      \
                                     SmallVectorImpl<Type> &types) {                                                   \
    if (failed(checkAttributes<Op>(location, operands, attributes, properties)))                                       \
      return failure();                                                                                                \
    Adaptor op(operands, attributes, properties, regions);                                                             \
    return inferArgReduce(name, location, operands[0], given(op.getAxisAttr(), attributes, "axis"), types);            \
  }                                                                                                                    \
  LogicalResult Op::evaluate(ArrayRef<const HostArray *> x, MutableArrayRef<HostArray> results) {                      \
    return evaluateArg<largest>(*x[0], getAxis(), results[0]);                                                         \
  }                                                                                                                    \
  SmallVector<int64_t> Op::getReducedDims() { return {int64_t(getAxis())}; }                                           \
  bool Op::findsPlace() { return true; }                                                                               \
  SmallVector<Value> Op::emitIdentity(ElementEmitter &e) { return argIdentity<Kind>(e, getX()); }                      \
  SmallVector<Value> Op::emitLift(ElementEmitter &e, Value element, Value at) { return argLift(e, element, at); }      \
  SmallVector<Value> Op::emitAccumulate(ElementEmitter &e, ValueRange a, ValueRange b) {                               \
    return argAccumulate<largest>(e, a, b);                                                                            \
  }                                                                                                                    \
  SmallVector<Value> Op::emitCombine(ElementEmitter &e, ValueRange a, ValueRange b) {                                  \
    return argCombine<largest>(e, a, b);                                                                               \
  }
WEFT_ARG_REDUCE(ArgmaxOp, true, Max, "argmax")
WEFT_ARG_REDUCE(ArgminOp, false, Min, "argmin")
#undef WEFT_ARG_REDUCE
