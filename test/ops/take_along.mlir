// RUN: weft-opt %s | weft-opt | FileCheck %s
// RUN: weft-opt %s --weft-derive --canonicalize --cse | FileCheck %s --check-prefix=GRAD
// RUN: weft-check-ops %s
//
// One element for each index, in its own row: what picks the logit of a label.

!bt = tensor<?x5xf64, #weft.dims<[B in 1 to 64] (B, 5)>>
!bi = tensor<?x1xi32, #weft.dims<[B in 1 to 64] (B, 1)>>
!bd = tensor<?x1xf64, #weft.dims<[B in 1 to 64] (B, 1)>>

// CHECK-LABEL: @last
// CHECK: weft.take_along %arg0 at %arg1 along 1 : (tensor<3x10xf64>, tensor<3x17xi32>) -> tensor<3x17xf64>
func.func @last(%x: tensor<3x10xf64>, %i: tensor<3x17xi32>) -> tensor<3x17xf64> {
  %y = weft.take_along %x at %i along 1 : (tensor<3x10xf64>, tensor<3x17xi32>) -> tensor<3x17xf64>
  return %y : tensor<3x17xf64>
}
func.func @first(%x: tensor<10x17xf64>, %i: tensor<4x17xi32>) -> tensor<4x17xf64> {
  %y = weft.take_along %x at %i along 0 : (tensor<10x17xf64>, tensor<4x17xi32>) -> tensor<4x17xf64>
  return %y : tensor<4x17xf64>
}
func.func @middle(%x: tensor<2x10x3xf64>, %i: tensor<2x4x3xi32>) -> tensor<2x4x3xf64> {
  %y = weft.take_along %x at %i along 1 : (tensor<2x10x3xf64>, tensor<2x4x3xi32>) -> tensor<2x4x3xf64>
  return %y : tensor<2x4x3xf64>
}
func.func @run_time(%x: !bt {weft.input = "7x5xf64=normal:1"}, %i: !bi {weft.input = "7x1xi32=0,1,2,3,4,4,0"}) -> !bd {
  %y = weft.take_along %x at %i along 1 : (!bt, !bi) -> !bd
  return %y : !bd
}
func.func @empty(%x: tensor<0x10xf32>, %i: tensor<0x2xi32>) -> tensor<0x2xf32> {
  %y = weft.take_along %x at %i along 1 : (tensor<0x10xf32>, tensor<0x2xi32>) -> tensor<0x2xf32>
  return %y : tensor<0x2xf32>
}

func.func @clipped(%x: tensor<3x10xf64>, %i: tensor<3x2xi32> {weft.input = "3x2xi32=-1,10,0,9,11,5"}) -> tensor<3x2xf64> {
  %y = weft.take_along %x at %i along 1 clip : (tensor<3x10xf64>, tensor<3x2xi32>) -> tensor<3x2xf64>
  return %y : tensor<3x2xf64>
}

// GRAD-LABEL: @derivative
// GRAD: %[[Z:.*]] = weft.constant dense<0.000000e+00> : tensor<3x10xf64>
// GRAD-NEXT: %[[D:.*]] = weft.scatter_add_along %[[Z]] at %arg1 add %arg2 along 1
// GRAD-NEXT: return %[[D]]
func.func @derivative(%x: tensor<3x10xf64>, %i: tensor<3x4xi32>, %ct: tensor<3x4xf64>) -> tensor<3x10xf64> attributes {weft.unchecked} {
  %y = weft.take_along %x at %i along 1 : (tensor<3x10xf64>, tensor<3x4xi32>) -> tensor<3x4xf64>
  %dx = weft.grad of %y with %ct wrt %x : (tensor<3x4xf64>, tensor<3x4xf64>, tensor<3x10xf64>) -> tensor<3x10xf64>
  return %dx : tensor<3x10xf64>
}
