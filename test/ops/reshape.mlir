// RUN: weft-opt %s | weft-opt | FileCheck %s
// RUN: weft-opt %s --weft-derive --canonicalize --cse | FileCheck %s --check-prefix=GRAD
// RUN: weft-opt %s --canonicalize | FileCheck %s --check-prefix=FOLD
// RUN: weft-check-ops %s
//
// The same elements in row-major order: merging, splitting and regrouping dimensions, units among them.

!bt8 = tensor<?x?x8xf64, #weft.dims<[B in 1 to 8, T in 1 to 16] (B, T, 8)>>
!n24 = tensor<?x2x4xf64, #weft.dims<[B in 1 to 8, T in 1 to 16] (B * T, 2, 4)>>

// CHECK-LABEL: @split
// CHECK: weft.reshape %arg0 : (tensor<6x17xf64>) -> tensor<2x3x17xf64>
func.func @split(%x: tensor<6x17xf64>) -> (tensor<2x3x17xf64>, tensor<6x17x1xf64>, tensor<1x6x1x17xf64>) {
  %a = weft.reshape %x : (tensor<6x17xf64>) -> tensor<2x3x17xf64>
  %b = weft.reshape %x : (tensor<6x17xf64>) -> tensor<6x17x1xf64>
  %c = weft.reshape %x : (tensor<6x17xf64>) -> tensor<1x6x1x17xf64>
  return %a, %b, %c : tensor<2x3x17xf64>, tensor<6x17x1xf64>, tensor<1x6x1x17xf64>
}
func.func @merge(%x: tensor<2x3x17xf64>) -> (tensor<6x17xf64>, tensor<102xf64>, tensor<2x51xf64>) {
  %a = weft.reshape %x : (tensor<2x3x17xf64>) -> tensor<6x17xf64>
  %b = weft.reshape %x : (tensor<2x3x17xf64>) -> tensor<102xf64>
  %c = weft.reshape %x : (tensor<2x3x17xf64>) -> tensor<2x51xf64>
  return %a, %b, %c : tensor<6x17xf64>, tensor<102xf64>, tensor<2x51xf64>
}
// No run of dimensions holds as many elements on both sides but the whole.
func.func @regroup(%x: tensor<4x6x5xf64>) -> (tensor<6x20xf64>, tensor<3x8x5xf64>) {
  %a = weft.reshape %x : (tensor<4x6x5xf64>) -> tensor<6x20xf64>
  %b = weft.reshape %x : (tensor<4x6x5xf64>) -> tensor<3x8x5xf64>
  return %a, %b : tensor<6x20xf64>, tensor<3x8x5xf64>
}
func.func @scalar(%x: tensor<f64>, %y: tensor<1x1xf64>) -> (tensor<1x1x1xf64>, tensor<f64>) {
  %a = weft.reshape %x : (tensor<f64>) -> tensor<1x1x1xf64>
  %b = weft.reshape %y : (tensor<1x1xf64>) -> tensor<f64>
  return %a, %b : tensor<1x1x1xf64>, tensor<f64>
}
func.func @empty(%x: tensor<0x4xf32>) -> tensor<2x0xf32> {
  %a = weft.reshape %x : (tensor<0x4xf32>) -> tensor<2x0xf32>
  return %a : tensor<2x0xf32>
}
func.func @run_time(%x: !bt8 {weft.input = "3x5x8xf64=normal:1"}) -> !n24 {
  %a = weft.reshape %x : (!bt8) -> !n24
  return %a : !n24
}
// Within one kernel: lanes of the result cross rows of what is computed.
func.func @fused(%x: tensor<3x5xf32>, %y: tensor<5x3xf32>) -> tensor<15xf32> {
  %t = weft.transpose %y [1, 0] : tensor<5x3xf32>
  %s = weft.add %x, %t : tensor<3x5xf32>
  %a = weft.reshape %s : (tensor<3x5xf32>) -> tensor<15xf32>
  %b = weft.mul %a, %a : tensor<15xf32>
  return %b : tensor<15xf32>
}

// FOLD-LABEL: @twice
// FOLD-NEXT: return %arg0
func.func @twice(%x: tensor<6xf64>) -> tensor<6xf64> {
  %a = weft.reshape %x : (tensor<6xf64>) -> tensor<2x3xf64>
  %b = weft.reshape %a : (tensor<2x3xf64>) -> tensor<6xf64>
  return %b : tensor<6xf64>
}

// GRAD-LABEL: @derivative
// GRAD-NEXT: %[[D:.*]] = weft.reshape %arg1 : (tensor<2x3xf64>) -> tensor<6xf64>
// GRAD-NEXT: return %[[D]]
func.func @derivative(%x: tensor<6xf64>, %ct: tensor<2x3xf64>) -> tensor<6xf64> attributes {weft.unchecked} {
  %y = weft.reshape %x : (tensor<6xf64>) -> tensor<2x3xf64>
  %dx = weft.grad of %y with %ct wrt %x : (tensor<2x3xf64>, tensor<2x3xf64>, tensor<6xf64>) -> tensor<6xf64>
  return %dx : tensor<6xf64>
}
