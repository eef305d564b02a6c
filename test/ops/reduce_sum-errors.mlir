// RUN: weft-opt %s --verify-diagnostics --split-input-file
//
// The shape rule of all reductions.

func.func @outside(%x: tensor<3x4xf32>) {
  // expected-error @below {{reduce_sum: axis 2 is outside f32 [3, 4], which has 2 dimensions}}
  %y = "weft.reduce_sum"(%x) <{axes = array<i64: 2>}> : (tensor<3x4xf32>) -> tensor<3xf32>
  return
}

// -----

func.func @twice(%x: tensor<3x4xf32>) {
  // expected-error @below {{reduce_max: axis 1 is given twice}}
  %y = "weft.reduce_max"(%x) <{axes = array<i64: 1, 1>}> : (tensor<3x4xf32>) -> tensor<3xf32>
  return
}

// -----

func.func @unsorted(%x: tensor<3x4xf32>) {
  // expected-error @below {{reduce_min: axes must be sorted, but 1 stands before 0}}
  %y = "weft.reduce_min"(%x) <{axes = array<i64: 1, 0>}> : (tensor<3x4xf32>) -> tensor<f32>
  return
}
