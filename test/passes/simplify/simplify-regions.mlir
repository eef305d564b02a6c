// RUN: weft-opt %s --simplify-regions | FileCheck %s

!s = tensor<f32>
!v = tensor<9xf32>
!i = tensor<i32>

// A carry that does not change is read from outside; what nobody reads is neither carried nor stacked nor fed.
// CHECK-LABEL: @scan
// CHECK-NEXT: %[[L:.*]] = weft.scan <(9)> carry(%arg0) over(%arg2) {
// CHECK-NEXT: ^bb0(%{{.*}}: tensor<i32>, %[[P:.*]]: tensor<f32>, %[[X:.*]]: tensor<f32>):
// CHECK-NEXT: %[[M:.*]] = weft.mul %[[P]], %arg1
// CHECK-NEXT: %[[A:.*]] = weft.add %[[M]], %[[X]]
// CHECK-NEXT: weft.yield %[[A]] : tensor<f32>
// CHECK-NEXT: }
// CHECK-NEXT: return %[[L]], %arg1
func.func @scan(%x: !s, %k: !s, %u: !v, %w: !v) -> (!s, !s) {
  %a, %b, %c, %ys = weft.scan #weft.dims<(9)> carry(%x, %k, %x) over(%u, %w) {
  ^bb0(%t: !i, %p: !s, %q: !s, %dead: !s, %s: !s, %r: !s):
    %n = weft.mul %p, %q : !s
    %m = weft.add %n, %s : !s
    %d = weft.mul %dead, %r : !s
    weft.yield %m, %q, %d, %n : !s, !s, !s, !s
  } : (!s, !s, !s, !v, !v) -> (!s, !s, !s, !v)
  return %a, %b : !s, !s
}

// One stacked value is stacked once. What depends on nothing in the body is done in front of it, but a broadcast stays in its kernels.
// CHECK-LABEL: @hoisted
// CHECK-NEXT: %[[W:.*]] = weft.contract "ij,jk->ik", %arg1, %arg1
// CHECK-NEXT: %[[Y:.*]]:2 = weft.scan <(4)> carry(%arg0) over() {
// CHECK-NEXT: ^bb0
// CHECK-NEXT: weft.broadcast %arg2
// CHECK: weft.contract "i,ij->j", %{{.*}}, %[[W]]
// CHECK: weft.yield %{{.*}}, %{{.*}} : tensor<9xf32>, tensor<9xf32>
// CHECK: return %[[Y]]#1, %[[Y]]#1
func.func @hoisted(%x: !v, %w: tensor<9x9xf32>, %b: !s) -> (tensor<4x9xf32>, tensor<4x9xf32>) {
  %a, %y, %z = weft.scan #weft.dims<(4)> carry(%x) over() {
  ^bb0(%t: !i, %p: !v):
    %ww = weft.contract "ij,jk->ik", %w, %w : (tensor<9x9xf32>, tensor<9x9xf32>) -> tensor<9x9xf32>
    %bb = weft.broadcast %b [] : (!s) -> !v
    %n = weft.contract "i,ij->j", %p, %ww : (!v, tensor<9x9xf32>) -> !v
    %o = weft.add %n, %bb : !v
    weft.yield %o, %p, %p : !v, !v, !v
  } : (!v) -> (!v, tensor<4x9xf32>, tensor<4x9xf32>)
  return %y, %z : tensor<4x9xf32>, tensor<4x9xf32>
}

// CHECK-LABEL: @while
// CHECK: %[[R:.*]] = weft.while carry(%arg0) while {
// CHECK: weft.mul %{{.*}}, %arg1
// CHECK: return %[[R]]
func.func @while(%x: !s, %k: !s) -> !s {
  %one = weft.constant dense<1.0> : !s
  %a, %b, %c = weft.while carry(%x, %k, %x) while {
  ^bb0(%p: !s, %q: !s, %d: !s):
    %g = weft.compare LT, %p, %one : !s
    weft.yield %g : tensor<i1>
  } do {
  ^bb0(%p: !s, %q: !s, %d: !s):
    %n = weft.mul %p, %q : !s
    %e = weft.mul %d, %n : !s
    weft.yield %n, %q, %e : !s, !s, !s
  } : (!s, !s, !s) -> (!s, !s, !s)
  return %a : !s
}

// CHECK-LABEL: @cond
// CHECK: weft.cond %arg0 then {
// CHECK-NEXT: weft.exp
// CHECK-NEXT: weft.yield %{{.*}} : tensor<f32>
// CHECK-NEXT: } else {
// CHECK-NEXT: weft.yield %arg2 : tensor<f32>
// CHECK-NEXT: } : (tensor<i1>) -> tensor<f32>
func.func @cond(%p: tensor<i1>, %x: !s, %y: !s) -> (!s, !s) {
  %a, %b, %c = weft.cond %p then {
    %e = weft.exp %x : !s
    %t = weft.tanh %x : !s
    weft.yield %e, %t, %x : !s, !s, !s
  } else {
    weft.yield %y, %y, %x : !s, !s, !s
  } : (tensor<i1>) -> (!s, !s, !s)
  return %a, %c : !s, !s
}
