// RUN: weft-opt %s | weft-opt | FileCheck %s
// RUN: weft-opt %s --decompose | FileCheck %s --check-prefix=PARTS
// RUN: weft-check-ops %s
//
// The gradient of an attention as an op of its own, for numbers that need not come from an attention. Its derivative is that of its parts; of f32 it is
// a kernel.

!q = tensor<2x7x4xf64>
!k = tensor<2x5x4xf64>
!v = tensor<2x5x6xf64>
!s = tensor<2x7x5xf64>
!o = tensor<2x7x6xf64>
!l = tensor<2x7xf64>

// CHECK-LABEL: @capped
// CHECK: weft.attention_grad "bid,bjd->bij", "bij,bjd->bid", %arg0, %arg1, %arg2, %arg3, %arg4, %arg5 {
// CHECK-NEXT: ^bb0(%arg6: tensor<2x7x5xf64>, %arg7: tensor<2x7x5xf64>, %arg8: tensor<2x7x5xf64>):
// PARTS-LABEL: @capped
// PARTS: weft.contract "bid,bjd->bij"
// PARTS: weft.contract "bid,bjd->bij", %arg3, %arg2
// PARTS-DAG: weft.contract "bij,bjd->bid"
// PARTS-DAG: weft.contract "bij,bid->bjd"
func.func @capped(%q: !q, %k: !k, %v: !v, %c: !o, %l: !l, %d: !l) -> (!q, !k, !v) {
  %dq, %dk, %dv = weft.attention_grad "bid,bjd->bij", "bij,bjd->bid", %q, %k, %v, %c, %l, %d {
  ^bb0(%x: !s, %g: !s, %h: !s):
    %y = weft.tanh %x : !s
    %one = weft.constant dense<1.0> : !s
    %yy = weft.mul %y, %y : !s
    %t = weft.sub %one, %yy : !s
    %z = weft.mul %g, %t : !s
    weft.yield %y, %z : !s, !s
  } : (!q, !k, !v, !o, !l, !l) -> (!q, !k, !v)
  return %dq, %dk, %dv : !q, !k, !v
}

!qf = tensor<2x70x9xf32>
!kf = tensor<2x83x9xf32>
!vf = tensor<2x83x5xf32>
!sf = tensor<2x70x83xf32>
!of = tensor<2x70x5xf32>
!lf = tensor<2x70xf32>
// A tolerance, for the checker does not see the roundings inside of an op; tight bounds are in tools/weft-random-attention.mlir.
func.func @with_factors(%q: !qf, %k: !kf, %v: !vf, %c: !of, %l: !lf {weft.input = "uniform:1"}, %d: !lf, %f: tensor<70x83xf32>) -> (!qf, !kf, !vf) attributes {weft.tolerance = 1.0e-2} {
  %dq, %dk, %dv = weft.attention_grad "bid,bjd->bij", "bij,bje->bie", %q, %k, %v, %c, %l, %d captured(%f) multiplied {
  ^bb0(%x: !sf, %g: !sf, %h: !sf, %w: tensor<70x83xf32>):
    %y = weft.tanh %x : !sf
    %one = weft.constant dense<1.0> : !sf
    %yy = weft.mul %y, %y : !sf
    %t = weft.sub %one, %yy : !sf
    %z = weft.mul %g, %t : !sf
    %m = weft.broadcast %w [1, 2] : (tensor<70x83xf32>) -> !sf
    weft.yield %y, %z, %m : !sf, !sf, !sf
  } : (!qf, !kf, !vf, !of, !lf, !lf, tensor<70x83xf32>) -> (!qf, !kf, !vf)
  return %dq, %dk, %dv : !qf, !kf, !vf
}
