// RUN: weft-opt %s | weft-opt | FileCheck %s
// RUN: weft-opt %s --weft-derive --canonicalize --cse | FileCheck %s --check-prefix=GRAD
// RUN: weft-check-ops %s
//
// Piecewise constant: the derivative is a zero, which no longer looks at the operand.

!rows = tensor<?x5xf64, #weft.dims<[B in 1 to 64] (B, 5)>>

// CHECK-LABEL: @vector
// CHECK: weft.round_nearest_afz %arg0 : tensor<17xf64>
func.func @vector(%x: tensor<17xf64>) -> tensor<17xf64> {
  %y = weft.round_nearest_afz %x : tensor<17xf64>
  return %y : tensor<17xf64>
}
func.func @matrix(%x: tensor<3x5xf64>) -> tensor<3x5xf64> {
  %y = weft.round_nearest_afz %x : tensor<3x5xf64>
  return %y : tensor<3x5xf64>
}
func.func @empty(%x: tensor<0x4xf64>) -> tensor<0x4xf64> {
  %y = weft.round_nearest_afz %x : tensor<0x4xf64>
  return %y : tensor<0x4xf64>
}
func.func @one(%x: tensor<1xf64>) -> tensor<1xf64> {
  %y = weft.round_nearest_afz %x : tensor<1xf64>
  return %y : tensor<1xf64>
}
// CHECK-LABEL: @rows
// CHECK: weft.round_nearest_afz %arg0 : tensor<?x5xf64, #weft.dims<[B in 1 to 64] (B, 5)>>
func.func @rows(%x: !rows {weft.input = "7x5xf64=normal:1"}) -> !rows {
  %y = weft.round_nearest_afz %x : !rows
  return %y : !rows
}
func.func @single(%x: tensor<33xf32>) -> tensor<33xf32> {
  %y = weft.round_nearest_afz %x : tensor<33xf32>
  return %y : tensor<33xf32>
}
func.func @brain(%x: tensor<15xbf16>) -> tensor<15xbf16> {
  %y = weft.round_nearest_afz %x : tensor<15xbf16>
  return %y : tensor<15xbf16>
}
func.func @special(%x: tensor<8xf32> {weft.input = "8xf32=-2.5,-0.5,0.5,1.5,0.49999997,8388607.5,-inf,nan"}) -> tensor<8xf32> {
  %y = weft.round_nearest_afz %x : tensor<8xf32>
  return %y : tensor<8xf32>
}

// GRAD-LABEL: @derivative
// GRAD: %[[D:.*]] = weft.constant dense<0.000000e+00>
// GRAD-NEXT: return %[[D]] : tensor<17xf64>
func.func @derivative(%x: tensor<17xf64>, %ct: tensor<17xf64>) -> tensor<17xf64> attributes {weft.unchecked} {
  %y = weft.round_nearest_afz %x : tensor<17xf64>
  %dx = weft.grad of %y with %ct wrt %x : (tensor<17xf64>, tensor<17xf64>, tensor<17xf64>) -> tensor<17xf64>
  return %dx : tensor<17xf64>
}
