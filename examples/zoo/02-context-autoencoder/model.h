// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A context autoencoder (X. Chen and others, "Context autoencoder for self-supervised representation learning", 2022):
// the encoder sees the visible patches alone, a regressor predicts what the same encoder would say of the masked ones,
// and a small decoder names the masked patches' visual tokens by that prediction. Beside it a masked autoencoder.
#pragma once
#include "common/vit.h"
#include <stdexcept>
#include <string>
#include <weft/weft.h>

namespace cae {
using namespace weft;
using zoo::rowsAt;
using zoo::Split;
using zoo::Vit;

inline void refuse(bool bad, const std::string &why) {
  if (bad)
    throw std::invalid_argument(why);
}

inline constexpr int side = 8, patch = 2, grid = side / patch, N = grid * grid, numbers = patch * patch;

/// Queries that look at a memory and at themselves. Keys know their positions, values do not; the second norm takes the
/// stream's place.
struct Regressor {
  int d, heads;
  nn::LayerNorm nq{d}, nk{d}, nv{d}, norm{d};
  nn::Attention attn{d, heads};
  nn::MLP mlp{{d, 4 * d, d}};
  Tensor operator()(Tensor q, const Tensor &memory, const Tensor &ofQueries, const Tensor &ofMemory) const {
    Tensor kv = concat({memory, q}, 1);
    q += attn(nq(q + ofQueries), nk(kv + concat({ofMemory, ofQueries}, 1)), nv(kv));
    q = norm(q);
    return q + mlp(q);
  }
};

struct Forward {
  Tensor predicted, target, logits; // [B, M, D] twice, [B, M, K]
};
struct Cae {
  int d = 48, heads = 4, codes = 32, depth = 6;
  Vit enc = zoo::digitsVit(d, heads, depth);
  Param mask{{d}, init::normal(0.02)};
  std::vector<Regressor> regressor = nn::stack<Regressor>(2, d, heads);
  nn::LayerNorm predicted{d};
  std::vector<nn::TransformerBlock> decoder = nn::stack<nn::TransformerBlock>(2, d, heads);
  nn::LayerNorm decoded{d};
  nn::Linear name{d, codes};

  /// Of what the encoder says of visible patches z [B, K, D] what it would say of the masked ones, [B, M, D].
  Tensor regress(const Tensor &z, const Tensor &ofVisible, const Tensor &ofMasked) const {
    Tensor q = broadcast_to(cast(mask, z.dtype()), ofMasked.shape());
    for (const Regressor &r : regressor)
      q = r(q, z, ofMasked, ofVisible);
    return predicted(q);
  }
  /// Logits of the masked patches' codes, by the predictions alone.
  Tensor decode(Tensor y, const Tensor &ofMasked) const {
    y += ofMasked;
    for (const auto &block : decoder)
      y = block(y);
    return name(decoded(y));
  }
  /// What the encoder says of the patches at i, [B, K, D].
  Tensor latents(const Tensor &patches, const Tensor &i) const {
    return zoo::withoutClass(zoo::encode(enc, patches, i));
  }
  Forward operator()(const Tensor &patches, const Split &at) const {
    Tensor p = cast(enc.positions(), patches.dtype()), ofVisible = rowsAt(p, at.keep), ofMasked = rowsAt(p, at.masked);
    Tensor z = regress(latents(patches, at.keep), ofVisible, ofMasked);
    return {z, stop_gradient(latents(patches, at.masked)), decode(z, ofMasked)};
  }
  void reset(Key) { zoo::scaleProjections(enc.encoder.blocks), zoo::scaleProjections(decoder); }
};
/// The names of the masked patches, and lambda times how far the predictions are from the encoder's own words.
inline Tensor loss(const Forward &f, const Tensor &ids, double lambda) {
  return cross_entropy(f.logits, ids) + lambda * mse(f.predicted, f.target);
}

// ---- what may not be
inline int checkedMasked(int M) {
  refuse(M < 1 || M >= N, "of " + std::to_string(N) + " patches some must be masked and some visible, found " +
                              std::to_string(M) + " masked");
  return M;
}
/// Masks [B, N], true where a patch is masked, as indices: the same count in each row.
inline Split indices(const std::vector<bool> &mask, int rows) {
  std::vector<int> keep, masked;
  std::size_t first = 0;
  for (int b = 0; b < rows; ++b) {
    std::size_t count = 0;
    for (int i = 0; i < N; ++i)
      if (mask[std::size_t(b * N + i)])
        masked.push_back(i), ++count;
      else
        keep.push_back(i);
    refuse(b > 0 && count != first, "row " + std::to_string(b) + " has " + std::to_string(count) +
                                        " masked patches, and row 0 has " + std::to_string(first));
    first = count;
  }
  const int M = checkedMasked(int(first));
  return {Tensor::copy(keep, {rows, N - M}), Tensor::copy(masked, {rows, M})};
}
inline Cae checkedCae(int d, int heads, int codes, double lambda) {
  refuse(!(lambda >= 0), "lambda must not be negative, found " + std::to_string(lambda));
  refuse(codes < 2, "a codebook has two codes or more, found " + std::to_string(codes));
  zoo::digitsVit(d, heads);
  return {d, heads, codes};
}
/// Codes of patches [n, N]: one for each patch of the grid, from the codebook.
inline void checkIds(const Tensor &ids, int codes) {
  refuse(ids.rank() != 2 || !(ids.dim(1) == Dim(N)),
         "the tokenizer gives " + ids.dim(-1).str() + " codes for a picture of " + std::to_string(N) + " patches");
  for (int id : ids.span<int>())
    refuse(id < 0 || id >= codes, "code " + std::to_string(id) + " of a codebook of " + std::to_string(codes));
}

} // namespace cae
