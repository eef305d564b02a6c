// RUN: weft-opt %s | weft-opt | FileCheck %s
// RUN: weft-opt %s --weft-derive --canonicalize --cse | FileCheck %s --check-prefix=GRAD
// RUN: weft-check-ops %s
//
// y[i] = a[i] y[i - 1] + b[i], one element after the other along an axis.

!rows = tensor<?x5xf64, #weft.dims<[B in 1 to 64] (B, 5)>>

// CHECK-LABEL: @last
// CHECK: weft.linear_recurrence %arg0, %arg1 1 : (tensor<3x7xf64>, tensor<3x7xf64>)
// CHECK: weft.linear_recurrence %arg0, %arg1 1 exclusive reverse : (tensor<3x7xf64>, tensor<3x7xf64>)
func.func @last(%a: tensor<3x7xf64>, %b: tensor<3x7xf64>) -> (tensor<3x7xf64>, tensor<3x7xf64>, tensor<3x7xf64>, tensor<3x7xf64>) {
  %p = weft.linear_recurrence %a, %b 1 : (tensor<3x7xf64>, tensor<3x7xf64>)
  %q = weft.linear_recurrence %a, %b 1 exclusive reverse : (tensor<3x7xf64>, tensor<3x7xf64>)
  %r = weft.linear_recurrence %a, %b 0 reverse : (tensor<3x7xf64>, tensor<3x7xf64>)
  %s = weft.linear_recurrence %a, %b 0 exclusive : (tensor<3x7xf64>, tensor<3x7xf64>)
  return %p, %q, %r, %s : tensor<3x7xf64>, tensor<3x7xf64>, tensor<3x7xf64>, tensor<3x7xf64>
}
func.func @first(%a: tensor<5x67xf32>, %b: tensor<5x67xf32>) -> (tensor<5x67xf32>, tensor<5x67xf32>) {
  %p = weft.linear_recurrence %a, %b 0 : (tensor<5x67xf32>, tensor<5x67xf32>)
  %q = weft.linear_recurrence %a, %b 1 exclusive reverse : (tensor<5x67xf32>, tensor<5x67xf32>)
  return %p, %q : tensor<5x67xf32>, tensor<5x67xf32>
}
func.func @none_and_one(%x: tensor<3x0xf32>, %y: tensor<1xf64>, %z: tensor<1xf64>) -> (tensor<3x0xf32>, tensor<1xf64>, tensor<1xf64>) {
  %a = weft.linear_recurrence %x, %x 1 : (tensor<3x0xf32>, tensor<3x0xf32>)
  %b = weft.linear_recurrence %y, %z 0 : (tensor<1xf64>, tensor<1xf64>)
  %c = weft.linear_recurrence %y, %z 0 exclusive : (tensor<1xf64>, tensor<1xf64>)
  return %a, %b, %c : tensor<3x0xf32>, tensor<1xf64>, tensor<1xf64>
}
func.func @run_time(%a: !rows {weft.input = "7x5xf64=normal:1"}, %b: !rows {weft.input = "7x5xf64=normal:2"}) -> (!rows, !rows) {
  %p = weft.linear_recurrence %a, %b 0 reverse : (!rows, !rows)
  %q = weft.linear_recurrence %a, %b 1 : (!rows, !rows)
  return %p, %q : !rows, !rows
}
func.func @half(%a: tensor<15x16xbf16>, %b: tensor<15x16xbf16>, %c: tensor<2x9xf16>, %d: tensor<2x9xf16>) -> (tensor<15x16xbf16>, tensor<2x9xf16>) {
  %p = weft.linear_recurrence %a, %b 1 : (tensor<15x16xbf16>, tensor<15x16xbf16>)
  %q = weft.linear_recurrence %c, %d 0 : (tensor<2x9xf16>, tensor<2x9xf16>)
  return %p, %q : tensor<15x16xbf16>, tensor<2x9xf16>
}

// GRAD-LABEL: @derivative
// GRAD: weft.linear_recurrence %arg0, %{{.*}} 1 exclusive reverse
// GRAD: return
func.func @derivative(%a: tensor<3x4xf64>, %b: tensor<3x4xf64>, %ct: tensor<3x4xf64>) -> tensor<3x4xf64> attributes {weft.unchecked} {
  %y = weft.linear_recurrence %a, %b 1 : (tensor<3x4xf64>, tensor<3x4xf64>)
  %db = weft.grad of %y with %ct wrt %b : (tensor<3x4xf64>, tensor<3x4xf64>, tensor<3x4xf64>) -> tensor<3x4xf64>
  return %db : tensor<3x4xf64>
}
