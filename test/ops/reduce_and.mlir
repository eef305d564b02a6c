// RUN: weft-opt %s | weft-opt | FileCheck %s
// RUN: weft-check-ops %s
//
// Whether all hold; no element gives true.

!rows = tensor<?x5xi1, #weft.dims<[B in 1 to 64] (B, 5)>>
!b = tensor<?xi1, #weft.dims<[B in 1 to 64] (B)>>

// CHECK-LABEL: @matrix
// CHECK: weft.reduce_and %arg0 [1] : (tensor<4x3xi1>) -> tensor<4xi1>
func.func @matrix(%x: tensor<4x3xi1> {weft.input = "4x3xi1=0,0,0,1,1,1,0,1,0,1,1,0"}) -> (tensor<4xi1>, tensor<3xi1>, tensor<i1>) {
  %a = weft.reduce_and %x [1] : (tensor<4x3xi1>) -> tensor<4xi1>
  %b = weft.reduce_and %x [0] : (tensor<4x3xi1>) -> tensor<3xi1>
  %c = weft.reduce_and %x [0, 1] : (tensor<4x3xi1>) -> tensor<i1>
  return %a, %b, %c : tensor<4xi1>, tensor<3xi1>, tensor<i1>
}
// The one element that decides is in the last, incomplete vector.
func.func @long(%x: tensor<2x67xi1>, %same: tensor<65xi1> {weft.input = "65xi1=1"}) -> (tensor<2xi1>, tensor<67xi1>, tensor<i1>) {
  %a = weft.reduce_and %x [1] : (tensor<2x67xi1>) -> tensor<2xi1>
  %b = weft.reduce_and %x [0] : (tensor<2x67xi1>) -> tensor<67xi1>
  %c = weft.reduce_and %same [0] : (tensor<65xi1>) -> tensor<i1>
  return %a, %b, %c : tensor<2xi1>, tensor<67xi1>, tensor<i1>
}
func.func @run_time(%x: !rows {weft.input = "7x5xi1=uniform:3"}) -> (!b, tensor<5xi1>) {
  %a = weft.reduce_and %x [1] : (!rows) -> !b
  %b = weft.reduce_and %x [0] : (!rows) -> tensor<5xi1>
  return %a, %b : !b, tensor<5xi1>
}
func.func @no_element(%x: tensor<3x0xi1>) -> (tensor<3xi1>, tensor<0xi1>) {
  %a = weft.reduce_and %x [1] : (tensor<3x0xi1>) -> tensor<3xi1>
  %b = weft.reduce_and %x [0] : (tensor<3x0xi1>) -> tensor<0xi1>
  return %a, %b : tensor<3xi1>, tensor<0xi1>
}
