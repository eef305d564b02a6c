// RUN: weft-opt %s | weft-opt | FileCheck %s
// RUN: weft-opt %s --weft-derive --canonicalize --cse | FileCheck %s --check-prefix=GRAD
// RUN: weft-check-ops %s
//
// Some elements of each dimension: from a start, by a stride. Starts may be expressions of dimensions; that no run reaches outside is
// proved where the op is made.

!t = tensor<?x5xf64, #weft.dims<[T in 1 to 64] (T, 5)>>
!last = tensor<1x5xf64>
!even = tensor<?x5xf64, #weft.dims<[T in 1 to 64] ((T - 1) floordiv 2 + 1, 5)>>
!u = tensor<?x5xf64, #weft.dims<[U in 1 to 64] (U, 5)>>
!none = tensor<?x5xf64, #weft.dims<[U in 1 to 64] (U - 1, 5)>>
!rest = tensor<?x5xf64, #weft.dims<[T in 1 to 64] (T - 1, 5)>>

// CHECK-LABEL: @window
// CHECK: weft.slice %arg0 from <(1, 2)> by [1, 1] : (tensor<3x20xf64>) -> tensor<2x17xf64>
func.func @window(%x: tensor<3x20xf64>) -> tensor<2x17xf64> {
  %y = weft.slice %x from <(1, 2)> by [1, 1] : (tensor<3x20xf64>) -> tensor<2x17xf64>
  return %y : tensor<2x17xf64>
}
func.func @strided(%x: tensor<7x33xf64>) -> (tensor<7x17xf64>, tensor<3x32xf64>) {
  %a = weft.slice %x from <(0, 0)> by [1, 2] : (tensor<7x33xf64>) -> tensor<7x17xf64>
  %b = weft.slice %x from <(1, 1)> by [2, 1] : (tensor<7x33xf64>) -> tensor<3x32xf64>
  return %a, %b : tensor<7x17xf64>, tensor<3x32xf64>
}
// CHECK-LABEL: @run_time
// CHECK: weft.slice %arg0 from <[T in 1 to 64] (T - 1, 0)> by [1, 1]
func.func @run_time(%x: !t {weft.input = "8x5xf64=normal:1"}) -> (!last, !even, !rest) {
  %a = weft.slice %x from <[T in 1 to 64] (T - 1, 0)> by [1, 1] : (!t) -> !last
  %b = weft.slice %x from <(0, 0)> by [2, 1] : (!t) -> !even
  %c = weft.slice %x from <(1, 0)> by [1, 1] : (!t) -> !rest
  return %a, %b, %c : !last, !even, !rest
}
// The symbol's smallest value leaves nothing.
func.func @nothing_left(%x: !u {weft.input = "1x5xf64=normal:1"}) -> !none {
  %c = weft.slice %x from <(1, 0)> by [1, 1] : (!u) -> !none
  return %c : !none
}
func.func @empty(%x: tensor<3x4xf32>, %y: tensor<0x4xf32>) -> (tensor<0x4xf32>, tensor<0x2xf32>) {
  %a = weft.slice %x from <(3, 0)> by [1, 1] : (tensor<3x4xf32>) -> tensor<0x4xf32>
  %b = weft.slice %y from <(0, 2)> by [1, 1] : (tensor<0x4xf32>) -> tensor<0x2xf32>
  return %a, %b : tensor<0x4xf32>, tensor<0x2xf32>
}

// GRAD-LABEL: @derivative
// GRAD: %[[Z:.*]] = weft.constant dense<0.000000e+00> : tensor<f64>
// GRAD-NEXT: %[[D:.*]] = weft.pad %arg1, %[[Z]] low <(1)> interior [1] : (tensor<3xf64>, tensor<f64>) -> tensor<7xf64>
// GRAD-NEXT: return %[[D]]
func.func @derivative(%x: tensor<7xf64>, %ct: tensor<3xf64>) -> tensor<7xf64> attributes {weft.unchecked} {
  %y = weft.slice %x from <(1)> by [2] : (tensor<7xf64>) -> tensor<3xf64>
  %dx = weft.grad of %y with %ct wrt %x : (tensor<3xf64>, tensor<3xf64>, tensor<7xf64>) -> tensor<7xf64>
  return %dx : tensor<7xf64>
}
