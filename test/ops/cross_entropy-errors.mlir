// RUN: weft-opt %s --verify-diagnostics --split-input-file

func.func @rows_differ(%x: tensor<3x5xf32>, %labels: tensor<4xi32>) {
  // expected-error @below {{cross_entropy: logits must be [..., classes] and labels [...]: got logits f32 [3, 5] and labels i32 [4]}}
  // expected-error @below {{'weft.cross_entropy' op failed to infer returned types}}
  %y = "weft.cross_entropy"(%x, %labels) : (tensor<3x5xf32>, tensor<4xi32>) -> tensor<3xf32>
  return
}

// -----

func.func @one_hot_labels(%x: tensor<3x5xf32>, %labels: tensor<3x5xi32>) {
  // expected-error @below {{cross_entropy: logits must be [..., classes] and labels [...]: got logits f32 [3, 5] and labels i32 [3, 5]}}
  // expected-error @below {{'weft.cross_entropy' op failed to infer returned types}}
  %y = "weft.cross_entropy"(%x, %labels) : (tensor<3x5xf32>, tensor<3x5xi32>) -> tensor<3xf32>
  return
}

// -----

func.func @no_class(%x: tensor<3x0xf32>, %labels: tensor<3xi32>) {
  // expected-error @below {{cross_entropy: the last dimension of logits f32 [3, 0] can have no class}}
  // expected-error @below {{'weft.cross_entropy' op failed to infer returned types}}
  %y = "weft.cross_entropy"(%x, %labels) : (tensor<3x0xf32>, tensor<3xi32>) -> tensor<3xf32>
  return
}
