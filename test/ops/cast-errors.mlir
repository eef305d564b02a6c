// RUN: weft-opt %s --verify-diagnostics --split-input-file

func.func @shape(%x: tensor<3xf32>) {
  // expected-error @below {{'weft.cast' op all non-scalar operands/results must have the same shape and base type}}
  %y = weft.cast %x : tensor<3xf32> to tensor<4xf64>
  return
}

// -----

// A symbol is not equal to a constant, whatever it may be in a run.
func.func @symbol(%x: tensor<?xf32, #weft.dims<[B in 1 to 8] (B)>>) {
  // expected-error @below {{'weft.cast' op changes the shape: f32 [B] to f64 [4]}}
  %y = weft.cast %x : tensor<?xf32, #weft.dims<[B in 1 to 8] (B)>> to tensor<4xf64>
  return
}
