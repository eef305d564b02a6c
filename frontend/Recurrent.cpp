// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Cells: all gates in one product for the input and one for the state.
#include "weft/nn/Recurrent.h"
#include "Value.h"

using namespace weft;
using namespace weft::detail;

static Tensor part(const Tensor &x, int index, int width, Loc at) {
  return slice(x, -1, index * width, (index + 1) * width, 1, at);
}
static Tensor product(const char *cell, const char *what, const Tensor &x, const Tensor &w, const Tensor &b, Loc at) {
  requireValue(x, cell, what, at);
  if (x.rank() < 1 || !(x.shape().back() == w.shape()[0]))
    fail(at,
         std::string(cell) + ": the last dimension of the " + what + " must be " + w.shape()[0].str() + ", found " +
             x.str(),
         {{what, x}, {"weights", w}});
  Tensor y = matmul(x, cast(w, x.dtype(), at), at);
  return b.empty() ? y : Operand(y, at) + Operand(cast(b, x.dtype(), at), at);
}
static void checkGates(const char *cell, const Tensor &projected, const Tensor &h, int gates, int hidden, Loc at) {
  requireValue(projected, cell, "projected input", at);
  requireValue(h, cell, "state", at);
  Shape expected = h.shape();
  if (!expected.empty())
    expected.back() = gates * hidden;
  if (projected.shape() != expected || projected.dtype() != h.dtype())
    fail(at,
         std::string(cell) + ": input and state differ in more than their last dimension: a state " + h.str() +
             " takes a projected input " + str(expected) + ", found " + projected.str(),
         {{"projected input", projected}, {"state", h}});
}

Tensor nn::GRUCell::zeros(const Dim &batch, DType dtype, Loc at) const {
  return weft::zeros({batch, hidden}, dtype, at);
}
Tensor nn::GRUCell::project(const Tensor &x, Loc at) const { return product("gru_cell", "input", x, wx, bx, at); }
Tensor nn::GRUCell::operator()(Tensor &h, const Tensor &x, Loc at) const { return step(h, project(x, at), at); }
Tensor nn::GRUCell::step(Tensor &h, const Tensor &projected, Loc at) const {
  auto o = [&](auto &&v) { return Operand(v, at); };
  Tensor u = product("gru_cell", "state", h, wh, bh, at);
  checkGates("gru_cell", projected, h, 3, hidden, at);
  Tensor r = sigmoid(o(part(projected, 0, hidden, at)) + o(part(u, 0, hidden, at)), at),
         z = sigmoid(o(part(projected, 1, hidden, at)) + o(part(u, 1, hidden, at)), at);
  Tensor n = tanh(o(part(projected, 2, hidden, at)) + o(o(r) * o(part(u, 2, hidden, at))), at);
  h = o(n) + o(o(z) * o(o(h) - o(n)));
  return h;
}

nn::LSTMState nn::LSTMCell::zeros(const Dim &batch, DType dtype, Loc at) const {
  return {weft::zeros({batch, hidden}, dtype, at), weft::zeros({batch, hidden}, dtype, at)};
}
Tensor nn::LSTMCell::project(const Tensor &x, Loc at) const { return product("lstm_cell", "input", x, wx, b, at); }
Tensor nn::LSTMCell::operator()(LSTMState &s, const Tensor &x, Loc at) const { return step(s, project(x, at), at); }
Tensor nn::LSTMCell::step(LSTMState &s, const Tensor &projected, Loc at) const {
  auto o = [&](auto &&v) { return Operand(v, at); };
  Tensor u = product("lstm_cell", "state", s.h, wh, {}, at);
  checkGates("lstm_cell", projected, s.h, 4, hidden, at);
  Tensor all = o(projected) + o(u);
  Tensor i = sigmoid(part(all, 0, hidden, at), at), f = sigmoid(part(all, 1, hidden, at), at),
         g = tanh(part(all, 2, hidden, at), at), out = sigmoid(part(all, 3, hidden, at), at);
  s.c = o(o(f) * o(s.c)) + o(o(i) * o(g));
  s.h = o(out) * o(tanh(s.c, at));
  return s.h;
}
