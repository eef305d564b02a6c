// RUN: weft-opt %s --verify-diagnostics --split-input-file

func.func @rank(%p: tensor<i1>, %x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error@+1 {{the mask i1 [] must have the first dimensions of f32 [4]}}
  %y = weft.active_rows %p, %x : tensor<i1>, tensor<4xf32>
  return %y : tensor<4xf32>
}

// -----

func.func @rows(%p: tensor<3xi1>, %x: tensor<4x3xf32>) -> tensor<4x3xf32> {
  // expected-error@+1 {{the mask i1 [3] must have the first dimensions of f32 [4, 3]}}
  %y = weft.active_rows %p, %x : tensor<3xi1>, tensor<4x3xf32>
  return %y : tensor<4x3xf32>
}
