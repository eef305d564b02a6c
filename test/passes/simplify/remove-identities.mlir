// RUN: weft-opt %s --remove-identities | FileCheck %s

// CHECK-LABEL: func.func @f
// CHECK-NEXT: %[[E:.*]] = weft.exp %arg0
// CHECK-NEXT: return %[[E]]
func.func @f(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = weft.stop_gradient %x : tensor<4xf32>
  %1 = weft.exp %0 : tensor<4xf32>
  %2 = weft.mark %1 "hidden" : tensor<4xf32>
  %3 = weft.copy %2 : tensor<4xf32>
  return %3 : tensor<4xf32>
}
