// RUN: weft-opt %s --verify-diagnostics --split-input-file

func.func @indices(%x: tensor<3x5xf32>, %i: tensor<2x4xi32>, %u: tensor<2x4xf32>) {
  // expected-error @below {{scatter_add_along: dimensions other than axis 0 differ: data f32 [3, 5] and indices i32 [2, 4]}}
  // expected-error @below {{failed to infer returned types}}
  %y = "weft.scatter_add_along"(%x, %i, %u) <{axis = 0 : i64}> : (tensor<3x5xf32>, tensor<2x4xi32>, tensor<2x4xf32>) -> tensor<3x5xf32>
  return
}

// -----

func.func @updates(%x: tensor<3x5xf32>, %i: tensor<3x2xi32>, %u: tensor<3x5xf32>) {
  // expected-error @below {{scatter_add_along: updates are f32 [3, 5], but init and indices ask for f32 [3, 2]}}
  // expected-error @below {{failed to infer returned types}}
  %y = "weft.scatter_add_along"(%x, %i, %u) <{axis = 1 : i64}> : (tensor<3x5xf32>, tensor<3x2xi32>, tensor<3x5xf32>) -> tensor<3x5xf32>
  return
}
