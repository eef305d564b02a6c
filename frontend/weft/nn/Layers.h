// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Dense layers, tables of rows, dropout, stacks of blocks.
#pragma once
#include "weft/Ops.h"

namespace weft::nn {

/// x w + b of the last axis; b only if there is a bias.
struct Linear {
  int in = 0, out = 0;
  bool bias = true;
  Param w{{in, out}}, b = bias ? Param({out}, init::zeros) : Param();
  Tensor operator()(const Tensor &x, Loc at = Loc::here()) const;
};

using Activation = Tensor (*)(const Tensor &, Loc);

/// Linear layers of these widths with an activation between neighbours.
struct MLP {
  std::vector<int> widths;
  Activation act = gelu;
  std::vector<Linear> layers = make(widths);
  Tensor operator()(Tensor x, Loc at = Loc::here()) const;
  static std::vector<Linear> make(const std::vector<int> &widths);
};

struct Embedding {
  int n = 0, d = 0;
  Param w{{n, d}, init::normal(0.02f)};
  Tensor operator()(const Tensor &i, Loc at = Loc::here()) const { return take(w, i, 0, at); }
  /// Logits of the n rows: x w^T.
  Tensor unembed(const Tensor &x, Loc at = Loc::here()) const;
};

/// Zeroes elements with probability p in training and scales the others by 1 / (1 - p). Its noise is the mode's key
/// folded with its own path and use count, so that a new layer shifts nobody's noise.
struct Dropout {
  float p = 0.1f;
  detail::Place place{};
  Tensor operator()(const Tensor &x, const Mode &mode, Loc at = Loc::here()) const;
};

/// `std::vector<Block> blocks = nn::stack<Block>(depth, d)`: depth blocks made of the same arguments.
template <class T, class... A> std::vector<T> stack(int count, const A &...arguments) {
  std::vector<T> blocks;
  blocks.reserve(count);
  for (int i = 0; i < count; ++i)
    blocks.push_back(T{arguments...});
  return blocks;
}

} // namespace weft::nn
