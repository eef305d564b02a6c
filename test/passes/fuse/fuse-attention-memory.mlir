// RUN: weft-opt %s --weft-to-loom | FileCheck %s
//
// Attention over 4096 positions, causal, with a bias out of a table, and its gradient by all: neither direction has memory for all scores, which would be
// 64 MiB for each head. What there is between the kernels is linear in the length: results, sums, a few numbers of each row.

!x = tensor<2x4096x16xf32>
!s = tensor<2x4096x4096xf32>
!i = tensor<4096x4096xi32>

// CHECK-LABEL: func.func @step
// CHECK-SAME: loom.plan = #loom.plan<arena = {{[0-9]?[0-9]?[0-9]?[0-9]?[0-9]?[0-9]?[0-9]}}, least = {{[0-9]+}}>
// CHECK-NOT: dispatch{{.*}}4096x4096
// CHECK: dispatch @attention_
// CHECK-NOT: dispatch{{.*}}4096x4096
// CHECK: dispatch @attention_grad_
// CHECK-NOT: dispatch{{.*}}4096x4096
// CHECK: return
func.func @step(%q: !x, %k: !x, %v: !x, %table: tensor<2x8191xf32>, %c: !x) -> (!x, !x, !x, !x, tensor<2x8191xf32>) {
  %p = weft.contract "hid,hjd->hij", %q, %k : (!x, !x) -> !s
  %i = weft.iota 0 : !i
  %j = weft.iota 1 : !i
  %d = weft.sub %i, %j : !i
  %most = weft.constant dense<4095> : !i
  %r = weft.add %d, %most : !i
  %t = weft.take %table at %r along 1 : (tensor<2x8191xf32>, !i) -> !s
  %b = weft.add %p, %t : !s
  %g = weft.compare GE, %i, %j : !i
  %m = weft.broadcast %g [1, 2] : (tensor<4096x4096xi1>) -> tensor<2x4096x4096xi1>
  %none = weft.constant dense<0xFF800000> : !s
  %w = weft.select %m, %b, %none : tensor<2x4096x4096xi1>, !s
  %y = weft.softmax %w 2 : !s
  %o = weft.contract "hij,hjd->hid", %y, %v : (!s, !x) -> !x
  %dq, %dk, %dv, %dt = weft.grad of %o with %c wrt %q, %k, %v, %table : (!x, !x, !x, !x, !x, tensor<2x8191xf32>) -> (!x, !x, !x, tensor<2x8191xf32>)
  return %o, %dq, %dk, %dv, %dt : !x, !x, !x, !x, tensor<2x8191xf32>
}

// Dropout of the weights: the numbers are drawn where they are used, forward and again backward.
// CHECK-LABEL: func.func @dropout
// CHECK-NOT: dispatch{{.*}}2049x2049
// CHECK: dispatch @attention_
// CHECK-NOT: dispatch{{.*}}2049x2049
// CHECK: dispatch @attention_grad_
// CHECK-NOT: dispatch{{.*}}2049x2049
// CHECK: return
func.func @dropout(%q: tensor<2049x4xf16>, %k: tensor<2049x4xf16>, %v: tensor<2049x4xf16>, %key: tensor<2xi32>, %c: tensor<2049x4xf16>)
    -> (tensor<2049x4xf16>, tensor<2049x4xf16>) {
  %p = weft.contract "id,jd->ij", %q, %k : (tensor<2049x4xf16>, tensor<2049x4xf16>) -> tensor<2049x2049xf16>
  %y = weft.softmax %p 1 : tensor<2049x2049xf16>
  %u = weft.random_uniform %key : (tensor<2xi32>) -> tensor<2049x2049xf32>
  %rate = weft.constant dense<0.25> : tensor<2049x2049xf32>
  %stays = weft.compare GE, %u, %rate : tensor<2049x2049xf32>
  %more = weft.constant dense<1.333333> : tensor<2049x2049xf16>
  %scaled = weft.mul %y, %more : tensor<2049x2049xf16>
  %zero = weft.constant dense<0.0> : tensor<2049x2049xf16>
  %d = weft.select %stays, %scaled, %zero : tensor<2049x2049xi1>, tensor<2049x2049xf16>
  %o = weft.contract "ij,jd->id", %d, %v : (tensor<2049x2049xf16>, tensor<2049x4xf16>) -> tensor<2049x4xf16>
  %dq = weft.grad of %o with %c wrt %q : (tensor<2049x4xf16>, tensor<2049x4xf16>, tensor<2049x4xf16>) -> tensor<2049x4xf16>
  return %o, %dq : tensor<2049x4xf16>, tensor<2049x4xf16>
}

// Two numbers for each row of each head are all that there is between the forward pass and the gradient: memory grows with the length, not with its square.
// CHECK-LABEL: func.func @length_2048
// CHECK-SAME: #loom.plan<arena = 131072, least = 131072>
func.func @length_2048(%q: tensor<8x2048x64xf32>, %k: tensor<8x2048x64xf32>, %v: tensor<8x2048x64xf32>, %c: tensor<8x2048x64xf32>) -> (tensor<8x2048x64xf32>, tensor<8x2048x64xf32>, tensor<8x2048x64xf32>, tensor<8x2048x64xf32>) {
  %p = weft.contract "hid,hjd->hij", %q, %k : (tensor<8x2048x64xf32>, tensor<8x2048x64xf32>) -> tensor<8x2048x2048xf32>
  %y = weft.softmax %p 2 : tensor<8x2048x2048xf32>
  %o = weft.contract "hij,hjd->hid", %y, %v : (tensor<8x2048x2048xf32>, tensor<8x2048x64xf32>) -> tensor<8x2048x64xf32>
  %dq, %dk, %dv = weft.grad of %o with %c wrt %q, %k, %v : (tensor<8x2048x64xf32>, tensor<8x2048x64xf32>, tensor<8x2048x64xf32>, tensor<8x2048x64xf32>, tensor<8x2048x64xf32>) -> (tensor<8x2048x64xf32>, tensor<8x2048x64xf32>, tensor<8x2048x64xf32>)
  return %o, %dq, %dk, %dv : tensor<8x2048x64xf32>, tensor<8x2048x64xf32>, tensor<8x2048x64xf32>, tensor<8x2048x64xf32>
}

// CHECK-LABEL: func.func @length_16384
// CHECK-SAME: #loom.plan<arena = 1048576, least = 1048576>
func.func @length_16384(%q: tensor<8x16384x64xf32>, %k: tensor<8x16384x64xf32>, %v: tensor<8x16384x64xf32>, %c: tensor<8x16384x64xf32>) -> (tensor<8x16384x64xf32>, tensor<8x16384x64xf32>, tensor<8x16384x64xf32>, tensor<8x16384x64xf32>) {
  %p = weft.contract "hid,hjd->hij", %q, %k : (tensor<8x16384x64xf32>, tensor<8x16384x64xf32>) -> tensor<8x16384x16384xf32>
  %y = weft.softmax %p 2 : tensor<8x16384x16384xf32>
  %o = weft.contract "hij,hjd->hid", %y, %v : (tensor<8x16384x16384xf32>, tensor<8x16384x64xf32>) -> tensor<8x16384x64xf32>
  %dq, %dk, %dv = weft.grad of %o with %c wrt %q, %k, %v : (tensor<8x16384x64xf32>, tensor<8x16384x64xf32>, tensor<8x16384x64xf32>, tensor<8x16384x64xf32>, tensor<8x16384x64xf32>) -> (tensor<8x16384x64xf32>, tensor<8x16384x64xf32>, tensor<8x16384x64xf32>)
  return %o, %dq, %dk, %dv : tensor<8x16384x64xf32>, tensor<8x16384x64xf32>, tensor<8x16384x64xf32>, tensor<8x16384x64xf32>
}
