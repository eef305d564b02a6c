// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Element types, dimensions and shapes. A dimension is a number, or an expression over named and bounded symbols.
#pragma once
#include "weft/Error.h"
#include <complex>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <vector>

namespace weft {

class Tensor;

/// A dimension: `64`, `dim("B", 1, 512)`, `x.dim(0) + 1`. Two are equal if their expressions are, by name and
/// arithmetic.
class Dim {
public:
  struct Expr;
  Dim() = default;
  Dim(int value) : value_(value) {}
  Dim(long value) : value_(value) {}
  Dim(long long value) : value_(value) {}
  Dim(unsigned value) : value_(value) {}
  Dim(unsigned long value) : value_(std::int64_t(value)) {}
  explicit Dim(std::shared_ptr<const Expr> expr);
  bool isStatic() const { return !expr_; }
  /// The number of a static dimension; an error for one that is known at run time only.
  std::int64_t value(Loc at = Loc::here()) const;
  std::int64_t lower() const;
  std::int64_t upper() const;
  std::string str() const;
  /// "B + 1 with B in 1..512"
  std::string strWithBounds() const;
  const std::shared_ptr<const Expr> &expr() const { return expr_; }

private:
  std::int64_t value_ = 0;
  std::shared_ptr<const Expr> expr_;
};

/// A dimension known at run time, within bounds: `f32({dim("B", 1, 512), 64})`.
Dim dim(std::string name, std::int64_t lower, std::int64_t upper, Loc at = Loc::here());

Dim operator+(const Dim &a, const Dim &b);
Dim operator-(const Dim &a, const Dim &b);
Dim operator*(const Dim &a, const Dim &b);
/// Rounds down.
Dim operator/(const Dim &a, const Dim &b);
Dim operator%(const Dim &a, const Dim &b);
bool operator==(const Dim &a, const Dim &b);
inline Dim &operator+=(Dim &a, const Dim &b) { return a = a + b; }
inline Dim &operator*=(Dim &a, const Dim &b) { return a = a * b; }

using Shape = std::vector<Dim>;
/// "[B, 64]"
std::string str(const Shape &shape);

/// The type of an element. Calling it makes a spec: `f32({64, 64})` is an abstract tensor.
class DType {
public:
  constexpr DType() = default;
  explicit constexpr DType(int code) : code_(std::int8_t(code)) {}
  constexpr int code() const { return code_; }
  const char *name() const;
  std::size_t bytes() const;
  bool isFloat() const;
  bool isInteger() const;
  bool isComplex() const;
  /// Floating or complex: what has a derivative.
  bool isInexact() const { return isFloat() || isComplex(); }
  /// Of a complex type that of its parts, else the type itself; and of f32 or f64 the complex type of that precision.
  DType real() const;
  DType complex() const;
  Tensor operator()(const Shape &shape, Loc at = Loc::here()) const;
  constexpr bool operator==(const DType &) const = default;

private:
  std::int8_t code_ = 6;
};
// The codes are those of the runtime's weft_dtype.
inline constexpr DType i1{0}, i8{1}, i32{2}, i64{3}, f16{4}, bf16{5}, f32{6}, f64{7}, c64{8}, c128{9};

/// The type of what names none: Param and Buffer, zeros, full, one_hot, eye, draws, a Tensor of a C++ float or double.
/// It is f32 until somebody sets another floating type, for the whole process: `default_dtype(f64)` at the start of
/// main.
DType default_dtype();
void default_dtype(DType dtype, Loc at = Loc::here());

namespace detail {
template <class T> struct dtypeOf;
template <> struct dtypeOf<bool> {
  static constexpr DType value = i1;
};
template <> struct dtypeOf<signed char> {
  static constexpr DType value = i8;
};
template <> struct dtypeOf<int> {
  static constexpr DType value = i32;
};
template <> struct dtypeOf<long> {
  static constexpr DType value = i64;
};
template <> struct dtypeOf<long long> {
  static constexpr DType value = i64;
};
template <> struct dtypeOf<float> {
  static constexpr DType value = f32;
};
template <> struct dtypeOf<double> {
  static constexpr DType value = f64;
};
template <> struct dtypeOf<std::complex<float>> {
  static constexpr DType value = c64;
};
template <> struct dtypeOf<std::complex<double>> {
  static constexpr DType value = c128;
};
} // namespace detail

} // namespace weft
