// RUN: weft-opt %s --verify-diagnostics --split-input-file

func.func @axis(%x: tensor<3x5xf32>) {
  // expected-error @below {{softmax: axis 2 is outside f32 [3, 5], which has 2 dimensions}}
  %y = weft.softmax %x 2 : tensor<3x5xf32>
  return
}

// -----

func.func @negative_axis(%x: tensor<3x5xf32>) {
  // expected-error @below {{softmax: axis -1 is outside f32 [3, 5], which has 2 dimensions}}
  %y = weft.softmax %x -1 : tensor<3x5xf32>
  return
}
