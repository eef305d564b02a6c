// RUN: weft-opt %s | weft-opt | FileCheck %s
// RUN: weft-opt %s --weft-derive --canonicalize --cse | FileCheck %s --check-prefix=GRAD
// RUN: weft-check-ops %s
//
// Derivatives forwards: what a change of xs does to ys. Both modes mix: a tangent of a gradient is a product with the Hessian.

!v = tensor<17xf64>
!m = tensor<3x5xf64>
!rows = tensor<?x5xf64, #weft.dims<[B in 1 to 64] (B, 5)>>

// CHECK-LABEL: @along
// CHECK: weft.tangent of %{{.*}} wrt %arg0 along %arg1 : (tensor<17xf64>, tensor<17xf64>, tensor<17xf64>) -> tensor<17xf64>
// GRAD-LABEL: @along
// GRAD-NEXT: %[[COS:.*]] = weft.cos %arg0
// GRAD-NEXT: %[[T:.*]] = weft.mul %arg1, %[[COS]]
// GRAD-NEXT: return %[[T]]
func.func @along(%x: !v, %t: !v) -> !v {
  %y = weft.sin %x : !v
  %ty = weft.tangent of %y wrt %x along %t : (!v, !v, !v) -> !v
  return %ty : !v
}
func.func @hessian_product(%x: !v, %t: !v) -> !v {
  %one = weft.constant dense<1.0> : tensor<f64>
  %e = weft.exp %x : !v
  %s = weft.reduce_sum %e [0] : (!v) -> tensor<f64>
  %y = weft.mul %s, %s : tensor<f64>
  %dx = weft.grad of %y with %one wrt %x : (tensor<f64>, tensor<f64>, !v) -> !v
  %h = weft.tangent of %dx wrt %x along %t : (!v, !v, !v) -> !v
  return %h : !v
}
func.func @second_order(%x: !rows {weft.input = "7x5xf64=normal:1"}, %t: !rows {weft.input = "7x5xf64=normal:2"}) -> !rows {
  %y = weft.tanh %x : !rows
  %ty = weft.tangent of %y wrt %x along %t : (!rows, !rows, !rows) -> !rows
  %tty = weft.tangent of %ty wrt %x along %t : (!rows, !rows, !rows) -> !rows
  return %tty : !rows
}
// Two directions at once, one value that does not move.
func.func @several(%x: !m, %w: !m, %t: !m) -> (!m, !m) {
  %y = weft.mul %x, %w : !m
  %ty, %tw = weft.tangent of %y, %t wrt %x, %w along %t, %x : (!m, !m, !m, !m, !m, !m) -> (!m, !m)
  return %ty, %tw : !m, !m
}
// A value that is named twice moves along both: a test of the reference alone would not see one of them lost, for it expands the same way.
// GRAD-LABEL: @named_twice
// GRAD: %[[BOTH:.*]] = weft.add %arg1, %arg2
// GRAD: weft.mul %[[BOTH]],
func.func @named_twice(%x: !v, %t: !v, %u: !v) -> !v {
  %y = weft.sin %x : !v
  %ty = weft.tangent of %y wrt %x, %x along %t, %u : (!v, !v, !v, !v, !v) -> !v
  return %ty : !v
}
