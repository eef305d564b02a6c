// RUN: weft-opt %s --verify-diagnostics --split-input-file

func.func @key_of_four_words(%key: tensor<4xi32>) {
  // expected-error @below {{'weft.random_uniform' op needs a key of two words, i32 [2], got i32 [4]}}
  %y = weft.random_uniform %key : (tensor<4xi32>) -> tensor<4xf32>
  return
}

// -----

func.func @whole_numbers(%key: tensor<2xi32>) {
  // expected-error @below {{result #0 must be}}
  %y = weft.random_uniform %key : (tensor<2xi32>) -> tensor<4xi32>
  return
}
