// RUN: weft-opt %s --fuse-attention --cse | FileCheck %s
// RUN: weft-opt %s --fuse-attention --remarks-filter=fuse-attention --remark-format=emitRemark -o /dev/null 2>&1 | FileCheck %s --check-prefix=WHY
//
// What is attention becomes one op, what is not stays, and a remark says why where a reader might expect more.

!x = tensor<2x3x8x4xf32>
!s = tensor<2x3x8x8xf32>
!i = tensor<2x3x8x8xi32>
!b = tensor<2x3x8x8xi1>

// Scale, bias by distance out of a table, causal mask. The table is captured; the index, which stays inside, is part of the program, and is not
// checked any more.
// CHECK-LABEL: @written_out
// CHECK-NOT: weft.softmax
// CHECK: weft.attention "bhid,bhjd->bhij", "bhij,bhja->bhia", %arg0, %arg1, %arg2 captured(%arg3) {
// CHECK-NEXT: ^bb0(%[[X:.*]]: tensor<2x3x8x8xf32>, %[[T:.*]]: tensor<3x15xf32>):
// CHECK: weft.mul %[[X]]
// CHECK: weft.take %[[T]] at %{{.*}} along 1 clip
// CHECK: weft.select
// CHECK: weft.yield
// CHECK: return
// WHY: fuse-attention.mlir:[[#@LINE+17]]:8: remark: [Passed] fuse-attention{{.*}}Remark="attention is computed tile by tile"
func.func @written_out(%q: !x, %k: !x, %v: !x, %table: tensor<3x15xf32>) -> !x {
  %p = weft.contract "bhid,bhjd->bhij", %q, %k : (!x, !x) -> !s
  %scale = weft.constant dense<0.5> : !s
  %a = weft.mul %p, %scale : !s
  %i = weft.iota 0 : tensor<8x8xi32>
  %j = weft.iota 1 : tensor<8x8xi32>
  %d = weft.sub %i, %j : tensor<8x8xi32>
  %seven = weft.constant dense<7> : tensor<8x8xi32>
  %r = weft.add %d, %seven : tensor<8x8xi32>
  %t = weft.take %table at %r along 1 : (tensor<3x15xf32>, tensor<8x8xi32>) -> tensor<3x8x8xf32>
  %u = weft.broadcast %t [1, 2, 3] : (tensor<3x8x8xf32>) -> !s
  %c = weft.add %a, %u : !s
  %g = weft.compare GE, %i, %j : tensor<8x8xi32>
  %m = weft.broadcast %g [2, 3] : (tensor<8x8xi1>) -> !b
  %none = weft.constant dense<0xFF800000> : !s
  %w = weft.select %m, %c, %none : !b, !s
  %y = weft.softmax %w 3 : !s
  %o = weft.contract "bhij,bhjd->bhid", %y, %v : (!s, !x) -> !x
  return %o : !x
}

// Heads behind positions, k turned by the user, the product with the softmax on the right; factors behind the softmax.
// CHECK-LABEL: @turned
// CHECK: weft.attention "bihd,bjhd->bhij", "bhij,bjha->bhia", %arg0, %arg1, %arg2 captured(%arg3) {
// CHECK: weft.yield %{{.*}}, %{{.*}} : tensor<2x3x8x8xf32>, tensor<2x3x8x8xf32>
func.func @turned(%q: tensor<2x8x3x4xf32>, %k: tensor<2x8x3x4xf32>, %v: tensor<2x8x3x4xf32>, %f: tensor<8x8xf32>) -> !x {
  %kt = weft.transpose %k [0, 2, 3, 1] : tensor<2x8x3x4xf32>
  %vt = weft.transpose %v [0, 2, 1, 3] : tensor<2x8x3x4xf32>
  %p = weft.contract "bihd,bhdj->bhij", %q, %kt : (tensor<2x8x3x4xf32>, tensor<2x3x4x8xf32>) -> !s
  %y = weft.softmax %p 3 : !s
  %w = weft.broadcast %f [2, 3] : (tensor<8x8xf32>) -> !s
  %z = weft.mul %y, %w : !s
  %o = weft.contract "xyzd,xyiz->xyid", %vt, %z : (!x, !s) -> !x
  return %o : !x
}

// A value by which a derivative is taken is captured, however large it is: the derivative finds its way through the operand.
// CHECK-LABEL: @by_bias
// CHECK: %[[B:.*]] = weft.tanh
// CHECK: weft.attention "{{.*}}", "{{.*}}", %arg0, %arg1, %arg2 captured(%[[B]])
// CHECK: weft.grad of %{{.*}} with %{{.*}} wrt %[[B]]
func.func @by_bias(%q: !x, %k: !x, %v: !x, %bias: !s) -> !s {
  %p = weft.contract "bhid,bhjd->bhij", %q, %k : (!x, !x) -> !s
  %t = weft.tanh %bias : !s
  %c = weft.add %p, %t : !s
  %y = weft.softmax %c 3 : !s
  %o = weft.contract "bhij,bhjd->bhid", %y, %v : (!s, !x) -> !x
  %g = weft.grad of %o with %q wrt %t : (!x, !x, !s) -> !s
  return %g : !s
}

// Mixed precision as it is usually written: products of bf16, a softmax in f32. All of it is computed in f32, and the casts between the products go.
// CHECK-LABEL: @mixed
// CHECK-DAG: %[[Q:.*]] = weft.cast %arg0 : tensor<2x3x8x4xbf16> to tensor<2x3x8x4xf32>
// CHECK-DAG: %[[K:.*]] = weft.cast %arg1
// CHECK-DAG: %[[V:.*]] = weft.cast %arg2
// CHECK: %[[O:.*]], %{{.*}} = weft.attention "{{.*}}", "{{.*}}", %[[Q]], %[[K]], %[[V]] {
// CHECK-NEXT: ^bb0(%[[X:.*]]: tensor<2x3x8x8xf32>):
// CHECK-NOT: weft.cast
// CHECK: weft.mul %[[X]], %{{.*}} : tensor<2x3x8x8xf32>
// CHECK-NEXT: weft.yield
// CHECK: %[[R:.*]] = weft.cast %[[O]] : tensor<2x3x8x4xf32> to tensor<2x3x8x4xbf16>
// CHECK-NEXT: return %[[R]]
func.func @mixed(%q: tensor<2x3x8x4xbf16>, %k: tensor<2x3x8x4xbf16>, %v: tensor<2x3x8x4xbf16>) -> tensor<2x3x8x4xbf16> {
  %p = weft.contract "bhid,bhjd->bhij", %q, %k : (tensor<2x3x8x4xbf16>, tensor<2x3x8x4xbf16>) -> tensor<2x3x8x8xbf16>
  %w = weft.cast %p : tensor<2x3x8x8xbf16> to !s
  %half = weft.constant dense<0.5> : !s
  %c = weft.mul %w, %half : !s
  %y = weft.softmax %c 3 : !s
  %n = weft.cast %y : !s to tensor<2x3x8x8xbf16>
  %o = weft.contract "bhij,bhjd->bhid", %n, %v : (tensor<2x3x8x8xbf16>, tensor<2x3x8x4xbf16>) -> tensor<2x3x8x4xbf16>
  return %o : tensor<2x3x8x4xbf16>
}

// A rounding of the scores that the user asks for stays.
// CHECK-LABEL: @rounded
// CHECK: ^bb0(%[[X:.*]]: tensor<2x3x8x8xf32>):
// CHECK-NEXT: %[[N:.*]] = weft.cast %[[X]] : tensor<2x3x8x8xf32> to tensor<2x3x8x8xf16>
// CHECK-NEXT: %[[W:.*]] = weft.cast %[[N]] : tensor<2x3x8x8xf16> to tensor<2x3x8x8xf32>
// CHECK-NEXT: weft.yield %[[W]]
func.func @rounded(%q: !x, %k: !x, %v: !x) -> !x {
  %p = weft.contract "bhid,bhjd->bhij", %q, %k : (!x, !x) -> !s
  %n = weft.cast %p : !s to tensor<2x3x8x8xf16>
  %w = weft.cast %n : tensor<2x3x8x8xf16> to !s
  %y = weft.softmax %w 3 : !s
  %o = weft.contract "bhij,bhjd->bhid", %y, %v : (!s, !x) -> !x
  return %o : !x
}

// The map has another reader.
// CHECK-LABEL: @map
// CHECK: weft.softmax
// WHY: fuse-attention.mlir:[[#@LINE+3]]:8: remark: [Missed] fuse-attention{{.*}}Reason="the map of attention is read by more than the product with the values"
func.func @map(%q: !x, %k: !x, %v: !x) -> (!x, !s) {
  %p = weft.contract "bhid,bhjd->bhij", %q, %k : (!x, !x) -> !s
  %y = weft.softmax %p 3 : !s
  %o = weft.contract "bhij,bhjd->bhid", %y, %v : (!s, !x) -> !x
  return %o, %y : !x, !s
}

// An index that may be outside: an error that a tile which is left out would not raise.
// CHECK-LABEL: @may_fail
// CHECK: weft.softmax
// WHY: fuse-attention.mlir:[[#@LINE+5]]:8: remark: [Missed] fuse-attention{{.*}}Reason="take of line [[#@LINE+3]] may raise an error at run time, which a tile that is left out would not"
func.func @may_fail(%q: !x, %k: !x, %v: !x, %table: tensor<15xf32>, %i: !i) -> !x {
  %p = weft.contract "bhid,bhjd->bhij", %q, %k : (!x, !x) -> !s
  %t = weft.take %table at %i along 0 : (tensor<15xf32>, !i) -> !s
  %c = weft.add %p, %t : !s
  %y = weft.softmax %c 3 : !s
  %o = weft.contract "bhij,bhjd->bhid", %y, %v : (!s, !x) -> !x
  return %o : !x
}

// The scores are normalised before the softmax: no program element by element.
// CHECK-LABEL: @scores_read
// CHECK: weft.softmax
// WHY: fuse-attention.mlir:[[#@LINE+6]]:8: remark: [Missed] fuse-attention{{.*}}Reason="reduce_sum of line [[#@LINE+3]] between the product and the softmax is not computed element by element"
func.func @scores_read(%q: !x, %k: !x, %v: !x) -> !x {
  %p = weft.contract "bhid,bhjd->bhij", %q, %k : (!x, !x) -> !s
  %r = weft.reduce_sum %p [3] : (!s) -> tensor<2x3x8xf32>
  %u = weft.broadcast %r [0, 1, 2] : (tensor<2x3x8xf32>) -> !s
  %c = weft.sub %p, %u : !s
  %y = weft.softmax %c 3 : !s
  %o = weft.contract "bhij,bhjd->bhid", %y, %v : (!s, !x) -> !x
  return %o : !x
}

// No attention, and no remark: a classifier, a softmax over heads, and one of which the product sums over queries.
// CHECK-LABEL: @others
// CHECK-COUNT-3: weft.softmax
// CHECK: return
// WHY-NOT: remark
func.func @others(%x: tensor<8x4xf32>, %w: tensor<4x10xf32>, %e: tensor<10x4xf32>, %q: !x, %k: !x, %v: !x) -> (tensor<8x10xf32>, !x) {
  %l = weft.contract "bi,ij->bj", %x, %w : (tensor<8x4xf32>, tensor<4x10xf32>) -> tensor<8x10xf32>
  %y = weft.softmax %l 1 : tensor<8x10xf32>
  %p = weft.contract "bhid,bhjd->bhij", %q, %k : (!x, !x) -> !s
  %z = weft.softmax %p 1 : !s
  %o = weft.contract "bhij,bhjd->bhid", %z, %v : (!s, !x) -> !x
  %p2 = weft.contract "bhid,bhjd->bhij", %k, %q : (!x, !x) -> !s
  %r = weft.softmax %p2 3 : !s
  %n = weft.contract "bhij,bhid->bhjd", %r, %o : (!s, !x) -> !x
  return %y, %n : tensor<8x10xf32>, !x
}
