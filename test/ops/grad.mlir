// RUN: weft-opt %s | weft-opt | FileCheck %s
// RUN: weft-opt %s --weft-derive --canonicalize --cse | FileCheck %s --check-prefix=GRAD
// RUN: weft-check-ops %s
//
// Derivatives of values, in place. The functions below are differentiated again by weft-check-ops: what it sees are second and third
// derivatives. What the expansion does op by op is in test/passes/derive.

!v = tensor<17xf64>
!m = tensor<3x5xf64>
!rows = tensor<?x5xf64, #weft.dims<[B in 1 to 64] (B, 5)>>

// CHECK-LABEL: @cube
// CHECK: weft.grad of %{{.*}} with %arg1 wrt %arg0 : (tensor<17xf64>, tensor<17xf64>, tensor<17xf64>) -> tensor<17xf64>
// GRAD-LABEL: @cube
// GRAD-NOT: weft.grad
func.func @cube(%x: !v, %ct: !v) -> !v {
  %xx = weft.mul %x, %x : !v
  %y = weft.mul %xx, %x : !v
  %dx = weft.grad of %y with %ct wrt %x : (!v, !v, !v) -> !v
  return %dx : !v
}
// The gradient of a gradient: program order makes the inner one plain ops first.
// GRAD-LABEL: @second_order
// GRAD-NOT: weft.grad
func.func @second_order(%x: !rows {weft.input = "7x5xf64=normal:1"}, %ct: !rows {weft.input = "7x5xf64=normal:2"}) -> !rows {
  %y = weft.tanh %x : !rows
  %dx = weft.grad of %y with %ct wrt %x : (!rows, !rows, !rows) -> !rows
  %ddx = weft.grad of %dx with %ct wrt %x : (!rows, !rows, !rows) -> !rows
  return %ddx : !rows
}
// Two values and two that they are differentiated by, at once; h lies on the way from x and has a cotangent of its own.
func.func @several(%x: !m, %w: !m, %ct: !m) -> (!m, !m, !m) {
  %h = weft.mul %x, %w : !m
  %y = weft.sin %h : !m
  %z = weft.exp %x : !m
  %dx, %dw, %dh = weft.grad of %y, %z with %ct, %ct wrt %x, %w, %h : (!m, !m, !m, !m, !m, !m, !m) -> (!m, !m, !m)
  return %dx, %dw, %dh : !m, !m, !m
}
// The gradient of a number by a vector, as training asks for it.
func.func @loss(%x: tensor<33xf64>, %w: tensor<33xf64>) -> tensor<33xf64> {
  %one = weft.constant dense<1.0> : tensor<f64>
  %xw = weft.mul %x, %w : tensor<33xf64>
  %y = weft.logistic %xw : tensor<33xf64>
  %s = weft.reduce_sum %y [0] : (tensor<33xf64>) -> tensor<f64>
  %dw = weft.grad of %s with %one wrt %w : (tensor<f64>, tensor<f64>, tensor<33xf64>) -> tensor<33xf64>
  return %dw : tensor<33xf64>
}
