// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Models that several tests trace.
#pragma once
#include <weft/weft.h>

namespace models {
using namespace weft;

struct Classifier {
  nn::Linear hidden{64, 128}, head{128, 10};
  Tensor operator()(Tensor x) const { return head(gelu(hidden(x))); }
};
struct State {
  Classifier net;
  optim::AdamW<Classifier> opt{net, {.lr = 1e-3f}};
};
inline Tensor step(State &s, Tensor x, Tensor y) {
  Tensor loss = cross_entropy(s.net(x), y);
  s.opt.update(s.net, grad(loss, s.net));
  return loss;
}
} // namespace models
