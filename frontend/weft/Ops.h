// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Named ops. Each ends in the user's line. Functions that follow from the op records are printed by the generator (the
// first include in the namespace); what needs more of C++ than operands and attributes is written here. Axes may be
// negative: they count from the end.
#pragma once
#include "weft/Tree.h"
#include "weft/detail/Trace.h"
#include <limits>

namespace weft {

inline constexpr float infinity = std::numeric_limits<float>::infinity();

/// Axes of a reduction, or places of new axes.
struct Axes {
  std::vector<int> axes;
  Axes(int axis) : axes{axis} {}
  Axes(std::initializer_list<int> list) : axes(list) {}
};
/// `sum(x, 1, keep)`: the axes stay, with size 1.
struct Keep {
  bool value = false;
};
inline constexpr Keep keep{true};

#include "weft/Primitives.h.inc"

// ---- elementwise
/// a where p holds, else b; shapes broadcast.
Tensor select(const Operand &p, const Operand &a, const Operand &b);
Tensor square(const Tensor &x, Loc at = Loc::here());
Tensor reciprocal(const Tensor &x, Loc at = Loc::here());
Tensor relu(const Tensor &x, Loc at = Loc::here());
/// x Phi(x), with the error function.
Tensor gelu(const Tensor &x, Loc at = Loc::here());
/// The same by tanh: x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2.
Tensor gelu_tanh(const Tensor &x, Loc at = Loc::here());
Tensor silu(const Tensor &x, Loc at = Loc::here());
/// x where x > 0, else slope * x.
Tensor leaky_relu(const Tensor &x, double slope = 0.01, Loc at = Loc::here());
/// x where x > 0, else alpha (e^x - 1).
Tensor elu(const Tensor &x, double alpha = 1, Loc at = Loc::here());
/// x clamp(x + 3, 0, 6) / 6.
Tensor hard_swish(const Tensor &x, Loc at = Loc::here());
/// The first half of an axis times the sigmoid of the second.
Tensor glu(const Tensor &x, int axis = -1, Loc at = Loc::here());
Tensor clamp(const Tensor &x, const Operand &low, const Operand &high);
/// log(e^a + e^b), without overflow; of -inf and -inf it is -inf, with derivative 0.
Tensor logaddexp(const Operand &a, const Operand &b);
/// The quotient rounded down, and what is left, which has the sign of b: a = floor_divide(a, b) b + mod(a, b), as NumPy
/// and Python have them. Operators / and % of integers round towards zero, as in C++.
Tensor floor_divide(const Operand &a, const Operand &b);
Tensor mod(const Operand &a, const Operand &b);
Tensor bitcast(const Tensor &x, DType dtype, Loc at = Loc::here());

/// Where the derivative is sign(x), of real x; |z| of complex z, where it is z / |z|. Both are 0 at 0.
Tensor abs(const Tensor &x, Loc at = Loc::here());

// ---- complex numbers: c64 and c128. The gradient of a real loss L is dL/dRe + i dL/dIm.
/// re + i im of f32 (c64) or f64 (c128); shapes broadcast.
Tensor complex(const Operand &re, const Operand &im);
/// The parts; of a real tensor itself and zeros.
Tensor real(const Tensor &x, Loc at = Loc::here());
Tensor imag(const Tensor &x, Loc at = Loc::here());
Tensor conj(const Tensor &x, Loc at = Loc::here());
/// [...] complex as [..., 2] real, and back; a real tensor stays as it is.
Tensor as_real(const Tensor &x, Loc at = Loc::here());
Tensor as_complex(const Tensor &x, Loc at = Loc::here());

// ---- constants
Tensor full(const Shape &shape, const detail::Scalar &value, DType dtype = default_dtype(), Loc at = Loc::here());
Tensor zeros(const Shape &shape, DType dtype = default_dtype(), Loc at = Loc::here());
Tensor ones(const Shape &shape, DType dtype = default_dtype(), Loc at = Loc::here());
Tensor zeros_like(const Tensor &x, Loc at = Loc::here());
Tensor eye(const Dim &n, DType dtype = default_dtype(), Loc at = Loc::here());
/// 0, 1 ... n - 1 as i32.
Tensor iota(const Dim &n, DType dtype = i32, Loc at = Loc::here());
/// The values of a concrete tensor, frozen into the program.
Tensor constant(const Tensor &concrete, Loc at = Loc::here());
template <class T> Tensor constant(const std::vector<T> &values, Loc at = Loc::here()) {
  return constant(Tensor::copy(values, {Dim(values.size())}, at), at);
}
template <class T> Tensor constant(const std::vector<std::vector<T>> &rows, Loc at = Loc::here()) {
  std::vector<T> values;
  for (const auto &row : rows)
    values.insert(values.end(), row.begin(), row.end());
  return constant(Tensor::copy(values, {Dim(rows.size()), Dim(rows.empty() ? 0 : rows[0].size())}, at), at);
}
template <detail::Number T> Tensor constant(std::initializer_list<T> values, Loc at = Loc::here()) {
  return constant(std::vector<T>(values), at);
}

// ---- shapes
/// One dimension may be -1: what is left.
Tensor reshape(const Tensor &x, const Shape &shape, Loc at = Loc::here());
/// New axes of size 1 at these places of the result.
Tensor expand(const Tensor &x, const Axes &places, Loc at = Loc::here());
Tensor squeeze(const Tensor &x, const Axes &axes, Loc at = Loc::here());
Tensor broadcast_to(const Tensor &x, const Shape &shape, Loc at = Loc::here());
/// Swaps the last two axes.
Tensor transpose(const Tensor &x, Loc at = Loc::here());
Tensor concat(const std::vector<Tensor> &parts, int axis, Loc at = Loc::here());
/// Parts of one shape along a new axis.
Tensor stack(const std::vector<Tensor> &parts, int axis = 0, Loc at = Loc::here());
/// Trees of one type as one, each leaf with a new axis in front: runs side by side, as vmap takes them.
template <class T>
  requires(!std::is_base_of_v<Tensor, T>)
T stack(const std::vector<T> &trees, Loc at = Loc::here()) {
  if (trees.empty())
    throw Error(at, "stack: nothing to put together");
  T all = trees[0];
  detail::Walk into = detail::describe(all);
  std::vector<detail::Walk> each;
  for (const T &tree : trees) {
    each.push_back(detail::describe(tree));
    detail::checkSameTree(into, each.back(), "stack", at);
  }
  for (std::size_t i = 0; i < into.leaves.size(); ++i) {
    std::vector<Tensor> parts;
    for (const detail::Walk &tree : each)
      parts.push_back(*tree.leaves[i].tensor);
    if (!into.leaves[i].tensor->empty())
      *into.leaves[i].tensor = stack(parts, 0, at);
  }
  return all;
}
/// Elements start ... limit - 1 along an axis.
Tensor slice(const Tensor &x, int axis, const Dim &start, const Dim &limit, int stride = 1, Loc at = Loc::here());
/// Places in front of an axis and behind it, with the value; negative numbers take places away.
Tensor pad(const Tensor &x, int axis, const Dim &low, const Dim &high, const Operand &value = 0);

// ---- reductions, beside sum, max, min, prod, all_of, any_of; without axes, over all
#define WEFT_REDUCTION(name)                                                                                           \
  Tensor name(const Tensor &x, Loc at = Loc::here());                                                                  \
  Tensor name(const Tensor &x, const Axes &axes, Keep keep = {}, Loc at = Loc::here());
WEFT_REDUCTION(mean)
WEFT_REDUCTION(logsumexp)
/// The square root of the sum of squares; its gradient at 0 is 0.
WEFT_REDUCTION(norm)
#undef WEFT_REDUCTION
/// How a cumulative op goes along its axis.
struct Cumulative {
  bool exclusive = false; // without the element itself
  bool reverse = false;   // from the end
};
/// The sum of the elements up to each one, in their order; without an axis, in row-major order of all.
Tensor cumsum(const Tensor &x, Loc at = Loc::here());
Tensor cumsum(const Tensor &x, int axis, Cumulative how = {}, Loc at = Loc::here());
/// The product, the largest and the smallest of the elements up to each one. Gradients are right with zeros among the
/// elements of a product; that of an extreme goes to the first element that reached it.
Tensor cumprod(const Tensor &x, Loc at = Loc::here());
Tensor cumprod(const Tensor &x, int axis, Cumulative how = {}, Loc at = Loc::here());
Tensor cummax(const Tensor &x, Loc at = Loc::here());
Tensor cummax(const Tensor &x, int axis, Cumulative how = {}, Loc at = Loc::here());
Tensor cummin(const Tensor &x, Loc at = Loc::here());
Tensor cummin(const Tensor &x, int axis, Cumulative how = {}, Loc at = Loc::here());
/// log(e^x[0] + ... + e^x[i]), shifted by the largest so far: no e^x overflows.
Tensor cumlogsumexp(const Tensor &x, Loc at = Loc::here());
Tensor cumlogsumexp(const Tensor &x, int axis, Cumulative how = {}, Loc at = Loc::here());
/// y[i] = a[i] y[i - 1] + b[i] along an axis, from y = 0.
Tensor linear_recurrence(const Tensor &a, const Tensor &b, int axis, Cumulative how = {}, Loc at = Loc::here());
/// Elements of an axis in order, and where each of them was, as i32.
struct Sorted {
  Tensor values, indices;
};
struct SortOrder {
  bool descending = false;
};
/// Equal elements stay in their order; NaN comes last, whichever the order is.
Sorted sort(const Tensor &x, int axis = -1, SortOrder order = {}, Loc at = Loc::here());
/// The indices alone: take_along(x, argsort(x)) is sorted.
Tensor argsort(const Tensor &x, int axis = -1, SortOrder order = {}, Loc at = Loc::here());
struct SearchOptions {
  bool right = false; // behind elements that are equal, not in front of them
};
/// Where values belong in ascending order, as i32: in one row for all of them, or in rows with their leading axes. NaN
/// is the largest, as sort has it.
Tensor searchsorted(const Tensor &sorted, const Operand &values, SearchOptions options = {}, Loc at = Loc::here());
/// The k largest elements of an axis in descending order, and where each of them was. NaN counts as the largest, so
/// argmax is the first of the indices; of equal elements the first in the axis comes first. Over all elements:
/// top_k(reshape(x, {-1}), k).
Sorted top_k(const Tensor &x, const Dim &k, int axis = -1, Loc at = Loc::here());
/// Whether an element is one of the largest of an axis, in the order of top_k: how many of these there are is said by a
/// tensor of i32 with x's other axes, or by one number for all. A negative count keeps none, a large one all.
Tensor top_k_mask(const Tensor &x, const Operand &counts, int axis = -1, Loc at = Loc::here());
Tensor log_softmax(const Tensor &x, int axis = -1, Loc at = Loc::here());
/// Scaled to length 1 along an axis.
Tensor normalize(const Tensor &x, int axis = -1, Loc at = Loc::here());

// ---- products
Tensor matmul(const Tensor &a, const Tensor &b, Loc at = Loc::here());
/// Labels of the operands and of the result, "bij,bjk->bik", with the user's line. A label twice in an operand stands
/// for its diagonal ("ii->i"); "..." for any dimensions, which broadcast from the right ("...ij,jk->...ik").
struct Spec {
  std::string text;
  Loc at;
  Spec(const char *text, Loc at = Loc::here()) : text(text), at(at) {}
};
namespace detail {
Tensor contractAll(const Spec &spec, std::vector<Tensor> operands);
}
/// The sum over labels that the result lacks of the product of all; several operands are contracted from left to right.
template <class... T> Tensor contract(const Spec &spec, const T &...operands) {
  return detail::contractAll(spec, {Tensor(operands)...});
}

/// The elements x[..., i, i + offset] of the last two axes, or of others, as the last axis.
Tensor diagonal(const Tensor &x, int offset = 0, int axis1 = -2, int axis2 = -1, Loc at = Loc::here());
/// Of a vector the matrix that has it on that diagonal, and zeros elsewhere; of a matrix its diagonal.
Tensor diag(const Tensor &x, int offset = 0, Loc at = Loc::here());
/// The sum of a diagonal.
Tensor trace(const Tensor &x, int offset = 0, int axis1 = -2, int axis2 = -1, Loc at = Loc::here());

// ---- indexing, beside take and take_along; an index outside its dimension is an error of the call
/// One slice for each place in front of the axis, x[b, i[b], ...]; i may have more axes in front: x[j, i[b, j]].
Tensor pick(const Tensor &x, const Tensor &i, int axis, Loc at = Loc::here());
/// How a place outside is met.
struct UpdateOptions {
  bool skip_negative = false; // an index below 0 sets nothing
};
/// x with the values v at run-time places of an axis. A scalar i: v is a slice with x's axes, which begins there, or
/// one without the axis, as row i. A tensor i: v has the axes of i in place of the axis; of equal indices the last one
/// in row-major order stays. An index outside is an error of the call. Where x is state that nobody reads any more, or
/// dies here, only what is set is written.
Tensor update(const Tensor &x, const Operand &i, const Tensor &v, int axis = 0, UpdateOptions options = {},
              Loc at = Loc::here());
/// The same with an index for each update: y[b, i[b, j, c], c] = v[b, j, c] for axis 1.
Tensor scatter_set_along(const Tensor &x, const Tensor &i, const Tensor &v, int axis = -1, Loc at = Loc::here());
/// `size` places of an axis from a run-time one; a place outside is an error of the call, nothing is moved inside.
Tensor dynamic_slice(const Tensor &x, const Operand &start, const Dim &size, int axis, Loc at = Loc::here());
/// The same of all axes: starts and sizes, one of each for each axis.
Tensor dynamic_slice(const Tensor &x, const std::vector<Operand> &starts, const Shape &sizes, Loc at = Loc::here());
/// How often each of 0 ... n - 1 occurs, as i32; an index outside is an error of the call.
Tensor bincount(const Tensor &i, const Dim &n, Loc at = Loc::here());
/// The sum of the weights at each of 0 ... n - 1.
Tensor bincount(const Tensor &i, const Dim &n, const Tensor &weights, Loc at = Loc::here());
/// Slices of an axis that have the same id in 0 ... n - 1, in any order, combined into one; the result has n of them. A
/// segment without a slice is 0, in a maximum -inf, in a minimum inf (of integers the least or the largest). An id
/// outside is an error of the call.
Tensor segment_sum(const Tensor &x, const Tensor &ids, const Dim &n, int axis = 0, Loc at = Loc::here());
Tensor segment_mean(const Tensor &x, const Tensor &ids, const Dim &n, int axis = 0, Loc at = Loc::here());
Tensor segment_max(const Tensor &x, const Tensor &ids, const Dim &n, int axis = 0, Loc at = Loc::here());
Tensor segment_min(const Tensor &x, const Tensor &ids, const Dim &n, int axis = 0, Loc at = Loc::here());
/// Elements that a mask keeps, brought to the front of `capacity` places in their order.
struct Compacted {
  Tensor values;  // and 0 behind them
  Tensor indices; // where each was in row-major order, i32; and 0 behind them
  Tensor count;   // how many the mask keeps, i32: if these are more than `capacity`, the first of them are there
};
/// The elements of x, in row-major order, where the mask holds.
Compacted compact(const Tensor &x, const Tensor &mask, const Dim &capacity, Loc at = Loc::here());
/// The elements of x that are not 0 (NaN is not).
Compacted nonzero(const Tensor &x, const Dim &capacity, Loc at = Loc::here());
Tensor one_hot(const Tensor &i, const Dim &n, DType dtype = default_dtype(), Loc at = Loc::here());

} // namespace weft
