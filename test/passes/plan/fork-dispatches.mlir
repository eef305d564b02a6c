// RUN: weft-opt %s --weft-to-loom --split-input-file | FileCheck %s
// RUN: weft-opt %s --weft-to-loom --split-input-file --print-plan -o %t | FileCheck %s --check-prefix=PLAN

!m = tensor<64x64xf32>
!n = tensor<32x64xf32>
!s = tensor<f32>

// Both updates wait for the length of all gradients together, and then run together. The second sum of squares is added to the first, and waits.
// CHECK-LABEL: func.func @clipped
// CHECK: (%arg1) places [#loom.arena<{{.*}}>] :
// CHECK: (%arg3, %{{.*}}) places [#loom.arena<{{.*}}>] :
// CHECK: (%arg0, %arg1, {{.*}}) places [#loom.output<index = 0, input = 0>] fork 0
// CHECK: (%arg2, %arg3, {{.*}}) places [#loom.output<index = 1, input = 2>] fork 0
// PLAN: plan of @clipped: 4 dispatches in 3 forks
// PLAN: 2 {{ *}}@map{{.*}} output 0, which is input 0
// PLAN: 3 {{ *}}+ @map{{.*}} output 1, which is input 2
func.func @clipped(%w: !m, %g: !m, %b: !n, %h: !n) -> (!m {weft.updates = 0 : i64}, !n {weft.updates = 2 : i64}) {
  %gg = weft.mul %g, %g : !m
  %hh = weft.mul %h, %h : !n
  %p = weft.reduce_sum %gg [0, 1] : (!m) -> !s
  %q = weft.reduce_sum %hh [0, 1] : (!n) -> !s
  %l = weft.add %p, %q : !s
  %f = weft.exp %l : !s
  %fm = weft.broadcast %f [] : (!s) -> !m
  %fn = weft.broadcast %f [] : (!s) -> !n
  %gs = weft.mul %g, %fm : !m
  %hs = weft.mul %h, %fn : !n
  %w1 = weft.sub %w, %gs : !m
  %b1 = weft.sub %b, %hs : !n
  return %w1, %b1 : !m, !n
}

// -----

!m = tensor<64x64xf32>
// Two products of one array, which lives on: together they take what they take anyway. The other two free what they read one after the other, so that
// each can lie where the one before it was read.
// CHECK-LABEL: func.func @products
// CHECK: (%arg0, %arg1) places [#loom.arena<{{.*}}>] fork 0
// CHECK: (%arg0, %arg2) places [#loom.arena<{{.*}}>] fork 0
// CHECK-NOT: fork
// CHECK: return
func.func @products(%x: !m, %a: !m, %b: !m) -> !m {
  %q = weft.contract "bi,ij->bj", %x, %a : (!m, !m) -> !m
  %k = weft.contract "bi,ij->bj", %x, %b : (!m, !m) -> !m
  %q1 = weft.contract "bi,ij->bj", %q, %a : (!m, !m) -> !m
  %k1 = weft.contract "bi,ij->bj", %k, %b : (!m, !m) -> !m
  %y = weft.contract "bc,ci->bi", %q1, %k1 : (!m, !m) -> !m
  return %y : !m
}

// -----

!m = tensor<64x64xf32>
!l = tensor<32x64xf32>
// Each reads the one before it through another shape of its memory, or through rows of it: it waits.
// CHECK-LABEL: func.func @views
// CHECK-COUNT-4: loom.dispatch
// CHECK-NOT: fork
// CHECK: return
func.func @views(%x: !m, %a: !m) -> (!m, tensor<4096xf32>, !l) {
  %q = weft.contract "bi,ij->bj", %x, %a : (!m, !m) -> !m
  %f = weft.reshape %q : (!m) -> tensor<4096xf32>
  %s = weft.reverse %f [0] : tensor<4096xf32>
  %r = weft.reshape %s : (tensor<4096xf32>) -> !m
  %h = weft.slice %r from #weft.dims<(0, 0)> by [1, 1] : (!m) -> !l
  %k = weft.contract "bi,ij->bj", %h, %a : (!l, !m) -> !l
  %p = weft.contract "bi,bj->ij", %h, %k : (!l, !l) -> !m
  return %p, %s, %k : !m, tensor<4096xf32>, !l
}

// -----

!v = tensor<64xf32>
// The second writes over what the first reads.
// CHECK-LABEL: func.func @overwrites
// CHECK-NOT: fork
// CHECK: return
func.func @overwrites(%w: !v, %x: !v) -> (!v {weft.updates = 0 : i64}, !v) {
  %m = weft.exp %w : !v
  %s = weft.reduce_max %m [0] : (!v) -> tensor<f32>
  %y = weft.broadcast %s [] : (tensor<f32>) -> !v
  %w1 = weft.add %w, %x : !v
  return %w1, %y : !v, !v
}

// -----

!v = tensor<64xf32>
// State is written when it is known that the first has raised no error.
// CHECK-LABEL: func.func @raises
// CHECK: loom.dispatch @{{.*}}(%arg1, %arg2)
// CHECK-NOT: fork
// CHECK: return
func.func @raises(%w: !v, %x: !v, %i: tensor<8xi32>) -> (!v {weft.updates = 0 : i64}, tensor<8xf32>) {
  %w1 = weft.mul %w, %w : !v
  %y = weft.take %x at %i along 0 : (!v, tensor<8xi32>) -> tensor<8xf32>
  return %w1, %y : !v, tensor<8xf32>
}
