// RUN: weft-check-ops %s
//
// Kernels with a workspace and those of a scanned dimension in loops and branches, beside each other, and where a result is the new value of
// an argument.

!v = tensor<7xf64>
!p = tensor<7xi32>
func.func @in_a_loop(%x: tensor<5x7xf64>, %h: !v) -> (!v, tensor<5x7xf64>, tensor<5x7xi32>) {
  %last, %all, %at = weft.scan #weft.dims<(5)> carry(%h) over(%x) {
  ^bb0(%i: tensor<i32>, %c: !v, %s: !v):
    %a, %k = weft.sort %s 0 descending : (!v) -> (!v, !p)
    %b = weft.cumsum %a 0 exclusive : !v
    %n = weft.add %b, %c : !v
    %t = weft.tanh %n : !v
    weft.yield %t, %a, %k : !v, !v, !p
  } : (!v, tensor<5x7xf64>) -> (!v, tensor<5x7xf64>, tensor<5x7xi32>)
  return %last, %all, %at : !v, tensor<5x7xf64>, tensor<5x7xi32>
}
func.func @carried(%h: !v) -> !v {
  %last = weft.scan #weft.dims<(3)> carry(%h) over() {
  ^bb0(%i: tensor<i32>, %c: !v):
    %a, %k = weft.sort %c 0 : (!v) -> (!v, !p)
    weft.yield %a : !v
  } : (!v) -> !v
  return %last : !v
}
func.func @in_a_branch(%x: !v, %q: tensor<i1> {weft.input = "i1=1"}) -> (!v, !p) {
  %y, %j = weft.cond %q then {
    %a, %k = weft.sort %x 0 : (!v) -> (!v, !p)
    weft.yield %a, %k : !v, !p
  } else {
    %a, %k = weft.sort %x 0 descending : (!v) -> (!v, !p)
    weft.yield %a, %k : !v, !p
  } : (tensor<i1>) -> (!v, !p)
  return %y, %j : !v, !p
}
func.func @state(%x: !v, %w: !v) -> (!v {weft.updates = 1 : i64}, tensor<f64>) {
  %a, %k = weft.sort %x 0 : (!v) -> (!v, !p)
  %c = weft.cumsum %w 0 : !v
  %n = weft.add %c, %a : !v
  %s = weft.reduce_sum %n [0] : (!v) -> tensor<f64>
  return %n, %s : !v, tensor<f64>
}
func.func @state_sorted(%w: !v) -> (!v {weft.updates = 0 : i64}) {
  %a, %k = weft.sort %w 0 : (!v) -> (!v, !p)
  return %a : !v
}
func.func @state_summed(%w: tensor<300x40xf32>) -> (tensor<300x40xf32> {weft.updates = 0 : i64}) {
  %a = weft.cumsum %w 0 : tensor<300x40xf32>
  return %a : tensor<300x40xf32>
}
func.func @both_read(%x: tensor<16x33xf32>) -> (tensor<16x33xf32>, tensor<16x33xf32>) {
  %a = weft.cumsum %x 1 : tensor<16x33xf32>
  %b = weft.add %a, %x : tensor<16x33xf32>
  %c = weft.cumsum %b 0 reverse : tensor<16x33xf32>
  %d = weft.mul %c, %a : tensor<16x33xf32>
  return %b, %d : tensor<16x33xf32>, tensor<16x33xf32>
}
func.func @two_sums(%x: tensor<16x33xf32>) -> (tensor<16x33xf32>, tensor<16xf32>) {
  %a = weft.cumsum %x 1 : tensor<16x33xf32>
  %m = weft.reduce_max %a [1] : (tensor<16x33xf32>) -> tensor<16xf32>
  %r = weft.broadcast %m [0] : (tensor<16xf32>) -> tensor<16x33xf32>
  %d = weft.sub %a, %r : tensor<16x33xf32>
  return %d, %m : tensor<16x33xf32>, tensor<16xf32>
}
