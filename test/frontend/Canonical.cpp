// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Prints the IR of a model whose expressions leave the order of evaluation open: two compilers must print the same.
#include "Models.h"
#include <cstdio>

using namespace weft;

struct Net {
  nn::MLP body{{8, 16, 8}};
  nn::LayerNorm norm{8};
  nn::Embedding embed{12, 8};
  Param scale{{8}, init::constant(1)};
  Key key{};
};
static std::pair<Tensor, Tensor> forward(Net &n, Tensor tokens, Tensor x) {
  auto [a, b] = n.key.next<2>();
  Tensor h = n.norm(n.embed(tokens)) * (n.scale + 1) + (x * 0.5 - tanh(x)) * n.body(x) / (1 + exp(-x));
  Tensor noisy = h + 0.1 * normal(a, h.shape()) * cast(bernoulli(b, 0.5, h.shape()), f32);
  Tensor loss = mean(square(noisy) - maximum(x, 0) * select(x > 0, h, -h)) + sum(h * h) / 3;
  Net g = grad(loss, n);
  n.scale -= 0.1f * g.scale + 0.01f * n.scale;
  return {loss, matmul(noisy, transpose(h)) + concat({h, x}, 1)[0][3]};
}

int main() {
  std::puts(trace_ir(forward, Net{}, i32({dim("B", 1, 9)}), f32({dim("B", 1, 9), 8})).c_str());
  models::State s;
  std::puts(trace_ir(models::step, s, f32({64, 64}), i32({64})).c_str());
}
