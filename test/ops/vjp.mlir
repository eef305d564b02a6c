// RUN: weft-opt %s | weft-opt | FileCheck %s
// RUN: weft-opt %s --weft-derive --canonicalize --cse | FileCheck %s --check-prefix=GRAD
// RUN: weft-check-ops %s
//
// The reverse derivative of a function: its results, then the cotangents of its floating arguments.

!v = tensor<17xf64>
!n = tensor<17xi32>
!rows = tensor<?x5xf64, #weft.dims<[B in 1 to 64] (B, 5)>>

func.func @f(%x: !v, %n: !n, %w: !v) -> (!v, !n) {
  %xw = weft.mul %x, %w : !v
  %y = weft.sin %xw : !v
  return %y, %n : !v, !n
}
// Integers have no cotangent on either side.
// CHECK-LABEL: @integers
// CHECK: weft.vjp @f(%arg0, %arg1, %arg2, %arg3) :
// GRAD-LABEL: @integers
// GRAD-NOT: weft.vjp
// GRAD: %[[COS:.*]] = weft.cos
// GRAD: %[[C:.*]] = weft.mul %arg3, %[[COS]]
func.func @integers(%x: !v, %n: !n, %w: !v, %ct: !v) -> (!v, !v) {
  %y, %m, %dx, %dw = weft.vjp @f(%x, %n, %w, %ct) : (!v, !n, !v, !v) -> (!v, !n, !v, !v)
  return %dx, %dw : !v, !v
}
// One value passed twice is two arguments: each has a cotangent of its own.
func.func @twice(%x: !v, %n: !n, %ct: !v) -> (!v, !v) {
  %y, %m, %dx, %dw = weft.vjp @f(%x, %n, %x, %ct) : (!v, !n, !v, !v) -> (!v, !n, !v, !v)
  return %dx, %dw : !v, !v
}
func.func @g(%x: !rows {weft.input = "7x5xf64=normal:1"}, %unused: tensor<3xf64>) -> !rows {
  %y = weft.tanh %x : !rows
  return %y : !rows
}
// A derivative of a function that asks for one; an argument that the function does not use gets zeros.
func.func @dg(%x: !rows {weft.input = "7x5xf64=normal:1"}, %unused: tensor<3xf64>, %ct: !rows {weft.input = "7x5xf64=normal:2"}) -> (!rows, tensor<3xf64>) {
  %y, %dx, %du = weft.vjp @g(%x, %unused, %ct) : (!rows, tensor<3xf64>, !rows) -> (!rows, !rows, tensor<3xf64>)
  return %dx, %du : !rows, tensor<3xf64>
}
