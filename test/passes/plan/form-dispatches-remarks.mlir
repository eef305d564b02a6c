// RUN: weft-opt %s --form-dispatches --remarks-filter=form-dispatches --remark-format=emitRemark -o /dev/null 2>&1 | FileCheck %s

// The mean has to be finished before anything is subtracted from what it averages.
// CHECK: remark: [Missed] form-dispatches
// CHECK-SAME: another kernel has to run in between
// CHECK: remark: [Passed] form-dispatches
// CHECK-SAME: computed where its operand is made
func.func @f(%x: tensor<8x16xf32>, %w: tensor<16x4xf32>) -> (tensor<8x4xf32>, tensor<8xf32>) {
  %h = weft.contract "bi,ij->bj", %x, %w : (tensor<8x16xf32>, tensor<16x4xf32>) -> tensor<8x4xf32>
  %s = weft.reduce_sum %h [1] : (tensor<8x4xf32>) -> tensor<8xf32>
  %r = weft.broadcast %s [0] : (tensor<8xf32>) -> tensor<8x4xf32>
  %c = weft.sub %h, %r : tensor<8x4xf32>
  %e = weft.exp %s : tensor<8xf32>
  return %c, %e : tensor<8x4xf32>, tensor<8xf32>
}
