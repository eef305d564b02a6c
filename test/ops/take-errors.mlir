// RUN: weft-opt %s --verify-diagnostics --split-input-file

func.func @axis(%x: tensor<3x5xf32>, %i: tensor<4xi32>) {
  // expected-error @below {{take: axis 2 is outside f32 [3, 5], which has 2 dimensions}}
  // expected-error @below {{'weft.take' op failed to infer returned types}}
  %y = "weft.take"(%x, %i) <{axis = 2 : i64}> : (tensor<3x5xf32>, tensor<4xi32>) -> tensor<3x4xf32>
  return
}

// -----

func.func @index_type(%x: tensor<3x5xf32>, %i: tensor<4xi64>) {
  // expected-error @below {{operand #1 must be}}
  %y = "weft.take"(%x, %i) <{axis = 0 : i64}> : (tensor<3x5xf32>, tensor<4xi64>) -> tensor<4x5xf32>
  return
}

// -----

func.func @result(%x: tensor<3x5xf32>, %i: tensor<4xi32>) {
  // expected-error @below {{'weft.take' op inferred type(s) 'tensor<4x5xf32>' are incompatible with return type(s) of operation 'tensor<3x4xf32>'}}
  // expected-error @below {{'weft.take' op failed to infer returned types}}
  %y = weft.take %x at %i along 0 : (tensor<3x5xf32>, tensor<4xi32>) -> tensor<3x4xf32>
  return
}
