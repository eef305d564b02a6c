// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Reductions and losses.
#include "Value.h"
#include <algorithm>

using namespace weft;
using namespace weft::detail;

static std::vector<std::int64_t> axesOf(const char *op, const Tensor &x, const Axes *axes, Loc at) {
  requireValue(x, op, "operand", at);
  std::vector<std::int64_t> list;
  if (!axes)
    for (int i = 0; i < x.rank(); ++i)
      list.push_back(i);
  else
    for (int axis : axes->axes)
      list.push_back(axisOf(op, axis, x.rank(), at));
  std::sort(list.begin(), list.end());
  if (std::adjacent_find(list.begin(), list.end()) != list.end())
    fail(at, std::string(op) + ": an axis is named twice", {{"operand", x}});
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

static Tensor reduce(const char *name, const char *op, const Tensor &x, const Axes *axes, Keep keep, Loc at) {
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

static Tensor logsumexpOf(const Tensor &x, const Axes *axes, Keep keep, Loc at) {
  std::vector<std::int64_t> list = axesOf("logsumexp", x, axes, at);
  Tensor top = detail::stopGradient(reduce("logsumexp", "weft.reduce_max", x, axes, weft::keep, at), at);
  // A row of -inf alone (or with inf) is shifted by 0, not by an infinity.
  top = select(Operand(abs(top, at), at) == Operand(infinity, at), Operand(0, at), Operand(top, at));
  Tensor shifted = exp(Operand(x, at) - Operand(top, at), at);
  Tensor result =
      Operand(log(reduce("logsumexp", "weft.reduce_sum", shifted, axes, weft::keep, at), at), at) + Operand(top, at);
  if (keep.value)
    return result;
  return list.empty() ? result
                      : squeeze(
                            result,
                            [&] {
                              Axes gone(0);
                              gone.axes.assign(list.begin(), list.end());
                              return gone;
                            }(),
                            at);
}

static Tensor normOf(const Tensor &x, const Axes *axes, Keep keep, Loc at) {
  if (x.dtype().isComplex())
    return normOf(abs(x, at), axes, keep, at);
  if (Tensor wide = accumulable(x, at); wide.dtype() != x.dtype()) // a square may be beyond a narrow type
    return cast(normOf(wide, axes, keep, at), x.dtype(), at);
  Tensor squares = reduce("norm", "weft.reduce_sum", square(x, at), axes, keep, at);
  Tensor some = Operand(squares, at) > Operand(0, at);
  Tensor safe = select(Operand(some, at), Operand(squares, at), Operand(1, at));
  return select(Operand(some, at), Operand(sqrt(safe, at), at), Operand(0, at));
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
WEFT_REDUCTION(sum, reduce("sum", "weft.reduce_sum", x, axes, keep, at))
WEFT_REDUCTION(max, reduce("max", "weft.reduce_max", x, axes, keep, at))
WEFT_REDUCTION(min, reduce("min", "weft.reduce_min", x, axes, keep, at))
WEFT_REDUCTION(prod, reduce("prod", "weft.reduce_prod", x, axes, keep, at))
WEFT_REDUCTION(all_of, reduce("all_of", "weft.reduce_and", x, axes, keep, at))
WEFT_REDUCTION(any_of, reduce("any_of", "weft.reduce_or", x, axes, keep, at))
WEFT_REDUCTION(mean, meanOf(x, axes, keep, at))
WEFT_REDUCTION(logsumexp, logsumexpOf(x, axes, keep, at))
WEFT_REDUCTION(norm, normOf(x, axes, keep, at))
#undef WEFT_REDUCTION

static Tensor argReduce(const char *name, const Tensor &x, int axis, Keep keep, Loc at) {
  requireValue(x, name, "operand", at);
  std::int64_t a = axisOf(name, axis, x.rank(), at);
  return kept(emit(std::string("weft.") + name, {x}, {{"axis", a}}, at), x, {a}, keep, at);
}
Tensor weft::argmax(const Tensor &x, int axis, Keep keep, Loc at) { return argReduce("argmax", x, axis, keep, at); }
Tensor weft::argmin(const Tensor &x, int axis, Keep keep, Loc at) { return argReduce("argmin", x, axis, keep, at); }
Tensor weft::argmax(const Tensor &x, Loc at) { return argReduce("argmax", reshape(x, {-1}, at), 0, {}, at); }
Tensor weft::argmin(const Tensor &x, Loc at) { return argReduce("argmin", reshape(x, {-1}, at), 0, {}, at); }

Tensor weft::softmax(const Tensor &x, int axis, Loc at) {
  requireValue(x, "softmax", "operand", at);
  return emit("weft.softmax", {x}, {{"axis", std::int64_t(axisOf("softmax", axis, x.rank(), at))}}, at);
}
Tensor weft::log_softmax(const Tensor &x, int axis, Loc at) {
  return Operand(x, at) - Operand(logsumexp(x, axis, weft::keep, at), at);
}
Tensor weft::normalize(const Tensor &x, int axis, Loc at) {
  Tensor length = norm(x, axis, weft::keep, at);
  return Operand(x, at) /
         Operand(select(Operand(length, at) > Operand(0, at), Operand(length, at), Operand(1, at)), at);
}

// ---- losses
static Tensor reduced(const Tensor &x, Reduction reduction, Loc at) {
  return reduction == Reduction::none ? x : reduction == Reduction::sum ? sum(x, at) : mean(x, at);
}
Tensor weft::cross_entropy(const Tensor &logits, const Tensor &labels, Reduction reduction, Loc at) {
  return reduced(emit("weft.cross_entropy", {logits, labels}, {}, at), reduction, at);
}
Tensor weft::bce_with_logits(const Tensor &logits, const Tensor &targets, Reduction reduction, Loc at) {
  // max(l, 0) - l t + log(1 + e^-|l|): no exponential overflows.
  Tensor linear = Operand(relu(logits, at), at) - Operand(Operand(logits, at) * Operand(targets, at), at);
  Tensor soft = log1p(exp(-Operand(abs(logits, at), at), at), at);
  return reduced(Operand(linear, at) + Operand(soft, at), reduction, at);
}
Tensor weft::mse(const Tensor &prediction, const Tensor &target, Reduction reduction, Loc at) {
  auto [x, y] = together("mse", Operand(prediction, at), Operand(target, at), at);
  Tensor squares = square(Operand(accumulable(x, at), at) - Operand(accumulable(y, at), at), at);
  return cast(reduced(squares, reduction, at), x.dtype(), at);
}
