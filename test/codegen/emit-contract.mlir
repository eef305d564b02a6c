// RUN: weft-opt %s --emit-kernels | FileCheck %s

// The right operand is contiguous in a label of the result: tiles of 8 rows (which divide 64) by two vectors, each element one chain over k.
// CHECK-LABEL: func.func private @across
// CHECK: scf.for {{.*}} iter_args
// CHECK-COUNT-2: vector.load {{.*}} vector<16xf32>
// CHECK-COUNT-16: math.fma
// CHECK-NOT: math.fma
// CHECK: scf.yield
// CHECK: arith.maximumf {{.*}} vector<16xf32>
// CHECK: vector.store
loom.kernel @across {
^bb0(%x: tensor<64x64xf32>, %w: tensor<64x128xf32>, %zero: tensor<64x128xf32>):
  %0 = weft.contract "bi,ij->bj", %x, %w : (tensor<64x64xf32>, tensor<64x128xf32>) -> tensor<64x128xf32>
  %1 = weft.maximum %0, %zero : tensor<64x128xf32>
  loom.yield %1 : tensor<64x128xf32>
}

// Both operands are contiguous in the summed label: lanes along it, then a tree of halves.
// CHECK-LABEL: func.func private @along
// CHECK: vector.load {{.*}} vector<16xf32>
// CHECK: math.fma {{.*}} vector<16xf32>
// CHECK: vector.extract_strided_slice {{.*}} sizes = [8]
// CHECK: vector.extract_strided_slice {{.*}} sizes = [4]
// CHECK: vector.extract_strided_slice {{.*}} sizes = [2]
loom.kernel @along {
^bb0(%x: tensor<64x128xf32>, %w: tensor<64x128xf32>):
  %0 = weft.contract "bj,ij->bi", %x, %w : (tensor<64x128xf32>, tensor<64x128xf32>) -> tensor<64x64xf32>
  loom.yield %0 : tensor<64x64xf32>
}

// Integers wrap.
// CHECK-LABEL: func.func private @integers
// CHECK: arith.muli
// CHECK: arith.addi
loom.kernel @integers {
^bb0(%x: tensor<3x5xi32>, %w: tensor<5x4xi32>):
  %0 = weft.contract "bi,ij->bj", %x, %w : (tensor<3x5xi32>, tensor<5x4xi32>) -> tensor<3x4xi32>
  loom.yield %0 : tensor<3x4xi32>
}
