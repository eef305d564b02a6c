// RUN: weft-opt %s --verify-diagnostics --split-input-file

func.func @number_is_no_scalar(%key: tensor<2xi32>, %data: tensor<1xi32>) {
  // expected-error @below {{random_fold: folds in an i32 scalar, got i32 [1]}}
  // expected-error @below {{'weft.random_fold' op failed to infer returned types}}
  %y = "weft.random_fold"(%key, %data) : (tensor<2xi32>, tensor<1xi32>) -> tensor<2xi32>
  return
}

// -----

func.func @key_of_three_words(%key: tensor<3xi32>, %data: tensor<i32>) {
  // expected-error @below {{random_fold: needs a key of two words, i32 [2], got i32 [3]}}
  // expected-error @below {{'weft.random_fold' op failed to infer returned types}}
  %y = "weft.random_fold"(%key, %data) : (tensor<3xi32>, tensor<i32>) -> tensor<3xi32>
  return
}
