// RUN: weft-opt %s | weft-opt | FileCheck %s
// RUN: weft-opt %s --weft-derive --canonicalize --cse | FileCheck %s --check-prefix=GRAD
// RUN: weft-check-ops %s
// RUN: weft-run %s --function=ties | FileCheck %s --check-prefix=TIES
//
// The smallest of the elements up to each one, along an axis; NaN wins.

!rows = tensor<?x5xf64, #weft.dims<[B in 1 to 64] (B, 5)>>
!maybe = tensor<?x5xf64, #weft.dims<[E in 0 to 64] (E, 5)>>

// CHECK-LABEL: @last
// CHECK: weft.cummin %arg0 1 : tensor<3x17xf64>
// CHECK: weft.cummin %arg0 1 reverse : tensor<3x17xf64>
// CHECK: weft.cummin %arg0 0 reverse : tensor<3x17xf64>
func.func @last(%x: tensor<3x17xf64>) -> (tensor<3x17xf64>, tensor<3x17xf64>, tensor<3x17xf64>, tensor<3x17xf64>) {
  %a = weft.cummin %x 1 : tensor<3x17xf64>
  %b = weft.cummin %x 0 : tensor<3x17xf64>
  %c = weft.cummin %x 1 reverse : tensor<3x17xf64>
  %d = weft.cummin %x 0 reverse : tensor<3x17xf64>
  return %a, %b, %c, %d : tensor<3x17xf64>, tensor<3x17xf64>, tensor<3x17xf64>, tensor<3x17xf64>
}
// Lanes are neighbours behind the axis: whole blocks of them, vectors, and a tail.
func.func @first(%x: tensor<5x131xf32>, %y: tensor<7x64xf32>) -> (tensor<5x131xf32>, tensor<5x131xf32>, tensor<7x64xf32>) {
  %a = weft.cummin %x 0 : tensor<5x131xf32>
  %b = weft.cummin %x 0 reverse : tensor<5x131xf32>
  %c = weft.cummin %y 0 reverse : tensor<7x64xf32>
  return %a, %b, %c : tensor<5x131xf32>, tensor<5x131xf32>, tensor<7x64xf32>
}
func.func @middle(%x: tensor<2x7x16xf64>, %y: tensor<2x7x1xf32>, %z: tensor<13x3x1x1xf32>) -> (tensor<2x7x16xf64>, tensor<2x7x1xf32>, tensor<13x3x1x1xf32>) {
  %a = weft.cummin %x 1 : tensor<2x7x16xf64>
  %b = weft.cummin %y 1 reverse : tensor<2x7x1xf32>
  %c = weft.cummin %z 0 : tensor<13x3x1x1xf32>
  return %a, %b, %c : tensor<2x7x16xf64>, tensor<2x7x1xf32>, tensor<13x3x1x1xf32>
}
func.func @one(%x: tensor<1xf32>, %y: tensor<3x1xf32>, %z: tensor<1001xf32>) -> (tensor<1xf32>, tensor<1xf32>, tensor<3x1xf32>, tensor<1001xf32>) {
  %a = weft.cummin %x 0 : tensor<1xf32>
  %b = weft.cummin %x 0 exclusive : tensor<1xf32>
  %c = weft.cummin %y 1 exclusive reverse : tensor<3x1xf32>
  %d = weft.cummin %z 0 : tensor<1001xf32>
  return %a, %b, %c, %d : tensor<1xf32>, tensor<1xf32>, tensor<3x1xf32>, tensor<1001xf32>
}
func.func @no_element(%x: tensor<3x0xf32>, %y: tensor<0x4xi32>) -> (tensor<3x0xf32>, tensor<0x4xi32>, tensor<0x4xi32>) {
  %a = weft.cummin %x 1 : tensor<3x0xf32>
  %b = weft.cummin %y 0 reverse : tensor<0x4xi32>
  %c = weft.cummin %y 1 : tensor<0x4xi32>
  return %a, %b, %c : tensor<3x0xf32>, tensor<0x4xi32>, tensor<0x4xi32>
}
func.func @run_time(%x: !rows {weft.input = "7x5xf64=normal:1"}) -> (!rows, !rows) {
  %a = weft.cummin %x 0 reverse : !rows
  %b = weft.cummin %x 1 : !rows
  return %a, %b : !rows, !rows
}
func.func @run_time_empty(%x: !maybe {weft.input = "0x5xf64=normal:1"}) -> (!maybe, !maybe) {
  %a = weft.cummin %x 0 reverse : !maybe
  %b = weft.cummin %x 1 exclusive : !maybe
  return %a, %b : !maybe, !maybe
}
func.func @whole(%x: tensor<3x17xi32>, %y: tensor<5xi8> {weft.input = "5xi8=-128,127,-3,2,100"}, %z: tensor<3xi64> {weft.input = "3xi64=-9223372036854775808,9223372036854775807,5"}) -> (tensor<3x17xi32>, tensor<5xi8>, tensor<3xi64>) {
  %a = weft.cummin %x 1 : tensor<3x17xi32>
  %b = weft.cummin %y 0 reverse : tensor<5xi8>
  %c = weft.cummin %z 0 : tensor<3xi64>
  return %a, %b, %c : tensor<3x17xi32>, tensor<5xi8>, tensor<3xi64>
}
func.func @half(%y: tensor<15x16xbf16>, %z: tensor<2x9xf16>) -> (tensor<15x16xbf16>, tensor<15x16xbf16>, tensor<2x9xf16>) {
  %a = weft.cummin %y 1 : tensor<15x16xbf16>
  %b = weft.cummin %y 0 exclusive : tensor<15x16xbf16>
  %c = weft.cummin %z 0 : tensor<2x9xf16>
  return %a, %b, %c : tensor<15x16xbf16>, tensor<15x16xbf16>, tensor<2x9xf16>
}
func.func @special(%x: tensor<4x3xf32> {weft.input = "4x3xf32=nan,1,2,1,nan,-inf,-inf,-inf,-inf,inf,1,2"}) -> (tensor<4x3xf32>, tensor<4x3xf32>) {
  %a = weft.cummin %x 1 : tensor<4x3xf32>
  %b = weft.cummin %x 0 exclusive : tensor<4x3xf32>
  return %a, %b : tensor<4x3xf32>, tensor<4x3xf32>
}
// With ops in front of it, behind it and beside it.
func.func @among_others(%x: tensor<6x33xf32>, %y: tensor<6x33xf32>) -> (tensor<6x33xf32>, tensor<33xf32>) {
  %p = weft.mul %x, %y : tensor<6x33xf32>
  %t = weft.tanh %p : tensor<6x33xf32>
  %a = weft.cummin %t 1 : tensor<6x33xf32>
  %b = weft.exp %a : tensor<6x33xf32>
  %c = weft.sub %b, %x : tensor<6x33xf32>
  %d = weft.cummin %c 0 : tensor<6x33xf32>
  %e = weft.reduce_sum %d [0] : (tensor<6x33xf32>) -> tensor<33xf32>
  return %c, %e : tensor<6x33xf32>, tensor<33xf32>
}
// Read in another order than it lies in memory.
func.func @turned(%x: tensor<19x35xf32>) -> tensor<35x19xf32> {
  %t = weft.transpose %x [1, 0] : tensor<19x35xf32>
  %a = weft.cummin %t 0 : tensor<35x19xf32>
  return %a : tensor<35x19xf32>
}
// Without the element itself: the first place has the infinity of no element, which has no difference quotient.
func.func @exclusive(%x: tensor<3x5xf64>) -> (tensor<3x5xf64>, tensor<3x5xf64>) {
  %bound = weft.constant dense<10.0> : tensor<3x5xf64>
  %a = weft.cummin %x 1 exclusive : tensor<3x5xf64>
  %b = weft.cummin %x 0 exclusive reverse : tensor<3x5xf64>
  %p = weft.minimum %a, %bound : tensor<3x5xf64>
  %q = weft.minimum %b, %bound : tensor<3x5xf64>
  return %p, %q : tensor<3x5xf64>, tensor<3x5xf64>
}
// Ties: the derivative is that of the element that reached the value first. Each cotangent is a digit of the sums.
// TIES: 2x5xf64=7,0,0,24,0,1,14,0,0,16
func.func @ties() -> tensor<2x5xf64> {
  %x = weft.constant dense<[[2.0, 2.0, 3.0, 1.0, 1.0], [9.0, 7.0, 8.0, 7.0, -7.0]]> : tensor<2x5xf64>
  %ct = weft.constant dense<[[1.0, 2.0, 4.0, 8.0, 16.0], [1.0, 2.0, 4.0, 8.0, 16.0]]> : tensor<2x5xf64>
  %y = weft.cummin %x 1 : tensor<2x5xf64>
  %dx = weft.grad of %y with %ct wrt %x : (tensor<2x5xf64>, tensor<2x5xf64>, tensor<2x5xf64>) -> tensor<2x5xf64>
  return %dx : tensor<2x5xf64>
}

// GRAD-LABEL: @derivative
// GRAD: weft.cummin %arg0 1 exclusive
// GRAD: weft.linear_recurrence
// GRAD: return
func.func @derivative(%x: tensor<3x4xf64>, %ct: tensor<3x4xf64>) -> tensor<3x4xf64> attributes {weft.unchecked} {
  %y = weft.cummin %x 1 : tensor<3x4xf64>
  %dx = weft.grad of %y with %ct wrt %x : (tensor<3x4xf64>, tensor<3x4xf64>, tensor<3x4xf64>) -> tensor<3x4xf64>
  return %dx : tensor<3x4xf64>
}
// GRAD-LABEL: @mapped
// GRAD: weft.cummin %arg0 2 reverse : tensor<2x3x4xf64>
func.func @mapped(%x: tensor<2x3x4xf64>) -> tensor<2x3x4xf64> {
  %y = weft.vmap #weft.dims<(2)> over(%x) {
  ^bb0(%s: tensor<3x4xf64>):
    %a = weft.cummin %s 1 reverse : tensor<3x4xf64>
    weft.yield %a : tensor<3x4xf64>
  } : (tensor<2x3x4xf64>) -> tensor<2x3x4xf64>
  return %y : tensor<2x3x4xf64>
}
