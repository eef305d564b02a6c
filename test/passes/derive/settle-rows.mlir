// RUN: weft-opt %s --expand-derivatives --canonicalize --cse | FileCheck %s
// RUN: weft-opt %s --expand-derivatives=finite-rows=true --canonicalize --cse | FileCheck %s --check-prefix=FINITE
// RUN: weft-check-ops %s
//
// What vmap makes of branches and loops: only where a row that is dropped could do harm it is computed on the numbers of one that counts.

!v = tensor<3xf64>
!s = tensor<f64>
!i = tensor<i32>
!p = tensor<i1>

// Linear in each row: nothing to guard against.
// CHECK-LABEL: @linear
// CHECK-NOT: weft.cond
// CHECK-NOT: weft.take
// CHECK: return
// FINITE-LABEL: @linear
// FINITE-NOT: weft.cond
// FINITE: return
func.func @linear(%x: !v, %ct: !v) -> !v attributes {weft.no_second = "zero"} {
  %y = weft.vmap #weft.dims<(3)> over(%x) {
  ^bb0(%a: !s):
    %zero = weft.constant dense<0.0> : !s
    %p = weft.compare GT, %a, %zero : !s
    %r = weft.cond %p then {
      %n = weft.add %a, %a : !s
      weft.yield %n : !s
    } else {
      %m = weft.neg %a : !s
      weft.yield %m : !s
    } : (!p) -> !s
    weft.yield %r : !s
  } : (!v) -> !v
  %g = weft.grad of %y with %ct wrt %x : (!v, !v, !v) -> !v
  return %g : !v
}

// Numbers alone: both sides are computed of all rows. Under a check of results they must be finite.
// CHECK-LABEL: @values
// CHECK-NOT: weft.cond
// CHECK: weft.log %arg0
// CHECK: return
// FINITE-LABEL: @values
// FINITE: weft.cond
// FINITE: weft.take %arg0 at %{{.*}} along 0 clip
// FINITE: return
func.func @values(%x: !v) -> !v attributes {weft.no_derivative} {
  %y = weft.vmap #weft.dims<(3)> over(%x) {
  ^bb0(%a: !s):
    %zero = weft.constant dense<0.0> : !s
    %p = weft.compare GT, %a, %zero : !s
    %r = weft.cond %p then {
      %l = weft.log %a : !s
      weft.yield %l : !s
    } else {
      weft.yield %a : !s
    } : (!p) -> !s
    weft.yield %r : !s
  } : (!v) -> !v
  return %y : !v
}

// The gradient: the values are computed as before; the derivative of the first side on rows that take it, if any does.
// CHECK-LABEL: @gradient
// CHECK: %[[ANY:.*]] = weft.reduce_or
// CHECK: weft.log %arg0
// CHECK: weft.cond %[[ANY]] then {
// CHECK: weft.take %{{.*}} at %{{.*}} along 0 clip
// CHECK: } else {
// CHECK-NOT: weft.cond
// CHECK: return
func.func @gradient(%x: !v, %ct: !v) -> (!v, !v) attributes {weft.no_second = "a test of its own"} {
  %y = weft.vmap #weft.dims<(3)> over(%x) {
  ^bb0(%a: !s):
    %zero = weft.constant dense<0.0> : !s
    %p = weft.compare GT, %a, %zero : !s
    %r = weft.cond %p then {
      %l = weft.log %a : !s
      weft.yield %l : !s
    } else {
      weft.yield %a : !s
    } : (!p) -> !s
    weft.yield %r : !s
  } : (!v) -> !v
  %g = weft.grad of %y with %ct wrt %x : (!v, !v, !v) -> !v
  return %y, %g : !v, !v
}

// A division that rows do not make raises nothing: of the numbers that the branch reads, only the divisor is another row's.
// CHECK-LABEL: @divides
// CHECK: weft.cond
// CHECK: %[[ONE:.*]] = weft.take %arg1 at %{{.*}} along 0 clip
// CHECK: %[[SAFE:.*]] = weft.select
// CHECK: weft.div %arg0, %[[SAFE]]
// CHECK: return
func.func @divides(%x: tensor<3xi32> {weft.input = "3xi32=7,8,9"}, %d: tensor<3xi32> {weft.input = "3xi32=0,2,0"}) -> tensor<3xi32> {
  %y = weft.vmap #weft.dims<(3)> over(%x, %d) {
  ^bb0(%a: !i, %b: !i):
    %zero = weft.constant dense<0> : !i
    %p = weft.compare NE, %b, %zero : !i
    %r = weft.cond %p then {
      %q = weft.div %a, %b : !i
      weft.yield %q : !i
    } else {
      weft.yield %zero : !i
    } : (!p) -> !i
    weft.yield %r : !i
  } : (tensor<3xi32>, tensor<3xi32>) -> tensor<3xi32>
  return %y : tensor<3xi32>
}

// A loop that has ended for a row looks nothing up for it.
// CHECK-LABEL: @walks
// CHECK: } do {
// CHECK: weft.take %{{.*}} at %{{.*}} along 0 clip
// CHECK: weft.take %arg1 at %{{.*}} along 0 :
// CHECK: return
func.func @walks(%x: tensor<3xi32> {weft.input = "3xi32=0,2,-1"}, %next: tensor<3xi32> {weft.input = "3xi32=1,2,-1"}) -> tensor<3xi32> {
  %y = weft.vmap #weft.dims<(3)> over(%x) {
  ^bb0(%a: !i):
    %zero = weft.constant dense<0> : !i
    %at, %n = weft.while carry(%a, %zero) while {
    ^bb0(%k: !i, %m: !i):
      %p = weft.compare GE, %k, %zero : !i
      weft.yield %p : !p
    } do {
    ^bb0(%k: !i, %m: !i):
      %to = weft.take %next at %k along 0 : (tensor<3xi32>, !i) -> !i
      %one = weft.constant dense<1> : !i
      %more = weft.add %m, %one : !i
      weft.yield %to, %more : !i, !i
    } : (!i, !i) -> (!i, !i)
    weft.yield %n : !i
  } : (tensor<3xi32>) -> tensor<3xi32>
  return %y : tensor<3xi32>
}
