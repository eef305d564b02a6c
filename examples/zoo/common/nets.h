// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Networks that several systems have: encoders of tokens and of pictures, relative positions as tables. They are thin:
// attention (with programs on its scores and weights, and q, k, v, z and map to be tapped), norms, blocks, positions
// and cells are the library's (weft/nn.h).
#pragma once
#include <weft/weft.h>

namespace zoo {
using weft::Dim, weft::Param, weft::Shape, weft::Tensor;
namespace nn = weft::nn;

/// Blocks one after the other, with a norm behind the last one where they have their norms in front. Each block marks
/// "out": `tap("encoder.blocks.2.out", ...)`.
struct Encoder {
  int d = 0, heads = 1, depth = 1;
  nn::BlockOptions options{};
  std::vector<nn::TransformerBlock> blocks = nn::stack<nn::TransformerBlock>(depth, d, heads, options);
  nn::Norm norm{options.pre_norm ? options.norm : nn::NormKind::none, d};
  Tensor operator()(Tensor x, const nn::Attend &call = {}) const {
    for (const auto &block : blocks)
      x = block(x, call);
    return norm(x);
  }
};

/// Pictures [B, channels, side, side] as tokens [B, (side / patch)^2, channels * patch * patch], row by row; in a token
/// channels first, as in a picture.
inline Tensor patches(const Tensor &x, int patch) {
  const int channels = int(x.dim(1).value()), rows = int(x.dim(2).value()) / patch,
            columns = int(x.dim(3).value()) / patch;
  Tensor parts = reshape(x, {x.dim(0), channels, rows, patch, columns, patch});
  return reshape(transpose(parts, {0, 2, 4, 1, 3, 5}), {x.dim(0), rows * columns, channels * patch * patch});
}
/// The inverse.
inline Tensor unpatches(const Tensor &tokens, int channels, int rows, int columns, int patch) {
  Tensor parts = reshape(tokens, {tokens.dim(0), rows, columns, channels, patch, patch});
  return reshape(transpose(parts, {0, 3, 1, 4, 2, 5}), {tokens.dim(0), channels, rows * patch, columns * patch});
}

/// A vision transformer over square pictures (A. Dosovitskiy and others, 2020): patches, fixed sin-cos positions of two
/// axes, blocks. With a class token it is the first of the tokens, and has no position.
struct Vit {
  int channels = 1, side = 8, patch = 2, d = 48, heads = 4, depth = 6;
  bool with_class = false;
  double base = 10000; // of the positions
  nn::BlockOptions options{};
  nn::Linear embed{channels * patch * patch, d};
  Param cls = with_class ? Param({1, 1, d}, weft::init::normal(0.02)) : Param();
  Encoder encoder{d, heads, depth, options};
  int tokens() const { return (side / patch) * (side / patch); }
  Tensor positions() const { return nn::sincos_positions({side / patch, side / patch}, d, base); }
  /// Of tokens [B, tokens, channels * patch * patch]: embedded, with their positions.
  Tensor embedded(const Tensor &x) const { return embed(x) + cast(positions(), x.dtype()); }
  /// What the blocks make of embedded tokens, of all or of those that were kept.
  Tensor encode(Tensor x, const nn::Attend &call = {}) const {
    if (with_class)
      x = weft::concat({broadcast_to(cast(cls, x.dtype()), {x.dim(0), 1, d}), x}, 1);
    return encoder(x, call);
  }
  Tensor operator()(const Tensor &pictures, const nn::Attend &call = {}) const {
    return encode(embedded(patches(pictures, patch)), call);
  }
};

/// A number for each head and relative position, [heads, 2 n - 1], as the matrix [heads, queries, keys] with element
/// i, j that of j - i; n is the most that there are of either.
struct RelativeTable {
  int heads = 1, n = 1;
  weft::Init first = weft::init::normal(0.02);
  Param table{{heads, 2 * n - 1}, first};
  Tensor operator()(const Dim &queries, const Dim &keys) const { return nn::toeplitz(table, queries, keys); }
};

} // namespace zoo
