// RUN: weft-opt %s | weft-opt | FileCheck %s
// RUN: weft-opt %s --weft-derive --canonicalize --cse | FileCheck %s --check-prefix=GRAD
// RUN: weft-check-ops %s
//
// Operands one after the other along an axis: the lanes' axis, another one, sizes known at run time, and parts without elements.

!b = tensor<?x5xf64, #weft.dims<[B in 1 to 64] (B, 5)>>
!b2 = tensor<?x5xf64, #weft.dims<[B in 1 to 64] (B + 2, 5)>>
!b57 = tensor<?x12xf64, #weft.dims<[B in 1 to 64] (B, 12)>>
!b7 = tensor<?x7xf64, #weft.dims<[B in 1 to 64] (B, 7)>>

// CHECK-LABEL: @lanes
// CHECK: weft.concatenate %arg0, %arg1, %arg2 along 1 : (tensor<3x4xf64>, tensor<3x1xf64>, tensor<3x12xf64>) -> tensor<3x17xf64>
func.func @lanes(%x: tensor<3x4xf64>, %y: tensor<3x1xf64>, %z: tensor<3x12xf64>) -> tensor<3x17xf64> {
  %a = weft.concatenate %x, %y, %z along 1 : (tensor<3x4xf64>, tensor<3x1xf64>, tensor<3x12xf64>) -> tensor<3x17xf64>
  return %a : tensor<3x17xf64>
}
func.func @rows(%x: tensor<1x17xf64>, %y: tensor<3x17xf64>) -> tensor<4x17xf64> {
  %a = weft.concatenate %x, %y along 0 : (tensor<1x17xf64>, tensor<3x17xf64>) -> tensor<4x17xf64>
  return %a : tensor<4x17xf64>
}
func.func @itself(%x: tensor<5xf64>) -> tensor<10xf64> {
  %a = weft.concatenate %x, %x along 0 : (tensor<5xf64>, tensor<5xf64>) -> tensor<10xf64>
  return %a : tensor<10xf64>
}
func.func @one(%x: tensor<5xf64>) -> tensor<5xf64> {
  %a = weft.concatenate %x along 0 : (tensor<5xf64>) -> tensor<5xf64>
  return %a : tensor<5xf64>
}
func.func @run_time(%x: !b {weft.input = "7x5xf64=normal:1"}, %y: tensor<2x5xf64>, %z: !b7 {weft.input = "7x7xf64=normal:3"}) -> (!b2, !b2, !b57) {
  %a = weft.concatenate %x, %y along 0 : (!b, tensor<2x5xf64>) -> !b2
  %b = weft.concatenate %y, %x along 0 : (tensor<2x5xf64>, !b) -> !b2
  %c = weft.concatenate %x, %z along 1 : (!b, !b7) -> !b57
  return %a, %b, %c : !b2, !b2, !b57
}
func.func @empty(%x: tensor<0x4xf32>, %y: tensor<2x4xf32>) -> (tensor<2x4xf32>, tensor<0x4xf32>, tensor<4x4xf32>) {
  %a = weft.concatenate %x, %y along 0 : (tensor<0x4xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
  %b = weft.concatenate %x, %x along 0 : (tensor<0x4xf32>, tensor<0x4xf32>) -> tensor<0x4xf32>
  %c = weft.concatenate %y, %x, %y along 0 : (tensor<2x4xf32>, tensor<0x4xf32>, tensor<2x4xf32>) -> tensor<4x4xf32>
  return %a, %b, %c : tensor<2x4xf32>, tensor<0x4xf32>, tensor<4x4xf32>
}

// GRAD-LABEL: @derivative
// GRAD-DAG: %[[X:.*]] = weft.slice %arg2 from <(0)> by [1] : (tensor<5xf64>) -> tensor<2xf64>
// GRAD-DAG: %[[Y:.*]] = weft.slice %arg2 from <(2)> by [1] : (tensor<5xf64>) -> tensor<3xf64>
// GRAD: return %[[X]], %[[Y]]
func.func @derivative(%x: tensor<2xf64>, %y: tensor<3xf64>, %ct: tensor<5xf64>) -> (tensor<2xf64>, tensor<3xf64>) attributes {weft.unchecked} {
  %a = weft.concatenate %x, %y along 0 : (tensor<2xf64>, tensor<3xf64>) -> tensor<5xf64>
  %dx, %dy = weft.grad of %a with %ct wrt %x, %y : (tensor<5xf64>, tensor<5xf64>, tensor<2xf64>, tensor<3xf64>) -> (tensor<2xf64>, tensor<3xf64>)
  return %dx, %dy : tensor<2xf64>, tensor<3xf64>
}
