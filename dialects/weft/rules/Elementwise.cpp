// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Rules of the elementwise family: the shared ones that records call, and those of the ops with mixed types.
#include "dialects/weft/Weft.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace weft::ir;

LogicalResult weft::ir::inferElementwise(StringRef op, std::optional<Location> location, ValueRange operands,
                                         SmallVectorImpl<Type> &types) {
  auto first = dyn_cast<RankedTensorType>(operands[0].getType());
  if (!first)
    return emitOptionalError(location, op, ": expected a ranked tensor, got ", operands[0].getType());
  for (Value other : operands.drop_front()) {
    auto type = dyn_cast<RankedTensorType>(other.getType());
    if (type && type.getElementType() != first.getElementType())
      return emitOptionalError(location, op, ": element types differ: lhs ", str(first), " and rhs ", str(type),
                               "; write cast(x, dtype) on one side");
    if (type != first)
      return emitOptionalError(location, op, ": shapes differ: lhs ", str(first), " and rhs ", str(other.getType()),
                               "; sizes must be equal, or 1 where one side is to be repeated");
  }
  types.push_back(first);
  return success();
}

LogicalResult weft::ir::evaluateElementwise(Operation *op, ArrayRef<const HostArray *> operands, HostArray &result,
                                            double (*onFloats)(const double *), int64_t (*onInts)(const int64_t *)) {
  bool divides = isa<DivOp, RemOp>(op);
  for (int64_t at = 0, n = result.size(); at < n; ++at) {
    if (result.isFloat()) {
      double x[2] = {operands[0]->f[at], operands.size() > 1 ? operands[1]->f[at] : 0};
      result.f[at] = onFloats(x);
    } else {
      int64_t x[2] = {operands[0]->i[at], operands.size() > 1 ? operands[1]->i[at] : 0};
      if (divides && x[1] == 0)
        return op->emitOpError("integer division by zero at element ") << at;
      result.i[at] = onInts(x);
    }
  }
  return success();
}

/// Of integers, unless the divisor is a number that is not zero.
static std::optional<RuntimeCheck> checkOfDivisor(Value divisor) {
  if (!elementOf(divisor).isInteger())
    return std::nullopt;
  Value from = divisor;
  while (auto repeated = from.getDefiningOp<BroadcastOp>())
    from = repeated.getX();
  DenseElementsAttr known;
  if (matchPattern(from, m_Constant(&known)) &&
      llvm::none_of(known.getValues<APInt>(), [](const APInt &v) { return v.isZero(); }))
    return std::nullopt;
  return RuntimeCheck{divisor, RuntimeError::divisionByZero};
}
std::optional<RuntimeCheck> DivOp::getCheck() { return checkOfDivisor(getRhs()); }
std::optional<RuntimeCheck> RemOp::getCheck() { return checkOfDivisor(getRhs()); }

LogicalResult weft::ir::vjpByPartials(Build &e, Value cotangent, const BitVector &wanted, MutableArrayRef<Value> result,
                                      llvm::function_ref<Value(unsigned)> partial) {
  for (unsigned i = 0; i < result.size(); ++i)
    if (wanted[i] && cotangent)
      if (Value p = partial(i))
        result[i] = e.mul(cotangent, p);
  return success();
}
LogicalResult weft::ir::jvpByPartials(Build &e, ArrayRef<Value> tangents, Value &result,
                                      llvm::function_ref<Value(unsigned)> partial) {
  for (unsigned i = 0; i < tangents.size(); ++i)
    if (tangents[i])
      if (Value p = partial(i))
        result = e.add(result, e.mul(tangents[i], p));
  return success();
}

//===- logistic -----------------------------------------------------------------------------------------------------===//

Value weft::ir::emitLogistic(ElementEmitter &e, Value x) {
  scalar::Code c{e};
  OpBuilder &b = e.b;
  auto fma = [&](Value x, Value y, Value z) -> Value { return math::FmaOp::create(b, e.loc, x, y, z); };
  Value one = c.constant(1, x), t = math::ExpOp::create(b, e.loc, c.neg(c.abs(x)));
  Value left = arith::CmpFOp::create(b, e.loc, arith::CmpFPredicate::OLT, x, c.constant(0, x));
  auto either = [&](Value l, Value r) -> Value { return arith::SelectOp::create(b, e.loc, left, l, r); };
  Value n = either(t, one), d = c.add(one, t), y = c.div(n, d);
  // What the sum and the quotient lost, over d: so the exponential's error and one rounding are left, and x times this
  // is within 2 ulp.
  Value lost = c.sub(t, c.sub(d, one)), rest = fma(c.neg(y), lost, fma(c.neg(y), d, n));
  return fma(rest, either(c.sub(one, y), y), y);
}

//===- erf_inv ------------------------------------------------------------------------------------------------------===//

// Giles' single precision polynomials in w = -log((1 - x)(1 + x)): around the centre (w < 5) and in the tails.
static constexpr double centre[] = {2.81022636e-08, 3.43273939e-07, -3.5233877e-06, -4.39150654e-06, 0.00021858087,
                                    -0.00125372503, -0.00417768164, 0.246640727,    1.50140941};
static constexpr double tail[] = {-0.000200214257, 0.000100950558, 0.00134934322, -0.00367342844, 0.00573950773,
                                  -0.0076224613,   0.00943887047,  1.00167406,    2.83297682};

double weft::ir::erfInv(double x) {
  if (!(std::abs(x) < 1))
    return std::abs(x) == 1 ? x * std::numeric_limits<double>::infinity() : std::nan("");
  double w = -std::log((1 - x) * (1 + x));
  bool inner = w < 5;
  w = inner ? w - 2.5 : std::sqrt(w) - 3;
  double p = 0;
  for (int i = 0; i < 9; ++i)
    p = p * w + (inner ? centre[i] : tail[i]);
  double y = p * x;
  // Newton on erf loses digits near the ends, where erfc keeps them.
  for (int step = 0; step < 3; ++step) {
    double error = std::abs(x) < 0.5 ? std::erf(y) - x : (x > 0 ? (1 - x) - std::erfc(y) : std::erfc(-y) - (1 + x));
    y -= error / (1.1283791670955126 * std::exp(-y * y));
  }
  return y;
}

Value weft::ir::emitErfInv(ElementEmitter &e, Value x) {
  scalar::Code c{e};
  auto k = [&](double v) { return c.constant(v, x); };
  OpBuilder &b = e.b;
  // (1 - x)(1 + x), not 1 - x * x: near the ends the square has lost the digits that count.
  Value w = c.neg(math::LogOp::create(b, e.loc, c.mul(c.sub(k(1), x), c.add(k(1), x))));
  Value inner = arith::CmpFOp::create(b, e.loc, arith::CmpFPredicate::OLT, w, k(5));
  Value v = arith::SelectOp::create(b, e.loc, inner, c.sub(w, k(2.5)), c.sub(math::SqrtOp::create(b, e.loc, w), k(3)));
  Value p = arith::SelectOp::create(b, e.loc, inner, k(centre[0]), k(tail[0]));
  for (int i = 1; i < 9; ++i)
    p = math::FmaOp::create(b, e.loc, p, v, arith::SelectOp::create(b, e.loc, inner, k(centre[i]), k(tail[i])));
  Value y = c.mul(p, x);
  int steps = getElementTypeOrSelf(x.getType()).isF64() ? 3 : 0;
  for (int step = 0; step < steps; ++step) {
    // erf(y) - x; where |x| >= 1/2 as (1 - |x|) - erfc(|y|) with the sign of x.
    Value ax = c.abs(x), ay = c.abs(y);
    Value near = c.sub(math::ErfOp::create(b, e.loc, y), x);
    Value far =
        c.mul(c.sub(c.sub(k(1), ax), math::ErfcOp::create(b, e.loc, ay)), math::CopySignOp::create(b, e.loc, k(1), x));
    Value error = arith::SelectOp::create(
        b, e.loc, arith::CmpFOp::create(b, e.loc, arith::CmpFPredicate::OLT, ax, k(0.5)), near, far);
    y = c.sub(y, c.div(error, c.mul(k(1.1283791670955126), math::ExpOp::create(b, e.loc, c.neg(c.mul(y, y))))));
  }
  // At the ends the polynomial is inf - inf, and the steps divide zero by zero.
  Value infinite = math::CopySignOp::create(b, e.loc, k(std::numeric_limits<double>::infinity()), x);
  return arith::SelectOp::create(b, e.loc, arith::CmpFOp::create(b, e.loc, arith::CmpFPredicate::OEQ, c.abs(x), k(1)),
                                 infinite, y);
}

//===- compare ------------------------------------------------------------------------------------------------------===//

LogicalResult CompareOp::inferReturnTypes(MLIRContext *context, std::optional<Location> location, ValueRange operands,
                                          DictionaryAttr, OpaqueProperties, RegionRange, SmallVectorImpl<Type> &types) {
  SmallVector<Type> one;
  if (failed(inferElementwise("compare", location, operands, one)))
    return failure();
  types.push_back(withElement(cast<RankedTensorType>(one[0]), IntegerType::get(context, 1)));
  return success();
}
template <class T> static bool holds(Direction d, T a, T b) {
  switch (d) {
  case Direction::EQ: return a == b;
  case Direction::NE: return a != b;
  case Direction::LT: return a < b;
  case Direction::LE: return a <= b;
  case Direction::GT: return a > b;
  case Direction::GE: return a >= b;
  }
  return false;
}
LogicalResult CompareOp::evaluate(ArrayRef<const HostArray *> x, MutableArrayRef<HostArray> results) {
  for (int64_t at = 0, n = results[0].size(); at < n; ++at)
    results[0].i[at] = x[0]->isFloat() ? holds(getDirection(), x[0]->f[at], x[1]->f[at])
                                       : holds(getDirection(), x[0]->i[at], x[1]->i[at]);
  return success();
}
Value CompareOp::emitElement(ElementEmitter &e, ArrayRef<Coord> at) {
  Value a = e.element(getLhs(), at), b = e.element(getRhs(), at);
  Type type = getElementTypeOrSelf(a.getType());
  unsigned d = unsigned(getDirection());
  if (isa<FloatType>(type)) {
    using P = arith::CmpFPredicate;
    constexpr P predicates[] = {P::OEQ, P::UNE, P::OLT, P::OLE, P::OGT, P::OGE};
    return arith::CmpFOp::create(e.b, e.loc, predicates[d], a, b);
  }
  using P = arith::CmpIPredicate;
  constexpr P onSigned[] = {P::eq, P::ne, P::slt, P::sle, P::sgt, P::sge},
              onBool[] = {P::eq, P::ne, P::ult, P::ule, P::ugt, P::uge};
  return arith::CmpIOp::create(e.b, e.loc, (type.isInteger(1) ? onBool : onSigned)[d], a, b);
}

//===- select -------------------------------------------------------------------------------------------------------===//

LogicalResult SelectOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, ValueRange operands,
                                         DictionaryAttr, OpaqueProperties, RegionRange, SmallVectorImpl<Type> &types) {
  auto p = dyn_cast<RankedTensorType>(operands[0].getType());
  if (!p || !p.getElementType().isInteger(1))
    return emitOptionalError(location, "select: the predicate must be i1, got ", str(operands[0].getType()),
                             "; write a comparison");
  if (failed(inferElementwise("select", location, operands.drop_front(), types)))
    return failure();
  if (getDims(p) != getDims(operands[1]))
    return emitOptionalError(location, "select: shapes differ: predicate ", str(p), " and values ",
                             str(operands[1].getType()));
  return success();
}
LogicalResult SelectOp::evaluate(ArrayRef<const HostArray *> x, MutableArrayRef<HostArray> results) {
  for (int64_t at = 0, n = results[0].size(); at < n; ++at)
    results[0].set(at, *x[x[0]->i[at] ? 1 : 2], at);
  return success();
}
Value SelectOp::emitElement(ElementEmitter &e, ArrayRef<Coord> at) {
  Value p = e.element(getPredicate(), at), a = e.element(getOnTrue(), at), b = e.element(getOnFalse(), at);
  return arith::SelectOp::create(e.b, e.loc, p, a, b);
}
LogicalResult SelectOp::vjp(Build &e, ArrayRef<Value> ct, const BitVector &wanted, MutableArrayRef<Value> result) {
  Value zero = e.zeros(getResult());
  if (wanted[1])
    result[1] = e.select(getPredicate(), ct[0], zero);
  if (wanted[2])
    result[2] = e.select(getPredicate(), zero, ct[0]);
  return success();
}
LogicalResult SelectOp::jvp(Build &e, ArrayRef<Value> t, MutableArrayRef<Value> result) {
  if (t[1] || t[2])
    result[0] = e.select(getPredicate(), t[1] ? t[1] : e.zeros(getResult()), t[2] ? t[2] : e.zeros(getResult()));
  return success();
}

//===- cast ---------------------------------------------------------------------------------------------------------===//

LogicalResult CastOp::verify() {
  if (getDims(getX()) != getDims(getResult()))
    return emitOpError("changes the shape: ") << str(getX().getType()) << " to " << str(getResult().getType());
  if (isComplex(getX().getType()) && !isComplex(getType()))
    return emitOpError("drops the imaginary part of ") << str(getX().getType()) << "; write real(x) or abs(x)";
  return success();
}
OpFoldResult CastOp::fold(FoldAdaptor) { return getX().getType() == getType() ? OpFoldResult(getX()) : OpFoldResult(); }

/// Truncation toward zero into `bits`, saturating; NaN is 0.
static int64_t saturate(double v, unsigned bits) {
  if (v != v)
    return 0;
  double low = -std::ldexp(1.0, bits - 1), high = std::ldexp(1.0, bits - 1);
  if (v <= low)
    return bits == 64 ? std::numeric_limits<int64_t>::min() : int64_t(low);
  if (v >= high)
    return bits == 64 ? std::numeric_limits<int64_t>::max() : int64_t(high) - 1;
  return int64_t(v);
}
LogicalResult CastOp::evaluate(ArrayRef<const HostArray *> x, MutableArrayRef<HostArray> results) {
  HostArray &y = results[0];
  unsigned bits = y.isFloat() ? 0 : y.element.getIntOrFloatBitWidth();
  for (int64_t at = 0, n = y.size(); at < n; ++at) {
    if (y.isFloat() && !y.element.isF64()) // compiled code goes by f32, to which it rounds once
      y.f[at] = x[0]->isFloat() ? float(x[0]->f[at]) : float(x[0]->i[at]);
    else if (y.isFloat())
      y.f[at] = x[0]->isFloat() ? x[0]->f[at] : double(x[0]->i[at]);
    else if (bits == 1)
      y.i[at] = x[0]->isFloat() ? x[0]->f[at] != 0 : x[0]->i[at] != 0;
    else
      y.i[at] = x[0]->isFloat() ? saturate(x[0]->f[at], bits) : x[0]->i[at]; // narrowing wraps: round() does it
  }
  return success();
}
Value CastOp::emitElement(ElementEmitter &e, ArrayRef<Coord> at) {
  Value v = e.element(getX(), at);
  Type from = getElementTypeOrSelf(v.getType()), toStorage = elementOf(getResult()),
       to = ElementEmitter::computeType(toStorage);
  OpBuilder &b = e.b;
  Type type = e.laned(to);
  scalar::Code c{e};
  if (isa<FloatType>(to)) {
    if (!isa<FloatType>(from))
      v = from.isInteger(1) ? Value(arith::UIToFPOp::create(b, e.loc, type, v))
                            : Value(arith::SIToFPOp::create(b, e.loc, type, v));
    else if (from.getIntOrFloatBitWidth() < to.getIntOrFloatBitWidth())
      v = arith::ExtFOp::create(b, e.loc, type, v);
    else if (from.getIntOrFloatBitWidth() > to.getIntOrFloatBitWidth())
      v = arith::TruncFOp::create(b, e.loc, type, v);
    // A cast to a storage type is the user's wish to round: within a fused group too.
    if (toStorage != to)
      v = arith::ExtFOp::create(b, e.loc, type, Value(arith::TruncFOp::create(b, e.loc, e.laned(toStorage), v)));
    return v;
  }
  unsigned bits = to.getIntOrFloatBitWidth();
  if (isa<FloatType>(from)) {
    if (bits == 1)
      return arith::CmpFOp::create(b, e.loc, arith::CmpFPredicate::UNE, v, c.constant(0, v));
    // fptosi is poison outside its range: convert a safe value, and repair the ends and NaN.
    double low = -std::ldexp(1.0, bits - 1), high = std::ldexp(1.0, bits - 1);
    Value tooBig = arith::CmpFOp::create(b, e.loc, arith::CmpFPredicate::OGE, v, c.constant(high, v));
    Value tooSmall = arith::CmpFOp::create(b, e.loc, arith::CmpFPredicate::OLE, v, c.constant(low, v));
    Value nan = arith::CmpFOp::create(b, e.loc, arith::CmpFPredicate::UNO, v, v);
    Value outside = arith::OrIOp::create(b, e.loc, tooBig, arith::OrIOp::create(b, e.loc, tooSmall, nan));
    Value safe = arith::SelectOp::create(b, e.loc, outside, c.constant(0, v), v);
    Value r = arith::FPToSIOp::create(b, e.loc, type, safe);
    int64_t top = bits == 64 ? std::numeric_limits<int64_t>::max() : (int64_t(1) << (bits - 1)) - 1;
    r = arith::SelectOp::create(b, e.loc, tooBig, e.constantInt(to, top), r);
    return arith::SelectOp::create(b, e.loc, tooSmall, e.constantInt(to, -top - 1), r);
  }
  unsigned width = from.getIntOrFloatBitWidth();
  if (bits == 1 && width > 1)
    return arith::CmpIOp::create(b, e.loc, arith::CmpIPredicate::ne, v, e.constantInt(from, 0));
  if (bits > width)
    return width == 1 ? Value(arith::ExtUIOp::create(b, e.loc, type, v))
                      : Value(arith::ExtSIOp::create(b, e.loc, type, v));
  return bits < width ? Value(arith::TruncIOp::create(b, e.loc, type, v)) : v;
}
LogicalResult CastOp::vjp(Build &e, ArrayRef<Value> ct, const BitVector &wanted, MutableArrayRef<Value> result) {
  if (wanted[0] && ct[0])
    result[0] = e.cast(ct[0], elementOf(getX()));
  return success();
}
LogicalResult CastOp::jvp(Build &e, ArrayRef<Value> t, MutableArrayRef<Value> result) {
  if (t[0] && isa<FloatType>(elementOf(getResult())))
    result[0] = e.cast(t[0], elementOf(getResult()));
  return success();
}

//===- bitcast ------------------------------------------------------------------------------------------------------===//

LogicalResult BitcastOp::verify() {
  if (getDims(getX()) != getDims(getResult()) ||
      elementOf(getX()).getIntOrFloatBitWidth() != elementOf(getResult()).getIntOrFloatBitWidth())
    return emitOpError("needs the same shape and width: ")
           << str(getX().getType()) << " to " << str(getResult().getType());
  return success();
}
LogicalResult BitcastOp::evaluate(ArrayRef<const HostArray *> x, MutableArrayRef<HostArray> results) {
  HostArray &y = results[0];
  auto bitsOf = [](const HostArray &a, int64_t at) {
    if (!a.isFloat())
      return APInt(a.element.getIntOrFloatBitWidth(), uint64_t(a.i[at]), /*isSigned=*/true, /*implicitTrunc=*/true);
    APFloat v(a.f[at]);
    bool lost;
    v.convert(cast<FloatType>(a.element).getFloatSemantics(), APFloat::rmNearestTiesToEven, &lost);
    return v.bitcastToAPInt();
  };
  for (int64_t at = 0, n = y.size(); at < n; ++at) {
    APInt bits = bitsOf(*x[0], at);
    if (!y.isFloat()) {
      y.i[at] = y.element.isInteger(1) ? int64_t(bits.getZExtValue()) : bits.getSExtValue();
      continue;
    }
    APFloat v(cast<FloatType>(y.element).getFloatSemantics(), bits);
    bool lost;
    v.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &lost);
    y.f[at] = v.convertToDouble();
  }
  return success();
}
Value BitcastOp::emitElement(ElementEmitter &e, ArrayRef<Coord> at) {
  Value v = e.element(getX(), at);
  Type from = elementOf(getX()), to = elementOf(getResult());
  // Values travel in the compute type: down to the storage type for its bits, and up again.
  if (ElementEmitter::computeType(from) != from)
    v = arith::TruncFOp::create(e.b, e.loc, e.laned(from), v);
  v = arith::BitcastOp::create(e.b, e.loc, e.laned(to), v);
  if (ElementEmitter::computeType(to) != to)
    v = arith::ExtFOp::create(e.b, e.loc, e.laned(ElementEmitter::computeType(to)), v);
  return v;
}

//===- folds --------------------------------------------------------------------------------------------------------===//

/// The splat value of a constant operand.
static std::optional<double> splat(Attribute attribute) {
  auto dense = dyn_cast_or_null<DenseElementsAttr>(attribute);
  if (!dense || !dense.isSplat())
    return std::nullopt;
  if (!isa<FloatType>(dense.getElementType()))
    return double(dense.getSplatValue<APInt>().getSExtValue());
  APFloat v = dense.getSplatValue<APFloat>();
  bool lost;
  v.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &lost);
  return v.convertToDouble();
}
OpFoldResult AddOp::fold(FoldAdaptor a) {
  // x + 0 is x, except for x = -0: the numeric contract does not keep signed zeros apart.
  return splat(a.getRhs()) == 0.0   ? OpFoldResult(getLhs())
         : splat(a.getLhs()) == 0.0 ? OpFoldResult(getRhs())
                                    : OpFoldResult();
}
OpFoldResult SubOp::fold(FoldAdaptor a) { return splat(a.getRhs()) == 0.0 ? OpFoldResult(getLhs()) : OpFoldResult(); }
OpFoldResult MulOp::fold(FoldAdaptor a) {
  return splat(a.getRhs()) == 1.0   ? OpFoldResult(getLhs())
         : splat(a.getLhs()) == 1.0 ? OpFoldResult(getRhs())
                                    : OpFoldResult();
}
OpFoldResult DivOp::fold(FoldAdaptor a) { return splat(a.getRhs()) == 1.0 ? OpFoldResult(getLhs()) : OpFoldResult(); }
