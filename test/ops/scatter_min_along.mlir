// RUN: weft-opt %s | weft-opt | FileCheck %s
// RUN: weft-check-ops %s
//
// The smaller of what is there and what comes; a NaN stays, and -0 is smaller than 0.

// CHECK-LABEL: @rows
// CHECK: weft.scatter_min_along %arg0 at %arg1 min %arg2 along 1 : (tensor<3x10xf64>, tensor<3x4xi32>, tensor<3x4xf64>) -> tensor<3x10xf64>
func.func @rows(%x: tensor<3x10xf64>, %i: tensor<3x4xi32> {weft.input = "3x4xi32=9,3,0,3,1,1,1,1,0,9,0,9"}, %u: tensor<3x4xf64>) -> tensor<3x10xf64> {
  %y = weft.scatter_min_along %x at %i min %u along 1 : (tensor<3x10xf64>, tensor<3x4xi32>, tensor<3x4xf64>) -> tensor<3x10xf64>
  return %y : tensor<3x10xf64>
}
func.func @first(%x: tensor<5x2x3xf32>, %i: tensor<7x2x3xi32> {weft.input = "7x2x3xi32=0,1,4,0,2,1,3,1,1,4,3,4,3,3,0,0,1,4,0,2,1,3,1,1,4,3,4,3,3,0,0,1,4,0,2,1,3,1,1,4,3,4"}, %u: tensor<7x2x3xf32>) -> tensor<5x2x3xf32> {
  %y = weft.scatter_min_along %x at %i min %u along 0 : (tensor<5x2x3xf32>, tensor<7x2x3xi32>, tensor<7x2x3xf32>) -> tensor<5x2x3xf32>
  return %y : tensor<5x2x3xf32>
}
func.func @small(%x: tensor<1xf32>, %i: tensor<1xi64> {weft.input = "1xi64=0"}, %u: tensor<1xf32>, %y: tensor<3x2xi32>, %j: tensor<3x0xi8>, %v: tensor<3x0xi32>, %z: tensor<0x5xf64>, %k: tensor<0x2xi32>, %w: tensor<0x2xf64>) -> (tensor<1xf32>, tensor<3x2xi32>, tensor<0x5xf64>) {
  %a = weft.scatter_min_along %x at %i min %u along 0 : (tensor<1xf32>, tensor<1xi64>, tensor<1xf32>) -> tensor<1xf32>
  %b = weft.scatter_min_along %y at %j min %v along 1 : (tensor<3x2xi32>, tensor<3x0xi8>, tensor<3x0xi32>) -> tensor<3x2xi32>
  %c = weft.scatter_min_along %z at %k min %w along 1 : (tensor<0x5xf64>, tensor<0x2xi32>, tensor<0x2xf64>) -> tensor<0x5xf64>
  return %a, %b, %c : tensor<1xf32>, tensor<3x2xi32>, tensor<0x5xf64>
}
!x = tensor<?x5xf64, #weft.dims<[B in 1 to 64] (B, 5)>>
!i = tensor<?x3xi32, #weft.dims<[B in 1 to 64] (B, 3)>>
!u = tensor<?x3xf64, #weft.dims<[B in 1 to 64] (B, 3)>>
func.func @run_time(%x: !x {weft.input = "7x5xf64=normal:2"}, %i: !i {weft.input = "7x3xi32=4,0,4,1,1,1,0,1,2,2,1,0,3,3,4,0,0,0,4,3,4"}, %u: !u {weft.input = "7x3xf64=normal:4"}) -> !x {
  %y = weft.scatter_min_along %x at %i min %u along 1 : (!x, !i, !u) -> !x
  return %y : !x
}
func.func @mapped(%x: tensor<2x3x5xf64>, %i: tensor<2x3x2xi32> {weft.input = "2x3x2xi32=4,4,0,1,2,0,1,3,3,3,0,4"}, %u: tensor<3x2xf64>) -> tensor<2x3x5xf64> {
  %y = weft.vmap #weft.dims<(2)> over(%x, %i) {
  ^bb0(%s: tensor<3x5xf64>, %j: tensor<3x2xi32>):
    %a = weft.scatter_min_along %s at %j min %u along 1 : (tensor<3x5xf64>, tensor<3x2xi32>, tensor<3x2xf64>) -> tensor<3x5xf64>
    weft.yield %a : tensor<3x5xf64>
  } : (tensor<2x3x5xf64>, tensor<2x3x2xi32>) -> tensor<2x3x5xf64>
  return %y : tensor<2x3x5xf64>
}
