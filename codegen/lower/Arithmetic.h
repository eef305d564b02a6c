// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What expansions of functions are written in: arithmetic on scalars or vectors of one shape, in f32, f64 and integers.
#pragma once
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

namespace weft::codegen {
struct Arithmetic {
  using Value = mlir::Value;
  using Type = mlir::Type;
  using Predicate = mlir::arith::CmpFPredicate;
  mlir::OpBuilder &b;
  mlir::Location loc;
  Type like; // of f32: gives the shape

  Type of(Type scalar) const {
    if (auto vector = mlir::dyn_cast<mlir::VectorType>(like))
      return mlir::VectorType::get(vector.getShape(), scalar);
    return scalar;
  }
  Type f32() const { return of(b.getF32Type()); }
  Type f64() const { return of(b.getF64Type()); }
  Type i32() const { return of(b.getI32Type()); }
  Type i64() const { return of(b.getI64Type()); }
  int64_t lanes() const {
    auto vector = mlir::dyn_cast<mlir::VectorType>(like);
    return vector ? vector.getNumElements() : 0;
  }
  Value constant(Type type, mlir::TypedAttr scalar) {
    if (auto vector = mlir::dyn_cast<mlir::VectorType>(type))
      scalar = mlir::DenseElementsAttr::get(vector, mlir::Attribute(scalar));
    return mlir::arith::ConstantOp::create(b, loc, scalar);
  }
  Value d(double v) { return constant(f64(), b.getF64FloatAttr(v)); }
  Value f(double v) { return constant(f32(), b.getF32FloatAttr(float(v))); }
  Value i(int32_t v) { return constant(i32(), b.getI32IntegerAttr(v)); }
  Value l(int64_t v) { return constant(i64(), b.getI64IntegerAttr(v)); }
  // ---- floats
  Value add(Value x, Value y) { return mlir::arith::AddFOp::create(b, loc, x, y); }
  Value sub(Value x, Value y) { return mlir::arith::SubFOp::create(b, loc, x, y); }
  Value mul(Value x, Value y) { return mlir::arith::MulFOp::create(b, loc, x, y); }
  Value div(Value x, Value y) { return mlir::arith::DivFOp::create(b, loc, x, y); }
  Value fma(Value x, Value y, Value z) { return mlir::math::FmaOp::create(b, loc, x, y, z); }
  Value neg(Value x) { return mlir::arith::NegFOp::create(b, loc, x); }
  Value abs(Value x) { return mlir::math::AbsFOp::create(b, loc, x); }
  Value withSign(Value size, Value sign) { return mlir::math::CopySignOp::create(b, loc, size, sign); }
  Value round(Value x) { return mlir::math::RoundEvenOp::create(b, loc, x); }
  Value compare(Predicate p, Value x, Value y) { return mlir::arith::CmpFOp::create(b, loc, p, x, y); }
  Value widen(Value x) { return mlir::arith::ExtFOp::create(b, loc, f64(), x); }
  Value narrow(Value x) { return mlir::arith::TruncFOp::create(b, loc, f32(), x); }
  /// x, at most or at least a bound; NaN stays. One instruction each.
  Value atMost(Value x, Value bound) { return select(compare(Predicate::OLT, bound, x), bound, x); }
  Value atLeast(Value x, Value bound) { return select(compare(Predicate::OGT, bound, x), bound, x); }
  /// c[0] + c[1] x + c[2] x^2 ...
  Value polynomial(Value x, mlir::ArrayRef<double> c, bool wide) {
    auto number = [&](double v) { return wide ? d(v) : f(v); };
    Value sum = number(c.back());
    for (double next : llvm::reverse(c.drop_back()))
      sum = fma(sum, x, number(next));
    return sum;
  }
  // ---- bits and integers
  Value select(Value p, Value x, Value y) { return mlir::arith::SelectOp::create(b, loc, p, x, y); }
  Value both(Value x, Value y) { return mlir::arith::AndIOp::create(b, loc, x, y); }
  Value either(Value x, Value y) { return mlir::arith::OrIOp::create(b, loc, x, y); }
  Value bits(Value x, Type as) { return mlir::arith::BitcastOp::create(b, loc, as, x); }
  Value plus(Value x, Value y) { return mlir::arith::AddIOp::create(b, loc, x, y); }
  Value minus(Value x, Value y) { return mlir::arith::SubIOp::create(b, loc, x, y); }
  Value shiftLeft(Value x, Value by) { return mlir::arith::ShLIOp::create(b, loc, x, by); }
  Value shiftRight(Value x, Value by) { return mlir::arith::ShRSIOp::create(b, loc, x, by); } // the sign comes in
  Value any(Value p) {
    return lanes() ? Value(mlir::vector::ReductionOp::create(b, loc, mlir::vector::CombiningKind::OR, p)) : p;
  }
};
} // namespace weft::codegen
