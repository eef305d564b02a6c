// RUN: weft-run %s --function=whole --cpu=znver4 --emit-object=%t.o && objdump -d %t.o | FileCheck %s
// RUN: weft-run %s --function=whole --cpu=znver4 --emit-object=%t.o --no-cache --dump-after=emit 2>&1 | FileCheck %s --check-prefix=EMIT
//
// Products of bf16 on a processor with AVX512-BF16 and no matrix registers: two k at a time, 8 rows by two vectors. Whole tiles go from their registers
// to the result; the interleaved columns alone need memory.

// CHECK-COUNT-16: vdpbf16ps
// CHECK-NOT: vdpbf16ps
// EMIT: memref.alloca() {{.*}}xi32>
// EMIT-NOT: memref.alloca
// EMIT-COUNT-16: llvm.x86.avx512bf16.dpbf16ps.512
// EMIT-COUNT-16: vector.store
// EMIT-NOT: vector.store
func.func @whole(%x: tensor<64x64xbf16>, %w: tensor<64x64xbf16>) -> tensor<64x64xbf16> {
  %0 = weft.contract "mk,kn->mn", %x, %w : (tensor<64x64xbf16>, tensor<64x64xbf16>) -> tensor<64x64xbf16>
  return %0 : tensor<64x64xbf16>
}
