// RUN: weft-opt %s --emit-kernels | FileCheck %s

// A loop over pairs of rows; in it one loop for the largest, which asks for the lines that will be stored, one that keeps the exponentials in a row on the stack and adds them up, one that reads
// them back. Each runs in 4 vectors, single vectors, quarters of one, then one by one; here 70 = 64 + 4 + 2.
// CHECK-LABEL: func.func private @softmax
// CHECK: %[[ROW:.*]] = memref.alloca() {alignment = 64 : i64} : memref<70xf32>
// CHECK: %[[NEXT:.*]] = memref.alloca() {alignment = 64 : i64} : memref<70xf32>
// CHECK: scf.for
// CHECK: scf.for {{.*}} iter_args
// CHECK-COUNT-8: arith.maxsi {{.*}} vector<16xi32>
// CHECK: memref.prefetch %arg1[{{.*}}], write
// CHECK: arith.maxsi {{.*}} vector<4xi32>
// CHECK: scf.for {{.*}} iter_args
// CHECK: %[[E:.*]] = math.exp {{.*}} vector<16xf32>
// CHECK: vector.store %[[E]], %[[ROW]]
// CHECK: arith.addf %{{.*}}, %[[E]] : vector<16xf32>
// CHECK: vector.store %{{.*}}, %[[NEXT]]
// CHECK: vector.load %[[ROW]]
// CHECK-NOT: math.exp
// CHECK: vector.load %[[NEXT]]
// CHECK: vector.store {{.*}}, %arg1
loom.kernel @softmax {
^bb0(%x: tensor<8x70xf32>):
  %m = weft.reduce_max %x [1] : (tensor<8x70xf32>) -> tensor<8xf32>
  %mb = weft.broadcast %m [0] : (tensor<8xf32>) -> tensor<8x70xf32>
  %d = weft.sub %x, %mb : tensor<8x70xf32>
  %e = weft.exp %d : tensor<8x70xf32>
  %s = weft.reduce_sum %e [1] : (tensor<8x70xf32>) -> tensor<8xf32>
  %sb = weft.broadcast %s [0] : (tensor<8xf32>) -> tensor<8x70xf32>
  %y = weft.div %e, %sb : tensor<8x70xf32>
  loom.yield %y : tensor<8x70xf32>
}

// Of an odd number of rows the last one is its own neighbour: computed and stored twice. What repeats for every row is read once for both.
// CHECK-LABEL: func.func private @odd
// CHECK: arith.minsi
// CHECK: %[[G:.*]] = vector.load %arg1{{.*}} vector<16xf32>
// CHECK-NOT: vector.load %arg1
// CHECK: arith.mulf %{{.*}}, %[[G]]
// CHECK-NOT: vector.load %arg1
// CHECK: arith.mulf %{{.*}}, %[[G]]
// CHECK: vector.store
// CHECK: vector.store
loom.kernel @odd {
^bb0(%x: tensor<7x16xf32>, %g: tensor<16xf32>):
  %q = weft.mul %x, %x : tensor<7x16xf32>
  %s = weft.reduce_sum %q [1] : (tensor<7x16xf32>) -> tensor<7xf32>
  %r = weft.sqrt %s : tensor<7xf32>
  %rb = weft.broadcast %r [0] : (tensor<7xf32>) -> tensor<7x16xf32>
  %gb = weft.broadcast %g [1] : (tensor<16xf32>) -> tensor<7x16xf32>
  %n = weft.div %x, %rb : tensor<7x16xf32>
  %y = weft.mul %n, %gb : tensor<7x16xf32>
  loom.yield %y : tensor<7x16xf32>
}

// Two reductions of the same elements share one loop; one number a row is stored after it.
// CHECK-LABEL: func.func private @both
// CHECK: scf.for {{.*}}
// CHECK: scf.for {{.*}} iter_args
// CHECK: arith.addf
// CHECK: arith.maxsi
// CHECK: memref.store {{.*}}, %arg1
// CHECK: memref.store {{.*}}, %arg2
// CHECK-NOT: scf.for
loom.kernel @both {
^bb0(%x: tensor<8x5x64xf32>):
  %s = weft.reduce_sum %x [2] : (tensor<8x5x64xf32>) -> tensor<8x5xf32>
  %m = weft.reduce_max %x [2] : (tensor<8x5x64xf32>) -> tensor<8x5xf32>
  loom.yield %s, %m : tensor<8x5xf32>, tensor<8x5xf32>
}
