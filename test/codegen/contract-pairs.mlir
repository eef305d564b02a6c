// RUN: weft-run %s --function=whole --cpu=znver4 --emit-object=%t.o && objdump -d %t.o | FileCheck %s
//
// Products of bf16 on a processor with AVX512-BF16 and no matrix registers: two k at a time, 8 rows by two vectors.

// CHECK-COUNT-16: vdpbf16ps
// CHECK-NOT: vdpbf16ps
func.func @whole(%x: tensor<64x64xbf16>, %w: tensor<64x64xbf16>) -> tensor<64x64xbf16> {
  %0 = weft.contract "mk,kn->mn", %x, %w : (tensor<64x64xbf16>, tensor<64x64xbf16>) -> tensor<64x64xbf16>
  return %0 : tensor<64x64xbf16>
}
