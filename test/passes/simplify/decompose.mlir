// RUN: weft-opt %s --decompose | FileCheck %s

// CHECK-LABEL: func.func @softmax
// CHECK-NOT: weft.softmax
// CHECK: weft.reduce_max
// CHECK: weft.exp
// CHECK: weft.reduce_sum
// CHECK: return
func.func @softmax(%x: tensor<8x10xf32>) -> tensor<8x10xf32> {
  %0 = weft.softmax %x 1 : tensor<8x10xf32>
  return %0 : tensor<8x10xf32>
}

// A primitive op is left alone.
// CHECK-LABEL: func.func @primitive
// CHECK-NEXT: weft.tanh
// CHECK-NEXT: return
func.func @primitive(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = weft.tanh %x : tensor<4xf32>
  return %0 : tensor<4xf32>
}
