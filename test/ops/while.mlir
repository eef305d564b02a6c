// RUN: weft-opt %s | weft-opt | FileCheck %s
// RUN: weft-check-ops %s
//
// A loop that ends when the data say so: halve until the sum is small. With a bound, it has a derivative in reverse.

!v = tensor<4xf64>
!s = tensor<f64>
!i = tensor<i32>

// CHECK-LABEL: @bounded
// CHECK: weft.while max <(12)> carry(%{{.*}}, %{{.*}}) while {
// CHECK: } do {
// CHECK: } : (tensor<4xf64>, tensor<i32>) -> (tensor<4xf64>, tensor<i32>)
func.func @bounded(%x: !v, %w: !v) -> (!v, !i) {
  %zero = weft.constant dense<0> : !i
  %y, %n = weft.while max #weft.dims<(12)> carry(%x, %zero) while {
  ^bb0(%a: !v, %k: !i):
    %q = weft.mul %a, %a : !v
    %s = weft.reduce_sum %q [0] : (!v) -> !s
    %e = weft.constant dense<0.5> : !s
    %p = weft.compare GT, %s, %e : !s
    weft.yield %p : tensor<i1>
  } do {
  ^bb0(%a: !v, %k: !i):
    %h = weft.constant dense<0.5> : !v
    %b = weft.mul %a, %h : !v
    %m = weft.mul %w, %a : !v
    %t = weft.sin %m : !v
    %tt = weft.mul %t, %h : !v
    %hh = weft.mul %tt, %h : !v
    %c = weft.add %b, %hh : !v
    %one = weft.constant dense<1> : !i
    %k2 = weft.add %k, %one : !i
    weft.yield %c, %k2 : !v, !i
  } : (!v, !i) -> (!v, !i)
  return %y, %n : !v, !i
}

// No bound: no reverse mode.
// CHECK-LABEL: @open
// CHECK: weft.while carry(
func.func @open(%x: !v) -> !v attributes {weft.no_derivative} {
  %y = weft.while carry(%x) while {
  ^bb0(%a: !v):
    %s = weft.reduce_max %a [0] : (!v) -> !s
    %e = weft.constant dense<1.0e-3> : !s
    %p = weft.compare GT, %s, %e : !s
    weft.yield %p : tensor<i1>
  } do {
  ^bb0(%a: !v):
    %h = weft.constant dense<0.25> : !v
    %b = weft.mul %a, %h : !v
    weft.yield %b : !v
  } : (!v) -> !v
  return %y : !v
}
