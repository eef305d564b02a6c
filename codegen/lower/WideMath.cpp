// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- WideMath.cpp - sin, cos and pow of f32, in f64 ------------------------------------------------------------------===//
//
// sin and cos: x = n pi/2 + r, |r| <= pi/4, with pi/2 in two doubles; the rest is short polynomials of r in f32. From
// 2^30 on, x is a whole number m 2^e of 24 bits, and 2^e modulo 2 pi (a table of doubles in pairs, made here with
// integers) takes the place of 2^e first. That branch is taken only if a lane asks for it.
//
// pow: 2^(y log2 |x|). The logarithm's series and the exponential's have a relative error of about 2^-40, which the
// exponent, at most 150, leaves far below half an ulp of f32; f64 has no denormals in the range, and the conversion at
// the end rounds once.
//
//===----------------------------------------------------------------------------------------------------------------===//
#include "codegen/emit/KernelEmitter.h"
#include "codegen/lower/Arithmetic.h"
#include "codegen/lower/MathPatterns.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include <numbers>

using namespace mlir;
using weft::codegen::Arithmetic;
using Predicate = arith::CmpFPredicate;

namespace {
// ---- sin and cos
constexpr double halfPi = 0x1.921fb54442d18p+0, halfPiRest = 0x1.1a62633145c07p-54;
constexpr int firstExponent = 157, lastExponent = 254; // of f32, as it stands in the bits: 2^30 to the largest

/// 2^e modulo 2 pi for x = m 2^e with m of 24 bits, for all exponents of large x: doubles, then what they leave of it.
std::pair<SmallVector<double>, SmallVector<double>> powersModuloTwoPi() {
  constexpr unsigned fraction = 240, width = 512;
  llvm::APInt twoPi(width, "6487ed5110b4611a62633145c06e0e68948127044533e63a0105df531d89c", 16); // 2 pi 2^240
  auto asDouble = [&](const llvm::APInt &fixed) {
    llvm::APFloat value(llvm::APFloat::IEEEquad());
    value.convertFromAPInt(fixed, /*IsSigned=*/true, llvm::APFloat::rmNearestTiesToEven);
    value = llvm::scalbn(value, -int(fraction), llvm::APFloat::rmNearestTiesToEven);
    bool inexact;
    value.convert(llvm::APFloat::IEEEdouble(), llvm::APFloat::rmNearestTiesToEven, &inexact);
    return value.convertToDouble();
  };
  std::pair<SmallVector<double>, SmallVector<double>> table;
  for (int exponent = firstExponent; exponent <= lastExponent; ++exponent) {
    llvm::APInt power = llvm::APInt::getOneBitSet(width, fraction + exponent - 150).urem(twoPi);
    double high = asDouble(power);
    llvm::APFloat rounded(high);
    bool exact;
    llvm::APSInt back(width, /*isUnsigned=*/false);
    llvm::scalbn(rounded, fraction, llvm::APFloat::rmNearestTiesToEven)
        .convertToInteger(back, llvm::APFloat::rmTowardZero, &exact);
    table.first.push_back(high);
    table.second.push_back(asDouble(power - back));
  }
  return table;
}

/// n (as f64) and r with x = n pi/2 + r + (a multiple of 2 pi).
std::pair<Value, Value> reduce(Arithmetic &a, Value x, ModuleOp module) {
  auto split = [&](Value high, Value low) {
    Value n = a.round(a.mul(high, a.d(2 / std::numbers::pi)));
    Value r = a.fma(n, a.d(-halfPi), high);
    r = a.add(r, a.fma(n, a.d(-halfPiRest), low));
    return std::pair(n, r);
  };
  Value large = a.compare(Predicate::OGE, a.abs(x), a.f(0x1p30));
  auto branch = scf::IfOp::create(a.b, a.loc, TypeRange{a.f64(), a.f64()}, a.any(large), /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(a.b);
  a.b.setInsertionPointToStart(branch.elseBlock());
  auto [n, r] = split(a.widen(x), a.d(0));
  scf::YieldOp::create(a.b, a.loc, ValueRange{n, r});

  a.b.setInsertionPointToStart(branch.thenBlock());
  auto [highs, lows] = powersModuloTwoPi();
  Value bits = a.bits(x, a.i32());
  Value exponent = arith::AndIOp::create(a.b, a.loc, arith::ShRUIOp::create(a.b, a.loc, bits, a.i(23)), a.i(255));
  Value row = arith::SubIOp::create(
      a.b, a.loc,
      arith::MinSIOp::create(a.b, a.loc, arith::MaxSIOp::create(a.b, a.loc, exponent, a.i(firstExponent)),
                             a.i(lastExponent)),
      a.i(firstExponent));
  auto lookUp = [&](ArrayRef<double> table) -> Value {
    auto type = RankedTensorType::get({int64_t(table.size())}, a.b.getF64Type());
    StringAttr name =
        weft::codegen::constantMemory(module, cast<DenseElementsAttr>(DenseElementsAttr::get(type, table)));
    Value memory = memref::GetGlobalOp::create(a.b, a.loc, MemRefType::get(type.getShape(), a.b.getF64Type()), name);
    auto load = [&](Value at) -> Value {
      return memref::LoadOp::create(a.b, a.loc, memory,
                                    ValueRange{arith::IndexCastOp::create(a.b, a.loc, a.b.getIndexType(), at)});
    };
    if (!a.lanes())
      return load(row);
    SmallVector<Value> parts;
    for (int64_t lane = 0; lane < a.lanes(); ++lane)
      parts.push_back(load(vector::ExtractOp::create(a.b, a.loc, row, ArrayRef<int64_t>{lane})));
    return vector::FromElementsOp::create(a.b, a.loc, cast<VectorType>(a.f64()), parts);
  };
  // m, with the sign of x: the significand as a number of 24 bits; infinity and NaN become NaN.
  Value significand =
      a.bits(arith::OrIOp::create(a.b, a.loc, arith::AndIOp::create(a.b, a.loc, bits, a.i(int32_t(0x807fffff))),
                                  a.i(150 << 23)),
             a.f32());
  Value m = a.widen(a.add(significand, a.sub(x, x)));
  Value power = lookUp(highs), high = a.mul(m, power), low = a.fma(m, lookUp(lows), a.fma(m, power, a.neg(high)));
  auto [nLarge, rLarge] = split(high, low);
  auto [nSmall, rSmall] = split(a.widen(x), a.d(0));
  scf::YieldOp::create(a.b, a.loc, ValueRange{a.select(large, nLarge, nSmall), a.select(large, rLarge, rSmall)});
  return {branch.getResult(0), branch.getResult(1)};
}

template <typename Op, int quarter> struct ExpandWave : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;
  LogicalResult matchAndRewrite(Op op, PatternRewriter &b) const override {
    if (!getElementTypeOrSelf(op.getType()).isF32())
      return failure();
    Arithmetic a{b, op.getLoc(), op.getType()};
    Value x = op.getOperand();
    auto [n, wide] = reduce(a, x, op->template getParentOfType<ModuleOp>());
    Value r = a.narrow(wide), rr = a.mul(r, r);
    // Minimax polynomials on [-pi/4, pi/4] (Cephes' sinf and cosf).
    Value sine = a.fma(a.mul(r, rr), a.polynomial(rr, {-1.6666654611e-1, 8.3321608736e-3, -1.9515295891e-4}, false), r);
    Value cosine = a.fma(a.mul(rr, rr),
                         a.polynomial(rr, {4.166664568298827e-2, -1.388731625493765e-3, 2.443315711809948e-5}, false),
                         a.fma(rr, a.f(-0.5), a.f(1)));
    Value quadrant = arith::AddIOp::create(b, a.loc, arith::FPToSIOp::create(b, a.loc, a.i32(), n), a.i(quarter));
    auto bit = [&](int32_t mask) -> Value {
      return arith::CmpIOp::create(b, a.loc, arith::CmpIPredicate::ne,
                                   arith::AndIOp::create(b, a.loc, quadrant, a.i(mask)), a.i(0));
    };
    Value y = a.select(bit(1), cosine, sine);
    y = a.select(bit(2), a.neg(y), y);
    // NaN has no quadrant; sin of a tiny x is x, the sign of zero included.
    y = a.select(a.compare(Predicate::UNO, r, r), r, y);
    if (quarter == 0)
      y = a.select(a.compare(Predicate::OLT, a.abs(x), a.f(0x1p-13)), x, y);
    b.replaceOp(op, y);
    return success();
  }
};

// ---- pow
struct ExpandPow : OpRewritePattern<math::PowFOp> {
  using OpRewritePattern::OpRewritePattern;

  /// log2 of positive numbers, with those of 0 and infinity.
  static Value log2(Arithmetic &a, Value x) {
    OpBuilder &b = a.b;
    // x = 2^k m with sqrt(1/2) <= m < sqrt(2): the exponent of x / sqrt(1/2) is k.
    constexpr int64_t root = 0x3fe6a09e667f3bcd;
    Value bits = a.bits(x, a.i64());
    Value shifted = arith::SubIOp::create(b, a.loc, bits, a.l(root));
    Value k = arith::ShRSIOp::create(b, a.loc, shifted, a.l(52));
    Value m = a.bits(arith::SubIOp::create(b, a.loc, bits, arith::ShLIOp::create(b, a.loc, k, a.l(52))), a.f64());
    // log m = 2 artanh(s), s = (m - 1) / (m + 1): |s| <= 0.1716.
    Value s = arith::DivFOp::create(b, a.loc, a.sub(m, a.d(1)), a.add(m, a.d(1))), ss = a.mul(s, s);
    SmallVector<double> series;
    for (int i = 0; i < 9; ++i)
      series.push_back(2 / std::numbers::ln2 / (2 * i + 1));
    Value whole = arith::SIToFPOp::create(b, a.loc, a.f64(), arith::TruncIOp::create(b, a.loc, a.i32(), k));
    Value y = a.fma(s, a.polynomial(ss, series, true), whole);
    constexpr double infinity = std::numeric_limits<double>::infinity();
    y = a.select(a.compare(Predicate::OEQ, x, a.d(0)), a.d(-infinity), y);
    return a.select(a.compare(Predicate::OEQ, x, a.d(infinity)), x, y);
  }
  /// 2^x, for results that f32 can hold; 0 and infinity (as f32) beyond. A NaN gives some number.
  static Value exp2(Arithmetic &a, Value x) {
    OpBuilder &b = a.b;
    x = a.select(a.compare(Predicate::OLT, x, a.d(160)), x, a.d(160));
    x = a.select(a.compare(Predicate::OGT, x, a.d(-160)), x, a.d(-160));
    Value n = a.round(x), r = a.mul(a.sub(x, n), a.d(std::numbers::ln2));
    SmallVector<double> series{1};
    for (int i = 1; i <= 11; ++i)
      series.push_back(series.back() / i);
    Value k = arith::ExtSIOp::create(b, a.loc, a.i64(), arith::FPToSIOp::create(b, a.loc, a.i32(), n));
    Value scale =
        a.bits(arith::ShLIOp::create(b, a.loc, arith::AddIOp::create(b, a.loc, k, a.l(1023)), a.l(52)), a.f64());
    return a.mul(a.polynomial(r, series, true), scale);
  }

  LogicalResult matchAndRewrite(math::PowFOp op, PatternRewriter &b) const override {
    if (!getElementTypeOrSelf(op.getType()).isF32())
      return failure();
    Arithmetic a{b, op.getLoc(), op.getType()};
    Value x = op.getLhs(), y = op.getRhs(), size = a.abs(x), zero = a.f(0), one = a.f(1);
    constexpr float infinity = std::numeric_limits<float>::infinity();
    Value power = a.narrow(exp2(a, a.mul(a.widen(y), log2(a, a.widen(size)))));
    // Negative x: whole exponents alone, and odd ones keep the sign. From 2^24 on all numbers are even.
    Value whole = a.compare(Predicate::OEQ, math::FloorOp::create(b, a.loc, y), y), halved = a.mul(y, a.f(0.5));
    Value odd = a.both(a.both(whole, a.compare(Predicate::ONE, math::FloorOp::create(b, a.loc, halved), halved)),
                       a.compare(Predicate::OLT, a.abs(y), a.f(0x1p24)));
    power = a.select(odd, math::CopySignOp::create(b, a.loc, power, x), power);
    Value fraction = arith::XOrIOp::create(b, a.loc, whole, a.constant(a.of(b.getI1Type()), b.getBoolAttr(true)));
    Value bad =
        a.both(a.both(a.compare(Predicate::OLT, x, zero), a.compare(Predicate::OGT, x, a.f(-infinity))), fraction);
    bad = a.either(bad, a.compare(Predicate::UNO, x, y));
    power = a.select(bad, a.f(std::numeric_limits<float>::quiet_NaN()), power);
    // 1 to any power, anything to the power of 0, and -1 to an infinite one.
    Value isOne = a.either(a.compare(Predicate::OEQ, x, one), a.compare(Predicate::OEQ, y, zero));
    isOne = a.either(isOne,
                     a.both(a.compare(Predicate::OEQ, size, one), a.compare(Predicate::OEQ, a.abs(y), a.f(infinity))));
    b.replaceOp(op, a.select(isOne, one, power));
    return success();
  }
};
} // namespace

void weft::codegen::populateWideMathPatterns(RewritePatternSet &patterns) {
  patterns.add<ExpandWave<math::SinOp, 0>, ExpandWave<math::CosOp, 1>, ExpandPow>(patterns.getContext(), /*benefit=*/2);
}
