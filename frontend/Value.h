// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What a tensor handle points to. Frontend only.
#pragma once
#include "weft/Ops.h"
#include <array>

namespace weft::detail {

/// Memory of an array, aligned to 64 bytes and returned to a pool of its size when the last tensor lets go of it.
std::shared_ptr<void> allocate(std::size_t bytes);

struct Value {
  enum Kind { spec, array, traced } kind = spec;
  DType dtype;
  Shape shape;
  Loc at;           // where it was made
  std::string path; // of the argument it was, if it was one
  // array
  std::shared_ptr<void> memory; // null: borrowed
  const void *data = nullptr;
  std::vector<std::int64_t> sizes;
  // traced
  std::uint64_t trace = 0; // the trace's number: traces end, handles stay
  void *handle = nullptr;  // mlir::Value
};

/// A new array: `data` may be written until the tensor is given away.
Tensor makeArray(DType dtype, std::vector<std::int64_t> sizes, void **data);
std::int64_t countOf(const std::vector<std::int64_t> &sizes);
/// Elements as numbers: reads and writes element `i` of memory of that type.
double loadNumber(DType dtype, const void *data, std::int64_t i);
void storeNumber(DType dtype, void *data, std::int64_t i, double value);
std::int64_t loadInteger(DType dtype, const void *data, std::int64_t i);
void storeInteger(DType dtype, void *data, std::int64_t i, std::int64_t value); // its low bits; i1: whether it is 0
/// Truncated towards zero and saturated, as compiled casts do; NaN is 0.
std::int64_t toInteger(double value, DType dtype);
/// Elements of one type as those of another, by the rules of `weft.cast`.
void convert(DType from, const void *source, DType to, void *target, std::int64_t count);

/// An error of `op` if a size cannot be but negative.
void checkSizes(std::string_view op, const Shape &shape, Loc at);
/// "f32 [64, 10], made at digits.cpp:6" or "f32 [64, 10], parameter hidden.w": what notes say about a value.
std::string describeValue(const Tensor &x);
/// Errors that name the op: no trace, or an operand that is no value of this trace.
void requireTrace(std::string_view op, Loc at);
void requireValue(const Tensor &x, std::string_view op, std::string_view operand, Loc at);
Tensor broadcastTo(const Tensor &x, const Shape &shape, Loc at);
/// A C++ number in an element type; one that the type cannot hold is an error of `op`.
Tensor number(const Scalar &value, DType dtype, const char *op, Loc at);
Tensor complexNumber(std::complex<double> value, DType dtype, const char *op, Loc at);
/// The same as element `i` of memory of that type.
void storeScalar(const Scalar &value, DType dtype, void *data, std::int64_t i, const char *op, Loc at);
/// An operand that is no tensor yet, in an element type.
Tensor resolve(const Operand &operand, DType dtype, const char *op, Loc at);
Dim product(const Shape &shape);
/// Both sides of a binary op in one element type and shape.
std::array<Tensor, 2> together(const char *op, const Operand &a, const Operand &b, Loc at);
/// The axis counted from the front, or an error that names the op.
int axisOf(const char *op, int axis, int rank, Loc at);
} // namespace weft::detail
