// RUN: weft-opt %s | weft-opt | FileCheck %s
// RUN: weft-opt %s --weft-derive --canonicalize --cse | FileCheck %s --check-prefix=GRAD
// RUN: weft-check-ops %s
//
// The largest elements of each row and where they were: NaN counts as the largest, of equal elements the first comes first.

!rows = tensor<?x5xf64, #weft.dims<[B in 3 to 64] (B, 5)>>
!two = tensor<2x5xf64>
!twoPlaces = tensor<2x5xi32>
!most = tensor<?x5xf64, #weft.dims<[B in 3 to 64] (B - 1, 5)>>
!mostPlaces = tensor<?x5xi32, #weft.dims<[B in 3 to 64] (B - 1, 5)>>

// CHECK-LABEL: @last
// CHECK: weft.top_k %arg0 <(3)> along 1 : (tensor<3x17xf64>) -> (tensor<3x3xf64>, tensor<3x3xi32>)
func.func @last(%x: tensor<3x17xf64>) -> (tensor<3x3xf64>, tensor<3x3xi32>) {
  %a, %i = weft.top_k %x <(3)> along 1 : (tensor<3x17xf64>) -> (tensor<3x3xf64>, tensor<3x3xi32>)
  return %a, %i : tensor<3x3xf64>, tensor<3x3xi32>
}
func.func @first_and_middle(%x: tensor<13x5xf32>, %y: tensor<2x7x3xf32>) -> (tensor<4x5xf32>, tensor<4x5xi32>, tensor<2x7x3xf32>, tensor<2x7x3xi32>) {
  %a, %i = weft.top_k %x <(4)> along 0 : (tensor<13x5xf32>) -> (tensor<4x5xf32>, tensor<4x5xi32>)
  %b, %j = weft.top_k %y <(7)> along 1 : (tensor<2x7x3xf32>) -> (tensor<2x7x3xf32>, tensor<2x7x3xi32>)
  return %a, %i, %b, %j : tensor<4x5xf32>, tensor<4x5xi32>, tensor<2x7x3xf32>, tensor<2x7x3xi32>
}
// Longer than the buffer of what may be chosen: elements pass a bar, many at a time, and along columns one at a time.
func.func @long(%x: tensor<9973xf32>, %y: tensor<1009x2xf32>, %z: tensor<2003xf64>) -> (tensor<7xf32>, tensor<7xi32>, tensor<300x2xf32>, tensor<300x2xi32>, tensor<1xf64>, tensor<1xi32>) {
  %a, %i = weft.top_k %x <(7)> along 0 : (tensor<9973xf32>) -> (tensor<7xf32>, tensor<7xi32>)
  %b, %j = weft.top_k %y <(300)> along 0 : (tensor<1009x2xf32>) -> (tensor<300x2xf32>, tensor<300x2xi32>)
  %c, %k = weft.top_k %z <(1)> along 0 : (tensor<2003xf64>) -> (tensor<1xf64>, tensor<1xi32>)
  return %a, %i, %b, %j, %c, %k : tensor<7xf32>, tensor<7xi32>, tensor<300x2xf32>, tensor<300x2xi32>, tensor<1xf64>, tensor<1xi32>
}
// Rising, so that the buffer is full again and again.
func.func @rising() -> (tensor<11xi32>, tensor<11xi32>) {
  %x = weft.iota 0 : tensor<4001xi32>
  %a, %i = weft.top_k %x <(11)> along 0 : (tensor<4001xi32>) -> (tensor<11xi32>, tensor<11xi32>)
  return %a, %i : tensor<11xi32>, tensor<11xi32>
}
func.func @small(%x: tensor<1xf32>, %y: tensor<3x1xi32>, %z: tensor<2x0xf32>, %w: tensor<0x3xf64>, %v: tensor<3x5xf32>) -> (tensor<1xf32>, tensor<1xi32>, tensor<3x1xi32>, tensor<2x0xi32>, tensor<0x2xf64>, tensor<0x2xi32>, tensor<3x0xf32>, tensor<3x0xi32>) {
  %a, %i = weft.top_k %x <(1)> along 0 : (tensor<1xf32>) -> (tensor<1xf32>, tensor<1xi32>)
  %b, %j = weft.top_k %y <(1)> along 1 : (tensor<3x1xi32>) -> (tensor<3x1xi32>, tensor<3x1xi32>)
  %c, %k = weft.top_k %z <(0)> along 1 : (tensor<2x0xf32>) -> (tensor<2x0xf32>, tensor<2x0xi32>)
  %d, %l = weft.top_k %w <(2)> along 1 : (tensor<0x3xf64>) -> (tensor<0x2xf64>, tensor<0x2xi32>)
  %e, %m = weft.top_k %v <(0)> along 1 : (tensor<3x5xf32>) -> (tensor<3x0xf32>, tensor<3x0xi32>)
  return %a, %i, %b, %k, %d, %l, %e, %m : tensor<1xf32>, tensor<1xi32>, tensor<3x1xi32>, tensor<2x0xi32>, tensor<0x2xf64>, tensor<0x2xi32>, tensor<3x0xf32>, tensor<3x0xi32>
}
// CHECK-LABEL: @run_time
// CHECK: weft.top_k %arg0 <[B in 3 to 64] (B - 1)> along 0
func.func @run_time(%x: !rows {weft.input = "7x5xf64=normal:1"}) -> (!two, !twoPlaces, !most, !mostPlaces) {
  %a, %i = weft.top_k %x <(2)> along 0 : (!rows) -> (!two, !twoPlaces)
  %b, %j = weft.top_k %x <[B in 3 to 64] (B - 1)> along 0 : (!rows) -> (!most, !mostPlaces)
  return %a, %i, %b, %j : !two, !twoPlaces, !most, !mostPlaces
}
func.func @ties(%x: tensor<4x67xi32>, %y: tensor<601xf32> {weft.input = "601xf32=1"}) -> (tensor<4x9xi32>, tensor<4x9xi32>, tensor<5xf32>, tensor<5xi32>) {
  %a, %i = weft.top_k %x <(9)> along 1 : (tensor<4x67xi32>) -> (tensor<4x9xi32>, tensor<4x9xi32>)
  %b, %j = weft.top_k %y <(5)> along 0 : (tensor<601xf32>) -> (tensor<5xf32>, tensor<5xi32>)
  return %a, %i, %b, %j : tensor<4x9xi32>, tensor<4x9xi32>, tensor<5xf32>, tensor<5xi32>
}
func.func @special(%x: tensor<2x6xf32> {weft.input = "2x6xf32=nan,1,-inf,0.0,-0.0,inf,-0.0,nan,0.0,nan,-1,2"}, %y: tensor<6xbf16> {weft.input = "6xbf16=1,nan,-inf,0.0,-0.0,inf"}, %z: tensor<6xf16> {weft.input = "6xf16=1,-inf,0.0,-0.0,inf,nan"}, %w: tensor<6xf64> {weft.input = "6xf64=nan,1,-inf,0.0,-0.0,inf"}) -> (tensor<2x5xf32>, tensor<2x5xi32>, tensor<3xbf16>, tensor<3xi32>, tensor<4xf16>, tensor<4xi32>, tensor<6xf64>, tensor<6xi32>) {
  %a, %i = weft.top_k %x <(5)> along 1 : (tensor<2x6xf32>) -> (tensor<2x5xf32>, tensor<2x5xi32>)
  %b, %j = weft.top_k %y <(3)> along 0 : (tensor<6xbf16>) -> (tensor<3xbf16>, tensor<3xi32>)
  %c, %k = weft.top_k %z <(4)> along 0 : (tensor<6xf16>) -> (tensor<4xf16>, tensor<4xi32>)
  %d, %l = weft.top_k %w <(6)> along 0 : (tensor<6xf64>) -> (tensor<6xf64>, tensor<6xi32>)
  return %a, %i, %b, %j, %c, %k, %d, %l : tensor<2x5xf32>, tensor<2x5xi32>, tensor<3xbf16>, tensor<3xi32>, tensor<4xf16>, tensor<4xi32>, tensor<6xf64>, tensor<6xi32>
}
// More NaN than are chosen, in a row longer than the buffer.
func.func @all_nan(%x: tensor<1301xf32> {weft.input = "1301xf32=nan"}) -> (tensor<3xf32>, tensor<3xi32>) {
  %a, %i = weft.top_k %x <(3)> along 0 : (tensor<1301xf32>) -> (tensor<3xf32>, tensor<3xi32>)
  return %a, %i : tensor<3xf32>, tensor<3xi32>
}
func.func @whole(%x: tensor<5xi32> {weft.input = "5xi32=-2147483648,2147483647,0,-1,1"}, %y: tensor<5xi8> {weft.input = "5xi8=-128,127,0,-1,1"}, %z: tensor<4xi64> {weft.input = "4xi64=-9223372036854775808,9223372036854775807,-1,5"}, %t: tensor<5xi1>) -> (tensor<5xi32>, tensor<5xi32>, tensor<2xi8>, tensor<3xi64>, tensor<3xi32>, tensor<2xi1>, tensor<2xi32>) {
  %a, %i = weft.top_k %x <(5)> along 0 : (tensor<5xi32>) -> (tensor<5xi32>, tensor<5xi32>)
  %b, %j = weft.top_k %y <(2)> along 0 : (tensor<5xi8>) -> (tensor<2xi8>, tensor<2xi32>)
  %c, %k = weft.top_k %z <(3)> along 0 : (tensor<4xi64>) -> (tensor<3xi64>, tensor<3xi32>)
  %d, %l = weft.top_k %t <(2)> along 0 : (tensor<5xi1>) -> (tensor<2xi1>, tensor<2xi32>)
  return %a, %i, %b, %c, %k, %d, %l : tensor<5xi32>, tensor<5xi32>, tensor<2xi8>, tensor<3xi64>, tensor<3xi32>, tensor<2xi1>, tensor<2xi32>
}
// GRAD-LABEL: @derivative
// GRAD: %[[V:.*]], %[[I:.*]] = weft.top_k %arg0 <(2)> along 1
// GRAD: %[[D:.*]] = weft.scatter_add_along %{{.*}} at %[[I]] add %arg1 along 1
// GRAD-NEXT: return %[[D]]
func.func @derivative(%x: tensor<3x4xf64>, %ct: tensor<3x2xf64>) -> tensor<3x4xf64> attributes {weft.unchecked} {
  %y, %i = weft.top_k %x <(2)> along 1 : (tensor<3x4xf64>) -> (tensor<3x2xf64>, tensor<3x2xi32>)
  %dx = weft.grad of %y with %ct wrt %x : (tensor<3x2xf64>, tensor<3x2xf64>, tensor<3x4xf64>) -> tensor<3x4xf64>
  return %dx : tensor<3x4xf64>
}
// GRAD-LABEL: @mapped
// GRAD: weft.top_k %arg0 <(2)> along 2 : (tensor<2x3x4xf64>) -> (tensor<2x3x2xf64>, tensor<2x3x2xi32>)
func.func @mapped(%x: tensor<2x3x4xf64>) -> (tensor<2x3x2xf64>, tensor<2x3x2xi32>) {
  %y, %j = weft.vmap #weft.dims<(2)> over(%x) {
  ^bb0(%s: tensor<3x4xf64>):
    %a, %i = weft.top_k %s <(2)> along 1 : (tensor<3x4xf64>) -> (tensor<3x2xf64>, tensor<3x2xi32>)
    weft.yield %a, %i : tensor<3x2xf64>, tensor<3x2xi32>
  } : (tensor<2x3x4xf64>) -> (tensor<2x3x2xf64>, tensor<2x3x2xi32>)
  return %y, %j : tensor<2x3x2xf64>, tensor<2x3x2xi32>
}
