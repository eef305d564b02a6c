// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The handwritten digits as patches, a vision transformer for them, and a masked autoencoder (K. He and others, "Masked
// autoencoders are scalable vision learners", 2022).
#pragma once
#include "common/nets.h"
#include "harness/Harness.h"
#include "harness/Metrics.h"
#include <cmath>
#include <stdexcept>
#include <weft/data.h>
#include <weft/weft.h>

namespace zoo {

/// 1,400 digits to train on and 397 to test, 8 x 8 pixels in [-1, 1], in an order that is always the same.
struct Digits {
  Tensor train, test; // [n, 64]
  std::vector<int> trainLabels, testLabels;
};
inline Digits digits(const Run &run) {
  auto all = weft::Dataset::csv(run.data("digits.csv.gz")).shuffled(weft::Key(0));
  auto [train, test] = all.split(1400);
  auto centred = [](const Tensor &x) { return weft::run([](Tensor x) { return x / 8 - 1; }, x); };
  auto labels = [](const Tensor &y) { return std::vector<int>(y.span<int>().begin(), y.span<int>().end()); };
  return {centred(train.x()), centred(test.x()), labels(train.y()), labels(test.y())};
}

/// Rows of tokens x [B, N, D] (or [N, D], the same for all) at i32 [B, K].
inline Tensor rowsAt(const Tensor &x, const Tensor &i) {
  return x.rank() == 2 ? take(x, i) : weft::vmap([](Tensor x, Tensor i) { return take(x, i); }, x, i);
}

/// The transformer that all systems on digits have: patches of 2 x 2, a class token, positions of low frequencies.
inline Vit digitsVit(int d = 48, int heads = 4, int depth = 6, float dropout = 0) {
  if (d % 4)
    throw std::invalid_argument("positions of two axes need a width divisible by 4, found " + std::to_string(d));
  if (heads < 1 || d % heads)
    throw std::invalid_argument(std::to_string(heads) + " heads do not divide a width of " + std::to_string(d));
  return {1, 8, 2, d, heads, depth, true, 100, {.dropout = dropout}};
}
/// Digits [B, 64] as patches [B, N, patch * patch].
inline Tensor digitPatches(const Tensor &x, int patch = 2) {
  if (patch < 1 || 8 % patch)
    throw std::invalid_argument("a side of 8 pixels is not made of patches of " + std::to_string(patch));
  return patches(reshape(x, {x.dim(0), 1, 8, 8}), patch);
}
/// The class token in front.
inline Tensor withClass(const Vit &v, const Tensor &x) {
  return weft::concat({broadcast_to(cast(v.cls, x.dtype()), {x.dim(0), 1, v.d}), x}, 1);
}
inline Tensor withoutClass(const Tensor &x) { return slice(x, 1, 1, x.dim(1)); }
/// [B, 1 + K, D]: the class and the patches at keep, i32 [B, K], which know of no others; of all patches without.
inline Tensor encode(const Vit &v, const Tensor &patches, const Tensor &keep = {}) {
  Tensor x = v.embedded(patches);
  return v.encode(keep.empty() ? x : rowsAt(x, keep));
}
/// What the linear probe reads: the mean of the patches' tokens, [B, D].
inline Tensor feature(const Vit &v, const Tensor &patches) { return mean(withoutClass(encode(v, patches)), 1); }
/// The later a block, the less what it adds: projections of block l over sqrt(2 l).
inline void scaleProjections(std::vector<nn::TransformerBlock> &blocks) {
  for (std::size_t l = 0; l < blocks.size(); ++l) {
    auto scaled = [l](const Tensor &w) {
      return weft::run([l](Tensor w) { return w / std::sqrt(2.0 * double(l + 1)); }, w);
    };
    blocks[l].attn.out.w = scaled(blocks[l].attn.out.w);
    blocks[l].mlp.layers[1].w = scaled(blocks[l].mlp.layers[1].w);
  }
}
/// All matrices of the blocks drawn once more, uniform with a variance of 1 / (3 fan-in): attention begins close to a
/// mean.
inline void drawUniform(Vit &v, const weft::Key &key) {
  int drawn = 0;
  auto draw = [&](nn::Linear &layer) {
    const Shape shape = layer.w.shape();
    const double most = 1 / std::sqrt(double(layer.in));
    layer.w = weft::run([=](const weft::Key &key) { return most * (2 * uniform(key, shape) - 1); }, key.fold(drawn++));
  };
  for (auto &b : v.encoder.blocks) {
    draw(b.attn.q), draw(b.attn.k), draw(b.attn.v), draw(b.attn.out);
    for (auto &layer : b.mlp.layers)
      draw(layer);
  }
  scaleProjections(v.encoder.blocks);
}

/// Patches of each picture in random order: the first are visible, the others masked.
struct Split {
  Tensor keep, masked; // i32 [B, N - M], [B, M]
};
inline Split randomSplit(const weft::Key &key, const weft::Dim &count, int patches, int masked) {
  Tensor order = argsort(uniform(key, {count, patches}), 1);
  return {slice(order, 1, 0, patches - masked), slice(order, 1, patches - masked, patches)};
}

/// The encoder sees the visible patches, a decoder of two blocks over all tokens paints the masked ones.
struct Mae {
  Vit enc;
  Param mask{{enc.d}, weft::init::normal(0.02)};
  std::vector<nn::TransformerBlock> decoder = nn::stack<nn::TransformerBlock>(2, enc.d, enc.heads);
  nn::LayerNorm decoded{enc.d};
  nn::Linear paint{enc.d, enc.channels * enc.patch * enc.patch};
  /// Masked patches [B, M, patch * patch].
  Tensor operator()(const Tensor &patches, const Split &at) const {
    Tensor p = cast(enc.positions(), patches.dtype()), z = encode(enc, patches, at.keep);
    Tensor y = weft::concat(
        {slice(z, 1, 0, 1), withoutClass(z) + rowsAt(p, at.keep), cast(mask, z.dtype()) + rowsAt(p, at.masked)}, 1);
    for (const auto &block : decoder)
      y = block(y);
    return paint(decoded(slice(y, 1, y.dim(1) - at.masked.dim(1), y.dim(1))));
  }
  void reset(weft::Key) { scaleProjections(enc.encoder.blocks), scaleProjections(decoder); }
};
inline Tensor loss(const Mae &m, const Tensor &patches, const Split &at) {
  return mse(m(patches, at), rowsAt(patches, at.masked));
}

/// What all of them are trained with: decay for matrices alone, the gradient at most 3 long.
template <class Net> struct NetFit {
  Net net;
  weft::optim::AdamW<Net> opt;
  weft::Key key{};
  void update(const Net &gradient) { opt.update(net, weft::optim::clip_norm(gradient, 3)); }
};
template <class Net> NetFit<Net> netFit(const Net &net, int steps) {
  const weft::optim::Schedule rate = weft::optim::warmup(50, weft::optim::linear(1e-3, 0, steps - 50));
  const char *noDecay = "*.b|*.g|*cls";
  if constexpr (requires { net.mask; })
    noDecay = "*.b|*.g|*cls|*mask";
  return {net, {net, {.lr = rate, .beta2 = 0.95, .decay = 0.05}, {{noDecay, {.lr = rate, .beta2 = 0.95}}}}};
}
/// So many rows at random.
inline Tensor randomRows(const weft::Key &key, int batch, const weft::Dim &of) {
  return minimum(cast(uniform(key, {batch}) * float(of.value()), weft::i32), of - 1);
}
/// So many steps as one compiled loop over rows of data drawn by the key: loss(net, rows, key); returns their losses.
template <class Net, class Loss>
Tensor trainNet(NetFit<Net> &s, const weft::Dim &count, int steps, int batch, Loss loss) {
  return weft::scan(s, steps, [&](NetFit<Net> &s, Tensor) {
    auto [draw, noise] = s.key.template next<2>();
    Tensor l = loss(s.net, randomRows(draw, batch, count), noise);
    s.update(grad(l, s.net));
    return l;
  });
}

} // namespace zoo
