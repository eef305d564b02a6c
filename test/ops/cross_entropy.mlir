// RUN: weft-opt %s | weft-opt | FileCheck %s
// RUN: weft-opt %s --weft-derive --canonicalize --cse | FileCheck %s --check-prefix=GRAD
// RUN: weft-check-ops %s
//
// -log softmax(logits)[label] of each row, without overflow. Labels are class numbers; their errors are in cross_entropy-errors.mlir.

!logits = tensor<?x5xf64, #weft.dims<[B in 1 to 64] (B, 5)>>
!labels = tensor<?xi32, #weft.dims<[B in 1 to 64] (B)>>
!losses = tensor<?xf64, #weft.dims<[B in 1 to 64] (B)>>

// CHECK-LABEL: @matrix
// CHECK: weft.cross_entropy %arg0, %arg1 : (tensor<3x17xf64>, tensor<3xi32>) -> tensor<3xf64>
func.func @matrix(%x: tensor<3x17xf64>, %labels: tensor<3xi32> {weft.input = "3xi32=0,16,7"}) -> tensor<3xf64> {
  %y = weft.cross_entropy %x, %labels : (tensor<3x17xf64>, tensor<3xi32>) -> tensor<3xf64>
  return %y : tensor<3xf64>
}
func.func @one_row(%x: tensor<5xf64>, %label: tensor<i32> {weft.input = "i32=4"}) -> tensor<f64> {
  %y = weft.cross_entropy %x, %label : (tensor<5xf64>, tensor<i32>) -> tensor<f64>
  return %y : tensor<f64>
}
func.func @sequence(%x: tensor<2x3x10xf64>, %labels: tensor<2x3xi32>) -> tensor<2x3xf64> {
  %y = weft.cross_entropy %x, %labels : (tensor<2x3x10xf64>, tensor<2x3xi32>) -> tensor<2x3xf64>
  return %y : tensor<2x3xf64>
}
func.func @empty(%x: tensor<0x4xf64>, %labels: tensor<0xi32>) -> tensor<0xf64> {
  %y = weft.cross_entropy %x, %labels : (tensor<0x4xf64>, tensor<0xi32>) -> tensor<0xf64>
  return %y : tensor<0xf64>
}
func.func @one_class(%x: tensor<3x1xf64>, %labels: tensor<3xi32> {weft.input = "3xi32=0"}) -> tensor<3xf64> {
  %y = weft.cross_entropy %x, %labels : (tensor<3x1xf64>, tensor<3xi32>) -> tensor<3xf64>
  return %y : tensor<3xf64>
}
func.func @rows(%x: !logits {weft.input = "7x5xf64=normal:1"}, %labels: !labels {weft.input = "7xi32=0,1,2,3,4,0,1"}) -> !losses {
  %y = weft.cross_entropy %x, %labels : (!logits, !labels) -> !losses
  return %y : !losses
}
func.func @far_apart(%x: tensor<2x3xf32> {weft.input = "2x3xf32=1000,0,-1000,-inf,0,1"}, %labels: tensor<2xi32> {weft.input = "2xi32=0,2"}) -> tensor<2xf32> {
  %y = weft.cross_entropy %x, %labels : (tensor<2x3xf32>, tensor<2xi32>) -> tensor<2xf32>
  return %y : tensor<2xf32>
}
func.func @single(%x: tensor<4x33xf32>, %labels: tensor<4xi32>) -> tensor<4xf32> {
  %y = weft.cross_entropy %x, %labels : (tensor<4x33xf32>, tensor<4xi32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}
func.func @brain(%x: tensor<4x15xbf16>, %labels: tensor<4xi32>) -> tensor<4xbf16> {
  %y = weft.cross_entropy %x, %labels : (tensor<4x15xbf16>, tensor<4xi32>) -> tensor<4xbf16>
  return %y : tensor<4xbf16>
}

// The fused derivative: softmax minus one-hot, times the row's cotangent; a row of -inf alone has no derivative.
// GRAD-LABEL: @derivative
// GRAD-DAG: %[[P:.*]] = weft.softmax %arg0 1
// GRAD-DAG: %[[MAX:.*]] = weft.reduce_max %arg0 [1]
// GRAD-DAG: %[[EMPTY:.*]] = weft.compare EQ, %[[MAX]], %{{.*}}
// GRAD-DAG: %[[LABEL:.*]] = weft.one_hot %arg1
// GRAD-DAG: %[[EMPTIES:.*]] = weft.broadcast %[[EMPTY]] [0]
// GRAD-DAG: %[[HOT:.*]] = weft.select %[[EMPTIES]], %{{.*}}, %[[LABEL]]
// GRAD-DAG: %[[SLOPE:.*]] = weft.sub %[[P]], %[[HOT]]
// GRAD-DAG: %[[WIDE:.*]] = weft.broadcast %arg2 [0]
// GRAD: %[[D:.*]] = weft.mul %[[WIDE]], %[[SLOPE]]
// GRAD-NEXT: return %[[D]]
func.func @derivative(%x: tensor<3x5xf64>, %labels: tensor<3xi32>, %ct: tensor<3xf64>) -> tensor<3x5xf64> attributes {weft.unchecked} {
  %y = weft.cross_entropy %x, %labels : (tensor<3x5xf64>, tensor<3xi32>) -> tensor<3xf64>
  %dx = weft.grad of %y with %ct wrt %x : (tensor<3xf64>, tensor<3xf64>, tensor<3x5xf64>) -> tensor<3x5xf64>
  return %dx : tensor<3x5xf64>
}
