// RUN: weft-opt %s | weft-opt | FileCheck %s
// RUN: weft-check-ops %s
//
// 0, 1, 2 ... along one axis: a generator, computed where it is used.

!rows = tensor<?x5xi32, #weft.dims<[B in 1 to 64] (B, 5)>>

// CHECK-LABEL: @types
// CHECK: weft.iota 0 : tensor<17xf32>
func.func @types() -> (tensor<17xf32>, tensor<16xf64>, tensor<15xi32>, tensor<3xi64>, tensor<5xi8>, tensor<9xbf16>) {
  %a = weft.iota 0 : tensor<17xf32>
  %b = weft.iota 0 : tensor<16xf64>
  %c = weft.iota 0 : tensor<15xi32>
  %d = weft.iota 0 : tensor<3xi64>
  %e = weft.iota 0 : tensor<5xi8>
  %f = weft.iota 0 : tensor<9xbf16>
  return %a, %b, %c, %d, %e, %f : tensor<17xf32>, tensor<16xf64>, tensor<15xi32>, tensor<3xi64>, tensor<5xi8>, tensor<9xbf16>
}
func.func @axes() -> (tensor<3x17xi32>, tensor<3x17xi32>) {
  %rows = weft.iota 0 : tensor<3x17xi32>
  %columns = weft.iota 1 : tensor<3x17xi32>
  return %rows, %columns : tensor<3x17xi32>, tensor<3x17xi32>
}
func.func @rows(%x: !rows {weft.input = "7x5xi32=iota"}) -> !rows {
  %i = weft.iota 0 : !rows
  %y = weft.add %x, %i : !rows
  return %y : !rows
}
func.func @empty_and_one() -> (tensor<0xi32>, tensor<1xf32>) {
  %none = weft.iota 0 : tensor<0xi32>
  %one = weft.iota 0 : tensor<1xf32>
  return %none, %one : tensor<0xi32>, tensor<1xf32>
}
// Lanes that run along the other axis, backwards or by steps see their own place.
func.func @moved() -> (tensor<17x3xi32>, tensor<17xi32>, tensor<9xi32>) {
  %columns = weft.iota 1 : tensor<3x17xi32>
  %t = weft.transpose %columns [1, 0] : tensor<3x17xi32>
  %line = weft.iota 0 : tensor<17xi32>
  %back = weft.reverse %line [0] : tensor<17xi32>
  %even = weft.slice %line from <(0)> by [2] : (tensor<17xi32>) -> tensor<9xi32>
  return %t, %back, %even : tensor<17x3xi32>, tensor<17xi32>, tensor<9xi32>
}
