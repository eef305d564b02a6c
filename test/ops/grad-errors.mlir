// RUN: weft-opt %s --verify-diagnostics --split-input-file

func.func @count(%x: tensor<3xf32>) {
  // expected-error @below {{'weft.grad' op has 2 cotangents for 1 values}}
  %dx = weft.grad of %x with %x, %x wrt %x : (tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
  return
}

// -----

func.func @cotangent(%x: tensor<3xf32>, %ct: tensor<f32>) {
  // expected-error @below {{'weft.grad' op cotangents 0 is f32 [] where values 0 is f32 [3]}}
  %dx = weft.grad of %x with %ct wrt %x : (tensor<3xf32>, tensor<f32>, tensor<3xf32>) -> tensor<3xf32>
  return
}

// -----

func.func @result(%x: tensor<3xf32>) {
  // expected-error @below {{'weft.grad' op results 0 is f64 [3] where values differentiated by 0 is f32 [3]}}
  %dx = weft.grad of %x with %x wrt %x : (tensor<3xf32>, tensor<3xf32>, tensor<3xf32>) -> tensor<3xf64>
  return
}

// -----

func.func @by_an_integer(%x: tensor<3xf32>, %n: tensor<3xi32>) {
  // expected-error @below {{operand #2 must be}}
  %dn = weft.grad of %x with %x wrt %n : (tensor<3xf32>, tensor<3xf32>, tensor<3xi32>) -> tensor<3xi32>
  return
}
