// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Draws in terms of bits and uniform numbers.
#include "weft/Random.h"
#include "Value.h"
#include <cmath>
#include <numbers>

using namespace weft;
using namespace weft::detail;

static Tensor bits(const Key &key, const Shape &shape, Loc at) {
  return emit("weft.random_bits", {key.bits}, {}, ResultType{i32, shape}, at);
}
/// The type that a draw is computed in.
static DType wide(DType dtype) { return dtype == f64 ? f64 : f32; }
/// Uniform on (0, 1): what would be 0 is half of the smallest number above it.
static Tensor inside(const Key &key, const Shape &shape, DType dtype, Loc at) {
  auto o = [&](auto &&v) { return Operand(v, at); };
  return maximum(o(uniform(key, shape, dtype, at)), o(dtype == f64 ? 0x1p-54 : 0x1p-25));
}

/// low + floor(bits * range / 2^32), bits without a sign: the product fits 64 bits.
static Tensor scaledBits(const Key &key, std::int64_t low, const Operand &range, const Shape &shape, Loc at) {
  auto o = [&](auto &&v) { return Operand(v, at); };
  Tensor drawn = cast(bits(key, shape, at), i64, at);
  drawn = select(o(drawn) < o(0), o(o(drawn) + o(std::int64_t(1) << 32)), o(drawn));
  return cast(o(o(o(drawn) * range) / o(std::int64_t(1) << 32)) + o(low), i32, at);
}
Tensor weft::randint(const Key &key, int low, int high, const Shape &shape, Loc at) {
  if (low >= high)
    throw Error(at, "randint: there is no number in [" + std::to_string(low) + ", " + std::to_string(high) + ")");
  return scaledBits(key, low, Operand(std::int64_t(high) - low, at), shape, at);
}
Tensor weft::randint(const Key &key, const Dim &high, const Shape &shape, Loc at) {
  if (high.upper() < 1)
    throw Error(at, "randint: there is no number in [0, " + high.str() + ")");
  return scaledBits(key, 0, Operand(high, at), shape, at);
}

Tensor weft::gumbel(const Key &key, const Shape &shape, DType dtype, Loc at) {
  auto o = [&](auto &&v) { return Operand(v, at); };
  Tensor u = inside(key, shape, wide(dtype), at);
  return cast(-o(log(-o(log(u, at)), at)), dtype, at);
}
static Tensor drawn(const Key &key, const Tensor &logits, const Dim *count, Loc at) {
  requireValue(logits, "categorical", "logits", at);
  if (logits.rank() < 1 || !logits.dtype().isFloat())
    fail(at, "categorical: expected logits [..., classes] of a floating type, found " + logits.str(),
         {{"logits", logits}});
  Shape shape = logits.shape();
  if (count)
    shape.insert(shape.begin(), *count);
  DType dtype = wide(logits.dtype());
  Tensor noisy = Operand(cast(logits, dtype, at), at) + Operand(gumbel(key, shape, dtype, at), at);
  return argmax(noisy, -1, {}, at);
}
Tensor weft::categorical(const Key &key, const Tensor &logits, Loc at) { return drawn(key, logits, nullptr, at); }
Tensor weft::categorical(const Key &key, const Tensor &logits, const Dim &count, Loc at) {
  return drawn(key, logits, &count, at);
}

Tensor weft::truncated_normal(const Key &key, double low, double high, const Shape &shape, DType dtype, Loc at) {
  auto o = [&](auto &&v) { return Operand(v, at); };
  if (!(low < high))
    throw Error(at,
                "truncated_normal: there is nothing between " + std::to_string(low) + " and " + std::to_string(high));
  const double from = std::erf(low / std::numbers::sqrt2), to = std::erf(high / std::numbers::sqrt2);
  Tensor u = inside(key, shape, wide(dtype), at);
  Tensor x = o(erf_inv(o(o(u) * o(to - from)) + o(from), at)) * o(std::numbers::sqrt2);
  return cast(clamp(x, o(low), o(high)), dtype, at);
}

Tensor weft::permutation(const Key &key, const Dim &n, Loc at) {
  // The order of random bits. Equal bits would keep their order: a second round makes that as rare as it is for few.
  Tensor order = iota(n, i32, at);
  const int rounds =
      std::max(1, int(std::ceil(3 * std::log(double(std::max<std::int64_t>(n.upper(), 2))) / std::log(0x1p32))));
  for (int round = 0; round < rounds; ++round)
    order = take(order, argsort(bits(key.fold(round, at), {n}, at), -1, {}, at), 0, at);
  return order;
}
static void checkCount(const char *op, const Dim &count, const Dim &n, Loc at) {
  if ((n - count).lower() < 0 || count.lower() < 0)
    throw Error(at, std::string(op) + ": cannot draw " + count.str() + " different ones of " + n.str());
}
Tensor weft::choice(const Key &key, const Dim &n, const Dim &count, Loc at) {
  checkCount("choice", count, n, at);
  return slice(permutation(key, n, at), 0, 0, count, 1, at);
}
Tensor weft::weighted_choice(const Key &key, const Tensor &weights, const Dim &count, Loc at) {
  auto o = [&](auto &&v) { return Operand(v, at); };
  requireValue(weights, "weighted_choice", "weights", at);
  if (weights.rank() < 1 || !weights.dtype().isFloat())
    fail(at, "weighted_choice: expected weights [..., n] of a floating type, found " + weights.str(),
         {{"weights", weights}});
  checkCount("weighted_choice", count, weights.dim(-1), at);
  DType dtype = wide(weights.dtype());
  Tensor noisy = o(log(cast(weights, dtype, at), at)) + o(gumbel(key, weights.shape(), dtype, at));
  return slice(argsort(noisy, -1, {.descending = true}, at), -1, 0, count, 1, at);
}
