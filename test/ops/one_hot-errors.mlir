// RUN: weft-opt %s --verify-diagnostics --split-input-file

func.func @rank(%i: tensor<5xi32>) {
  // expected-error @below {{adds one dimension behind those of its indices: i32 [5] to f32 [4, 5]}}
  %y = weft.one_hot %i : (tensor<5xi32>) -> tensor<4x5xf32>
  return
}
