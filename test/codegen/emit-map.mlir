// RUN: weft-opt %s --emit-kernels | FileCheck %s
// RUN: weft-opt %s --emit-kernels=vector-bytes=0 | FileCheck %s --check-prefix=SCALAR

// Equal shapes and elementwise ops only: one long dimension, in vectors and then what is left in halves of one; 35 = 2 * 16 + 2 + 1.
// CHECK-LABEL: func.func private @flat
// CHECK-SAME: memref<35xf32>, {{.*}}memref<35xf32>, {{.*}}index, {{.*}}index, {{.*}}memref<1xi64>
// CHECK-SAME: loom.task = #loom.task<units = <(1)>
// CHECK: vector.load {{.*}} vector<16xf32>
// CHECK: math.tanh {{.*}} vector<16xf32>
// CHECK: vector.store
// CHECK-NOT: vector<8xf32>
// CHECK: math.tanh {{.*}} vector<2xf32>
// CHECK: memref.load
// CHECK: math.tanh {{.*}} f32
// CHECK: memref.store
// SCALAR-LABEL: func.func private @flat
// SCALAR-NOT: vector
// SCALAR: return
loom.kernel @flat {
^bb0(%x: tensor<5x7xf32>):
  %y = weft.tanh %x : tensor<5x7xf32>
  loom.yield %y : tensor<5x7xf32>
}

// Rows of a length that is known at run time have many tails: by quarters of a vector, then one by one.
// CHECK-LABEL: func.func private @rows
// CHECK: math.tanh {{.*}} vector<16xf32>
// CHECK-NOT: vector<8xf32>
// CHECK: math.tanh {{.*}} vector<4xf32>
// CHECK-NOT: vector<2xf32>
// CHECK: math.tanh {{.*}} f32
loom.kernel @rows {
^bb0(%b: tensor<?xf32, #weft.dims<[T in 1 to 50] (T)>>):
  %c = weft.broadcast %b [1] : (tensor<?xf32, #weft.dims<[T in 1 to 50] (T)>>) -> tensor<32x?xf32, #weft.dims<[T in 1 to 50] (32, T)>>
  %s = weft.tanh %c : tensor<32x?xf32, #weft.dims<[T in 1 to 50] (32, T)>>
  loom.yield %s : tensor<32x?xf32, #weft.dims<[T in 1 to 50] (32, T)>>
}

// A bias is loaded along the lanes, a scale for a row once; 16-bit floats compute as f32.
// CHECK-LABEL: func.func private @broadcasts
// CHECK-SAME: loom.task = #loom.task<units = <[B in 1 to 8] (B)>
// CHECK: vector.load {{.*}} : memref<128xi16>, vector<16xi16>
// CHECK: arith.bitcast {{.*}} to vector<16xf32>
// CHECK: vector.load {{.*}} : memref<16xf32>, vector<16xf32>
// CHECK: arith.addf {{.*}} vector<16xf32>
// CHECK: memref.load {{.*}} : memref<8xf32>
// CHECK: vector.broadcast
// CHECK: arith.mulf {{.*}} vector<16xf32>
// CHECK: vector.store
// CHECK-NOT: memref.store
// CHECK: return
loom.kernel @broadcasts {
^bb0(%x: tensor<?x16xbf16, #weft.dims<[B in 1 to 8] (B, 16)>>, %bias: tensor<16xf32>, %scale: tensor<?xf32, #weft.dims<[B in 1 to 8] (B)>>):
  %0 = weft.cast %x : tensor<?x16xbf16, #weft.dims<[B in 1 to 8] (B, 16)>> to tensor<?x16xf32, #weft.dims<[B in 1 to 8] (B, 16)>>
  %1 = weft.broadcast %bias [1] : (tensor<16xf32>) -> tensor<?x16xf32, #weft.dims<[B in 1 to 8] (B, 16)>>
  %2 = weft.add %0, %1 : tensor<?x16xf32, #weft.dims<[B in 1 to 8] (B, 16)>>
  %3 = weft.broadcast %scale [0] : (tensor<?xf32, #weft.dims<[B in 1 to 8] (B)>>) -> tensor<?x16xf32, #weft.dims<[B in 1 to 8] (B, 16)>>
  %4 = weft.mul %2, %3 : tensor<?x16xf32, #weft.dims<[B in 1 to 8] (B, 16)>>
  loom.yield %4 : tensor<?x16xf32, #weft.dims<[B in 1 to 8] (B, 16)>>
}

// A value with many readers is computed once: 2^20 loads otherwise.
// CHECK-LABEL: func.func private @shared
// CHECK-COUNT-20: arith.mulf
// CHECK-NOT: arith.mulf
// CHECK: return
loom.kernel @shared {
^bb0(%x: tensor<16xf32>):
  %0 = weft.mul %x, %x : tensor<16xf32>
  %1 = weft.mul %0, %0 : tensor<16xf32>
  %2 = weft.mul %1, %1 : tensor<16xf32>
  %3 = weft.mul %2, %2 : tensor<16xf32>
  %4 = weft.mul %3, %3 : tensor<16xf32>
  %5 = weft.mul %4, %4 : tensor<16xf32>
  %6 = weft.mul %5, %5 : tensor<16xf32>
  %7 = weft.mul %6, %6 : tensor<16xf32>
  %8 = weft.mul %7, %7 : tensor<16xf32>
  %9 = weft.mul %8, %8 : tensor<16xf32>
  %10 = weft.mul %9, %9 : tensor<16xf32>
  %11 = weft.mul %10, %10 : tensor<16xf32>
  %12 = weft.mul %11, %11 : tensor<16xf32>
  %13 = weft.mul %12, %12 : tensor<16xf32>
  %14 = weft.mul %13, %13 : tensor<16xf32>
  %15 = weft.mul %14, %14 : tensor<16xf32>
  %16 = weft.mul %15, %15 : tensor<16xf32>
  %17 = weft.mul %16, %16 : tensor<16xf32>
  %18 = weft.mul %17, %17 : tensor<16xf32>
  %19 = weft.mul %18, %18 : tensor<16xf32>
  loom.yield %19 : tensor<16xf32>
}

// Results of 32 MiB go past the caches where memory is aligned, and are there before the kernel ends.
// CHECK-LABEL: func.func private @streamed
// CHECK: memref.extract_aligned_pointer_as_index
// CHECK: scf.if
// CHECK: vector.store {{.*}} {alignment = 64 : i64, nontemporal = true}
// CHECK: llvm.fence seq_cst
// CHECK: else
// CHECK: vector.store
// CHECK-NOT: nontemporal
// CHECK: return
loom.kernel @streamed {
^bb0(%x: tensor<8388608xf32>):
  %0 = weft.mul %x, %x : tensor<8388608xf32>
  loom.yield %0 : tensor<8388608xf32>
}


// An operand that is read across its rows comes in squares of 16 vectors, which 64 shuffles turn; what is added lies as it should. No element is
// loaded alone: 2048 is a multiple of 16.
// CHECK-LABEL: func.func private @turned
// CHECK-SAME: loom.task = #loom.task<units = <(32)>
// CHECK: memref.alloca() {alignment = 64 : i64} : memref<4096xf32>
// CHECK-COUNT-16: vector.load %arg0{{.*}} vector<16xf32>
// CHECK-COUNT-64: vector.shuffle
// CHECK-COUNT-16: vector.store {{.*}} memref<4096xf32>
// CHECK-NOT: memref.load
// CHECK: vector.load %{{.*}} : memref<4096xf32>
// CHECK: arith.addf
// CHECK: vector.store {{.*}} %arg2
// CHECK-NOT: memref.load
// CHECK: return
loom.kernel @turned {
^bb0(%x: tensor<2048x2048xf32>, %y: tensor<2048x2048xf32>):
  %0 = weft.transpose %x [1, 0] : tensor<2048x2048xf32>
  %1 = weft.add %0, %y : tensor<2048x2048xf32>
  loom.yield %1 : tensor<2048x2048xf32>
}

// Each lane has a place of its own: one gather.
// CHECK-LABEL: func.func private @picked
// CHECK: vector.gather %arg0{{.*}} vector<16xf32>
loom.kernel @picked {
^bb0(%x: tensor<8x64xf32>, %i: tensor<8x64xi32>):
  %0 = weft.take_along %x at %i along 1 : (tensor<8x64xf32>, tensor<8x64xi32>) -> tensor<8x64xf32>
  loom.yield %0 : tensor<8x64xf32>
}
