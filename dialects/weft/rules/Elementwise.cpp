// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Rules of the elementwise family: the shared ones that records call, and those of the ops with mixed types.
#include "dialects/weft/Weft.h"
#include "dialects/weft/rules/Partials.h"
#include "mlir/IR/Matchers.h"
#include <numbers>

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
      int64_t x[3] = {operands[0]->i[at], operands.size() > 1 ? operands[1]->i[at] : 0,
                      result.element.getIntOrFloatBitWidth()};
      if (divides && x[1] == 0)
        return op->emitOpError("integer division by zero at element ") << at;
      result.i[at] = onInts(x);
    }
  }
  return success();
}

/// Of integers, unless the divisor is one number that is not zero. A constant of many numbers is memory to a kernel,
/// which does not know them.
static std::optional<RuntimeCheck> checkOfDivisor(Value divisor) {
  if (!elementOf(divisor).isInteger())
    return std::nullopt;
  Value from = divisor;
  while (auto repeated = from.getDefiningOp<BroadcastOp>())
    from = repeated.getX();
  DenseElementsAttr known;
  if (matchPattern(from, m_Constant(&known)) && known.isSplat() && !known.getSplatValue<APInt>().isZero())
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

//===- softplus -----------------------------------------------------------------------------------------------------===//

Value weft::ir::logisticOf(Build &e, Value x) { return LogisticOp::create(e.b, e.loc, x.getType(), x); }

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

double weft::ir::erfInv(double x) {
  using Real = long double;
  double size = std::abs(x);
  if (!(size < 1))
    return size == 1 ? x * std::numeric_limits<double>::infinity() : std::nan("");
  constexpr Real slope0 = 2 * std::numbers::inv_sqrtpi_v<Real>;
  if (size < 1e-9) // the next term of the series is below an ulp
    return double(x / slope0);
  // From S. Winitzki's approximation, which is right to 0.2 %. Near 1 the distance to 1 has the digits.
  Real left = 1 - Real(size), w = std::log(left * (1 + Real(size)));
  constexpr Real a = 0.147L;
  Real half = 2 / (std::numbers::pi_v<Real> * a) + w / 2, y = std::sqrt(std::sqrt(half * half - w / a) - half);
  for (int step = 0; step < 5; ++step) {
    Real error = size < 0.5 ? std::erf(y) - size : left - std::erfc(y), move = error / (slope0 * std::exp(-y * y));
    y -= move / (1 + y * move);
  }
  return std::copysign(double(y), x);
}

namespace {
/// erf_inv(x) / x on a stretch of w = -log((1 - x)(1 + x)): a polynomial in w - shift, or in sqrt(w) - shift.
struct Stretch {
  double below; // where w is
  bool root;
  double shift;
  ArrayRef<double> coefficients;
};
} // namespace
// Those of f32 are Giles'; those of f64 interpolate at Chebyshev's nodes, to 1.2 * 2^-53. To w = 36.05, of the largest
// number below 1.
static constexpr double centre32[] = {1.50140941,      0.246640727,    -0.00417768164, -0.00125372503, 0.00021858087,
                                      -4.39150654e-06, -3.5233877e-06, 3.43273939e-07, 2.81022636e-08};
static constexpr double tail32[] = {2.83297682,     1.00167406,    0.00943887047,  -0.0076224613,  0.00573950773,
                                    -0.00367342844, 0.00134934322, 0.000100950558, -0.000200214257};
static constexpr double centre64[] = {
    1.6536545626831027,      0.2401581824255883,      -0.00603367087142785,    -0.000740702534154477,
    0.00018673420802464837,  -1.3882523394405316e-05, -1.3654691850603575e-06, 4.234788173782339e-07,
    -2.9070382262927266e-08, -4.11266082002324e-09,   1.0512181539804126e-09,  -5.414287198084716e-11,
    -1.2976885526532075e-11, 2.6304834740560442e-12,  -8.118399443074353e-14,  -4.001237735091896e-14,
    6.596407712420834e-15,   -4.0282154327661744e-17, -1.3016928016796445e-16, 1.557432024623325e-17,
    1.150022252066253e-18,   -3.4996044354754177e-19, -1.113483769832702e-21,  3.240704459379902e-21};
static constexpr double middle64[] = {
    3.0838856104922208,     1.0052589676941652,     0.00537091455357168,    -0.003751208508215561,
    0.0024914420969817607,  -0.0016882755357337071, 0.0009532893637435638,  -0.00035503780975963814,
    2.4031257015092525e-05, 6.828708654753377e-05,  -4.731898412011245e-05, 1.2465167157087251e-05,
    2.9257291901789823e-06, -3.986084395214756e-06, 1.4987130784186127e-06, -2.7004219280868947e-08,
    -2.713451105439456e-07, 1.3104351499972014e-07, 6.969241977629694e-10,  -1.5102695423335065e-08};
static constexpr double tail64[] = {4.849906401408584,       1.0103004648645446,      -0.0001387193183536735,
                                    -0.00021503011979298579, 7.599527739461002e-05,   -1.9681771203726043e-05,
                                    4.526059693479695e-06,   -9.930261373154388e-07,  2.2901618092413998e-07,
                                    -6.756725498741952e-08,  2.9123821685986172e-08,  -1.523376897450945e-08,
                                    7.64410733347763e-09,    -3.494653368877176e-09,  1.4902433047498932e-09,
                                    -4.2401917084661897e-10, -2.2772394472761313e-11, 3.9631459246580846e-11};
static ArrayRef<Stretch> stretchesOf(Type element) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  static const Stretch f32[] = {{5, false, 2.5, centre32}, {infinity, true, 3, tail32}};
  static const Stretch f64[] = {
      {6.25, false, 3.125, centre64}, {16, true, 3.25, middle64}, {infinity, true, 5, tail64}};
  return element.isF64() ? ArrayRef(f64) : ArrayRef(f32);
}

Value weft::ir::emitErfInv(ElementEmitter &e, Value x) {
  scalar::Code c{e};
  OpBuilder &b = e.b;
  auto k = [&](double v) { return c.constant(v, x); };
  // (1 - x)(1 + x), not 1 - x * x: near the ends the square has lost the digits that count.
  Value w = c.neg(math::LogOp::create(b, e.loc, c.mul(c.sub(k(1), x), c.add(k(1), x))));
  Value root = math::SqrtOp::create(b, e.loc, w), ratio;
  for (const Stretch &s : llvm::reverse(stretchesOf(getElementTypeOrSelf(x.getType())))) {
    Value v = c.sub(s.root ? root : w, k(s.shift)), p = k(s.coefficients.back());
    for (double next : llvm::reverse(s.coefficients.drop_back()))
      p = math::FmaOp::create(b, e.loc, p, v, k(next));
    Value here = arith::CmpFOp::create(b, e.loc, arith::CmpFPredicate::OLT, w, k(s.below));
    ratio = ratio ? Value(arith::SelectOp::create(b, e.loc, here, p, ratio)) : p;
  }
  // At the ends the polynomial is inf - inf.
  Value infinite = math::CopySignOp::create(b, e.loc, k(std::numeric_limits<double>::infinity()), x);
  return arith::SelectOp::create(b, e.loc, arith::CmpFOp::create(b, e.loc, arith::CmpFPredicate::OEQ, c.abs(x), k(1)),
                                 infinite, c.mul(ratio, x));
}

//===- pow ----------------------------------------------------------------------------------------------------------===//

Value weft::ir::powByBase(Build &e) {
  Value a = e.x(0), b = e.x(1);
  if (std::optional<double> known = splatOf(b)) {
    if (*known == 0)
      return {};
    return e.mul(*known == 2 ? a : *known == 1 ? e.full(1, a) : e.pow(a, e.full(*known - 1, b)), *known);
  }
  // b a^(b - 1). Where b is 0 and 1 / a infinite that would be 0 times infinity: 0 there, and elsewhere all that a
  // second derivative, by b too, must find.
  auto element = cast<FloatType>(elementOf(a));
  double least = APFloat::getSmallestNormalized(element.getFloatSemantics()).convertToDouble();
  Value tiny = e.compare("LT", AbsOp::create(e.b, e.loc, a.getType(), a), e.full(least, a)),
        none = e.compare("EQ", b, e.zeros(b));
  Value singular = AndOp::create(e.b, e.loc, tiny.getType(), tiny, none);
  return e.mul(b, e.pow(e.select(singular, e.full(1, a), a), e.add(b, -1)));
}
Value weft::ir::powByExponent(Build &e) {
  // a^b log a, and 0 where a is not positive: there a^b may be infinite.
  Value a = e.x(0), positive = e.compare("GT", a, e.zeros(a));
  return e.select(positive, e.mul(e.y(), e.log(e.select(positive, a, e.full(1, a)))), e.zeros(a));
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

/// The number truncated toward zero to an integer of `bits` bits. A number that is too large or too small becomes the
/// largest or the smallest one, a NaN becomes 0.
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
    if (y.isFloat() && x[0]->isFloat())
      y.f[at] = x[0]->f[at];
    else if (y.element.isF32()) // rounded once
      y.f[at] = float(x[0]->i[at]);
    else if (y.isFloat()) {
      // What does not fit a double leaves a bit for the rounding to a half.
      int64_t v = x[0]->i[at], kept = v & ~int64_t(4095);
      bool fits = kept == v || std::abs(double(v)) < 0x1p53 || y.element.isF64();
      y.f[at] = double(fits ? v : kept | 4096);
    } else if (bits == 1)
      y.i[at] = x[0]->isFloat() ? x[0]->f[at] != 0 : x[0]->i[at] != 0;
    else
      y.i[at] = x[0]->isFloat() ? saturate(x[0]->f[at], bits) : x[0]->i[at]; // narrowing wraps: round() does it
  }
  return success();
}
/// A number of f64 in f32, rounded to odd: a second rounding, to a type of two bits less at least, then gives what one
/// would have given. Toward zero, and where something was lost the lowest bit is set.
static Value roundToOdd(ElementEmitter &e, Value wide) {
  OpBuilder &b = e.b;
  Type f32 = e.laned(b.getF32Type()), i32 = e.laned(b.getI32Type());
  Value near = arith::TruncFOp::create(b, e.loc, f32, wide),
        back = arith::ExtFOp::create(b, e.loc, wide.getType(), near);
  Value bits = arith::BitcastOp::create(b, e.loc, i32, near), one = e.constantInt(b.getI32Type(), 1);
  Value beyond = arith::CmpFOp::create(b, e.loc, arith::CmpFPredicate::OGT, math::AbsFOp::create(b, e.loc, back),
                                       math::AbsFOp::create(b, e.loc, wide));
  Value odd = arith::SelectOp::create(b, e.loc, beyond, arith::SubIOp::create(b, e.loc, bits, one), bits);
  odd = arith::OrIOp::create(b, e.loc, odd, one);
  Value lost = arith::CmpFOp::create(b, e.loc, arith::CmpFPredicate::ONE, back, wide);
  return arith::BitcastOp::create(b, e.loc, f32, arith::SelectOp::create(b, e.loc, lost, odd, bits));
}
Value CastOp::emitElement(ElementEmitter &e, ArrayRef<Coord> at) {
  Value v = e.element(getX(), at);
  Type from = getElementTypeOrSelf(v.getType()), toStorage = elementOf(getResult()),
       to = ElementEmitter::computeType(toStorage);
  OpBuilder &b = e.b;
  Type type = e.laned(to);
  scalar::Code c{e};
  if (isa<FloatType>(to)) {
    // What f32 cannot hold goes to f16 and bf16 with one rounding all the same.
    bool toNarrow = toStorage != to;
    if (toNarrow && !isa<FloatType>(from) && from.getIntOrFloatBitWidth() > 24) {
      from = b.getF64Type();
      v = arith::SIToFPOp::create(b, e.loc, e.laned(from), v);
    }
    if (!isa<FloatType>(from))
      v = from.isInteger(1) ? Value(arith::UIToFPOp::create(b, e.loc, type, v))
                            : Value(arith::SIToFPOp::create(b, e.loc, type, v));
    else if (toNarrow && from.isF64())
      v = roundToOdd(e, v);
    else if (from.getIntOrFloatBitWidth() < to.getIntOrFloatBitWidth())
      v = arith::ExtFOp::create(b, e.loc, type, v);
    else if (from.getIntOrFloatBitWidth() > to.getIntOrFloatBitWidth())
      v = arith::TruncFOp::create(b, e.loc, type, v);
    // A cast to a storage type is the user's wish to round: within a fused group too.
    if (toNarrow)
      v = arith::ExtFOp::create(b, e.loc, type, Value(arith::TruncFOp::create(b, e.loc, e.laned(toStorage), v)));
    return v;
  }
  unsigned bits = to.getIntOrFloatBitWidth();
  if (isa<FloatType>(from)) {
    if (bits == 1)
      return arith::CmpFOp::create(b, e.loc, arith::CmpFPredicate::UNE, v, c.constant(0, v));
    // The result of fptosi is undefined for numbers that do not fit. So those and NaN are replaced by a number that
    // fits, and afterwards the result is replaced by the right one.
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
  // bf16 and f16 are f32 inside kernels: they are narrowed to read their bits, and the result is widened again.
  if (ElementEmitter::computeType(from) != from)
    v = arith::TruncFOp::create(e.b, e.loc, e.laned(from), v);
  v = arith::BitcastOp::create(e.b, e.loc, e.laned(to), v);
  if (ElementEmitter::computeType(to) != to)
    v = arith::ExtFOp::create(e.b, e.loc, e.laned(ElementEmitter::computeType(to)), v);
  return v;
}

//===- folds --------------------------------------------------------------------------------------------------------===//

/// The number that all elements of a constant have; nothing if they differ.
static std::optional<double> splat(Attribute attribute) {
  auto dense = dyn_cast_or_null<DenseElementsAttr>(attribute);
  if (!dense || !dense.isSplat())
    return std::nullopt;
  if (isa<IntegerType>(dense.getElementType()))
    return double(dense.getSplatValue<APInt>().getSExtValue());
  if (!isa<FloatType>(dense.getElementType())) // complex numbers have parts of their own later
    return std::nullopt;
  APFloat v = dense.getSplatValue<APFloat>();
  bool lost;
  v.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &lost);
  return v.convertToDouble();
}
/// Whether adding (subtracting) this number leaves every number as it is, -0 included: -0 + 0 is 0.
static bool isNeutral(Attribute attribute, bool subtracted) {
  std::optional<double> zero = splat(attribute);
  return zero == 0.0 &&
         (!isa<FloatType>(cast<DenseElementsAttr>(attribute).getElementType()) || std::signbit(*zero) != subtracted);
}
OpFoldResult AddOp::fold(FoldAdaptor a) {
  return isNeutral(a.getRhs(), false)   ? OpFoldResult(getLhs())
         : isNeutral(a.getLhs(), false) ? OpFoldResult(getRhs())
                                        : OpFoldResult();
}
OpFoldResult SubOp::fold(FoldAdaptor a) {
  return isNeutral(a.getRhs(), true) ? OpFoldResult(getLhs()) : OpFoldResult();
}
OpFoldResult MulOp::fold(FoldAdaptor a) {
  return splat(a.getRhs()) == 1.0   ? OpFoldResult(getLhs())
         : splat(a.getLhs()) == 1.0 ? OpFoldResult(getRhs())
                                    : OpFoldResult();
}
OpFoldResult DivOp::fold(FoldAdaptor a) { return splat(a.getRhs()) == 1.0 ? OpFoldResult(getLhs()) : OpFoldResult(); }
