// RUN: weft-check-ops %s
//
// A bound argument that nothing reads any more, and that is still where a call learns a dimension; a loop of bound values whose length each call brings.

!b = tensor<?x4xf32, #weft.dims<[B in 1 to 8] (B, 4)>>
func.func @f(%x: !b {weft.bound, weft.input = "3x4xf32=normal:1"}, %w: tensor<4xf32> {weft.bound}, %y: tensor<4xf32>) -> !b attributes {weft.no_derivative} {
  %0 = weft.tanh %w : tensor<4xf32>
  %1 = weft.mul %0, %y : tensor<4xf32>
  %2 = weft.broadcast %1 [1] : (tensor<4xf32>) -> !b
  return %2 : !b
}
!t = tensor<2x2xf64>
!c = tensor<?x3xf64, #weft.dims<[C in 1 to 4] (C, 3)>>
func.func @loop(%y: !c {weft.input = "1x3xf64=normal:1"}, %x: !t {weft.bound}) -> !t attributes {weft.no_derivative} {
  %0 = weft.scan #weft.dims<[C in 1 to 4] (C)> carry(%x) over(%y) {
  ^bb0(%i: tensor<i32>, %c: !t, %s: tensor<3xf64>):
    %n = weft.tanh %x : !t
    weft.yield %n : !t
  } : (!t, !c) -> !t
  return %0 : !t
}
