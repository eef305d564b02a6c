// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The vocabulary in which records write the code of an element.
#include "dialects/weft/Weft.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace weft::ir;

Type ElementEmitter::computeType(Type element) {
  return element.isF16() || element.isBF16() ? Type(Float32Type::get(element.getContext())) : element;
}
Type ElementEmitter::laned(Type scalar) const { return lanes == 1 ? scalar : Type(VectorType::get({lanes}, scalar)); }
Value ElementEmitter::elementWithin(ArrayRef<Dim> sizes, Value tensor, ArrayRef<Coord> at) {
  Type type = elementOf(tensor);
  Value any;
  for (const Dim &d : sizes) {
    if (d == 0)
      return constant(type, 0);
    if (d.lower() > 0)
      continue;
    Value some = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne, size(d), index(0));
    any = any ? Value(arith::AndIOp::create(b, loc, any, some)) : some;
  }
  if (!any)
    return element(tensor, at);
  auto branch = scf::IfOp::create(b, loc, laned(computeType(type)), any, /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(branch.thenBlock());
  scf::YieldOp::create(b, loc, element(tensor, at));
  b.setInsertionPointToStart(branch.elseBlock());
  scf::YieldOp::create(b, loc, constant(type, 0));
  return branch.getResult(0);
}
Value ElementEmitter::splat(Value v) {
  return lanes == 1 || isa<VectorType>(v.getType()) ? v
                                                    : Value(vector::BroadcastOp::create(b, loc, laned(v.getType()), v));
}

static Value typedConstant(ElementEmitter &e, TypedAttr scalar) {
  if (e.lanes == 1)
    return arith::ConstantOp::create(e.b, e.loc, scalar);
  return arith::ConstantOp::create(
      e.b, e.loc, DenseElementsAttr::get(cast<VectorType>(e.laned(scalar.getType())), Attribute(scalar)));
}
Value ElementEmitter::constant(Type element, double value) {
  Type type = computeType(element);
  if (isa<FloatType>(type))
    return typedConstant(*this, FloatAttr::get(type, value));
  return constantInt(type, int64_t(value));
}
Value ElementEmitter::constantInt(Type element, int64_t value) {
  unsigned bits = isa<IndexType>(element) ? 64 : element.getIntOrFloatBitWidth();
  return typedConstant(
      *this, IntegerAttr::get(element, APInt(bits, uint64_t(value), /*isSigned=*/true, /*implicitTrunc=*/true)));
}
Value ElementEmitter::index(int64_t value) { return arith::ConstantIndexOp::create(b, loc, value); }

static std::optional<int64_t> known(Value v) {
  APInt c;
  return !isa<VectorType>(v.getType()) && matchPattern(v, m_ConstantInt(&c)) ? std::optional(c.getSExtValue())
                                                                             : std::nullopt;
}
Value ElementEmitter::add(Value x, Value y) {
  std::optional<int64_t> a = known(x), c = known(y);
  if (a && c)
    return index(*a + *c);
  if (a == 0)
    return y;
  if (c == 0)
    return x;
  return arith::AddIOp::create(b, loc, x, y);
}
Value ElementEmitter::mul(Value x, Value y) {
  std::optional<int64_t> a = known(x), c = known(y);
  if (a && c)
    return index(*a * *c);
  if (a == 1)
    return y;
  if (c == 1)
    return x;
  return arith::MulIOp::create(b, loc, x, y);
}

Coord ElementEmitter::shift(const Coord &c, Value offset) {
  if (c.varying)
    return {arith::AddIOp::create(b, loc, c.base, splat(offset)), 0, true};
  return {add(c.base, offset), c.stride, false};
}
Coord ElementEmitter::scale(const Coord &c, int64_t factor) {
  if (c.varying)
    return {arith::MulIOp::create(b, loc, c.base, splat(index(factor))), 0, true};
  return {mul(c.base, index(factor)), c.stride * factor, false};
}
Value ElementEmitter::positions(const Coord &c) {
  if (c.varying || lanes == 1)
    return c.base;
  Value base = splat(c.base);
  if (c.stride == 0)
    return base;
  SmallVector<Attribute> steps;
  for (int64_t l = 0; l < lanes; ++l)
    steps.push_back(b.getIndexAttr(l * c.stride));
  auto type = VectorType::get({lanes}, b.getIndexType());
  return arith::AddIOp::create(b, loc, base, arith::ConstantOp::create(b, loc, DenseElementsAttr::get(type, steps)));
}
Value ElementEmitter::indexNumber(Value element) {
  Type i32 = isa<VectorType>(element.getType()) ? laned(b.getI32Type()) : Type(b.getI32Type());
  unsigned bits = getElementTypeOrSelf(element.getType()).getIntOrFloatBitWidth();
  if (bits == 32)
    return element;
  if (bits < 32)
    return arith::ExtSIOp::create(b, loc, i32, element);
  auto limit = [&](int64_t v) -> Value {
    Value scalar = arith::ConstantIntOp::create(b, loc, v, 64);
    return isa<VectorType>(element.getType()) ? Value(vector::BroadcastOp::create(b, loc, element.getType(), scalar))
                                              : scalar;
  };
  Value low = arith::MinSIOp::create(b, loc, element, limit(std::numeric_limits<int32_t>::max()));
  return arith::TruncIOp::create(b, loc, i32,
                                 arith::MaxSIOp::create(b, loc, low, limit(std::numeric_limits<int32_t>::min())));
}
Coord ElementEmitter::fromValue(Value integers, bool sameForAllLanes) {
  if (auto vector = dyn_cast<VectorType>(integers.getType())) {
    if (sameForAllLanes) {
      Value first = vector::ExtractOp::create(b, loc, integers, ArrayRef<int64_t>{0});
      return {arith::IndexCastOp::create(b, loc, b.getIndexType(), first), 0, false};
    }
    return {arith::IndexCastOp::create(b, loc, VectorType::get(vector.getShape(), b.getIndexType()), integers), 0,
            true};
  }
  return {arith::IndexCastOp::create(b, loc, b.getIndexType(), integers), 0, false};
}
Coord ElementEmitter::linearize(ArrayRef<Coord> at, ArrayRef<Dim> dims) {
  Coord sum{index(0), 0, false};
  Dim stride(b.getContext(), 1);
  for (int64_t d = int64_t(dims.size()) - 1; d >= 0; --d) {
    Coord c = at[d];
    if (stride.isConstant())
      c = scale(c, stride.staticSize());
    else {
      // A lane stride times a run-time size is no constant: such coordinates travel as vectors.
      Value s = size(stride);
      c = c.varying || c.stride != 0 ? Coord{arith::MulIOp::create(b, loc, positions(c), splat(s)), 0, lanes > 1}
                                     : Coord{mul(c.base, s), 0, false};
    }
    if (c.varying || sum.varying)
      sum = {arith::AddIOp::create(b, loc, positions(sum), positions(c)), 0, true};
    else
      sum = {add(sum.base, c.base), sum.stride + c.stride, false};
    stride = stride * dims[d];
  }
  return sum;
}

//===- scalar arithmetic by type ------------------------------------------------------------------------------------===//
namespace weft::ir::scalar {
static bool isFloat(Value v) { return isa<FloatType>(getElementTypeOrSelf(v.getType())); }

#define WEFT_BY_TYPE(name, onFloat, onInt)                                                                             \
  Value Code::name(Value a, Value b) {                                                                                 \
    return isFloat(a) ? Value(arith::onFloat::create(e.b, e.loc, a, b))                                                \
                      : Value(arith::onInt::create(e.b, e.loc, a, b));                                                 \
  }
WEFT_BY_TYPE(add, AddFOp, AddIOp)
WEFT_BY_TYPE(sub, SubFOp, SubIOp)
WEFT_BY_TYPE(mul, MulFOp, MulIOp)
WEFT_BY_TYPE(maximum, MaximumFOp, MaxSIOp)
WEFT_BY_TYPE(minimum, MinimumFOp, MinSIOp)
#undef WEFT_BY_TYPE

/// The divisor; where it may be 0 with zeros replaced by one, after the error word was told. -1 apart, for the most
/// negative number has no opposite.
static Value safeDivisor(Code &c, Value divisor, bool checked) {
  ElementEmitter &e = c.e;
  if (!checked)
    return divisor;
  Type type = getElementTypeOrSelf(divisor.getType());
  Value zero = e.constantInt(type, 0), ok = arith::CmpIOp::create(e.b, e.loc, arith::CmpIPredicate::ne, divisor, zero);
  e.require(ok, RuntimeError::divisionByZero, e.constantInt(e.b.getI32Type(), 0), "integer division by zero");
  return arith::SelectOp::create(e.b, e.loc, ok, divisor, e.constantInt(type, 1));
}
static Value byMinusOne(Code &c, Value divisor) {
  return arith::CmpIOp::create(c.e.b, c.e.loc, arith::CmpIPredicate::eq, divisor,
                               c.e.constantInt(getElementTypeOrSelf(divisor.getType()), -1));
}
Value Code::div(Value a, Value b, bool checked) {
  if (isFloat(a))
    return arith::DivFOp::create(e.b, e.loc, a, b);
  Value safe = safeDivisor(*this, b, checked), minus = byMinusOne(*this, safe),
        one = e.constantInt(getElementTypeOrSelf(a.getType()), 1);
  Value quotient = arith::DivSIOp::create(e.b, e.loc, a, arith::SelectOp::create(e.b, e.loc, minus, one, safe));
  return arith::SelectOp::create(e.b, e.loc, minus, neg(a), quotient);
}
Value Code::rem(Value a, Value b, bool checked) {
  if (isFloat(a))
    return arith::RemFOp::create(e.b, e.loc, a, b);
  Value safe = safeDivisor(*this, b, checked), one = e.constantInt(getElementTypeOrSelf(a.getType()), 1);
  return arith::RemSIOp::create(e.b, e.loc, a, arith::SelectOp::create(e.b, e.loc, byMinusOne(*this, safe), one, safe));
}
Value Code::neg(Value a) {
  if (isFloat(a))
    return arith::NegFOp::create(e.b, e.loc, a);
  return arith::SubIOp::create(e.b, e.loc, e.constantInt(getElementTypeOrSelf(a.getType()), 0), a);
}
Value Code::abs(Value a) {
  return isFloat(a) ? Value(math::AbsFOp::create(e.b, e.loc, a)) : Value(math::AbsIOp::create(e.b, e.loc, a));
}
Value Code::andi(Value a, Value b) { return arith::AndIOp::create(e.b, e.loc, a, b); }
Value Code::ori(Value a, Value b) { return arith::OrIOp::create(e.b, e.loc, a, b); }
Value Code::xori(Value a, Value b) { return arith::XOrIOp::create(e.b, e.loc, a, b); }
Value Code::noti(Value a) { return xori(a, e.constantInt(getElementTypeOrSelf(a.getType()), -1)); }
/// The places, or `otherwise` where they are not within the width: a shift by those is undefined in LLVM.
static Value placesWithin(ElementEmitter &e, Value places, int64_t otherwise, Value &within) {
  Type type = getElementTypeOrSelf(places.getType());
  Value width = e.constantInt(type, type.getIntOrFloatBitWidth());
  within = arith::CmpIOp::create(e.b, e.loc, arith::CmpIPredicate::ult, places, width);
  return arith::SelectOp::create(e.b, e.loc, within, places, e.constantInt(type, otherwise));
}
template <class Op> static Value shiftOrZero(ElementEmitter &e, Value a, Value b) {
  Value within, places = placesWithin(e, b, 0, within);
  Value zero = e.constantInt(getElementTypeOrSelf(a.getType()), 0);
  return arith::SelectOp::create(e.b, e.loc, within, Op::create(e.b, e.loc, a, places), zero);
}
Value Code::shiftLeft(Value a, Value b) { return shiftOrZero<arith::ShLIOp>(e, a, b); }
Value Code::shiftRightLogical(Value a, Value b) { return shiftOrZero<arith::ShRUIOp>(e, a, b); }
Value Code::shiftRightArithmetic(Value a, Value b) {
  Value within;
  int64_t last = int64_t(getElementTypeOrSelf(a.getType()).getIntOrFloatBitWidth()) - 1;
  return arith::ShRSIOp::create(e.b, e.loc, a, placesWithin(e, b, last, within));
}
Value Code::constant(double v, Value like) { return e.constant(getElementTypeOrSelf(like.getType()), v); }
Value Code::sign(Value a) {
  Type type = getElementTypeOrSelf(a.getType());
  Value zero = e.constant(type, 0), one = e.constant(type, 1), minus = e.constant(type, -1);
  if (!isFloat(a)) {
    Value below = arith::SelectOp::create(
        e.b, e.loc, arith::CmpIOp::create(e.b, e.loc, arith::CmpIPredicate::slt, a, zero), minus, zero);
    return arith::SelectOp::create(e.b, e.loc, arith::CmpIOp::create(e.b, e.loc, arith::CmpIPredicate::sgt, a, zero),
                                   one, below);
  }
  auto is = [&](arith::CmpFPredicate p) { return arith::CmpFOp::create(e.b, e.loc, p, a, zero); };
  Value r = arith::SelectOp::create(e.b, e.loc, is(arith::CmpFPredicate::OLT), minus, zero);
  r = arith::SelectOp::create(e.b, e.loc, is(arith::CmpFPredicate::OGT), one, r);
  return arith::SelectOp::create(e.b, e.loc, is(arith::CmpFPredicate::UNO), a, r);
}
} // namespace weft::ir::scalar
