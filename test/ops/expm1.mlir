// RUN: weft-opt %s | weft-opt | FileCheck %s
// RUN: weft-opt %s --weft-derive --canonicalize --cse | FileCheck %s --check-prefix=GRAD
// RUN: weft-check-ops %s
//
// Accurate near 0, where exp(x) - 1 would lose its digits; the derivative is the value plus one.

!rows = tensor<?x5xf64, #weft.dims<[B in 1 to 64] (B, 5)>>

// CHECK-LABEL: @vector
// CHECK: weft.expm1 %arg0 : tensor<17xf64>
func.func @vector(%x: tensor<17xf64>) -> tensor<17xf64> {
  %y = weft.expm1 %x : tensor<17xf64>
  return %y : tensor<17xf64>
}
func.func @matrix(%x: tensor<3x5xf64>) -> tensor<3x5xf64> {
  %y = weft.expm1 %x : tensor<3x5xf64>
  return %y : tensor<3x5xf64>
}
func.func @empty(%x: tensor<0x4xf64>) -> tensor<0x4xf64> {
  %y = weft.expm1 %x : tensor<0x4xf64>
  return %y : tensor<0x4xf64>
}
func.func @one(%x: tensor<1xf64>) -> tensor<1xf64> {
  %y = weft.expm1 %x : tensor<1xf64>
  return %y : tensor<1xf64>
}
// CHECK-LABEL: @rows
// CHECK: weft.expm1 %arg0 : tensor<?x5xf64, #weft.dims<[B in 1 to 64] (B, 5)>>
func.func @rows(%x: !rows {weft.input = "7x5xf64=normal:1"}) -> !rows {
  %y = weft.expm1 %x : !rows
  return %y : !rows
}
func.func @single(%x: tensor<33xf32>) -> tensor<33xf32> {
  %y = weft.expm1 %x : tensor<33xf32>
  return %y : tensor<33xf32>
}
func.func @brain(%x: tensor<15xbf16>) -> tensor<15xbf16> {
  %y = weft.expm1 %x : tensor<15xbf16>
  return %y : tensor<15xbf16>
}
func.func @special(%x: tensor<5xf32> {weft.input = "5xf32=-inf,inf,nan,-50,100"}) -> tensor<5xf32> {
  %y = weft.expm1 %x : tensor<5xf32>
  return %y : tensor<5xf32>
}
func.func @near_zero(%x: tensor<4xf32> {weft.input = "4xf32=1e-7,-1e-7,1e-20,0"}) -> tensor<4xf32> attributes {weft.tolerance = 1.0e-13} {
  %y = weft.expm1 %x : tensor<4xf32>
  return %y : tensor<4xf32>
}

// GRAD-LABEL: @derivative
// GRAD: %[[ONE:.*]] = weft.constant dense<1.0
// GRAD: %[[Y:.*]] = weft.expm1 %arg0
// GRAD-NEXT: %[[E:.*]] = weft.add %[[Y]], %[[ONE]]
// GRAD-NEXT: %[[D:.*]] = weft.mul %arg1, %[[E]]
// GRAD-NEXT: return %[[D]] : tensor<17xf64>
func.func @derivative(%x: tensor<17xf64>, %ct: tensor<17xf64>) -> tensor<17xf64> attributes {weft.unchecked} {
  %y = weft.expm1 %x : tensor<17xf64>
  %dx = weft.grad of %y with %ct wrt %x : (tensor<17xf64>, tensor<17xf64>, tensor<17xf64>) -> tensor<17xf64>
  return %dx : tensor<17xf64>
}
