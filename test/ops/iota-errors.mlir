// RUN: weft-opt %s --verify-diagnostics --split-input-file

func.func @axis() {
  // expected-error @below {{axis 2 is outside f32 [3, 4]}}
  %a = weft.iota 2 : tensor<3x4xf32>
  return
}

// -----

func.func @truth() {
  // expected-error @below {{counts, so its element type must be a number, not i1}}
  %a = weft.iota 0 : tensor<3xi1>
  return
}
