// RUN: weft-opt %s | weft-opt | FileCheck %s
// RUN: weft-check-ops %s
//
// The index of the largest element along an axis: the lowest on ties, and of NaN the first. No derivative: an index is no quantity.

!rows = tensor<?x5xf64, #weft.dims<[B in 1 to 64] (B, 5)>>
!b = tensor<?xi32, #weft.dims<[B in 1 to 64] (B)>>

// CHECK-LABEL: @matrix
// CHECK: weft.argmax %arg0 1 : (tensor<3x17xf64>) -> tensor<3xi32>
func.func @matrix(%x: tensor<3x17xf64>) -> (tensor<3xi32>, tensor<17xi32>) {
  %a = weft.argmax %x 1 : (tensor<3x17xf64>) -> tensor<3xi32>
  %b = weft.argmax %x 0 : (tensor<3x17xf64>) -> tensor<17xi32>
  return %a, %b : tensor<3xi32>, tensor<17xi32>
}
func.func @middle(%x: tensor<2x33x3xf32>) -> tensor<2x3xi32> {
  %a = weft.argmax %x 1 : (tensor<2x33x3xf32>) -> tensor<2x3xi32>
  return %a : tensor<2x3xi32>
}
// Numbers of one digit: many ties within and across vectors.
func.func @ties(%x: tensor<4x67xi32>, %same: tensor<37xf32> {weft.input = "37xf32=1"}) -> (tensor<4xi32>, tensor<i32>) {
  %a = weft.argmax %x 1 : (tensor<4x67xi32>) -> tensor<4xi32>
  %b = weft.argmax %same 0 : (tensor<37xf32>) -> tensor<i32>
  return %a, %b : tensor<4xi32>, tensor<i32>
}
func.func @special(%x: tensor<4x4xf32> {weft.input = "4x4xf32=1,nan,3,nan,-inf,-inf,-inf,-inf,inf,inf,inf,inf,0.0,-0.0,0.0,-0.0"}) -> tensor<4xi32> {
  %a = weft.argmax %x 1 : (tensor<4x4xf32>) -> tensor<4xi32>
  return %a : tensor<4xi32>
}
func.func @ends(%x: tensor<2x3xi32> {weft.input = "2x3xi32=-2147483648,-2147483648,-2147483648,2147483647,2147483647,2147483647"}, %y: tensor<3xi8> {weft.input = "3xi8=-128,127,-128"}) -> (tensor<2xi32>, tensor<i32>) {
  %a = weft.argmax %x 1 : (tensor<2x3xi32>) -> tensor<2xi32>
  %b = weft.argmax %y 0 : (tensor<3xi8>) -> tensor<i32>
  return %a, %b : tensor<2xi32>, tensor<i32>
}
func.func @run_time(%x: !rows {weft.input = "7x5xf64=normal:1"}) -> (!b, tensor<5xi32>) {
  %a = weft.argmax %x 1 : (!rows) -> !b
  %b = weft.argmax %x 0 : (!rows) -> tensor<5xi32>
  return %a, %b : !b, tensor<5xi32>
}
func.func @small(%x: tensor<0x4xf32>, %y: tensor<1xbf16>) -> (tensor<0xi32>, tensor<i32>) {
  %a = weft.argmax %x 1 : (tensor<0x4xf32>) -> tensor<0xi32>
  %b = weft.argmax %y 0 : (tensor<1xbf16>) -> tensor<i32>
  return %a, %b : tensor<0xi32>, tensor<i32>
}
// A place is an i32 as well, but no row's largest number: the two have kernels of their own.
func.func @beside_the_largest(%x: tensor<3x33xi32>) -> (tensor<3xi32>, tensor<3xi32>) {
  %a = weft.argmax %x 1 : (tensor<3x33xi32>) -> tensor<3xi32>
  %b = weft.reduce_max %x [1] : (tensor<3x33xi32>) -> tensor<3xi32>
  return %a, %b : tensor<3xi32>, tensor<3xi32>
}
