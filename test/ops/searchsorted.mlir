// RUN: weft-opt %s | weft-opt | FileCheck %s
// RUN: weft-opt %s --weft-derive --canonicalize --cse | FileCheck %s --check-prefix=MAPPED
// RUN: weft-check-ops %s
//
// Where values belong in rows in ascending order: in front of what is equal, with `right` behind; NaN is the largest.

!rows = tensor<?x5xf64, #weft.dims<[B in 0 to 64] (B, 5)>>
!v = tensor<?x3xf64, #weft.dims<[B in 0 to 64] (B, 3)>>
!i = tensor<?x3xi32, #weft.dims<[B in 0 to 64] (B, 3)>>

// CHECK-LABEL: @one
// CHECK: weft.searchsorted %arg1 in %arg0 : (tensor<7xf32>, tensor<11xf32>) -> tensor<11xi32>
// CHECK: weft.searchsorted %arg1 in %arg0 right :
func.func @one(%s: tensor<7xf32> {weft.input = "7xf32=-inf,-1,-0.0,0.0,2,2,inf"}, %v: tensor<11xf32> {weft.input = "11xf32=-inf,-2,-1,-0.0,0.0,1,2,3,inf,nan,-nan"}) -> (tensor<11xi32>, tensor<11xi32>) {
  %a = weft.searchsorted %v in %s : (tensor<7xf32>, tensor<11xf32>) -> tensor<11xi32>
  %b = weft.searchsorted %v in %s right : (tensor<7xf32>, tensor<11xf32>) -> tensor<11xi32>
  return %a, %b : tensor<11xi32>, tensor<11xi32>
}
// NaN at the end of the row, as sort puts it.
func.func @nan(%s: tensor<5xf64> {weft.input = "5xf64=1,2,inf,nan,nan"}, %v: tensor<4xf64> {weft.input = "4xf64=nan,inf,3,-inf"}) -> (tensor<4xi32>, tensor<4xi32>) {
  %a = weft.searchsorted %v in %s : (tensor<5xf64>, tensor<4xf64>) -> tensor<4xi32>
  %b = weft.searchsorted %v in %s right : (tensor<5xf64>, tensor<4xf64>) -> tensor<4xi32>
  return %a, %b : tensor<4xi32>, tensor<4xi32>
}
func.func @rows(%x: tensor<2x3x97xf32>, %v: tensor<2x3x5xf32>, %y: tensor<4x13xi32>, %w: tensor<4x7xi32>) -> (tensor<2x3x5xi32>, tensor<4x7xi32>) {
  %s, %i = weft.sort %x 2 : (tensor<2x3x97xf32>) -> (tensor<2x3x97xf32>, tensor<2x3x97xi32>)
  %t, %j = weft.sort %y 1 : (tensor<4x13xi32>) -> (tensor<4x13xi32>, tensor<4x13xi32>)
  %a = weft.searchsorted %v in %s : (tensor<2x3x97xf32>, tensor<2x3x5xf32>) -> tensor<2x3x5xi32>
  %b = weft.searchsorted %w in %t right : (tensor<4x13xi32>, tensor<4x7xi32>) -> tensor<4x7xi32>
  return %a, %b : tensor<2x3x5xi32>, tensor<4x7xi32>
}
func.func @types(%a: tensor<3xbf16> {weft.input = "3xbf16=-1,0,2"}, %b: tensor<3xf16> {weft.input = "3xf16=-1,0,2"}, %c: tensor<3xi8> {weft.input = "3xi8=-128,0,127"}, %d: tensor<3xi64> {weft.input = "3xi64=-9223372036854775808,0,9223372036854775807"}, %va: tensor<5xbf16>, %vb: tensor<5xf16>, %vc: tensor<5xi8>, %vd: tensor<5xi64>) -> (tensor<5xi32>, tensor<5xi32>, tensor<5xi32>, tensor<5xi32>) {
  %ra = weft.searchsorted %va in %a : (tensor<3xbf16>, tensor<5xbf16>) -> tensor<5xi32>
  %rb = weft.searchsorted %vb in %b right : (tensor<3xf16>, tensor<5xf16>) -> tensor<5xi32>
  %rc = weft.searchsorted %vc in %c : (tensor<3xi8>, tensor<5xi8>) -> tensor<5xi32>
  %rd = weft.searchsorted %vd in %d right : (tensor<3xi64>, tensor<5xi64>) -> tensor<5xi32>
  return %ra, %rb, %rc, %rd : tensor<5xi32>, tensor<5xi32>, tensor<5xi32>, tensor<5xi32>
}
func.func @small(%s: tensor<0xf32>, %v: tensor<3xf32>, %t: tensor<1xf32>, %w: tensor<0xf32>) -> (tensor<3xi32>, tensor<0xi32>, tensor<3xi32>) {
  %a = weft.searchsorted %v in %s : (tensor<0xf32>, tensor<3xf32>) -> tensor<3xi32>
  %b = weft.searchsorted %w in %t : (tensor<1xf32>, tensor<0xf32>) -> tensor<0xi32>
  %c = weft.searchsorted %v in %t right : (tensor<1xf32>, tensor<3xf32>) -> tensor<3xi32>
  return %a, %b, %c : tensor<3xi32>, tensor<0xi32>, tensor<3xi32>
}
func.func @run_time(%x: !rows {weft.input = "7x5xf64=normal:1"}, %v: !v {weft.input = "7x3xf64=normal:2"}) -> !i {
  %s, %j = weft.sort %x 1 : (!rows) -> (!rows, tensor<?x5xi32, #weft.dims<[B in 0 to 64] (B, 5)>>)
  %a = weft.searchsorted %v in %s : (!rows, !v) -> !i
  return %a : !i
}
// One row for all slices is a row for each.
// MAPPED-LABEL: @mapped
// MAPPED: weft.searchsorted %arg1 in %{{.*}} : (tensor<2x5xf64>, tensor<2x3xf64>) -> tensor<2x3xi32>
func.func @mapped(%s: tensor<5xf64> {weft.input = "5xf64=-1,0,1,2,3"}, %v: tensor<2x3xf64>) -> tensor<2x3xi32> {
  %y = weft.vmap #weft.dims<(2)> over(%v) {
  ^bb0(%w: tensor<3xf64>):
    %a = weft.searchsorted %w in %s : (tensor<5xf64>, tensor<3xf64>) -> tensor<3xi32>
    weft.yield %a : tensor<3xi32>
  } : (tensor<2x3xf64>) -> tensor<2x3xi32>
  return %y : tensor<2x3xi32>
}
