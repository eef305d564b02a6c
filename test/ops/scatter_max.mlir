// RUN: weft-opt %s | weft-opt | FileCheck %s
// RUN: weft-check-ops %s
//
// The larger of what is there and what comes; a NaN stays, and 0 is larger than -0.

!i = tensor<?xi32, #weft.dims<[B in 0 to 64] (B)>>
!u = tensor<?x3xf64, #weft.dims<[B in 0 to 64] (B, 3)>>
!none = tensor<?xi32, #weft.dims<[E in 0 to 64] (E)>>
!noUpdates = tensor<?x3xf64, #weft.dims<[E in 0 to 64] (E, 3)>>

// CHECK-LABEL: @rows
// CHECK: weft.scatter_max %arg0 at %arg1 max %arg2 along 0 : (tensor<10x17xf64>, tensor<4xi32>, tensor<4x17xf64>) -> tensor<10x17xf64>
func.func @rows(%x: tensor<10x17xf64>, %i: tensor<4xi32> {weft.input = "4xi32=9,3,0,3"}, %u: tensor<4x17xf64>) -> tensor<10x17xf64> {
  %y = weft.scatter_max %x at %i max %u along 0 : (tensor<10x17xf64>, tensor<4xi32>, tensor<4x17xf64>) -> tensor<10x17xf64>
  return %y : tensor<10x17xf64>
}
func.func @columns(%x: tensor<3x10xf32>, %i: tensor<2x4xi32>, %u: tensor<3x2x4xf32>) -> tensor<3x10xf32> {
  %y = weft.scatter_max %x at %i max %u along 1 : (tensor<3x10xf32>, tensor<2x4xi32>, tensor<3x2x4xf32>) -> tensor<3x10xf32>
  return %y : tensor<3x10xf32>
}
func.func @run_time(%x: tensor<10x3xf64>, %i: !i {weft.input = "7xi32=1,9,0,0,5,2,2"}, %u: !u {weft.input = "7x3xf64=normal:4"}) -> tensor<10x3xf64> {
  %y = weft.scatter_max %x at %i max %u along 0 : (tensor<10x3xf64>, !i, !u) -> tensor<10x3xf64>
  return %y : tensor<10x3xf64>
}
func.func @nothing(%x: tensor<10x3xf64>, %i: !none {weft.input = "0xi32=1"}, %u: !noUpdates {weft.input = "0x3xf64=1"}) -> tensor<10x3xf64> {
  %y = weft.scatter_max %x at %i max %u along 0 : (tensor<10x3xf64>, !none, !noUpdates) -> tensor<10x3xf64>
  return %y : tensor<10x3xf64>
}
func.func @types(%a: tensor<7x3xbf16>, %b: tensor<7x3xf16>, %d: tensor<7x3xi8>, %e: tensor<7x3xi64>, %f: tensor<7x3xi32>, %i: tensor<3xi8> {weft.input = "3xi8=6,0,6"}, %j: tensor<3xi64> {weft.input = "3xi64=5,5,5"}, %ua: tensor<3x3xbf16>, %ub: tensor<3x3xf16>, %ud: tensor<3x3xi8>, %ue: tensor<3x3xi64>, %uf: tensor<3x3xi32>) -> (tensor<7x3xbf16>, tensor<7x3xf16>, tensor<7x3xi8>, tensor<7x3xi64>, tensor<7x3xi32>) {
  %ra = weft.scatter_max %a at %i max %ua along 0 : (tensor<7x3xbf16>, tensor<3xi8>, tensor<3x3xbf16>) -> tensor<7x3xbf16>
  %rb = weft.scatter_max %b at %j max %ub along 0 : (tensor<7x3xf16>, tensor<3xi64>, tensor<3x3xf16>) -> tensor<7x3xf16>
  %rd = weft.scatter_max %d at %j max %ud along 0 : (tensor<7x3xi8>, tensor<3xi64>, tensor<3x3xi8>) -> tensor<7x3xi8>
  %re = weft.scatter_max %e at %i max %ue along 0 : (tensor<7x3xi64>, tensor<3xi8>, tensor<3x3xi64>) -> tensor<7x3xi64>
  %rf = weft.scatter_max %f at %i max %uf along 0 : (tensor<7x3xi32>, tensor<3xi8>, tensor<3x3xi32>) -> tensor<7x3xi32>
  return %ra, %rb, %rd, %re, %rf : tensor<7x3xbf16>, tensor<7x3xf16>, tensor<7x3xi8>, tensor<7x3xi64>, tensor<7x3xi32>
}
func.func @special(%x: tensor<6xf32> {weft.input = "6xf32=nan,1,0.0,-0.0,inf,-inf"}, %i: tensor<6xi32> {weft.input = "6xi32=0,1,2,3,4,5"}, %u: tensor<6xf32> {weft.input = "6xf32=1,nan,-0.0,0.0,-inf,inf"}) -> tensor<6xf32> {
  %y = weft.scatter_max %x at %i max %u along 0 : (tensor<6xf32>, tensor<6xi32>, tensor<6xf32>) -> tensor<6xf32>
  return %y : tensor<6xf32>
}
func.func @mapped(%x: tensor<2x5x3xf64>, %i: tensor<4xi32> {weft.input = "4xi32=4,0,2,0"}, %k: tensor<2x4xi32> {weft.input = "2x4xi32=1,1,0,3,4,2,4,0"}, %u: tensor<4x3xf64>) -> (tensor<2x5x3xf64>, tensor<2x5x3xf64>) {
  %y, %z = weft.vmap #weft.dims<(2)> over(%x, %k) {
  ^bb0(%s: tensor<5x3xf64>, %j: tensor<4xi32>):
    %a = weft.scatter_max %s at %i max %u along 0 : (tensor<5x3xf64>, tensor<4xi32>, tensor<4x3xf64>) -> tensor<5x3xf64>
    %b = weft.scatter_max %s at %j max %u along 0 : (tensor<5x3xf64>, tensor<4xi32>, tensor<4x3xf64>) -> tensor<5x3xf64>
    weft.yield %a, %b : tensor<5x3xf64>, tensor<5x3xf64>
  } : (tensor<2x5x3xf64>, tensor<2x4xi32>) -> (tensor<2x5x3xf64>, tensor<2x5x3xf64>)
  return %y, %z : tensor<2x5x3xf64>, tensor<2x5x3xf64>
}
