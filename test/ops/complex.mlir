// RUN: weft-opt %s | weft-opt | FileCheck %s
// RUN: weft-check-ops %s
//
// Complex numbers of f64 parts, through every op that has a complex form. The checks compare with differences by both parts, so the gradient
// is dL/dRe + i dL/dIm.

!r = tensor<4xf64>
!c = tensor<4xcomplex<f64>>
!s = tensor<f64>

// CHECK-LABEL: @arithmetic
// CHECK: weft.complex %arg0, %arg1 : (tensor<4xf64>, tensor<4xf64>) -> tensor<4xcomplex<f64>>
func.func @arithmetic(%a: !r, %b: !r, %c: !r, %d: !r) -> (!r, !r) {
  %x = weft.complex %a, %b : (!r, !r) -> !c
  %y = weft.complex %c, %d : (!r, !r) -> !c
  %p = weft.mul %x, %y : !c
  %q = weft.div %p, %y : !c
  %t = weft.sub %q, %p : !c
  %n = weft.neg %t : !c
  %k = weft.constant dense<[(1.0, 2.0), (0.5, 0.0), (0.0, -1.0), (-2.0, 0.25)]> : !c
  %z = weft.div %k, %x : !c
  %w = weft.add %n, %z : !c
  %re = weft.real %w : (!c) -> !r
  %im = weft.imag %w : (!c) -> !r
  return %re, %im : !r, !r
}
func.func @functions(%a: !r, %b: !r) -> (!r, !r) {
  %x = weft.complex %a, %b : (!r, !r) -> !c
  %e = weft.exp %x : !c
  %s = weft.sin %x : !c
  %c = weft.cos %x : !c
  %p = weft.mul %e, %s : !c
  %w = weft.add %p, %c : !c
  %re = weft.real %w : (!c) -> !r
  %im = weft.imag %w : (!c) -> !r
  return %re, %im : !r, !r
}
// A real number among complex ones costs no more than that; |sin^2 + cos^2 - 1| = 0 of complex arguments too.
func.func @mixed(%a: !r, %b: !r) -> (!r, !r) {
  %x = weft.complex %a, %b : (!r, !r) -> !c
  %y = weft.cast %b : !r to !c
  %p = weft.mul %x, %y : !c
  %q = weft.div %x, %y : !c
  %s = weft.sin %y : !c
  %t = weft.mul %q, %s : !c
  %w = weft.add %p, %t : !c
  %re = weft.real %w : (!c) -> !r
  %im = weft.imag %w : (!c) -> !r
  return %re, %im : !r, !r
}
func.func @shapes(%a: tensor<2x3xf64>, %b: tensor<2x3xf64>) -> (tensor<3x5xf64>, tensor<f64>) {
  %x = weft.complex %a, %b : (tensor<2x3xf64>, tensor<2x3xf64>) -> tensor<2x3xcomplex<f64>>
  %t = weft.transpose %x [1, 0] : tensor<2x3xcomplex<f64>>
  %v = weft.constant dense<(1.0, 2.0)> : tensor<complex<f64>>
  %p = weft.pad %t, %v low #weft.dims<(0, 1)> interior [0, 0] : (tensor<3x2xcomplex<f64>>, tensor<complex<f64>>) -> tensor<3x3xcomplex<f64>>
  %c = weft.concatenate %p, %t along 1 : (tensor<3x3xcomplex<f64>>, tensor<3x2xcomplex<f64>>) -> tensor<3x5xcomplex<f64>>
  %r = weft.reverse %c [1] : tensor<3x5xcomplex<f64>>
  %f = weft.reshape %r : (tensor<3x5xcomplex<f64>>) -> tensor<15xcomplex<f64>>
  %s = weft.slice %f from #weft.dims<(1)> by [2] : (tensor<15xcomplex<f64>>) -> tensor<5xcomplex<f64>>
  %b2 = weft.broadcast %s [1] : (tensor<5xcomplex<f64>>) -> tensor<3x5xcomplex<f64>>
  %m = weft.mul %b2, %r : tensor<3x5xcomplex<f64>>
  %sum = weft.reduce_sum %m [0, 1] : (tensor<3x5xcomplex<f64>>) -> tensor<complex<f64>>
  %re = weft.real %m : (tensor<3x5xcomplex<f64>>) -> tensor<3x5xf64>
  %im = weft.imag %sum : (tensor<complex<f64>>) -> tensor<f64>
  return %re, %im : tensor<3x5xf64>, tensor<f64>
}
func.func @products(%a: tensor<2x3xf64>, %b: tensor<2x3xf64>, %w: tensor<3x4xf64>, %i: tensor<5xi32> {weft.input = "5xi32=3,0,2,1,3"}) -> (tensor<2x5xf64>, tensor<2x4xf64>) {
  %x = weft.complex %a, %b : (tensor<2x3xf64>, tensor<2x3xf64>) -> tensor<2x3xcomplex<f64>>
  %y = weft.cast %w : tensor<3x4xf64> to tensor<3x4xcomplex<f64>>
  %p = weft.contract "bi,ij->bj", %x, %y : (tensor<2x3xcomplex<f64>>, tensor<3x4xcomplex<f64>>) -> tensor<2x4xcomplex<f64>>
  %g = weft.contract "bi,bj->ij", %x, %p : (tensor<2x3xcomplex<f64>>, tensor<2x4xcomplex<f64>>) -> tensor<3x4xcomplex<f64>>
  %q = weft.contract "bi,ij->bj", %x, %g : (tensor<2x3xcomplex<f64>>, tensor<3x4xcomplex<f64>>) -> tensor<2x4xcomplex<f64>>
  %t = weft.take %q at %i along 1 : (tensor<2x4xcomplex<f64>>, tensor<5xi32>) -> tensor<2x5xcomplex<f64>>
  %s = weft.scatter_add %p at %i add %t along 1 : (tensor<2x4xcomplex<f64>>, tensor<5xi32>, tensor<2x5xcomplex<f64>>) -> tensor<2x4xcomplex<f64>>
  %re = weft.real %t : (tensor<2x5xcomplex<f64>>) -> tensor<2x5xf64>
  %im = weft.imag %s : (tensor<2x4xcomplex<f64>>) -> tensor<2x4xf64>
  return %re, %im : tensor<2x5xf64>, tensor<2x4xf64>
}
func.func @choices(%a: !r, %b: !r) -> (!r, tensor<4xi1>) {
  %x = weft.complex %a, %b : (!r, !r) -> !c
  %y = weft.complex %a, %a : (!r, !r) -> !c
  %p = weft.compare EQ, %x, %y : !c
  %z = weft.mul %x, %y : !c
  %n = weft.compare NE, %z, %y : !c
  %s = weft.select %n, %z, %x : tensor<4xi1>, !c
  %re = weft.imag %s : (!c) -> !r
  return %re, %p : !r, tensor<4xi1>
}
// A linear recurrence of modes, carried through a loop; a branch; all slices of a vmap at once.
func.func @control(%a: !r, %b: !r, %u: tensor<6x4xf64>, %v: tensor<3x4xf64>) -> (!r, tensor<6x4xf64>, !r, tensor<3xf64>) {
  %l = weft.complex %a, %b : (!r, !r) -> !c
  %zero = weft.constant dense<(0.0, 0.0)> : !c
  %last, %all = weft.scan #weft.dims<(6)> carry(%zero) over(%u) {
  ^bb0(%t: tensor<i32>, %h: !c, %x: !r):
    %m = weft.mul %h, %l : !c
    %xc = weft.cast %x : !r to !c
    %n = weft.add %m, %xc : !c
    weft.yield %n, %n : !c, !c
  } : (!c, tensor<6x4xf64>) -> (!c, tensor<6x4xcomplex<f64>>)
  %part = weft.reduce_sum %a [0] : (!r) -> !s
  %nil = weft.constant dense<0.0> : !s
  %p = weft.compare GT, %part, %nil : !s
  %chosen = weft.cond %p then {
    %e = weft.mul %last, %l : !c
    weft.yield %e : !c
  } else {
    weft.yield %l : !c
  } : (tensor<i1>) -> !c
  %cv = weft.cast %v : tensor<3x4xf64> to tensor<3x4xcomplex<f64>>
  %each = weft.vmap #weft.dims<(3)> over(%cv) {
  ^bb0(%w: !c):
    %q = weft.contract "i,i->", %w, %chosen : (!c, !c) -> tensor<complex<f64>>
    %e2 = weft.mul %q, %q : tensor<complex<f64>>
    weft.yield %e2 : tensor<complex<f64>>
  } : (tensor<3x4xcomplex<f64>>) -> tensor<3xcomplex<f64>>
  %r0 = weft.real %last : (!c) -> !r
  %r1 = weft.imag %all : (tensor<6x4xcomplex<f64>>) -> tensor<6x4xf64>
  %r2 = weft.imag %chosen : (!c) -> !r
  %r3 = weft.real %each : (tensor<3xcomplex<f64>>) -> tensor<3xf64>
  return %r0, %r1, %r2, %r3 : !r, tensor<6x4xf64>, !r, tensor<3xf64>
}
// A gradient by a complex value is one, and can be differentiated again.
func.func @gradient(%a: !r, %b: !r) -> (!r, !r) {
  %x = weft.complex %a, %b : (!r, !r) -> !c
  %e = weft.exp %x : !c
  %p = weft.mul %e, %x : !c
  %re = weft.real %p : (!c) -> !r
  %s = weft.reduce_sum %re [0] : (!r) -> !s
  %one = weft.constant dense<1.0> : !s
  %g = weft.grad of %s with %one wrt %x : (!s, !s, !c) -> !c
  %gr = weft.real %g : (!c) -> !r
  %gi = weft.imag %g : (!c) -> !r
  return %gr, %gi : !r, !r
}
