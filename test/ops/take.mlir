// RUN: weft-opt %s | weft-opt | FileCheck %s
// RUN: weft-opt %s --weft-derive --canonicalize --cse | FileCheck %s --check-prefix=GRAD
// RUN: weft-check-ops %s
//
// Slices of data at indices along an axis: the axis gives way to the dimensions of the indices. The derivative adds up what an index that
// occurs twice was used for.

!rows = tensor<?x5xf64, #weft.dims<[B in 1 to 64] (B, 5)>>
!picks = tensor<?xi32, #weft.dims<[N in 1 to 64] (N)>>
!taken = tensor<?x5xf64, #weft.dims<[N in 1 to 64] (N, 5)>>

// CHECK-LABEL: @table
// CHECK: weft.take %arg0 at %arg1 along 0 : (tensor<17x5xf64>, tensor<2x3xi32>) -> tensor<2x3x5xf64>
func.func @table(%x: tensor<17x5xf64>, %i: tensor<2x3xi32> {weft.input = "2x3xi32=0,16,3,3,3,9"}) -> tensor<2x3x5xf64> {
  %y = weft.take %x at %i along 0 : (tensor<17x5xf64>, tensor<2x3xi32>) -> tensor<2x3x5xf64>
  return %y : tensor<2x3x5xf64>
}
func.func @last_axis(%x: tensor<3x5xf64>, %i: tensor<17xi32> {weft.input = "17xi32=0,1,2,3,4,0,1,2,3,4,4,4,4,2,1,0,3"}) -> tensor<3x17xf64> {
  %y = weft.take %x at %i along 1 : (tensor<3x5xf64>, tensor<17xi32>) -> tensor<3x17xf64>
  return %y : tensor<3x17xf64>
}
func.func @middle_axis(%x: tensor<2x5x3xf64>, %i: tensor<4xi32> {weft.input = "4xi32=4,0,0,2"}) -> tensor<2x4x3xf64> {
  %y = weft.take %x at %i along 1 : (tensor<2x5x3xf64>, tensor<4xi32>) -> tensor<2x4x3xf64>
  return %y : tensor<2x4x3xf64>
}
func.func @scalar_index(%x: tensor<5xf64>, %i: tensor<i32> {weft.input = "i32=4"}) -> tensor<f64> {
  %y = weft.take %x at %i along 0 : (tensor<5xf64>, tensor<i32>) -> tensor<f64>
  return %y : tensor<f64>
}
func.func @no_index(%x: tensor<3x5xf64>, %i: tensor<0xi32>) -> tensor<0x5xf64> {
  %y = weft.take %x at %i along 0 : (tensor<3x5xf64>, tensor<0xi32>) -> tensor<0x5xf64>
  return %y : tensor<0x5xf64>
}
func.func @rows(%x: !rows {weft.input = "7x5xf64=normal:1"}, %i: !picks {weft.input = "4xi32=0,0,0,0"}) -> !taken {
  %y = weft.take %x at %i along 0 : (!rows, !picks) -> !taken
  return %y : !taken
}
// Indices that are computed, of data that is computed: both fuse into the loop.
func.func @fused(%x: tensor<33xf64>, %i: tensor<17xi32>) -> tensor<17xf64> {
  %three = weft.constant dense<3> : tensor<17xi32>
  %j = weft.mul %i, %three : tensor<17xi32>
  %e = weft.exp %x : tensor<33xf64>
  %y = weft.take %e at %j along 0 : (tensor<33xf64>, tensor<17xi32>) -> tensor<17xf64>
  return %y : tensor<17xf64>
}
func.func @single(%x: tensor<10x33xf32>, %i: tensor<15xi32>) -> tensor<15x33xf32> {
  %y = weft.take %x at %i along 0 : (tensor<10x33xf32>, tensor<15xi32>) -> tensor<15x33xf32>
  return %y : tensor<15x33xf32>
}
func.func @brain_and_truth(%x: tensor<10xbf16>, %t: tensor<10xi1>, %i: tensor<16xi32>) -> (tensor<16xbf16>, tensor<16xi1>) {
  %y = weft.take %x at %i along 0 : (tensor<10xbf16>, tensor<16xi32>) -> tensor<16xbf16>
  %u = weft.take %t at %i along 0 : (tensor<10xi1>, tensor<16xi32>) -> tensor<16xi1>
  return %y, %u : tensor<16xbf16>, tensor<16xi1>
}

// GRAD-LABEL: @derivative
// GRAD: %[[ZERO:.*]] = weft.constant dense<0.0
// GRAD-NEXT: %[[D:.*]] = weft.scatter_add %[[ZERO]] at %arg1 add %arg2 along 0
// GRAD-NEXT: return %[[D]]
func.func @derivative(%x: tensor<17x5xf64>, %i: tensor<3xi32>, %ct: tensor<3x5xf64>) -> tensor<17x5xf64> attributes {weft.unchecked} {
  %y = weft.take %x at %i along 0 : (tensor<17x5xf64>, tensor<3xi32>) -> tensor<3x5xf64>
  %dx = weft.grad of %y with %ct wrt %x : (tensor<3x5xf64>, tensor<3x5xf64>, tensor<17x5xf64>) -> tensor<17x5xf64>
  return %dx : tensor<17x5xf64>
}
