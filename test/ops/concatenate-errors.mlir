// RUN: weft-opt %s --verify-diagnostics --split-input-file

func.func @others(%x: tensor<3x4xf32>, %y: tensor<2x5xf32>) {
  // expected-error @below {{concatenate: dimensions other than axis 0 differ: operand 0 is f32 [3, 4], operand 1 is f32 [2, 5]}}
  // expected-error @below {{failed to infer returned types}}
  %a = "weft.concatenate"(%x, %y) <{axis = 0 : i64}> : (tensor<3x4xf32>, tensor<2x5xf32>) -> tensor<5x4xf32>
  return
}

// -----

func.func @types(%x: tensor<3xf32>, %y: tensor<2xf64>) {
  // expected-error @below {{concatenate: element types differ: operand 0 is f32 [3], operand 1 is f64 [2]; write cast(x, dtype)}}
  // expected-error @below {{failed to infer returned types}}
  %a = "weft.concatenate"(%x, %y) <{axis = 0 : i64}> : (tensor<3xf32>, tensor<2xf64>) -> tensor<5xf32>
  return
}

// -----

func.func @axis(%x: tensor<3xf32>) {
  // expected-error @below {{concatenate: axis 1 is outside f32 [3], which has 1 dimensions}}
  %a = "weft.concatenate"(%x) <{axis = 1 : i64}> : (tensor<3xf32>) -> tensor<3xf32>
  return
}

// -----

func.func @none() {
  // expected-error @below {{concatenate: needs at least one operand}}
  // expected-error @below {{failed to infer returned types}}
  %a = "weft.concatenate"() <{axis = 0 : i64}> : () -> tensor<3xf32>
  return
}
