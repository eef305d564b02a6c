// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// y = a x + b.
#pragma once
#include <weft/weft.h>
using namespace weft;
struct Line {
  Param a{{}, init::zeros}, b{{}, init::zeros};
};
struct State {
  Line line;
  optim::Adam<Line> opt{line, {.lr = 0.1}};
};
static Tensor fit(State &s, Tensor x, Tensor y) {
  Tensor loss = mean(square(s.line.a * x + s.line.b - y));
  s.opt.update(s.line, grad(loss, s.line));
  return loss;
}
