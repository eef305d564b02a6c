// RUN: weft-opt %s --verify-diagnostics --split-input-file

func.func @outside(%x: tensor<3xf32>) {
  // expected-error @below {{cummin: axis 1 is outside f32 [3], which has 1 dimensions}}
  %y = "weft.cummin"(%x) <{axis = 1 : i64}> : (tensor<3xf32>) -> tensor<3xf32>
  return
}

// -----

func.func @scalar(%x: tensor<f32>) {
  // expected-error @below {{cummin: axis 0 is outside f32 [], which has 0 dimensions}}
  %y = "weft.cummin"(%x) <{axis = 0 : i64}> : (tensor<f32>) -> tensor<f32>
  return
}

// -----

func.func @truth(%x: tensor<3xi1>) {
  // expected-error @below {{operand #0 must be ranked tensor of f64, f32, f16, bf16, i8, i32 or i64 values}}
  %y = "weft.cummin"(%x) <{axis = 0 : i64}> : (tensor<3xi1>) -> tensor<3xi1>
  return
}
