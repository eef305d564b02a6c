// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Operators: numbers take the other side's element type, shapes broadcast as in NumPy, and the op is at the right
// operand's line.
#include "Value.h"
#include <cmath>
#include <cstdio>

using namespace weft;
using namespace weft::detail;

/// "4294967297", "1e+300"
static std::string spelled(const Scalar &value) {
  if (value.kind == Scalar::natural)
    return std::to_string(std::uint64_t(value.whole));
  if (value.kind != Scalar::real)
    return std::to_string(value.whole);
  char digits[40];
  std::snprintf(digits, sizeof digits, "%.9g", value.value);
  return digits;
}
void detail::storeScalar(const Scalar &value, DType dtype, void *data, std::int64_t i, const char *what, Loc at) {
  std::string head = std::string(what) + ": the number " + spelled(value);
  bool real = value.kind == Scalar::real, huge = value.kind == Scalar::natural && value.whole < 0;
  if (dtype.isInteger()) {
    if (real && !(value.value == std::trunc(value.value)))
      throw Error(at, head + " is no " + dtype.name() + ": write cast(x, f32) for the other side");
    int bits = dtype == i1 ? 1 : int(dtype.bytes()) * 8 - 1; // without the sign
    double limit = std::ldexp(1.0, bits), least = dtype == i1 ? 0 : -limit;
    bool fits = real   ? value.value >= least && value.value < limit
                : huge ? false
                       : bits == 63 || (value.whole >= std::int64_t(least) && value.whole < std::int64_t(limit));
    if (!fits) {
      std::uint64_t top = (std::uint64_t(1) << bits) - 1;
      throw Error(at, head + " does not fit " + dtype.name() + " (" +
                          (dtype == i1 ? "0" : "-" + std::to_string(top + 1)) + " to " + std::to_string(top) +
                          "): write cast(x, " + (dtype == i64 || real || huge ? "f64" : "i64") +
                          ") for the other side");
    }
    return storeInteger(dtype, data, i, real ? std::int64_t(value.value) : value.whole);
  }
  // One rounding from an integer, as compiled casts have it.
  bool single = dtype.real() == f32, half = dtype == f16 || dtype == bf16;
  double number = real     ? value.value
                  : huge   ? single ? double(float(std::uint64_t(value.whole))) : double(std::uint64_t(value.whole))
                  : single ? double(float(value.whole))
                  : half   ? toOdd(value.whole)
                           : double(value.whole);
  storeNumber(dtype, data, i, number);
  if (std::isfinite(number) && !std::isfinite(loadNumber(dtype, data, i)))
    throw Error(at, head + " does not fit " + dtype.name() + ", whose largest is " +
                        (dtype == f16    ? "65504"
                         : dtype == bf16 ? "3.39e38"
                                         : "3.40e38") +
                        ": write infinity, or cast(x, " +
                        (dtype.isComplex() ? "c128"
                         : dtype == f16    ? "f32"
                                           : "f64") +
                        ") for the other side");
}
Tensor detail::number(const Scalar &value, DType dtype, const char *op, Loc at) {
  double bytes[2];
  storeScalar(value, dtype, bytes, 0, op, at);
  return emit("weft.constant", {}, {{"value", Literal{dtype, {}, bytes}}}, at);
}
Tensor detail::complexNumber(std::complex<double> value, DType dtype, const char *op, Loc at) {
  double bytes[2];
  storeScalar(value.real(), dtype.real(), bytes, 0, op, at);
  storeScalar(value.imag(), dtype.real(), bytes, 1, op, at);
  return emit("weft.constant", {}, {{"value", Literal{dtype, {}, bytes}}}, at);
}

Tensor detail::resolve(const Operand &x, DType dtype, const char *op, Loc at) {
  switch (x.kind) {
  case Operand::tensor_:
    return dtype.isComplex() && !x.tensor.dtype().isComplex() ? cast(x.tensor, dtype, at) : x.tensor;
  case Operand::dim_: {
    if (x.dim.isStatic())
      return number(x.dim.value(), dtype, op, at);
    double bytes[2];
    storeScalar(x.dim.upper(), dtype == i64 ? i32 : dtype, bytes, 0, op, at); // the op below counts in i32
    Tensor size = emit("weft.dim", {}, {{"size", x.dim}}, ResultType{i32, {}}, at);
    return dtype == i32 ? size : cast(size, dtype, at);
  }
  case Operand::number_: return number(x.number, dtype, op, at);
  case Operand::complex_:
    if (!dtype.isComplex())
      throw Error(at, std::string(op) + ": a complex number is no " + dtype.name());
    return complexNumber(x.complex, dtype, op, at);
  }
  return {};
}

/// The element type of a number that meets another number.
static DType ownType(const Operand &x) {
  if (x.kind != Operand::number_)
    return x.kind == Operand::complex_ ? c64 : i32;
  const Scalar &v = x.number;
  return v.kind == Scalar::real                                                           ? f32
         : v.kind == Scalar::truth                                                        ? i1
         : v.whole != std::int32_t(v.whole) || (v.kind == Scalar::natural && v.whole < 0) ? i64
                                                                                          : i32;
}

static DType commonType(const char *op, std::span<const Operand *const> operands, std::span<const char *const> names,
                        Loc at) {
  const Operand *first = nullptr;
  DType dtype = i1;
  for (std::size_t i = 0; i < operands.size(); ++i) {
    const Operand &x = *operands[i];
    if (x.kind != Operand::tensor_)
      continue;
    requireValue(x.tensor, op, names[i], at);
    if (first && x.tensor.dtype() != dtype && x.tensor.dtype().complex() == dtype.complex()) {
      dtype = dtype.complex();
      continue;
    }
    if (first && x.tensor.dtype() != dtype)
      fail(at,
           std::string(op) + ": element types differ: " + names[0] + " " + first->tensor.str() + " and " + names[i] +
               " " + x.tensor.str() + ": tensors never promote; write cast(" +
               (first->tensor.dtype().bytes() < x.tensor.dtype().bytes()
                    ? std::string(names[0]) + ", " + x.tensor.dtype().name()
                    : std::string(names[i]) + ", " + dtype.name()) +
               ")",
           {{names[0], first->tensor}, {names[i], x.tensor}});
    if (!first)
      first = &x, dtype = x.tensor.dtype();
  }
  if (!first)
    for (const Operand *x : operands)
      if (DType own = ownType(*x);
          own.isComplex() || (own.isFloat() && !dtype.isComplex()) || (!dtype.isInexact() && own.code() > dtype.code()))
        dtype = own;
  // A complex number makes a complex tensor of a real one.
  for (const Operand *x : operands)
    if (first && x->kind == Operand::complex_)
      dtype = dtype.complex();
  return dtype;
}

Dim detail::product(const Shape &shape) {
  Dim count = 1;
  for (const Dim &d : shape)
    count *= d;
  return count;
}

Tensor detail::broadcastTo(const Tensor &x, const Shape &shape, Loc at) {
  if (x.shape() == shape)
    return x;
  std::vector<std::int64_t> dims;
  for (std::size_t i = 0; i < x.shape().size(); ++i)
    dims.push_back(std::int64_t(shape.size() - x.shape().size() + i));
  return emit("weft.broadcast", {x}, {{"dims", dims}}, ResultType{x.dtype(), shape}, at);
}

/// The shape in which all operands fit, or an error with every shape.
static Shape commonShape(const char *op, std::span<const Tensor> operands, std::span<const char *const> names, Loc at) {
  Shape shape;
  for (const Tensor &x : operands)
    if (x.shape().size() > shape.size())
      shape.insert(shape.begin(), x.shape().size() - shape.size(), Dim(1));
  for (std::size_t k = 0; k < operands.size(); ++k) {
    const Shape &own = operands[k].shape();
    for (std::size_t i = 0; i < own.size(); ++i) {
      Dim &have = shape[shape.size() - own.size() + i];
      if (have == Dim(1))
        have = own[i];
      else if (!(own[i] == Dim(1)) && !(own[i] == have)) {
        std::string text = std::string(op) + ": shapes do not broadcast:";
        std::vector<std::string> notes;
        for (std::size_t j = 0; j < operands.size(); ++j) {
          text += std::string(j ? j + 1 < operands.size() ? ", " : " and " : " ") + names[j] + " " +
                  str(operands[j].shape());
          notes.push_back(std::string(names[j]) + " is " + describeValue(operands[j]));
        }
        throw Error(at, text + ": sizes are compared from the right and must be equal, or 1", notes);
      }
    }
  }
  return shape;
}

static constexpr const char *sides[] = {"lhs", "rhs"};

std::array<Tensor, 2> detail::together(const char *op, const Operand &a, const Operand &b, Loc at) {
  requireTrace(op, at);
  const Operand *both[] = {&a, &b};
  DType dtype = commonType(op, both, sides, at);
  std::array<Tensor, 2> x{resolve(a, dtype, op, at), resolve(b, dtype, op, at)};
  Shape shape = commonShape(op, x, sides, at);
  return {broadcastTo(x[0], shape, at), broadcastTo(x[1], shape, at)};
}

Tensor detail::binary(const char *op, const Operand &a, const Operand &b) {
  auto [x, y] = together(op, a, b, b.at);
  return emit(std::string("weft.") + op, {x, y}, {}, b.at);
}
static Tensor compare(const char *direction, const Operand &a, const Operand &b) {
  auto [x, y] = together("compare", a, b, b.at);
  return emit("weft.compare", {x, y}, {{"direction", std::string(direction)}}, b.at);
}
static Tensor logical(const char *op, const char *symbol, const Operand &a, const Operand &b) {
  auto [x, y] = together(op, a, b, b.at);
  if (x.dtype() != i1)
    fail(b.at, std::string("operator") + symbol + ": expected truth values (i1), found " + x.str() + ": write x != 0",
         {{"lhs", x}, {"rhs", y}});
  return emit(std::string("weft.") + op, {x, y}, {}, b.at);
}

/// A number alone has the element type that it would give another number.
Tensor detail::unary(const char *op, const Operand &x) {
  requireTrace(op, x.at);
  return emit(std::string("weft.") + op, {resolve(x, ownType(x), op, x.at)}, {}, x.at);
}
Tensor weft::operator<(const Operand &a, const Operand &b) { return compare("LT", a, b); }
Tensor weft::operator<=(const Operand &a, const Operand &b) { return compare("LE", a, b); }
Tensor weft::operator>(const Operand &a, const Operand &b) { return compare("GT", a, b); }
Tensor weft::operator>=(const Operand &a, const Operand &b) { return compare("GE", a, b); }
Tensor weft::operator==(const Operand &a, const Operand &b) { return compare("EQ", a, b); }
Tensor weft::operator!=(const Operand &a, const Operand &b) { return compare("NE", a, b); }
Tensor weft::operator&&(const Operand &a, const Operand &b) { return logical("and", "&&", a, b); }
Tensor weft::operator||(const Operand &a, const Operand &b) { return logical("or", "||", a, b); }

Tensor &weft::operator+=(Tensor &a, const Operand &b) { return a = Operand(a, b.at) + b; }
Tensor &weft::operator-=(Tensor &a, const Operand &b) { return a = Operand(a, b.at) - b; }
Tensor &weft::operator*=(Tensor &a, const Operand &b) { return a = Operand(a, b.at) * b; }
Tensor &weft::operator/=(Tensor &a, const Operand &b) { return a = Operand(a, b.at) / b; }

Tensor weft::select(const Operand &p, const Operand &a, const Operand &b) {
  requireTrace("select", b.at);
  const Operand *both[] = {&a, &b};
  static constexpr const char *choices[] = {"on_true", "on_false"}, *all[] = {"predicate", "on_true", "on_false"};
  DType dtype = commonType("select", both, choices, b.at);
  if (p.kind == Operand::tensor_)
    requireValue(p.tensor, "select", "predicate", b.at);
  Tensor x[] = {resolve(p, i1, "select", b.at), resolve(a, dtype, "select", b.at), resolve(b, dtype, "select", b.at)};
  if (x[0].dtype() != i1)
    fail(b.at, "select: the predicate must be i1, found " + x[0].str() + ": write p != 0", {{"predicate", x[0]}});
  Shape shape = commonShape("select", x, all, b.at);
  return emit("weft.select",
              {broadcastTo(x[0], shape, b.at), broadcastTo(x[1], shape, b.at), broadcastTo(x[2], shape, b.at)}, {},
              b.at);
}

Tensor Tensor::operator[](const Index &index) const {
  Loc at = index.at;
  requireTrace("operator[]", at);
  if (rank(at) == 0)
    fail(at, "operator[]: a scalar has no axis to index", {{"operand", *this}});
  if (!index.tensor.empty())
    return take(*this, index.tensor, 0, at);
  Dim start = index.number < 0 ? dim(0, at) + Dim(index.number) : Dim(index.number);
  if (start.lower() < 0 || start.lower() >= dim(0, at).upper())
    fail(at, "operator[]: index " + std::to_string(index.number) + " is outside of " + str(), {{"operand", *this}});
  return squeeze(slice(*this, 0, start, start + 1, 1, at), 0, at);
}
