// RUN: weft-opt %s --weft-dispatch --weft-plan | FileCheck %s --check-prefix=PLAN
// RUN: weft-opt %s --weft-dispatch --weft-plan --weft-emit | FileCheck %s
// RUN: weft-opt %s --weft-dispatch --weft-plan --weft-emit --weft-llvm | FileCheck %s --check-prefix=LLVM

// A kernel of the runtime is called over a task's rows, with a stretch of the workspace for itself; a status other than 0 is the program's.
// PLAN-LABEL: func.func @order
// PLAN: loom.dispatch @sort_{{[0-9]+}}(%arg0) places [#loom.output<index = 0>, #loom.output<index = 1>] workspace <offset = 0, bytes = {{[0-9]+}}>
// CHECK: func.func private @sort_0(%[[X:.*]]: memref<6400xf32>, %{{.*}}: memref<6400xf32>, %{{.*}}: memref<6400xi32>, %{{.*}}: memref<{{[0-9]+}}xi8>, %[[BEGIN:.*]]: index, %[[END:.*]]: index, %[[ERROR:.*]]: memref<1xi64>)
// CHECK: %[[STATUS:.*]] = llvm.call @weft_sort(
// CHECK: arith.cmpi eq, %[[STATUS]]
// CHECK: memref.atomic_rmw minu
// CHECK: llvm.func @weft_sort(!llvm.ptr, i32, !llvm.ptr, i32, !llvm.ptr, i32, i64, i64, i64, !llvm.ptr, i64, i64) -> i32
// LLVM: emit-call.mlir:{{[0-9]+}}: sort: weft_sort of the runtime failed with status %d
func.func @order(%x: tensor<64x100xf32>) -> (tensor<64x100xf32>, tensor<64x100xi32>) {
  %y, %i = weft.sort %x 1 : (tensor<64x100xf32>) -> (tensor<64x100xf32>, tensor<64x100xi32>)
  return %y, %i : tensor<64x100xf32>, tensor<64x100xi32>
}
