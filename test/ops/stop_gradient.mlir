// RUN: weft-opt %s | weft-opt | FileCheck %s
// RUN: weft-opt %s --weft-derive --canonicalize --cse | FileCheck %s --check-prefix=GRAD
// RUN: weft-check-ops %s
//
// The same value, through which no derivative passes.

!rows = tensor<?x5xf32, #weft.dims<[B in 1 to 64] (B, 5)>>

// CHECK-LABEL: @vector
// CHECK: weft.stop_gradient %arg0 : tensor<17xf64>
func.func @vector(%x: tensor<17xf64>) -> tensor<17xf64> attributes {weft.no_derivative} {
  %y = weft.stop_gradient %x : tensor<17xf64>
  return %y : tensor<17xf64>
}
func.func @shapes(%x: tensor<0x4xf32>, %y: tensor<f32>, %z: tensor<3xi1>, %r: !rows {weft.input = "7x5xf32=normal:1"}) -> (tensor<0x4xf32>, tensor<f32>, tensor<3xi1>, !rows) {
  %a = weft.stop_gradient %x : tensor<0x4xf32>
  %b = weft.stop_gradient %y : tensor<f32>
  %c = weft.stop_gradient %z : tensor<3xi1>
  %d = weft.stop_gradient %r : !rows
  return %a, %b, %c, %d : tensor<0x4xf32>, tensor<f32>, tensor<3xi1>, !rows
}

// GRAD-LABEL: @derivative
// Of x * stop(x): the second factor is a constant.
// GRAD-NEXT: %[[S:.*]] = weft.stop_gradient %arg0
// GRAD-NEXT: %[[D:.*]] = weft.mul %arg1, %[[S]]
// GRAD-NEXT: return %[[D]]
func.func @derivative(%x: tensor<3xf64>, %ct: tensor<3xf64>) -> tensor<3xf64> attributes {weft.unchecked} {
  %s = weft.stop_gradient %x : tensor<3xf64>
  %y = weft.mul %x, %s : tensor<3xf64>
  %dx = weft.grad of %y with %ct wrt %x : (tensor<3xf64>, tensor<3xf64>, tensor<3xf64>) -> tensor<3xf64>
  return %dx : tensor<3xf64>
}
