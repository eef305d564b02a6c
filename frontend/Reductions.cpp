// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Reductions, and what goes along an axis.
#include "Value.h"
#include <algorithm>
#include <array>
#include <numeric>

using namespace weft;
using namespace weft::detail;

std::int64_t detail::axisOfOperand(const char *op, int axis, const Tensor &operand, Loc at) {
  requireValue(operand, op, "operand", at);
  return axisOf(op, axis, operand.rank(), at);
}
std::vector<std::int64_t> detail::permutationOfOperand(const char *op, const std::vector<int> &order,
                                                       const Tensor &operand, Loc at) {
  requireValue(operand, op, "operand", at);
  std::vector<std::int64_t> list;
  for (int axis : order)
    list.push_back(axisOf(op, axis, operand.rank(), at));
  return list;
}
std::vector<std::int64_t> detail::axesOfOperand(const char *op, const Axes &axes, const Tensor &operand, Loc at) {
  std::vector<std::int64_t> list = permutationOfOperand(op, axes.axes, operand, at);
  std::sort(list.begin(), list.end());
  if (std::adjacent_find(list.begin(), list.end()) != list.end())
    fail(at, std::string(op) + ": an axis is named twice", {{"operand", operand}});
  return list;
}

/// The axes of a reduction: those given, else all.
static std::vector<std::int64_t> axesOf(const char *op, const Tensor &x, const Axes *axes, Loc at) {
  if (axes)
    return axesOfOperand(op, *axes, x, at);
  requireValue(x, op, "operand", at);
  std::vector<std::int64_t> list(std::size_t(x.rank()));
  std::iota(list.begin(), list.end(), 0);
  return list;
}

/// In the type that sums accumulate in: f32 for f16 and bf16.
static Tensor accumulable(const Tensor &x, Loc at) {
  return x.dtype() == f16 || x.dtype() == bf16 ? cast(x, f32, at) : x;
}

static Tensor kept(const Tensor &reduced, const Tensor &x, const std::vector<std::int64_t> &axes, Keep keep, Loc at) {
  if (!keep.value)
    return reduced;
  Shape shape = x.shape();
  for (std::int64_t axis : axes)
    shape[axis] = 1;
  return reshape(reduced, shape, at);
}

/// Without axes of size 1.
static Tensor dropped(const Tensor &x, const std::vector<std::int64_t> &axes, Loc at) {
  Axes gone(0);
  gone.axes.assign(axes.begin(), axes.end());
  return squeeze(x, gone, at);
}

Tensor detail::reduce(const char *name, const char *op, const Tensor &x, const Axes *axes, Keep keep, Loc at) {
  std::vector<std::int64_t> list = axesOf(name, x, axes, at);
  if (list.empty())
    return x;
  return kept(emit(op, {x}, {{"axes", list}}, at), x, list, keep, at);
}

static Tensor meanOf(const Tensor &x, const Axes *axes, Keep keep, Loc at) {
  std::vector<std::int64_t> list = axesOf("mean", x, axes, at);
  if (!x.dtype().isInexact())
    fail(at, "mean: expected a floating type, found " + x.str() + ": write cast(x, f32)", {{"operand", x}});
  Dim count = 1;
  for (std::int64_t axis : list)
    count *= x.shape()[axis];
  // The sum and the count may be beyond a narrow type where the mean is not.
  Tensor total = reduce("mean", "weft.reduce_sum", accumulable(x, at), axes, keep, at);
  return cast(Operand(total, at) / Operand(count, at), x.dtype(), at);
}

namespace {
/// What logsumexp and log_softmax share. All but x keep the axes, with size 1.
struct Shifted {
  Tensor x;    // less the largest element, in f32 at least: what a row is shifted by costs no digits
  Tensor top;  // that element, or 0 where it is infinite: a row of -inf alone is not shifted by an infinity
  Tensor none; // whether no element has a probability, as in a row of -inf alone
  Tensor log;  // of the sum of e^x; 0 where there is none, so that no derivative is 0 times infinity
};
} // namespace
static Shifted shiftedBy(const char *name, const Tensor &x, const Axes *axes, Loc at) {
  auto o = [&](auto &&v) { return Operand(v, at); };
  Tensor h = cast(x, computeType(x.dtype()), at);
  Tensor top = detail::stopGradient(reduce(name, "weft.reduce_max", h, axes, weft::keep, at), at);
  top = select(o(o(abs(top, at)) == o(infinity)), o(0), o(top));
  Tensor shifted = o(h) - o(top);
  Tensor sum = reduce(name, "weft.reduce_sum", exp(shifted, at), axes, weft::keep, at);
  Tensor none = o(sum) == o(0);
  return {shifted, top, none, log(select(o(none), o(1), o(sum)), at)};
}

static Tensor logsumexpOf(const Tensor &x, const Axes *axes, Keep keep, Loc at) {
  auto o = [&](auto &&v) { return Operand(v, at); };
  std::vector<std::int64_t> list = axesOf("logsumexp", x, axes, at);
  Shifted s = shiftedBy("logsumexp", x, axes, at);
  Tensor result = cast(select(o(s.none), o(-infinity), o(o(s.log) + o(s.top))), x.dtype(), at);
  return keep.value ? result : dropped(result, list, at);
}

// Squares of f32 and narrower fit into f64. Numbers of f64 are multiplied by a power of two first, which is exact, so
// that the largest has a square that is neither infinite nor denormal.
Tensor detail::lengthOf(std::span<const Tensor> parts, const Axes *axes, Loc at) {
  auto o = [&](auto &&v) { return Operand(v, at); };
  Keep stays{axes != nullptr};
  Tensor squares, largest, scale;
  for (const Tensor &x : parts)
    if (x.dtype() == f64) {
      Tensor top = reduce("norm", "weft.reduce_max", abs(stopGradient(x, at), at), axes, stays, at);
      largest = largest.empty() ? top : maximum(o(largest), o(top));
    }
  if (!largest.empty())
    scale = select(o(o(largest) > o(0x1p480)), o(0x1p-600),
                   o(select(o(o(largest) < o(0x1p-450)), o(0x1p600), o(full(largest.shape(), 1, f64, at)))));
  for (const Tensor &x : parts) {
    Tensor h = cast(x, f64, at);
    Tensor part = reduce("norm", "weft.reduce_sum", square(scale.empty() ? h : o(h) * o(scale), at), axes, stays, at);
    squares = squares.empty() ? part : o(squares) + o(part);
  }
  // At 0 the root has no derivative; that of a length is 0 there.
  Tensor zero = o(squares) == o(0);
  Tensor root = select(o(zero), o(0), o(sqrt(select(o(zero), o(1), o(squares)), at)));
  return scale.empty() ? root : o(root) / o(scale);
}

static Tensor normOf(const Tensor &x, const Axes *axes, Keep keep, Loc at) {
  std::vector<std::int64_t> list = axesOf("norm", x, axes, at);
  if (!x.dtype().isInexact())
    fail(at, "norm: expected a floating type, found " + x.str() + ": write cast(x, f32)", {{"operand", x}});
  if (x.dtype().isComplex())
    return normOf(abs(x, at), axes, keep, at);
  Axes all(0);
  all.axes.assign(list.begin(), list.end());
  Tensor length = cast(detail::lengthOf({&x, 1}, &all, at), x.dtype(), at);
  return keep.value ? length : dropped(length, list, at);
}

#define WEFT_REDUCTION(name, call)                                                                                     \
  Tensor weft::name(const Tensor &x, Loc at) {                                                                         \
    const Axes *axes = nullptr;                                                                                        \
    Keep keep;                                                                                                         \
    return call;                                                                                                       \
  }                                                                                                                    \
  Tensor weft::name(const Tensor &x, const Axes &list, Keep keep, Loc at) {                                            \
    const Axes *axes = &list;                                                                                          \
    return call;                                                                                                       \
  }
WEFT_REDUCTION(mean, meanOf(x, axes, keep, at))
WEFT_REDUCTION(logsumexp, logsumexpOf(x, axes, keep, at))
WEFT_REDUCTION(norm, normOf(x, axes, keep, at))
#undef WEFT_REDUCTION

Tensor detail::reduceToPlace(const char *name, const char *op, const Tensor &x, const int *axis, Keep keep, Loc at) {
  if (!axis)
    return emit(op, {reshape(x, {-1}, at)}, {{"axis", std::int64_t(0)}}, at);
  std::int64_t a = axisOfOperand(name, *axis, x, at);
  return kept(emit(op, {x}, {{"axis", a}}, at), x, {a}, keep, at);
}

static std::vector<Attribute> cumulativeAttributes(const char *name, const Tensor &x, int axis, Cumulative how,
                                                   Loc at) {
  requireValue(x, name, "operand", at);
  std::vector<Attribute> attributes{{"axis", std::int64_t(axisOf(name, axis, x.rank(), at))}};
  if (how.exclusive)
    attributes.push_back({"exclusive", std::monostate()});
  if (how.reverse)
    attributes.push_back({"reverse", std::monostate()});
  return attributes;
}
#define WEFT_CUMULATIVE(name)                                                                                          \
  Tensor weft::name(const Tensor &x, int axis, Cumulative how, Loc at) {                                               \
    return emitAll("weft." #name, std::array{x}, cumulativeAttributes(#name, x, axis, how, at), {}, at)[0];            \
  }                                                                                                                    \
  Tensor weft::name(const Tensor &x, Loc at) { return name(reshape(x, {-1}, at), 0, {}, at); }
WEFT_CUMULATIVE(cumsum)
WEFT_CUMULATIVE(cumprod)
WEFT_CUMULATIVE(cummax)
WEFT_CUMULATIVE(cummin)
#undef WEFT_CUMULATIVE
// With the largest element so far, m[i], s[i] = e^(m[i - 1] - m[i]) s[i - 1] + e^(x[i] - m[i]) is between 1 and i + 1,
// so nothing overflows, and the sum is rounded once where m is large. s does not depend on m but for rounding: m is
// taken as constant. An exponent that is not finite is 0 where m is infinite, for no derivative may be 0 times
// infinity.
Tensor weft::cumlogsumexp(const Tensor &x, int axis, Cumulative how, Loc at) {
  auto o = [&](auto &&v) { return Operand(v, at); };
  int a = int(axisOfOperand("cumlogsumexp", axis, x, at));
  if (!x.dtype().isFloat())
    fail(at, "cumlogsumexp: expected a floating type, found " + x.str() + ": write cast(x, f32)", {{"operand", x}});
  Tensor h = cast(x, computeType(x.dtype()), at), fixed = stopGradient(h, at);
  Tensor before = cummax(fixed, a, {.exclusive = true, .reverse = how.reverse}, at);
  Tensor top = maximum(o(before), o(fixed)), none = o(before) == o(-infinity), endless = o(abs(top, at)) == o(infinity);
  Tensor faded = exp(select(o(o(none) || o(endless)), o(0), o(o(before) - o(top))), at);
  Tensor own = exp(select(o(endless), o(0), o(o(h) - o(top))), at);
  Tensor sums =
      linear_recurrence(select(o(none), o(0), o(faded)), select(o(o(top) == o(-infinity)), o(0), o(own)), a, how, at);
  Tensor reached = how.exclusive ? before : top;
  Tensor infinite = o(abs(reached, at)) == o(infinity);
  Tensor log = weft::log(select(o(infinite), o(1), o(sums)), at);
  return cast(select(o(infinite), o(reached), o(o(log) + o(reached))), x.dtype(), at);
}
Tensor weft::cumlogsumexp(const Tensor &x, Loc at) { return cumlogsumexp(reshape(x, {-1}, at), 0, {}, at); }
Tensor weft::linear_recurrence(const Tensor &a, const Tensor &b, int axis, Cumulative how, Loc at) {
  requireValue(b, "linear_recurrence", "operand", at);
  return emitAll("weft.linear_recurrence", std::array{a, b},
                 cumulativeAttributes("linear_recurrence", a, axis, how, at), {}, at)[0];
}

static Sorted sortOf(const char *name, const Tensor &x, int axis, SortOrder order, Loc at) {
  requireValue(x, name, "operand", at);
  std::vector<Attribute> attributes{{"axis", std::int64_t(axisOf(name, axis, x.rank(), at))}};
  if (order.descending)
    attributes.push_back({"descending", std::monostate()});
  std::vector<Tensor> results = emitAll("weft.sort", std::array{x}, attributes, {}, at);
  return {results[0], results[1]};
}
Sorted weft::sort(const Tensor &x, int axis, SortOrder order, Loc at) { return sortOf("sort", x, axis, order, at); }
Tensor weft::argsort(const Tensor &x, int axis, SortOrder order, Loc at) {
  return sortOf("argsort", x, axis, order, at).indices;
}

Tensor weft::searchsorted(const Tensor &sorted, const Operand &values, SearchOptions options, Loc at) {
  requireValue(sorted, "searchsorted", "sorted", at);
  Tensor v = resolve(values, sorted.dtype(), "searchsorted", at);
  if (v.dtype() != sorted.dtype())
    fail(at,
         "searchsorted: the row is " + sorted.str() + ", the values are " + v.str() + ": write cast(values, " +
             sorted.dtype().name() + ")",
         {{"sorted", sorted}, {"values", v}});
  std::vector<Attribute> attributes;
  if (options.right)
    attributes.push_back({"right", std::monostate()});
  Tensor one = sorted.rank() == 1 ? reshape(v, {-1}, at) : v;
  return reshape(emitAll("weft.searchsorted", std::array{sorted, one}, attributes, {}, at)[0], v.shape(), at);
}
Sorted weft::top_k(const Tensor &x, const Dim &k, int axis, Loc at) {
  requireValue(x, "top_k", "operand", at);
  std::vector<Attribute> attributes{{"k", k}, {"axis", std::int64_t(axisOf("top_k", axis, x.rank(), at))}};
  std::vector<Tensor> results = emitAll("weft.top_k", std::array{x}, attributes, {}, at);
  return {results[0], results[1]};
}
Tensor weft::top_k_mask(const Tensor &x, const Operand &counts, int axis, Loc at) {
  requireValue(x, "top_k_mask", "operand", at);
  int a = axisOf("top_k_mask", axis, x.rank(), at);
  Tensor m = resolve(counts, i32, "top_k_mask", at);
  if (m.dtype() != i32)
    fail(at, "top_k_mask: counts are i32, found " + m.str() + ": write cast(counts, i32)",
         {{"operand", x}, {"counts", m}});
  Shape rows = x.shape();
  rows.erase(rows.begin() + a);
  if (m.rank() == 0)
    m = broadcast_to(m, rows, at);
  return emit("weft.top_k_mask", {x, m}, {{"axis", std::int64_t(a)}}, at);
}

Tensor weft::log_softmax(const Tensor &x, int axis, Loc at) {
  auto o = [&](auto &&v) { return Operand(v, at); };
  Axes along(axis);
  axesOf("log_softmax", x, &along, at);
  Shifted s = shiftedBy("log_softmax", x, &along, at);
  return cast(select(o(s.none), o(-infinity), o(o(s.x) - o(s.log))), x.dtype(), at);
}
Tensor weft::normalize(const Tensor &x, int axis, Loc at) {
  auto o = [&](auto &&v) { return Operand(v, at); };
  Axes along(axis);
  axesOf("normalize", x, &along, at);
  if (!x.dtype().isInexact())
    fail(at, "normalize: expected a floating type, found " + x.str() + ": write cast(x, f32)", {{"operand", x}});
  // The length of f16 may be no number of f16: it meets x in f32.
  Tensor h = cast(x, computeType(x.dtype()), at), real = x.dtype().isComplex() ? abs(x, at) : x;
  Tensor length = cast(detail::lengthOf({&real, 1}, &along, at), h.dtype().real(), at);
  return cast(o(h) / o(select(o(o(length) == o(0)), o(1), o(length))), x.dtype(), at);
}
