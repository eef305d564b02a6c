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
