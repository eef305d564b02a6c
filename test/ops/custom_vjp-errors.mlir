// RUN: weft-opt %s --verify-diagnostics --split-input-file

func.func @forward_arguments(%x: tensor<3xf32>) {
  // expected-error @below {{'weft.custom_vjp' op arguments of the forward region 0 is f32 [4] where inputs 0 is f32 [3]}}
  %y = weft.custom_vjp %x forward {
  ^bb0(%a: tensor<4xf32>):
    weft.yield %x : tensor<3xf32>
  } backward {
  ^bb0(%a: tensor<3xf32>, %c: tensor<3xf32>):
    weft.yield %c : tensor<3xf32>
  } : (tensor<3xf32>) -> tensor<3xf32>
  return
}

// -----

func.func @no_cotangent(%x: tensor<3xf32>) {
  // expected-error @below {{'weft.custom_vjp' op has 1 arguments of the backward region for 2 inputs and cotangents of results}}
  %y = weft.custom_vjp %x forward {
  ^bb0(%a: tensor<3xf32>):
    weft.yield %a : tensor<3xf32>
  } backward {
  ^bb0(%a: tensor<3xf32>):
    weft.yield %a : tensor<3xf32>
  } : (tensor<3xf32>) -> tensor<3xf32>
  return
}

// -----

func.func @cotangent_of_an_integer(%x: tensor<3xf32>, %n: tensor<3xi32>) {
  // expected-error @below {{'weft.custom_vjp' op has 2 values of the backward region for 1 floating inputs}}
  %y = weft.custom_vjp %x, %n forward {
  ^bb0(%a: tensor<3xf32>, %i: tensor<3xi32>):
    weft.yield %a : tensor<3xf32>
  } backward {
  ^bb0(%a: tensor<3xf32>, %i: tensor<3xi32>, %c: tensor<3xf32>):
    weft.yield %c, %i : tensor<3xf32>, tensor<3xi32>
  } : (tensor<3xf32>, tensor<3xi32>) -> tensor<3xf32>
  return
}
