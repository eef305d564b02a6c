// RUN: weft-opt %s --form-dispatches | FileCheck %s
// RUN: weft-check-ops %s
//
// What follows a product of which two dimensions become one: maps may turn, cut and pad beside these two, as long as they stay side by side.

// CHECK-LABEL: loom.kernel @contract_0
// CHECK: weft.transpose %{{.*}} [1, 0] : tensor<32x24xf32>
// CHECK-LABEL: loom.kernel @contract_1
// CHECK: weft.slice %{{.*}} from <(0, 4)> by [1, 1] : (tensor<24x40xf32>) -> tensor<24x32xf32>
// CHECK-LABEL: loom.kernel @contract_2
// CHECK: weft.pad %{{.*}}, %{{.*}} low <(0, 1)> interior [0, 0] : (tensor<24x30xf32>, tensor<f32>) -> tensor<24x32xf32>
// A table may be looked up: its rows may be any.
// CHECK-LABEL: loom.kernel @contract_3
// CHECK: weft.take %{{.*}} at %{{.*}} along 0 : (tensor<10x32xf32>, tensor<24xi32>) -> tensor<24x32xf32>
// A part of one of them is no part of both; an op that counts along one must know it.
// CHECK-LABEL: loom.kernel @contract_4
// CHECK: weft.slice %{{.*}} : (tensor<3x9x32xf32>) -> tensor<3x8x32xf32>
// CHECK-LABEL: loom.kernel @contract_5
// CHECK: weft.iota 1 : tensor<3x8x32xf32>

func.func @turned(%x: tensor<3x8x16xf32>, %w: tensor<16x32xf32>, %b: tensor<32x3x8xf32>) -> tensor<3x8x32xf32> {
  %0 = weft.contract "Amk,kn->Amn", %x, %w : (tensor<3x8x16xf32>, tensor<16x32xf32>) -> tensor<3x8x32xf32>
  %1 = weft.transpose %b [1, 2, 0] : tensor<32x3x8xf32>
  %2 = weft.add %0, %1 : tensor<3x8x32xf32>
  return %2 : tensor<3x8x32xf32>
}
func.func @part(%x: tensor<3x8x16xf32>, %w: tensor<16x32xf32>, %b: tensor<3x8x40xf32>) -> tensor<3x8x32xf32> {
  %0 = weft.contract "Amk,kn->Amn", %x, %w : (tensor<3x8x16xf32>, tensor<16x32xf32>) -> tensor<3x8x32xf32>
  %1 = weft.slice %b from <(0, 0, 4)> by [1, 1, 1] : (tensor<3x8x40xf32>) -> tensor<3x8x32xf32>
  %2 = weft.add %0, %1 : tensor<3x8x32xf32>
  return %2 : tensor<3x8x32xf32>
}
func.func @bordered(%x: tensor<3x8x16xf32>, %w: tensor<16x32xf32>, %b: tensor<3x8x30xf32>, %v: tensor<f32>) -> tensor<3x8x32xf32> {
  %0 = weft.contract "Amk,kn->Amn", %x, %w : (tensor<3x8x16xf32>, tensor<16x32xf32>) -> tensor<3x8x32xf32>
  %1 = weft.pad %b, %v low <(0, 0, 1)> interior [0, 0, 0] : (tensor<3x8x30xf32>, tensor<f32>) -> tensor<3x8x32xf32>
  %2 = weft.add %0, %1 : tensor<3x8x32xf32>
  return %2 : tensor<3x8x32xf32>
}
func.func @taken(%x: tensor<3x8x16xf32>, %w: tensor<16x32xf32>, %t: tensor<10x32xf32>, %i: tensor<3x8xi32> {weft.input = "3x8xi32=0,1,2,3,4,5,6,7,8,9,0,1,2,3,4,5,6,7,8,9,3,3,3,4"}) -> tensor<3x8x32xf32> {
  %0 = weft.contract "Amk,kn->Amn", %x, %w : (tensor<3x8x16xf32>, tensor<16x32xf32>) -> tensor<3x8x32xf32>
  %1 = weft.take %t at %i along 0 : (tensor<10x32xf32>, tensor<3x8xi32>) -> tensor<3x8x32xf32>
  %2 = weft.add %0, %1 : tensor<3x8x32xf32>
  return %2 : tensor<3x8x32xf32>
}
func.func @fewer(%x: tensor<3x8x16xf32>, %w: tensor<16x32xf32>, %b: tensor<3x9x32xf32>) -> tensor<3x8x32xf32> {
  %0 = weft.contract "Amk,kn->Amn", %x, %w : (tensor<3x8x16xf32>, tensor<16x32xf32>) -> tensor<3x8x32xf32>
  %1 = weft.slice %b from <(0, 0, 0)> by [1, 1, 1] : (tensor<3x9x32xf32>) -> tensor<3x8x32xf32>
  %2 = weft.add %0, %1 : tensor<3x8x32xf32>
  return %2 : tensor<3x8x32xf32>
}
func.func @counted(%x: tensor<3x8x16xf32>, %w: tensor<16x32xf32>) -> tensor<3x8x32xf32> {
  %0 = weft.contract "Amk,kn->Amn", %x, %w : (tensor<3x8x16xf32>, tensor<16x32xf32>) -> tensor<3x8x32xf32>
  %1 = weft.iota 1 : tensor<3x8x32xf32>
  %2 = weft.add %0, %1 : tensor<3x8x32xf32>
  return %2 : tensor<3x8x32xf32>
}
