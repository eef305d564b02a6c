// RUN: weft-opt %s | weft-opt | FileCheck %s
// RUN: weft-opt %s --weft-derive --canonicalize --cse | FileCheck %s --check-prefix=GRAD
// RUN: weft-check-ops %s
//
// Floats and integers; the most negative integer is its own opposite.

!rows = tensor<?x5xf64, #weft.dims<[B in 1 to 64] (B, 5)>>

// CHECK-LABEL: @vector
// CHECK: weft.neg %arg0 : tensor<17xf64>
func.func @vector(%x: tensor<17xf64>) -> tensor<17xf64> {
  %y = weft.neg %x : tensor<17xf64>
  return %y : tensor<17xf64>
}
func.func @matrix(%x: tensor<3x5xf64>) -> tensor<3x5xf64> {
  %y = weft.neg %x : tensor<3x5xf64>
  return %y : tensor<3x5xf64>
}
func.func @empty(%x: tensor<0x4xf64>) -> tensor<0x4xf64> {
  %y = weft.neg %x : tensor<0x4xf64>
  return %y : tensor<0x4xf64>
}
func.func @one(%x: tensor<1xf64>) -> tensor<1xf64> {
  %y = weft.neg %x : tensor<1xf64>
  return %y : tensor<1xf64>
}
// CHECK-LABEL: @rows
// CHECK: weft.neg %arg0 : tensor<?x5xf64, #weft.dims<[B in 1 to 64] (B, 5)>>
func.func @rows(%x: !rows {weft.input = "7x5xf64=normal:1"}) -> !rows {
  %y = weft.neg %x : !rows
  return %y : !rows
}
func.func @single(%x: tensor<33xf32>) -> tensor<33xf32> {
  %y = weft.neg %x : tensor<33xf32>
  return %y : tensor<33xf32>
}
func.func @brain(%x: tensor<15xbf16>) -> tensor<15xbf16> {
  %y = weft.neg %x : tensor<15xbf16>
  return %y : tensor<15xbf16>
}
func.func @whole(%x: tensor<7xi32> {weft.input = "7xi32=-2147483648,-8,-1,0,1,9,2147483647"}) -> tensor<7xi32> {
  %y = weft.neg %x : tensor<7xi32>
  return %y : tensor<7xi32>
}
func.func @bytes(%x: tensor<5xi8> {weft.input = "5xi8=-128,-3,0,4,127"}) -> tensor<5xi8> {
  %y = weft.neg %x : tensor<5xi8>
  return %y : tensor<5xi8>
}

// GRAD-LABEL: @derivative
// GRAD: %[[D:.*]] = weft.neg %arg1
// GRAD-NEXT: return %[[D]] : tensor<17xf64>
func.func @derivative(%x: tensor<17xf64>, %ct: tensor<17xf64>) -> tensor<17xf64> attributes {weft.unchecked} {
  %y = weft.neg %x : tensor<17xf64>
  %dx = weft.grad of %y with %ct wrt %x : (tensor<17xf64>, tensor<17xf64>, tensor<17xf64>) -> tensor<17xf64>
  return %dx : tensor<17xf64>
}
