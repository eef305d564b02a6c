// RUN: weft-opt %s --expand-derivatives --canonicalize --cse | FileCheck %s

!v = tensor<8xf64>
!s = tensor<f64>

// The example at the head of the pass.
// CHECK-LABEL: @head
// CHECK: %[[ONE:.*]] = weft.constant dense<1.0
// CHECK-NEXT: %[[Y:.*]] = weft.tanh %arg0
// CHECK-NEXT: %[[C:.*]] = weft.broadcast %arg1 []
// CHECK-NEXT: %[[YY:.*]] = weft.mul %[[Y]], %[[Y]]
// CHECK-NEXT: %[[P:.*]] = weft.sub %[[ONE]], %[[YY]]
// CHECK-NEXT: %[[G:.*]] = weft.mul %[[C]], %[[P]]
// CHECK-NEXT: return %[[G]]
func.func @head(%x: !v, %ct: !s) -> !v {
  %y = weft.tanh %x : !v
  %s = weft.reduce_sum %y [0] : (!v) -> !s
  %g = weft.grad of %s with %ct wrt %x : (!s, !s, !v) -> !v
  return %g : !v
}

// Program order: the first gradient is plain ops when the second one differentiates through it.
// CHECK-LABEL: @second_order
// CHECK-NOT: weft.grad
// CHECK: %[[CC:.*]] = weft.mul %arg1, %arg1
// CHECK-NEXT: %[[H:.*]] = weft.add %[[CC]], %[[CC]]
// CHECK-NEXT: return %[[H]]
func.func @second_order(%x: !v, %ct: !v) -> !v {
  %y = weft.mul %x, %x : !v
  %g = weft.grad of %y with %ct wrt %x : (!v, !v, !v) -> !v
  %h = weft.grad of %g with %ct wrt %x : (!v, !v, !v) -> !v
  return %h : !v
}

// h lies on the way from x: both get their total derivative, as on a tape.
// CHECK-LABEL: @on_the_way
// CHECK: %[[H:.*]] = weft.exp %arg0
// CHECK: %[[COS:.*]] = weft.cos %[[H]]
// CHECK: %[[DH:.*]] = weft.mul %arg1, %[[COS]]
// CHECK: %[[DX:.*]] = weft.mul %[[DH]], %[[H]]
// CHECK: return %[[DX]], %[[DH]]
func.func @on_the_way(%x: !v, %ct: !v) -> (!v, !v) {
  %h = weft.exp %x : !v
  %y = weft.sin %h : !v
  %dx, %dh = weft.grad of %y with %ct wrt %x, %h : (!v, !v, !v, !v) -> (!v, !v)
  return %dx, %dh : !v, !v
}

// Several uses add up; what leads to no y is not differentiated.
// CHECK-LABEL: @uses
// CHECK-NOT: weft.cos
// CHECK: %[[E:.*]] = weft.exp %arg0
// CHECK: %[[DE:.*]] = weft.mul %arg1, %[[E]]
// CHECK: %[[D:.*]] = weft.add %{{.*}}, %{{.*}}
// CHECK: return %[[D]]
func.func @uses(%x: !v, %ct: !v) -> !v {
  %e = weft.exp %x : !v
  %nobody = weft.sin %x : !v
  %y = weft.add %e, %x : !v
  %dx = weft.grad of %y with %ct wrt %x : (!v, !v, !v) -> !v
  return %dx : !v
}

// Integers cut the path: of x + float(int(x)) only the first term counts.
// CHECK-LABEL: @integers
// CHECK-NEXT: return %arg1
func.func @integers(%x: !v, %ct: !v) -> !v {
  %n = weft.cast %x : !v to tensor<8xi32>
  %r = weft.cast %n : tensor<8xi32> to !v
  %y = weft.add %x, %r : !v
  %dx = weft.grad of %y with %ct wrt %x : (!v, !v, !v) -> !v
  return %dx : !v
}

// CHECK-LABEL: @stopped
// CHECK: %[[S:.*]] = weft.stop_gradient %arg0
// CHECK-NEXT: %[[D:.*]] = weft.mul %arg1, %[[S]]
// CHECK-NEXT: return %[[D]]
func.func @stopped(%x: !v, %ct: !v) -> !v {
  %s = weft.stop_gradient %x : !v
  %y = weft.mul %x, %s : !v
  %dx = weft.grad of %y with %ct wrt %x : (!v, !v, !v) -> !v
  return %dx : !v
}

// An op without a derivative is no error where no path goes through it.
// CHECK-LABEL: @beside
// CHECK-NEXT: %[[P:.*]] = weft.reduce_prod %arg1 [0]
// CHECK-NEXT: %[[W:.*]] = weft.broadcast %[[P]] []
// CHECK-NEXT: %[[D:.*]] = weft.mul %arg2, %[[W]]
// CHECK-NEXT: return %[[D]]
func.func @beside(%x: !v, %k: !v, %ct: !v) -> !v {
  %p = weft.reduce_prod %k [0] : (!v) -> !s
  %w = weft.broadcast %p [] : (!s) -> !v
  %y = weft.mul %x, %w : !v
  %dx = weft.grad of %y with %ct wrt %x : (!v, !v, !v) -> !v
  return %dx : !v
}

// A derivative that turns out constant, as that of a linear function: the one of it is zero, for a path led through it as it was written.
// CHECK-LABEL: @of_linear
// CHECK: %[[ZERO:.*]] = weft.constant dense<0.0
// CHECK-NEXT: return %[[ZERO]]
func.func @of_linear(%x: !v, %ct: !v) -> !v {
  %y = weft.neg %x : !v
  %g = weft.grad of %y with %ct wrt %x : (!v, !v, !v) -> !v
  %h = weft.grad of %g with %ct wrt %x : (!v, !v, !v) -> !v
  return %h : !v
}

// One x that y does not depend on among others that it does: zeros.
// CHECK-LABEL: @unrelated
// CHECK: %[[ZERO:.*]] = weft.constant dense<0.0
// CHECK: %[[D:.*]] = weft.neg %arg2
// CHECK: return %[[D]], %[[ZERO]]
func.func @unrelated(%x: !v, %k: !v, %ct: !v) -> (!v, !v) {
  %y = weft.neg %x : !v
  %dx, %dk = weft.grad of %y with %ct wrt %x, %k : (!v, !v, !v, !v) -> (!v, !v)
  return %dx, %dk : !v, !v
}
