// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Two attention-only models whose heads write into the stream one by one, trained and built by hand, and a finder of
// the heads that a task needs: codes of a sparse autoencoder that occur when the task can be done and never when it
// cannot (C. O'Neill and T. Bui, "Sparse autoencoders enable scalable and reliable circuit identification in language
// models", 2024).
#pragma once
#include "common/sae.h"
#include "common/tokens.h"
#include <cmath>
#include <stdexcept>
#include <vector>
#include <weft/weft.h>

namespace circuits {
using namespace weft;

inline void refuse(bool bad, const std::string &why) {
  if (bad)
    throw std::invalid_argument(why);
}

/// What is taken out of what a head reads: cut[f, g] is 1 where reader g finds `instead` in place of head f's output.
/// Reader g is a head, or, as the last one, the logits. Empty: nothing.
struct Patch {
  Tensor cut, instead; // [F, F + 1], [F, T, D]
};
/// The logits [B, T, V], and what the heads of each layer wrote [B, heads, T, D].
struct Seen {
  Tensor logits;
  std::vector<Tensor> heads;
  Tensor all() const { return concat(heads, 1); }
  /// At the last position, [B, F, D].
  Tensor answers() const {
    Tensor r = all();
    return squeeze(slice(r, 2, r.dim(2) - 1, r.dim(2)), 2);
  }
};

/// The stream as it grows, and how readers find it.
class Stream {
public:
  Stream(Tensor x, const Patch &patch) : x_(std::move(x)), patch_(patch) {}
  bool patched() const { return !patch_.cut.empty(); }
  /// For each of these readers alone, [B, readers, T, D].
  Tensor of(int first, int count) const {
    Tensor all = broadcast_to(expand(x_, 1), {x_.dim(0), count, x_.dim(1), x_.dim(2)});
    if (heads_.empty() || !patched())
      return all;
    Tensor written = concat(heads_, 1);
    Dim n = written.dim(1);
    Tensor change = written - slice(patch_.instead, 0, 0, n),
           cut = slice(slice(patch_.cut, 0, 0, n), 1, first, first + count);
    return all - contract("bftd,fg->bgtd", change, cut);
  }
  /// For all of them.
  Tensor plain() const { return x_; }
  void write(const Tensor &heads) { x_ += sum(heads, 1), heads_.push_back(heads); }
  const std::vector<Tensor> &heads() const { return heads_; }

private:
  Tensor x_;
  const Patch &patch_;
  std::vector<Tensor> heads_;
};

// ---- the trained model
struct Layer {
  int d, h, e = d / h;
  nn::LayerNorm norm{d};
  Param q{{d, h, e}, init::normal(1 / std::sqrt(double(d)))}, k{{d, h, e}, init::normal(1 / std::sqrt(double(d)))},
      v{{d, h, e}, init::normal(1 / std::sqrt(double(d)))}, o{{h, e, d}};
  /// What each head writes, of a stream for all [B, T, D] or for each [B, H, T, D].
  Tensor operator()(const Tensor &stream) const {
    Tensor x = norm(stream);
    auto project = [&](const Tensor &w) {
      return x.rank() == 3 ? contract("btd,dhe->bhte", x, w) : contract("bhtd,dhe->bhte", x, w);
    };
    Dim T = x.dim(-2);
    Tensor later = expand(iota(T), 0) > expand(iota(T), 1);
    Tensor score = contract("bhte,bhse->bhts", project(q), project(k)) / std::sqrt(double(e));
    Tensor a = softmax(select(later, -infinity, score));
    return contract("bhte,hed->bhtd", contract("bhts,bhse->bhte", a, project(v)), o);
  }
};
struct Subject {
  int v, t, d, h, depth;
  nn::Embedding tokens{v, d}, positions{t, d};
  std::vector<Layer> layers = nn::stack<Layer>(depth, d, h);
  nn::LayerNorm norm{d};
  nn::Linear head{d, v};
  int heads() const { return h * depth; }
  Seen see(const Tensor &x, const Patch &patch = {}) const {
    Stream stream(tokens(x) + positions.w, patch);
    for (int l = 0; l < depth; ++l)
      stream.write(layers[std::size_t(l)](stream.patched() && l ? stream.of(l * h, h) : stream.plain()));
    Tensor last = stream.patched() ? squeeze(stream.of(heads(), 1), 1) : stream.plain();
    return {head(norm(last)), stream.heads()};
  }
};
inline Subject subject() { return {zoo::words::size, zoo::words::length, 64, 4, 3}; }
struct Fit {
  Subject net;
  optim::AdamW<Subject> opt;
};
inline Fit fit(int steps) {
  Subject net = subject();
  return {net, {net, {.lr = optim::warmup(100, optim::linear(2e-3, 0, steps)), .decay = 0.01}}};
}
/// The names asked for at the end of the first `known` rows, and the repeats of the others.
inline Tensor step(Fit &s, const Tensor &x, const Tensor &answer) {
  Dim known = answer.dim(0), T = x.dim(1);
  Tensor logits = s.net.see(x).logits;
  Tensor last = reshape(slice(slice(logits, 0, 0, known), 1, T - 1, T), {known, s.net.v});
  Tensor copied = slice(slice(logits, 0, known, x.dim(0)), 1, 8, T - 1),
         next = slice(slice(x, 0, known, x.dim(0)), 1, 9, T);
  Tensor l = cross_entropy(last, answer) + cross_entropy(copied, next);
  s.opt.update(s.net, grad(l, s.net));
  return l;
}

// ---- the model that is built by hand: it answers with the token that followed the last token's earlier occurrence
/// Tokens are one-hot in slots of their own of the stream; scores are bilinear forms of it.
struct HandBuilt {
  static constexpr int v = 24, t = 16, d = 96, first = 2, second = 7;                    // heads of the two layers
  static constexpr int previous = 0, duplicate = 1, induction = first;                   // the others are random
  static constexpr int token = 0, position = 24, before = 40, where = 64, follower = 72; // slots
  static bool random(int f) { return f != previous && f != duplicate && f != induction; }
  Tensor embed, positions;   // [v, d], [t, d]
  Tensor score, value, bias; // [F, d, d], [F, d, d], [F, t, t]: -inf where a head may not look
  int heads() const { return first + second; }
  Seen see(const Tensor &x, const Patch &patch = {}) const {
    Stream stream(take(embed, x) + positions, patch);
    for (auto [begin, count] : {std::pair(0, first), std::pair(first, second)}) {
      auto part = [begin = begin, end = begin + count](const Tensor &w) { return slice(w, 0, begin, end); };
      Tensor s = stream.of(begin, count);
      Tensor a = softmax(contract("bftd,fde,bfse->bfts", s, part(score), s) + part(bias));
      stream.write(contract("bfts,bfse->bfte", a, contract("bfsd,fde->bfse", s, part(value))));
    }
    Tensor last = squeeze(stream.of(heads(), 1), 1);
    return {slice(last, 2, follower, follower + v), stream.heads()};
  }
};
/// Scores of 30, so that attention is nearly hard. Random heads read tokens and positions alone: they have random
/// scores, a bias towards position 0 on which they rest, and write random numbers of length 1 or so.
inline HandBuilt handBuilt(std::uint64_t seed, float rest = 6) {
  using H = HandBuilt;
  constexpr int F = H::first + H::second;
  constexpr float hard = 30, never = -std::numeric_limits<float>::infinity();
  auto drawn = [&](int which) {
    Key key = Key(seed).fold(which);
    Tensor x = run([](const Key &key) { return normal(key, {F, H::d, H::d}); }, key);
    return std::vector<float>(x.span<float>().begin(), x.span<float>().end());
  };
  std::vector<float> embed(H::v * H::d), positions(H::t * H::d), score = drawn(0), value = drawn(1),
                                                                 bias(F * H::t * H::t);
  for (int i = 0; i < H::v; ++i)
    embed[std::size_t(i * H::d + H::token + i)] = 1;
  for (int i = 0; i < H::t; ++i)
    positions[std::size_t(i * H::d + H::position + i)] = 1;
  auto at = [](int f, int i, int j) { return std::size_t((f * H::d + i) * H::d + j); };
  for (int f = 0; f < F; ++f) {
    for (int i = 0; i < H::d; ++i)
      for (int j = 0; j < H::d; ++j)
        if (!H::random(f))
          score[at(f, i, j)] = value[at(f, i, j)] = 0;
        else
          value[at(f, i, j)] /= std::sqrt(4.f * H::d); // a token, a position, what layer 0 wrote
    for (int i = 0; i < H::t; ++i)
      for (int j = 0; j < H::t; ++j)
        bias[std::size_t((f * H::t + i) * H::t + j)] = j > i || (f == H::duplicate && j == i) ? never
                                                       : H::random(f) && j == 0               ? rest
                                                                                              : 0;
  }
  for (int i = 1; i < H::t; ++i)
    score[at(H::previous, H::position + i, H::position + i - 1)] = hard;
  for (int i = 0; i < H::t; ++i)
    for (int bit = 0; bit < 4; ++bit)
      value[at(H::duplicate, H::position + i, H::where + 2 * bit + !(i >> bit & 1))] = 1;
  for (int i = 0; i < H::v; ++i) {
    value[at(H::previous, H::token + i, H::before + i)] = 1;
    score[at(H::duplicate, H::token + i, H::token + i)] = hard;
    score[at(H::induction, H::token + i, H::before + i)] = hard;
    value[at(H::induction, H::token + i, H::follower + i)] = 1;
  }
  return {Tensor::copy(embed, {H::v, H::d}), Tensor::copy(positions, {H::t, H::d}),
          Tensor::copy(score, {F, H::d, H::d}), Tensor::copy(value, {F, H::d, H::d}),
          Tensor::copy(bias, {F, H::t, H::t})};
}

// ---- what heads do to the answer, by taking them out
/// By how much the logit of the answer is above that of the wrong one at the end, [B].
inline Tensor difference(const Tensor &logits, const Tensor &answer, const Tensor &wrong) {
  Dim T = logits.dim(1);
  Tensor last = squeeze(slice(logits, 1, T - 1, T), 1);
  return pick(last, answer, 1) - pick(last, wrong, 1);
}
struct Effects {
  Tensor whole, without; // the mean difference, and that with each patch [R]
};
/// Each patch in turn, all in one loop; what is cut is replaced by its mean over the prompts, at each position.
template <class M>
Effects ablate(const M &m, const Tensor &x, const Tensor &answer, const Tensor &wrong, const Tensor &cuts) {
  Seen s = m.see(x);
  Tensor instead = mean(s.all(), 0), count = zeros({}, i32);
  Tensor without = scan(count, cuts, [&](Tensor &count, const Tensor &cut) {
    count += 1;
    return mean(difference(m.see(x, Patch{cut, instead}).logits, answer, wrong));
  });
  return {mean(difference(s.logits, answer, wrong)), without};
}
/// Head by head: nobody finds it.
inline Tensor nodeCuts(int heads) {
  std::vector<float> cut;
  for (int run = 0; run < heads; ++run)
    for (int f = 0; f < heads; ++f)
      cut.insert(cut.end(), std::size_t(heads) + 1, f == run ? 1.f : 0.f);
  return Tensor::copy(cut, {heads, heads, heads + 1});
}
/// Ordered pair by pair: the second does not find the first.
inline Tensor edgeCuts(int heads) {
  std::vector<float> cut;
  for (int from = 0; from < heads; ++from)
    for (int to = 0; to < heads; ++to)
      if (from != to)
        for (int f = 0; f < heads; ++f)
          for (int g = 0; g <= heads; ++g)
            cut.push_back(f == from && g == to ? 1.f : 0.f);
  return Tensor::copy(cut, {heads * (heads - 1), heads, heads + 1});
}
/// Attribution patching: what the difference would lose by its slope, in one backward pass, [F].
template <class M> Tensor attribution(const M &m, const Tensor &x, const Tensor &answer, const Tensor &wrong) {
  Seen s = m.see(x);
  std::vector<Tensor> slope = grad(sum(difference(s.logits, answer, wrong)), s.heads);
  Tensor r = s.all(), g = concat(slope, 1);
  return abs(sum(g * (r - mean(r, 0)), {0, 2, 3})) / x.dim(0);
}

// ---- the finder
/// i32 [N, F]: of each prompt and head its strongest latent, the first of equals.
inline Tensor codes(const zoo::Sae &s, const Tensor &x) {
  Tensor a = s.encode(reshape(x, {-1, s.d}));
  return reshape(argmax(a, 1), {x.dim(0), x.dim(1)});
}
/// How many codes, or pairs of codes, occur in positives and never in negatives, the other way round, and in either;
/// the rows of the first half are positives.
struct Counts {
  Tensor positive, negative, either;        // [F]
  Tensor inPositive, inNegative;            // [F]: different codes
  Tensor edges, edgesNegative, edgesEither; // [F, F]
};
inline Counts count(const Tensor &codes, int latents) {
  Dim n = codes.dim(0) / 2;
  Tensor hot = transpose(one_hot(codes, latents), {1, 0, 2}), p = slice(hot, 1, 0, n), q = slice(hot, 1, n, 2 * n);
  auto number = [](const Tensor &x, const Axes &axes) { return sum(cast(x, f32), axes); };
  Tensor sp = max(p, 1) > 0, sq = max(q, 1) > 0, none = zeros({}, i32); // bit sets, [F, M]
  struct Pair {
    Tensor p, q;
  };
  struct Edge {
    Tensor positive, negative, either;
  };
  // Which pairs of codes occur together: products of one-hot matrices, one head with all others at a time.
  Edge e = scan(none, Pair{p, q}, [&](Tensor &none, Pair one) {
    none += 1;
    Tensor a = contract("nm,fnk->fmk", one.p, p) > 0, b = contract("nm,fnk->fmk", one.q, q) > 0;
    return Edge{number(a && !b, {1, 2}), number(b && !a, {1, 2}), number(a || b, {1, 2})};
  });
  return {number(sp && !sq, 1), number(sq && !sp, 1), number(sp || sq, 1), number(sp, 1),
          number(sq, 1),        e.positive,           e.negative,          e.either};
}
/// Several trials side by side: axis 0 of `all` and of their rows x [S, rows, D].
inline void train(zoo::SaeFit &all, const Tensor &x, const Tensor &lambda, int steps) {
  scan(all, steps, [&](zoo::SaeFit &all, Tensor) {
    all = vmap(
        [&](zoo::SaeFit s, Tensor x) {
          step(s, x, lambda);
          return s;
        },
        all, x);
  });
}
/// The rows that a trial trains on: all heads of the prompts that were drawn, [S, n, F, D] as [S, n F, D].
inline Tensor trainingRows(const Tensor &x, const Tensor &chosen) {
  return vmap([](Tensor x, Tensor chosen) { return reshape(take(x, chosen), {-1, x.dim(2)}); }, x, chosen);
}
inline Counts score(const zoo::SaeFit &all, const Tensor &x) {
  return vmap([](zoo::SaeFit s, Tensor x) { return count(codes(s.sae, x), s.sae.m); }, all, x);
}

struct Finder {
  int latents = 200, steps = 500, prompts = 10; // the last: how many it trains on
  float lambda = 0.002f;
  bool directions = false; // unit columns of W, the direction of each latent, in place of unit rows
};

// ---- what may not be
inline void checkPrompts(const zoo::Prompts &positive, const zoo::Prompts &negative) {
  refuse(positive.count() == 0 || positive.count() != negative.count(),
         "there must be as many positives as negatives, found " + std::to_string(positive.count()) + " and " +
             std::to_string(negative.count()));
  refuse(positive.length != negative.length, "prompts of lengths " + std::to_string(positive.length) + " and " +
                                                 std::to_string(negative.length) +
                                                 " have no common position to read heads at");
}
inline const Finder &checked(const Finder &f, int prompts) {
  refuse(f.latents < 2, "an autoencoder has two latents or more, found " + std::to_string(f.latents));
  refuse(f.prompts < 1 || f.prompts > prompts,
         "to train on " + std::to_string(f.prompts) + " of " + std::to_string(prompts) + " prompts");
  refuse(!(f.lambda >= 0), "lambda must not be negative, found " + std::to_string(f.lambda));
  return f;
}
inline void checkActivations(const Tensor &x) {
  for (float v : x.span<float>())
    refuse(!std::isfinite(v), "an output of a head is not finite, so it has no code");
}
/// Truth of each head from a list of those in the circuit.
inline std::vector<bool> labels(const std::vector<int> &circuit, int heads) {
  std::vector<bool> truth(std::size_t(heads), false);
  for (int h : circuit) {
    refuse(h < 0 || h >= heads, "head " + std::to_string(h) + " of a model with " + std::to_string(heads));
    truth[std::size_t(h)] = true;
  }
  return truth;
}

} // namespace circuits
