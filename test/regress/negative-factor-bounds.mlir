// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: weft-check-ops %s
// RUN: weft-run %s --function=through_arena --print-plan | FileCheck %s
//
// The largest size of a dimension with a negative factor is where its symbol is least: values of 9 - B rows that go through
// the arena, at both ends of B, between values that follow them there.

!b = tensor<?x16xf32, #weft.dims<[B in 1 to 8] (B, 16)>>
!r = tensor<?x16xf32, #weft.dims<[B in 1 to 8] (9 - B, 16)>>
!s = tensor<?xf32, #weft.dims<[B in 1 to 8] (9 - B)>>
// At B = 1 there are 8 rows of 64 bytes.
// CHECK: f32 [{{[^]]*}}9, 16] in arena {{[0-9]+}} + 512
func.func @through_arena(%x: !b {weft.input = "1x16xf32=normal:1"}, %w: tensor<16x16xf32> {weft.input = "16x16xf32=normal:2"}) -> (!r, !s) {
  %whole = weft.contract "bi,ij->j", %x, %w : (!b, tensor<16x16xf32>) -> tensor<16xf32>
  %rows = weft.broadcast %whole [1] : (tensor<16xf32>) -> !r
  %i = weft.iota 0 : !r
  %t = weft.mul %rows, %i : !r
  %c = weft.contract "ri,ij->rj", %t, %w : (!r, tensor<16x16xf32>) -> !r
  %d = weft.contract "ri,ij->rj", %c, %w : (!r, tensor<16x16xf32>) -> !r
  %e = weft.tanh %d : !r
  %f = weft.contract "ri,ij->rj", %e, %w : (!r, tensor<16x16xf32>) -> !r
  %sum = weft.reduce_sum %d [1] : (!r) -> !s
  return %f, %sum : !r, !s
}
!d = tensor<?x16xf32, #weft.dims<[D in 1 to 8] (D, 16)>>
!q = tensor<?x16xf32, #weft.dims<[D in 1 to 8] (9 - D, 16)>>
func.func @at_the_other_end(%x: !d {weft.input = "8x16xf32=normal:3"}, %w: tensor<16x16xf32> {weft.input = "16x16xf32=normal:4"}) -> !q {
  %whole = weft.contract "bi,ij->j", %x, %w : (!d, tensor<16x16xf32>) -> tensor<16xf32>
  %rows = weft.broadcast %whole [1] : (tensor<16xf32>) -> !q
  %c = weft.contract "ri,ij->rj", %rows, %w : (!q, tensor<16x16xf32>) -> !q
  %d = weft.contract "ri,ij->rj", %c, %w : (!q, tensor<16x16xf32>) -> !q
  return %d : !q
}
