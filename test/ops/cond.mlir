// RUN: weft-opt %s | weft-opt | FileCheck %s
// RUN: weft-check-ops %s
//
// One of two regions.

!v = tensor<4xf64>
!s = tensor<f64>

// CHECK-LABEL: @both
// CHECK: weft.cond %{{.*}} then {
// CHECK: } else {
// CHECK: } : (tensor<i1>) -> (tensor<4xf64>, tensor<f64>)
func.func @both(%x: !v, %y: !v, %k: !s) -> (!v, !s) {
  %zero = weft.constant dense<0.0> : !s
  %p = weft.compare GT, %k, %zero : !s
  %a, %b = weft.cond %p then {
    %e = weft.tanh %x : !v
    %m = weft.mul %e, %y : !v
    weft.yield %m, %k : !v, !s
  } else {
    %t = weft.reduce_sum %x [0] : (!v) -> !s
    weft.yield %y, %t : !v, !s
  } : (tensor<i1>) -> (!v, !s)
  return %a, %b : !v, !s
}
func.func @other(%x: !v, %y: !v, %k: !s) -> (!v, !s) {
  %zero = weft.constant dense<0.0> : !s
  %p = weft.compare GT, %k, %zero : !s
  %n = weft.not %p : tensor<i1>
  %a, %b = weft.cond %n then {
    %e = weft.tanh %x : !v
    %m = weft.mul %e, %y : !v
    weft.yield %m, %k : !v, !s
  } else {
    %t = weft.reduce_sum %x [0] : (!v) -> !s
    weft.yield %y, %t : !v, !s
  } : (tensor<i1>) -> (!v, !s)
  return %a, %b : !v, !s
}
