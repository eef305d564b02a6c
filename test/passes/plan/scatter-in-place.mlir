// RUN: weft-opt %s --weft-simplify --weft-dispatch --weft-plan | FileCheck %s
// RUN: weft-check-ops %s
//
// A step that sets places of state writes it where it is, if what may fail has run before: the check of the index.

// CHECK-LABEL: func.func @append
// CHECK-SAME: loom.in_place = 0
func.func @append(%cache: tensor<64x8xf32>, %i: tensor<i32>, %row: tensor<8xf32>) -> (tensor<64x8xf32> {weft.updates = 0 : i64}) {
  %j = weft.check_index %i in <(64)> of "update" : tensor<i32>
  %n = weft.scatter_set %cache at %j set %row along 0 skip : (tensor<64x8xf32>, tensor<i32>, tensor<8xf32>) -> tensor<64x8xf32>
  return %n : tensor<64x8xf32>
}
// What is read of the old value, and its own check, run in front of the write.
// CHECK-LABEL: func.func @moved
// CHECK-SAME: loom.in_place = 0
func.func @moved(%cache: tensor<64x8xf32>, %from: tensor<2xi32>, %to: tensor<2xi32>) -> (tensor<64x8xf32> {weft.updates = 0 : i64}) {
  %row = weft.take %cache at %from along 0 : (tensor<64x8xf32>, tensor<2xi32>) -> tensor<2x8xf32>
  %j = weft.check_index %to in <(64)> of "update" : tensor<2xi32>
  %n = weft.scatter_set %cache at %j set %row along 0 skip : (tensor<64x8xf32>, tensor<2xi32>, tensor<2x8xf32>) -> tensor<64x8xf32>
  return %n : tensor<64x8xf32>
}
// An op that raises the error itself would do so when the state is written already.
// CHECK-LABEL: func.func @fails
// CHECK-NOT: loom.in_place = 0
// CHECK: return
func.func @fails(%cache: tensor<64x8xf32>, %i: tensor<i32>, %row: tensor<8xf32>) -> (tensor<64x8xf32> {weft.updates = 0 : i64}) {
  %m = weft.scatter_set %cache at %i set %row along 0 : (tensor<64x8xf32>, tensor<i32>, tensor<8xf32>) -> tensor<64x8xf32>
  return %m : tensor<64x8xf32>
}
// A value that dies here hands on its memory.
// CHECK-LABEL: func.func @dies
// CHECK: places [#loom.arena<offset = [[AT:[0-9]+]], bytes = 2048>]
// CHECK: @scatter_set{{.*}} places [#loom.arena<offset = [[AT]], bytes = 2048>]
func.func @dies(%x: tensor<64x8xf32>, %i: tensor<3xi32>, %rows: tensor<3x8xf32>) -> tensor<8xf32> {
  %t = weft.cumsum %x 0 : tensor<64x8xf32>
  %n = weft.scatter_set %t at %i set %rows along 0 skip : (tensor<64x8xf32>, tensor<3xi32>, tensor<3x8xf32>) -> tensor<64x8xf32>
  %s = weft.reduce_sum %n [0] : (tensor<64x8xf32>) -> tensor<8xf32>
  return %s : tensor<8xf32>
}
