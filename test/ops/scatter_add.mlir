// RUN: weft-opt %s | weft-opt | FileCheck %s
// RUN: weft-opt %s --weft-derive --canonicalize --cse | FileCheck %s --check-prefix=GRAD
// RUN: weft-check-ops %s
//
// Updates added to slices at indices, repeated ones in the order of the indices: the gradient of an embedding.

!i = tensor<?xi32, #weft.dims<[B in 1 to 64] (B)>>
!u = tensor<?x3xf64, #weft.dims<[B in 1 to 64] (B, 3)>>

// CHECK-LABEL: @rows
// CHECK: weft.scatter_add %arg0 at %arg1 add %arg2 along 0 : (tensor<10x17xf64>, tensor<4xi32>, tensor<4x17xf64>) -> tensor<10x17xf64>
func.func @rows(%x: tensor<10x17xf64>, %i: tensor<4xi32> {weft.input = "4xi32=9,3,0,3"}, %u: tensor<4x17xf64>) -> tensor<10x17xf64> {
  %y = weft.scatter_add %x at %i add %u along 0 : (tensor<10x17xf64>, tensor<4xi32>, tensor<4x17xf64>) -> tensor<10x17xf64>
  return %y : tensor<10x17xf64>
}
func.func @columns(%x: tensor<3x10xf64>, %i: tensor<17xi32>, %u: tensor<3x17xf64>) -> tensor<3x10xf64> {
  %y = weft.scatter_add %x at %i add %u along 1 : (tensor<3x10xf64>, tensor<17xi32>, tensor<3x17xf64>) -> tensor<3x10xf64>
  return %y : tensor<3x10xf64>
}
func.func @indices(%x: tensor<2x10x3xf64>, %i: tensor<2x4xi32>, %u: tensor<2x2x4x3xf64>, %one: tensor<i32>, %v: tensor<2x3xf64>) -> (tensor<2x10x3xf64>, tensor<2x10x3xf64>) {
  %a = weft.scatter_add %x at %i add %u along 1 : (tensor<2x10x3xf64>, tensor<2x4xi32>, tensor<2x2x4x3xf64>) -> tensor<2x10x3xf64>
  %b = weft.scatter_add %x at %one add %v along 1 : (tensor<2x10x3xf64>, tensor<i32>, tensor<2x3xf64>) -> tensor<2x10x3xf64>
  return %a, %b : tensor<2x10x3xf64>, tensor<2x10x3xf64>
}
func.func @run_time(%x: tensor<10x3xf64>, %i: !i {weft.input = "7xi32=1,9,0,0,5,2,2"}, %u: !u {weft.input = "7x3xf64=normal:4"}) -> tensor<10x3xf64> {
  %y = weft.scatter_add %x at %i add %u along 0 : (tensor<10x3xf64>, !i, !u) -> tensor<10x3xf64>
  return %y : tensor<10x3xf64>
}
// All of them at one place, many more than rows.
func.func @collisions(%x: tensor<2x5xf32>, %i: tensor<100xi32> {weft.input = "100xi32=1"}, %u: tensor<100x5xf32>) -> tensor<2x5xf32> {
  %y = weft.scatter_add %x at %i add %u along 0 : (tensor<2x5xf32>, tensor<100xi32>, tensor<100x5xf32>) -> tensor<2x5xf32>
  return %y : tensor<2x5xf32>
}
func.func @empty(%x: tensor<10x3xf32>, %i: tensor<0xi32>, %u: tensor<0x3xf32>) -> tensor<10x3xf32> {
  %y = weft.scatter_add %x at %i add %u along 0 : (tensor<10x3xf32>, tensor<0xi32>, tensor<0x3xf32>) -> tensor<10x3xf32>
  return %y : tensor<10x3xf32>
}
func.func @whole(%x: tensor<10xi32>, %i: tensor<17xi32>, %u: tensor<17xi32>) -> tensor<10xi32> {
  %y = weft.scatter_add %x at %i add %u along 0 : (tensor<10xi32>, tensor<17xi32>, tensor<17xi32>) -> tensor<10xi32>
  return %y : tensor<10xi32>
}

// GRAD-LABEL: @derivative
// GRAD-NEXT: %[[U:.*]] = weft.take %arg3 at %arg1 along 0
// GRAD-NEXT: return %arg3, %[[U]]
func.func @derivative(%x: tensor<10x3xf64>, %i: tensor<4xi32>, %u: tensor<4x3xf64>, %ct: tensor<10x3xf64>) -> (tensor<10x3xf64>, tensor<4x3xf64>) attributes {weft.unchecked} {
  %y = weft.scatter_add %x at %i add %u along 0 : (tensor<10x3xf64>, tensor<4xi32>, tensor<4x3xf64>) -> tensor<10x3xf64>
  %dx, %du = weft.grad of %y with %ct wrt %x, %u : (tensor<10x3xf64>, tensor<10x3xf64>, tensor<10x3xf64>, tensor<4x3xf64>) -> (tensor<10x3xf64>, tensor<4x3xf64>)
  return %dx, %du : tensor<10x3xf64>, tensor<4x3xf64>
}
