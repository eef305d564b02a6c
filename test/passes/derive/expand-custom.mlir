// RUN: weft-opt %s --expand-derivatives --canonicalize --cse | FileCheck %s

!v = tensor<8xf64>

// The backward region is copied to where the gradient was asked for, the forward one to where the op was.
// CHECK-LABEL: @inlined
// CHECK-NEXT: %[[Y:.*]] = weft.exp %arg0
// CHECK-NEXT: %[[D:.*]] = weft.minimum %arg2, %arg1
// CHECK-NEXT: return %[[Y]], %[[D]]
func.func @inlined(%x: !v, %most: !v, %ct: !v) -> (!v, !v) {
  %y = weft.custom_vjp %x forward {
  ^bb0(%a: !v):
    %e = weft.exp %a : !v
    weft.yield %e : !v
  } backward {
  ^bb0(%a: !v, %c: !v):
    %d = weft.minimum %c, %most : !v
    weft.yield %d : !v
  } : (!v) -> !v
  %dx = weft.grad of %y with %ct wrt %x : (!v, !v, !v) -> !v
  return %y, %dx : !v, !v
}

// A gradient asked for within a region, of values made there.
// CHECK-LABEL: @within
// CHECK-NEXT: %[[C:.*]] = weft.cos %arg0
// CHECK-NEXT: %[[D:.*]] = weft.mul %arg1, %[[C]]
// CHECK-NEXT: return %[[D]]
func.func @within(%x: !v, %ct: !v) -> !v {
  %y = weft.custom_vjp %x forward {
  ^bb0(%a: !v):
    weft.yield %a : !v
  } backward {
  ^bb0(%a: !v, %c: !v):
    %s = weft.sin %a : !v
    %d = weft.grad of %s with %c wrt %a : (!v, !v, !v) -> !v
    weft.yield %d : !v
  } : (!v) -> !v
  %dx = weft.grad of %y with %ct wrt %x : (!v, !v, !v) -> !v
  return %dx : !v
}

// The derivative of a custom derivative is that of its backward region.
// CHECK-LABEL: @twice
// CHECK-NEXT: %[[CC:.*]] = weft.mul %arg1, %arg1
// CHECK-NEXT: %[[COS:.*]] = weft.cos %arg0
// CHECK-NEXT: %[[D:.*]] = weft.mul %[[CC]], %[[COS]]
// CHECK-NEXT: return %[[D]]
func.func @twice(%x: !v, %ct: !v) -> !v {
  %y = weft.custom_vjp %x forward {
  ^bb0(%a: !v):
    weft.yield %a : !v
  } backward {
  ^bb0(%a: !v, %c: !v):
    %s = weft.sin %a : !v
    %d = weft.mul %s, %c : !v
    weft.yield %d : !v
  } : (!v) -> !v
  %dx = weft.grad of %y with %ct wrt %x : (!v, !v, !v) -> !v
  %ddx = weft.grad of %dx with %ct wrt %x : (!v, !v, !v) -> !v
  return %ddx : !v
}

// A value from outside that the derivative does not depend on may be used.
// CHECK-LABEL: @stopped_capture
// CHECK-NOT: weft.custom_vjp
// CHECK: return
func.func @stopped_capture(%x: !v, %ct: !v) -> !v {
  %h = weft.stop_gradient %x : !v
  %y = weft.custom_vjp %x forward {
  ^bb0(%a: !v):
    %b = weft.mul %a, %h : !v
    weft.yield %b : !v
  } backward {
  ^bb0(%a: !v, %c: !v):
    weft.yield %c : !v
  } : (!v) -> !v
  %dx = weft.grad of %y with %ct wrt %x : (!v, !v, !v) -> !v
  return %dx : !v
}

// Under vmap the rule is mapped too, so a gradient taken outside finds it; what is the same for all rows gets the sum.
// CHECK-LABEL: @mapped
// CHECK: %[[W:.*]] = weft.broadcast %arg1 []
// CHECK: %[[Y:.*]] = weft.mul %arg0, %[[W]]
// CHECK: %[[D:.*]] = weft.minimum %arg2, %arg0
// CHECK: %[[S:.*]] = weft.reduce_sum %arg2 [0]
// CHECK: return %[[Y]], %[[D]], %[[S]]
func.func @mapped(%x: !v, %w: tensor<f64>, %ct: !v) -> (!v, !v, tensor<f64>) {
  %y = weft.vmap #weft.dims<(8)> over(%x) {
  ^bb0(%e: tensor<f64>):
    %z = weft.custom_vjp %e, %w forward {
    ^bb0(%a: tensor<f64>, %b: tensor<f64>):
      %p = weft.mul %a, %b : tensor<f64>
      weft.yield %p : tensor<f64>
    } backward {
    ^bb0(%a: tensor<f64>, %b: tensor<f64>, %c: tensor<f64>):
      %d = weft.minimum %c, %a : tensor<f64>
      weft.yield %d, %c : tensor<f64>, tensor<f64>
    } : (tensor<f64>, tensor<f64>) -> tensor<f64>
    weft.yield %z : tensor<f64>
  } : (!v) -> !v
  %dx, %dw = weft.grad of %y with %ct wrt %x, %w : (!v, !v, !v, tensor<f64>) -> (!v, tensor<f64>)
  return %y, %dx, %dw : !v, !v, tensor<f64>
}
