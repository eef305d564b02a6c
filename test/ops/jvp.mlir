// RUN: weft-opt %s | weft-opt | FileCheck %s
// RUN: weft-opt %s --weft-derive --canonicalize --cse | FileCheck %s --check-prefix=GRAD
// RUN: weft-check-ops %s
//
// The forward derivative of a function: its results, then the tangents of its floating results.

!v = tensor<17xf64>
!n = tensor<17xi32>
!rows = tensor<?x5xf64, #weft.dims<[B in 1 to 64] (B, 5)>>

func.func @f(%x: !v, %n: !n, %w: !v) -> (!v, !n) {
  %xw = weft.mul %x, %w : !v
  %y = weft.sin %xw : !v
  return %y, %n : !v, !n
}
// Integers have no tangent on either side.
// CHECK-LABEL: @integers
// CHECK: weft.jvp @f(%arg0, %arg1, %arg2, %arg3, %arg4) :
// GRAD-LABEL: @integers
// GRAD-NOT: weft.jvp
// GRAD: weft.cos
func.func @integers(%x: !v, %n: !n, %w: !v, %tx: !v, %tw: !v) -> !v {
  %y, %m, %ty = weft.jvp @f(%x, %n, %w, %tx, %tw) : (!v, !n, !v, !v, !v) -> (!v, !n, !v)
  return %ty : !v
}
// One value passed twice is two arguments, with tangents of their own.
func.func @twice(%x: !v, %n: !n, %t: !v) -> !v {
  %y, %m, %ty = weft.jvp @f(%x, %n, %x, %t, %x) : (!v, !n, !v, !v, !v) -> (!v, !n, !v)
  return %ty : !v
}
func.func @constant(%x: !rows {weft.input = "7x5xf64=normal:1"}, %k: tensor<3xf64>) -> (!rows, tensor<3xf64>) {
  %y = weft.tanh %x : !rows
  %one = weft.constant dense<1.0> : tensor<3xf64>
  return %y, %one : !rows, tensor<3xf64>
}
// A result that no argument moves has a tangent of zeros.
// GRAD-LABEL: @still
func.func @still(%x: !rows {weft.input = "7x5xf64=normal:1"}, %k: tensor<3xf64>) -> (!rows, tensor<3xf64>) {
  %y, %one, %ty, %tone = weft.jvp @constant(%x, %k, %x, %k) : (!rows, tensor<3xf64>, !rows, tensor<3xf64>) -> (!rows, tensor<3xf64>, !rows, tensor<3xf64>)
  return %ty, %tone : !rows, tensor<3xf64>
}
