// RUN: weft-opt %s --sink-broadcasts | FileCheck %s

!rows = tensor<?x8xf32, #weft.dims<[B in 1 to 64] (B, 8)>>
!column = tensor<?x1xf32, #weft.dims<[B in 1 to 64] (B, 1)>>

// CHECK-LABEL: func.func @chain
// CHECK-NEXT: %[[E:.*]] = weft.exp %arg0 : tensor<8xf32>
// CHECK-NEXT: %[[S:.*]] = weft.add %[[E]], %arg1 : tensor<8xf32>
// CHECK-NEXT: %[[B:.*]] = weft.broadcast %[[S]] [1]
// CHECK-NEXT: return %[[B]]
func.func @chain(%x: tensor<8xf32>, %z: tensor<8xf32>) -> tensor<64x8xf32> {
  %b = weft.broadcast %x [1] : (tensor<8xf32>) -> tensor<64x8xf32>
  %c = weft.broadcast %z [1] : (tensor<8xf32>) -> tensor<64x8xf32>
  %e = weft.exp %b : tensor<64x8xf32>
  %s = weft.add %e, %c : tensor<64x8xf32>
  return %s : tensor<64x8xf32>
}

// A constant takes the small shape; the type of a comparison is its own.
// CHECK-LABEL: func.func @constant
// CHECK-DAG: %[[C:.*]] = weft.constant dense<2.0{{.*}}> : tensor<8xf32>
// CHECK: weft.compare {{.*}}%arg0, %[[C]] {{.*}}tensor<8xf32>
// CHECK: weft.broadcast {{.*}} : (tensor<8xi1>) -> tensor<64x8xi1>
func.func @constant(%x: tensor<8xf32>) -> tensor<64x8xi1> {
  %two = weft.constant dense<2.0> : tensor<64x8xf32>
  %b = weft.broadcast %x [1] : (tensor<8xf32>) -> tensor<64x8xf32>
  %s = weft.compare LT, %b, %two : tensor<64x8xf32>
  return %s : tensor<64x8xi1>
}

// CHECK-LABEL: func.func @run_time
// CHECK: %[[E:.*]] = weft.exp %arg0 : tensor<?x1xf32
// CHECK: weft.broadcast %[[E]] [0, 1]
func.func @run_time(%x: !column) -> !rows {
  %b = weft.broadcast %x [0, 1] : (!column) -> !rows
  %e = weft.exp %b : !rows
  return %e : !rows
}

// Different ways, and values that are not broadcast, stay.
// CHECK-LABEL: func.func @stay
// CHECK: weft.broadcast %arg0 [1]
// CHECK: weft.broadcast %arg0 [0]
// CHECK: weft.add {{.*}} : tensor<8x8xf32>
// CHECK: weft.mul {{.*}} : tensor<8x8xf32>
func.func @stay(%x: tensor<8xf32>, %y: tensor<8x8xf32>) -> tensor<8x8xf32> {
  %b = weft.broadcast %x [1] : (tensor<8xf32>) -> tensor<8x8xf32>
  %c = weft.broadcast %x [0] : (tensor<8xf32>) -> tensor<8x8xf32>
  %s = weft.add %b, %c : tensor<8x8xf32>
  %m = weft.mul %s, %y : tensor<8x8xf32>
  return %m : tensor<8x8xf32>
}
