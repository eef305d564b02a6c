// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The arithmetic of dense layers, tables of rows and dropout.
#include "Value.h"
#include "weft/nn/Layers.h"

using namespace weft;
using namespace weft::detail;

// Parameters are cast to the element type of what meets them.

Tensor nn::Linear::operator()(const Tensor &x, Loc at) const {
  requireValue(x, "linear", "input", at);
  if (x.rank() < 1 || !(x.shape().back() == Dim(in)))
    fail(at, "linear: the last dimension must be " + std::to_string(in) + ", found " + x.str(),
         {{"input", x}, {"w", w}});
  Tensor y = matmul(x, cast(Tensor(w), x.dtype(), at), at);
  return b.empty() ? y : Operand(y, at) + Operand(cast(Tensor(b), x.dtype(), at), at);
}

std::vector<nn::Linear> nn::MLP::make(const std::vector<int> &widths) {
  std::vector<Linear> layers;
  for (std::size_t i = 1; i < widths.size(); ++i)
    layers.push_back({widths[i - 1], widths[i]});
  return layers;
}
Tensor nn::MLP::operator()(Tensor x, Loc at) const {
  for (std::size_t i = 0; i < layers.size(); ++i) {
    x = layers[i](x, at);
    if (i + 1 < layers.size())
      x = act(x, at);
  }
  return x;
}

Tensor nn::Embedding::unembed(const Tensor &x, Loc at) const {
  requireValue(x, "unembed", "input", at);
  return matmul(x, transpose(cast(Tensor(w), x.dtype(), at), at), at);
}

Tensor nn::Dropout::operator()(const Tensor &x, const Mode &mode, Loc at) const {
  if (!mode.key || p <= 0)
    return x;
  if (p >= 1)
    throw Error(at, "dropout: expected a probability below 1, found " + std::to_string(p));
  requireValue(x, "dropout", "input", at);
  Key key = keyAt(*mode.key, place, at);
  Tensor stays = Operand(uniform(key, x.shape(), f32, at), at) >= Operand(p, at);
  return select(Operand(stays, at), Operand(Operand(x, at) * Operand(1 / (1 - double(p)), at), at), Operand(0, at));
}
