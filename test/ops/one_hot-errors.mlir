// RUN: weft-opt %s --verify-diagnostics --split-input-file

func.func @rows_differ(%i: tensor<3xi32>) {
  // expected-error @below {{'weft.one_hot' op adds one dimension behind those of its indices: i32 [3] to f32 [4, 5]}}
  %y = weft.one_hot %i : (tensor<3xi32>) -> tensor<4x5xf32>
  return
}

// -----

func.func @no_dimension_for_the_classes(%i: tensor<3xi32>) {
  // expected-error @below {{'weft.one_hot' op adds one dimension behind those of its indices: i32 [3] to f32 [3]}}
  %y = weft.one_hot %i : (tensor<3xi32>) -> tensor<3xf32>
  return
}
