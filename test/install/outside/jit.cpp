// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "model.h"
#include <cstdio>
#include <vector>

int main() {
  std::vector<float> x, y;
  for (int i = 0; i < 8; ++i)
    x.push_back(float(i) / 8), y.push_back(3 * x.back() + 1);
  State s;
  initialize(s, Key(0));
  auto train = jit(fit, s, f32({8}), f32({8}));
  for (int i = 0; i < 300; ++i)
    train(s, Tensor::copy(x, {8}), Tensor::copy(y, {8}));
  std::printf("%a %a\n", double(s.line.a.item<float>()), double(s.line.b.item<float>()));
}
