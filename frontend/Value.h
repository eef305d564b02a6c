// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What a tensor handle points to. Frontend only.
#pragma once
#include "weft/Ops.h"
#include <array>

namespace weft::detail {
class Lazy;
struct Cut;

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
  // outside of traces (Lazy.h)
  std::shared_ptr<Lazy> lazy;           // the graph that holds it until somebody looks
  std::shared_ptr<const Cut> cut;       // of an array that such a graph computed
  std::shared_ptr<const Error> failure; // why it cannot be computed
};

/// A new array: `data` may be written until the tensor is given away.
Tensor makeArray(DType dtype, std::vector<std::int64_t> sizes, void **data);
/// The array behind a tensor of the host: what was recorded and not computed (Lazy.h) is computed now.
void settle(const Tensor &x, Loc at);
/// Elements of an array; -1 if a size is negative or they do not fit 64 bits.
std::int64_t countOf(const std::vector<std::int64_t> &sizes);
/// Elements as numbers: reads and writes element `i` of memory of that type.
double loadNumber(DType dtype, const void *data, std::int64_t i);
void storeNumber(DType dtype, void *data, std::int64_t i, double value);
std::int64_t loadInteger(DType dtype, const void *data, std::int64_t i);
void storeInteger(DType dtype, void *data, std::int64_t i, std::int64_t value); // its low bits; i1: whether it is 0
/// Truncated towards zero and saturated, as compiled casts do; NaN is 0.
std::int64_t toInteger(double value, DType dtype);
/// An integer as a double from which one rounding to f16 or bf16 is that of the integer.
double toOdd(std::int64_t value);
/// Elements of one type as those of another, by the rules of `weft.cast`.
void convert(DType from, const void *source, DType to, void *target, std::int64_t count);

/// The type in which functions of f16 and bf16 are computed, to be rounded once.
inline DType computeType(DType dtype) { return dtype == f16 || dtype == bf16 ? f32 : dtype; }

/// Says on stderr, and in the remarks of what is traced, what is most often a mistake; nothing outside of traces.
void warn(Loc at, const std::string &message);
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
/// The root of the sum of squares over axes that stay with size 1, or the one length of all parts together (no axes):
/// in f64, where it neither overflows nor vanishes unless the length itself does. Parts are real.
Tensor lengthOf(std::span<const Tensor> parts, const Axes *axes, Loc at);
/// Both sides of a binary op in one element type and shape.
std::array<Tensor, 2> together(const char *op, const Operand &a, const Operand &b, Loc at);
/// The axis counted from the front, or an error that names the op.
int axisOf(const char *op, int axis, int rank, Loc at);

// ---- what the functions that follow from the op records call (Primitives.cpp)
/// Elementwise ops of numbers and tensors, at the right operand's line.
Tensor unary(const char *op, const Operand &x);
Tensor binary(const char *op, const Operand &a, const Operand &b);
/// Axes of an operand counted from the front; those of a set sorted, and none twice.
std::int64_t axisOfOperand(const char *op, int axis, const Tensor &operand, Loc at);
std::vector<std::int64_t> axesOfOperand(const char *op, const Axes &axes, const Tensor &operand, Loc at);
std::vector<std::int64_t> permutationOfOperand(const char *op, const std::vector<int> &order, const Tensor &operand,
                                               Loc at);
/// A reduction over axes, null for all; and one that finds a place along an axis, null for the row-major order of all.
Tensor reduce(const char *name, const char *op, const Tensor &x, const Axes *axes, Keep keep, Loc at);
Tensor reduceToPlace(const char *name, const char *op, const Tensor &x, const int *axis, Keep keep, Loc at);
} // namespace weft::detail
