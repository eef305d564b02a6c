// RUN: weft-opt %s --split-input-file --verify-diagnostics

// expected-error @+1 {{'func.func' op result 0: weft.updates names no argument: 1 : i64}}
func.func @none(%a: tensor<4xf32>) -> (tensor<4xf32> {weft.updates = 1 : i64}) {
  return %a : tensor<4xf32>
}

// -----

// expected-error @+1 {{'func.func' op result 0 is f32 [4] and cannot be the new value of argument 0, which is f32 [8]}}
func.func @shape(%a: tensor<8xf32>, %b: tensor<4xf32>) -> (tensor<4xf32> {weft.updates = 0 : i64}) {
  return %b : tensor<4xf32>
}

// -----

// expected-error @+1 {{'func.func' op results 0 and 1 are both the new value of argument 0}}
func.func @twice(%a: tensor<4xf32>) -> (tensor<4xf32> {weft.updates = 0 : i64}, tensor<4xf32> {weft.updates = 0 : i64}) {
  return %a, %a : tensor<4xf32>, tensor<4xf32>
}
