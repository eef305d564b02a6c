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

// Larger than the squares that are turned in registers, whole or not; two operands of which one is also read straight; narrow types.
func.func @squares(%x: tensor<70x133xf32>, %y: tensor<133x70xf32>, %z: tensor<133x70xf32>) -> tensor<133x70xf32> {
  %t = weft.transpose %x [1, 0] : tensor<70x133xf32>
  %a = weft.add %t, %y : tensor<133x70xf32>
  %b = weft.mul %a, %z : tensor<133x70xf32>
  return %b : tensor<133x70xf32>
}
func.func @both_ways(%x: tensor<64x64xf32>, %y: tensor<64x64xf32>) -> tensor<64x64xf32> {
  %t = weft.transpose %x [1, 0] : tensor<64x64xf32>
  %u = weft.transpose %y [1, 0] : tensor<64x64xf32>
  %a = weft.add %t, %x : tensor<64x64xf32>
  %b = weft.mul %a, %u : tensor<64x64xf32>
  return %b : tensor<64x64xf32>
}
func.func @heads(%x: tensor<3x40x5x64xf32>, %y: tensor<3x5x64x40xf32>) -> (tensor<3x5x40x64xf32>, tensor<3x5x64x40xf32>) {
  %t = weft.transpose %x [0, 2, 1, 3] : tensor<3x40x5x64xf32>
  %u = weft.transpose %x [0, 2, 3, 1] : tensor<3x40x5x64xf32>
  %a = weft.add %u, %y : tensor<3x5x64x40xf32>
  return %t, %a : tensor<3x5x40x64xf32>, tensor<3x5x64x40xf32>
}
func.func @narrow(%x: tensor<70x40xf16>, %y: tensor<70x40xbf16>, %z: tensor<70x40xi8>, %w: tensor<70x40xf64>, %c: tensor<40x70xf32>)
    -> (tensor<40x70xf16>, tensor<40x70xbf16>, tensor<40x70xi8>, tensor<40x70xf64>, tensor<40x70xf32>) {
  %a = weft.transpose %x [1, 0] : tensor<70x40xf16>
  %b = weft.transpose %y [1, 0] : tensor<70x40xbf16>
  %d = weft.transpose %z [1, 0] : tensor<70x40xi8>
  %e = weft.transpose %w [1, 0] : tensor<70x40xf64>
  %zero = weft.constant dense<0> : tensor<70x40xi8>
  %above = weft.compare GT, %z, %zero : tensor<70x40xi8>
  %p = weft.transpose %above [1, 0] : tensor<70x40xi1>
  %nothing = weft.constant dense<0.0> : tensor<40x70xf32>
  %s = weft.select %p, %c, %nothing : tensor<40x70xi1>, tensor<40x70xf32>
  return %a, %b, %d, %e, %s : tensor<40x70xf16>, tensor<40x70xbf16>, tensor<40x70xi8>, tensor<40x70xf64>, tensor<40x70xf32>
}
!upright = tensor<?x50xf32, #weft.dims<[R in 1 to 90] (R, 50)>>
!flat = tensor<50x?xf32, #weft.dims<[R in 1 to 90] (50, R)>>
func.func @run_time_rows(%x: !flat {weft.input = "50x73xf32=normal:1"}) -> !upright {
  %t = weft.transpose %x [1, 0] : !flat
  %e = weft.add %t, %t : !upright
  return %e : !upright
}
func.func @run_time_columns(%x: !upright {weft.input = "73x50xf32=normal:2"}) -> !flat {
  %t = weft.transpose %x [1, 0] : !upright
  %e = weft.add %t, %t : !flat
  return %e : !flat
}
// Reductions choose the dimension along which their operand lies.
func.func @sums(%x: tensor<70x133xf32>) -> (tensor<133xf32>, tensor<70xf32>) {
  %t = weft.transpose %x [1, 0] : tensor<70x133xf32>
  %e = weft.mul %t, %t : tensor<133x70xf32>
  %a = weft.reduce_sum %e [1] : (tensor<133x70xf32>) -> tensor<133xf32>
  %u = weft.transpose %x [1, 0] : tensor<70x133xf32>
  %b = weft.reduce_max %u [0] : (tensor<133x70xf32>) -> tensor<70xf32>
  return %a, %b : tensor<133xf32>, tensor<70xf32>
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
