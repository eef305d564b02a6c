// RUN: weft-opt %s | weft-opt | FileCheck %s
// RUN: weft-opt %s --weft-derive --canonicalize --cse | FileCheck %s --check-prefix=GRAD
// RUN: weft-check-ops %s
//
// The derivative is 2 / sqrt(pi) * exp(-x * x).

!rows = tensor<?x5xf64, #weft.dims<[B in 1 to 64] (B, 5)>>

// CHECK-LABEL: @vector
// CHECK: weft.erf %arg0 : tensor<17xf64>
func.func @vector(%x: tensor<17xf64>) -> tensor<17xf64> {
  %y = weft.erf %x : tensor<17xf64>
  return %y : tensor<17xf64>
}
func.func @matrix(%x: tensor<3x5xf64>) -> tensor<3x5xf64> {
  %y = weft.erf %x : tensor<3x5xf64>
  return %y : tensor<3x5xf64>
}
func.func @empty(%x: tensor<0x4xf64>) -> tensor<0x4xf64> {
  %y = weft.erf %x : tensor<0x4xf64>
  return %y : tensor<0x4xf64>
}
func.func @one(%x: tensor<1xf64>) -> tensor<1xf64> {
  %y = weft.erf %x : tensor<1xf64>
  return %y : tensor<1xf64>
}
// CHECK-LABEL: @rows
// CHECK: weft.erf %arg0 : tensor<?x5xf64, #weft.dims<[B in 1 to 64] (B, 5)>>
func.func @rows(%x: !rows {weft.input = "7x5xf64=normal:1"}) -> !rows {
  %y = weft.erf %x : !rows
  return %y : !rows
}
func.func @single(%x: tensor<33xf32>) -> tensor<33xf32> {
  %y = weft.erf %x : tensor<33xf32>
  return %y : tensor<33xf32>
}
func.func @brain(%x: tensor<15xbf16>) -> tensor<15xbf16> {
  %y = weft.erf %x : tensor<15xbf16>
  return %y : tensor<15xbf16>
}
func.func @special(%x: tensor<7xf32> {weft.input = "7xf32=-inf,inf,nan,-3.9,5,0.5,1.9"}) -> tensor<7xf32> {
  %y = weft.erf %x : tensor<7xf32>
  return %y : tensor<7xf32>
}
func.func @near_zero(%x: tensor<4xf32> {weft.input = "4xf32=1e-8,-1e-6,1e-20,0"}) -> tensor<4xf32> attributes {weft.tolerance = 1.0e-13} {
  %y = weft.erf %x : tensor<4xf32>
  return %y : tensor<4xf32>
}

// GRAD-LABEL: @derivative
// GRAD: %[[K:.*]] = weft.constant dense<1.128
// GRAD: %[[XX:.*]] = weft.mul %arg0, %arg0
// GRAD-NEXT: %[[M:.*]] = weft.neg %[[XX]]
// GRAD-NEXT: %[[E:.*]] = weft.exp %[[M]]
// GRAD-NEXT: %[[P:.*]] = weft.mul %[[E]], %[[K]]
// GRAD-NEXT: %[[D:.*]] = weft.mul %arg1, %[[P]]
// GRAD-NEXT: return %[[D]] : tensor<17xf64>
func.func @derivative(%x: tensor<17xf64>, %ct: tensor<17xf64>) -> tensor<17xf64> attributes {weft.unchecked} {
  %y = weft.erf %x : tensor<17xf64>
  %dx = weft.grad of %y with %ct wrt %x : (tensor<17xf64>, tensor<17xf64>, tensor<17xf64>) -> tensor<17xf64>
  return %dx : tensor<17xf64>
}
