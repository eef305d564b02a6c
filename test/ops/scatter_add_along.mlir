// RUN: weft-opt %s | weft-opt | FileCheck %s
// RUN: weft-opt %s --weft-derive --canonicalize --cse | FileCheck %s --check-prefix=GRAD
// RUN: weft-check-ops %s
//
// Updates added at one element for each index, in its own row.

!bt = tensor<?x5xf64, #weft.dims<[B in 1 to 64] (B, 5)>>
!bi = tensor<?x2xi32, #weft.dims<[B in 1 to 64] (B, 2)>>
!bu = tensor<?x2xf64, #weft.dims<[B in 1 to 64] (B, 2)>>

// CHECK-LABEL: @last
// CHECK: weft.scatter_add_along %arg0 at %arg1 add %arg2 along 1
func.func @last(%x: tensor<3x10xf64>, %i: tensor<3x17xi32>, %u: tensor<3x17xf64>) -> tensor<3x10xf64> {
  %y = weft.scatter_add_along %x at %i add %u along 1 : (tensor<3x10xf64>, tensor<3x17xi32>, tensor<3x17xf64>) -> tensor<3x10xf64>
  return %y : tensor<3x10xf64>
}
func.func @first(%x: tensor<10x17xf64>, %i: tensor<4x17xi32>, %u: tensor<4x17xf64>) -> tensor<10x17xf64> {
  %y = weft.scatter_add_along %x at %i add %u along 0 : (tensor<10x17xf64>, tensor<4x17xi32>, tensor<4x17xf64>) -> tensor<10x17xf64>
  return %y : tensor<10x17xf64>
}
func.func @run_time(%x: !bt {weft.input = "3x5xf64=normal:1"}, %i: !bi {weft.input = "3x2xi32=0,4,2,2,3,1"}, %u: !bu {weft.input = "3x2xf64=normal:2"}) -> !bt {
  %y = weft.scatter_add_along %x at %i add %u along 1 : (!bt, !bi, !bu) -> !bt
  return %y : !bt
}
func.func @empty(%x: tensor<3x10xf32>, %i: tensor<3x0xi32>, %u: tensor<3x0xf32>) -> tensor<3x10xf32> {
  %y = weft.scatter_add_along %x at %i add %u along 1 : (tensor<3x10xf32>, tensor<3x0xi32>, tensor<3x0xf32>) -> tensor<3x10xf32>
  return %y : tensor<3x10xf32>
}

// GRAD-LABEL: @derivative
// GRAD-NEXT: %[[U:.*]] = weft.take_along %arg3 at %arg1 along 1
// GRAD-NEXT: return %arg3, %[[U]]
func.func @derivative(%x: tensor<3x10xf64>, %i: tensor<3x4xi32>, %u: tensor<3x4xf64>, %ct: tensor<3x10xf64>) -> (tensor<3x10xf64>, tensor<3x4xf64>) attributes {weft.unchecked} {
  %y = weft.scatter_add_along %x at %i add %u along 1 : (tensor<3x10xf64>, tensor<3x4xi32>, tensor<3x4xf64>) -> tensor<3x10xf64>
  %dx, %du = weft.grad of %y with %ct wrt %x, %u : (tensor<3x10xf64>, tensor<3x10xf64>, tensor<3x10xf64>, tensor<3x4xf64>) -> (tensor<3x10xf64>, tensor<3x4xf64>)
  return %dx, %du : tensor<3x10xf64>, tensor<3x4xf64>
}
