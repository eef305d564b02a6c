// RUN: weft-opt %s --verify-diagnostics --split-input-file

func.func @more(%x: tensor<2x3xf32>) {
  // expected-error @below {{top_k: k is 4, expected 0 to 3, the elements of axis 1 of f32 [2, 3]}}
  // expected-error @below {{failed to infer returned types}}
  %y, %i = "weft.top_k"(%x) <{k = #weft.dims<(4)>, axis = 1 : i64}> : (tensor<2x3xf32>) -> (tensor<2x4xf32>, tensor<2x4xi32>)
  return
}

// -----

func.func @perhaps_more(%x: tensor<?xf32, #weft.dims<[B in 2 to 8] (B)>>) {
  // expected-error @below {{top_k: k is 3, expected 0 to B, the elements of axis 0 of f32 [B]}}
  // expected-error @below {{failed to infer returned types}}
  %y, %i = "weft.top_k"(%x) <{k = #weft.dims<(3)>, axis = 0 : i64}> : (tensor<?xf32, #weft.dims<[B in 2 to 8] (B)>>) -> (tensor<3xf32>, tensor<3xi32>)
  return
}

// -----

func.func @outside(%x: tensor<3xf32>) {
  // expected-error @below {{top_k: axis 1 is outside f32 [3], which has 1 dimensions}}
  %y, %i = "weft.top_k"(%x) <{k = #weft.dims<(1)>, axis = 1 : i64}> : (tensor<3xf32>) -> (tensor<1xf32>, tensor<1xi32>)
  return
}

// -----

func.func @too_long(%x: tensor<4294967296xi8>) {
  // expected-error @below {{top_k: axis 0 of i8 [4294967296] has more elements than an i32 can count}}
  // expected-error @below {{failed to infer returned types}}
  %y, %i = "weft.top_k"(%x) <{k = #weft.dims<(1)>, axis = 0 : i64}> : (tensor<4294967296xi8>) -> (tensor<1xi8>, tensor<1xi32>)
  return
}
