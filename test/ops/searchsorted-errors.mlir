// RUN: weft-opt %s --verify-diagnostics --split-input-file

func.func @rows(%s: tensor<2x3xf32>, %v: tensor<3x3xf32>) {
  // expected-error @below {{searchsorted: expected rows of one type and as many rows of values, found f32 [2, 3] and f32 [3, 3]}}
  // expected-error @below {{failed to infer returned types}}
  %y = "weft.searchsorted"(%s, %v) : (tensor<2x3xf32>, tensor<3x3xf32>) -> tensor<3x3xi32>
  return
}

// -----

func.func @types(%s: tensor<3xf32>, %v: tensor<3xf64>) {
  // expected-error @below {{searchsorted: expected rows of one type and as many rows of values, found f32 [3] and f64 [3]}}
  // expected-error @below {{failed to infer returned types}}
  %y = "weft.searchsorted"(%s, %v) : (tensor<3xf32>, tensor<3xf64>) -> tensor<3xi32>
  return
}
