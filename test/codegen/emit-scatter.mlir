// RUN: weft-opt %s --emit-kernels | FileCheck %s

// An index means a row: a unit makes a list of updates for each of its slices in the workspace, and looks at 16 indices at a
// time. Sums of narrow types are f64, in registers, and rounded when all updates are in.
// CHECK-LABEL: func.func private @rows
// CHECK-SAME: loom.task = #loom.task<units = <(16)>
// CHECK-NOT: memref.alloca
// CHECK: memref.view
// CHECK: vector.load {{.*}} vector<16xi32>
// CHECK: vector.reduction <or>
// CHECK: scf.if
// CHECK: scf.while
// CHECK: arith.addf {{.*}} vector<16xf64>
// CHECK: arith.truncf {{.*}} vector<16xf64> to vector<16xf32>
loom.kernel @rows {
^bb0(%x: tensor<40000x100xbf16>, %i: tensor<300xi32>, %u: tensor<300x100xbf16>):
  %0 = weft.scatter_add %x at %i add %u along 0 : (tensor<40000x100xbf16>, tensor<300xi32>, tensor<300x100xbf16>) -> tensor<40000x100xbf16>
  loom.yield %0 : tensor<40000x100xbf16>
}
// A result that no cache holds: rows that no index means are written past the caches.
// CHECK-LABEL: func.func private @large
// CHECK: vector.store {{.*}}nontemporal = true
// CHECK: llvm.fence
// CHECK-NOT: llvm.fence
loom.kernel @large {
^bb0(%x: tensor<50000x256xf32>, %i: tensor<300xi32>, %u: tensor<300x256xf32>):
  %0 = weft.scatter_add %x at %i add %u along 0 : (tensor<50000x256xf32>, tensor<300xi32>, tensor<300x256xf32>) -> tensor<50000x256xf32>
  loom.yield %0 : tensor<50000x256xf32>
}
// Single elements: sums are in memory of the unit. A long axis is cut.
// CHECK-LABEL: func.func private @elements
// CHECK-SAME: loom.task = #loom.task<units = <(3)>
// CHECK: memref.alloca() {{.*}} memref<16384xf64>
// CHECK: vector.reduction <or>
// CHECK-NOT: scf.while
loom.kernel @elements {
^bb0(%x: tensor<40000xf32>, %i: tensor<300xi32>, %u: tensor<300xf32>):
  %0 = weft.scatter_add %x at %i add %u along 0 : (tensor<40000xf32>, tensor<300xi32>, tensor<300xf32>) -> tensor<40000xf32>
  loom.yield %0 : tensor<40000xf32>
}
// A short one is not, and f64 adds up where the result is.
// CHECK-LABEL: func.func private @short
// CHECK-NOT: vector.reduction
// CHECK-LABEL: func.func private @wide
// CHECK-NOT: memref.alloca
loom.kernel @short {
^bb0(%x: tensor<200xf32>, %i: tensor<300xi32>, %u: tensor<300xf32>):
  %0 = weft.scatter_add %x at %i add %u along 0 : (tensor<200xf32>, tensor<300xi32>, tensor<300xf32>) -> tensor<200xf32>
  loom.yield %0 : tensor<200xf32>
}
loom.kernel @wide {
^bb0(%x: tensor<40000xf64>, %i: tensor<300xi32>, %u: tensor<300xf64>):
  %0 = weft.scatter_add %x at %i add %u along 0 : (tensor<40000xf64>, tensor<300xi32>, tensor<300xf64>) -> tensor<40000xf64>
  loom.yield %0 : tensor<40000xf64>
}
