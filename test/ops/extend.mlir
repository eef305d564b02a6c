// RUN: weft-opt %s | weft-opt | FileCheck %s
// RUN: weft-opt %s --weft-derive --canonicalize --cse | FileCheck %s --check-prefix=GRAD
// RUN: weft-check-ops %s
//
// An operand with elements of its own in front and behind: from the edge, reflected, wrapped round.

!t = tensor<?x5xf64, #weft.dims<[T in 3 to 64] (T, 5)>>
!t4 = tensor<?x5xf64, #weft.dims<[T in 3 to 64] (T + 4, 5)>>
!tt = tensor<?x5xf64, #weft.dims<[T in 3 to 64] (T * 2, 5)>>

// CHECK-LABEL: @modes
// CHECK: weft.extend %arg0 "edge" [0, 1] low <(2, 0)> : (tensor<3x14xf64>) -> tensor<6x17xf64>
func.func @modes(%x: tensor<3x14xf64>) -> (tensor<6x17xf64>, tensor<7x17xf64>, tensor<6x20xf64>) {
  %a = weft.extend %x "edge" [0, 1] low <(2, 0)> : (tensor<3x14xf64>) -> tensor<6x17xf64>
  %b = weft.extend %x "reflect" [0, 1] low <(2, 0)> : (tensor<3x14xf64>) -> tensor<7x17xf64>
  %c = weft.extend %x "wrap" [0, 1] low <(0, 3)> : (tensor<3x14xf64>) -> tensor<6x20xf64>
  return %a, %b, %c : tensor<6x17xf64>, tensor<7x17xf64>, tensor<6x20xf64>
}
// The most that each mode lends; from one element too.
func.func @as_far_as_it_goes(%x: tensor<2x3x2xf32>, %one: tensor<1x1xf32>) -> (tensor<2x7x2xf32>, tensor<2x9x2xf32>, tensor<9x1xf32>, tensor<1x3xf32>) {
  %a = weft.extend %x "reflect" [1] low <(0, 2, 0)> : (tensor<2x3x2xf32>) -> tensor<2x7x2xf32>
  %b = weft.extend %x "wrap" [1] low <(0, 3, 0)> : (tensor<2x3x2xf32>) -> tensor<2x9x2xf32>
  %c = weft.extend %one "edge" [0] low <(5, 0)> : (tensor<1x1xf32>) -> tensor<9x1xf32>
  %d = weft.extend %one "wrap" [1] low <(0, 1)> : (tensor<1x1xf32>) -> tensor<1x3xf32>
  return %a, %b, %c, %d : tensor<2x7x2xf32>, tensor<2x9x2xf32>, tensor<9x1xf32>, tensor<1x3xf32>
}
func.func @types(%i: tensor<5xi32>, %p: tensor<5xi1>, %h: tensor<5xbf16>, %z: tensor<0x3xi8>) -> (tensor<8xi32>, tensor<8xi1>, tensor<8xbf16>, tensor<0x5xi8>) {
  %a = weft.extend %i "reflect" [0] low <(2)> : (tensor<5xi32>) -> tensor<8xi32>
  %b = weft.extend %p "wrap" [0] low <(1)> : (tensor<5xi1>) -> tensor<8xi1>
  %c = weft.extend %h "edge" [0] low <(0)> : (tensor<5xbf16>) -> tensor<8xbf16>
  %d = weft.extend %z "edge" [1] low <(0, 1)> : (tensor<0x3xi8>) -> tensor<0x5xi8>
  return %a, %b, %c, %d : tensor<8xi32>, tensor<8xi1>, tensor<8xbf16>, tensor<0x5xi8>
}
func.func @run_time(%x: !t {weft.input = "7x5xf64=normal:1"}) -> (!t4, !t4, !tt) {
  %a = weft.extend %x "reflect" [0] low <(2, 0)> : (!t) -> !t4
  %b = weft.extend %x "edge" [0] low <(4, 0)> : (!t) -> !t4
  %c = weft.extend %x "wrap" [0] low <[T in 3 to 64] (T, 0)> : (!t) -> !tt
  return %a, %b, %c : !t4, !t4, !tt
}
// Two derivatives: the check differentiates the gradient again.
func.func @twice(%x: tensor<4x5xf64>) -> tensor<4x5xf64> {
  %c = weft.extend %x "reflect" [0, 1] low <(1, 2)> : (tensor<4x5xf64>) -> tensor<6x9xf64>
  %s = weft.mul %c, %c : tensor<6x9xf64>
  %q = weft.mul %s, %c : tensor<6x9xf64>
  %d = weft.grad of %q with %s wrt %x : (tensor<6x9xf64>, tensor<6x9xf64>, tensor<4x5xf64>) -> tensor<4x5xf64>
  return %d : tensor<4x5xf64>
}
func.func @mapped(%x: tensor<3x4x5xf64>) -> tensor<3x6x9xf64> {
  %y = weft.vmap #weft.dims<(3)> over(%x) {
  ^bb0(%s: tensor<4x5xf64>):
    %c = weft.extend %s "reflect" [0, 1] low <(1, 2)> : (tensor<4x5xf64>) -> tensor<6x9xf64>
    weft.yield %c : tensor<6x9xf64>
  } : (tensor<3x4x5xf64>) -> tensor<3x6x9xf64>
  return %y : tensor<3x6x9xf64>
}

// Every side is put back to where it came from.
// GRAD-LABEL: @derivative
// GRAD-DAG: %[[IN:.*]] = weft.slice %arg1 from <(2)> by [1] : (tensor<8xf64>) -> tensor<5xf64>
// GRAD-DAG: %[[FRONT:.*]] = weft.slice %arg1 from <(0)> by [1] : (tensor<8xf64>) -> tensor<2xf64>
// GRAD-DAG: %[[BACK:.*]] = weft.slice %arg1 from <(7)> by [1] : (tensor<8xf64>) -> tensor<1xf64>
// GRAD-DAG: %[[TURNED:.*]] = weft.reverse %[[FRONT]] [0]
// GRAD-DAG: weft.pad %[[TURNED]], %{{.*}} low <(1)>
// GRAD-DAG: %[[LAST:.*]] = weft.reverse %[[BACK]] [0]
// GRAD-DAG: weft.pad %[[LAST]], %{{.*}} low <(3)>
func.func @derivative(%x: tensor<5xf64>, %ct: tensor<8xf64>) -> tensor<5xf64> attributes {weft.unchecked} {
  %y = weft.extend %x "reflect" [0] low <(2)> : (tensor<5xf64>) -> tensor<8xf64>
  %dx = weft.grad of %y with %ct wrt %x : (tensor<8xf64>, tensor<8xf64>, tensor<5xf64>) -> tensor<5xf64>
  return %dx : tensor<5xf64>
}
