// RUN: weft-opt %s --verify-diagnostics --split-input-file

func.func @updates(%x: tensor<3x5xf32>, %i: tensor<4xi32>, %u: tensor<5x4xf32>) {
  // expected-error @below {{scatter_set: updates are f32 [5, 4], but init and indices ask for f32 [4, 5]}}
  // expected-error @below {{failed to infer returned types}}
  %y = "weft.scatter_set"(%x, %i, %u) <{axis = 0 : i64}> : (tensor<3x5xf32>, tensor<4xi32>, tensor<5x4xf32>) -> tensor<3x5xf32>
  return
}

// -----

func.func @along(%x: tensor<3x5xf32>, %i: tensor<4x2xi32>, %u: tensor<4x2xf32>) {
  // expected-error @below {{scatter_max_along: dimensions other than axis 1 differ: data f32 [3, 5] and indices i32 [4, 2]}}
  // expected-error @below {{failed to infer returned types}}
  %y = "weft.scatter_max_along"(%x, %i, %u) <{axis = 1 : i64}> : (tensor<3x5xf32>, tensor<4x2xi32>, tensor<4x2xf32>) -> tensor<3x5xf32>
  return
}

// -----

func.func @indices(%x: tensor<3xf32>, %i: tensor<4xf32>, %u: tensor<4xf32>) {
  // expected-error @below {{operand #1 must be ranked tensor of i8, i32 or i64 values}}
  %y = "weft.scatter_min"(%x, %i, %u) <{axis = 0 : i64}> : (tensor<3xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<3xf32>
  return
}

// -----

func.func @complex(%x: tensor<3xcomplex<f32>>, %i: tensor<4xi32>, %u: tensor<4xcomplex<f32>>) {
  // expected-error @below {{operand #0 must be ranked tensor of f64, f32, f16, bf16, i8, i32 or i64 values}}
  %y = "weft.scatter_max"(%x, %i, %u) <{axis = 0 : i64}> : (tensor<3xcomplex<f32>>, tensor<4xi32>, tensor<4xcomplex<f32>>) -> tensor<3xcomplex<f32>>
  return
}
