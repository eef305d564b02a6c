// RUN: weft-opt %s | weft-opt | FileCheck %s
// RUN: weft-check-ops %s
//
// A dimension as a number: what a mean over a run-time dimension divides by.

!rows = tensor<?x5xf64, #weft.dims<[B in 1 to 64] (B, 5)>>

// CHECK-LABEL: @sizes
// CHECK: weft.dim <[B in 1 to 64] (B * 5 + 1)> : tensor<i32>
func.func @sizes(%x: !rows {weft.input = "7x5xf64=normal:1"}) -> (tensor<i32>, tensor<i32>, tensor<i32>) {
  %b = weft.dim <[B in 1 to 64] (B)> : tensor<i32>
  %n = weft.dim <[B in 1 to 64] (B * 5 + 1)> : tensor<i32>
  %h = weft.dim <[B in 1 to 64] ((B - 1) floordiv 2 + 1)> : tensor<i32>
  return %b, %n, %h : tensor<i32>, tensor<i32>, tensor<i32>
}
func.func @static() -> tensor<i32> {
  %n = weft.dim <(42)> : tensor<i32>
  return %n : tensor<i32>
}
func.func @mean(%x: !rows {weft.input = "7x5xf64=normal:1"}) -> tensor<5xf64> {
  %s = weft.reduce_sum %x [0] : (!rows) -> tensor<5xf64>
  %b = weft.dim <[B in 1 to 64] (B)> : tensor<i32>
  %f = weft.cast %b : tensor<i32> to tensor<f64>
  %w = weft.broadcast %f [] : (tensor<f64>) -> tensor<5xf64>
  %m = weft.div %s, %w : tensor<5xf64>
  return %m : tensor<5xf64>
}
