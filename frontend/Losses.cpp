// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Losses: computed in f32 at least, rounded once.
#include "weft/Losses.h"
#include "Value.h"
#include <cmath>

using namespace weft;
using namespace weft::detail;

/// In the type that sums accumulate in: f32 for f16 and bf16.
static Tensor accumulable(const Tensor &x, Loc at) {
  return x.dtype() == f16 || x.dtype() == bf16 ? cast(x, f32, at) : x;
}

static Tensor reduced(const Tensor &x, Reduction reduction, Loc at) {
  return reduction == Reduction::none ? x : reduction == Reduction::sum ? sum(x, at) : mean(x, at);
}
Tensor weft::cross_entropy(const Tensor &logits, const Tensor &labels, Reduction reduction, Loc at) {
  return reduced(emit("weft.cross_entropy", {logits, labels}, {}, at), reduction, at);
}
/// A table of all predictions against all targets is most often a column that met a row.
static void warnOfTable(const char *loss, const Tensor &prediction, const Tensor &target, const Shape &shape, Loc at) {
  if (!(shape == prediction.shape()) && !(shape == target.shape()))
    warn(at, std::string(loss) + ": " + prediction.str() + " and " + target.str() + " broadcast to " + str(shape) +
                 ", each prediction against each target: where a row has one of each, write squeeze(x, 1) or "
                 "expand(y, 1)");
}
/// Errors unless both are floating and of one shape, or broadcast to one; then in f32 at least.
static std::array<Tensor, 2> pair(const char *op, const Tensor &a, const Tensor &b, Loc at) {
  auto [x, y] = together(op, Operand(a, at), Operand(b, at), at);
  if (!x.dtype().isFloat())
    fail(at, std::string(op) + ": expected a floating type, found " + x.str() + ": write cast(x, f32)",
         {{"operand", a}, {"operand", b}});
  return {accumulable(x, at), accumulable(y, at)};
}
static void checkRows(const char *op, const Tensor &a, const Tensor &b, Loc at) {
  if (a.rank() < 1 || a.shape() != b.shape())
    fail(at, std::string(op) + ": expected two of one shape [..., classes], found " + a.str() + " and " + b.str(),
         {{"first", a}, {"second", b}});
}
Tensor weft::smoothed_cross_entropy(const Tensor &logits, const Tensor &labels, double smoothing, Reduction reduction,
                                    Loc at) {
  auto o = [&](auto &&v) { return Operand(v, at); };
  if (!(smoothing >= 0 && smoothing <= 1))
    throw Error(at, "smoothed_cross_entropy: smoothing must lie in [0, 1], found " + std::to_string(smoothing));
  Tensor hard = emit("weft.cross_entropy", {logits, labels}, {}, at);
  Tensor even = -o(mean(log_softmax(accumulable(logits, at), -1, at), -1, {}, at));
  Tensor rows = o(o(accumulable(hard, at)) * o(1 - smoothing)) + o(o(even) * o(smoothing));
  return cast(reduced(rows, reduction, at), logits.dtype(), at);
}
Tensor weft::soft_cross_entropy(const Tensor &logits, const Tensor &probabilities, Reduction reduction, Loc at) {
  auto o = [&](auto &&v) { return Operand(v, at); };
  requireValue(logits, "soft_cross_entropy", "logits", at);
  requireValue(probabilities, "soft_cross_entropy", "probabilities", at);
  checkRows("soft_cross_entropy", logits, probabilities, at);
  auto [l, p] = pair("soft_cross_entropy", logits, probabilities, at);
  // A class without probability adds nothing, whatever its logit is.
  Tensor log = select(o(o(p) == o(0)), o(0), o(log_softmax(l, -1, at)));
  Tensor rows = -o(sum(o(p) * o(log), -1, {}, at));
  return cast(reduced(rows, reduction, at), logits.dtype(), at);
}
Tensor weft::bce_with_logits(const Tensor &logits, const Tensor &targets, Reduction reduction, Loc at) {
  // log(1 + e^l) - l t, and log(1 + e^-l) + l (1 - t) right of 0: one function, of which each half says it without
  // overflow or cancellation. Both have all derivatives at 0, which |l| and max(l, 0) have not.
  requireValue(logits, "bce_with_logits", "logits", at);
  auto o = [&](auto &&v) { return Operand(v, at); };
  Tensor right = o(logits) > o(0);
  Tensor soft = softplus(select(o(right), o(-o(logits)), o(logits)), at);
  // An infinite logit on the right side costs nothing; there the product is infinity times 0.
  Tensor wrong = o(cast(right, logits.dtype(), at)) - o(targets);
  Tensor certain = o(o(abs(logits, at)) == o(infinity)) && o(o(wrong) == o(0));
  Tensor linear = o(select(o(certain), o(0), o(logits))) * o(wrong);
  return reduced(o(soft) + o(linear), reduction, at);
}
Tensor weft::mse(const Tensor &prediction, const Tensor &target, Reduction reduction, Loc at) {
  auto [x, y] = together("mse", Operand(prediction, at), Operand(target, at), at);
  warnOfTable("mse", prediction, target, x.shape(), at);
  Tensor squares = square(Operand(accumulable(x, at), at) - Operand(accumulable(y, at), at), at);
  return cast(reduced(squares, reduction, at), x.dtype(), at);
}
Tensor weft::smooth_l1(const Tensor &prediction, const Tensor &target, double beta, Reduction reduction, Loc at) {
  auto o = [&](auto &&v) { return Operand(v, at); };
  if (!(beta > 0))
    throw Error(at, "smooth_l1: beta must be positive, found " + std::to_string(beta));
  auto [x, y] = pair("smooth_l1", prediction, target, at);
  warnOfTable("smooth_l1", prediction, target, x.shape(), at);
  Tensor d = o(x) - o(y), size = abs(d, at);
  Tensor each = select(o(size) < o(beta), o(o(square(d, at)) / o(2 * beta)), o(size) - o(beta / 2));
  return cast(reduced(each, reduction, at), prediction.dtype(), at);
}

Tensor weft::gaussian_kl(const Tensor &mean, const Tensor &log_variance, Loc at) {
  auto o = [&](auto &&v) { return Operand(v, at); };
  auto [m, l] = pair("gaussian_kl", mean, log_variance, at);
  // e^l - 1 - l, without what the difference cancels near 0.
  Tensor spread = o(expm1(l, at)) - o(l);
  return cast(o(o(square(m, at)) + o(spread)) * o(0.5), mean.dtype(), at);
}
Tensor weft::gaussian_kl(const Tensor &mean, const Tensor &log_variance, const Tensor &mean2,
                         const Tensor &log_variance2, Loc at) {
  auto o = [&](auto &&v) { return Operand(v, at); };
  auto [m, m2] = pair("gaussian_kl", mean, mean2, at);
  auto [l, l2] = pair("gaussian_kl", log_variance, log_variance2, at);
  Tensor ratio = o(l) - o(l2), spread = o(expm1(ratio, at)) - o(ratio), apart = square(o(m) - o(m2), at);
  return cast(o(o(spread) + o(o(apart) * o(exp(-o(l2), at)))) * o(0.5), mean.dtype(), at);
}
Tensor weft::categorical_kl(const Tensor &p, const Tensor &q, Loc at) {
  auto o = [&](auto &&v) { return Operand(v, at); };
  requireValue(p, "categorical_kl", "first", at);
  requireValue(q, "categorical_kl", "second", at);
  checkRows("categorical_kl", p, q, at);
  auto [a, b] = pair("categorical_kl", p, q, at);
  Tensor lp = log_softmax(a, -1, at), lq = log_softmax(b, -1, at), weight = exp(lp, at);
  // Two infinite logarithms have no difference: the select stands in front of the product, for its derivative's sake.
  Tensor gap = select(o(o(weight) == o(0)), o(0), o(lp) - o(lq));
  return cast(sum(o(weight) * o(gap), -1, {}, at), p.dtype(), at);
}
Tensor weft::info_nce(const Tensor &a, const Tensor &b, const Operand &temperature) {
  Loc at = temperature.at;
  auto o = [&](auto &&v) { return Operand(v, at); };
  requireValue(a, "info_nce", "first", at);
  requireValue(b, "info_nce", "second", at);
  if (a.rank() != 2 || a.shape() != b.shape() || a.dtype() != b.dtype())
    fail(at, "info_nce: expected two of one shape [B, d], found " + a.str() + " and " + b.str(),
         {{"first", a}, {"second", b}});
  Tensor cosines = matmul(normalize(a, -1, at), transpose(normalize(b, -1, at), at), at);
  return cross_entropy(o(cosines) / temperature, iota(a.dim(0), i32, at), Reduction::mean, at);
}
