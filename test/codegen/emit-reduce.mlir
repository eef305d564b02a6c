// RUN: weft-opt %s --emit-kernels | FileCheck %s

// Along the innermost dimension: four accumulators of vectors, a fixed tree, the tail (1000 = 62 * 16 + 8) last; then the epilogue. A sum of
// products is one multiply-add each.
// CHECK-LABEL: func.func private @rows
// CHECK-SAME: loom.task = #loom.task<units = <(3)>
// CHECK: scf.for {{.*}} iter_args
// CHECK-COUNT-4: math.fma {{.*}} vector<16xf32>
// CHECK: vector.extract_strided_slice {{.*}} sizes = [8]
// CHECK: math.sqrt {{.*}} : f32
loom.kernel @rows {
^bb0(%x: tensor<3x1000xf32>):
  %0 = weft.mul %x, %x : tensor<3x1000xf32>
  %1 = weft.reduce_sum %0 [1] : (tensor<3x1000xf32>) -> tensor<3xf32>
  %2 = weft.sqrt %1 : tensor<3xf32>
  loom.yield %2 : tensor<3xf32>
}

// Down the outer dimension: lanes are neighbours of the result.
// CHECK-LABEL: func.func private @columns
// CHECK-SAME: loom.task = #loom.task<units = <(1)>
// CHECK: vector.load {{.*}} vector<16xf32>
// CHECK: arith.addf {{.*}} vector<16xf32>
// CHECK-NOT: extract_strided_slice
// CHECK: vector.store
loom.kernel @columns {
^bb0(%x: tensor<1000x64xf32>):
  %0 = weft.reduce_sum %x [0] : (tensor<1000x64xf32>) -> tensor<64xf32>
  loom.yield %0 : tensor<64xf32>
}

// A long sum is made in blocks of 64 rounds, which a loop around adds up; so are those down an outer dimension.
// CHECK-LABEL: func.func private @long_rows
// CHECK: scf.for {{.*}} step %c4096 iter_args
// CHECK: scf.for {{.*}} step %c64 iter_args
// CHECK-COUNT-4: arith.addf {{.*}} vector<16xf32>
// CHECK: scf.yield
// CHECK-COUNT-4: arith.addf {{.*}} vector<16xf32>
// CHECK: scf.yield
loom.kernel @long_rows {
^bb0(%x: tensor<3x100000xf32>):
  %0 = weft.reduce_sum %x [1] : (tensor<3x100000xf32>) -> tensor<3xf32>
  loom.yield %0 : tensor<3xf32>
}
// CHECK-LABEL: func.func private @long_columns
// CHECK: scf.for {{.*}} step %c64 iter_args
// CHECK: scf.for {{.*}} step %c1 iter_args
loom.kernel @long_columns {
^bb0(%x: tensor<1000x64xf32>):
  %0 = weft.reduce_sum %x [0] : (tensor<1000x64xf32>) -> tensor<64xf32>
  loom.yield %0 : tensor<64xf32>
}
// Nothing rounds where the largest is sought, and no chain is too long for integers.
// CHECK-LABEL: func.func private @largest
// CHECK-NOT: step %c4096
// CHECK: scf.for {{.*}} step %c64 iter_args
// CHECK-LABEL: func.func private @whole
// CHECK-NOT: step %c4096
// CHECK: scf.for {{.*}} step %c64 iter_args
loom.kernel @largest {
^bb0(%x: tensor<3x100000xf32>):
  %0 = weft.reduce_max %x [1] : (tensor<3x100000xf32>) -> tensor<3xf32>
  loom.yield %0 : tensor<3xf32>
}
loom.kernel @whole {
^bb0(%x: tensor<3x100000xi32>):
  %0 = weft.reduce_sum %x [1] : (tensor<3x100000xi32>) -> tensor<3xi32>
  loom.yield %0 : tensor<3xi32>
}
