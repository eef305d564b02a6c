// RUN: weft-opt %s --fold-constants | FileCheck %s
// RUN: weft-opt %s --fold-constants=limit=1 | FileCheck %s --check-prefix=LIMIT

// CHECK-LABEL: func.func @small
// CHECK: weft.constant dense<[1.000000e+00, 2.000000e+00]>
// CHECK-NOT: weft.sqrt
// LIMIT-LABEL: func.func @small
// LIMIT: weft.sqrt
func.func @small() -> tensor<2xf32> {
  %0 = weft.constant dense<[1.0, 4.0]> : tensor<2xf32>
  %1 = weft.sqrt %0 : tensor<2xf32>
  return %1 : tensor<2xf32>
}

// Results are rounded to their type: 1/3 in bf16.
// CHECK-LABEL: func.func @rounded
// CHECK: weft.constant dense<3.339840e-01> : tensor<bf16>
func.func @rounded() -> tensor<bf16> {
  %0 = weft.constant dense<1.0> : tensor<bf16>
  %1 = weft.constant dense<3.0> : tensor<bf16>
  %2 = weft.div %0, %1 : tensor<bf16>
  return %2 : tensor<bf16>
}

// A zero divisor stays a run-time error.
// CHECK-LABEL: func.func @zero_divisor
// CHECK: weft.div
func.func @zero_divisor() -> tensor<i32> {
  %0 = weft.constant dense<1> : tensor<i32>
  %1 = weft.constant dense<0> : tensor<i32>
  %2 = weft.div %0, %1 : tensor<i32>
  return %2 : tensor<i32>
}
