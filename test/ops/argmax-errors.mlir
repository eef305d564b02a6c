// RUN: weft-opt %s --verify-diagnostics --split-input-file

func.func @no_element(%x: tensor<3x0xf32>) {
  // expected-error @below {{argmax: axis 1 of f32 [3, 0] can have no element, and then there is no index to give}}
  // expected-error @below {{failed to infer returned types}}
  %y = "weft.argmax"(%x) <{axis = 1 : i64}> : (tensor<3x0xf32>) -> tensor<3xi32>
  return
}

// -----

func.func @outside(%x: tensor<3xf32>) {
  // expected-error @below {{argmax: axis 1 is outside f32 [3], which has 1 dimensions}}
  %y = "weft.argmax"(%x) <{axis = 1 : i64}> : (tensor<3xf32>) -> tensor<i32>
  return
}
