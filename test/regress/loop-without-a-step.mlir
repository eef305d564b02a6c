// RUN: weft-check-ops %s
//
// A loop that runs no step gives its first value, whose memory was another's by the time that the result was read.

!v = tensor<64xf64>
!t = tensor<?x64xf64, #weft.dims<[T in 0 to 4] (T, 64)>>
func.func @while(%x: !v, %y: !v, %z: !v, %n: tensor<i32> {weft.input = "i32=0"}) -> (!v, !v) attributes {weft.no_derivative} {
  %0 = weft.mul %x, %y : !v
  %k = weft.constant dense<0> : tensor<i32>
  %1, %2 = weft.while carry(%0, %k) while {
  ^bb0(%c: !v, %i: tensor<i32>):
    %p = weft.compare LT, %i, %n : tensor<i32>
    weft.yield %p : tensor<i1>
  } do {
  ^bb0(%c: !v, %i: tensor<i32>):
    %one = weft.constant dense<1> : tensor<i32>
    %j = weft.add %i, %one : tensor<i32>
    %d = weft.tanh %c : !v
    weft.yield %d, %j : !v, tensor<i32>
  } : (!v, tensor<i32>) -> (!v, tensor<i32>)
  %3 = weft.tanh %z : !v
  %4 = weft.scan #weft.dims<(3)> carry(%z) over() {
  ^bb0(%i: tensor<i32>, %c: !v):
    %s = weft.mul %c, %3 : !v
    weft.yield %s : !v
  } : (!v) -> !v
  %5 = weft.add %1, %4 : !v
  return %5, %4 : !v, !v
}
func.func @scan(%x: !v, %y: !v, %z: !v, %xs: !t {weft.input = "0x64xf64=zeros"}) -> (!v, !v) attributes {weft.no_derivative} {
  %0 = weft.mul %x, %y : !v
  %1 = weft.scan #weft.dims<[T in 0 to 4] (T)> carry(%0) over(%xs) {
  ^bb0(%i: tensor<i32>, %c: !v, %a: !v):
    %d = weft.add %c, %a : !v
    weft.yield %d : !v
  } : (!v, !t) -> !v
  %3 = weft.tanh %z : !v
  %4 = weft.scan #weft.dims<(3)> carry(%z) over() {
  ^bb0(%i: tensor<i32>, %c: !v):
    %s = weft.mul %c, %3 : !v
    weft.yield %s : !v
  } : (!v) -> !v
  %5 = weft.add %1, %4 : !v
  return %5, %4 : !v, !v
}
