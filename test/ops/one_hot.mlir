// RUN: weft-opt %s | weft-opt | FileCheck %s
// RUN: weft-check-ops %s
//
// A row with a one at the index: in any type of number. An index outside gives a row of zeros and is no error.

!labels = tensor<?xi32, #weft.dims<[B in 1 to 64] (B)>>
!rows = tensor<?x5xf32, #weft.dims<[B in 1 to 64] (B, 5)>>

// CHECK-LABEL: @matrix
// CHECK: weft.one_hot %arg0 : (tensor<5xi32>) -> tensor<5x17xf64>
func.func @matrix(%i: tensor<5xi32> {weft.input = "5xi32=0,16,-1,17,3"}) -> tensor<5x17xf64> {
  %y = weft.one_hot %i : (tensor<5xi32>) -> tensor<5x17xf64>
  return %y : tensor<5x17xf64>
}
func.func @sequence(%i: tensor<2x3xi32>) -> tensor<2x3x10xf32> {
  %y = weft.one_hot %i : (tensor<2x3xi32>) -> tensor<2x3x10xf32>
  return %y : tensor<2x3x10xf32>
}
func.func @scalar(%i: tensor<i32>) -> tensor<16xbf16> {
  %y = weft.one_hot %i : (tensor<i32>) -> tensor<16xbf16>
  return %y : tensor<16xbf16>
}
func.func @empty(%i: tensor<0xi32>, %j: tensor<3xi32>) -> (tensor<0x4xf32>, tensor<3x0xf32>) {
  %no_rows = weft.one_hot %i : (tensor<0xi32>) -> tensor<0x4xf32>
  %no_classes = weft.one_hot %j : (tensor<3xi32>) -> tensor<3x0xf32>
  return %no_rows, %no_classes : tensor<0x4xf32>, tensor<3x0xf32>
}
func.func @rows(%i: !labels {weft.input = "7xi32=normal:1"}) -> !rows {
  %y = weft.one_hot %i : (!labels) -> !rows
  return %y : !rows
}
func.func @whole(%i: tensor<3xi32>) -> tensor<3x15xi32> {
  %y = weft.one_hot %i : (tensor<3xi32>) -> tensor<3x15xi32>
  return %y : tensor<3x15xi32>
}
// An index has no derivative; what the rows are multiplied with has.
func.func @picks(%i: tensor<3xi32>, %x: tensor<3x10xf64>) -> tensor<3x10xf64> {
  %hot = weft.one_hot %i : (tensor<3xi32>) -> tensor<3x10xf64>
  %y = weft.mul %hot, %x : tensor<3x10xf64>
  return %y : tensor<3x10xf64>
}
