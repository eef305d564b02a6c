// RUN: weft-opt %s --verify-diagnostics --split-input-file

func.func @axis(%x: tensor<3x4xf32>, %i: tensor<2xi32>) {
  // expected-error @below {{take: axis 2 is outside f32 [3, 4], which has 2 dimensions}}
  %y = "weft.take"(%x, %i) <{axis = 2 : i64}> : (tensor<3x4xf32>, tensor<2xi32>) -> tensor<3x4xf32>
  return
}

// -----

func.func @along(%x: tensor<3x4xf32>, %i: tensor<2x2xi32>) {
  // expected-error @below {{take_along: dimensions other than axis 1 differ: data f32 [3, 4] and indices i32 [2, 2]}}
  // expected-error @below {{failed to infer returned types}}
  %y = "weft.take_along"(%x, %i) <{axis = 1 : i64}> : (tensor<3x4xf32>, tensor<2x2xi32>) -> tensor<2x2xf32>
  return
}

// -----

func.func @updates(%x: tensor<3x4xf32>, %i: tensor<2xi32>, %u: tensor<2x5xf32>) {
  // expected-error @below {{scatter_add: updates are f32 [2, 5], but init and indices ask for f32 [2, 4]}}
  // expected-error @below {{failed to infer returned types}}
  %y = "weft.scatter_add"(%x, %i, %u) <{axis = 0 : i64}> : (tensor<3x4xf32>, tensor<2xi32>, tensor<2x5xf32>) -> tensor<3x4xf32>
  return
}

// -----

func.func @updates_along(%x: tensor<3x4xf32>, %i: tensor<3x2xi32>, %u: tensor<3x4xf32>) {
  // expected-error @below {{scatter_add_along: updates are f32 [3, 4], but init and indices ask for f32 [3, 2]}}
  // expected-error @below {{failed to infer returned types}}
  %y = "weft.scatter_add_along"(%x, %i, %u) <{axis = 1 : i64}> : (tensor<3x4xf32>, tensor<3x2xi32>, tensor<3x4xf32>) -> tensor<3x4xf32>
  return
}
