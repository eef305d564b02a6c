// RUN: weft-opt %s | weft-opt | FileCheck %s
// RUN: weft-check-ops %s
//
// 1 at the index along a new last dimension; an index outside gives a row of zeros. No derivative by an index.

!i = tensor<?xi32, #weft.dims<[B in 1 to 64] (B)>>
!hot = tensor<?x5xf64, #weft.dims<[B in 1 to 64] (B, 5)>>

// CHECK-LABEL: @vector
// CHECK: weft.one_hot %arg0 : (tensor<5xi32>) -> tensor<5x17xf32>
func.func @vector(%i: tensor<5xi32> {weft.input = "5xi32=0,16,17,-1,7"}) -> tensor<5x17xf32> {
  %y = weft.one_hot %i : (tensor<5xi32>) -> tensor<5x17xf32>
  return %y : tensor<5x17xf32>
}
func.func @shapes(%i: tensor<2x3xi32>, %one: tensor<i32>, %none: tensor<0xi32>) -> (tensor<2x3x10xi32>, tensor<10xbf16>, tensor<0x4xi8>) {
  %a = weft.one_hot %i : (tensor<2x3xi32>) -> tensor<2x3x10xi32>
  %b = weft.one_hot %one : (tensor<i32>) -> tensor<10xbf16>
  %c = weft.one_hot %none : (tensor<0xi32>) -> tensor<0x4xi8>
  return %a, %b, %c : tensor<2x3x10xi32>, tensor<10xbf16>, tensor<0x4xi8>
}
func.func @run_time(%i: !i {weft.input = "7xi32=1,9,0,0,5,2,4"}) -> !hot {
  %y = weft.one_hot %i : (!i) -> !hot
  return %y : !hot
}
// Lanes run along the indices.
func.func @turned(%i: tensor<17xi32>) -> tensor<10x17xf32> {
  %y = weft.one_hot %i : (tensor<17xi32>) -> tensor<17x10xf32>
  %t = weft.transpose %y [1, 0] : tensor<17x10xf32>
  return %t : tensor<10x17xf32>
}
