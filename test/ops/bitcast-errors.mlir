// RUN: weft-opt %s --weft-derive --verify-diagnostics --split-input-file

func.func @width(%x: tensor<3xf32>) {
  // expected-error @below {{'weft.bitcast' op needs the same shape and width: f32 [3] to i64 [3]}}
  %y = weft.bitcast %x : tensor<3xf32> to tensor<3xi64>
  return
}

// -----

func.func @shape(%x: tensor<4xf32>) {
  // expected-error @below {{'weft.bitcast' op all non-scalar operands/results must have the same shape and base type}}
  %y = weft.bitcast %x : tensor<4xf32> to tensor<2x2xi32>
  return
}

// -----

func.func @no_derivative(%x: tensor<4xf16>, %ct: tensor<4xbf16>) -> tensor<4xf16> {
  // expected-error @below {{bitcast cannot be differentiated: bits are no smooth function of a number: use cast, or stop_gradient in front of it}}
  %y = weft.bitcast %x : tensor<4xf16> to tensor<4xbf16>
  // expected-note @below {{the derivative was asked for here}}
  %dx = weft.grad of %y with %ct wrt %x : (tensor<4xbf16>, tensor<4xbf16>, tensor<4xf16>) -> tensor<4xf16>
  return %dx : tensor<4xf16>
}
