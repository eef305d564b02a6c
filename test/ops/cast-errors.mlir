// RUN: weft-opt %s --verify-diagnostics --split-input-file

func.func @shape(%x: tensor<3xf32>) {
  // expected-error @below {{'weft.cast' op changes the shape: f32 [3] to f64 [4]}}
  %y = weft.cast %x : tensor<3xf32> to tensor<4xf64>
  return
}
