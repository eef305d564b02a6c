// RUN: weft-opt %s | weft-opt | FileCheck %s
// RUN: weft-opt %s --weft-derive --canonicalize --cse | FileCheck %s --check-prefix=GRAD
// RUN: weft-check-ops %s
//
// The reverse derivative of a function: its results, then the cotangents of its floating arguments.

!rows = tensor<?x5xf64, #weft.dims<[B in 1 to 64] (B, 5)>>

func.func @f(%x: tensor<17xf64>, %n: tensor<17xi32>, %w: tensor<17xf64>) -> (tensor<17xf64>, tensor<17xi32>) {
  %xw = weft.mul %x, %w : tensor<17xf64>
  %y = weft.sin %xw : tensor<17xf64>
  return %y, %n : tensor<17xf64>, tensor<17xi32>
}
// Integers have no cotangent on either side.
// CHECK-LABEL: @integers
// CHECK: weft.vjp @f(%arg0, %arg1, %arg2, %arg3) :
// GRAD-LABEL: @integers
// GRAD-NOT: weft.vjp
// GRAD: %[[COS:.*]] = weft.cos
// GRAD: %[[C:.*]] = weft.mul %arg3, %[[COS]]
func.func @integers(%x: tensor<17xf64>, %n: tensor<17xi32>, %w: tensor<17xf64>, %ct: tensor<17xf64>) -> (tensor<17xf64>, tensor<17xf64>) {
  %y, %m, %dx, %dw = weft.vjp @f(%x, %n, %w, %ct) : (tensor<17xf64>, tensor<17xi32>, tensor<17xf64>, tensor<17xf64>) -> (tensor<17xf64>, tensor<17xi32>, tensor<17xf64>, tensor<17xf64>)
  return %dx, %dw : tensor<17xf64>, tensor<17xf64>
}
// One value passed twice is two arguments: each has a cotangent of its own.
func.func @twice(%x: tensor<17xf64>, %n: tensor<17xi32>, %ct: tensor<17xf64>) -> (tensor<17xf64>, tensor<17xf64>) {
  %y, %m, %dx, %dw = weft.vjp @f(%x, %n, %x, %ct) : (tensor<17xf64>, tensor<17xi32>, tensor<17xf64>, tensor<17xf64>) -> (tensor<17xf64>, tensor<17xi32>, tensor<17xf64>, tensor<17xf64>)
  return %dx, %dw : tensor<17xf64>, tensor<17xf64>
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
