// RUN: weft-opt %s --verify-diagnostics --split-input-file

func.func @key_of_one_word(%key: tensor<1xi32>) {
  // expected-error @below {{'weft.random_bits' op needs a key of two words, i32 [2], got i32 [1]}}
  %y = weft.random_bits %key : (tensor<1xi32>) -> tensor<4xi32>
  return
}

// -----

func.func @key_of_floats(%key: tensor<2xf32>) {
  // expected-error @below {{operand #0 must be}}
  %y = weft.random_bits %key : (tensor<2xf32>) -> tensor<4xi32>
  return
}

// -----

func.func @bits_are_i32(%key: tensor<2xi32>) {
  // expected-error @below {{result #0 must be}}
  %y = weft.random_bits %key : (tensor<2xi32>) -> tensor<4xi64>
  return
}
