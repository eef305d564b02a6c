// RUN: weft-opt %s --verify-diagnostics --split-input-file

func.func @tangent(%x: tensor<3xf32>, %t: tensor<4xf32>) {
  // expected-error @below {{'weft.tangent' op tangents 0 is f32 [4] where values differentiated by 0 is f32 [3]}}
  %ty = weft.tangent of %x wrt %x along %t : (tensor<3xf32>, tensor<3xf32>, tensor<4xf32>) -> tensor<3xf32>
  return
}

// -----

func.func @result(%x: tensor<3xf32>) {
  // expected-error @below {{'weft.tangent' op has 2 results for 1 values}}
  %ty:2 = weft.tangent of %x wrt %x along %x : (tensor<3xf32>, tensor<3xf32>, tensor<3xf32>) -> (tensor<3xf32>, tensor<3xf32>)
  return
}
