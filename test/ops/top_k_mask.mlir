// RUN: weft-opt %s | weft-opt | FileCheck %s
// RUN: weft-opt %s --weft-derive --canonicalize --cse | FileCheck %s --check-prefix=GRAD
// RUN: weft-check-ops %s
//
// Which elements are among the largest of their row, of as many as a tensor says.

!rows = tensor<?x5xf64, #weft.dims<[B in 0 to 64] (B, 5)>>
!counts = tensor<?xi32, #weft.dims<[B in 0 to 64] (B)>>
!mask = tensor<?x5xi1, #weft.dims<[B in 0 to 64] (B, 5)>>

// CHECK-LABEL: @columns
// CHECK: weft.top_k_mask %arg0, %arg1 along 0 : (tensor<13x5xf32>, tensor<5xi32>) -> tensor<13x5xi1>
func.func @columns(%x: tensor<13x5xf32>, %m: tensor<5xi32> {weft.input = "5xi32=0,1,13,-4,99"}) -> tensor<13x5xi1> {
  %a = weft.top_k_mask %x, %m along 0 : (tensor<13x5xf32>, tensor<5xi32>) -> tensor<13x5xi1>
  return %a : tensor<13x5xi1>
}
func.func @long(%x: tensor<3x1009xf64>, %m: tensor<3xi32> {weft.input = "3xi32=7,500,1008"}, %y: tensor<2x67x3xi32>, %n: tensor<2x3xi32> {weft.input = "2x3xi32=1,9,66,30,0,67"}) -> (tensor<3x1009xi1>, tensor<2x67x3xi1>) {
  %a = weft.top_k_mask %x, %m along 1 : (tensor<3x1009xf64>, tensor<3xi32>) -> tensor<3x1009xi1>
  %b = weft.top_k_mask %y, %n along 1 : (tensor<2x67x3xi32>, tensor<2x3xi32>) -> tensor<2x67x3xi1>
  return %a, %b : tensor<3x1009xi1>, tensor<2x67x3xi1>
}
func.func @small(%x: tensor<1xf32>, %m: tensor<i32> {weft.input = "i32=1"}, %y: tensor<2x0xf32>, %n: tensor<2xi32>, %z: tensor<0x3xf16>, %k: tensor<3xi32>) -> (tensor<1xi1>, tensor<2x0xi1>, tensor<0x3xi1>) {
  %a = weft.top_k_mask %x, %m along 0 : (tensor<1xf32>, tensor<i32>) -> tensor<1xi1>
  %b = weft.top_k_mask %y, %n along 1 : (tensor<2x0xf32>, tensor<2xi32>) -> tensor<2x0xi1>
  %c = weft.top_k_mask %z, %k along 0 : (tensor<0x3xf16>, tensor<3xi32>) -> tensor<0x3xi1>
  return %a, %b, %c : tensor<1xi1>, tensor<2x0xi1>, tensor<0x3xi1>
}
func.func @run_time(%x: !rows {weft.input = "7x5xf64=normal:1"}, %m: !counts {weft.input = "7xi32=1,2,3,4,5,0,1"}) -> !mask {
  %a = weft.top_k_mask %x, %m along 1 : (!rows, !counts) -> !mask
  return %a : !mask
}
func.func @special(%x: tensor<2x6xf32> {weft.input = "2x6xf32=nan,1,-inf,0.0,-0.0,inf,-0.0,nan,0.0,nan,-1,2"}, %m: tensor<2xi32> {weft.input = "2xi32=4,4"}, %y: tensor<61xbf16> {weft.input = "61xbf16=1"}, %n: tensor<i32> {weft.input = "i32=13"}) -> (tensor<2x6xi1>, tensor<61xi1>) {
  %a = weft.top_k_mask %x, %m along 1 : (tensor<2x6xf32>, tensor<2xi32>) -> tensor<2x6xi1>
  %b = weft.top_k_mask %y, %n along 0 : (tensor<61xbf16>, tensor<i32>) -> tensor<61xi1>
  return %a, %b : tensor<2x6xi1>, tensor<61xi1>
}
// The gradient is that of what is kept.
func.func @kept(%x: tensor<7x3xf64>, %m: tensor<3xi32> {weft.input = "3xi32=2,0,7"}) -> tensor<7x3xf64> {
  %a = weft.top_k_mask %x, %m along 0 : (tensor<7x3xf64>, tensor<3xi32>) -> tensor<7x3xi1>
  %z = weft.constant dense<0.0> : tensor<7x3xf64>
  %y = weft.select %a, %x, %z : tensor<7x3xi1>, tensor<7x3xf64>
  return %y : tensor<7x3xf64>
}
// The count may be the same for all slices.
// GRAD-LABEL: @mapped
// GRAD: weft.top_k_mask %arg0, %{{.*}} along 2 : (tensor<2x3x4xf64>, tensor<2x3xi32>) -> tensor<2x3x4xi1>
func.func @mapped(%x: tensor<2x3x4xf64>, %m: tensor<3xi32> {weft.input = "3xi32=1,2,4"}) -> tensor<2x3x4xi1> {
  %y = weft.vmap #weft.dims<(2)> over(%x) {
  ^bb0(%s: tensor<3x4xf64>):
    %a = weft.top_k_mask %s, %m along 1 : (tensor<3x4xf64>, tensor<3xi32>) -> tensor<3x4xi1>
    weft.yield %a : tensor<3x4xi1>
  } : (tensor<2x3x4xf64>) -> tensor<2x3x4xi1>
  return %y : tensor<2x3x4xi1>
}
