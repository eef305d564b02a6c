// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Random keys and the evaluation mode. A key is a value: drawing from it advances it, so noise follows from assignment
// as all state does.
#pragma once
#include "weft/Tensor.h"
#include <array>
#include <optional>
#include <vector>

namespace weft {

/// A leaf of two 32-bit words. One `next` a statement: C++ leaves the order inside an expression open.
class Key {
public:
  /// A spec, that `initialize` fills.
  Key();
  explicit Key(std::uint64_t seed, Loc at = Loc::here());
  explicit Key(const Tensor &bits) : bits(bits) {}
  /// A fresh key; this one advances.
  Key next(Loc at = Loc::here()) { return draw(1, at)[0]; }
  template <int N> std::array<Key, N> next(Loc at = Loc::here()) {
    std::vector<Key> keys = draw(N, at);
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
      return std::array<Key, N>{std::move(keys[I])...};
    }(std::make_index_sequence<N>{});
  }
  /// The key of number i; this one stays. i is a number or an i32 scalar, such as the step of a loop.
  Key fold(const Tensor &i, Loc at = Loc::here()) const;
  std::vector<Key> split(int count, Loc at = Loc::here()) const;

  Tensor bits;

private:
  struct Empty {};
  explicit Key(Empty) {}
  std::vector<Key> draw(int count, Loc at);
};

/// How a model is called: `net(x)` evaluates, `net(x, training(s.key))` draws a key and trains.
struct Mode {
  std::optional<Key> key;
};
inline Mode training(Key &key, Loc at = Loc::here()) { return {key.next(at)}; }

/// Samplers refuse an unnamed key: name it first, so that the order of draws is the order of statements.
Tensor normal(const Key &key, const Shape &shape, DType dtype = default_dtype(), Loc at = Loc::here());
Tensor uniform(const Key &key, const Shape &shape, DType dtype = default_dtype(), Loc at = Loc::here());
/// True with probability p.
Tensor bernoulli(const Key &key, const Operand &p, const Shape &shape);
Tensor normal(Key &&, const Shape &, DType = default_dtype()) = delete;
Tensor uniform(Key &&, const Shape &, DType = default_dtype()) = delete;
Tensor bernoulli(Key &&, const Operand &, const Shape &) = delete;

namespace detail {
/// The place of a layer in its model, filled while a function is traced: layers without leaves (Dropout) know their
/// path by it.
struct Place {
  std::string path;
};
/// A hash of a path that is the same in every build.
std::uint32_t hashOf(std::string_view path);
/// The key of dropout: folded with the place and with how often the place was used in this trace.
Key keyAt(const Key &key, const Place &place, Loc at);
} // namespace detail

} // namespace weft
