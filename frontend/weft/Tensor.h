// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The tensor handle, and the leaves of a model: Param and Buffer.
#pragma once
#include "weft/Shape.h"
#include <concepts>
#include <iterator>
#include <limits>
#include <memory>
#include <span>
#include <type_traits>
#include <utility>

namespace weft {

namespace detail {
struct Value;
template <class T>
concept Number = std::is_arithmetic_v<T>;
/// A C++ number as it was written: no integer goes through a double.
struct Scalar {
  enum Kind { truth, integer, natural, real } kind = integer; // natural: an integer of 64 bits without a sign
  double value = 0;                                           // of real
  std::int64_t whole = 0;                                     // of the others; of natural its bits
  Scalar() = default;
  template <Number T>
  Scalar(T v)
      : kind(std::is_same_v<T, bool>                               ? truth
             : std::is_floating_point_v<T>                         ? real
             : std::is_unsigned_v<T> && sizeof(T) == sizeof(whole) ? natural
                                                                   : integer) {
    if constexpr (std::is_floating_point_v<T>)
      value = double(v);
    else
      whole = std::int64_t(v);
  }
};
template <class R>
concept Contiguous = requires(const R &r) {
  { std::data(r) };
  { std::size(r) };
};
} // namespace detail

struct Index;
struct IndexItem;
class Indexed;

/// An immutable tensor, copied in O(1). It is one of three: abstract (a spec: `f32({B, 64})`), concrete (data of the
/// host) or traced (a value of the function being traced). `x += y` rebinds x alone.
class Tensor {
public:
  Tensor() = default;
  // Out of line: a model is many tensors, and its copies are made in many places.
  Tensor(const Tensor &);
  Tensor(Tensor &&) noexcept;
  Tensor &operator=(const Tensor &) &;
  Tensor &operator=(Tensor &&) & noexcept;
  /// What an op returns is a value: to assign to it would change nothing.
  template <class T> void operator=(T &&) && {
    static_assert(!sizeof(T),
                  "weft: this assigns to a temporary and changes nothing, for a tensor is a value. In place "
                  "of x[i] = v write x(i) = v");
  }
  ~Tensor();
  /// A number: a constant in a trace, a scalar array outside one. int is i32, float and double are default_dtype(),
  /// bool is i1, and integers of 64 bits are i64. A number that its type cannot hold is an error.
  template <detail::Number T>
  Tensor(T value, Loc at = Loc::here())
      : Tensor(scalar(value,
                      std::is_same_v<T, bool>       ? i1
                      : std::is_floating_point_v<T> ? default_dtype()
                      : sizeof(T) > 4               ? i64
                                                    : i32,
                      at)) {}
  /// c64 of complex<float>, c128 of complex<double>.
  template <std::floating_point T>
  Tensor(std::complex<T> value, Loc at = Loc::here())
      : Tensor(
            complexScalar({double(value.real()), double(value.imag())}, detail::dtypeOf<std::complex<T>>::value, at)) {}
  explicit Tensor(std::shared_ptr<const detail::Value> value) : value_(std::move(value)) {}

  /// Host data in: the values are copied.
  template <detail::Contiguous R> static Tensor copy(const R &data, const Shape &shape, Loc at = Loc::here()) {
    using T = std::remove_cvref_t<decltype(*std::data(data))>;
    return copyBytes(std::data(data), std::size(data), detail::dtypeOf<T>::value, shape, at);
  }
  template <class T> static Tensor copy(std::initializer_list<T> data, const Shape &shape, Loc at = Loc::here()) {
    return copyBytes(data.begin(), data.size(), detail::dtypeOf<T>::value, shape, at);
  }
  /// Host data in, borrowed: it must live, unchanged, as long as the tensor is in use.
  template <detail::Contiguous R> static Tensor view(const R &data, const Shape &shape, Loc at = Loc::here()) {
    using T = std::remove_cvref_t<decltype(*std::data(data))>;
    return viewBytes(std::data(data), std::size(data), detail::dtypeOf<T>::value, shape, at);
  }
  /// Elements of a type that C++ lacks (bf16, f16) as raw bytes.
  static Tensor copyBytes(const void *data, std::size_t count, DType dtype, const Shape &shape, Loc at = Loc::here());
  static Tensor viewBytes(const void *data, std::size_t count, DType dtype, const Shape &shape, Loc at = Loc::here());

  /// Host data out: row-major, valid while this tensor (or a copy of it) lives.
  template <class T> std::span<const T> span(Loc at = Loc::here()) const {
    return {static_cast<const T *>(dataOf(detail::dtypeOf<T>::value, at)), count()};
  }
  /// The only element, converted to T as `cast` converts; but a whole number that T cannot hold is an error.
  template <class T> T item(Loc at = Loc::here()) const {
    if constexpr (requires(T v) { v.imag(); })
      return onlyOf(span<T>(at), at);
    else if constexpr (std::is_same_v<T, bool>)
      return itemValue(at) != 0;
    else if constexpr (std::is_floating_point_v<T>)
      return T(itemValue(at));
    else
      return T(itemInteger(std::is_signed_v<T> ? std::int64_t(std::numeric_limits<T>::min()) : 0,
                           std::uint64_t(std::numeric_limits<T>::max()), at));
  }

  bool empty() const { return !value_; }
  bool isConcrete() const;
  DType dtype(Loc at = Loc::here()) const;
  const Shape &shape(Loc at = Loc::here()) const;
  int rank(Loc at = Loc::here()) const { return int(shape(at).size()); }
  /// Negative axes count from the end.
  Dim dim(int axis, Loc at = Loc::here()) const;
  /// x[i] drops the first axis; i is a number or an i32 tensor.
  Tensor operator[](const Index &index) const;
  /// x(i, all, range(1, 4)): a part, one index for each axis, those that are left out whole. Of a variable it can be
  /// assigned: x(all, 0) = v. weft/Index.h says what may be an index.
  Indexed operator()(const IndexItem &a) &;
  Tensor operator()(const IndexItem &a) const &;
  Indexed operator()(const IndexItem &a, const IndexItem &b) &;
  Tensor operator()(const IndexItem &a, const IndexItem &b) const &;
  Indexed operator()(const IndexItem &a, const IndexItem &b, const IndexItem &c) &;
  Tensor operator()(const IndexItem &a, const IndexItem &b, const IndexItem &c) const &;
  Indexed operator()(const IndexItem &a, const IndexItem &b, const IndexItem &c, const IndexItem &d) &;
  Tensor operator()(const IndexItem &a, const IndexItem &b, const IndexItem &c, const IndexItem &d) const &;
  Indexed operator()(const IndexItem &a, const IndexItem &b, const IndexItem &c, const IndexItem &d,
                     const IndexItem &e) &;
  Tensor operator()(const IndexItem &a, const IndexItem &b, const IndexItem &c, const IndexItem &d,
                    const IndexItem &e) const &;
  Indexed operator()(const IndexItem &a, const IndexItem &b, const IndexItem &c, const IndexItem &d, const IndexItem &e,
                     const IndexItem &f) &;
  Tensor operator()(const IndexItem &a, const IndexItem &b, const IndexItem &c, const IndexItem &d, const IndexItem &e,
                    const IndexItem &f) const &;
  /// "f32 [64, 10]"
  std::string str() const;
  const std::shared_ptr<const detail::Value> &value() const { return value_; }

private:
  static Tensor scalar(const detail::Scalar &value, DType dtype, Loc at);
  static Tensor complexScalar(std::complex<double> value, DType dtype, Loc at);
  template <class T> T onlyOf(std::span<const T> all, Loc at) const {
    checkOne(at);
    return all[0];
  }
  void checkOne(Loc at) const;
  const void *dataOf(DType dtype, Loc at) const;
  double itemValue(Loc at) const;
  std::int64_t itemInteger(std::int64_t low, std::uint64_t high, Loc at) const;
  std::size_t count() const;
  std::shared_ptr<const detail::Value> value_;
};

/// How a Param or a Buffer begins.
struct Init {
  enum Kind { constant, lecun, normal, uniform, linspace, xavier, kaiming, siren, truncated, log_uniform };
  Kind kind = constant;
  double a = 0, b = 0;
  constexpr bool operator==(const Init &) const = default;
};
namespace init {
inline constexpr Init zeros{Init::constant, 0, 0};
/// Normal with variance 1 / fan-in: all dimensions but the last.
inline constexpr Init lecun{Init::lecun, 0, 0};
constexpr Init constant(double value) { return {Init::constant, value, 0}; }
constexpr Init normal(double deviation) { return {Init::normal, 0, deviation}; }
constexpr Init uniform(double low, double high) { return {Init::uniform, low, high}; }
/// Variance 2 / (fan-in + fan-out), and 2 / fan-in for what a relu follows; as normal or as uniform numbers. Fan-out:
/// the last dimension, times all in front of the last two.
inline constexpr Init xavier_normal{Init::xavier, 0, 0}, xavier_uniform{Init::xavier, 1, 0};
inline constexpr Init kaiming_normal{Init::kaiming, 0, 0}, kaiming_uniform{Init::kaiming, 1, 0};
/// Of networks with sines between their layers, sin(w0 (x w + b)): uniform within sqrt(6 / fan-in) / w0, and within
/// 1 / fan-in in the first layer.
constexpr Init siren(double w0 = 30) { return {Init::siren, w0, 0}; }
inline constexpr Init siren_first{Init::siren, 0, 0};
/// Normal, of the numbers within two deviations.
constexpr Init truncated_normal(double deviation) { return {Init::truncated, 0, deviation}; }
/// The logarithm is uniform, between two positive numbers.
constexpr Init log_uniform(double low, double high) { return {Init::log_uniform, low, high}; }
/// Evenly spaced along the last axis, both ends included.
constexpr Init linspace(double first, double last) { return {Init::linspace, first, last}; }
} // namespace init

namespace detail {
std::uint64_t nextOrigin();
/// A tensor with a role in its tree. The initialiser stays with the leaf, whatever value it is given.
struct RoleLeaf : Tensor {
  Init init;
  /// Which leaf this one was made as: a copy's is that of what it copies.
  std::uint64_t origin = 0;
  RoleLeaf() = default;
  RoleLeaf(const Tensor &value, Init init) : Tensor(value), init(init), origin(nextOrigin()) {}
  void set(const Tensor &value);
};
} // namespace detail

/// A trained leaf: `Param w{{in, out}, init::lecun}`.
struct Param : detail::RoleLeaf {
  Param() = default;
  Param(std::initializer_list<Dim> shape, Init init = init::lecun) : RoleLeaf(default_dtype()(shape), init) {}
  Param(const Tensor &spec, Init init = init::lecun) : RoleLeaf(spec, init) {}
  Param &operator=(const Tensor &value) {
    set(value);
    return *this;
  }
};

/// A leaf that steps assign and nobody differentiates.
struct Buffer : detail::RoleLeaf {
  Buffer() = default;
  Buffer(std::initializer_list<Dim> shape, Init init = init::zeros) : RoleLeaf(default_dtype()(shape), init) {}
  Buffer(const Tensor &spec, Init init = init::zeros) : RoleLeaf(spec, init) {}
  Buffer &operator=(const Tensor &value) {
    set(value);
    return *this;
  }
};

/// The index of `x[i]`, with the line of the user.
struct Index {
  Tensor tensor;
  std::int64_t number = 0;
  Loc at;
  template <class T>
    requires std::is_integral_v<T>
  Index(T i, Loc at = Loc::here()) : number(std::int64_t(i)), at(at) {
    if (std::is_unsigned_v<T> && number < 0) // i - 1 of an unsigned 0 is no place from the end
      number = std::numeric_limits<std::int64_t>::max();
  }
  Index(const Tensor &i, Loc at = Loc::here()) : tensor(i), at(at) {}
};

/// One side of an operator. A converting constructor may have default arguments where an operator may not: so operators
/// know their line.
class Operand {
public:
  enum Kind { tensor_, number_, dim_, complex_ };
  Operand(const Tensor &x, Loc at = Loc::here()) : kind(tensor_), tensor(x), at(at) {}
  Operand(const weft::Dim &d, Loc at = Loc::here()) : kind(dim_), dim(d), at(at) {}
  template <detail::Number T> Operand(T v, Loc at = Loc::here()) : kind(number_), number(v), at(at) {}
  /// Makes a complex tensor of a real one on the other side, of its precision.
  template <std::floating_point T>
  Operand(std::complex<T> v, Loc at = Loc::here())
      : kind(complex_), complex(double(v.real()), double(v.imag())), at(at) {}
  Kind kind;
  Tensor tensor;
  weft::Dim dim;
  detail::Scalar number;
  std::complex<double> complex;
  Loc at;
};

// Shapes broadcast as in NumPy; element types must be equal, and a C++ number takes the other side's. Real and complex
// tensors of one precision (f32 and c64, f64 and c128) mix.
Tensor operator+(const Operand &a, const Operand &b);
Tensor operator-(const Operand &a, const Operand &b);
Tensor operator*(const Operand &a, const Operand &b);
Tensor operator/(const Operand &a, const Operand &b);
Tensor operator%(const Operand &a, const Operand &b);
Tensor operator^(const Operand &a, const Operand &b);
Tensor operator<(const Operand &a, const Operand &b);
Tensor operator<=(const Operand &a, const Operand &b);
Tensor operator>(const Operand &a, const Operand &b);
Tensor operator>=(const Operand &a, const Operand &b);
Tensor operator==(const Operand &a, const Operand &b);
Tensor operator!=(const Operand &a, const Operand &b);
Tensor operator&&(const Operand &a, const Operand &b);
Tensor operator||(const Operand &a, const Operand &b);
Tensor operator-(const Operand &a);
Tensor operator!(const Operand &a);
Tensor &operator+=(Tensor &a, const Operand &b);
Tensor &operator-=(Tensor &a, const Operand &b);
Tensor &operator*=(Tensor &a, const Operand &b);
Tensor &operator/=(Tensor &a, const Operand &b);
// `x[i] += v` would change a temporary.
#define WEFT_NO_TEMPORARY(op)                                                                                          \
  template <class T>                                                                                                   \
    requires std::is_same_v<T, Tensor>                                                                                 \
  void operator op(T &&, const Operand &) {                                                                            \
    static_assert(!sizeof(T), "weft: this assigns to a temporary and changes nothing, for a tensor is a value. In "    \
                              "place of x[i] += v write x(i) += v");                                                   \
  }
WEFT_NO_TEMPORARY(+=)
WEFT_NO_TEMPORARY(-=)
WEFT_NO_TEMPORARY(*=)
WEFT_NO_TEMPORARY(/=)
#undef WEFT_NO_TEMPORARY

} // namespace weft
