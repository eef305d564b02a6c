// RUN: weft-opt %s | weft-opt | FileCheck %s
// RUN: weft-opt %s --weft-derive --canonicalize --cse | FileCheck %s --check-prefix=GRAD
// RUN: weft-check-ops %s
//
// Slices of data at indices along an axis: embedding look-ups and permutations.

!i = tensor<?xi32, #weft.dims<[B in 1 to 64] (B)>>
!bd = tensor<?x3xf64, #weft.dims<[B in 1 to 64] (B, 3)>>

// CHECK-LABEL: @rows
// CHECK: weft.take %arg0 at %arg1 along 0 : (tensor<10x17xf64>, tensor<4xi32>) -> tensor<4x17xf64>
func.func @rows(%x: tensor<10x17xf64>, %i: tensor<4xi32> {weft.input = "4xi32=9,0,3,3"}) -> tensor<4x17xf64> {
  %y = weft.take %x at %i along 0 : (tensor<10x17xf64>, tensor<4xi32>) -> tensor<4x17xf64>
  return %y : tensor<4x17xf64>
}
// Lanes run along the indices.
func.func @columns(%x: tensor<3x10xf64>, %i: tensor<17xi32>) -> tensor<3x17xf64> {
  %y = weft.take %x at %i along 1 : (tensor<3x10xf64>, tensor<17xi32>) -> tensor<3x17xf64>
  return %y : tensor<3x17xf64>
}
func.func @indices(%x: tensor<2x10x3xf64>, %i: tensor<2x4xi32>, %one: tensor<i32>) -> (tensor<2x2x4x3xf64>, tensor<2x3xf64>, tensor<2x4x10x3xf64>) {
  %a = weft.take %x at %i along 1 : (tensor<2x10x3xf64>, tensor<2x4xi32>) -> tensor<2x2x4x3xf64>
  %b = weft.take %x at %one along 1 : (tensor<2x10x3xf64>, tensor<i32>) -> tensor<2x3xf64>
  %zero_or_one = weft.constant dense<[[0, 1, 1, 0], [1, 1, 0, 0]]> : tensor<2x4xi32>
  %c = weft.take %x at %zero_or_one along 0 : (tensor<2x10x3xf64>, tensor<2x4xi32>) -> tensor<2x4x10x3xf64>
  return %a, %b, %c : tensor<2x2x4x3xf64>, tensor<2x3xf64>, tensor<2x4x10x3xf64>
}
func.func @run_time(%x: tensor<10x3xf64>, %i: !i {weft.input = "7xi32=1,9,0,0,5,2,2"}) -> !bd {
  %y = weft.take %x at %i along 0 : (tensor<10x3xf64>, !i) -> !bd
  return %y : !bd
}
func.func @empty(%x: tensor<10x3xf32>, %i: tensor<0xi32>) -> tensor<0x3xf32> {
  %y = weft.take %x at %i along 0 : (tensor<10x3xf32>, tensor<0xi32>) -> tensor<0x3xf32>
  return %y : tensor<0x3xf32>
}
// Indices and data that are computed in the same kernel.
func.func @fused(%x: tensor<12x5xf32>, %i: tensor<6xi32>) -> tensor<6x5xf32> {
  %two = weft.constant dense<2> : tensor<6xi32>
  %j = weft.add %i, %two : tensor<6xi32>
  %e = weft.neg %x : tensor<12x5xf32>
  %y = weft.take %e at %j along 0 : (tensor<12x5xf32>, tensor<6xi32>) -> tensor<6x5xf32>
  return %y : tensor<6x5xf32>
}
func.func @storage(%x: tensor<10x17xbf16>, %b: tensor<10xi1>, %i: tensor<4xi32>) -> (tensor<4x17xbf16>, tensor<4xi1>) {
  %y = weft.take %x at %i along 0 : (tensor<10x17xbf16>, tensor<4xi32>) -> tensor<4x17xbf16>
  %z = weft.take %b at %i along 0 : (tensor<10xi1>, tensor<4xi32>) -> tensor<4xi1>
  return %y, %z : tensor<4x17xbf16>, tensor<4xi1>
}

// With `clip` an index outside reads the nearest place; what it reads there gets the gradient. Of nothing it is 0.
// CHECK-LABEL: @clipped
// CHECK: weft.take %arg0 at %arg1 along 0 clip : (tensor<5x3xf64>, tensor<6xi32>) -> tensor<6x3xf64>
func.func @clipped(%x: tensor<5x3xf64>, %i: tensor<6xi32> {weft.input = "6xi32=-2,9,0,4,-2147483648,2147483647"}) -> tensor<6x3xf64> {
  %y = weft.take %x at %i along 0 clip : (tensor<5x3xf64>, tensor<6xi32>) -> tensor<6x3xf64>
  return %y : tensor<6x3xf64>
}
func.func @clipped_run_time(%x: !bd {weft.input = "7x3xf64=normal:1"}, %i: tensor<i32> {weft.input = "i32=9"}) -> tensor<3xf64> {
  %y = weft.take %x at %i along 0 clip : (!bd, tensor<i32>) -> tensor<3xf64>
  return %y : tensor<3xf64>
}
func.func @clipped_nothing(%x: tensor<0x3xf32>, %i: tensor<2xi32>) -> tensor<2x3xf32> {
  %y = weft.take %x at %i along 0 clip : (tensor<0x3xf32>, tensor<2xi32>) -> tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}

// GRAD-LABEL: @derivative
// GRAD: %[[Z:.*]] = weft.constant dense<0.000000e+00> : tensor<10x3xf64>
// GRAD-NEXT: %[[D:.*]] = weft.scatter_add %[[Z]] at %arg1 add %arg2 along 0
// GRAD-NEXT: return %[[D]]
func.func @derivative(%x: tensor<10x3xf64>, %i: tensor<4xi32>, %ct: tensor<4x3xf64>) -> tensor<10x3xf64> attributes {weft.unchecked} {
  %y = weft.take %x at %i along 0 : (tensor<10x3xf64>, tensor<4xi32>) -> tensor<4x3xf64>
  %dx = weft.grad of %y with %ct wrt %x : (tensor<4x3xf64>, tensor<4x3xf64>, tensor<10x3xf64>) -> tensor<10x3xf64>
  return %dx : tensor<10x3xf64>
}

// Places that are constants are turned round beforehand: element 1 is read by 0 and 1, element 2 by none. Nothing is
// scattered, and a gradient of the gradient is a gather again.
// GRAD-LABEL: @constant_places
// GRAD-NOT: weft.scatter_add
// GRAD-DAG: %[[FIRST:.*]] = weft.constant dense<[2, 0, 0, 3]> : tensor<4xi32>
// GRAD-DAG: weft.take %arg1 at %[[FIRST]] along 1
// GRAD-DAG: weft.constant dense<[true, true, false, true]> : tensor<4xi1>
// GRAD: return
func.func @constant_places(%x: tensor<2x4xf64>, %ct: tensor<2x4xf64>) -> tensor<2x4xf64> {
  %i = weft.constant dense<[1, 1, -3, 9]> : tensor<4xi32>
  %y = weft.take %x at %i along 1 clip : (tensor<2x4xf64>, tensor<4xi32>) -> tensor<2x4xf64>
  %dx = weft.grad of %y with %ct wrt %x : (tensor<2x4xf64>, tensor<2x4xf64>, tensor<2x4xf64>) -> tensor<2x4xf64>
  return %dx : tensor<2x4xf64>
}
// An index outside stays an error of the call.
// GRAD-LABEL: @outside
// GRAD: weft.scatter_add
func.func @outside(%x: tensor<2xf64>, %ct: tensor<2xf64>) -> tensor<2xf64> attributes {weft.unchecked} {
  %i = weft.constant dense<[1, 2]> : tensor<2xi32>
  %y = weft.take %x at %i along 0 : (tensor<2xf64>, tensor<2xi32>) -> tensor<2xf64>
  %dx = weft.grad of %y with %ct wrt %x : (tensor<2xf64>, tensor<2xf64>, tensor<2xf64>) -> tensor<2xf64>
  return %dx : tensor<2xf64>
}
