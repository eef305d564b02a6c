// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What ops on complex numbers are in real ones. A quotient a / b divides both by the larger part of b first, as R. L.
// Smith does (Algorithm 116, 1962): otherwise |b|^2 overflows for a b that is itself far from overflow.
#include "dialects/weft/Weft.h"

using namespace mlir;
using namespace weft::ir;

RankedTensorType weft::ir::partType(Type complexTensor) {
  auto tensor = cast<RankedTensorType>(complexTensor);
  return withElement(tensor, cast<ComplexType>(tensor.getElementType()).getElementType());
}

//===- complex, real, imag ------------------------------------------------------------------------------------------===//

LogicalResult ComplexOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, ValueRange operands,
                                          DictionaryAttr, OpaqueProperties, RegionRange, SmallVectorImpl<Type> &types) {
  auto re = cast<RankedTensorType>(operands[0].getType());
  if (re != operands[1].getType())
    return emitOptionalError(location, "complex: the parts differ: ", str(re), " and ", str(operands[1].getType()));
  if (!re.getElementType().isF32() && !re.getElementType().isF64())
    return emitOptionalError(location, "complex: parts are f32 or f64, got ", str(re), "; write cast(x, f32)");
  types.push_back(withElement(re, ComplexType::get(re.getElementType())));
  return success();
}
LogicalResult ComplexOp::split(Build &, ArrayRef<Parts> x, MutableArrayRef<Parts> y) {
  y[0] = {x[0].re, x[1].re};
  return success();
}
static LogicalResult inferPart(ValueRange operands, SmallVectorImpl<Type> &types) {
  if (!isComplex(operands[0].getType()))
    return failure(); // the verifier says so
  types.push_back(partType(operands[0].getType()));
  return success();
}
LogicalResult RealOp::inferReturnTypes(MLIRContext *, std::optional<Location>, ValueRange operands, DictionaryAttr,
                                       OpaqueProperties, RegionRange, SmallVectorImpl<Type> &types) {
  return inferPart(operands, types);
}
LogicalResult RealOp::split(Build &, ArrayRef<Parts> x, MutableArrayRef<Parts> y) {
  y[0] = {x[0].re, {}};
  return success();
}
LogicalResult ImagOp::inferReturnTypes(MLIRContext *, std::optional<Location>, ValueRange operands, DictionaryAttr,
                                       OpaqueProperties, RegionRange, SmallVectorImpl<Type> &types) {
  return inferPart(operands, types);
}
LogicalResult ImagOp::split(Build &e, ArrayRef<Parts> x, MutableArrayRef<Parts> y) {
  y[0] = {x[0].im ? x[0].im : e.zeros(x[0].re), {}};
  return success();
}

//===- arithmetic ---------------------------------------------------------------------------------------------------===//

/// The complex product of a and b, made of real ones. `times` multiplies two real tensors: element by element, or as a
/// contraction.
static Parts timesParts(Build &e, Parts a, Parts b, llvm::function_ref<Value(Value, Value)> times) {
  Value re = times(a.re, b.re), im;
  if (a.im && b.im)
    re = e.sub(re, times(a.im, b.im));
  if (b.im)
    im = times(a.re, b.im);
  if (a.im)
    im = e.add(im, times(a.im, b.re));
  return {re, im};
}
LogicalResult MulOp::split(Build &e, ArrayRef<Parts> x, MutableArrayRef<Parts> y) {
  y[0] = timesParts(e, x[0], x[1], [&](Value a, Value b) { return e.mul(a, b); });
  return success();
}
LogicalResult ContractOp::split(Build &e, ArrayRef<Parts> x, MutableArrayRef<Parts> y) {
  y[0] = timesParts(e, x[0], x[1], [&](Value a, Value b) { return e.contract(getSpec(), a, b); });
  return success();
}
LogicalResult DivOp::split(Build &e, ArrayRef<Parts> x, MutableArrayRef<Parts> y) {
  auto [a, b] = std::tie(x[0], x[1]);
  auto over = [&](Parts p, Value by) { return Parts{e.div(p.re, by), p.im ? e.div(p.im, by) : Value()}; };
  if (!b.im) {
    y[0] = over(a, b.re);
    return success();
  }
  auto size = [&](Value v) -> Value { return AbsOp::create(e.b, e.loc, v.getType(), v); };
  // The scale cancels in the quotient, so its derivative is zero: a derivative does not have to pass through it.
  Value scale = e.maximum(size(b.re), size(b.im));
  scale = StopGradientOp::create(e.b, e.loc, scale.getType(), scale);
  Parts unit = over(b, scale);
  Parts numerator = timesParts(e, a, {unit.re, e.neg(unit.im)}, [&](Value p, Value q) { return e.mul(p, q); });
  y[0] = over(numerator, e.mul(e.add(e.square(unit.re), e.square(unit.im)), scale));
  return success();
}

//===- functions ----------------------------------------------------------------------------------------------------===//

LogicalResult ExpOp::split(Build &e, ArrayRef<Parts> x, MutableArrayRef<Parts> y) {
  Value size = e.exp(x[0].re);
  y[0] = x[0].im ? Parts{e.mul(size, e.cos(x[0].im)), e.mul(size, e.sin(x[0].im))} : Parts{size, {}};
  return success();
}
/// cosh b and sinh b. The second is computed from e^b - 1, which is accurate near zero, where e^b - e^-b is not.
static std::pair<Value, Value> hyperbolic(Build &e, Value b) {
  auto expm1 = [&](Value v) -> Value { return Expm1Op::create(e.b, e.loc, v.getType(), v); };
  Value cosh = e.mul(e.add(e.exp(b), e.exp(e.neg(b))), 0.5);
  return {cosh, e.mul(e.sub(expm1(b), expm1(e.neg(b))), 0.5)};
}
LogicalResult SinOp::split(Build &e, ArrayRef<Parts> x, MutableArrayRef<Parts> y) {
  if (!x[0].im) {
    y[0] = {e.sin(x[0].re), {}};
    return success();
  }
  auto [cosh, sinh] = hyperbolic(e, x[0].im);
  y[0] = {e.mul(e.sin(x[0].re), cosh), e.mul(e.cos(x[0].re), sinh)};
  return success();
}
LogicalResult CosOp::split(Build &e, ArrayRef<Parts> x, MutableArrayRef<Parts> y) {
  if (!x[0].im) {
    y[0] = {e.cos(x[0].re), {}};
    return success();
  }
  auto [cosh, sinh] = hyperbolic(e, x[0].im);
  y[0] = {e.mul(e.cos(x[0].re), cosh), e.neg(e.mul(e.sin(x[0].re), sinh))};
  return success();
}

//===- constants, casts, comparisons --------------------------------------------------------------------------------===//

LogicalResult ConstantOp::split(Build &e, ArrayRef<Parts>, MutableArrayRef<Parts> y) {
  auto dense = dyn_cast<DenseElementsAttr>(getValue());
  if (!dense)
    return emitOpError("has no dense values");
  RankedTensorType type = partType(getType());
  SmallVector<APFloat> re, im;
  for (std::complex<APFloat> z : dense.getValues<std::complex<APFloat>>()) {
    re.push_back(z.real());
    im.push_back(z.imag());
    if (dense.isSplat())
      break;
  }
  bool real = llvm::all_of(im, [](const APFloat &v) { return v.isZero(); });
  auto constant = [&](ArrayRef<APFloat> values) -> Value {
    return ConstantOp::create(e.b, e.loc, type, DenseElementsAttr::get(type, values));
  };
  y[0] = {constant(re), real ? Value() : constant(im)};
  return success();
}
LogicalResult CastOp::split(Build &e, ArrayRef<Parts> x, MutableArrayRef<Parts> y) {
  Type element = isComplex(getType()) ? partType(getType()).getElementType() : elementOf(getResult());
  y[0] = {e.cast(x[0].re, element), x[0].im ? e.cast(x[0].im, element) : Value()};
  return success();
}
LogicalResult CompareOp::split(Build &e, ArrayRef<Parts> x, MutableArrayRef<Parts> y) {
  bool equal = getDirection() == Direction::EQ;
  if (!equal && getDirection() != Direction::NE)
    return mlir::emitError(getLoc()) << "compare: complex numbers have no order: compare abs(x), real(x) or imag(x)";
  auto imag = [&](Parts p) { return p.im ? p.im : e.zeros(p.re); };
  Value re = e.compare(equal ? "EQ" : "NE", x[0].re, x[1].re);
  if (x[0].im || x[1].im) {
    Value im = e.compare(equal ? "EQ" : "NE", imag(x[0]), imag(x[1]));
    re = equal ? Value(AndOp::create(e.b, e.loc, re.getType(), re, im))
               : Value(OrOp::create(e.b, e.loc, re.getType(), re, im));
  }
  y[0] = {re, {}};
  return success();
}
