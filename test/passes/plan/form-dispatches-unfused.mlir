// RUN: weft-opt %s --form-dispatches=fuse=false | FileCheck %s

// Every op is a kernel of its own; only what has no operands stays inside its readers.
// CHECK-LABEL: func.func @f
// CHECK-NEXT: %[[M:.*]] = loom.dispatch @map_0(%arg0)
// CHECK-NEXT: %[[E:.*]] = loom.dispatch @map_1(%[[M]])
// CHECK-NEXT: %[[S:.*]] = loom.dispatch @reduce_sum_2(%[[E]])
// CHECK-NEXT: return %[[S]]
func.func @f(%x: tensor<8x16xf32>) -> tensor<8xf32> {
  %c = weft.constant dense<2.0> : tensor<8x16xf32>
  %m = weft.mul %x, %c : tensor<8x16xf32>
  %e = weft.exp %m : tensor<8x16xf32>
  %s = weft.reduce_sum %e [1] : (tensor<8x16xf32>) -> tensor<8xf32>
  return %s : tensor<8xf32>
}
