// RUN: weft-opt %s --verify-diagnostics --split-input-file

func.func @outside(%x: tensor<3xf32>) {
  // expected-error @below {{sort: axis 1 is outside f32 [3], which has 1 dimensions}}
  %y, %i = "weft.sort"(%x) <{axis = 1 : i64}> : (tensor<3xf32>) -> (tensor<3xf32>, tensor<3xi32>)
  return
}

// -----

func.func @complex(%x: tensor<3xcomplex<f32>>) {
  // expected-error @below {{operand #0 must be ranked tensor of f64, f32, f16, bf16, i1, i8, i32 or i64 values}}
  %y, %i = "weft.sort"(%x) <{axis = 0 : i64}> : (tensor<3xcomplex<f32>>) -> (tensor<3xcomplex<f32>>, tensor<3xi32>)
  return
}

// -----

func.func @too_long(%x: tensor<4294967296xi8>) {
  // expected-error @below {{sort: axis 0 of i8 [4294967296] has more elements than an i32 can count}}
  // expected-error @below {{failed to infer returned types}}
  %y, %i = "weft.sort"(%x) <{axis = 0 : i64}> : (tensor<4294967296xi8>) -> (tensor<4294967296xi8>, tensor<4294967296xi32>)
  return
}
