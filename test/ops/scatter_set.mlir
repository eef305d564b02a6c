// RUN: weft-opt %s | weft-opt | FileCheck %s
// RUN: weft-opt %s --weft-derive --canonicalize --cse | FileCheck %s --check-prefix=GRAD
// RUN: weft-check-ops %s
//
// Slices replaced at indices: of equal ones the last in row-major order stays. With `skip` an index outside sets nothing.

!i = tensor<?xi32, #weft.dims<[B in 0 to 64] (B)>>
!u = tensor<?x3xf64, #weft.dims<[B in 0 to 64] (B, 3)>>
!x = tensor<?x3xf64, #weft.dims<[N in 10 to 12] (N, 3)>>
!none = tensor<?xi32, #weft.dims<[E in 0 to 64] (E)>>
!noUpdates = tensor<?x3xf64, #weft.dims<[E in 0 to 64] (E, 3)>>

// CHECK-LABEL: @rows
// CHECK: weft.scatter_set %arg0 at %arg1 set %arg2 along 0 : (tensor<10x17xf64>, tensor<5xi32>, tensor<5x17xf64>) -> tensor<10x17xf64>
func.func @rows(%x: tensor<10x17xf64>, %i: tensor<5xi32> {weft.input = "5xi32=9,3,0,3,9"}, %u: tensor<5x17xf64>) -> tensor<10x17xf64> {
  %y = weft.scatter_set %x at %i set %u along 0 : (tensor<10x17xf64>, tensor<5xi32>, tensor<5x17xf64>) -> tensor<10x17xf64>
  return %y : tensor<10x17xf64>
}
// CHECK-LABEL: @skipped
// CHECK: along 0 skip :
func.func @skipped(%x: tensor<7x5xf32>, %i: tensor<6xi32> {weft.input = "6xi32=-1,3,7,3,-2147483648,2147483647"}, %u: tensor<6x5xf32>) -> tensor<7x5xf32> {
  %y = weft.scatter_set %x at %i set %u along 0 skip : (tensor<7x5xf32>, tensor<6xi32>, tensor<6x5xf32>) -> tensor<7x5xf32>
  return %y : tensor<7x5xf32>
}
func.func @columns(%x: tensor<3x10xf64>, %i: tensor<17xi32>, %u: tensor<3x17xf64>) -> tensor<3x10xf64> {
  %y = weft.scatter_set %x at %i set %u along 1 : (tensor<3x10xf64>, tensor<17xi32>, tensor<3x17xf64>) -> tensor<3x10xf64>
  return %y : tensor<3x10xf64>
}
func.func @indices(%x: tensor<2x10x3xf64>, %i: tensor<2x4xi32> {weft.input = "2x4xi32=1,9,0,1,0,0,5,9"}, %u: tensor<2x2x4x3xf64>, %one: tensor<i32>, %v: tensor<2x3xf64>) -> (tensor<2x10x3xf64>, tensor<2x10x3xf64>) {
  %a = weft.scatter_set %x at %i set %u along 1 : (tensor<2x10x3xf64>, tensor<2x4xi32>, tensor<2x2x4x3xf64>) -> tensor<2x10x3xf64>
  %b = weft.scatter_set %x at %one set %v along 1 : (tensor<2x10x3xf64>, tensor<i32>, tensor<2x3xf64>) -> tensor<2x10x3xf64>
  return %a, %b : tensor<2x10x3xf64>, tensor<2x10x3xf64>
}
func.func @run_time(%x: !x {weft.input = "11x3xf64=normal:2"}, %i: !i {weft.input = "7xi32=1,9,0,0,5,2,2"}, %u: !u {weft.input = "7x3xf64=normal:4"}) -> !x {
  %y = weft.scatter_set %x at %i set %u along 0 : (!x, !i, !u) -> !x
  return %y : !x
}
func.func @nothing(%x: tensor<10x3xf64>, %i: !none {weft.input = "0xi32=1"}, %u: !noUpdates {weft.input = "0x3xf64=1"}, %z: tensor<0x3xf32>, %j: tensor<2xi32>, %v: tensor<2x3xf32>) -> (tensor<10x3xf64>, tensor<0x3xf32>) {
  %y = weft.scatter_set %x at %i set %u along 0 : (tensor<10x3xf64>, !none, !noUpdates) -> tensor<10x3xf64>
  %w = weft.scatter_set %z at %j set %v along 0 skip : (tensor<0x3xf32>, tensor<2xi32>, tensor<2x3xf32>) -> tensor<0x3xf32>
  return %y, %w : tensor<10x3xf64>, tensor<0x3xf32>
}
// Every real type of elements and every type of indices.
func.func @types(%a: tensor<7x3xbf16>, %b: tensor<7x3xf16>, %c: tensor<7x3xi1>, %d: tensor<7x3xi8>, %e: tensor<7x3xi64>, %i: tensor<2xi8> {weft.input = "2xi8=6,0"}, %j: tensor<2xi64> {weft.input = "2xi64=5,5"}, %ua: tensor<2x3xbf16>, %ub: tensor<2x3xf16>, %uc: tensor<2x3xi1>, %ud: tensor<2x3xi8>, %ue: tensor<2x3xi64>) -> (tensor<7x3xbf16>, tensor<7x3xf16>, tensor<7x3xi1>, tensor<7x3xi8>, tensor<7x3xi64>) {
  %ra = weft.scatter_set %a at %i set %ua along 0 : (tensor<7x3xbf16>, tensor<2xi8>, tensor<2x3xbf16>) -> tensor<7x3xbf16>
  %rb = weft.scatter_set %b at %j set %ub along 0 : (tensor<7x3xf16>, tensor<2xi64>, tensor<2x3xf16>) -> tensor<7x3xf16>
  %rc = weft.scatter_set %c at %i set %uc along 0 : (tensor<7x3xi1>, tensor<2xi8>, tensor<2x3xi1>) -> tensor<7x3xi1>
  %rd = weft.scatter_set %d at %j set %ud along 0 : (tensor<7x3xi8>, tensor<2xi64>, tensor<2x3xi8>) -> tensor<7x3xi8>
  %re = weft.scatter_set %e at %i set %ue along 0 : (tensor<7x3xi64>, tensor<2xi8>, tensor<2x3xi64>) -> tensor<7x3xi64>
  return %ra, %rb, %rc, %rd, %re : tensor<7x3xbf16>, tensor<7x3xf16>, tensor<7x3xi1>, tensor<7x3xi8>, tensor<7x3xi64>
}
// Numbers that do not fit i32 name no place.
func.func @wide_indices(%x: tensor<5xf32>, %i: tensor<4xi64> {weft.input = "4xi64=4294967296,-9223372036854775808,2,4294967299"}, %u: tensor<4xf32>) -> tensor<5xf32> {
  %y = weft.scatter_set %x at %i set %u along 0 skip : (tensor<5xf32>, tensor<4xi64>, tensor<4xf32>) -> tensor<5xf32>
  return %y : tensor<5xf32>
}
// More places than an i8 can name.
func.func @small_indices(%x: tensor<200xf32>, %i: tensor<3xi8> {weft.input = "3xi8=127,-1,0"}, %u: tensor<3xf32>) -> tensor<200xf32> {
  %y = weft.scatter_set %x at %i set %u along 0 skip : (tensor<200xf32>, tensor<3xi8>, tensor<3xf32>) -> tensor<200xf32>
  return %y : tensor<200xf32>
}
// What is computed on the way in and out.
func.func @among_others(%x: tensor<6x33xf32>, %i: tensor<4xi32> {weft.input = "4xi32=5,0,5,2"}, %u: tensor<4x33xf32>) -> (tensor<6x33xf32>, tensor<6x33xf32>) {
  %p = weft.tanh %x : tensor<6x33xf32>
  %q = weft.exp %u : tensor<4x33xf32>
  %y = weft.scatter_set %p at %i set %q along 0 : (tensor<6x33xf32>, tensor<4xi32>, tensor<4x33xf32>) -> tensor<6x33xf32>
  %z = weft.mul %y, %p : tensor<6x33xf32>
  return %y, %z : tensor<6x33xf32>, tensor<6x33xf32>
}
// GRAD-LABEL: @derivative
// GRAD: weft.scatter_set %arg3 at %arg1 set %{{.*}} along 0
// GRAD: %[[LAST:.*]] = weft.scatter_set %{{.*}} at %arg1 set %[[N:.*]] along 0 : (tensor<10xi32>
// GRAD: %[[FOUND:.*]] = weft.take %[[LAST]] at %arg1 along 0
// GRAD: weft.compare EQ, %[[FOUND]], %[[N]]
func.func @derivative(%x: tensor<10x3xf64>, %i: tensor<4xi32>, %u: tensor<4x3xf64>, %ct: tensor<10x3xf64>) -> (tensor<10x3xf64>, tensor<4x3xf64>) attributes {weft.unchecked} {
  %y = weft.scatter_set %x at %i set %u along 0 : (tensor<10x3xf64>, tensor<4xi32>, tensor<4x3xf64>) -> tensor<10x3xf64>
  %dx, %du = weft.grad of %y with %ct wrt %x, %u : (tensor<10x3xf64>, tensor<10x3xf64>, tensor<10x3xf64>, tensor<4x3xf64>) -> (tensor<10x3xf64>, tensor<4x3xf64>)
  return %dx, %du : tensor<10x3xf64>, tensor<4x3xf64>
}
// GRAD-LABEL: @mapped
// GRAD: weft.scatter_set %arg0 at %arg1 set %{{.*}} along 1 :
// GRAD: weft.scatter_set_along %{{.*}} at %{{.*}} set %{{.*}} along 1 skip :
func.func @mapped(%x: tensor<2x5x3xf64>, %i: tensor<4xi32> {weft.input = "4xi32=4,0,2,0"}, %k: tensor<2x4xi32> {weft.input = "2x4xi32=1,5,0,3,4,-1,5,0"}, %u: tensor<4x3xf64>) -> (tensor<2x5x3xf64>, tensor<2x5x3xf64>) {
  %y, %z = weft.vmap #weft.dims<(2)> over(%x, %k) {
  ^bb0(%s: tensor<5x3xf64>, %j: tensor<4xi32>):
    %a = weft.scatter_set %s at %i set %u along 0 : (tensor<5x3xf64>, tensor<4xi32>, tensor<4x3xf64>) -> tensor<5x3xf64>
    %b = weft.scatter_set %s at %j set %u along 0 skip : (tensor<5x3xf64>, tensor<4xi32>, tensor<4x3xf64>) -> tensor<5x3xf64>
    weft.yield %a, %b : tensor<5x3xf64>, tensor<5x3xf64>
  } : (tensor<2x5x3xf64>, tensor<2x4xi32>) -> (tensor<2x5x3xf64>, tensor<2x5x3xf64>)
  return %y, %z : tensor<2x5x3xf64>, tensor<2x5x3xf64>
}
