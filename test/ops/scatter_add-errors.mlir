// RUN: weft-opt %s --verify-diagnostics --split-input-file

func.func @updates(%x: tensor<3x5xf32>, %i: tensor<4xi32>, %u: tensor<5x4xf32>) {
  // expected-error @below {{scatter_add: updates are f32 [5, 4], but init and indices ask for f32 [4, 5]}}
  // expected-error @below {{failed to infer returned types}}
  %y = "weft.scatter_add"(%x, %i, %u) <{axis = 0 : i64}> : (tensor<3x5xf32>, tensor<4xi32>, tensor<5x4xf32>) -> tensor<3x5xf32>
  return
}

// -----

func.func @element_type(%x: tensor<3xf32>, %i: tensor<4xi32>, %u: tensor<4xf64>) {
  // expected-error @below {{scatter_add: updates are f64 [4], but init and indices ask for f32 [4]}}
  // expected-error @below {{failed to infer returned types}}
  %y = "weft.scatter_add"(%x, %i, %u) <{axis = 0 : i64}> : (tensor<3xf32>, tensor<4xi32>, tensor<4xf64>) -> tensor<3xf32>
  return
}

// -----

func.func @axis(%x: tensor<3xf32>, %i: tensor<4xi32>, %u: tensor<4xf32>) {
  // expected-error @below {{scatter_add: axis 1 is outside f32 [3], which has 1 dimensions}}
  %y = "weft.scatter_add"(%x, %i, %u) <{axis = 1 : i64}> : (tensor<3xf32>, tensor<4xi32>, tensor<4xf32>) -> tensor<3xf32>
  return
}
