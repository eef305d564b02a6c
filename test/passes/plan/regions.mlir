// RUN: weft-opt %s --weft-dispatch --weft-plan | FileCheck %s
//
// Loops and branches in a plan: each region is cut into kernels of its own, a carry goes to and fro between two buffers, slices are read and
// written where they are, and what a region reads from outside lives until its loop ends.

!v = tensor<1024xf32>

// CHECK-LABEL: func.func @scan
// CHECK-SAME: loom.plan = #loom.plan<arena = 8256, least = 
// CHECK-NEXT: %[[L:.*]]:2 = weft.scan <(5)> carry(%arg0) over(%arg1) {
// CHECK-NEXT: ^bb0(%{{.*}}: tensor<i32>, %[[C:.*]]: tensor<1024xf32>, %[[X:.*]]: tensor<1024xf32>):
// CHECK-NEXT: %[[N:.*]]:2 = loom.dispatch @map_{{.*}}(%[[C]], %[[X]]) places [#loom.yielded<index = 0>, #loom.yielded<index = 1>]
// CHECK-NEXT: weft.yield %[[N]]#0, %[[N]]#1
// CHECK-NEXT: } {loom.places = [#loom.arena<offset = {{.*}}, bytes = 4096>, #loom.arena<offset = {{.*}}, bytes = 4096>, #loom.output<index = 1>, #loom.arena<offset = 8192, bytes = 64>]}
// CHECK-NEXT: %{{.*}} = loom.dispatch @map_{{.*}}(%[[L]]#0) places [#loom.output<index = 0>]
func.func @scan(%h: !v, %xs: tensor<5x1024xf32>) -> (!v, tensor<5x1024xf32>) {
  %last, %all = weft.scan #weft.dims<(5)> carry(%h) over(%xs) {
  ^bb0(%t: tensor<i32>, %c: !v, %x: !v):
    %s = weft.add %c, %x : !v
    %n = weft.tanh %s : !v
    %o = weft.mul %n, %x : !v
    weft.yield %n, %o : !v, !v
  } : (!v, tensor<5x1024xf32>) -> (!v, tensor<5x1024xf32>)
  return %last, %all : !v, tensor<5x1024xf32>
}

// Both branches write the result where the function wants it. A value of one branch and one of the other may share memory.
// CHECK-LABEL: func.func @cond
// CHECK-SAME: loom.plan = #loom.plan<arena = 4096, least = 
// CHECK: weft.cond %arg0 then {
// CHECK: loom.dispatch @{{.*}}(%arg1) places [#loom.arena<offset = 0, bytes = 4096>]
// CHECK: loom.dispatch @contract_{{.*}} places [#loom.yielded<index = 0>]
// CHECK: } else {
// CHECK: loom.dispatch @{{.*}}(%arg1) places [#loom.yielded<index = 0>]
// CHECK: } {loom.places = [#loom.output<index = 0>]}
func.func @cond(%p: tensor<i1>, %x: !v, %w: tensor<1024x1024xf32>) -> !v {
  %y = weft.cond %p then {
    %e = weft.exp %x : !v
    %m = weft.contract "i,ij->j", %e, %w : (!v, tensor<1024x1024xf32>) -> !v
    weft.yield %m : !v
  } else {
    %t = weft.tanh %x : !v
    weft.yield %t : !v
  } : (tensor<i1>) -> !v
  return %y : !v
}

// The plan as text: what regions hold stands below their loop.
// RUN: weft-opt %s --weft-dispatch --weft-plan --print-plan -o /dev/null | FileCheck %s --check-prefix=TEXT
// TEXT: plan of @scan: 2 dispatches
// TEXT-NEXT: 0  scan {{.*}}5 steps, 1 carries
// TEXT-NEXT: 1    @map_1 {{.*}} in what is yielded, 0, {{.*}} in what is yielded, 1
// TEXT-NEXT: 2  @map_0 {{.*}} in output 0
