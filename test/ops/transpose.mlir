// RUN: weft-opt %s | weft-opt | FileCheck %s
// RUN: weft-opt %s --weft-derive --canonicalize --cse | FileCheck %s --check-prefix=GRAD
// RUN: weft-opt %s --canonicalize | FileCheck %s --check-prefix=FOLD
// RUN: weft-check-ops %s
//
// Dimensions in another order.

!rows = tensor<?x5xf64, #weft.dims<[B in 1 to 64] (B, 5)>>
!columns = tensor<5x?xf64, #weft.dims<[B in 1 to 64] (5, B)>>

// CHECK-LABEL: @matrix
// CHECK: weft.transpose %arg0 [1, 0] : tensor<3x17xf64>
func.func @matrix(%x: tensor<3x17xf64>) -> tensor<17x3xf64> {
  %y = weft.transpose %x [1, 0] : tensor<3x17xf64>
  return %y : tensor<17x3xf64>
}
func.func @cube(%x: tensor<2x3x16xf64>) -> (tensor<16x2x3xf64>, tensor<3x2x16xf64>, tensor<2x16x3xf64>) {
  %a = weft.transpose %x [2, 0, 1] : tensor<2x3x16xf64>
  %b = weft.transpose %x [1, 0, 2] : tensor<2x3x16xf64>
  %c = weft.transpose %x [0, 2, 1] : tensor<2x3x16xf64>
  return %a, %b, %c : tensor<16x2x3xf64>, tensor<3x2x16xf64>, tensor<2x16x3xf64>
}
func.func @run_time(%x: !rows {weft.input = "7x5xf64=normal:1"}) -> !columns {
  %y = weft.transpose %x [1, 0] : !rows
  return %y : !columns
}
func.func @small(%x: tensor<0x4xf32>, %y: tensor<1x1xi8>, %z: tensor<f32>) -> (tensor<4x0xf32>, tensor<1x1xi8>, tensor<f32>) {
  %a = weft.transpose %x [1, 0] : tensor<0x4xf32>
  %b = weft.transpose %y [1, 0] : tensor<1x1xi8>
  %c = weft.transpose %z [] : tensor<f32>
  return %a, %b, %c : tensor<4x0xf32>, tensor<1x1xi8>, tensor<f32>
}
// Both orders meet in one kernel.
func.func @fused(%x: tensor<17x17xf32>) -> tensor<17x17xf32> {
  %t = weft.transpose %x [1, 0] : tensor<17x17xf32>
  %s = weft.add %x, %t : tensor<17x17xf32>
  return %s : tensor<17x17xf32>
}

// FOLD-LABEL: @composed
// FOLD-NEXT: weft.transpose %arg0 [1, 2, 0]
// FOLD-NEXT: return
func.func @composed(%x: tensor<2x3x4xf64>) -> tensor<3x4x2xf64> {
  %a = weft.transpose %x [2, 0, 1] : tensor<2x3x4xf64>
  %b = weft.transpose %a [2, 0, 1] : tensor<4x2x3xf64>
  return %b : tensor<3x4x2xf64>
}
// FOLD-LABEL: @undone
// FOLD-NEXT: return %arg0
func.func @undone(%x: tensor<2x3x4xf64>) -> tensor<2x3x4xf64> {
  %a = weft.transpose %x [2, 0, 1] : tensor<2x3x4xf64>
  %b = weft.transpose %a [1, 2, 0] : tensor<4x2x3xf64>
  return %b : tensor<2x3x4xf64>
}

// GRAD-LABEL: @derivative
// GRAD-NEXT: %[[D:.*]] = weft.transpose %arg1 [1, 2, 0]
// GRAD-NEXT: return %[[D]]
func.func @derivative(%x: tensor<2x3x4xf64>, %ct: tensor<4x2x3xf64>) -> tensor<2x3x4xf64> attributes {weft.unchecked} {
  %y = weft.transpose %x [2, 0, 1] : tensor<2x3x4xf64>
  %dx = weft.grad of %y with %ct wrt %x : (tensor<4x2x3xf64>, tensor<4x2x3xf64>, tensor<2x3x4xf64>) -> tensor<2x3x4xf64>
  return %dx : tensor<2x3x4xf64>
}
