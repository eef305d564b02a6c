// RUN: weft-opt %s --weft-to-loom --split-input-file | FileCheck %s
// RUN: weft-opt %s --weft-to-loom --split-input-file --remarks-filter=update-in-place --remark-format=emitRemark 2>&1 >/dev/null | FileCheck %s --check-prefix=WHY

!m = tensor<8x8xf32>

// All that reads the old value and all that may raise an error stands in front of the update, which was written first.
// CHECK-LABEL: func.func @step
// CHECK: loom.dispatch @map_{{.*}}(%arg2, %arg3)
// CHECK: loom.dispatch @contract_{{.*}}(%arg2, %arg0) places [#loom.output<index = 1>]
// CHECK: loom.dispatch @map_{{.*}}(%arg0, %arg1) places [#loom.output<index = 0, input = 0>]
// WHY-NOT: remark
func.func @step(%w: !m, %g: !m, %x: !m, %i: tensor<4xi32>) -> (!m {weft.updates = 0 : i64}, !m, tensor<4x8xf32>) {
  %v = weft.sub %w, %g : !m
  %y = weft.contract "bi,ij->bj", %x, %w : (!m, !m) -> !m
  %r = weft.take %x at %i along 0 : (!m, tensor<4xi32>) -> tensor<4x8xf32>
  return %v, %y, %r : !m, !m, tensor<4x8xf32>
}

// -----

!m = tensor<8x8xf32>
// The update is the epilogue of its gradient's contraction, and the gradient of the input reads the old weights before.
// CHECK-LABEL: func.func @epilogue
// CHECK: loom.dispatch @contract_{{.*}}(%arg2, %arg0) places [#loom.output<index = 1>]
// CHECK: loom.dispatch @contract_{{.*}}(%arg1, %arg2, %arg0) places [#loom.output<index = 0, input = 0>]
func.func @epilogue(%w: !m, %x: !m, %g: !m) -> (!m {weft.updates = 0 : i64}, !m) {
  %gw = weft.contract "bi,bj->ij", %x, %g : (!m, !m) -> !m
  %v = weft.sub %w, %gw : !m
  %gx = weft.contract "bj,ij->bi", %g, %w : (!m, !m) -> !m
  return %v, %gx : !m, !m
}

// -----

!v = tensor<8xf32>
// Each is read when the other is there already: one of the two is in place.
// CHECK-LABEL: func.func @swap
// CHECK: loom.dispatch @map_{{.*}}(%arg0) places [#loom.output<index = 1>]
// CHECK: loom.dispatch @map_{{.*}}(%arg1) places [#loom.output<index = 0, input = 0>]
func.func @swap(%a: !v {weft.name = "a"}, %b: !v {weft.name = "b"}) -> (!v {weft.updates = 0 : i64}, !v {weft.updates = 1 : i64}) {
// WHY: update-in-place.mlir:[[#@LINE+1]]:3: remark: {{.*}}Reason="the old value is read when the new one is there already at {{.*}}", Remark="b is not updated in place
  return %b, %a : !v, !v
}

// -----

!m = tensor<8x8xf32>
// The kernel reads rows of the old value while it writes others.
// CHECK-LABEL: func.func @moves
// CHECK: places [#loom.output<index = 0>]
func.func @moves(%w: !m {weft.name = "w"}) -> (!m {weft.updates = 0 : i64}) {
// WHY: update-in-place.mlir:[[#@LINE+1]]:8: remark: {{.*}}Reason="its kernel reads the old value at other positions than the one that it writes", Remark="w is not updated in place
  %t = weft.transpose %w [1, 0] : !m
  return %t : !m
}

// -----

!v = tensor<8xf32>
// What is computed of the new value may raise an error: too late.
// CHECK-LABEL: func.func @error_after
// CHECK: places [#loom.output<index = 0>]
func.func @error_after(%w: !v {weft.name = "w"}, %g: !v, %i: tensor<8xi32>) -> (!v {weft.updates = 0 : i64}, !v) {
// WHY: remark: {{.*}}Reason="an error may be raised when it is written already at {{.*}}update-in-place.mlir:[[#@LINE+2]]", Remark="w is not updated in place
  %v = weft.exp %w : !v
  %r = weft.take %v at %i along 0 : (!v, tensor<8xi32>) -> !v
  return %v, %r : !v, !v
}

// -----

!m = tensor<16x8xf32>
// The scatter checks what the gather has checked: it raises nothing new, so the update of %w does not wait for it.
// CHECK-LABEL: func.func @scatter
// CHECK: loom.dispatch @map_{{.*}}(%arg0, %arg2)
// CHECK: loom.dispatch @map_{{.*}}(%arg1) places [#loom.output<index = 1, input = 1>]
func.func @scatter(%table: !m, %w: !m, %i: tensor<4xi32>) -> (tensor<4x8xf32>, !m {weft.updates = 1 : i64}, !m) {
  %r = weft.take %table at %i along 0 : (!m, tensor<4xi32>) -> tensor<4x8xf32>
  %w1 = weft.mul %w, %w : !m
  %zero = weft.constant dense<0.0> : !m
  %g = weft.scatter_add %w1 at %i add %r along 0 : (!m, tensor<4xi32>, tensor<4x8xf32>) -> !m
  return %r, %w1, %g : tensor<4x8xf32>, !m, !m
}

// -----

!v = tensor<8xf32>
// Nothing changes: no work where the memory is one.
// CHECK-LABEL: func.func @same
// CHECK: loom.dispatch @map_0(%arg0) places [#loom.output<index = 0, input = 0>] unchanged
func.func @same(%a: !v) -> (!v {weft.updates = 0 : i64}) {
  return %a : !v
}

// -----

!v = tensor<4xf32>
// A loop's result is a copy of its carry: the old value is read by the loop alone, in front of it.
// CHECK-LABEL: func.func @loop
// CHECK: weft.scan
// CHECK: loom.dispatch @{{.*}} places [#loom.output<index = 0, input = 0>]
func.func @loop(%a: !v) -> (!v {weft.updates = 0 : i64}) {
  %l = weft.scan #weft.dims<(3)> carry(%a) over() {
  ^bb0(%t: tensor<i32>, %c: !v):
    %n = weft.exp %c : !v
    weft.yield %n : !v
  } : (!v) -> !v
  return %l : !v
}

// -----

!v = tensor<4xf32>
!m = tensor<3x4xf32>
// What a loop stacks is written step by step, and a loop may be left before its last.
// CHECK-LABEL: func.func @stacked
// CHECK: loom.places = [{{.*}}#loom.output<index = 0>
// WHY: remark: {{.*}}Reason="a loop makes it, which may end half-way", Remark="argument 0 is not updated in place
func.func @stacked(%a: !m, %x: !v) -> (!m {weft.updates = 0 : i64}) {
  %l, %s = weft.scan #weft.dims<(3)> carry(%x) over() {
  ^bb0(%t: tensor<i32>, %c: !v):
    %n = weft.exp %c : !v
    weft.yield %n, %n : !v, !v
  } : (!v) -> (!v, !m)
  return %s : !m
}

// -----

!v = tensor<4xf32>
// A branch writes in place what it changes, behind its own readers, and has nothing to do for what it does not.
// CHECK-LABEL: func.func @branch
// CHECK: weft.cond
// CHECK: loom.dispatch @[[SUM:reduce_sum_[0-9]+]](%arg0)
// CHECK: loom.dispatch @{{.*}}(%arg0, {{.*}}) places [#loom.yielded<index = 0>]
// CHECK: else
// CHECK: loom.dispatch @{{.*}}(%arg0) places [#loom.yielded<index = 0>] {{.*}}unchanged
// CHECK: loom.places = [#loom.output<index = 0, input = 0>, #loom.output<index = 1>]
func.func @branch(%a: !v, %x: !v, %p: tensor<i1>) -> (!v {weft.updates = 0 : i64}, tensor<f32>) {
  %r, %q = weft.cond %p then {
    %e = weft.mul %a, %x : !v
    %y = weft.sin %a : !v
    %s = weft.reduce_sum %y [0] : (!v) -> tensor<f32>
    weft.yield %e, %s : !v, tensor<f32>
  } else {
    %zero = weft.constant dense<0.0> : tensor<f32>
    weft.yield %a, %zero : !v, tensor<f32>
  } : (tensor<i1>) -> (!v, tensor<f32>)
  return %r, %q : !v, tensor<f32>
}

// -----

!m = tensor<8x64xf32>
!v = tensor<8xf32>
// A row is read when it is summed and again when it is divided by the sum, which is when the second and the third result are written; the first is
// written before that. Numbers of the row come last.
// CHECK-LABEL: func.func @rows
// CHECK: places [#loom.output<index = 0>, #loom.output<index = 1, input = 1>, #loom.output<index = 2, input = 2>, #loom.output<index = 3, input = 3>]
// WHY: remark: {{.*}}Reason="its kernel reads the old value at other positions than the one that it writes", Remark="argument 0 is not updated in place
func.func @rows(%a: !m, %b: !m, %c: !m, %n: !v) -> (!m {weft.updates = 0 : i64}, !m {weft.updates = 1 : i64}, !m {weft.updates = 2 : i64}, !v {weft.updates = 3 : i64}) {
  %e = weft.exp %a : !m
  %d = weft.mul %a, %c : !m
  %s = weft.reduce_sum %d [1] : (!m) -> !v
  %sn = weft.mul %s, %n : !v
  %t = weft.broadcast %sn [0] : (!v) -> !m
  %x = weft.div %a, %t : !m
  %y = weft.add %b, %x : !m
  %z = weft.sub %c, %y : !m
  %k = weft.add %n, %s : !v
  return %e, %y, %z, %k : !m, !m, !m, !v
}

// -----

!m = tensor<16x8xf32>
!r = tensor<4x8xf32>
// What a branch has checked may not have been checked: the gather behind the update may raise an error.
// CHECK-LABEL: func.func @checked_in_a_branch
// CHECK: loom.dispatch @{{.*}}(%arg2) places [#loom.output<index = 1>]
// WHY: remark: {{.*}}Reason="an error may be raised when it is written already at {{.*}}", Remark="w is not updated in place
func.func @checked_in_a_branch(%p: tensor<i1>, %table: !m, %w: !m {weft.name = "w"}, %i: tensor<4xi32>) -> (!r, !m {weft.updates = 2 : i64}, !r) {
  %r = weft.cond %p then {
    %t = weft.take %table at %i along 0 : (!m, tensor<4xi32>) -> !r
    weft.yield %t : !r
  } else {
    %z = weft.constant dense<0.0> : !r
    weft.yield %z : !r
  } : (tensor<i1>) -> (!r)
  %v = weft.exp %w : !m
  %g = weft.take %v at %i along 0 : (!m, tensor<4xi32>) -> !r
  return %r, %v, %g : !r, !m, !r
}
