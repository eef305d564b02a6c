// RUN: weft-check-ops %s
//
// What a kernel without operands has made is read by a loop in a loop from memory; it is not taken for a generator, which goes into the region that reads it.

!v = tensor<6xf64>
func.func @f(%x: !v) -> (!v, !v) attributes {weft.no_derivative} {
  %0 = weft.iota 0 : !v
  %g = weft.cos %0 : !v
  %1 = weft.scan #weft.dims<(2)> carry(%x) over() {
  ^bb0(%i: tensor<i32>, %c: !v):
    %2 = weft.scan #weft.dims<(3)> carry(%c) over() {
    ^bb0(%j: tensor<i32>, %d: !v):
      %s = weft.mul %d, %g : !v
      %n = weft.tanh %s : !v
      weft.yield %n : !v
    } : (!v) -> !v
    %m = weft.add %2, %x : !v
    weft.yield %m : !v
  } : (!v) -> !v
  %e = weft.mul %1, %g : !v
  return %1, %e : !v, !v
}
