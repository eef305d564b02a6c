// RUN: weft-opt %s | weft-opt | FileCheck %s
// RUN: weft-opt %s --weft-derive --canonicalize --cse | FileCheck %s --check-prefix=GRAD
// RUN: weft-check-ops %s
//
// A scalar in front, behind and between neighbours.

!t = tensor<?x5xf64, #weft.dims<[T in 1 to 64] (T, 5)>>
!t3 = tensor<?x5xf64, #weft.dims<[T in 1 to 64] (T + 3, 5)>>
!tt = tensor<?x5xf64, #weft.dims<[T in 1 to 64] (T * 2, 5)>>

// CHECK-LABEL: @border
// CHECK: weft.pad %arg0, %arg1 low <(1, 2)> interior [0, 0] : (tensor<3x14xf64>, tensor<f64>) -> tensor<5x17xf64>
func.func @border(%x: tensor<3x14xf64>, %v: tensor<f64>) -> tensor<5x17xf64> {
  %y = weft.pad %x, %v low <(1, 2)> interior [0, 0] : (tensor<3x14xf64>, tensor<f64>) -> tensor<5x17xf64>
  return %y : tensor<5x17xf64>
}
func.func @between(%x: tensor<3x5xf64>, %v: tensor<f64>) -> (tensor<3x17xf64>, tensor<6x5xf64>) {
  %a = weft.pad %x, %v low <(0, 3)> interior [0, 2] : (tensor<3x5xf64>, tensor<f64>) -> tensor<3x17xf64>
  %b = weft.pad %x, %v low <(0, 0)> interior [1, 0] : (tensor<3x5xf64>, tensor<f64>) -> tensor<6x5xf64>
  return %a, %b : tensor<3x17xf64>, tensor<6x5xf64>
}
func.func @run_time(%x: !t {weft.input = "7x5xf64=normal:1"}, %v: tensor<f64>) -> (!t3, !tt) {
  %a = weft.pad %x, %v low <(2, 0)> interior [0, 0] : (!t, tensor<f64>) -> !t3
  %b = weft.pad %x, %v low <[T in 1 to 64] (T, 0)> interior [0, 0] : (!t, tensor<f64>) -> !tt
  return %a, %b : !t3, !tt
}
func.func @empty(%x: tensor<0x4xf32>, %v: tensor<f32>) -> (tensor<3x4xf32>, tensor<0x6xf32>) {
  %a = weft.pad %x, %v low <(1, 0)> interior [0, 0] : (tensor<0x4xf32>, tensor<f32>) -> tensor<3x4xf32>
  %b = weft.pad %x, %v low <(0, 1)> interior [0, 0] : (tensor<0x4xf32>, tensor<f32>) -> tensor<0x6xf32>
  return %a, %b : tensor<3x4xf32>, tensor<0x6xf32>
}
func.func @none_at_all(%x: tensor<f32>, %v: tensor<f32>) -> tensor<f32> {
  %a = weft.pad %x, %v low <()> interior [] : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %a : tensor<f32>
}

// What is not operand is fill: the fill's derivative is all of the cotangent without the operand's part.
// GRAD-LABEL: @derivative
// GRAD-DAG: %[[D:.*]] = weft.slice %arg2 from <(1)> by [2] : (tensor<7xf64>) -> tensor<3xf64>
// GRAD-DAG: %[[ALL:.*]] = weft.reduce_sum %arg2 [0]
// GRAD-DAG: %[[PART:.*]] = weft.reduce_sum %[[D]] [0]
// GRAD: %[[V:.*]] = weft.sub %[[ALL]], %[[PART]]
// GRAD-NEXT: return %[[D]], %[[V]]
func.func @derivative(%x: tensor<3xf64>, %v: tensor<f64>, %ct: tensor<7xf64>) -> (tensor<3xf64>, tensor<f64>) attributes {weft.unchecked} {
  %y = weft.pad %x, %v low <(1)> interior [1] : (tensor<3xf64>, tensor<f64>) -> tensor<7xf64>
  %dx, %dv = weft.grad of %y with %ct wrt %x, %v : (tensor<7xf64>, tensor<7xf64>, tensor<3xf64>, tensor<f64>) -> (tensor<3xf64>, tensor<f64>)
  return %dx, %dv : tensor<3xf64>, tensor<f64>
}
