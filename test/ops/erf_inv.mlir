// RUN: weft-opt %s | weft-opt | FileCheck %s
// RUN: weft-opt %s --weft-derive --canonicalize --cse | FileCheck %s --check-prefix=GRAD
// RUN: weft-check-ops %s
//
// Polynomials around the centre and in both tails; at the ends it is infinite, outside NaN.

!rows = tensor<?x5xf64, #weft.dims<[B in 1 to 64] (B, 5)>>

// CHECK-LABEL: @vector
// CHECK: weft.erf_inv %{{.*}} : tensor<17xf64>
func.func @vector(%x: tensor<17xf64>) -> tensor<17xf64> {
  %p = weft.tanh %x : tensor<17xf64>
  %y = weft.erf_inv %p : tensor<17xf64>
  return %y : tensor<17xf64>
}
func.func @matrix(%x: tensor<3x5xf64>) -> tensor<3x5xf64> {
  %p = weft.tanh %x : tensor<3x5xf64>
  %y = weft.erf_inv %p : tensor<3x5xf64>
  return %y : tensor<3x5xf64>
}
func.func @empty(%x: tensor<0x4xf64>) -> tensor<0x4xf64> {
  %p = weft.tanh %x : tensor<0x4xf64>
  %y = weft.erf_inv %p : tensor<0x4xf64>
  return %y : tensor<0x4xf64>
}
func.func @one(%x: tensor<1xf64>) -> tensor<1xf64> {
  %p = weft.tanh %x : tensor<1xf64>
  %y = weft.erf_inv %p : tensor<1xf64>
  return %y : tensor<1xf64>
}
// CHECK-LABEL: @rows
// CHECK: weft.erf_inv %{{.*}} : tensor<?x5xf64, #weft.dims<[B in 1 to 64] (B, 5)>>
func.func @rows(%x: !rows {weft.input = "7x5xf64=normal:1"}) -> !rows {
  %p = weft.tanh %x : !rows
  %y = weft.erf_inv %p : !rows
  return %y : !rows
}
func.func @single(%x: tensor<33xf32>) -> tensor<33xf32> {
  %p = weft.tanh %x : tensor<33xf32>
  %y = weft.erf_inv %p : tensor<33xf32>
  return %y : tensor<33xf32>
}
func.func @brain(%x: tensor<15xbf16>) -> tensor<15xbf16> {
  %p = weft.tanh %x : tensor<15xbf16>
  %y = weft.erf_inv %p : tensor<15xbf16>
  return %y : tensor<15xbf16>
}
func.func @tails(%x: tensor<8xf32> {weft.input = "8xf32=-0.999999,-0.9999,-0.99,0,1e-10,0.498,0.99999,0.99999994"}) -> tensor<8xf32> {
  %y = weft.erf_inv %x : tensor<8xf32>
  return %y : tensor<8xf32>
}
func.func @double_tails(%x: tensor<6xf64> {weft.input = "6xf64=-0.999999999,-0.99,1e-10,0.499,0.501,0.9999999999999999"})
    -> tensor<6xf64> attributes {weft.no_derivative} {
  %y = weft.erf_inv %x : tensor<6xf64>
  return %y : tensor<6xf64>
}
func.func @ends(%x: tensor<4xf32> {weft.input = "4xf32=-1,1,1.5,nan"}, %d: tensor<4xf64> {weft.input = "4xf64=-1,1,-1.5,nan"})
    -> (tensor<4xf32>, tensor<4xf64>) {
  %y = weft.erf_inv %x : tensor<4xf32>
  %z = weft.erf_inv %d : tensor<4xf64>
  return %y, %z : tensor<4xf32>, tensor<4xf64>
}

// GRAD-LABEL: @derivative
// GRAD: %[[K:.*]] = weft.constant dense<0.886
// GRAD: %[[Y:.*]] = weft.erf_inv %arg0
// GRAD-NEXT: %[[YY:.*]] = weft.mul %[[Y]], %[[Y]]
// GRAD-NEXT: %[[E:.*]] = weft.exp %[[YY]]
// GRAD-NEXT: %[[P:.*]] = weft.mul %[[E]], %[[K]]
// GRAD-NEXT: %[[D:.*]] = weft.mul %arg1, %[[P]]
// GRAD-NEXT: return %[[D]] : tensor<17xf64>
func.func @derivative(%x: tensor<17xf64>, %ct: tensor<17xf64>) -> tensor<17xf64> attributes {weft.unchecked} {
  %y = weft.erf_inv %x : tensor<17xf64>
  %dx = weft.grad of %y with %ct wrt %x : (tensor<17xf64>, tensor<17xf64>, tensor<17xf64>) -> tensor<17xf64>
  return %dx : tensor<17xf64>
}
