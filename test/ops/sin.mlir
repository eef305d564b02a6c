// RUN: weft-opt %s | weft-opt | FileCheck %s
// RUN: weft-opt %s --weft-derive --canonicalize --cse | FileCheck %s --check-prefix=GRAD
// RUN: weft-check-ops %s
//
// Angles are reduced before the polynomial: large ones keep their digits.

!rows = tensor<?x5xf64, #weft.dims<[B in 1 to 64] (B, 5)>>

// CHECK-LABEL: @vector
// CHECK: weft.sin %arg0 : tensor<17xf64>
func.func @vector(%x: tensor<17xf64>) -> tensor<17xf64> {
  %y = weft.sin %x : tensor<17xf64>
  return %y : tensor<17xf64>
}
func.func @matrix(%x: tensor<3x5xf64>) -> tensor<3x5xf64> {
  %y = weft.sin %x : tensor<3x5xf64>
  return %y : tensor<3x5xf64>
}
func.func @empty(%x: tensor<0x4xf64>) -> tensor<0x4xf64> {
  %y = weft.sin %x : tensor<0x4xf64>
  return %y : tensor<0x4xf64>
}
func.func @one(%x: tensor<1xf64>) -> tensor<1xf64> {
  %y = weft.sin %x : tensor<1xf64>
  return %y : tensor<1xf64>
}
// CHECK-LABEL: @rows
// CHECK: weft.sin %arg0 : tensor<?x5xf64, #weft.dims<[B in 1 to 64] (B, 5)>>
func.func @rows(%x: !rows {weft.input = "7x5xf64=normal:1"}) -> !rows {
  %y = weft.sin %x : !rows
  return %y : !rows
}
func.func @single(%x: tensor<33xf32>) -> tensor<33xf32> {
  %y = weft.sin %x : tensor<33xf32>
  return %y : tensor<33xf32>
}
func.func @brain(%x: tensor<15xbf16>) -> tensor<15xbf16> {
  %y = weft.sin %x : tensor<15xbf16>
  return %y : tensor<15xbf16>
}
func.func @special(%x: tensor<6xf32> {weft.input = "6xf32=3.1415927,100,-12345.5,1e6,inf,nan"}) -> tensor<6xf32> {
  %y = weft.sin %x : tensor<6xf32>
  return %y : tensor<6xf32>
}
func.func @near_zero(%x: tensor<4xf32> {weft.input = "4xf32=1e-8,-1e-6,1e-20,0"}) -> tensor<4xf32> attributes {weft.tolerance = 1.0e-13} {
  %y = weft.sin %x : tensor<4xf32>
  return %y : tensor<4xf32>
}

// GRAD-LABEL: @derivative
// GRAD: %[[C:.*]] = weft.cos %arg0
// GRAD-NEXT: %[[D:.*]] = weft.mul %arg1, %[[C]]
// GRAD-NEXT: return %[[D]] : tensor<17xf64>
func.func @derivative(%x: tensor<17xf64>, %ct: tensor<17xf64>) -> tensor<17xf64> attributes {weft.unchecked} {
  %y = weft.sin %x : tensor<17xf64>
  %dx = weft.grad of %y with %ct wrt %x : (tensor<17xf64>, tensor<17xf64>, tensor<17xf64>) -> tensor<17xf64>
  return %dx : tensor<17xf64>
}
