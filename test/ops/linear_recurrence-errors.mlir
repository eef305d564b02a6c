// RUN: weft-opt %s --verify-diagnostics --split-input-file

func.func @outside(%x: tensor<3xf32>) {
  // expected-error @below {{linear_recurrence: axis 1 is outside f32 [3], which has 1 dimensions}}
  %y = "weft.linear_recurrence"(%x, %x) <{axis = 1 : i64}> : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
  return
}

// -----

func.func @shapes(%x: tensor<3xf32>, %y: tensor<4xf32>) {
  // expected-error @below {{linear_recurrence: a is f32 [3] and b is f32 [4]; they are of one type and shape}}
  // expected-error @below {{failed to infer returned types}}
  %z = "weft.linear_recurrence"(%x, %y) <{axis = 0 : i64}> : (tensor<3xf32>, tensor<4xf32>) -> tensor<3xf32>
  return
}
