// RUN: weft-opt %s --emit-kernels | FileCheck %s

// The right operand is contiguous in a label of the result: a tile of 8 rows by two vectors, each element one chain over k.
// CHECK-LABEL: func.func private @across
// CHECK-NOT: memref.alloca
// CHECK: scf.for {{.*}} iter_args
// CHECK-COUNT-2: vector.load {{.*}} vector<16xf32>
// CHECK-COUNT-16: math.fma
// CHECK-NOT: math.fma
// CHECK: scf.yield
// CHECK: arith.maximumf {{.*}} vector<16xf32>
// CHECK: vector.store
loom.kernel @across {
^bb0(%x: tensor<8x64xf32>, %w: tensor<64x128xf32>, %zero: tensor<8x128xf32>):
  %0 = weft.contract "bi,ij->bj", %x, %w : (tensor<8x64xf32>, tensor<64x128xf32>) -> tensor<8x128xf32>
  %1 = weft.maximum %0, %zero : tensor<8x128xf32>
  loom.yield %1 : tensor<8x128xf32>
}

// Many rows: the first panel of the right operand (200 by 32) is packed into a scratch by the first tile of 13 rows behind its multiply-adds. The other
// rows read it from there; meanwhile, the next panel is packed into the other half of the scratch, a row for every four k, and what is left of it after
// the last tile.
// CHECK-LABEL: func.func private @block
// CHECK: %[[PACKED:.*]] = memref.alloca() {alignment = 64 : i64} : memref<12800xf32>
// CHECK-NOT: memref.alloca
// CHECK: scf.for {{.*}} iter_args
// CHECK: memref.prefetch %arg1
// CHECK-COUNT-2: vector.load %arg1
// CHECK-COUNT-2: vector.store {{.*}}, %[[PACKED]]
// CHECK-COUNT-26: math.fma
// CHECK: arith.maximumf
// CHECK: vector.store {{.*}}, %arg3
// CHECK: scf.for {{.*}} step %c4 iter_args
// CHECK: memref.prefetch %arg1
// CHECK-COUNT-2: vector.load %arg1
// CHECK-COUNT-2: vector.store {{.*}}, %[[PACKED]]
// CHECK: scf.for {{.*}} iter_args
// CHECK-COUNT-2: vector.load %[[PACKED]]
// CHECK-COUNT-26: math.fma
// CHECK: arith.maximumf
// CHECK: vector.store {{.*}}, %arg3
// CHECK: memref.prefetch %arg1
// CHECK-COUNT-2: vector.load %arg1
// CHECK-COUNT-2: vector.store {{.*}}, %[[PACKED]]
loom.kernel @block {
^bb0(%x: tensor<64x200xf32>, %w: tensor<200x256xf32>, %zero: tensor<64x256xf32>):
  %0 = weft.contract "bi,ij->bj", %x, %w : (tensor<64x200xf32>, tensor<200x256xf32>) -> tensor<64x256xf32>
  %1 = weft.maximum %0, %zero : tensor<64x256xf32>
  loom.yield %1 : tensor<64x256xf32>
}

// A very long sum is computed in two blocks of 864 and 836: sums wait in a scratch, and what follows the sum comes after the last block.
// CHECK-LABEL: func.func private @long_sum
// CHECK-DAG: %[[PACKED:.*]] = memref.alloca() {alignment = 64 : i64} : memref<55296xf32>
// CHECK-DAG: %[[SUMS:.*]] = memref.alloca() {alignment = 64 : i64} : memref<2080xf32>
// CHECK: vector.store {{.*}}, %[[SUMS]]
// CHECK: vector.load %[[SUMS]]
// CHECK: scf.for {{.*}} iter_args
// CHECK: vector.store {{.*}}, %[[SUMS]]
// CHECK: arith.maximumf
// CHECK: vector.store {{.*}}, %arg3
loom.kernel @long_sum {
^bb0(%x: tensor<64x1700xf32>, %w: tensor<1700x128xf32>, %zero: tensor<64x128xf32>):
  %0 = weft.contract "bi,ij->bj", %x, %w : (tensor<64x1700xf32>, tensor<1700x128xf32>) -> tensor<64x128xf32>
  %1 = weft.maximum %0, %zero : tensor<64x128xf32>
  loom.yield %1 : tensor<64x128xf32>
}

// Rows that are computed are staged, those of a tile together: of one k, then of the next. Contiguous in k, they are transposed in squares of registers,
// whose vectors of 16 are stored 12 apart, so that the next one writes over what is too much; the scratch has room for the last one.
// CHECK-LABEL: func.func private @rows_apart
// CHECK-DAG: %[[ROWS:.*]] = memref.alloca() {{.*}} : memref<9616xf32>
// CHECK-DAG: memref.alloca() {{.*}} : memref<6400xf32>
// CHECK-COUNT-12: vector.load %arg0{{.*}} vector<16xi16>
// CHECK-COUNT-64: vector.shuffle
// CHECK-NOT: vector.shuffle
// CHECK-COUNT-16: vector.store {{.*}}, %[[ROWS]]
// CHECK-COUNT-12: memref.load %[[ROWS]]
loom.kernel @rows_apart {
^bb0(%b: tensor<96x100xbf16>, %w: tensor<100x128xf32>):
  %x = weft.cast %b : tensor<96x100xbf16> to tensor<96x100xf32>
  %0 = weft.contract "bi,ij->bj", %x, %w : (tensor<96x100xf32>, tensor<100x128xf32>) -> tensor<96x128xf32>
  loom.yield %0 : tensor<96x128xf32>
}
// Rows that are contiguous in their own label, where the next k may be a page away, are copied: in whole vectors, or in pieces of 8 and 4 if the operand ends.
// CHECK-LABEL: func.func private @rows_together
// CHECK: %[[ROWS:.*]] = memref.alloca() {{.*}} : memref<9616xf32>
// CHECK: memref.prefetch %arg0
// CHECK: %[[X:.*]] = vector.load %arg0{{.*}} vector<16xf32>
// CHECK: vector.store %[[X]], %[[ROWS]]
// CHECK: vector.load %arg0{{.*}} vector<8xf32>
// CHECK: vector.load %arg0{{.*}} vector<4xf32>
// CHECK-COUNT-12: memref.load %[[ROWS]]
loom.kernel @rows_together {
^bb0(%x: tensor<100x96xf32>, %w: tensor<100x128xf32>):
  %0 = weft.contract "ib,ij->bj", %x, %w : (tensor<100x96xf32>, tensor<100x128xf32>) -> tensor<96x128xf32>
  loom.yield %0 : tensor<96x128xf32>
}

// What a kernel keeps stays below 768 KiB, for a thread may have 1 MiB: here staged rows, packed panels and sums that wait, of f64.
// CHECK-LABEL: func.func private @much
// CHECK-DAG: memref.alloca() {{.*}} : memref<51368xf64>
// CHECK-DAG: memref.alloca() {{.*}} : memref<15360xf64>
// CHECK-DAG: memref.alloca() {{.*}} : memref<27392xf64>
// CHECK-NOT: memref.alloca
// CHECK: scf.for
loom.kernel @much {
^bb0(%x: tensor<1700x300xf64>, %w: tensor<1700x1600xf64>):
  %0 = weft.contract "ki,kj->ij", %x, %w : (tensor<1700x300xf64>, tensor<1700x1600xf64>) -> tensor<300x1600xf64>
  loom.yield %0 : tensor<300x1600xf64>
}

// Rows whole pages apart share one set of the nearest cache, which may hold 8 lines: tiles have no more rows than that.
// CHECK-LABEL: func.func private @one_set
// CHECK-COUNT-16: math.fma
// CHECK-NOT: math.fma
// CHECK: scf.yield
loom.kernel @one_set {
^bb0(%x: tensor<64x1024xf32>, %w: tensor<1024x256xf32>):
  %0 = weft.contract "bi,ij->bj", %x, %w : (tensor<64x1024xf32>, tensor<1024x256xf32>) -> tensor<64x256xf32>
  loom.yield %0 : tensor<64x256xf32>
}

// Few rows of an operand too large for the caches: its rows stream by, eight at a time, a line of each, and their products are added to sums in a scratch.
// Each step asks for one line a page ahead.
// CHECK-LABEL: func.func private @stream
// CHECK: %[[SUMS:.*]] = memref.alloca() {alignment = 64 : i64} : memref<3072xf32>
// CHECK: memref.prefetch %arg1
// CHECK-NOT: memref.prefetch
// CHECK-COUNT-8: vector.load %arg1
// CHECK: vector.load %[[SUMS]]
// CHECK-COUNT-24: math.fma
// CHECK: vector.store {{.*}}, %[[SUMS]]
loom.kernel @stream {
^bb0(%x: tensor<3x512xf32>, %w: tensor<512x1024xf32>):
  %0 = weft.contract "bi,ij->bj", %x, %w : (tensor<3x512xf32>, tensor<512x1024xf32>) -> tensor<3x1024xf32>
  loom.yield %0 : tensor<3x1024xf32>
}

// Few rows by panels that were prepared: the panel streams by in its own order, the next one asked for meanwhile, and the rows are staged beside each other.
// CHECK-LABEL: func.func private @few_by_panels
// CHECK: %[[ROWS:.*]] = memref.alloca() {{.*}} : memref<5136xf32>
// CHECK-NOT: memref.alloca
// CHECK: memref.prefetch %arg1
// CHECK-COUNT-2: vector.load %arg1{{.*}} vector<16xf32>
// CHECK: memref.load %[[ROWS]]
// CHECK-COUNT-20: math.fma
loom.kernel @few_by_panels {
^bb0(%x: tensor<10x512xf32>, %w: tensor<32x512x32xf32>):
  %p = weft.unpack %w : (tensor<32x512x32xf32>) -> tensor<512x1024xf32>
  %0 = weft.contract "bi,ij->bj", %x, %p : (tensor<10x512xf32>, tensor<512x1024xf32>) -> tensor<10x1024xf32>
  loom.yield %0 : tensor<10x1024xf32>
}

// Both operands are contiguous in the summed label, and the rows are few: lanes along it, then a tree of halves.
// CHECK-LABEL: func.func private @along
// CHECK: vector.load {{.*}} vector<16xf32>
// CHECK: math.fma {{.*}} vector<16xf32>
// CHECK: vector.extract_strided_slice {{.*}} sizes = [8]
// CHECK: vector.extract_strided_slice {{.*}} sizes = [4]
// CHECK: vector.extract_strided_slice {{.*}} sizes = [2]
loom.kernel @along {
^bb0(%x: tensor<20x128xf32>, %w: tensor<64x128xf32>):
  %0 = weft.contract "bj,ij->bi", %x, %w : (tensor<20x128xf32>, tensor<64x128xf32>) -> tensor<20x64xf32>
  loom.yield %0 : tensor<20x64xf32>
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

// The same with an operand that is contiguous in the summed label, and rows enough to share a panel: 16 by 16 elements are transposed in
// registers, by four rounds of interleaving, while they are packed.
// CHECK-LABEL: func.func private @transposed
// CHECK: %[[PACKED:.*]] = memref.alloca()
// CHECK-COUNT-16: vector.load %arg1{{.*}} vector<16xf32>
// CHECK-COUNT-64: vector.shuffle
// CHECK-NOT: vector.shuffle
// CHECK: vector.store {{.*}}, %[[PACKED]]
// CHECK-COUNT-24: math.fma
loom.kernel @transposed {
^bb0(%x: tensor<96x64xf32>, %w: tensor<64x64xf32>):
  %0 = weft.contract "mk,nk->mn", %x, %w : (tensor<96x64xf32>, tensor<64x64xf32>) -> tensor<96x64xf32>
  loom.yield %0 : tensor<96x64xf32>
}
