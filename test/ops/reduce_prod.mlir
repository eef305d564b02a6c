// RUN: weft-opt %s | weft-opt | FileCheck %s
// RUN: weft-opt %s --weft-derive --canonicalize --cse | FileCheck %s --check-prefix=GRAD
// RUN: weft-check-ops %s
//
// Products over axes; no element gives 1.

!rows = tensor<?x5xf64, #weft.dims<[B in 1 to 64] (B, 5)>>
!b = tensor<?xf64, #weft.dims<[B in 1 to 64] (B)>>

// CHECK-LABEL: @last
// CHECK: weft.reduce_prod %arg0 [1] : (tensor<3x17xf64>) -> tensor<3xf64>
func.func @last(%x: tensor<3x17xf64>) -> tensor<3xf64> {
  %y = weft.reduce_prod %x [1] : (tensor<3x17xf64>) -> tensor<3xf64>
  return %y : tensor<3xf64>
}
func.func @first(%x: tensor<3x17xf64>) -> tensor<17xf64> {
  %y = weft.reduce_prod %x [0] : (tensor<3x17xf64>) -> tensor<17xf64>
  return %y : tensor<17xf64>
}
func.func @middle_and_pairs(%x: tensor<2x7x16xf64>) -> (tensor<2x16xf64>, tensor<7xf64>, tensor<2xf64>, tensor<16xf64>) {
  %a = weft.reduce_prod %x [1] : (tensor<2x7x16xf64>) -> tensor<2x16xf64>
  %b = weft.reduce_prod %x [0, 2] : (tensor<2x7x16xf64>) -> tensor<7xf64>
  %c = weft.reduce_prod %x [1, 2] : (tensor<2x7x16xf64>) -> tensor<2xf64>
  %d = weft.reduce_prod %x [0, 1] : (tensor<2x7x16xf64>) -> tensor<16xf64>
  return %a, %b, %c, %d : tensor<2x16xf64>, tensor<7xf64>, tensor<2xf64>, tensor<16xf64>
}
func.func @all(%x: tensor<3x5xf64>, %y: tensor<1xf64>, %z: tensor<f64>) -> (tensor<f64>, tensor<f64>, tensor<f64>) {
  %a = weft.reduce_prod %x [0, 1] : (tensor<3x5xf64>) -> tensor<f64>
  %b = weft.reduce_prod %y [0] : (tensor<1xf64>) -> tensor<f64>
  %c = weft.reduce_prod %z [] : (tensor<f64>) -> tensor<f64>
  return %a, %b, %c : tensor<f64>, tensor<f64>, tensor<f64>
}
func.func @run_time(%x: !rows {weft.input = "7x5xf64=normal:1"}) -> (!b, tensor<5xf64>, tensor<f64>) {
  %a = weft.reduce_prod %x [1] : (!rows) -> !b
  %b = weft.reduce_prod %x [0] : (!rows) -> tensor<5xf64>
  %c = weft.reduce_prod %x [0, 1] : (!rows) -> tensor<f64>
  return %a, %b, %c : !b, tensor<5xf64>, tensor<f64>
}
func.func @no_element(%x: tensor<3x0xf32>, %y: tensor<0x4xi32>) -> (tensor<3xf32>, tensor<4xi32>, tensor<0xf32>) {
  %a = weft.reduce_prod %x [1] : (tensor<3x0xf32>) -> tensor<3xf32>
  %b = weft.reduce_prod %y [0] : (tensor<0x4xi32>) -> tensor<4xi32>
  %c = weft.reduce_prod %x [0] : (tensor<3x0xf32>) -> tensor<0xf32>
  return %a, %b, %c : tensor<3xf32>, tensor<4xi32>, tensor<0xf32>
}
func.func @whole(%x: tensor<3x17xi32>, %y: tensor<4xi8> {weft.input = "4xi8=-128,127,-3,2"}, %z: tensor<3xi64> {weft.input = "3xi64=-9223372036854775808,9223372036854775807,5"}) -> (tensor<3xi32>, tensor<i8>, tensor<i64>) {
  %a = weft.reduce_prod %x [1] : (tensor<3x17xi32>) -> tensor<3xi32>
  %b = weft.reduce_prod %y [0] : (tensor<4xi8>) -> tensor<i8>
  %c = weft.reduce_prod %z [0] : (tensor<3xi64>) -> tensor<i64>
  return %a, %b, %c : tensor<3xi32>, tensor<i8>, tensor<i64>
}
func.func @single(%x: tensor<4x33xf32>, %y: tensor<15x16xbf16>, %z: tensor<2x9xf16>) -> (tensor<4xf32>, tensor<15xbf16>, tensor<9xf16>) {
  %a = weft.reduce_prod %x [1] : (tensor<4x33xf32>) -> tensor<4xf32>
  %b = weft.reduce_prod %y [1] : (tensor<15x16xbf16>) -> tensor<15xbf16>
  %c = weft.reduce_prod %z [0] : (tensor<2x9xf16>) -> tensor<9xf16>
  return %a, %b, %c : tensor<4xf32>, tensor<15xbf16>, tensor<9xf16>
}
func.func @special(%x: tensor<4x3xf32> {weft.input = "4x3xf32=nan,1,2,1,nan,-inf,-inf,-inf,-inf,inf,1,2"}) -> (tensor<4xf32>, tensor<3xf32>) {
  %a = weft.reduce_prod %x [1] : (tensor<4x3xf32>) -> tensor<4xf32>
  %b = weft.reduce_prod %x [0] : (tensor<4x3xf32>) -> tensor<3xf32>
  return %a, %b : tensor<4xf32>, tensor<3xf32>
}

// No zero in a row, one, and two: a quotient by an element would have no number here.
func.func @zeros(%x: tensor<3x4xf64> {weft.input = "3x4xf64=2,-1,3,4,2,0,3,4,0,5,0,2"}) -> (tensor<3xf64>, tensor<4xf64>, tensor<f64>) {
  %a = weft.reduce_prod %x [1] : (tensor<3x4xf64>) -> tensor<3xf64>
  %b = weft.reduce_prod %x [0] : (tensor<3x4xf64>) -> tensor<4xf64>
  %c = weft.reduce_prod %x [0, 1] : (tensor<3x4xf64>) -> tensor<f64>
  return %a, %b, %c : tensor<3xf64>, tensor<4xf64>, tensor<f64>
}

// GRAD-LABEL: @derivative
// GRAD-DAG: weft.cumprod %arg0 1 exclusive :
// GRAD-DAG: weft.cumprod %arg0 1 exclusive reverse :
// GRAD-NOT: weft.div
// GRAD: return
func.func @derivative(%x: tensor<3x4xf64>, %ct: tensor<3xf64>) -> tensor<3x4xf64> attributes {weft.unchecked} {
  %y = weft.reduce_prod %x [1] : (tensor<3x4xf64>) -> tensor<3xf64>
  %dx = weft.grad of %y with %ct wrt %x : (tensor<3xf64>, tensor<3xf64>, tensor<3x4xf64>) -> tensor<3x4xf64>
  return %dx : tensor<3x4xf64>
}
