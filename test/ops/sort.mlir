// RUN: weft-opt %s | weft-opt | FileCheck %s
// RUN: weft-opt %s --weft-derive --canonicalize --cse | FileCheck %s --check-prefix=GRAD
// RUN: weft-check-ops %s
//
// The elements of each row in order, and where they were: stable, NaN last whichever the order is.

!rows = tensor<?x5xf64, #weft.dims<[B in 1 to 64] (B, 5)>>
!places = tensor<?x5xi32, #weft.dims<[B in 1 to 64] (B, 5)>>
!maybe = tensor<?x5xf32, #weft.dims<[E in 0 to 64] (E, 5)>>
!maybePlaces = tensor<?x5xi32, #weft.dims<[E in 0 to 64] (E, 5)>>

// CHECK-LABEL: @last
// CHECK: weft.sort %arg0 1 : (tensor<3x17xf64>) -> (tensor<3x17xf64>, tensor<3x17xi32>)
// CHECK: weft.sort %arg0 1 descending : (tensor<3x17xf64>) -> (tensor<3x17xf64>, tensor<3x17xi32>)
func.func @last(%x: tensor<3x17xf64>) -> (tensor<3x17xf64>, tensor<3x17xi32>, tensor<3x17xf64>, tensor<3x17xi32>) {
  %a, %i = weft.sort %x 1 : (tensor<3x17xf64>) -> (tensor<3x17xf64>, tensor<3x17xi32>)
  %b, %j = weft.sort %x 1 descending : (tensor<3x17xf64>) -> (tensor<3x17xf64>, tensor<3x17xi32>)
  return %a, %i, %b, %j : tensor<3x17xf64>, tensor<3x17xi32>, tensor<3x17xf64>, tensor<3x17xi32>
}
func.func @first_and_middle(%x: tensor<5x13xf32>, %y: tensor<2x7x3xf32>) -> (tensor<5x13xf32>, tensor<5x13xi32>, tensor<2x7x3xf32>, tensor<2x7x3xi32>) {
  %a, %i = weft.sort %x 0 : (tensor<5x13xf32>) -> (tensor<5x13xf32>, tensor<5x13xi32>)
  %b, %j = weft.sort %y 1 descending : (tensor<2x7x3xf32>) -> (tensor<2x7x3xf32>, tensor<2x7x3xi32>)
  return %a, %i, %b, %j : tensor<5x13xf32>, tensor<5x13xi32>, tensor<2x7x3xf32>, tensor<2x7x3xi32>
}
func.func @long(%x: tensor<1009xf32>, %y: tensor<64x128xf32>) -> (tensor<1009xf32>, tensor<1009xi32>, tensor<64x128xf32>) {
  %a, %i = weft.sort %x 0 : (tensor<1009xf32>) -> (tensor<1009xf32>, tensor<1009xi32>)
  %b, %j = weft.sort %y 1 : (tensor<64x128xf32>) -> (tensor<64x128xf32>, tensor<64x128xi32>)
  return %a, %i, %b : tensor<1009xf32>, tensor<1009xi32>, tensor<64x128xf32>
}
// One of the results alone.
func.func @values_alone(%x: tensor<3x9xf32>) -> tensor<3x9xf32> {
  %a, %i = weft.sort %x 1 : (tensor<3x9xf32>) -> (tensor<3x9xf32>, tensor<3x9xi32>)
  return %a : tensor<3x9xf32>
}
func.func @places_alone(%x: tensor<3x9xf32>) -> tensor<3x9xi32> {
  %a, %i = weft.sort %x 1 descending : (tensor<3x9xf32>) -> (tensor<3x9xf32>, tensor<3x9xi32>)
  return %i : tensor<3x9xi32>
}
func.func @small(%x: tensor<1xf32>, %y: tensor<3x1xi32>, %z: tensor<2x0xf32>, %w: tensor<0x3xf64>) -> (tensor<1xf32>, tensor<1xi32>, tensor<3x1xi32>, tensor<2x0xf32>, tensor<2x0xi32>, tensor<0x3xf64>, tensor<0x3xf64>) {
  %a, %i = weft.sort %x 0 : (tensor<1xf32>) -> (tensor<1xf32>, tensor<1xi32>)
  %b, %j = weft.sort %y 1 : (tensor<3x1xi32>) -> (tensor<3x1xi32>, tensor<3x1xi32>)
  %c, %k = weft.sort %z 1 : (tensor<2x0xf32>) -> (tensor<2x0xf32>, tensor<2x0xi32>)
  %d, %l = weft.sort %w 0 : (tensor<0x3xf64>) -> (tensor<0x3xf64>, tensor<0x3xi32>)
  %e, %m = weft.sort %w 1 : (tensor<0x3xf64>) -> (tensor<0x3xf64>, tensor<0x3xi32>)
  return %a, %i, %b, %c, %k, %d, %e : tensor<1xf32>, tensor<1xi32>, tensor<3x1xi32>, tensor<2x0xf32>, tensor<2x0xi32>, tensor<0x3xf64>, tensor<0x3xf64>
}
func.func @run_time(%x: !rows {weft.input = "7x5xf64=normal:1"}) -> (!rows, !places, !rows, !places) {
  %a, %i = weft.sort %x 0 : (!rows) -> (!rows, !places)
  %b, %j = weft.sort %x 1 descending : (!rows) -> (!rows, !places)
  return %a, %i, %b, %j : !rows, !places, !rows, !places
}
func.func @run_time_empty(%x: !maybe {weft.input = "0x5xf32=normal:1"}) -> (!maybe, !maybePlaces, !maybe) {
  %a, %i = weft.sort %x 0 : (!maybe) -> (!maybe, !maybePlaces)
  %b, %j = weft.sort %x 1 : (!maybe) -> (!maybe, !maybePlaces)
  return %a, %i, %b : !maybe, !maybePlaces, !maybe
}
// Few values, so that many are equal: their order is the one they had.
func.func @ties(%x: tensor<4x67xi32>, %y: tensor<37xf32> {weft.input = "37xf32=1"}) -> (tensor<4x67xi32>, tensor<4x67xi32>, tensor<37xi32>, tensor<37xi32>) {
  %a, %i = weft.sort %x 1 : (tensor<4x67xi32>) -> (tensor<4x67xi32>, tensor<4x67xi32>)
  %b, %j = weft.sort %y 0 : (tensor<37xf32>) -> (tensor<37xf32>, tensor<37xi32>)
  %c, %k = weft.sort %y 0 descending : (tensor<37xf32>) -> (tensor<37xf32>, tensor<37xi32>)
  return %a, %i, %j, %k : tensor<4x67xi32>, tensor<4x67xi32>, tensor<37xi32>, tensor<37xi32>
}
func.func @special(%x: tensor<2x6xf32> {weft.input = "2x6xf32=nan,1,-inf,0.0,-0.0,inf,-0.0,nan,0.0,nan,-1,2"}, %y: tensor<6xbf16> {weft.input = "6xbf16=nan,1,-inf,0.0,-0.0,inf"}, %z: tensor<6xf16> {weft.input = "6xf16=nan,1,-inf,0.0,-0.0,inf"}, %w: tensor<6xf64> {weft.input = "6xf64=nan,1,-inf,0.0,-0.0,inf"}) -> (tensor<2x6xf32>, tensor<2x6xi32>, tensor<2x6xf32>, tensor<2x6xi32>, tensor<6xbf16>, tensor<6xi32>, tensor<6xf16>, tensor<6xi32>, tensor<6xf64>, tensor<6xi32>) {
  %a, %i = weft.sort %x 1 : (tensor<2x6xf32>) -> (tensor<2x6xf32>, tensor<2x6xi32>)
  %b, %j = weft.sort %x 1 descending : (tensor<2x6xf32>) -> (tensor<2x6xf32>, tensor<2x6xi32>)
  %c, %k = weft.sort %y 0 : (tensor<6xbf16>) -> (tensor<6xbf16>, tensor<6xi32>)
  %d, %l = weft.sort %z 0 descending : (tensor<6xf16>) -> (tensor<6xf16>, tensor<6xi32>)
  %e, %m = weft.sort %w 0 descending : (tensor<6xf64>) -> (tensor<6xf64>, tensor<6xi32>)
  return %a, %i, %b, %j, %c, %k, %d, %l, %e, %m : tensor<2x6xf32>, tensor<2x6xi32>, tensor<2x6xf32>, tensor<2x6xi32>, tensor<6xbf16>, tensor<6xi32>, tensor<6xf16>, tensor<6xi32>, tensor<6xf64>, tensor<6xi32>
}
func.func @whole(%x: tensor<5xi32> {weft.input = "5xi32=-2147483648,2147483647,0,-1,1"}, %y: tensor<5xi8> {weft.input = "5xi8=-128,127,0,-1,1"}, %z: tensor<4xi64> {weft.input = "4xi64=-9223372036854775808,9223372036854775807,-1,5"}, %t: tensor<5xi1>) -> (tensor<5xi32>, tensor<5xi32>, tensor<5xi8>, tensor<4xi64>, tensor<4xi32>, tensor<5xi1>, tensor<5xi32>) {
  %a, %i = weft.sort %x 0 descending : (tensor<5xi32>) -> (tensor<5xi32>, tensor<5xi32>)
  %b, %j = weft.sort %y 0 : (tensor<5xi8>) -> (tensor<5xi8>, tensor<5xi32>)
  %c, %k = weft.sort %z 0 descending : (tensor<4xi64>) -> (tensor<4xi64>, tensor<4xi32>)
  %d, %l = weft.sort %t 0 descending : (tensor<5xi1>) -> (tensor<5xi1>, tensor<5xi32>)
  return %a, %i, %b, %c, %k, %d, %l : tensor<5xi32>, tensor<5xi32>, tensor<5xi8>, tensor<4xi64>, tensor<4xi32>, tensor<5xi1>, tensor<5xi32>
}
// With ops in front of it and behind it, and two at a time.
func.func @among_others(%x: tensor<6x33xf32>, %y: tensor<6x33xf32>) -> (tensor<6x33xf32>, tensor<6x33xi32>, tensor<6x33xf32>) {
  %p = weft.mul %x, %y : tensor<6x33xf32>
  %a, %i = weft.sort %p 1 : (tensor<6x33xf32>) -> (tensor<6x33xf32>, tensor<6x33xi32>)
  %b, %j = weft.sort %p 0 descending : (tensor<6x33xf32>) -> (tensor<6x33xf32>, tensor<6x33xi32>)
  %t = weft.take_along %y at %i along 1 : (tensor<6x33xf32>, tensor<6x33xi32>) -> tensor<6x33xf32>
  %c = weft.add %a, %t : tensor<6x33xf32>
  %k = weft.add %i, %j : tensor<6x33xi32>
  %d = weft.tanh %b : tensor<6x33xf32>
  return %c, %k, %d : tensor<6x33xf32>, tensor<6x33xi32>, tensor<6x33xf32>
}

// GRAD-LABEL: @derivative
// GRAD: %[[V:.*]], %[[I:.*]] = weft.sort %arg0 1
// GRAD: %[[D:.*]] = weft.scatter_add_along %{{.*}} at %[[I]] add %arg1 along 1
// GRAD-NEXT: return %[[D]]
func.func @derivative(%x: tensor<3x4xf64>, %ct: tensor<3x4xf64>) -> tensor<3x4xf64> attributes {weft.unchecked} {
  %y, %i = weft.sort %x 1 : (tensor<3x4xf64>) -> (tensor<3x4xf64>, tensor<3x4xi32>)
  %dx = weft.grad of %y with %ct wrt %x : (tensor<3x4xf64>, tensor<3x4xf64>, tensor<3x4xf64>) -> tensor<3x4xf64>
  return %dx : tensor<3x4xf64>
}
// GRAD-LABEL: @mapped
// GRAD: weft.sort %arg0 2 descending : (tensor<2x3x4xf64>) -> (tensor<2x3x4xf64>, tensor<2x3x4xi32>)
func.func @mapped(%x: tensor<2x3x4xf64>) -> (tensor<2x3x4xf64>, tensor<2x3x4xi32>) {
  %y, %j = weft.vmap #weft.dims<(2)> over(%x) {
  ^bb0(%s: tensor<3x4xf64>):
    %a, %i = weft.sort %s 1 descending : (tensor<3x4xf64>) -> (tensor<3x4xf64>, tensor<3x4xi32>)
    weft.yield %a, %i : tensor<3x4xf64>, tensor<3x4xi32>
  } : (tensor<2x3x4xf64>) -> (tensor<2x3x4xf64>, tensor<2x3x4xi32>)
  return %y, %j : tensor<2x3x4xf64>, tensor<2x3x4xi32>
}
