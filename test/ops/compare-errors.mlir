// RUN: weft-opt %s --verify-diagnostics --split-input-file

func.func @direction(%x: tensor<3xf32>) {
  // expected-error @below {{expected ::weft::ir::Direction to be one of: EQ, NE, LT, LE, GT, GE}}
  // expected-error @below {{failed to parse Weft_DirectionAttr}}
  %z = weft.compare ABOVE, %x, %x : tensor<3xf32>
  return
}

// -----

func.func @result_is_a_truth_value(%x: tensor<3xf32>) {
  // expected-error @below {{result #0 must be}}
  %z = "weft.compare"(%x, %x) <{direction = #weft<direction LT>}> : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
  return
}
