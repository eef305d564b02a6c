// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A student that learns from two frozen teachers: from a supervised one what its tokens are, from a masked autoencoder
// how its tokens relate, and drops redundant tokens on its way (Z. Shi and others, "Hybrid distillation: connecting
// masked autoencoders with contrastive learners", 2023).
#pragma once
#include "common/vit.h"
#include <cmath>
#include <stdexcept>
#include <string>
#include <weft/weft.h>

namespace hybrid {
using namespace weft;
using zoo::rowsAt;
using zoo::Vit;

inline void refuse(bool bad, const std::string &why) {
  if (bad)
    throw std::invalid_argument(why);
}

/// A supervised teacher: the mean of the last tokens, and a layer.
struct Classifier {
  Vit enc;
  nn::Linear head{enc.d, 10};
  Tensor operator()(const Tensor &patches) const { return head(zoo::feature(enc, patches)); }
  void reset(Key) { zoo::scaleProjections(enc.encoder.blocks); }
};

using zoo::withoutClass;

/// What meets in one block's attention, [B, T, heads, width], without the class token.
struct Inside {
  Tensor q, k, v;
};
/// The last tokens [B, K, D] without the class token, and the inside of one block.
struct Seen {
  Tensor tokens;
  Inside inside;
  // i32 [B, K]: places of the tokens that are left at the end, and in that block; empty: all are
  Tensor alive, aliveInside;
};

/// How tokens are dropped: at the inputs of blocks 1, 1 + L/3 and 1 + 2L/3 a third of the share m goes each time.
struct Dropping {
  double m = 0;
  bool always = false; // sorts even if nothing goes
  /// Tokens that are left after stage 0, 1, 2.
  int left(int tokens, int stage) const { return int(std::lround(tokens * (1 - (stage + 1) / 3.0 * m))); }
};
/// The mean cosine of each token with all that are there, [B, T].
inline Tensor redundancy(const Tensor &x) {
  Tensor unit = x / (norm(x, 2, keep) + 1e-8);
  return mean(contract("btd,bsd->bts", unit, unit), 2);
}
/// The so many least redundant, in the order of their places; of equals the first.
inline Tensor leastRedundant(const Tensor &x, int count) {
  Tensor order = argsort(redundancy(x), 1);
  return sort(slice(order, 1, 0, count), 1).values;
}

/// v of patches, with the inside of block number `block` (from 1); `path` is where v lies among the arguments,
/// "net.vit.". The class token is never dropped. Nothing is differentiated through what is chosen.
inline Seen see(const Vit &v, const std::string &path, const Tensor &patches, int block, const Dropping &drop = {}) {
  Tensor x = zoo::withClass(v, v.embedded(patches));
  Seen seen;
  const int third = std::max(1, v.depth / 3);
  for (int l = 0; l < v.depth; ++l) {
    if ((drop.m > 0 || drop.always) && l % third == 0 && l / third < 3) {
      Tensor tokens = withoutClass(x);
      Tensor kept = leastRedundant(stop_gradient(tokens), drop.left(v.tokens(), l / third));
      seen.alive = seen.alive.empty() ? kept : take_along(seen.alive, kept);
      x = concat({slice(x, 1, 0, 1), rowsAt(tokens, kept)}, 1);
    }
    const auto &b = v.encoder.blocks[std::size_t(l)];
    if (l + 1 != block) {
      x = b(x);
      continue;
    }
    std::string at = path + "encoder.blocks." + std::to_string(l) + ".attn.";
    auto [rest, q] = tap(at + "q", [&] { return tap(at + "k", [&] { return tap(at + "v", [&] { return b(x); }); }); });
    x = rest.first.first;
    seen.inside = {withoutClass(q), withoutClass(rest.second), withoutClass(rest.first.second)};
    seen.aliveInside = seen.alive;
  }
  seen.tokens = withoutClass(v.encoder.norm(x));
  return seen;
}

/// [B, T, heads, width] cut into so many relation heads, [B, T, R, D / R].
inline Tensor relationHeads(const Tensor &x, int R) {
  return reshape(x, {x.dim(0), x.dim(1), R, x.dim(2) * x.dim(3) / R});
}
/// log softmax(a b^T / sqrt(width)) over the last axis, [B, R, T, T].
inline Tensor logRelation(const Tensor &a, const Tensor &b) {
  return log_softmax(contract("btrw,bsrw->brts", a, b) / std::sqrt(double(a.dim(3).value())));
}
/// KL(p || q) of rows, averaged over all of them, from their logarithms.
inline Tensor divergence(const Tensor &logP, const Tensor &logQ) { return mean(sum(exp(logP) * (logP - logQ), -1)); }
/// How far the student's relations are from the teacher's: queries with keys, and values with values.
inline Tensor relationLoss(const Inside &student, const Inside &teacher, int R) {
  auto of = [R](const Inside &i) {
    Tensor q = relationHeads(i.q, R), k = relationHeads(i.k, R), v = relationHeads(i.v, R);
    return std::pair(logRelation(q, k), logRelation(v, v));
  };
  auto [qk, vv] = of(student);
  auto [QK, VV] = of(teacher);
  return divergence(stop_gradient(QK), qk) + divergence(stop_gradient(VV), vv);
}
/// Without parameters: each token to mean 0 and variance 1.
inline Tensor whitened(const Tensor &x) {
  Tensor c = x - mean(x, -1, keep);
  return c / sqrt(mean(square(c), -1, keep) + 1e-5);
}
/// Smooth L1 with its corner at 1.
inline Tensor featureLoss(const Tensor &student, const Tensor &teacher) {
  Tensor d = abs(whitened(student) - whitened(stop_gradient(teacher)));
  return mean(select(d < 1, 0.5 * square(d), d - 0.5));
}
inline Inside rowsAt(const Inside &i, const Tensor &alive) {
  auto of = [&](const Tensor &x) { return vmap([](Tensor x, Tensor i) { return take(x, i); }, x, alive); };
  return {of(i.q), of(i.k), of(i.v)};
}

struct Student {
  Vit vit;
  int target;
  nn::Linear project{vit.d, target};
  void reset(Key) { zoo::scaleProjections(vit.encoder.blocks); }
};
struct Teachers {
  Vit discriminates, relates;
};
struct Method {
  double alpha = 1, beta = 1;
  int block = 5, heads = 4; // from 1; of relations
  Dropping drop{};
};
struct Losses {
  Tensor whole, feature, relation;
};
/// `net` is where the student lies among the arguments ("net.vit."), `teacher` where the masked autoencoder's encoder
/// does.
inline Losses losses(const Student &s, const std::string &net, const Teachers &t, const std::string &teacher,
                     const Tensor &patches, const Method &how) {
  Seen mine = see(s.vit, net, patches, how.beta != 0 ? how.block : 0, how.drop);
  Losses l{zeros({}, patches.dtype()), {}, {}};
  if (how.alpha != 0) {
    Tensor z = withoutClass(zoo::encode(t.discriminates, patches));
    l.feature = featureLoss(s.project(mine.tokens), mine.alive.empty() ? z : rowsAt(z, mine.alive));
    l.whole += how.alpha * l.feature;
  }
  if (how.beta != 0) {
    Inside theirs = see(t.relates, teacher, patches, how.block).inside;
    Tensor alive = mine.aliveInside;
    l.relation = relationLoss(mine.inside, alive.empty() ? theirs : rowsAt(theirs, alive), how.heads);
    l.whole += how.beta * l.relation;
  }
  return l;
}

// ---- what may not be
inline const Method &checked(const Method &how, const Student &s, const Teachers &t) {
  const int N = s.vit.tokens();
  refuse(N != t.discriminates.tokens() || N != t.relates.tokens(),
         "the student has " + std::to_string(N) + " tokens, and its teachers " +
             std::to_string(t.discriminates.tokens()) + " and " + std::to_string(t.relates.tokens()));
  refuse(how.heads < 1 || s.vit.d % how.heads || t.relates.d % how.heads,
         std::to_string(how.heads) + " relation heads do not divide widths of " + std::to_string(s.vit.d) + " and " +
             std::to_string(t.relates.d));
  refuse(how.block < 1 || how.block > s.vit.depth || how.block > t.relates.depth,
         "block " + std::to_string(how.block) + " of 1 to " + std::to_string(std::min(s.vit.depth, t.relates.depth)));
  refuse(how.alpha == 0 && how.beta == 0, "alpha and beta are both 0, so nothing is learnt");
  refuse(!(how.drop.m >= 0 && how.drop.m < 1),
         "the share of tokens to drop lies in [0, 1), found " + std::to_string(how.drop.m));
  refuse(how.drop.left(N, 2) < 2,
         "after the last stage " + std::to_string(how.drop.left(N, 2)) + " tokens are left, and relations need two");
  refuse(s.target != t.discriminates.d, "the student's features are projected to " + std::to_string(s.target) +
                                            " numbers, and its teacher has " + std::to_string(t.discriminates.d));
  return how;
}

} // namespace hybrid
