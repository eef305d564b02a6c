// RUN: weft-opt %s | weft-opt | FileCheck %s
// RUN: weft-opt %s --weft-derive --canonicalize --cse | FileCheck %s --check-prefix=GRAD
// RUN: weft-check-ops %s
//
// Rows that sum to one, along any axis; large numbers do not overflow, -inf is a zero, and a row of -inf alone is a row of zeros.

!rows = tensor<?x5xf64, #weft.dims<[B in 1 to 64] (B, 5)>>

// CHECK-LABEL: @matrix
// CHECK: weft.softmax %arg0 1 : tensor<3x5xf64>
func.func @matrix(%x: tensor<3x5xf64>) -> tensor<3x5xf64> {
  %y = weft.softmax %x 1 : tensor<3x5xf64>
  return %y : tensor<3x5xf64>
}
func.func @first_axis(%x: tensor<3x17xf64>) -> tensor<3x17xf64> {
  %y = weft.softmax %x 0 : tensor<3x17xf64>
  return %y : tensor<3x17xf64>
}
func.func @middle_axis(%x: tensor<2x17x3xf64>) -> tensor<2x17x3xf64> {
  %y = weft.softmax %x 1 : tensor<2x17x3xf64>
  return %y : tensor<2x17x3xf64>
}
func.func @vector_and_one(%x: tensor<17xf64>, %y: tensor<1xf64>) -> (tensor<17xf64>, tensor<1xf64>) {
  %p = weft.softmax %x 0 : tensor<17xf64>
  %one = weft.softmax %y 0 : tensor<1xf64>
  return %p, %one : tensor<17xf64>, tensor<1xf64>
}
func.func @empty(%x: tensor<0x4xf64>, %y: tensor<4x0xf64>) -> (tensor<0x4xf64>, tensor<4x0xf64>) {
  %no_rows = weft.softmax %x 1 : tensor<0x4xf64>
  %no_columns = weft.softmax %y 1 : tensor<4x0xf64>
  return %no_rows, %no_columns : tensor<0x4xf64>, tensor<4x0xf64>
}
func.func @rows(%x: !rows {weft.input = "7x5xf64=normal:1"}) -> (!rows, !rows) {
  %y = weft.softmax %x 1 : !rows
  %z = weft.softmax %x 0 : !rows
  return %y, %z : !rows, !rows
}
func.func @special(%x: tensor<3x4xf32> {weft.input = "3x4xf32=1000,999,-1000,0,-inf,1,2,-inf,-inf,-inf,-inf,-inf"}) -> tensor<3x4xf32> {
  %y = weft.softmax %x 1 : tensor<3x4xf32>
  return %y : tensor<3x4xf32>
}
func.func @single(%x: tensor<4x33xf32>) -> tensor<4x33xf32> {
  %y = weft.softmax %x 1 : tensor<4x33xf32>
  return %y : tensor<4x33xf32>
}
func.func @brain(%x: tensor<2x15xbf16>) -> tensor<2x15xbf16> {
  %y = weft.softmax %x 1 : tensor<2x15xbf16>
  return %y : tensor<2x15xbf16>
}

// y ct - y sum(y ct), of the value that is there already.
// GRAD-LABEL: @derivative
// GRAD-NEXT: %[[Y:.*]] = weft.softmax %arg0 1
// GRAD-NEXT: %[[YC:.*]] = weft.mul %[[Y]], %arg1
// GRAD-NEXT: %[[SUM:.*]] = weft.reduce_sum %[[YC]] [1]
// GRAD-NEXT: %[[WIDE:.*]] = weft.broadcast %[[SUM]] [0]
// GRAD-NEXT: %[[Q:.*]] = weft.mul %[[Y]], %[[WIDE]]
// GRAD-NEXT: %[[D:.*]] = weft.sub %[[YC]], %[[Q]]
// GRAD-NEXT: return %[[D]]
func.func @derivative(%x: tensor<3x5xf64>, %ct: tensor<3x5xf64>) -> tensor<3x5xf64> attributes {weft.unchecked} {
  %y = weft.softmax %x 1 : tensor<3x5xf64>
  %dx = weft.grad of %y with %ct wrt %x : (tensor<3x5xf64>, tensor<3x5xf64>, tensor<3x5xf64>) -> tensor<3x5xf64>
  return %dx : tensor<3x5xf64>
}
