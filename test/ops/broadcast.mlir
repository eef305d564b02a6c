// RUN: weft-opt %s | weft-opt | FileCheck %s
// RUN: weft-opt %s --weft-derive --canonicalize --cse | FileCheck %s --check-prefix=GRAD
// RUN: weft-opt %s --canonicalize | FileCheck %s --check-prefix=FOLD
// RUN: weft-check-ops %s
//
// Repeats along new dimensions and along those of size 1.

!b = tensor<?xf64, #weft.dims<[B in 1 to 64] (B)>>
!b5 = tensor<?x5xf64, #weft.dims<[B in 1 to 64] (B, 5)>>

// CHECK-LABEL: @rows
// CHECK: weft.broadcast %arg0 [1] : (tensor<17xf64>) -> tensor<3x17xf64>
func.func @rows(%x: tensor<17xf64>) -> tensor<3x17xf64> {
  %y = weft.broadcast %x [1] : (tensor<17xf64>) -> tensor<3x17xf64>
  return %y : tensor<3x17xf64>
}
func.func @columns(%x: tensor<3xf64>) -> tensor<3x17xf64> {
  %y = weft.broadcast %x [0] : (tensor<3xf64>) -> tensor<3x17xf64>
  return %y : tensor<3x17xf64>
}
func.func @scalar(%x: tensor<f64>) -> (tensor<3x17xf64>, tensor<1xf64>) {
  %y = weft.broadcast %x [] : (tensor<f64>) -> tensor<3x17xf64>
  %z = weft.broadcast %x [] : (tensor<f64>) -> tensor<1xf64>
  return %y, %z : tensor<3x17xf64>, tensor<1xf64>
}
func.func @units(%x: tensor<3x1xf64>, %y: tensor<1x1xf64>) -> (tensor<3x16xf64>, tensor<2x3x1xf64>, tensor<4x5xf64>) {
  %a = weft.broadcast %x [0, 1] : (tensor<3x1xf64>) -> tensor<3x16xf64>
  %b = weft.broadcast %x [1, 2] : (tensor<3x1xf64>) -> tensor<2x3x1xf64>
  %c = weft.broadcast %y [0, 1] : (tensor<1x1xf64>) -> tensor<4x5xf64>
  return %a, %b, %c : tensor<3x16xf64>, tensor<2x3x1xf64>, tensor<4x5xf64>
}
// Placed in another order: the derivative puts it back.
func.func @turned(%x: tensor<3x4xf64>, %y: tensor<4x1x3xf64>) -> (tensor<4x2x3xf64>, tensor<3x4x5xf64>) {
  %a = weft.broadcast %x [2, 0] : (tensor<3x4xf64>) -> tensor<4x2x3xf64>
  %b = weft.broadcast %y [1, 2, 0] : (tensor<4x1x3xf64>) -> tensor<3x4x5xf64>
  return %a, %b : tensor<4x2x3xf64>, tensor<3x4x5xf64>
}
func.func @run_time(%x: !b {weft.input = "7xf64=normal:1"}, %y: tensor<5xf64>) -> !b5 {
  %a = weft.broadcast %x [0] : (!b) -> !b5
  %b = weft.broadcast %y [1] : (tensor<5xf64>) -> !b5
  %c = weft.mul %a, %b : !b5
  return %c : !b5
}
func.func @empty(%x: tensor<1x4xf32>) -> tensor<0x4xf32> {
  %y = weft.broadcast %x [0, 1] : (tensor<1x4xf32>) -> tensor<0x4xf32>
  return %y : tensor<0x4xf32>
}

// FOLD-LABEL: @composed
// FOLD-NEXT: weft.broadcast %arg0 [2] : (tensor<3xf64>) -> tensor<4x2x3xf64>
// FOLD-NEXT: return
func.func @composed(%x: tensor<3xf64>) -> tensor<4x2x3xf64> {
  %a = weft.broadcast %x [1] : (tensor<3xf64>) -> tensor<2x3xf64>
  %b = weft.broadcast %a [1, 2] : (tensor<2x3xf64>) -> tensor<4x2x3xf64>
  return %b : tensor<4x2x3xf64>
}
// FOLD-LABEL: @nothing
// FOLD-NEXT: return %arg0
func.func @nothing(%x: tensor<3x3xf64>) -> tensor<3x3xf64> {
  %a = weft.broadcast %x [0, 1] : (tensor<3x3xf64>) -> tensor<3x3xf64>
  return %a : tensor<3x3xf64>
}
// The same type, but turned: not nothing.
// FOLD-LABEL: @square
// FOLD-NEXT: weft.broadcast %arg0 [1, 0]
func.func @square(%x: tensor<3x3xf64>) -> tensor<3x3xf64> {
  %a = weft.broadcast %x [1, 0] : (tensor<3x3xf64>) -> tensor<3x3xf64>
  return %a : tensor<3x3xf64>
}

// GRAD-LABEL: @derivative
// GRAD-NEXT: %[[S:.*]] = weft.reduce_sum %arg1 [0, 2] : (tensor<2x3x4xf64>) -> tensor<3xf64>
// GRAD-NEXT: %[[D:.*]] = weft.reshape %[[S]] : (tensor<3xf64>) -> tensor<3x1xf64>
// GRAD-NEXT: return %[[D]]
func.func @derivative(%x: tensor<3x1xf64>, %ct: tensor<2x3x4xf64>) -> tensor<3x1xf64> attributes {weft.unchecked} {
  %y = weft.broadcast %x [1, 2] : (tensor<3x1xf64>) -> tensor<2x3x4xf64>
  %dx = weft.grad of %y with %ct wrt %x : (tensor<2x3x4xf64>, tensor<2x3x4xf64>, tensor<3x1xf64>) -> tensor<3x1xf64>
  return %dx : tensor<3x1xf64>
}
