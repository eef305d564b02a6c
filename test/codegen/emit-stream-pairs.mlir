// RUN: weft-opt %s --emit-kernels=pairs | FileCheck %s
//
// Few rows of bf16 with an operand too large for the caches, on a processor with an instruction for pairs: pairs of k are put together in registers while
// the operand streams by, and of the rows before. Columns that fill no vector are single products of the same pairs' halves.

// CHECK-LABEL: func.func private @stream
// CHECK-DAG: memref.alloca() {{.*}} : memref<6144xf32>
// CHECK-DAG: %[[PAIRS:.*]] = memref.alloca() {{.*}} : memref<24xi32>
// CHECK: memref.store %{{.*}}, %[[PAIRS]]
// CHECK: memref.prefetch %arg1
// CHECK-COUNT-16: vector.load %arg1{{.*}} vector<16xi16>
// CHECK-COUNT-24: llvm.x86.avx512bf16.dpbf16ps.512
// CHECK-NOT: dpbf16ps
// CHECK: vector.load %arg1{{.*}} vector<8xi16>
// CHECK: math.fma {{.*}} vector<8xf32>
// CHECK-NOT: dpbf16ps
loom.kernel @stream {
^bb0(%x: tensor<3x512xbf16>, %w: tensor<512x2024xbf16>):
  %0 = weft.contract "bi,ij->bj", %x, %w : (tensor<3x512xbf16>, tensor<512x2024xbf16>) -> tensor<3x2024xbf16>
  loom.yield %0 : tensor<3x2024xbf16>
}
