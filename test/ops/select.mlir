// RUN: weft-opt %s | weft-opt | FileCheck %s
// RUN: weft-opt %s --weft-derive --canonicalize --cse | FileCheck %s --check-prefix=GRAD
// RUN: weft-check-ops %s
//
// Each side gets the cotangent where it is chosen, and zero elsewhere.

!rows = tensor<?x5xf64, #weft.dims<[B in 1 to 64] (B, 5)>>
!mask = tensor<?x5xi1, #weft.dims<[B in 1 to 64] (B, 5)>>

// CHECK-LABEL: @vector
// CHECK: weft.select %arg0, %arg1, %arg2 : tensor<17xi1>, tensor<17xf64>
func.func @vector(%p: tensor<17xi1>, %x: tensor<17xf64>, %y: tensor<17xf64>) -> tensor<17xf64> {
  %z = weft.select %p, %x, %y : tensor<17xi1>, tensor<17xf64>
  return %z : tensor<17xf64>
}
// The predicate is computed from what is differentiated: no derivative passes through it.
func.func @matrix(%x: tensor<3x5xf64>, %y: tensor<3x5xf64>) -> tensor<3x5xf64> {
  %p = weft.compare LT, %x, %y : tensor<3x5xf64>
  %xx = weft.mul %x, %x : tensor<3x5xf64>
  %z = weft.select %p, %xx, %y : tensor<3x5xi1>, tensor<3x5xf64>
  return %z : tensor<3x5xf64>
}
func.func @rows(%p: !mask {weft.input = "7x5xi1=normal:1"}, %x: !rows {weft.input = "7x5xf64=normal:2"}, %y: !rows {weft.input = "7x5xf64=normal:3"}) -> !rows {
  %z = weft.select %p, %x, %y : !mask, !rows
  return %z : !rows
}
func.func @empty(%p: tensor<0x4xi1>, %x: tensor<0x4xf64>, %y: tensor<0x4xf64>) -> tensor<0x4xf64> {
  %z = weft.select %p, %x, %y : tensor<0x4xi1>, tensor<0x4xf64>
  return %z : tensor<0x4xf64>
}
func.func @single(%p: tensor<33xi1>, %x: tensor<33xf32>, %y: tensor<33xf32>) -> tensor<33xf32> {
  %z = weft.select %p, %x, %y : tensor<33xi1>, tensor<33xf32>
  return %z : tensor<33xf32>
}
func.func @brain(%p: tensor<15xi1>, %x: tensor<15xbf16>, %y: tensor<15xbf16>) -> tensor<15xbf16> {
  %z = weft.select %p, %x, %y : tensor<15xi1>, tensor<15xbf16>
  return %z : tensor<15xbf16>
}
func.func @whole_and_truth(%p: tensor<16xi1>, %x: tensor<16xi32>, %y: tensor<16xi32>, %q: tensor<16xi1>) -> (tensor<16xi32>, tensor<16xi1>) {
  %z = weft.select %p, %x, %y : tensor<16xi1>, tensor<16xi32>
  %r = weft.select %p, %q, %p : tensor<16xi1>, tensor<16xi1>
  return %z, %r : tensor<16xi32>, tensor<16xi1>
}

// GRAD-LABEL: @derivative
// GRAD: %[[ZERO:.*]] = weft.constant dense<0.0
// GRAD: %[[DX:.*]] = weft.select %arg0, %arg3, %[[ZERO]]
// GRAD-NEXT: %[[DY:.*]] = weft.select %arg0, %[[ZERO]], %arg3
// GRAD-NEXT: return %[[DX]], %[[DY]]
func.func @derivative(%p: tensor<17xi1>, %x: tensor<17xf64>, %y: tensor<17xf64>, %ct: tensor<17xf64>) -> (tensor<17xf64>, tensor<17xf64>) attributes {weft.unchecked} {
  %z = weft.select %p, %x, %y : tensor<17xi1>, tensor<17xf64>
  %dx, %dy = weft.grad of %z with %ct wrt %x, %y : (tensor<17xf64>, tensor<17xf64>, tensor<17xf64>, tensor<17xf64>) -> (tensor<17xf64>, tensor<17xf64>)
  return %dx, %dy : tensor<17xf64>, tensor<17xf64>
}
