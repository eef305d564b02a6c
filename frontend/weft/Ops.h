// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Named ops. Each ends in the user's line. Elementwise functions of one operand come from the op records by the
// generator; what needs more of C++ than operands and attributes is written here. Axes may be negative: they count from
// the end.
#pragma once
#include "weft/Tree.h"
#include "weft/detail/Trace.h"
#include <limits>

namespace weft {

#include "weft/Primitives.h.inc"

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

// ---- elementwise
Tensor maximum(const Operand &a, const Operand &b);
Tensor minimum(const Operand &a, const Operand &b);
Tensor pow(const Operand &a, const Operand &b);
Tensor operator^(const Operand &a, const Operand &b);
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
Tensor clamp(const Tensor &x, const Operand &low, const Operand &high);
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
Tensor full(const Shape &shape, const detail::Scalar &value, DType dtype = f32, Loc at = Loc::here());
Tensor zeros(const Shape &shape, DType dtype = f32, Loc at = Loc::here());
Tensor ones(const Shape &shape, DType dtype = f32, Loc at = Loc::here());
Tensor zeros_like(const Tensor &x, Loc at = Loc::here());
Tensor eye(const Dim &n, DType dtype = f32, Loc at = Loc::here());
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
Tensor transpose(const Tensor &x, const std::vector<int> &permutation, Loc at = Loc::here());
Tensor concat(const std::vector<Tensor> &parts, int axis, Loc at = Loc::here());
/// Parts of one shape along a new axis.
Tensor stack(const std::vector<Tensor> &parts, int axis = 0, Loc at = Loc::here());
/// Elements start ... limit - 1 along an axis.
Tensor slice(const Tensor &x, int axis, const Dim &start, const Dim &limit, int stride = 1, Loc at = Loc::here());
Tensor pad(const Tensor &x, int axis, const Dim &low, const Dim &high, const Operand &value = 0);
Tensor flip(const Tensor &x, const Axes &axes, Loc at = Loc::here());

// ---- reductions; without axes, over all
#define WEFT_REDUCTION(name)                                                                                           \
  Tensor name(const Tensor &x, Loc at = Loc::here());                                                                  \
  Tensor name(const Tensor &x, const Axes &axes, Keep keep = {}, Loc at = Loc::here());
WEFT_REDUCTION(sum)
WEFT_REDUCTION(mean)
WEFT_REDUCTION(max)
WEFT_REDUCTION(min)
WEFT_REDUCTION(prod)
WEFT_REDUCTION(all_of)
WEFT_REDUCTION(any_of)
WEFT_REDUCTION(logsumexp)
/// The square root of the sum of squares; its gradient at 0 is 0.
WEFT_REDUCTION(norm)
#undef WEFT_REDUCTION
/// The index of the largest element, as i32, the lowest on ties; without an axis, in row-major order of all.
Tensor argmax(const Tensor &x, Loc at = Loc::here());
Tensor argmax(const Tensor &x, int axis, Keep keep = {}, Loc at = Loc::here());
Tensor argmin(const Tensor &x, Loc at = Loc::here());
Tensor argmin(const Tensor &x, int axis, Keep keep = {}, Loc at = Loc::here());
Tensor softmax(const Tensor &x, int axis = -1, Loc at = Loc::here());
Tensor log_softmax(const Tensor &x, int axis = -1, Loc at = Loc::here());
/// Scaled to length 1 along an axis.
Tensor normalize(const Tensor &x, int axis = -1, Loc at = Loc::here());

// ---- products
Tensor matmul(const Tensor &a, const Tensor &b, Loc at = Loc::here());
/// Labels of the operands and of the result, "bij,bjk->bik", with the user's line.
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

// ---- indexing; an index outside its dimension is an error of the call
/// Slices at indices: shape x[:axis] + i.shape + x[axis + 1:].
Tensor take(const Tensor &x, const Tensor &i, int axis = 0, Loc at = Loc::here());
/// x[b, i[b, j], c] for axis 1.
Tensor take_along(const Tensor &x, const Tensor &i, int axis = -1, Loc at = Loc::here());
/// One slice for each place in front of the axis, x[b, i[b], ...]; i may have more axes in front: x[j, i[b, j]].
Tensor pick(const Tensor &x, const Tensor &i, int axis, Loc at = Loc::here());
Tensor one_hot(const Tensor &i, const Dim &n, DType dtype = f32, Loc at = Loc::here());
/// x with updates added to its slices at i.
Tensor scatter_add(const Tensor &x, const Tensor &i, const Tensor &updates, int axis = 0, Loc at = Loc::here());
Tensor scatter_add_along(const Tensor &x, const Tensor &i, const Tensor &updates, int axis = -1, Loc at = Loc::here());

// ---- losses
enum class Reduction { none, sum, mean };
/// -log softmax(logits)[label] of rows: logits [..., C], labels i32 [...].
Tensor cross_entropy(const Tensor &logits, const Tensor &labels, Reduction reduction = Reduction::mean,
                     Loc at = Loc::here());
Tensor bce_with_logits(const Tensor &logits, const Tensor &targets, Reduction reduction = Reduction::none,
                       Loc at = Loc::here());
Tensor mse(const Tensor &prediction, const Tensor &target, Reduction reduction = Reduction::mean, Loc at = Loc::here());

} // namespace weft
