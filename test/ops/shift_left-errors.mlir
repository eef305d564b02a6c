// RUN: weft-opt %s --verify-diagnostics --split-input-file

func.func @truth(%x: tensor<3xi1>) {
  // expected-error @below {{operand #0 must be ranked tensor of i8, i32 or i64 values}}
  %y = "weft.shift_left"(%x, %x) : (tensor<3xi1>, tensor<3xi1>) -> tensor<3xi1>
  return
}

// -----

func.func @floats(%x: tensor<3xf32>) {
  // expected-error @below {{operand #0 must be ranked tensor of i8, i32 or i64 values}}
  %y = "weft.shift_left"(%x, %x) : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
  return
}
