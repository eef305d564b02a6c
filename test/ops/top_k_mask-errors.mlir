// RUN: weft-opt %s --verify-diagnostics --split-input-file

func.func @counts(%x: tensor<2x3xf32>, %m: tensor<3xi32>) {
  // expected-error @below {{top_k_mask: one count for each row along axis 1 of f32 [2, 3] is expected, found i32 [3]}}
  // expected-error @below {{failed to infer returned types}}
  %y = "weft.top_k_mask"(%x, %m) <{axis = 1 : i64}> : (tensor<2x3xf32>, tensor<3xi32>) -> tensor<2x3xi1>
  return
}

// -----

func.func @type(%x: tensor<2x3xf32>, %m: tensor<2xf32>) {
  // expected-error @below {{operand #1 must be ranked tensor of 32-bit signless integer values}}
  %y = "weft.top_k_mask"(%x, %m) <{axis = 1 : i64}> : (tensor<2x3xf32>, tensor<2xf32>) -> tensor<2x3xi1>
  return
}
