// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A transformer that knows positions by relative tables alone: a bias in front of the softmax (RPE), and a factor
// behind it (URPE; S. Luo and others, "Your transformer may not be as powerful as you expect", 2022).
#pragma once
#include "common/nets.h"
#include <cmath>
#include <stdexcept>

namespace urpe {
using namespace weft;

/// Where a relative position lies among `buckets` numbers (C. Raffel and others, 2020): half of them for keys behind,
/// half for keys in front; near ones each have their own, far ones share by the logarithm, up to `most`.
inline int bucketOf(int relative, int buckets, int most) {
  const int half = buckets / 2, exact = half / 2, distance = std::abs(relative);
  int place = distance;
  if (distance >= exact)
    place = std::min(half - 1,
                     exact + int(std::log(double(distance) / exact) / std::log(double(most) / exact) * (half - exact)));
  return (relative > 0 ? half : 0) + place;
}

/// How many places there are, and what each relative position reads: an entry of its own (buckets 0), or a bucket.
struct Positions {
  int heads = 4, n = 32, buckets = 0, most = 128;
  int entries() const { return buckets ? buckets : 2 * n - 1; }
  /// The matrix [heads, length, length] of a table [heads, entries].
  Tensor matrix(const Tensor &table, const Dim &length) const {
    if (!buckets)
      return nn::toeplitz(table, length, length);
    std::vector<int> places;
    for (int relative = 1 - n; relative < n; ++relative)
      places.push_back(bucketOf(relative, buckets, most));
    return nn::toeplitz(take(table, constant(places), 1), length, length);
  }
};

struct Model {
  int vocabulary = 0, classes = 0, d = 0;
  Positions positions{};
  bool product = true; // URPE; else RPE
  bool causal = false;
  int depth = 3;
  nn::Embedding embed{vocabulary, d, {{vocabulary, d}, init::normal(0.1)}};
  // Of all layers.
  Param b{{positions.heads, positions.entries()}, init::normal(0.02)},
      c = product ? Param({positions.heads, positions.entries()}, init::constant(1)) : Param();
  zoo::Encoder encoder{d, positions.heads, depth, {.pre_norm = false, .attention = {.causal = causal}}};
  nn::Linear head{d, classes};
  /// Logits [B, length, classes] of tokens i32 [B, length]; `keys`, i1 [B, length], says which of them are no padding.
  Tensor operator()(Tensor tokens, Tensor keys = {}) const {
    nn::Attend call{.bias = positions.matrix(b, tokens.dim(1)), .keys = keys};
    if (product)
      call.weights = [factor = positions.matrix(c, tokens.dim(1))](Tensor w) { return w * factor; };
    return head(encoder(embed(tokens), call));
  }
};

// ---- tasks
enum class Task { position, evenToken, text };
struct Batch {
  Tensor x, y; // i32 [B, n]
};
/// Which place is this?
inline Batch positionTask(const Key &key, int count, int n, int vocabulary) {
  return {randint(key, 0, vocabulary, {count, n}), broadcast_to(iota(n), {count, n})};
}
/// Place i asks for the token at 2 i + 1; behind the half, for the end: the number `vocabulary`.
inline Batch evenTokenTask(const Key &key, int count, int n, int vocabulary) {
  Tensor x = randint(key, 0, vocabulary, {count, n}), odd = slice(x, 1, 1, n, 2);
  return {x, concat({odd, full({count, n - n / 2}, vocabulary, i32)}, 1)};
}

struct Fit {
  Model net;
  optim::Adam<Model> opt{net};
  Key key{};
};
/// One update; `text` i32 [N] is read by the text task alone.
inline Tensor step(Fit &s, Task task, int batch, const Tensor &text) {
  Key key = s.key.next();
  const int n = s.net.positions.n, v = s.net.vocabulary;
  Batch data;
  if (task == Task::text) {
    Tensor start = randint(key, text.dim(0) - n, {batch});
    data = {take(text, expand(start, 1) + iota(n)), take(text, expand(start, 1) + iota(n) + 1)};
  } else {
    data = task == Task::position ? positionTask(key, batch, n, v) : evenTokenTask(key, batch, n, v);
  }
  Tensor loss = cross_entropy(s.net(data.x), data.y);
  s.opt.update(s.net, grad(loss, s.net));
  return loss;
}
/// Losses of so many updates.
inline Tensor train(Fit &s, Task task, int steps, int batch, const Tensor &text) {
  return scan(s, steps, [&](Fit &s, Tensor) { return step(s, task, batch, text); });
}
/// How many of the places are named rightly, of all places or of the first `asked`.
inline Tensor accuracy(const Model &net, const Batch &data, int asked) {
  Tensor right = argmax(net(data.x), -1) == data.y;
  return mean(cast(slice(right, 1, 0, asked), f32));
}

// ---- what may not be
inline void refuse(bool bad, const std::string &why) {
  if (bad)
    throw std::invalid_argument(why);
}
inline const Model &checked(const Model &m) {
  const Positions &p = m.positions;
  refuse(p.buckets && p.most <= p.buckets / 2, "the most distance must be larger than half of the buckets, found " +
                                                   std::to_string(p.most) + " and " + std::to_string(p.buckets) +
                                                   " buckets");
  for (auto [table, name] : {std::pair(&m.b, "b"), {&m.c, "c"}}) {
    if (table->empty())
      continue;
    refuse(!(table->dim(0) == Dim(p.heads)), std::string("table ") + name + " is for " + table->dim(0).str() +
                                                 " heads, and there are " + std::to_string(p.heads));
    refuse(!(table->dim(1) == Dim(p.entries())), std::string("table ") + name + " has " + table->dim(1).str() +
                                                     " entries, and " + std::to_string(p.n) + " places need " +
                                                     std::to_string(p.entries()));
    if (table->isConcrete())
      for (float v : table->span<float>())
        refuse(!std::isfinite(v), std::string("table ") + name + " has a number that is not finite");
  }
  return m;
}
inline Fit fit(const Model &m, Task task, double rate, int warm, int steps) {
  refuse(task == Task::evenToken && m.positions.n % 2 != 0,
         "the even-token task needs an even length, found " + std::to_string(m.positions.n));
  return {checked(m), {m, {.lr = optim::warmup(warm, optim::linear(rate, 0, steps - warm))}}};
}

} // namespace urpe
