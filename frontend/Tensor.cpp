// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Tensor handles: specs, arrays of the host, and what any of the three says about itself.
#include "Value.h"
#include "runtime/weft_runtime.h"
#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <unordered_map>

using namespace weft;
using namespace weft::detail;

// ---- element types
static_assert(i1.code() == WEFT_I1 && i8.code() == WEFT_I8 && i32.code() == WEFT_I32 && i64.code() == WEFT_I64 &&
              f16.code() == WEFT_F16 && bf16.code() == WEFT_BF16 && f32.code() == WEFT_F32 && f64.code() == WEFT_F64 &&
              c64.code() == WEFT_C64 && c128.code() == WEFT_C128);
const char *DType::name() const { return weft_dtype_name(code_); }
std::size_t DType::bytes() const { return weft_dtype_size(code_); }
bool DType::isFloat() const { return code_ >= WEFT_F16 && code_ <= WEFT_F64; }
bool DType::isInteger() const { return code_ <= WEFT_I64; }
bool DType::isComplex() const { return code_ >= WEFT_C64; }
DType DType::real() const { return *this == c64 ? f32 : *this == c128 ? f64 : *this; }
DType DType::complex() const { return *this == f32 ? c64 : *this == f64 ? c128 : *this; }
Tensor DType::operator()(const Shape &shape, Loc at) const {
  checkSizes(name(), shape, at);
  auto value = std::make_shared<Value>();
  value->dtype = *this;
  value->shape = shape;
  return Tensor(std::shared_ptr<const Value>(std::move(value)));
}

std::uint64_t detail::nextOrigin() {
  static std::atomic<std::uint64_t> numbers{0};
  return ++numbers;
}
void detail::checkSizes(std::string_view op, const Shape &shape, Loc at) {
  for (const Dim &d : shape)
    if (d.upper() < 0)
      throw Error(at, std::string(op) + ": a size is negative: " + d.str() + " in " + weft::str(shape));
}

// ---- memory: a training step asks for the same sizes again and again, so freed blocks wait for the next one of their
// size
namespace {
struct Blocks {
  std::mutex mutex;
  std::unordered_map<std::size_t, std::vector<void *>> free;
  std::size_t kept = 0;
  static constexpr std::size_t most = std::size_t(1) << 30;
};
} // namespace
static Blocks &blocks() {
  static auto *all = new Blocks; // tensors in static variables are released after it would be gone
  return *all;
}

std::shared_ptr<void> detail::allocate(std::size_t bytes) {
  std::size_t size = (bytes + 63) / 64 * 64;
  size = size ? size : 64;
  void *block = nullptr;
  {
    std::lock_guard lock(blocks().mutex);
    auto found = blocks().free.find(size);
    if (found != blocks().free.end() && !found->second.empty()) {
      block = found->second.back();
      found->second.pop_back();
      blocks().kept -= size;
    }
  }
  if (!block)
    block = weft_allocate(size);
  if (!block)
    throw Error(Loc(), "out of memory: an array of " + std::to_string(bytes) + " bytes");
  return {block, [size](void *p) {
            std::lock_guard lock(blocks().mutex);
            if (blocks().kept + size > Blocks::most)
              return std::free(p);
            blocks().free[size].push_back(p);
            blocks().kept += size;
          }};
}

std::int64_t detail::countOf(const std::vector<std::int64_t> &sizes) {
  return weft_array_bytes(WEFT_I8, sizes.data(), std::int32_t(sizes.size()));
}

Tensor detail::makeArray(DType dtype, std::vector<std::int64_t> sizes, void **data) {
  std::int64_t bytes = weft_array_bytes(dtype.code(), sizes.data(), std::int32_t(sizes.size()));
  if (bytes < 0)
    throw Error(Loc(), "an array of " + std::string(dtype.name()) + " " + str(Shape(sizes.begin(), sizes.end())) +
                           ": its size is negative, or more bytes than 64 bits count");
  auto value = std::make_shared<Value>();
  value->kind = Value::array;
  value->dtype = dtype;
  value->memory = allocate(std::size_t(bytes));
  value->data = *data = value->memory.get();
  for (std::int64_t size : sizes)
    value->shape.push_back(size);
  value->sizes = std::move(sizes);
  return Tensor(std::shared_ptr<const Value>(std::move(value)));
}

static float fromHalfBits(std::uint16_t bits, bool brain) {
  if (brain) {
    std::uint32_t wide = std::uint32_t(bits) << 16;
    float value;
    std::memcpy(&value, &wide, 4);
    return value;
  }
  int exponent = bits >> 10 & 31, mantissa = bits & 1023;
  double value = exponent == 31 ? (mantissa ? NAN : INFINITY)
                 : exponent     ? std::ldexp(1024 + mantissa, exponent - 25)
                                : std::ldexp(mantissa, -24);
  return float(bits & 0x8000 ? -value : value);
}
static std::uint16_t toHalfBits(double value, bool brain) {
  // The nearest of the two neighbours, to even on a tie: an exact scaled integer decides.
  if (value != value)
    return brain ? 0x7fc0 : 0x7e00;
  std::uint16_t sign = std::signbit(value) ? 0x8000 : 0;
  double size = std::fabs(value);
  int digits = brain ? 8 : 11, least = brain ? -133 : -24, bias = brain ? 127 : 15, top = brain ? 255 : 31;
  if (size == 0) // frexp gives it the exponent of numbers around 1
    return sign;
  if (std::isinf(size))
    return sign | top << (digits - 1);
  int exponent = 0;
  std::frexp(size, &exponent); // size in [2^(e-1), 2^e)
  int step = std::max(exponent - digits, least);
  auto scaled = std::uint32_t(std::nearbyint(std::ldexp(size, -step)));
  if (step == least) // subnormal or the first normal binade: the scaled integer is the pattern
    return sign | std::uint16_t(scaled);
  std::uint32_t pattern = (std::uint32_t(step + digits - 1 + bias) << (digits - 1)) + (scaled - (1u << (digits - 1)));
  return sign | std::uint16_t(std::min(pattern, std::uint32_t(top) << (digits - 1)));
}

double detail::loadNumber(DType dtype, const void *data, std::int64_t i) {
  switch (dtype.code()) {
  case WEFT_F16: return fromHalfBits(static_cast<const std::uint16_t *>(data)[i], false);
  case WEFT_BF16: return fromHalfBits(static_cast<const std::uint16_t *>(data)[i], true);
  case WEFT_F32: return static_cast<const float *>(data)[i];
  case WEFT_F64: return static_cast<const double *>(data)[i];
  case WEFT_C64: return static_cast<const float *>(data)[2 * i];
  case WEFT_C128: return static_cast<const double *>(data)[2 * i];
  default: return double(loadInteger(dtype, data, i));
  }
}
std::int64_t detail::loadInteger(DType dtype, const void *data, std::int64_t i) {
  switch (dtype.code()) {
  case WEFT_I1: return static_cast<const std::uint8_t *>(data)[i] != 0;
  case WEFT_I8: return static_cast<const std::int8_t *>(data)[i];
  case WEFT_I32: return static_cast<const std::int32_t *>(data)[i];
  default: return static_cast<const std::int64_t *>(data)[i];
  }
}
void detail::storeInteger(DType dtype, void *data, std::int64_t i, std::int64_t value) {
  switch (dtype.code()) {
  case WEFT_I1: static_cast<std::uint8_t *>(data)[i] = value != 0; break;
  case WEFT_I8: static_cast<std::int8_t *>(data)[i] = std::int8_t(value); break;
  case WEFT_I32: static_cast<std::int32_t *>(data)[i] = std::int32_t(value); break;
  default: static_cast<std::int64_t *>(data)[i] = value;
  }
}
std::int64_t detail::toInteger(double value, DType dtype) {
  if (dtype == i1)
    return value != 0;
  if (value != value)
    return 0;
  double limit = std::ldexp(1.0, int(dtype.bytes()) * 8 - 1);
  std::int64_t top = std::int64_t((std::uint64_t(1) << (dtype.bytes() * 8 - 1)) - 1);
  return value >= limit ? top : value <= -limit ? -top - 1 : std::int64_t(value);
}
void detail::storeNumber(DType dtype, void *data, std::int64_t i, double value) {
  switch (dtype.code()) {
  case WEFT_F16: static_cast<std::uint16_t *>(data)[i] = toHalfBits(value, false); break;
  case WEFT_BF16: static_cast<std::uint16_t *>(data)[i] = toHalfBits(value, true); break;
  case WEFT_F32: static_cast<float *>(data)[i] = float(value); break;
  case WEFT_F64: static_cast<double *>(data)[i] = value; break;
  case WEFT_C64:
    static_cast<float *>(data)[2 * i] = float(value);
    static_cast<float *>(data)[2 * i + 1] = 0;
    break;
  case WEFT_C128:
    static_cast<double *>(data)[2 * i] = value;
    static_cast<double *>(data)[2 * i + 1] = 0;
    break;
  default: storeInteger(dtype, data, i, toInteger(value, dtype));
  }
}
double detail::toOdd(std::int64_t value) {
  constexpr std::int64_t low = 4096; // what may not fit a double leaves a bit: a half looks at the upper ones
  return double(value % low == 0 ? value : value >= low << 41 || value <= -(low << 41) ? (value & -low) | low : value);
}
void detail::convert(DType from, const void *source, DType to, void *target, std::int64_t count) {
  if (from.isComplex() && to.isComplex()) // part by part
    return convert(from.real(), source, to.real(), target, 2 * count);
  bool half = to == f16 || to == bf16, single = to.real() == f32;
  for (std::int64_t i = 0; i < count; ++i) {
    if (from.isInteger() && to.isInteger()) {
      storeInteger(to, target, i, loadInteger(from, source, i));
    } else if (from.isInteger()) { // rounded once
      std::int64_t value = loadInteger(from, source, i);
      storeNumber(to, target, i, half ? toOdd(value) : single ? double(float(value)) : double(value));
    } else {
      storeNumber(to, target, i, loadNumber(from, source, i));
    }
  }
}

static std::atomic<int> defaultCode{WEFT_F32};
DType weft::default_dtype() { return DType(defaultCode); }
void weft::default_dtype(DType dtype, Loc at) {
  if (!dtype.isFloat())
    throw Error(at, std::string("default_dtype: expected f16, bf16, f32 or f64, found ") + dtype.name());
  defaultCode = dtype.code();
}

Tensor::Tensor(const Tensor &) = default;
Tensor::Tensor(Tensor &&) noexcept = default;
Tensor &Tensor::operator=(const Tensor &) & = default;
Tensor &Tensor::operator=(Tensor &&) & noexcept = default;
Tensor::~Tensor() = default;

// ---- host data in
static std::vector<std::int64_t> sizesOf(std::size_t count, const Shape &shape, Loc at) {
  checkSizes("host data", shape, at);
  std::vector<std::int64_t> sizes;
  for (const Dim &d : shape)
    sizes.push_back(d.value(at));
  std::int64_t elements = countOf(sizes);
  if (elements < 0)
    throw Error(at, "host data: shape " + str(shape) + " has more elements than 64 bits count");
  if (elements != std::int64_t(count))
    throw Error(at, "host data: shape " + str(shape) + " has " + std::to_string(elements) +
                        " elements, the data have " + std::to_string(count));
  return sizes;
}
Tensor Tensor::copyBytes(const void *data, std::size_t count, DType dtype, const Shape &shape, Loc at) {
  void *to = nullptr;
  Tensor array = makeArray(dtype, sizesOf(count, shape, at), &to);
  if (count)
    std::memcpy(to, data, count * dtype.bytes());
  return array;
}
Tensor Tensor::viewBytes(const void *data, std::size_t count, DType dtype, const Shape &shape, Loc at) {
  auto value = std::make_shared<Value>();
  value->kind = Value::array;
  value->dtype = dtype;
  value->sizes = sizesOf(count, shape, at);
  value->shape = shape;
  value->data = data;
  return Tensor(std::shared_ptr<const Value>(std::move(value)));
}
Tensor Tensor::scalar(const Scalar &value, DType dtype, Loc at) {
  if (tracing())
    return number(value, dtype, "tensor", at);
  void *data = nullptr;
  Tensor array = makeArray(dtype, {}, &data);
  storeScalar(value, dtype, data, 0, "tensor", at);
  return array;
}
Tensor Tensor::complexScalar(std::complex<double> value, DType dtype, Loc at) {
  if (tracing())
    return complexNumber(value, dtype, "tensor", at);
  void *data = nullptr;
  Tensor array = makeArray(dtype, {}, &data);
  storeScalar(value.real(), dtype.real(), data, 0, "tensor", at);
  storeScalar(value.imag(), dtype.real(), data, 1, "tensor", at);
  return array;
}

// ---- host data out
static const Value &valueOf(const Tensor &x, const char *what, Loc at) {
  if (x.empty())
    throw Error(at, std::string(what) + ": the tensor is empty");
  return *x.value();
}
static const Value &arrayOf(const Tensor &x, const char *what, Loc at) {
  const Value &value = valueOf(x, what, at);
  settle(x, at);
  if (value.kind == Value::spec)
    throw Error(at,
                std::string(what) + ": " + x.str() + " is a spec without data: call initialize, or give it an array");
  if (value.kind == Value::traced)
    throw Error(at, std::string(what) + ": a traced value has no data yet", {"value is " + describeValue(x)});
  return value;
}
const void *Tensor::dataOf(DType dtype, Loc at) const {
  const Value &value = arrayOf(*this, "span", at);
  if (value.dtype != dtype)
    throw Error(at, "span: the elements are " + std::string(value.dtype.name()) + ", not " + dtype.name());
  return value.data;
}
std::size_t Tensor::count() const {
  return std::size_t(countOf(value_->sizes));
} // of an array: span has asked for its data
void Tensor::checkOne(Loc at) const {
  if (countOf(arrayOf(*this, "item", at).sizes) != 1)
    throw Error(at, "item: expected one element, found " + str());
}
double Tensor::itemValue(Loc at) const {
  const Value &value = arrayOf(*this, "item", at);
  checkOne(at);
  if (value.dtype.isComplex())
    throw Error(at, "item: the element is " + std::string(value.dtype.name()) + ": write item<std::complex<" +
                        (value.dtype == c64 ? "float" : "double") + ">>()");
  return loadNumber(value.dtype, value.data, 0);
}
std::int64_t Tensor::itemInteger(std::int64_t low, std::uint64_t high, Loc at) const {
  double real = itemValue(at);
  const Value &value = *value_;
  std::int64_t whole = value.dtype.isInteger() ? loadInteger(value.dtype, value.data, 0) : toInteger(real, i64);
  bool fits = whole < 0 ? whole >= low : std::uint64_t(whole) <= high;
  if (!value.dtype.isInteger()) // whole has the ends of i64 for what lies beyond them
    fits = fits && std::trunc(real) >= -0x1p63 && std::trunc(real) < 0x1p63;
  if (!fits)
    throw Error(at, "item: the element, " + (value.dtype.isInteger() ? std::to_string(whole) : std::to_string(real)) +
                        ", is outside " + std::to_string(low) + " to " + std::to_string(high) +
                        ", the range of the integer that was asked for: write item<" +
                        (value.dtype.isInteger() ? "long" : "double") + ">()");
  return whole;
}

bool Tensor::isConcrete() const { return value_ && (value_->kind == Value::array || value_->lazy || value_->failure); }
DType Tensor::dtype(Loc at) const { return valueOf(*this, "dtype", at).dtype; }
const Shape &Tensor::shape(Loc at) const { return valueOf(*this, "shape", at).shape; }
Dim Tensor::dim(int axis, Loc at) const {
  const Shape &dims = shape(at);
  return dims[axisOf("dim", axis, int(dims.size()), at)];
}
std::string Tensor::str() const {
  return value_ ? std::string(value_->dtype.name()) + " " + weft::str(value_->shape) : "empty";
}

int detail::axisOf(const char *op, int axis, int rank, Loc at) {
  int from = axis < 0 ? axis + rank : axis;
  if (from < 0 || from >= rank)
    throw Error(at, std::string(op) + ": axis " + std::to_string(axis) + " is outside of rank " + std::to_string(rank));
  return from;
}

std::string detail::describeValue(const Tensor &x) {
  if (x.empty())
    return "empty";
  const Value &value = *x.value();
  std::string text = x.str();
  if (!value.path.empty())
    text += value.at ? ", made at " + value.at.str() + " by " + value.path : ", argument " + value.path;
  else if (value.at)
    text += ", made at " + value.at.str();
  return text;
}
void detail::fail(Loc at, std::string message, std::initializer_list<std::pair<const char *, Tensor>> operands) {
  std::vector<std::string> notes;
  for (auto &[name, tensor] : operands)
    notes.push_back(std::string(name) + " is " + describeValue(tensor));
  throw Error(at, std::move(message), std::move(notes));
}
