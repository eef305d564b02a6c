// RUN: weft-opt %s --verify-diagnostics --split-input-file

func.func @dimensions(%i: tensor<3xi32>) {
  // expected-error @below {{takes one dimension, got [2, 3]}}
  %j = "weft.check_index"(%i) <{size = #weft.dims<(2, 3)>, name = "update"}> : (tensor<3xi32>) -> tensor<3xi32>
  return
}

// -----

func.func @type(%i: tensor<3xf32>) {
  // expected-error @below {{operand #0 must be ranked tensor of i8, i32 or i64 values}}
  %j = "weft.check_index"(%i) <{size = #weft.dims<(2)>, name = "update"}> : (tensor<3xf32>) -> tensor<3xf32>
  return
}
