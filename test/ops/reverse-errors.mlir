// RUN: weft-opt %s --verify-diagnostics --split-input-file

func.func @twice(%x: tensor<3xf32>) {
  // expected-error @below {{reverse: axis 0 is given twice}}
  %a = "weft.reverse"(%x) <{axes = array<i64: 0, 0>}> : (tensor<3xf32>) -> tensor<3xf32>
  return
}
