// RUN: weft-opt %s --verify-diagnostics --split-input-file

func.func @count(%x: tensor<2x3xf32>) {
  // expected-error @below {{transpose: permutation has 3 entries, f32 [2, 3] has 2 dimensions}}
  %a = "weft.transpose"(%x) <{permutation = array<i64: 1, 0, 2>}> : (tensor<2x3xf32>) -> tensor<3x2xf32>
  return
}

// -----

func.func @twice(%x: tensor<2x3xf32>) {
  // expected-error @below {{transpose: axis 1 is given twice}}
  %a = "weft.transpose"(%x) <{permutation = array<i64: 1, 1>}> : (tensor<2x3xf32>) -> tensor<3x2xf32>
  return
}

// -----

func.func @outside(%x: tensor<2x3xf32>) {
  // expected-error @below {{transpose: axis 2 is outside f32 [2, 3], which has 2 dimensions}}
  %a = "weft.transpose"(%x) <{permutation = array<i64: 0, 2>}> : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return
}
