// RUN: weft-opt %s --derive-symbols | FileCheck %s

!v = tensor<8xf64>

func.func @f(%x: !v) -> !v {
  %y = weft.tanh %x : !v
  return %y : !v
}

// The function is inlined, on arguments of its own, and the derivative of values put behind it.
// CHECK-LABEL: @reverse
// CHECK-NEXT: %[[X:.*]] = weft.mark %arg0 "argument"
// CHECK-NEXT: %[[Y:.*]] = weft.tanh %[[X]]
// CHECK-NEXT: %[[D:.*]] = weft.grad of %[[Y]] with %arg1 wrt %[[X]] {allow_zero}
// CHECK-NEXT: return %[[Y]], %[[D]]
func.func @reverse(%x: !v, %ct: !v) -> (!v, !v) {
  %y, %dx = weft.vjp @f(%x, %ct) : (!v, !v) -> (!v, !v)
  return %y, %dx : !v, !v
}
// CHECK-LABEL: @forward
// CHECK-NEXT: %[[X:.*]] = weft.mark %arg0 "argument"
// CHECK-NEXT: %[[Y:.*]] = weft.tanh %[[X]]
// CHECK-NEXT: %[[T:.*]] = weft.tangent of %[[Y]] wrt %[[X]] along %arg1 {allow_zero}
// CHECK-NEXT: return %[[Y]], %[[T]]
func.func @forward(%x: !v, %t: !v) -> (!v, !v) {
  %y, %ty = weft.jvp @f(%x, %t) : (!v, !v) -> (!v, !v)
  return %y, %ty : !v, !v
}

// A derivative of a function that asks for a derivative: forward over reverse.
// CHECK-LABEL: @nested
// CHECK: weft.tanh
// CHECK: %[[D:.*]] = weft.grad of
// CHECK: weft.tangent of %{{.*}}, %[[D]] wrt
// CHECK-NOT: weft.{{vjp|jvp}}
// CHECK: return
func.func @nested(%x: !v, %ct: !v, %tx: !v, %tct: !v) -> !v {
  %y, %dx, %ty, %tdx = weft.jvp @reverse(%x, %ct, %tx, %tct) : (!v, !v, !v, !v) -> (!v, !v, !v, !v)
  return %tdx : !v
}

// A call is the function's body, in a loop as well, and what is inside of a call has a derivative like anything else.
// CHECK-LABEL: @called
// CHECK: weft.scan
// CHECK: weft.tanh
// CHECK: weft.yield
// CHECK: %[[Y:.*]] = weft.tanh
// CHECK-NEXT: weft.grad of %[[Y]]
// CHECK-NOT: call
// CHECK: return
func.func @called(%x: !v, %ct: !v) -> !v {
  %h = weft.scan #weft.dims<(3)> carry(%x) over() {
  ^bb0(%t: tensor<i32>, %c: !v):
    %n = func.call @f(%c) : (!v) -> !v
    weft.yield %n : !v
  } : (!v) -> !v
  %y = func.call @f(%h) : (!v) -> !v
  %dx = weft.grad of %y with %ct wrt %x : (!v, !v, !v) -> !v
  return %dx : !v
}
