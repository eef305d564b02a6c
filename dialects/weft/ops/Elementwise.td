// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Elementwise.td - one record of about one line each -----------------------------------------------------------===//
//
// host<>: C++ in x[0], x[1] of type T (double; also int64_t where integers are allowed): the reference. Its result is wrapped.
// body<>: C++ in c (scalar::Code), e (ElementEmitter), x[0], x[1]: compiled code of an element, or of a vector of them.
// partial<>: d result / d operand i, in the vocabulary e (Build) with e.x(i) and e.y(); "Value()" is zero.
//
//===----------------------------------------------------------------------------------------------------------------===//
#ifndef WEFT_OPS_ELEMENTWISE
#define WEFT_OPS_ELEMENTWISE
include "dialects/weft/WeftBase.td"

class host<string expression> { string cxx = expression; }
class body<string expression> { string cxx = expression; }
class math<string op> : body<"::mlir::math::" # op # "Op::create(e.b, e.loc, x)">;

class Weft_Elementwise<string mnemonic, Type type, host h, body bd, list<string> partials, dag operands, string format, list<Trait> traits = []>
    : Weft_Op<mnemonic, !listconcat([Elementwise, Accesses, Infers, Evaluates, DeclareOpInterfaceMethods<PointwiseOpInterface, ["isCheap"]>],
                                    !if(!empty(partials), []<Trait>, [Derives]<Trait>), traits)> {
  let arguments = operands;
  let results = (outs type:$result);
  let assemblyFormat = format;
  bit cheap = 0;
  let reference = has<"host expression">;
  let lowering = has<"fused element">;
  let derivative = !if(!empty(partials), none<"integers have no derivative">, has<"partials">);
  let batching = has<"itself, by its trait">;
  let streaming = has<"itself, on what has come">;
  let dsl = dsl_function<mnemonic>;
  code cases = !foldl("", !range(!size(partials)), text, i, text # "    case " # i # ": return " # partials[i] # ";\n");
  code partialCode = "[&]([[maybe_unused]] unsigned i) -> ::mlir::Value {\n    switch (i) {\n" # cases # "    }\n    return {};\n  }";
  let extraClassDefinition = elementwise_access<>.definition #
      "::llvm::LogicalResult $cppClass::inferReturnTypes(::mlir::MLIRContext *context, ::std::optional<::mlir::Location> location, ::mlir::ValueRange operands, ::mlir::DictionaryAttr, ::mlir::OpaqueProperties, ::mlir::RegionRange, ::llvm::SmallVectorImpl<::mlir::Type> &types) {\n"
      "  return ::weft::ir::inferElementwise(\"" # mnemonic # "\", location, operands, types);\n}\n"
      "::llvm::LogicalResult $cppClass::evaluate(::llvm::ArrayRef<const ::weft::ir::HostArray *> operands, ::llvm::MutableArrayRef<::weft::ir::HostArray> results) {\n"
      "  return ::weft::ir::evaluateElementwise(getOperation(), operands, results[0], " # h.cxx # ");\n}\n"
      "::mlir::Value $cppClass::emitElement(::weft::ir::ElementEmitter &e, ::llvm::ArrayRef<::weft::ir::Coord> at) {\n"
      "  ::llvm::SmallVector<::mlir::Value> x;\n  for (::mlir::Value operand : getOperation()->getOperands())\n    x.push_back(e.element(operand, at));\n"
      "  [[maybe_unused]] ::weft::ir::scalar::Code c{e};\n  return " # bd.cxx # ";\n}\n"
      "bool $cppClass::isCheap() { return " # cheap # "; }\n" # !if(!empty(partials), "",
      "::llvm::LogicalResult $cppClass::vjp(::weft::ir::Build &e, ::llvm::ArrayRef<::mlir::Value> cotangents, const ::llvm::BitVector &wanted, ::llvm::MutableArrayRef<::mlir::Value> result) {\n"
      "  using ::mlir::Value;\n  return ::weft::ir::vjpByPartials(e, cotangents[0], wanted, result, " # partialCode # ");\n}\n"
      "::llvm::LogicalResult $cppClass::jvp(::weft::ir::Build &e, ::llvm::ArrayRef<::mlir::Value> tangents, ::llvm::MutableArrayRef<::mlir::Value> result) {\n"
      "  using ::mlir::Value;\n  return ::weft::ir::jvpByPartials(e, tangents, result[0], " # partialCode # ");\n}\n");
}

/// Reference expressions for floats, for integers, or for both.
class floats<string e> : host<"[](const double *x) -> double { using T = double; (void)sizeof(T); return " # e # "; }, nullptr">;
class ints<string e> : host<"nullptr, [](const int64_t *x) -> int64_t { using T = int64_t; (void)sizeof(T); return " # e # "; }">;
class both<string e> : host<"[](const double *x) -> double { using T = double; (void)sizeof(T); return " # e # "; }, [](const int64_t *x) -> int64_t { using T = int64_t; (void)sizeof(T); return " # e # "; }">;

class Weft_Unary<string m, Type type, host h, body b, string partial, list<Trait> traits = []>
    : Weft_Elementwise<m, type, h, b, !if(!empty(partial), []<string>, [partial]), (ins type:$x), "$x attr-dict `:` type($x)", traits>;
class Weft_Binary<string m, Type type, host h, body b, list<string> partials, list<Trait> traits = []>
    : Weft_Elementwise<m, type, h, b, partials, (ins type:$lhs, type:$rhs), "$lhs `,` $rhs attr-dict `:` type($lhs)",
                       !listconcat([AllTypesMatch<["lhs", "rhs"]>], traits)>;

// ---- unary
def NegOp : Weft_Unary<"neg", Weft_ArithmeticTensor, both<"::weft::ir::hostNeg(x[0])">, body<"c.neg(x[0])">, "e.full(-1, e.y())", [PartWise]> { let summary = "negation: -x"; let cheap = 1; let dsl = dsl_operator<"-">; }
def AbsOp : Weft_Unary<"abs", Weft_NumberTensor, both<"x[0] > 0 ? x[0] : ::weft::ir::hostSub(T(0), x[0])">, body<"c.abs(x[0])">, "e.sign(e.x())"> { let summary = "absolute value: |x|; the derivative at 0 is 0"; let cheap = 1; let dsl = dsl_sugar<"abs(x), of complex numbers too">; }
def SignOp : Weft_Unary<"sign", Weft_NumberTensor, both<"x[0] != x[0] ? x[0] : T(x[0] > 0) - T(x[0] < 0)">, body<"c.sign(x[0])">, "Value()"> { let summary = "-1, 0 or 1; NaN stays; piecewise constant, so its derivative is zero"; let cheap = 1; }
def ExpOp : Weft_Unary<"exp", Weft_InexactTensor, floats<"std::exp(x[0])">, math<"Exp">, "e.y()", [Splits]> { let summary = "exponential: e^x"; }
def Exp2Op : Weft_Unary<"exp2", Weft_FloatTensor, floats<"std::exp2(x[0])">, math<"Exp2">, "e.mul(e.y(), 0.6931471805599453)"> { let summary = "power of two: 2^x"; }
def Expm1Op : Weft_Unary<"expm1", Weft_FloatTensor, floats<"std::expm1(x[0])">, math<"ExpM1">, "e.add(e.y(), 1)"> { let summary = "e^x - 1, accurate near 0"; }
def LogOp : Weft_Unary<"log", Weft_FloatTensor, floats<"std::log(x[0])">, math<"Log">, "e.reciprocal(e.x())"> { let summary = "natural logarithm"; }
def Log1pOp : Weft_Unary<"log1p", Weft_FloatTensor, floats<"std::log1p(x[0])">, math<"Log1p">, "e.reciprocal(e.add(e.x(), 1))"> { let summary = "log(1 + x), accurate near 0"; }
def SqrtOp : Weft_Unary<"sqrt", Weft_FloatTensor, floats<"std::sqrt(x[0])">, math<"Sqrt">, "e.div(0.5, e.y())"> { let summary = "square root"; }
def RsqrtOp : Weft_Unary<"rsqrt", Weft_FloatTensor, floats<"1 / std::sqrt(x[0])">, body<"c.div(c.constant(1, x[0]), ::mlir::math::SqrtOp::create(e.b, e.loc, x[0]))">, "e.mul(e.div(e.y(), e.x()), -0.5)"> { let summary = "reciprocal square root: 1 / sqrt(x)"; }
def TanhOp : Weft_Unary<"tanh", Weft_FloatTensor, floats<"std::tanh(x[0])">, math<"Tanh">, "e.sub(1, e.square(e.y()))"> { let summary = "hyperbolic tangent"; }
def LogisticOp : Weft_Unary<"logistic", Weft_FloatTensor, floats<"(x[0] < 0 ? std::exp(x[0]) : T(1)) / (1 + std::exp(-std::fabs(x[0])))">, body<"::weft::ir::emitLogistic(e, x[0])">, "e.mul(e.y(), e.sub(1, e.y()))"> { let summary = "logistic sigmoid: 1 / (1 + e^-x)"; let dsl = dsl_function<"sigmoid">; }
def SoftplusOp : Weft_Unary<"softplus", Weft_FloatTensor, floats<"(x[0] > 0 ? x[0] : x[0] == x[0] ? T(0) : x[0]) + std::log1p(std::exp(-std::fabs(x[0])))">, body<"c.add(c.maximum(x[0], c.constant(0, x[0])), ::mlir::math::Log1pOp::create(e.b, e.loc, ::mlir::math::ExpOp::create(e.b, e.loc, c.neg(c.abs(x[0])))))">, "::weft::ir::logisticOf(e, e.x())"> { let summary = "log(1 + e^x), without overflow; a smooth relu"; }
def SinOp : Weft_Unary<"sin", Weft_InexactTensor, floats<"std::sin(x[0])">, math<"Sin">, "e.cos(e.x())", [Splits]> { let summary = "sine of radians"; }
def CosOp : Weft_Unary<"cos", Weft_InexactTensor, floats<"std::cos(x[0])">, math<"Cos">, "e.neg(e.sin(e.x()))", [Splits]> { let summary = "cosine of radians"; }
def ErfOp : Weft_Unary<"erf", Weft_FloatTensor, floats<"std::erf(x[0])">, math<"Erf">, "e.mul(e.exp(e.neg(e.square(e.x()))), 1.1283791670955126)"> { let summary = "error function: 2/sqrt(pi) integral of e^-t^2 from 0 to x"; }
def ErfInvOp : Weft_Unary<"erf_inv", Weft_FloatTensor, floats<"::weft::ir::erfInv(x[0])">, body<"::weft::ir::emitErfInv(e, x[0])">, "e.mul(e.exp(e.square(e.y())), 0.8862269254527580)"> {
  let summary = "inverse of erf on (-1, 1); polynomials as in M. Giles, Approximating the erfinv function, 2012"; }
def FloorOp : Weft_Unary<"floor", Weft_FloatTensor, floats<"std::floor(x[0])">, math<"Floor">, "Value()"> { let summary = "largest integer not above x; piecewise constant, so its derivative is zero"; let cheap = 1; }
def CeilOp : Weft_Unary<"ceil", Weft_FloatTensor, floats<"std::ceil(x[0])">, math<"Ceil">, "Value()"> { let summary = "smallest integer not below x; piecewise constant, so its derivative is zero"; let cheap = 1; }
def RoundNearestEvenOp : Weft_Unary<"round_nearest_even", Weft_FloatTensor, floats<"std::nearbyint(x[0])">, math<"RoundEven">, "Value()"> {
  let summary = "nearest integer, the even one of two that are as near; piecewise constant, so its derivative is zero"; let cheap = 1; let dsl = dsl_function<"round">; }
def RoundNearestAfzOp : Weft_Unary<"round_nearest_afz", Weft_FloatTensor, floats<"std::round(x[0])">, math<"Round">, "Value()"> {
  let summary = "nearest integer, of two that are as near the one away from zero; piecewise constant, so its derivative is zero"; let cheap = 1; let dsl = dsl_function<"round_half_away">; }
def NotOp : Weft_Unary<"not", Weft_IntTensor, ints<"~x[0]">, body<"c.noti(x[0])">, ""> {
  let summary = "bitwise, for i1 logical, negation"; let cheap = 1; let dsl = dsl_operator<"!">; }

// ---- binary
def AddOp : Weft_Binary<"add", Weft_ArithmeticTensor, both<"::weft::ir::hostAdd(x[0], x[1])">, body<"c.add(x[0], x[1])">, ["e.full(1, e.y())", "e.full(1, e.y())"], [Commutative, PartWise]> { let summary = "sum: a + b"; let cheap = 1; let hasFolder = 1; let dsl = dsl_operator<"+">; }
def SubOp : Weft_Binary<"sub", Weft_ArithmeticTensor, both<"::weft::ir::hostSub(x[0], x[1])">, body<"c.sub(x[0], x[1])">, ["e.full(1, e.y())", "e.full(-1, e.y())"], [PartWise]> { let summary = "difference: a - b"; let cheap = 1; let hasFolder = 1; let dsl = dsl_operator<"-">; }
def MulOp : Weft_Binary<"mul", Weft_ArithmeticTensor, both<"::weft::ir::hostMul(x[0], x[1])">, body<"c.mul(x[0], x[1])">, ["e.x(1)", "e.x(0)"], [Commutative, Splits]> { let summary = "product: a * b"; let cheap = 1; let hasFolder = 1; let dsl = dsl_operator<"*">; }
def DivOp : Weft_Binary<"div", Weft_ArithmeticTensor, both<"::weft::ir::hostDiv(x[0], x[1])">, body<"c.div(x[0], x[1], getCheck().has_value())">, ["e.reciprocal(e.x(1))", "e.neg(e.div(e.y(), e.x(1)))"], [Splits, Checks]> {
  let summary = "quotient; of integers truncated toward zero, where a zero divisor is a run-time error"; let cheap = 1; let hasFolder = 1; let dsl = dsl_operator<"/">; }
def RemOp : Weft_Binary<"rem", Weft_NumberTensor, both<"::weft::ir::hostRem(x[0], x[1])">, body<"c.rem(x[0], x[1], getCheck().has_value())">, ["e.full(1, e.y())", "e.neg(e.truncated(e.div(e.x(0), e.x(1))))"], [Checks]> {
  let summary = "remainder with the sign of the dividend; of integers a zero divisor is a run-time error"; let dsl = dsl_operator<"%">; }
def PowOp : Weft_Binary<"pow", Weft_FloatTensor, floats<"std::pow(x[0], x[1])">, body<"::mlir::math::PowFOp::create(e.b, e.loc, x[0], x[1])">,
    ["::weft::ir::powByBase(e)", "::weft::ir::powByExponent(e)"]> { let summary = "power: a^b; d/da of a^0 is 0 for a = 0 too, d/db is 0 where a <= 0"; let dsl = dsl_broadcasting<"pow">; }
def MaximumOp : Weft_Binary<"maximum", Weft_NumberTensor, both<"::weft::ir::hostMax(x[0], x[1])">, body<"c.maximum(x[0], x[1])">, ["e.share(\"GT\")", "e.share(\"LT\")"], [Commutative]> {
  let summary = "larger value; NaN wins; at a tie both sides get half the gradient"; let cheap = 1; let dsl = dsl_broadcasting<"maximum">; }
def MinimumOp : Weft_Binary<"minimum", Weft_NumberTensor, both<"::weft::ir::hostMin(x[0], x[1])">, body<"c.minimum(x[0], x[1])">, ["e.share(\"LT\")", "e.share(\"GT\")"], [Commutative]> {
  let summary = "smaller value; NaN wins; at a tie both sides get half the gradient"; let cheap = 1; let dsl = dsl_broadcasting<"minimum">; }
class Weft_Bitwise<string m, string expression, string bodyCode> : Weft_Binary<m, Weft_IntTensor, ints<expression>, body<bodyCode>, [], [Commutative]> {
  let cheap = 1; }
def AndOp : Weft_Bitwise<"and", "x[0] & x[1]", "c.andi(x[0], x[1])"> { let summary = "bitwise, for i1 logical, and"; let dsl = dsl_sugar<"operator&&">; }
def OrOp : Weft_Bitwise<"or", "x[0] | x[1]", "c.ori(x[0], x[1])"> { let summary = "bitwise, for i1 logical, or"; let dsl = dsl_sugar<"operator||">; }
def XorOp : Weft_Bitwise<"xor", "x[0] ^ x[1]", "c.xori(x[0], x[1])"> { let summary = "bitwise, for i1 logical, exclusive or"; let dsl = dsl_operator<"^">; }
// x[2] of a reference is the width. A place that is not in 0 ... width - 1 shifts every bit out.
class Weft_Shift<string m, string hostName, string bodyName> : Weft_Binary<m, Weft_WholeTensor, ints<"::weft::ir::" # hostName # "(x[0], x[1], x[2])">, body<"c." # bodyName # "(x[0], x[1])">, []> {
  let cheap = 1; let dsl = dsl_broadcasting<m>; }
def ShiftLeftOp : Weft_Shift<"shift_left", "hostShiftLeft", "shiftLeft"> { let summary = "bits moved up by rhs places, with zeros behind them; 0 where rhs is negative, or the width or more"; }
def ShiftRightArithmeticOp : Weft_Shift<"shift_right_arithmetic", "hostShiftRightArithmetic", "shiftRightArithmetic"> { let summary = "bits moved down by rhs places, with the sign in front of them; the sign alone, 0 or -1, where rhs is negative, or the width or more"; }
def ShiftRightLogicalOp : Weft_Shift<"shift_right_logical", "hostShiftRightLogical", "shiftRightLogical"> { let summary = "bits moved down by rhs places, with zeros in front of them; 0 where rhs is negative, or the width or more"; }

// ---- mixed types: rules/Elementwise.cpp
def Weft_Direction : I32EnumAttr<"Direction", "direction of a comparison", [
    I32EnumAttrCase<"EQ", 0>, I32EnumAttrCase<"NE", 1>, I32EnumAttrCase<"LT", 2>, I32EnumAttrCase<"LE", 3>, I32EnumAttrCase<"GT", 4>, I32EnumAttrCase<"GE", 5>]> {
  let cppNamespace = "::weft::ir"; let genSpecializedAttr = 0; }
def Weft_DirectionAttr : EnumAttr<Weft_Dialect, Weft_Direction, "direction"> { let assemblyFormat = "$value"; }

class Weft_Cheap<string m, list<Trait> traits = []> : Weft_Op<m, !listconcat([Elementwise, Accesses, Evaluates, DeclareOpInterfaceMethods<PointwiseOpInterface, ["isCheap"]>], traits)> {
  let batching = has<"itself, by its trait">;
  let streaming = has<"itself, on what has come">;
  let extraClassDefinition = elementwise_access<>.definition # "bool $cppClass::isCheap() { return true; }";
  let reference = has<"rules/Elementwise.cpp">;
  let lowering = has<"fused element">;
}
def CompareOp : Weft_Cheap<"compare", [Infers, Splits, AllTypesMatch<["lhs", "rhs"]>]> {
  let summary = "a comparison, as i1; with NaN only NE holds";
  let arguments = (ins Weft_DirectionAttr:$direction, Weft_Tensor:$lhs, Weft_Tensor:$rhs);
  let results = (outs Weft_BoolTensor:$result);
  let assemblyFormat = "$direction `,` $lhs `,` $rhs attr-dict `:` type($lhs)";
  let derivative = none<"a truth value has no derivative">;
  let dsl = dsl_sugar<"operators == != < <= > >=">;
}
def SelectOp : Weft_Cheap<"select", [Infers, Derives, PartWise, AllTypesMatch<["on_true", "on_false"]>]> {
  let summary = "where the predicate holds the first value, else the second";
  let arguments = (ins Weft_BoolTensor:$predicate, Weft_Tensor:$on_true, Weft_Tensor:$on_false);
  let results = (outs Weft_Tensor:$result);
  let assemblyFormat = "$predicate `,` $on_true `,` $on_false attr-dict `:` type($predicate) `,` type($on_true)";
  let derivative = has<"each side where it is chosen">;
  let dsl = dsl_sugar<"select(p, a, b)">;
}
def CastOp : Weft_Cheap<"cast", [Derives, Splits]> {
  let summary = "the value in another element type: floats round to nearest even, float to integer truncates and saturates (NaN gives 0), to i1 is != 0";
  let arguments = (ins Weft_Tensor:$x);
  let results = (outs Weft_Tensor:$result);
  let assemblyFormat = "$x attr-dict `:` type($x) `to` type($result)";
  let hasVerifier = 1;
  let hasFolder = 1;
  let derivative = has<"a cast of the cotangent; none through integers">;
  let dsl = dsl_sugar<"cast(x, dtype)">;
}
def BitcastOp : Weft_Cheap<"bitcast"> {
  let summary = "the same bits read as another element type of the same width";
  let arguments = (ins Weft_RealTensor:$x);
  let results = (outs Weft_RealTensor:$result);
  let assemblyFormat = "$x attr-dict `:` type($x) `to` type($result)";
  let hasVerifier = 1;
  let derivative = none<"bits are no smooth function of a number: use cast, or stop_gradient in front of it">;
  let dsl = dsl_sugar<"bitcast(x, dtype)">;
}
#endif
