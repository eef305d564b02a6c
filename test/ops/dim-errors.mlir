// RUN: weft-opt %s --verify-diagnostics --split-input-file

func.func @two() {
  // expected-error @below {{takes one dimension, got [3, 4]}}
  %n = weft.dim <(3, 4)> : tensor<i32>
  return
}

// -----

func.func @wide() {
  // expected-error @below {{gives an i32 scalar, not i64 []}}
  %n = weft.dim <(3)> : tensor<i64>
  return
}
