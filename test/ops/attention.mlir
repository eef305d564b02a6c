// RUN: weft-opt %s | weft-opt | FileCheck %s
// RUN: weft-opt %s --weft-derive --canonicalize --cse | FileCheck %s --check-prefix=GRAD
// RUN: weft-check-ops %s
//
// Scores by a program, a softmax over the keys and a product with the values. The f64 functions are decomposed: they hold the rules of the op and
// of its gradient to differences. Those of f32 are kernels of the emitter, in both directions.

!q = tensor<2x3x7x4xf64>
!k = tensor<2x3x5x4xf64>
!v = tensor<2x3x5x6xf64>
!s = tensor<2x3x7x5xf64>
!o = tensor<2x3x7x6xf64>
!l = tensor<2x3x7xf64>

// CHECK-LABEL: @plain
// CHECK: weft.attention "bhid,bhjd->bhij", "bhij,bhjd->bhid", %arg0, %arg1, %arg2 {
// CHECK-NEXT: ^bb0(%arg3: tensor<2x3x7x5xf64>):
// CHECK-NEXT: weft.yield %arg3 : tensor<2x3x7x5xf64>
// CHECK-NEXT: } : (tensor<2x3x7x4xf64>, tensor<2x3x5x4xf64>, tensor<2x3x5x6xf64>) -> (tensor<2x3x7x6xf64>, tensor<2x3x7xf64>)
func.func @plain(%q: !q, %k: !k, %v: !v) -> (!o, !l) {
  %o, %l = weft.attention "bhid,bhjd->bhij", "bhij,bhjd->bhid", %q, %k, %v {
  ^bb0(%x: !s):
    weft.yield %x : !s
  } : (!q, !k, !v) -> (!o, !l)
  return %o, %l : !o, !l
}
// A soft cap, a bias that is captured, a mask, and factors behind the softmax. The bias is given with gradient too: the derivative by it is that of
// the decomposition.
// CHECK-LABEL: @program
// CHECK: captured(%arg3, %arg4)
func.func @program(%q: !q, %k: !k, %v: !v, %bias: tensor<3x7x5xf64>, %f: tensor<3x7x5xf64>) -> !o {
  %o, %l = weft.attention "bhid,bhjd->bhij", "bhij,bhjd->bhid", %q, %k, %v captured(%bias, %f) {
  ^bb0(%x: !s, %b: tensor<3x7x5xf64>, %c: tensor<3x7x5xf64>):
    %t = weft.tanh %x : !s
    %u = weft.broadcast %b [1, 2, 3] : (tensor<3x7x5xf64>) -> !s
    %y = weft.add %t, %u : !s
    %i = weft.iota 2 : tensor<2x3x7x5xi32>
    %j = weft.iota 3 : tensor<2x3x7x5xi32>
    %p = weft.compare GE, %i, %j : tensor<2x3x7x5xi32>
    %none = weft.constant dense<0xFFF0000000000000> : !s
    %z = weft.select %p, %y, %none : tensor<2x3x7x5xi1>, !s
    %w = weft.broadcast %c [1, 2, 3] : (tensor<3x7x5xf64>) -> !s
    weft.yield %z, %w : !s, !s
  } : (!q, !k, !v, tensor<3x7x5xf64>, tensor<3x7x5xf64>) -> (!o, !l)
  return %o : !o
}
// By q, k and v alone the gradient is an op with the same program, whose region has the derivative of the scores.
// GRAD-LABEL: @gradient
// GRAD: weft.attention "
// GRAD: weft.attention_grad "bhid,bhjd->bhij", "bhij,bhjd->bhid", %{{.*}}, %{{.*}}, %{{.*}}, %arg3, %{{.*}}, %{{.*}} {
// GRAD-NEXT: ^bb0(%[[X:[a-z0-9]*]]: tensor<2x3x7x5xf64>, %{{.*}}: tensor<2x3x7x5xf64>, %{{.*}}: tensor<2x3x7x5xf64>):
// GRAD: %[[T:.*]] = weft.tanh %[[X]]
// GRAD: weft.yield %[[T]], %{{.*}} : tensor<2x3x7x5xf64>, tensor<2x3x7x5xf64>
func.func @gradient(%q: !q, %k: !k, %v: !v, %c: !o) -> (!q, !k, !v) {
  %o, %dq, %dk, %dv = weft.vjp @capped(%q, %k, %v, %c) : (!q, !k, !v, !o) -> (!o, !q, !k, !v)
  return %dq, %dk, %dv : !q, !k, !v
}
func.func @capped(%q: !q, %k: !k, %v: !v) -> !o {
  %o, %l = weft.attention "bhid,bhjd->bhij", "bhij,bhjd->bhid", %q, %k, %v {
  ^bb0(%x: !s):
    %t = weft.tanh %x : !s
    weft.yield %t : !s
  } : (!q, !k, !v) -> (!o, !l)
  return %o : !o
}
// Three heads of q share one of k and v, which is the same for all of the batch; keys first, values in another order.
func.func @shared_heads(%q: tensor<2x7x3x4xf64>, %k: tensor<5x4xf64>, %v: tensor<6x5xf64>) -> (tensor<2x7x3x6xf64>, tensor<2x3x7xf64>) {
  %o, %l = weft.attention "bihd,jd->bjhi", "bjhi,ej->bihe", %q, %k, %v {
  ^bb0(%x: tensor<2x5x3x7xf64>):
    weft.yield %x : tensor<2x5x3x7xf64>
  } : (tensor<2x7x3x4xf64>, tensor<5x4xf64>, tensor<6x5xf64>) -> (tensor<2x7x3x6xf64>, tensor<2x3x7xf64>)
  return %o, %l : tensor<2x7x3x6xf64>, tensor<2x3x7xf64>
}

// ---- kernels: of less than a vector, of a few and a rest, of several blocks; nothing to attend to, and nobody who attends

func.func @one(%q: tensor<1x1x3xf32>, %k: tensor<1x1x3xf32>, %v: tensor<1x1x2xf32>) -> (tensor<1x1x2xf32>, tensor<1x1xf32>) {
  %o, %l = weft.attention "bid,bjd->bij", "bij,bje->bie", %q, %k, %v {
  ^bb0(%x: tensor<1x1x1xf32>):
    weft.yield %x : tensor<1x1x1xf32>
  } : (tensor<1x1x3xf32>, tensor<1x1x3xf32>, tensor<1x1x2xf32>) -> (tensor<1x1x2xf32>, tensor<1x1xf32>)
  return %o, %l : tensor<1x1x2xf32>, tensor<1x1xf32>
}
func.func @no_keys(%q: tensor<1x3x3xf32>, %k: tensor<1x0x3xf32>, %v: tensor<1x0x2xf32>) -> (tensor<1x3x2xf32>, tensor<1x3xf32>) {
  %o, %l = weft.attention "bid,bjd->bij", "bij,bje->bie", %q, %k, %v {
  ^bb0(%x: tensor<1x3x0xf32>):
    weft.yield %x : tensor<1x3x0xf32>
  } : (tensor<1x3x3xf32>, tensor<1x0x3xf32>, tensor<1x0x2xf32>) -> (tensor<1x3x2xf32>, tensor<1x3xf32>)
  return %o, %l : tensor<1x3x2xf32>, tensor<1x3xf32>
}
func.func @no_queries(%q: tensor<1x0x3xf32>, %k: tensor<1x4x3xf32>, %v: tensor<1x4x2xf32>, %c: tensor<1x0x2xf32>) -> (tensor<1x0x2xf32>, tensor<1x0x3xf32>, tensor<1x4x3xf32>, tensor<1x4x2xf32>) {
  %o, %dq, %dk, %dv = weft.vjp @nobody(%q, %k, %v, %c) : (tensor<1x0x3xf32>, tensor<1x4x3xf32>, tensor<1x4x2xf32>, tensor<1x0x2xf32>) -> (tensor<1x0x2xf32>, tensor<1x0x3xf32>, tensor<1x4x3xf32>, tensor<1x4x2xf32>)
  return %o, %dq, %dk, %dv : tensor<1x0x2xf32>, tensor<1x0x3xf32>, tensor<1x4x3xf32>, tensor<1x4x2xf32>
}
func.func @nobody(%q: tensor<1x0x3xf32>, %k: tensor<1x4x3xf32>, %v: tensor<1x4x2xf32>) -> tensor<1x0x2xf32> {
  %o, %l = weft.attention "bid,bjd->bij", "bij,bje->bie", %q, %k, %v {
  ^bb0(%x: tensor<1x0x4xf32>):
    weft.yield %x : tensor<1x0x4xf32>
  } : (tensor<1x0x3xf32>, tensor<1x4x3xf32>, tensor<1x4x2xf32>) -> (tensor<1x0x2xf32>, tensor<1x0xf32>)
  return %o : tensor<1x0x2xf32>
}
// Sizes that a run tells, and a length of its own for each of the batch; written out, so that the reference computes the parts.
!qr = tensor<?x?x8xf32, #weft.dims<[B in 0 to 4, T in 0 to 200] (B, T, 8)>>
!sr = tensor<?x?x?xf32, #weft.dims<[B in 0 to 4, T in 0 to 200] (B, T, T)>>
!ir = tensor<?x?x?xi32, #weft.dims<[B in 0 to 4, T in 0 to 200] (B, T, T)>>
!pr = tensor<?x?x?xi1, #weft.dims<[B in 0 to 4, T in 0 to 200] (B, T, T)>>
!nr = tensor<?xi32, #weft.dims<[B in 0 to 4] (B)>>
func.func @lengths(%q: !qr {weft.input = "3x131x8xf32=normal:1"}, %k: !qr {weft.input = "3x131x8xf32=normal:1"}, %v: !qr {weft.input = "3x131x8xf32=normal:1"},
                   %n: !nr {weft.input = "3xi32=131,0,17"}, %c: !qr {weft.input = "3x131x8xf32=normal:1"}) -> (!qr, !qr, !qr, !qr) attributes {weft.tolerance = 1.6e-5} {
  %x = weft.contract "bid,bjd->bij", %q, %k : (!qr, !qr) -> !sr
  %j = weft.iota 2 : !ir
  %w = weft.broadcast %n [0] : (!nr) -> !ir
  %p = weft.compare LT, %j, %w : !ir
  %none = weft.constant dense<0xFF800000> : tensor<f32>
  %f = weft.broadcast %none [] : (tensor<f32>) -> !sr
  %y = weft.select %p, %x, %f : !pr, !sr
  %m = weft.softmax %y 2 : !sr
  %o = weft.contract "bij,bjd->bid", %m, %v : (!sr, !qr) -> !qr
  %dq, %dk, %dv = weft.grad of %o with %c wrt %q, %k, %v : (!qr, !qr, !qr, !qr, !qr) -> (!qr, !qr, !qr)
  return %o, %dq, %dk, %dv : !qr, !qr, !qr, !qr
}
// A row of scores that is -inf entirely has a result of zeros; huge scores neither overflow nor vanish.
func.func @special(%q: tensor<3x1xf32> {weft.input = "3x1xf32=1e30,-1e30,0"}, %k: tensor<4x1xf32> {weft.input = "4x1xf32=1,1,0.5,-1"}, %v: tensor<4x2xf32>, %c: tensor<3x2xf32>) -> (tensor<3x2xf32>, tensor<4x2xf32>) {
  %o, %l = weft.attention "id,jd->ij", "ij,je->ie", %q, %k, %v {
  ^bb0(%x: tensor<3x4xf32>):
    %i = weft.iota 0 : tensor<3x4xi32>
    %two = weft.constant dense<2> : tensor<3x4xi32>
    %p = weft.compare LT, %i, %two : tensor<3x4xi32>
    %none = weft.constant dense<0xFF800000> : tensor<3x4xf32>
    %y = weft.select %p, %x, %none : tensor<3x4xi1>, tensor<3x4xf32>
    weft.yield %y : tensor<3x4xf32>
  } : (tensor<3x1xf32>, tensor<4x1xf32>, tensor<4x2xf32>) -> (tensor<3x2xf32>, tensor<3xf32>)
  %dv = weft.grad of %o with %c wrt %v : (tensor<3x2xf32>, tensor<3x2xf32>, tensor<4x2xf32>) -> tensor<4x2xf32>
  return %o, %dv : tensor<3x2xf32>, tensor<4x2xf32>
}
