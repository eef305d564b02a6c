// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Weft ops on tensors for derivative and decomposition rules; trivial cases fold as they are built.
#include "dialects/weft/Weft.h"
#include "dialects/weft/rules/Partials.h"

using namespace mlir;
using namespace weft::ir;

Type weft::ir::elementOf(Value tensor) { return cast<RankedTensorType>(tensor.getType()).getElementType(); }
RankedTensorType weft::ir::typeOf(Value tensor) { return cast<RankedTensorType>(tensor.getType()); }

Value Build::x(unsigned i) const { return op->getOperand(i); }
Value Build::y(unsigned i) const { return op->getResult(i); }

Value Build::full(double value, RankedTensorType type) {
  Type element = type.getElementType();
  Attribute scalar = isa<FloatType>(element) ? Attribute(b.getFloatAttr(element, value))
                                             : Attribute(b.getIntegerAttr(element, int64_t(value)));
  if (type.hasStaticShape())
    return ConstantOp::create(b, loc, DenseElementsAttr::get(type, scalar));
  return broadcast(ConstantOp::create(b, loc, DenseElementsAttr::get(RankedTensorType::get({}, element), scalar)), type,
                   {});
}
Value Build::full(double value, Value like) { return full(value, typeOf(like)); }

std::optional<double> weft::ir::splatOf(Value v) {
  while (auto broadcast = v.getDefiningOp<BroadcastOp>())
    v = broadcast.getX();
  DenseElementsAttr dense;
  if (!matchPattern(v, m_Constant(&dense)) || !dense.isSplat() || !isa<FloatType>(dense.getElementType()))
    return std::nullopt;
  APFloat value = dense.getSplatValue<APFloat>();
  bool lost;
  value.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &lost);
  return value.convertToDouble();
}

Value Build::add(Value a, Value c) { return !a ? c : !c ? a : Value(AddOp::create(b, loc, a.getType(), a, c)); }
Value Build::sub(Value a, Value c) { return SubOp::create(b, loc, a.getType(), a, c); }
Value Build::mul(Value a, Value c) {
  std::optional<double> sa = splatOf(a), sc = splatOf(c);
  if (sc == 1)
    return a;
  if (sa == 1)
    return c;
  if (sc == -1)
    return neg(a);
  if (sa == -1)
    return neg(c);
  return MulOp::create(b, loc, a.getType(), a, c);
}
Value Build::div(Value a, Value c) { return DivOp::create(b, loc, a.getType(), a, c); }
Value Build::pow(Value a, Value c) { return PowOp::create(b, loc, a.getType(), a, c); }
Value Build::maximum(Value a, Value c) { return MaximumOp::create(b, loc, a.getType(), a, c); }
Value Build::add(Value a, double c) { return add(a, full(c, a)); }
Value Build::sub(double c, Value a) { return sub(full(c, a), a); }
Value Build::mul(Value a, double c) { return mul(a, full(c, a)); }
Value Build::div(double c, Value a) { return div(full(c, a), a); }

Value Build::neg(Value a) { return NegOp::create(b, loc, a.getType(), a); }
Value Build::exp(Value a) { return ExpOp::create(b, loc, a.getType(), a); }
Value Build::log(Value a) { return LogOp::create(b, loc, a.getType(), a); }
Value Build::sqrt(Value a) { return SqrtOp::create(b, loc, a.getType(), a); }
Value Build::rsqrt(Value a) { return RsqrtOp::create(b, loc, a.getType(), a); }
Value Build::square(Value a) { return mul(a, a); }
Value Build::reciprocal(Value a) { return div(1, a); }
Value Build::sign(Value a) { return SignOp::create(b, loc, a.getType(), a); }
Value Build::tanh(Value a) { return TanhOp::create(b, loc, a.getType(), a); }
Value Build::sin(Value a) { return SinOp::create(b, loc, a.getType(), a); }
Value Build::cos(Value a) { return CosOp::create(b, loc, a.getType(), a); }
Value Build::floor(Value a) { return FloorOp::create(b, loc, a.getType(), a); }
Value Build::erfInv(Value a) { return ErfInvOp::create(b, loc, a.getType(), a); }
Value Build::truncated(Value a) { return mul(sign(a), floor(AbsOp::create(b, loc, a.getType(), a))); }

Value Build::compare(StringRef direction, Value a, Value c) {
  auto type = withElement(typeOf(a), b.getI1Type());
  return CompareOp::create(b, loc, type, *symbolizeDirection(direction), a, c);
}
Value Build::select(Value p, Value a, Value c) { return SelectOp::create(b, loc, a.getType(), p, a, c); }
Value Build::cast(Value a, Type element) {
  return elementOf(a) == element ? a : Value(CastOp::create(b, loc, withElement(typeOf(a), element), a));
}
Value Build::share(StringRef direction) {
  Value wins = compare(direction, x(0), x(1)), ties = compare("EQ", x(0), x(1));
  return select(wins, full(1, y()), select(ties, full(0.5, y()), full(0, y())));
}

Value Build::reshape(Value a, ArrayRef<Dim> dims) {
  RankedTensorType type = getTensorType(dims, elementOf(a));
  return type == a.getType() ? a : Value(ReshapeOp::create(b, loc, type, a));
}
Value Build::transpose(Value a, ArrayRef<int64_t> permutation) {
  if (llvm::equal(permutation, llvm::seq<int64_t>(0, permutation.size())))
    return a;
  Dims dims = getDims(a), moved;
  for (int64_t p : permutation)
    moved.push_back(dims[p]);
  return TransposeOp::create(b, loc, getTensorType(moved, elementOf(a)), a, b.getDenseI64ArrayAttr(permutation));
}
Value Build::broadcast(Value a, RankedTensorType type, ArrayRef<int64_t> dims) {
  bool same = type == a.getType() && llvm::equal(dims, llvm::seq<int64_t>(0, dims.size()));
  return same ? a : Value(BroadcastOp::create(b, loc, type, a, b.getDenseI64ArrayAttr(dims)));
}
Value Build::expandLike(Value reduced, ArrayRef<int64_t> axes, RankedTensorType like) {
  SmallVector<int64_t> kept;
  for (int64_t d = 0; d < like.getRank(); ++d)
    if (!llvm::is_contained(axes, d))
      kept.push_back(d);
  return broadcast(reduced, withElement(like, elementOf(reduced)), kept);
}
Value Build::slice(Value a, ArrayRef<Dim> starts, ArrayRef<int64_t> strides, ArrayRef<Dim> sizes) {
  return SliceOp::create(b, loc, getTensorType(sizes, elementOf(a)), a, getDimsAttr(b.getContext(), starts),
                         b.getDenseI64ArrayAttr(strides));
}
Value Build::iota(RankedTensorType type, int64_t axis) {
  return IotaOp::create(b, loc, type, b.getI64IntegerAttr(axis));
}

template <class Op> static Value reduce(Build &e, Value a, ArrayRef<int64_t> axes) {
  if (axes.empty())
    return a;
  Dims kept;
  for (auto [d, dim] : llvm::enumerate(getDims(a)))
    if (!llvm::is_contained(axes, int64_t(d)))
      kept.push_back(dim);
  return Op::create(e.b, e.loc, getTensorType(kept, elementOf(a)), a, e.b.getDenseI64ArrayAttr(axes));
}
Value Build::sum(Value a, ArrayRef<int64_t> axes) { return reduce<ReduceSumOp>(*this, a, axes); }
Value Build::max(Value a, ArrayRef<int64_t> axes) { return reduce<ReduceMaxOp>(*this, a, axes); }
Value Build::contract(StringRef spec, Value a, Value c) {
  return ContractOp::create(b, loc, b.getStringAttr(spec), a, c);
}
