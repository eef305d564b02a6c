// RUN: weft-opt %s --verify-diagnostics --split-input-file

func.func @no_function(%x: tensor<3xf32>) {
  // expected-error @below {{'weft.vjp' op names no function: @f}}
  %y, %dx = weft.vjp @f(%x, %x) : (tensor<3xf32>, tensor<3xf32>) -> (tensor<3xf32>, tensor<3xf32>)
  return
}

// -----

func.func @f(%x: tensor<3xf32>) -> tensor<f32> {
  %y = weft.reduce_sum %x [0] : (tensor<3xf32>) -> tensor<f32>
  return %y : tensor<f32>
}
func.func @no_cotangent(%x: tensor<3xf32>) {
  // expected-error @below {{'weft.vjp' op has 1 operands for 2 arguments and cotangents of results}}
  %y, %dx = weft.vjp @f(%x) : (tensor<3xf32>) -> (tensor<f32>, tensor<3xf32>)
  return
}

// -----

func.func @f(%x: tensor<3xf32>) -> tensor<f32> {
  %y = weft.reduce_sum %x [0] : (tensor<3xf32>) -> tensor<f32>
  return %y : tensor<f32>
}
func.func @cotangent(%x: tensor<3xf32>) {
  // expected-error @below {{'weft.vjp' op operands 1 is f32 [3] where arguments and cotangents of results 1 is f32 []}}
  %y, %dx = weft.vjp @f(%x, %x) : (tensor<3xf32>, tensor<3xf32>) -> (tensor<f32>, tensor<3xf32>)
  return
}

// -----

func.func @f(%x: tensor<3xf32>) -> tensor<f32> {
  %y = weft.reduce_sum %x [0] : (tensor<3xf32>) -> tensor<f32>
  return %y : tensor<f32>
}
func.func @results(%x: tensor<3xf32>, %ct: tensor<f32>) {
  // expected-error @below {{'weft.vjp' op has 1 results for 2 results and cotangents of arguments}}
  %dx = weft.vjp @f(%x, %ct) : (tensor<3xf32>, tensor<f32>) -> tensor<3xf32>
  return
}
