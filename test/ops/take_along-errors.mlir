// RUN: weft-opt %s --verify-diagnostics --split-input-file

func.func @rank(%x: tensor<3x5xf32>, %i: tensor<3xi32>) {
  // expected-error @below {{take_along: dimensions other than axis 1 differ: data f32 [3, 5] and indices i32 [3]}}
  // expected-error @below {{failed to infer returned types}}
  %y = "weft.take_along"(%x, %i) <{axis = 1 : i64}> : (tensor<3x5xf32>, tensor<3xi32>) -> tensor<3xf32>
  return
}

// -----

func.func @rows_differ(%x: tensor<3x5xf32>, %i: tensor<4x1xi32>) {
  // expected-error @below {{take_along: dimensions other than axis 1 differ: data f32 [3, 5] and indices i32 [4, 1]}}
  // expected-error @below {{failed to infer returned types}}
  %y = "weft.take_along"(%x, %i) <{axis = 1 : i64}> : (tensor<3x5xf32>, tensor<4x1xi32>) -> tensor<4x1xf32>
  return
}

// -----

func.func @axis(%x: tensor<3x5xf32>, %i: tensor<3x5xi32>) {
  // expected-error @below {{take_along: axis -1 is outside f32 [3, 5], which has 2 dimensions}}
  %y = "weft.take_along"(%x, %i) <{axis = -1 : i64}> : (tensor<3x5xf32>, tensor<3x5xi32>) -> tensor<3x5xf32>
  return
}
