// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Bounds whose products wrapped round: wrong numbers, stacks overwritten, arenas of 2^42 bytes. All are errors of the user
// (1), at every level, compiled or by the reference; what is near the end of 64 bits and fits runs.
//
// RUN: split-file %s %t
// RUN: sh %S/../tools/exits.sh 1 weft-run %t/softmax.mlir --input=7xf32=iota | FileCheck %s --check-prefix=ONE
// RUN: sh %S/../tools/exits.sh 1 weft-run %t/softmax.mlir --input=7xf32=iota --opt=0 | FileCheck %s --check-prefix=ONE
// RUN: sh %S/../tools/exits.sh 1 weft-run %t/softmax.mlir --input=7xf32=iota --target=reference | FileCheck %s --check-prefix=ONE
// ONE: softmax.mlir:2{{.*}}: error: {{.*}}f32 [B] has 18446744073709551616 bytes where B is 4611686018427387904: more than any memory has
// RUN: sh %S/../tools/exits.sh 1 weft-run %t/two.mlir --input=3x3xf32=iota | FileCheck %s --check-prefix=TWO
// TWO: two.mlir:2: error: {{.*}}f32 [B, C] has 18446744073709551616 bytes where B is 2147483648 and C is 2147483648: more than any memory has
// RUN: sh %S/../tools/exits.sh 1 weft-run %t/arena.mlir --input=3x64xf32=iota | FileCheck %s --check-prefix=ARENA
// RUN: sh %S/../tools/exits.sh 1 weft-run %t/arena.mlir --print-plan --opt=0 | FileCheck %s --check-prefix=ARENA
// ARENA: arena.mlir:{{[56]}}: error: the memory of a call would have {{[0-9]+}} bytes, and there are {{[0-9]+}}: the largest value, f32 [B, B] has 1125899906842624 bytes where B is 16777216
// ARENA: note: memory is planned for the largest sizes: give the dimensions smaller bounds
// ARENA-NOT: report
// RUN: weft-run %t/near.mlir --input=3xi8=1,2,3 | FileCheck %s --check-prefix=NEAR
// NEAR: 3xi8=-1,-2,-3
// RUN: weft-run %t/folded.mlir --input=3xf32=1,2,3 | FileCheck %s --check-prefix=FOLDED
// FOLDED: f32=1536

//--- softmax.mlir
!t = tensor<?xf32, #weft.dims<[B in 0 to 4611686018427387904] (B)>>
func.func @softmax(%x: !t) -> !t {
  %e = weft.exp %x : !t
  %s = weft.reduce_sum %e [0] : (!t) -> tensor<f32>
  %b = weft.broadcast %s [] : (tensor<f32>) -> !t
  %y = weft.div %e, %b : !t
  return %y : !t
}
//--- two.mlir
!u = tensor<?x?xf32, #weft.dims<[B in 1 to 2147483648, C in 1 to 2147483648] (B, C)>>
func.func @two(%x: !u) -> !u {
  %y = weft.softmax %x 1 : !u
  return %y : !u
}
//--- arena.mlir
!v = tensor<?x64xf32, #weft.dims<[B in 1 to 16777216] (B, 64)>>
!p = tensor<?x?xf32, #weft.dims<[B in 1 to 16777216] (B, B)>>
!r = tensor<?xf32, #weft.dims<[B in 1 to 16777216] (B)>>
func.func @arena(%x: !v) -> !r {
  %all = weft.contract "ik,jk->ij", %x, %x : (!v, !v) -> !p
  %c = weft.cos %all : !p
  %s = weft.reduce_sum %c [1] : (!p) -> !r
  return %s : !r
}
//--- near.mlir
!n = tensor<?xi8, #weft.dims<[B in 1 to 72057594037927936] (B)>>
func.func @near(%x: !n) -> !n {
  %y = weft.neg %x : !n
  return %y : !n
}
//--- folded.mlir
// 2^40 bytes at the bounds that are never in memory.
!w = tensor<?xf32, #weft.dims<[B in 1 to 1073741824] (B)>>
!m = tensor<?x256xf32, #weft.dims<[B in 1 to 1073741824] (B, 256)>>
func.func @folded(%x: !w) -> tensor<f32> {
  %y = weft.broadcast %x [0] : (!w) -> !m
  %s = weft.reduce_sum %y [0, 1] : (!m) -> tensor<f32>
  return %s : tensor<f32>
}
