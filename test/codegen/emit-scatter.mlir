// RUN: weft-opt %s --emit-kernels | FileCheck %s

// Sums of narrow types are f64, in memory of the unit, and rounded when all updates are in. A long axis is cut: units of 256 slices by 64 columns,
// which look at 16 indices at a time.
// CHECK-LABEL: func.func private @rows
// CHECK-SAME: loom.task = #loom.task<units = <(314)>
// CHECK: memref.alloca() {{.*}} memref<16384xf64>
// CHECK: vector.store {{.*}} vector<16xf64>
// CHECK: vector.load {{.*}} vector<16xi32>
// CHECK: vector.reduction <or>
// CHECK: scf.if
// CHECK: arith.addf {{.*}} vector<16xf64>
// CHECK: arith.truncf {{.*}} vector<16xf64> to vector<16xf32>
loom.kernel @rows {
^bb0(%x: tensor<40000x100xbf16>, %i: tensor<300xi32>, %u: tensor<300x100xbf16>):
  %0 = weft.scatter_add %x at %i add %u along 0 : (tensor<40000x100xbf16>, tensor<300xi32>, tensor<300x100xbf16>) -> tensor<40000x100xbf16>
  loom.yield %0 : tensor<40000x100xbf16>
}
// A short one is not, and f64 adds up where the result is.
// CHECK-LABEL: func.func private @short
// CHECK-NOT: vector.reduction
// CHECK-LABEL: func.func private @wide
// CHECK-NOT: memref.alloca
loom.kernel @short {
^bb0(%x: tensor<200x100xf32>, %i: tensor<300xi32>, %u: tensor<300x100xf32>):
  %0 = weft.scatter_add %x at %i add %u along 0 : (tensor<200x100xf32>, tensor<300xi32>, tensor<300x100xf32>) -> tensor<200x100xf32>
  loom.yield %0 : tensor<200x100xf32>
}
loom.kernel @wide {
^bb0(%x: tensor<40000x100xf64>, %i: tensor<300xi32>, %u: tensor<300x100xf64>):
  %0 = weft.scatter_add %x at %i add %u along 0 : (tensor<40000x100xf64>, tensor<300xi32>, tensor<300x100xf64>) -> tensor<40000x100xf64>
  loom.yield %0 : tensor<40000x100xf64>
}
