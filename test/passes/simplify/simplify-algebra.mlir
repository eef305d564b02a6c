// RUN: weft-opt %s --simplify-algebra | FileCheck %s

// CHECK-LABEL: func.func @transposed_operands
// CHECK-NEXT: weft.contract "bi,ji->bj", %arg0, %arg1
// CHECK-NEXT: return
func.func @transposed_operands(%x: tensor<8x16xf32>, %w: tensor<4x16xf32>) -> tensor<8x4xf32> {
  %t = weft.transpose %w [1, 0] : tensor<4x16xf32>
  %y = weft.contract "bi,ij->bj", %x, %t : (tensor<8x16xf32>, tensor<16x4xf32>) -> tensor<8x4xf32>
  return %y : tensor<8x4xf32>
}

// CHECK-LABEL: func.func @rotated
// CHECK-NEXT: weft.contract "cab,bd->cad", %arg0, %arg1
func.func @rotated(%x: tensor<2x3x5xf32>, %w: tensor<5x4xf32>) -> tensor<2x3x4xf32> {
  %t = weft.transpose %x [1, 2, 0] : tensor<2x3x5xf32>
  %y = weft.contract "abc,bd->cad", %t, %w : (tensor<3x5x2xf32>, tensor<5x4xf32>) -> tensor<2x3x4xf32>
  return %y : tensor<2x3x4xf32>
}

// CHECK-LABEL: func.func @transposed_result
// CHECK-NEXT: weft.contract "bi,ij->jb", %arg0, %arg1 : {{.*}} -> tensor<4x8xf32>
// CHECK-NEXT: return
func.func @transposed_result(%x: tensor<8x16xf32>, %w: tensor<16x4xf32>) -> tensor<4x8xf32> {
  %y = weft.contract "bi,ij->bj", %x, %w : (tensor<8x16xf32>, tensor<16x4xf32>) -> tensor<8x4xf32>
  %t = weft.transpose %y [1, 0] : tensor<8x4xf32>
  return %t : tensor<4x8xf32>
}

// One that others read too stays as it is.
// CHECK-LABEL: func.func @two_readers
// CHECK: weft.contract "bi,ij->bj"
// CHECK: weft.transpose
func.func @two_readers(%x: tensor<8x16xf32>, %w: tensor<16x4xf32>) -> (tensor<8x4xf32>, tensor<4x8xf32>) {
  %y = weft.contract "bi,ij->bj", %x, %w : (tensor<8x16xf32>, tensor<16x4xf32>) -> tensor<8x4xf32>
  %t = weft.transpose %y [1, 0] : tensor<8x4xf32>
  return %y, %t : tensor<8x4xf32>, tensor<4x8xf32>
}

// CHECK-LABEL: func.func @broadcasts
// CHECK-NEXT: weft.broadcast %arg0 [2] : (tensor<4xf32>) -> tensor<3x2x4xf32>
// CHECK-NEXT: return
func.func @broadcasts(%x: tensor<4xf32>) -> tensor<3x2x4xf32> {
  %0 = weft.broadcast %x [1] : (tensor<4xf32>) -> tensor<3x4xf32>
  %1 = weft.broadcast %0 [1, 2] : (tensor<3x4xf32>) -> tensor<2x3x4xf32>
  %2 = weft.transpose %1 [1, 0, 2] : tensor<2x3x4xf32>
  return %2 : tensor<3x2x4xf32>
}

// A run-time shape makes a constant a broadcast scalar.
// CHECK-LABEL: func.func @times_one
// CHECK-NEXT: return %arg0
func.func @times_one(%x: tensor<?xf32, #weft.dims<[B in 1 to 8] (B)>>) -> tensor<?xf32, #weft.dims<[B in 1 to 8] (B)>> {
  %c = weft.constant dense<1.0> : tensor<f32>
  %0 = weft.broadcast %c [] : (tensor<f32>) -> tensor<?xf32, #weft.dims<[B in 1 to 8] (B)>>
  %1 = weft.mul %x, %0 : tensor<?xf32, #weft.dims<[B in 1 to 8] (B)>>
  return %1 : tensor<?xf32, #weft.dims<[B in 1 to 8] (B)>>
}

// What changes no number goes; -0 as what is taken away would make +0 of -0, so it stays.
// CHECK-LABEL: func.func @minus_zeros
// CHECK-DAG: %[[N:.*]] = weft.constant dense<-0.0{{.*}}> : tensor<4xf32>
// CHECK-NOT: weft.constant dense<0.0
// CHECK: %[[Y:.*]] = weft.sub %arg0, %[[N]] : tensor<4xf32>
// CHECK-NEXT: return %arg0, %[[Y]]
func.func @minus_zeros(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %z = weft.constant dense<0.0> : tensor<4xf32>
  %n = weft.constant dense<-0.0> : tensor<4xf32>
  %a = weft.sub %x, %z : tensor<4xf32>
  %b = weft.sub %x, %n : tensor<4xf32>
  return %a, %b : tensor<4xf32>, tensor<4xf32>
}
