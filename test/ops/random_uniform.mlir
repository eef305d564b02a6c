// RUN: weft-opt %s | weft-opt | FileCheck %s
// RUN: weft-check-ops %s
//
// The top bits of a word as a fraction on [0, 1), as many as the type holds exactly; f64 takes 53 bits of two words. Exact on every target.

!rows = tensor<?x5xf32, #weft.dims<[B in 1 to 64] (B, 5)>>

// CHECK-LABEL: @double
// CHECK: weft.random_uniform %arg0 : (tensor<2xi32>) -> tensor<17xf64>
func.func @double(%key: tensor<2xi32> {weft.input = "2xi32=1,2"}) -> tensor<17xf64> attributes {weft.tolerance = 0.0} {
  %y = weft.random_uniform %key : (tensor<2xi32>) -> tensor<17xf64>
  return %y : tensor<17xf64>
}
func.func @single(%key: tensor<2xi32> {weft.input = "2xi32=-3,4"}) -> tensor<1001xf32> attributes {weft.tolerance = 0.0} {
  %y = weft.random_uniform %key : (tensor<2xi32>) -> tensor<1001xf32>
  return %y : tensor<1001xf32>
}
func.func @matrix(%key: tensor<2xi32>) -> tensor<3x5xf32> attributes {weft.tolerance = 0.0} {
  %y = weft.random_uniform %key : (tensor<2xi32>) -> tensor<3x5xf32>
  return %y : tensor<3x5xf32>
}
func.func @brain(%key: tensor<2xi32>) -> tensor<33xbf16> attributes {weft.tolerance = 0.0} {
  %y = weft.random_uniform %key : (tensor<2xi32>) -> tensor<33xbf16>
  return %y : tensor<33xbf16>
}
func.func @half(%key: tensor<2xi32>) -> tensor<15xf16> attributes {weft.tolerance = 0.0} {
  %y = weft.random_uniform %key : (tensor<2xi32>) -> tensor<15xf16>
  return %y : tensor<15xf16>
}
func.func @empty(%key: tensor<2xi32>) -> tensor<0x4xf32> {
  %y = weft.random_uniform %key : (tensor<2xi32>) -> tensor<0x4xf32>
  return %y : tensor<0x4xf32>
}
func.func @scalar(%key: tensor<2xi32>) -> tensor<f64> attributes {weft.tolerance = 0.0} {
  %y = weft.random_uniform %key : (tensor<2xi32>) -> tensor<f64>
  return %y : tensor<f64>
}
func.func @rows(%key: tensor<2xi32>, %like: !rows {weft.input = "7x5xf32=normal:1"}) -> !rows {
  %noise = weft.random_uniform %key : (tensor<2xi32>) -> !rows
  %y = weft.add %noise, %like : !rows
  return %y : !rows
}
// The reparametrised sample: a number to differentiate by comes from outside, the noise is a constant.
func.func @scaled(%key: tensor<2xi32>, %scale: tensor<17xf64>) -> tensor<17xf64> {
  %noise = weft.random_uniform %key : (tensor<2xi32>) -> tensor<17xf64>
  %y = weft.mul %noise, %scale : tensor<17xf64>
  return %y : tensor<17xf64>
}
