// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Keys: folded by Philox, in a trace by an op and outside by the same function. Draws fold negative numbers, users fold
// the others, so that `key.fold(1)` and `key.next()` are different keys.
#include "Tracer.h"
#include "runtime/weft_runtime.h"

using namespace weft;
using namespace weft::detail;

static Tensor keyBits(std::uint32_t low, std::uint32_t high) {
  std::int32_t words[2] = {std::int32_t(low), std::int32_t(high)};
  return Tensor::copy(words, {2});
}

Key::Key() : bits(i32({2})) {}
Key::Key(std::uint64_t seed, Loc at) : bits(keyBits(std::uint32_t(seed), std::uint32_t(seed >> 32))) {
  if (tracing())
    bits = constant(bits, at);
}

/// random_fold: words 0 and 1 of the block with counter (data, 0, 0, 1).
static Tensor foldBits(const Tensor &bits, const Tensor &data, Loc at) {
  if (tracing() || !bits.isConcrete())
    return emit("weft.random_fold", {bits, data}, {}, at);
  auto words = bits.span<int>(at);
  std::uint32_t key[2] = {std::uint32_t(words[0]), std::uint32_t(words[1])},
                counter[4] = {std::uint32_t(data.item<std::int64_t>(at)), 0, 0, 1}, out[4];
  weft_philox(key, counter, out);
  return keyBits(out[0], out[1]);
}

Key Key::fold(const Tensor &i, Loc at) const {
  if (!i.empty() && (i.dtype() != i32 || i.rank() != 0))
    fail(at, "fold: expected a number or an i32 scalar, found " + i.str(), {{"i", i}});
  return Key(foldBits(bits, i, at));
}

std::vector<Key> Key::draw(int count, Loc at) {
  std::vector<Key> keys;
  for (int i = 0; i < count; ++i)
    keys.push_back(fold(Tensor(-2 - i, at), at));
  bits = fold(Tensor(-1, at), at).bits;
  return keys;
}

std::vector<Key> Key::split(int count, Loc at) const {
  Key base = fold(Tensor(std::numeric_limits<std::int32_t>::min(), at), at);
  std::vector<Key> keys;
  for (int i = 0; i < count; ++i)
    keys.push_back(base.fold(Tensor(i, at), at));
  return keys;
}

Tensor weft::uniform(const Key &key, const Shape &shape, DType dtype, Loc at) {
  return emit("weft.random_uniform", {key.bits}, {}, ResultType{dtype, shape}, at);
}
Tensor weft::normal(const Key &key, const Shape &shape, DType dtype, Loc at) {
  return emit("weft.random_normal", {key.bits}, {}, ResultType{dtype, shape}, at);
}
Tensor weft::bernoulli(const Key &key, const Operand &p, const Shape &shape) {
  return Operand(uniform(key, shape, f32, p.at), p.at) < p;
}

std::uint32_t detail::hashOf(std::string_view path) {
  std::uint32_t hash = 2166136261u; // FNV-1a
  for (char c : path)
    hash = (hash ^ static_cast<unsigned char>(c)) * 16777619u;
  return hash;
}

Key detail::keyAt(const Key &key, const Place &place, Loc at) {
  int use = currentTrace("dropout", at).uses[place.path]++;
  Key own = key.fold(Tensor(std::int32_t(hashOf(place.path) & 0x7fffffff), at), at);
  own = own.fold(Tensor(use, at), at);
  for (const Tensor &position : currentTrace("dropout", at).positions)
    own = own.fold(position, at);
  return own;
}
