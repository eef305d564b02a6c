// RUN: weft-opt %s | weft-opt | FileCheck %s
// RUN: weft-opt %s --weft-derive --canonicalize --cse | FileCheck %s --check-prefix=GRAD
// RUN: weft-check-ops %s
//
// The order of the elements turned round along axes; lanes then run backwards through memory.

!rows = tensor<?x5xf64, #weft.dims<[B in 1 to 64] (B, 5)>>

// CHECK-LABEL: @matrix
// CHECK: weft.reverse %arg0 [0, 1] : tensor<3x17xf64>
func.func @matrix(%x: tensor<3x17xf64>) -> (tensor<3x17xf64>, tensor<3x17xf64>, tensor<3x17xf64>) {
  %a = weft.reverse %x [0] : tensor<3x17xf64>
  %b = weft.reverse %x [1] : tensor<3x17xf64>
  %c = weft.reverse %x [0, 1] : tensor<3x17xf64>
  return %a, %b, %c : tensor<3x17xf64>, tensor<3x17xf64>, tensor<3x17xf64>
}
func.func @widths(%x: tensor<15xf32>, %y: tensor<16xf32>, %z: tensor<1xf32>, %n: tensor<0xf32>) -> (tensor<15xf32>, tensor<16xf32>, tensor<1xf32>, tensor<0xf32>) {
  %a = weft.reverse %x [0] : tensor<15xf32>
  %b = weft.reverse %y [0] : tensor<16xf32>
  %c = weft.reverse %z [0] : tensor<1xf32>
  %d = weft.reverse %n [0] : tensor<0xf32>
  return %a, %b, %c, %d : tensor<15xf32>, tensor<16xf32>, tensor<1xf32>, tensor<0xf32>
}
func.func @run_time(%x: !rows {weft.input = "7x5xf64=normal:1"}) -> !rows {
  %a = weft.reverse %x [0] : !rows
  return %a : !rows
}
// A palindrome of sums: both directions in one kernel.
func.func @fused(%x: tensor<17xf64>) -> tensor<17xf64> {
  %a = weft.reverse %x [0] : tensor<17xf64>
  %s = weft.add %x, %a : tensor<17xf64>
  return %s : tensor<17xf64>
}

// GRAD-LABEL: @derivative
// GRAD-NEXT: %[[D:.*]] = weft.reverse %arg1 [1]
// GRAD-NEXT: return %[[D]]
func.func @derivative(%x: tensor<3x4xf64>, %ct: tensor<3x4xf64>) -> tensor<3x4xf64> attributes {weft.unchecked} {
  %y = weft.reverse %x [1] : tensor<3x4xf64>
  %dx = weft.grad of %y with %ct wrt %x : (tensor<3x4xf64>, tensor<3x4xf64>, tensor<3x4xf64>) -> tensor<3x4xf64>
  return %dx : tensor<3x4xf64>
}
