// RUN: weft-opt %s | weft-opt | FileCheck %s
// RUN: weft-opt %s --weft-derive --canonicalize --cse | FileCheck %s --check-prefix=GRAD
// RUN: weft-check-ops %s
//
// The same value under a name; means nothing to the numbers.

!rows = tensor<?x5xf32, #weft.dims<[B in 1 to 64] (B, 5)>>

// CHECK-LABEL: @vector
// CHECK: weft.mark %arg0 "hidden" : tensor<17xf64>
func.func @vector(%x: tensor<17xf64>) -> tensor<17xf64> {
  %y = weft.mark %x "hidden" : tensor<17xf64>
  return %y : tensor<17xf64>
}
func.func @shapes(%x: tensor<0x4xf32>, %y: tensor<f32>, %z: tensor<3xi1>, %r: !rows {weft.input = "7x5xf32=normal:1"}) -> (tensor<0x4xf32>, tensor<f32>, tensor<3xi1>, !rows) {
  %a = weft.mark %x "hidden" : tensor<0x4xf32>
  %b = weft.mark %y "hidden" : tensor<f32>
  %c = weft.mark %z "hidden" : tensor<3xi1>
  %d = weft.mark %r "hidden" : !rows
  return %a, %b, %c, %d : tensor<0x4xf32>, tensor<f32>, tensor<3xi1>, !rows
}

// GRAD-LABEL: @derivative
// GRAD-NEXT: return %arg1
func.func @derivative(%x: tensor<3xf64>, %ct: tensor<3xf64>) -> tensor<3xf64> attributes {weft.unchecked} {
  %y = weft.mark %x "hidden" : tensor<3xf64>
  %dx = weft.grad of %y with %ct wrt %x : (tensor<3xf64>, tensor<3xf64>, tensor<3xf64>) -> tensor<3xf64>
  return %dx : tensor<3xf64>
}
