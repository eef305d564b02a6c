// RUN: weft-opt %s | weft-opt | FileCheck %s
// RUN: weft-check-ops %s
//
// A loop of a known number of steps.

!v = tensor<4xf64>
!s = tensor<f64>
!i = tensor<i32>

// A recurrence over rows of an input, with a value from outside in its body.
// CHECK-LABEL: @recurrence
// CHECK: weft.scan <(7)> carry(%arg0) over(%arg1) {
// CHECK: } : (tensor<4xf64>, tensor<7x4xf64>) -> (tensor<4xf64>, tensor<7x4xf64>)
func.func @recurrence(%h: !v, %xs: tensor<7x4xf64>, %w: tensor<4x4xf64>) -> (!v, tensor<7x4xf64>) {
  %last, %all = weft.scan #weft.dims<(7)> carry(%h) over(%xs) {
  ^bb0(%t: !i, %c: !v, %x: !v):
    %m = weft.contract "i,ij->j", %c, %w : (!v, tensor<4x4xf64>) -> !v
    %s = weft.add %m, %x : !v
    %n = weft.tanh %s : !v
    %o = weft.mul %n, %x : !v
    weft.yield %n, %o : !v, !v
  } : (!v, tensor<7x4xf64>) -> (!v, tensor<7x4xf64>)
  return %last, %all : !v, tensor<7x4xf64>
}

// The other way round, with the position and an integer carry; checkpoints every third step (7 = 2 * 3 + 1).
// CHECK-LABEL: @reversed
// CHECK: weft.scan <(7)> reverse carry(%{{.*}}, %{{.*}}) over(%{{.*}})
func.func @reversed(%h: !v, %xs: tensor<7x4xf64>) -> (!v, !i, tensor<7x4xf64>) {
  %zero = weft.constant dense<0> : !i
  %last, %n, %all = weft.scan #weft.dims<(7)> reverse carry(%h, %zero) over(%xs) {
  ^bb0(%t: !i, %c: !v, %k: !i, %x: !v):
    %p = weft.cast %t : !i to !s
    %b = weft.broadcast %p [] : (!s) -> !v
    %m = weft.mul %x, %b : !v
    %s = weft.sin %c : !v
    %n = weft.add %s, %m : !v
    %k2 = weft.add %k, %t : !i
    weft.yield %n, %k2, %c : !v, !i, !v
  } {checkpoint = 3 : i64} : (!v, !i, tensor<7x4xf64>) -> (!v, !i, tensor<7x4xf64>)
  return %last, %n, %all : !v, !i, tensor<7x4xf64>
}

// Carries that change places, one that stays as it is, a stacked argument of the body, and a loop in the loop.
// CHECK-LABEL: @nested
func.func @nested(%a: !v, %b: !v, %k: !v) -> (!v, !v, !v, tensor<5x4xf64>) {
  %x, %y, %z, %all = weft.scan #weft.dims<(5)> carry(%a, %b, %k) over() {
  ^bb0(%t: !i, %p: !v, %q: !v, %r: !v):
    %in = weft.scan #weft.dims<(3)> carry(%q) over() {
    ^bb0(%u: !i, %c: !v):
      %s = weft.sin %c : !v
      %g = weft.mul %s, %p : !v
      %n = weft.add %g, %r : !v
      weft.yield %n : !v
    } : (!v) -> !v
    weft.yield %in, %p, %r, %p : !v, !v, !v, !v
  } : (!v, !v, !v) -> (!v, !v, !v, tensor<5x4xf64>)
  return %x, %y, %z, %all : !v, !v, !v, tensor<5x4xf64>
}

// A run-time number of steps.
!rows = tensor<?x4xf64, #weft.dims<[T in 1 to 9] (T, 4)>>
func.func @runtime(%h: !v, %xs: !rows {weft.input = "6x4xf64=normal:1"}) -> (!v, !rows) {
  %last, %all = weft.scan #weft.dims<[T in 1 to 9] (T)> carry(%h) over(%xs) {
  ^bb0(%t: !i, %c: !v, %x: !v):
    %s = weft.mul %c, %x : !v
    %n = weft.tanh %s : !v
    weft.yield %n, %n : !v, !v
  } : (!v, !rows) -> (!v, !rows)
  return %last, %all : !v, !rows
}

// What the outer loop yields is read by a loop inside of it, whose own yields are other places.
func.func @yielded_outside(%a: !v, %xs: tensor<3x4xf64>) -> (!v, tensor<5x4xf64>) {
  %l, %all = weft.scan #weft.dims<(5)> carry(%a) over() {
  ^bb0(%t: !i, %c: !v):
    %n = weft.sin %c : !v
    %in, %rows = weft.scan #weft.dims<(3)> carry(%c) over(%xs) {
    ^bb0(%u: !i, %h: !v, %x: !v):
      %s = weft.mul %h, %n : !v
      %o = weft.add %s, %x : !v
      weft.yield %o, %s : !v, !v
    } : (!v, tensor<3x4xf64>) -> (!v, tensor<3x4xf64>)
    %m = weft.reduce_sum %rows [0] : (tensor<3x4xf64>) -> !v
    %y = weft.add %m, %in : !v
    weft.yield %n, %y : !v, !v
  } : (!v) -> (!v, tensor<5x4xf64>)
  return %l, %all : !v, tensor<5x4xf64>
}
