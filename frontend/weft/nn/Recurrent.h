// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Cells of recurrent networks. A call takes the state by reference, steps it and returns the output, so that a scan's
// body is `return cell(s, x)`. What is computed of the inputs alone can be done for all steps at once: `project` in
// front of the scan, `step` in it.
#pragma once
#include "weft/Ops.h"

namespace weft::nn {

/// r, z = sigmoid of the input's and the state's part, n = tanh(input's part + r * state's part), h' = (1 - z) n + z h
/// (K. Cho and others, 2014, with the reset gate behind the product).
struct GRUCell {
  int in = 0, hidden = 0;
  Param wx{{in, 3 * hidden}}, wh{{hidden, 3 * hidden}}, bx{{3 * hidden}, init::zeros}, bh{{3 * hidden}, init::zeros};
  Tensor zeros(const Dim &batch, DType dtype = default_dtype(), Loc at = Loc::here()) const;
  Tensor operator()(Tensor &h, const Tensor &x, Loc at = Loc::here()) const;
  /// x wx + bx, of any number of steps.
  Tensor project(const Tensor &x, Loc at = Loc::here()) const;
  Tensor step(Tensor &h, const Tensor &projected, Loc at = Loc::here()) const;
};

struct LSTMState {
  Tensor h, c;
};
/// Gates i, f, o = sigmoid, g = tanh of x wx + h wh + b; c' = f c + i g, h' = o tanh(c').
struct LSTMCell {
  int in = 0, hidden = 0;
  Param wx{{in, 4 * hidden}}, wh{{hidden, 4 * hidden}}, b{{4 * hidden}, init::zeros}; // columns: i, f, g, o
  LSTMState zeros(const Dim &batch, DType dtype = default_dtype(), Loc at = Loc::here()) const;
  Tensor operator()(LSTMState &s, const Tensor &x, Loc at = Loc::here()) const;
  /// x wx + b, of any number of steps.
  Tensor project(const Tensor &x, Loc at = Loc::here()) const;
  Tensor step(LSTMState &s, const Tensor &projected, Loc at = Loc::here()) const;
};

} // namespace weft::nn
