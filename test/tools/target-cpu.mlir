// RUN: env WEFT_TARGET_CPU=haswell weft-run %s --no-cache --input=64xf32=iota --dump-after=llvm 2>&1 | FileCheck %s
// RUN: not env WEFT_TARGET_CPU=nonsense weft-run %s --no-cache --input=64xf32=iota 2>&1 | FileCheck %s --check-prefix=UNKNOWN
// RUN: env WEFT_TARGET_CPU=nonsense weft-run %s --no-cache --cpu=x86-64 --input=64xf32=iota | FileCheck %s --check-prefix=NAMED
// REQUIRES: avx2

// The environment says which processor "native" means; one that is named stays.
// CHECK-NOT: vector<16xf32>
// CHECK: llvm.fadd {{.*}} : vector<8xf32>
// CHECK-NOT: vector<16xf32>
// UNKNOWN: error: unknown processor 'nonsense' in the environment's WEFT_TARGET_CPU
// NAMED: 64xf32=0,2,4,6
func.func @twice(%x: tensor<64xf32>) -> tensor<64xf32> {
  %y = weft.add %x, %x : tensor<64xf32>
  return %y : tensor<64xf32>
}
