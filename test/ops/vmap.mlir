// RUN: weft-opt %s | weft-opt | FileCheck %s
// RUN: weft-opt %s --weft-derive | FileCheck %s --check-prefix=OUT
// RUN: weft-check-ops %s
//
// One region on all slices: a Jacobian by rows of the identity, loops and branches inside, values that are the same for all.

!v = tensor<4xf64>
!m = tensor<3x4xf64>
!s = tensor<f64>
!i = tensor<i32>

// CHECK-LABEL: @plain
// CHECK: weft.vmap <(3)> over(%arg0) {
// CHECK: } : (tensor<3x4xf64>) -> (tensor<3x4xf64>, tensor<3xf64>)
// OUT-LABEL: @plain
// OUT-NOT: weft.vmap
// OUT: weft.contract "ai,ij->aj"
func.func @plain(%x: !m, %w: tensor<4x4xf64>, %b: !v) -> (!m, tensor<3xf64>) {
  %y, %z = weft.vmap #weft.dims<(3)> over(%x) {
  ^bb0(%a: !v):
    %p = weft.contract "i,ij->j", %a, %w : (!v, tensor<4x4xf64>) -> !v
    %q = weft.add %p, %b : !v
    %t = weft.softmax %q 0 : !v
    %r = weft.reshape %t : (!v) -> tensor<2x2xf64>
    %u = weft.transpose %r [1, 0] : tensor<2x2xf64>
    %o = weft.reshape %u : (tensor<2x2xf64>) -> !v
    %s = weft.reduce_sum %q [0] : (!v) -> !s
    weft.yield %o, %s : !v, !s
  } : (!m) -> (!m, tensor<3xf64>)
  return %y, %z : !m, tensor<3xf64>
}

// Rows of the Jacobian of values made outside, differentiated again.
func.func @jacobian(%x: !v) -> !s {
  %y = weft.tanh %x : !v
  %z = weft.mul %y, %y : !v
  %eye = weft.constant dense<[[1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0], [0.0, 0.0, 0.0, 1.0]]> : tensor<4x4xf64>
  %j = weft.vmap #weft.dims<(4)> over(%eye) {
  ^bb0(%e: !v):
    %t = weft.tangent of %z wrt %x along %e : (!v, !v, !v) -> !v
    weft.yield %t : !v
  } : (tensor<4x4xf64>) -> tensor<4x4xf64>
  %q = weft.mul %j, %j : tensor<4x4xf64>
  %s = weft.reduce_sum %q [0, 1] : (tensor<4x4xf64>) -> !s
  return %s : !s
}

func.func @control(%x: !m, %k: tensor<5x4xf64>) -> (!m, tensor<3x5x4xf64>, !m) {
  %y, %all, %c = weft.vmap #weft.dims<(3)> over(%x) {
  ^bb0(%a: !v):
    %l, %every = weft.scan #weft.dims<(5)> carry(%a) over(%k) {
    ^bb0(%t: !i, %h: !v, %w: !v):
      %p = weft.mul %h, %w : !v
      %n = weft.sin %p : !v
      weft.yield %n, %n : !v, !v
    } : (!v, tensor<5x4xf64>) -> (!v, tensor<5x4xf64>)
    %sum = weft.reduce_sum %a [0] : (!v) -> !s
    %zero = weft.constant dense<0.0> : !s
    %pos = weft.compare GT, %sum, %zero : !s
    %d = weft.cond %pos then {
      %e = weft.exp %a : !v
      weft.yield %e : !v
    } else {
      weft.yield %l : !v
    } : (tensor<i1>) -> !v
    weft.yield %l, %every, %d : !v, tensor<5x4xf64>, !v
  } : (!m) -> (!m, tensor<3x5x4xf64>, !m)
  return %y, %all, %c : !m, tensor<3x5x4xf64>, !m
}

// Index maps, indices and arg-reductions.
func.func @indices(%x: !m, %i: tensor<3x2xi32> {weft.input = "3x2xi32=0,3,1,1,2,0"}) -> (tensor<3x2xf64>, tensor<3x6xf64>, tensor<3x4xf64>, tensor<3xi32>) attributes {weft.no_derivative} {
  %zero = weft.constant dense<0.0> : !s
  %a, %b, %c, %d = weft.vmap #weft.dims<(3)> over(%x, %i) {
  ^bb0(%v: !v, %at: tensor<2xi32>):
    %p = weft.take_along %v at %at along 0 : (!v, tensor<2xi32>) -> tensor<2xf64>
    %q = weft.pad %v, %zero low #weft.dims<(1)> interior [0] : (!v, !s) -> tensor<6xf64>
    %r = weft.reverse %v [0] : !v
    %s = weft.slice %v from #weft.dims<(1)> by [1] : (!v) -> tensor<2xf64>
    %cat = weft.concatenate %s, %p along 0 : (tensor<2xf64>, tensor<2xf64>) -> !v
    %sum = weft.add %cat, %r : !v
    %m = weft.argmax %v 0 : (!v) -> !i
    weft.yield %p, %q, %sum, %m : tensor<2xf64>, tensor<6xf64>, !v, !i
  } : (!m, tensor<3x2xi32>) -> (tensor<3x2xf64>, tensor<3x6xf64>, tensor<3x4xf64>, tensor<3xi32>)
  return %a, %b, %c, %d : tensor<3x2xf64>, tensor<3x6xf64>, tensor<3x4xf64>, tensor<3xi32>
}

// A filler that differs from slice to slice: one pad cannot fill so, and the slices are padded one after the other.
func.func @filler(%x: tensor<3x2xf64>, %v: tensor<3xf64>) -> tensor<3x5xf64> {
  %y = weft.vmap #weft.dims<(3)> over(%x, %v) {
  ^bb0(%a: tensor<2xf64>, %f: tensor<f64>):
    %p = weft.pad %a, %f low <(1)> interior [1] : (tensor<2xf64>, tensor<f64>) -> tensor<5xf64>
    weft.yield %p : tensor<5xf64>
  } : (tensor<3x2xf64>, tensor<3xf64>) -> tensor<3x5xf64>
  return %y : tensor<3x5xf64>
}
// Loops more in front of maps of indices, some of whose operands are the same for all slices.
func.func @maps(%x: tensor<3x4x2xf64>, %c: tensor<1x2xf64>, %i: tensor<3x2xi32> {weft.input = "3x2xi32=3,0,1,1,2,0"}) -> (tensor<3x6x4xf64>, tensor<3x2x2xf64>, tensor<3x2xi32>) {
  %y, %t, %m = weft.vmap #weft.dims<(3)> over(%x, %i) {
  ^bb0(%a: tensor<4x2xf64>, %k: tensor<2xi32>):
    %zero = weft.constant dense<0.5> : tensor<f64>
    %j = weft.concatenate %c, %a along 0 : (tensor<1x2xf64>, tensor<4x2xf64>) -> tensor<5x2xf64>
    %r = weft.reverse %j [0] : tensor<5x2xf64>
    %s = weft.slice %r from <(1, 0)> by [1, 1] : (tensor<5x2xf64>) -> tensor<3x2xf64>
    %p = weft.pad %s, %zero low <(1, 1)> interior [1, 0] : (tensor<3x2xf64>, tensor<f64>) -> tensor<6x4xf64>
    %g = weft.take %a at %k along 0 : (tensor<4x2xf64>, tensor<2xi32>) -> tensor<2x2xf64>
    %n = weft.argmax %a 0 : (tensor<4x2xf64>) -> tensor<2xi32>
    weft.yield %p, %g, %n : tensor<6x4xf64>, tensor<2x2xf64>, tensor<2xi32>
  } : (tensor<3x4x2xf64>, tensor<3x2xi32>) -> (tensor<3x6x4xf64>, tensor<3x2x2xf64>, tensor<3x2xi32>)
  return %y, %t, %m : tensor<3x6x4xf64>, tensor<3x2x2xf64>, tensor<3x2xi32>
}
