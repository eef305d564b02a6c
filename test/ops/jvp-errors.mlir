// RUN: weft-opt %s --verify-diagnostics --split-input-file

func.func @f(%x: tensor<3xf32>) -> tensor<f32> {
  %y = weft.reduce_sum %x [0] : (tensor<3xf32>) -> tensor<f32>
  return %y : tensor<f32>
}
func.func @no_tangent(%x: tensor<3xf32>) {
  // expected-error @below {{'weft.jvp' op has 1 operands for 2 arguments and their tangents}}
  %y, %ty = weft.jvp @f(%x) : (tensor<3xf32>) -> (tensor<f32>, tensor<f32>)
  return
}

// -----

func.func @f(%x: tensor<3xf32>) -> tensor<f32> {
  %y = weft.reduce_sum %x [0] : (tensor<3xf32>) -> tensor<f32>
  return %y : tensor<f32>
}
func.func @results(%x: tensor<3xf32>) {
  // expected-error @below {{'weft.jvp' op results 1 is f32 [3] where results and their tangents 1 is f32 []}}
  %y, %ty = weft.jvp @f(%x, %x) : (tensor<3xf32>, tensor<3xf32>) -> (tensor<f32>, tensor<3xf32>)
  return
}
