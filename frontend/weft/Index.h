// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// x(i, all, range(1, 4)): a part of a tensor, read and assigned.
#pragma once
#include "weft/Ops.h"

namespace weft {

namespace detail {
struct All {};
struct Ellipsis {};
struct NewAxis {};
struct Range {
  Dim start = 0, limit = 0;
  int stride = 1;
  bool toEnd = false;
};
} // namespace detail
/// A whole axis.
inline constexpr detail::All all{};
/// All axes that the other indices leave: x(ellipsis, 0).
inline constexpr detail::Ellipsis ellipsis{};
/// A new axis of size 1.
inline constexpr detail::NewAxis newaxis{};
/// The last place of an axis.
inline constexpr int last = -1;

/// Places start, start + stride ... in front of limit. Negative numbers count from the end of the axis.
inline detail::Range range(const Dim &limit) { return {0, limit}; }
inline detail::Range range(const Dim &start, const Dim &limit, int stride = 1) { return {start, limit, stride}; }
/// Places from start to the end.
inline detail::Range from(const Dim &start, int stride = 1) { return {start, 0, stride, true}; }

/// One index of x(...), with the line of the user.
struct IndexItem {
  enum Kind { number_, tensor_, range_, newaxis_, ellipsis_ };
  template <class T>
    requires std::is_integral_v<T>
  IndexItem(T i, Loc at = Loc::here()) : index(i, at), at(at) {}
  IndexItem(const Tensor &i, Loc at = Loc::here()) : kind(tensor_), index(i, at), at(at) {}
  IndexItem(const detail::Range &r, Loc at = Loc::here()) : kind(range_), range(r), at(at) {}
  IndexItem(detail::All, Loc at = Loc::here()) : kind(range_), range{0, 0, 1, true}, at(at) {}
  IndexItem(detail::NewAxis, Loc at = Loc::here()) : kind(newaxis_), at(at) {}
  IndexItem(detail::Ellipsis, Loc at = Loc::here()) : kind(ellipsis_), at(at) {}
  Kind kind = number_;
  Index index{0, Loc()};
  detail::Range range;
  Loc at;
};

namespace detail {
Tensor readAt(const Tensor &x, std::span<const IndexItem> items);
Tensor assignedAt(const Tensor &x, std::span<const IndexItem> items, const Operand &value);
} // namespace detail

/// What x(...) of a variable is: the part's value, and a place to assign to. `x(i) = v` gives x the values v there, as
/// `x = ...` would: other tensors keep theirs.
class Indexed : public Tensor {
public:
  Indexed() = default;
  Indexed(Tensor &whole, std::vector<IndexItem> items)
      : Tensor(detail::readAt(whole, items)), whole_(&whole), items_(std::move(items)) {}
  void operator=(const Operand &v) && { *whole_ = detail::assignedAt(*whole_, items_, v); }
  void operator=(const Indexed &v) && { *whole_ = detail::assignedAt(*whole_, items_, Operand(v, items_[0].at)); }
  Indexed(const Indexed &) = default;
  // A variable that holds a part is a tensor of its own.
  Indexed &operator=(const Tensor &v) & {
    Tensor::operator=(v);
    return *this;
  }
  void operator+=(const Operand &v) && { change(Operand(*this, v.at) + v); }
  void operator-=(const Operand &v) && { change(Operand(*this, v.at) - v); }
  void operator*=(const Operand &v) && { change(Operand(*this, v.at) * v); }
  void operator/=(const Operand &v) && { change(Operand(*this, v.at) / v); }

private:
  void change(const Tensor &v) { *whole_ = detail::assignedAt(*whole_, items_, Operand(v, items_[0].at)); }
  Tensor *whole_ = nullptr;
  std::vector<IndexItem> items_;
};

#define WEFT_INDEXED(parameters, ...)                                                                                  \
  inline Indexed Tensor::operator() parameters & { return Indexed(*this, {__VA_ARGS__}); }                             \
  inline Tensor Tensor::operator() parameters const & {                                                                \
    return detail::readAt(*this, std::vector<IndexItem>{__VA_ARGS__});                                                 \
  }
WEFT_INDEXED((const IndexItem &a), a)
WEFT_INDEXED((const IndexItem &a, const IndexItem &b), a, b)
WEFT_INDEXED((const IndexItem &a, const IndexItem &b, const IndexItem &c), a, b, c)
WEFT_INDEXED((const IndexItem &a, const IndexItem &b, const IndexItem &c, const IndexItem &d), a, b, c, d)
WEFT_INDEXED((const IndexItem &a, const IndexItem &b, const IndexItem &c, const IndexItem &d, const IndexItem &e), a, b,
             c, d, e)
WEFT_INDEXED((const IndexItem &a, const IndexItem &b, const IndexItem &c, const IndexItem &d, const IndexItem &e,
              const IndexItem &f),
             a, b, c, d, e, f)
#undef WEFT_INDEXED

// ---- parts and arrangements
/// Parts of these sizes along an axis; one number: parts of equal size.
std::vector<Tensor> split(const Tensor &x, const std::vector<Dim> &sizes, int axis = 0, Loc at = Loc::here());
std::vector<Tensor> split(const Tensor &x, int parts, int axis = 0, Loc at = Loc::here());
/// The slices along an axis, without it: the inverse of stack.
std::vector<Tensor> unbind(const Tensor &x, int axis = 0, Loc at = Loc::here());
/// Places move along an axis by shift, and come in again at the other end.
Tensor roll(const Tensor &x, int shift, int axis, Loc at = Loc::here());
/// Axes first ... last become one.
Tensor flatten(const Tensor &x, int first = 0, int last = -1, Loc at = Loc::here());
/// Each place of an axis count times: [a, b] as [a, a, b, b].
Tensor repeat(const Tensor &x, int count, int axis, Loc at = Loc::here());
/// The whole tensor so many times along each axis: [a, b] as [a, b, a, b].
Tensor tile(const Tensor &x, const std::vector<int> &counts, Loc at = Loc::here());
/// Of vectors, the coordinates of the points of their grid, a tensor for each: the first vector goes along axis 0.
std::vector<Tensor> meshgrid(const std::vector<Tensor> &vectors, Loc at = Loc::here());
/// The elements on and below a diagonal of the last two axes, zeros elsewhere; on and above.
Tensor tril(const Tensor &x, int diagonal = 0, Loc at = Loc::here());
Tensor triu(const Tensor &x, int diagonal = 0, Loc at = Loc::here());
/// select under its other name.
inline Tensor where(const Operand &p, const Operand &a, const Operand &b) { return select(p, a, b); }
/// contract under its other name.
template <class... T> Tensor einsum(const Spec &spec, const T &...operands) { return contract(spec, operands...); }

} // namespace weft
