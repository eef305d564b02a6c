// RUN: weft-opt %s --weft-emit --weft-llvm | FileCheck %s

// Two dispatches of one kernel: a task, a frame, straight-line calls; the number of units follows the symbol.
// CHECK: llvm.func internal @tanh(%{{.*}}: !llvm.ptr {llvm.noalias}
// CHECK-DAG: llvm.func @f_run
// CHECK-DAG: llvm.mlir.global external constant @f_program
// CHECK-DAG: llvm.func @weft_parallel_for
// CHECK-NOT: memrefCopy
// CHECK-NOT: malloc
loom.kernel @tanh {
^bb0(%x: tensor<?x8xf32, #weft.dims<[B in 1 to 16] (B, 8)>>):
  %y = weft.tanh %x : tensor<?x8xf32, #weft.dims<[B in 1 to 16] (B, 8)>>
  loom.yield %y : tensor<?x8xf32, #weft.dims<[B in 1 to 16] (B, 8)>>
}
func.func @f(%x: tensor<?x8xf32, #weft.dims<[B in 1 to 16] (B, 8)>>) -> tensor<?x8xf32, #weft.dims<[B in 1 to 16] (B, 8)>> {
  %0 = loom.dispatch @tanh(%x) places [#loom.arena<offset = 0, bytes = 512>]
    : (tensor<?x8xf32, #weft.dims<[B in 1 to 16] (B, 8)>>) -> tensor<?x8xf32, #weft.dims<[B in 1 to 16] (B, 8)>>
  %1 = loom.dispatch @tanh(%0) places [#loom.output<index = 0>]
    : (tensor<?x8xf32, #weft.dims<[B in 1 to 16] (B, 8)>>) -> tensor<?x8xf32, #weft.dims<[B in 1 to 16] (B, 8)>>
  return %1 : tensor<?x8xf32, #weft.dims<[B in 1 to 16] (B, 8)>>
}
