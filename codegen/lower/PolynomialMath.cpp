// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- PolynomialMath.cpp - exp, exp2, expm1, log, log1p, tanh and erf of f32 -----------------------------------------===//
//
//   exp:   2^n e^r,             n = round(x / ln 2), r = x - n ln 2                  (exp2: 2^n 2^r, r = x - n)
//   expm1: 2^n (e^r - 1) + (2^n - 1)
//   log:   k ln 2 + log(1 + f), x = 2^k (1 + f) with 1 + f between sqrt(1/2) and sqrt(2)
//   log1p: the same for u = 1 + x, whose rounding error goes into f
//   tanh:  x + x^3 P(x^2) below 0.55, 1 - 2 / (e^2x + 1) above
//   erf:   x + x P(x^2) below 0.93, 1 - e^-(x + x P(x)) above
//
// Polynomials are minimax for the relative error of the function, with coefficients that are numbers of f32, each
// chosen after those in front of it were rounded. n comes out of an addition: 1.5 * 2^23 + n has n in its lowest bits.
// NaN passes through arithmetic; no lane branches.
//
//===----------------------------------------------------------------------------------------------------------------===//
#include "codegen/Machine.h"
#include "codegen/lower/Arithmetic.h"
#include "codegen/lower/MathPatterns.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include <limits>

using namespace mlir;
using weft::codegen::Arithmetic;
using weft::codegen::Machine;
using Predicate = arith::CmpFPredicate;

namespace {
constexpr float infinity = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
constexpr double rounder = 0x1.8p23; // + n for |n| < 2^22 is exact
constexpr int32_t rounderBits = 0x4b400000;

/// y = 2^n p, with n as a float and as the lowest bits of an integer.
struct Scaled {
  Value p, n, bits;
};

Scaled roundOff(Arithmetic &a, Value x, double factor) {
  Value sum = factor == 1 ? a.add(x, a.f(rounder)) : a.fma(x, a.f(factor), a.f(rounder));
  return {{}, a.sub(sum, a.f(rounder)), a.bits(sum, a.i32())};
}
/// x - n ln 2: the first part of ln 2 has few bits, so its product with n is exact.
Value withoutMultiple(Arithmetic &a, Value x, Value n) {
  return a.fma(n, a.f(0x1.bd0106p-13), a.fma(n, a.f(-0x1.63p-1), x));
}
/// e^x in parts, for x within the range of f32's exponents or somewhat beyond.
Scaled exponential(Arithmetic &a, Value x) {
  Scaled e = roundOff(a, x, 1.44269504088896341);
  e.p = a.polynomial(withoutMultiple(a, x, e.n),
                     {1, 1, 0x1.fffffcp-2, 0x1.55548cp-3, 0x1.555858p-5, 0x1.123de2p-7, 0x1.6ac778p-10}, false);
  return e;
}
/// 2^n p for 2^n that are normal numbers.
Value scaleNormal(Arithmetic &a, const Scaled &e) {
  return a.mul(e.p, a.bits(a.plus(a.shiftLeft(e.bits, a.i(23)), a.i(127 << 23)), a.f32()));
}
/// 2^n p for -152 <= n <= 130 with one rounding, denormals and infinity included.
Value scale(Arithmetic &a, const Scaled &e, const Machine &machine) {
  if (machine.scalesVectors && a.lanes() == 16) {
    Value all = arith::ConstantIntOp::create(a.b, a.loc, -1, 16),
          asSet = arith::ConstantIntOp::create(a.b, a.loc, 4, 32);
    return LLVM::CallIntrinsicOp::create(a.b, a.loc, a.f32(), a.b.getStringAttr("llvm.x86.avx512.mask.scalef.ps.512"),
                                         ValueRange{e.p, e.n, e.p, all, asSet})
        .getResult(0);
  }
  // In two halves, the first of which is exact.
  Value n = a.minus(e.bits, a.i(rounderBits)), half = a.shiftRight(n, a.i(1));
  auto power = [&](Value n) { return a.bits(a.shiftLeft(a.plus(n, a.i(127)), a.i(23)), a.f32()); };
  return a.mul(a.mul(e.p, power(half)), power(a.minus(n, half)));
}

/// log(1 + f) + k ln 2 for 1 + f between sqrt(1/2) and sqrt(2).
Value logarithm(Arithmetic &a, Value f, Value k) {
  Value ff = a.mul(f, f);
  Value y = a.polynomial(f,
                         {0x1.555548p-2, -0x1.00007p-2, 0x1.99a542p-3, -0x1.552f1p-3, 0x1.2302e4p-3, -0x1.0105e6p-3,
                          0x1.f02bdap-4, -0x1.be14c2p-4, 0x1.ae2dfcp-5},
                         false);
  y = a.mul(a.mul(y, f), ff);
  y = a.fma(k, a.f(-0x1.bd0106p-13), y);
  y = a.add(f, a.fma(ff, a.f(-0.5), y));
  return a.fma(k, a.f(0x1.63p-1), y);
}
/// k of x = 2^k (1 + f), of a normal number's bits: the exponent of x / sqrt(1/2).
Value exponentOf(Arithmetic &a, Value bits) { return a.shiftRight(a.minus(bits, a.i(0x3f3504f3)), a.i(23)); }
Value fractionOf(Arithmetic &a, Value bits, Value k) {
  return a.sub(a.bits(a.minus(bits, a.shiftLeft(k, a.i(23))), a.f32()), a.f(1));
}
Value asFloat(Arithmetic &a, Value n) { return arith::SIToFPOp::create(a.b, a.loc, a.f32(), n); }
/// log's values where the argument x (for log1p 1 + x) is not positive and finite; `given` is what infinity and NaN
/// give.
Value withSpecials(Arithmetic &a, Value y, Value x, Value given) {
  y = a.select(a.compare(Predicate::OLT, x, a.f(infinity)), y, given);
  Value atMostZero = a.select(a.compare(Predicate::OEQ, x, a.f(0)), a.f(-infinity), a.f(nan));
  return a.select(a.compare(Predicate::OGT, x, a.f(0)), y, atMostZero);
}

/// Below `least` results are zero, and the lanes compute something else meanwhile: a denormal or vanishing result costs
/// processors a hundred cycles, and softmax of masked scores is full of them.
Value aboveUnderflow(Arithmetic &a, Value x, double least, llvm::function_ref<Value(Value)> f) {
  Value vanishes = a.compare(Predicate::OLT, x, a.f(least));
  return a.select(vanishes, a.f(0), f(a.select(vanishes, a.f(0), x)));
}
Value exp(Arithmetic &a, Value x, const Machine &machine) {
  return aboveUnderflow(a, x, -104, [&](Value x) { return scale(a, exponential(a, a.atMost(x, a.f(89.5))), machine); });
}
Value exp2(Arithmetic &a, Value x, const Machine &machine) {
  return aboveUnderflow(a, x, -150, [&](Value x) {
    x = a.atMost(x, a.f(129));
    Scaled e = roundOff(a, x, 1);
    e.p = a.polynomial(a.sub(x, e.n),
                       {1, 0x1.62e432p-1, 0x1.ebfbe6p-3, 0x1.c6ada6p-5, 0x1.3b21c6p-7, 0x1.5fc01cp-10, 0x1.4bc63cp-13},
                       false);
    return scale(a, e, machine);
  });
}
Value expm1(Arithmetic &a, Value x, const Machine &) {
  // Half of everything, for 2^128 is no number. From 88.8 on the result is infinite; below -20 it is -1.
  Value bounded = a.atLeast(a.atMost(x, a.f(88.8)), a.f(-20));
  Scaled e = roundOff(a, bounded, 1.44269504088896341);
  Value r = withoutMultiple(a, bounded, e.n);
  Value p = a.fma(
      a.mul(r, r),
      a.polynomial(r, {0x1p-1, 0x1.555554p-3, 0x1.5554eap-5, 0x1.1113acp-7, 0x1.6d4e06p-10, 0x1.9c381p-13}, false), r);
  Value half = a.bits(a.plus(a.shiftLeft(e.bits, a.i(23)), a.i(126 << 23)), a.f32());
  Value y = a.fma(half, p, a.sub(half, a.f(0.5)));
  // Tiny numbers are their own results, denormals and the sign of zero included.
  return a.select(a.compare(Predicate::OLT, a.abs(x), a.f(0x1p-24)), x, a.add(y, y));
}
Value log(Arithmetic &a, Value x, const Machine &) {
  Value small = a.compare(Predicate::OLT, x, a.f(0x1p-126));
  Value bits = a.bits(a.select(small, a.mul(x, a.f(0x1p23)), x), a.i32());
  Value k = exponentOf(a, bits), f = fractionOf(a, bits, k);
  return withSpecials(a, logarithm(a, f, a.add(asFloat(a, k), a.select(small, a.f(-23), a.f(0)))), x, x);
}
Value log1p(Arithmetic &a, Value x, const Machine &) {
  // u - 1 is exact, or so far from 1 that it does not count.
  Value u = a.add(x, a.f(1)), lost = a.sub(x, a.sub(u, a.f(1))), bits = a.bits(u, a.i32()), k = exponentOf(a, bits);
  Value power =
      a.bits(a.shiftLeft(arith::MaxSIOp::create(a.b, a.loc, a.minus(a.i(127), k), a.i(0)), a.i(23)), a.f32()); // 2^-k
  Value y = withSpecials(a, logarithm(a, a.fma(lost, power, fractionOf(a, bits, k)), asFloat(a, k)), u, x);
  return a.select(a.compare(Predicate::OLT, a.abs(x), a.f(0x1p-24)), x, y);
}
Value tanh(Arithmetic &a, Value x, const Machine &) {
  Value size = a.abs(x), square = a.mul(x, x);
  Value odd =
      a.polynomial(square, {-0x1.55554ap-2, 0x1.110ceep-3, -0x1.b91e7ep-5, 0x1.58e518p-6, -0x1.9921a2p-8}, false);
  Value inner = a.fma(a.mul(x, square), odd, x);
  Value e = scaleNormal(a, exponential(a, a.atMost(a.add(size, size), a.f(20))));
  Value outer = a.sub(a.f(1), a.div(a.f(2), a.add(e, a.f(1))));
  return a.select(a.compare(Predicate::OLT, size, a.f(0.55)), inner, a.withSign(outer, x));
}
Value erf(Arithmetic &a, Value x, const Machine &) {
  Value square = a.mul(x, x);
  Value inner = a.fma(x,
                      a.polynomial(square,
                                   {0x1.06eba8p-3, -0x1.81274p-2, 0x1.ce2d64p-4, -0x1.b8011ap-6, 0x1.544a1ap-8,
                                    -0x1.a60a2ep-11, 0x1.4f675ep-14},
                                   false),
                      x);
  // erf(4) rounds to 1.
  Value size = a.abs(x), t = a.atMost(size, a.f(4));
  Value exponent = a.fma(t,
                         a.polynomial(t,
                                      {0x1.077a5cp-3, 0x1.453108p-1, 0x1.b33992p-4, -0x1.8596a4p-6, 0x1.de72bcp-9,
                                       -0x1.547f58p-12, 0x1.7f49d8p-17},
                                      false),
                         t);
  Value outer = a.sub(a.f(1), scaleNormal(a, exponential(a, a.neg(exponent))));
  return a.select(a.compare(Predicate::OLT, size, a.f(0.93)), inner, a.withSign(outer, x));
}

template <typename Op, Value (*function)(Arithmetic &, Value, const Machine &)> struct Expand : OpRewritePattern<Op> {
  Expand(MLIRContext *context, const Machine &machine) : OpRewritePattern<Op>(context), machine(machine) {}
  LogicalResult matchAndRewrite(Op op, PatternRewriter &b) const override {
    if (!getElementTypeOrSelf(op.getType()).isF32())
      return failure();
    Arithmetic a{b, op.getLoc(), op.getType()};
    b.replaceOp(op, function(a, op.getOperand(), machine));
    return success();
  }
  Machine machine;
};
} // namespace

void weft::codegen::populatePolynomialMathPatterns(RewritePatternSet &patterns, const Machine &machine) {
  patterns
      .add<Expand<math::ExpOp, exp>, Expand<math::Exp2Op, exp2>, Expand<math::ExpM1Op, expm1>, Expand<math::LogOp, log>,
           Expand<math::Log1pOp, log1p>, Expand<math::TanhOp, tanh>, Expand<math::ErfOp, erf>>(patterns.getContext(),
                                                                                               machine);
}
