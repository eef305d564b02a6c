// RUN: weft-opt %s | weft-opt | FileCheck %s
// RUN: weft-opt %s --weft-derive --canonicalize --cse | FileCheck %s --check-prefix=GRAD
// RUN: weft-check-ops %s
//
// One element for each index, at the index's own place but for the axis: a label's logit, the elements of a sorted order.

!rows = tensor<?x5xf64, #weft.dims<[B in 1 to 64] (B, 5)>>
!labels = tensor<?x1xi32, #weft.dims<[B in 1 to 64] (B, 1)>>
!picked = tensor<?x1xf64, #weft.dims<[B in 1 to 64] (B, 1)>>

// CHECK-LABEL: @last_axis
// CHECK: weft.take_along %arg0 at %arg1 along 1 : (tensor<3x5xf64>, tensor<3x2xi32>) -> tensor<3x2xf64>
func.func @last_axis(%x: tensor<3x5xf64>, %i: tensor<3x2xi32> {weft.input = "3x2xi32=0,4,3,3,2,1"}) -> tensor<3x2xf64> {
  %y = weft.take_along %x at %i along 1 : (tensor<3x5xf64>, tensor<3x2xi32>) -> tensor<3x2xf64>
  return %y : tensor<3x2xf64>
}
func.func @first_axis(%x: tensor<3x5xf64>, %i: tensor<2x5xi32> {weft.input = "2x5xi32=0,1,2,2,1,0,1,0,2,2"}) -> tensor<2x5xf64> {
  %y = weft.take_along %x at %i along 0 : (tensor<3x5xf64>, tensor<2x5xi32>) -> tensor<2x5xf64>
  return %y : tensor<2x5xf64>
}
func.func @vector(%x: tensor<10xf64>, %i: tensor<17xi32>) -> tensor<17xf64> {
  %y = weft.take_along %x at %i along 0 : (tensor<10xf64>, tensor<17xi32>) -> tensor<17xf64>
  return %y : tensor<17xf64>
}
func.func @no_index(%x: tensor<3x5xf64>, %i: tensor<3x0xi32>) -> tensor<3x0xf64> {
  %y = weft.take_along %x at %i along 1 : (tensor<3x5xf64>, tensor<3x0xi32>) -> tensor<3x0xf64>
  return %y : tensor<3x0xf64>
}
func.func @rows(%x: !rows {weft.input = "7x5xf64=normal:1"}, %i: !labels {weft.input = "7x1xi32=0,1,2,3,4,4,0"}) -> !picked {
  %y = weft.take_along %x at %i along 1 : (!rows, !labels) -> !picked
  return %y : !picked
}
func.func @single(%x: tensor<15x10xf32>, %i: tensor<15x33xi32>) -> tensor<15x33xf32> {
  %y = weft.take_along %x at %i along 1 : (tensor<15x10xf32>, tensor<15x33xi32>) -> tensor<15x33xf32>
  return %y : tensor<15x33xf32>
}
func.func @brain_and_whole(%x: tensor<10xbf16>, %n: tensor<10xi32>, %i: tensor<16xi32>) -> (tensor<16xbf16>, tensor<16xi32>) {
  %y = weft.take_along %x at %i along 0 : (tensor<10xbf16>, tensor<16xi32>) -> tensor<16xbf16>
  %m = weft.take_along %n at %i along 0 : (tensor<10xi32>, tensor<16xi32>) -> tensor<16xi32>
  return %y, %m : tensor<16xbf16>, tensor<16xi32>
}

// GRAD-LABEL: @derivative
// GRAD: %[[ZERO:.*]] = weft.constant dense<0.0
// GRAD-NEXT: %[[D:.*]] = weft.scatter_add_along %[[ZERO]] at %arg1 add %arg2 along 1
// GRAD-NEXT: return %[[D]]
func.func @derivative(%x: tensor<3x5xf64>, %i: tensor<3x2xi32>, %ct: tensor<3x2xf64>) -> tensor<3x5xf64> attributes {weft.unchecked} {
  %y = weft.take_along %x at %i along 1 : (tensor<3x5xf64>, tensor<3x2xi32>) -> tensor<3x2xf64>
  %dx = weft.grad of %y with %ct wrt %x : (tensor<3x2xf64>, tensor<3x2xf64>, tensor<3x5xf64>) -> tensor<3x5xf64>
  return %dx : tensor<3x5xf64>
}
