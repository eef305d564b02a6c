// RUN: weft-opt %s --split-input-file --form-dispatches --plan-buffers | FileCheck %s

// The third buffer takes the place of the first, which nobody reads any more; neighbours never share. The last is the output.
// CHECK-LABEL: func.func @chain
// CHECK-SAME: loom.plan = #loom.plan<arena = 2048, least = 2048>
// CHECK: contract_0(%arg0, %arg1) places [#loom.arena<offset = 0, bytes = 1024>]
// CHECK: contract_0({{.*}}) places [#loom.arena<offset = 1024, bytes = 1024>]
// CHECK: contract_0({{.*}}) places [#loom.arena<offset = 0, bytes = 1024>]
// CHECK: contract_0({{.*}}) places [#loom.output<index = 0>]
func.func @chain(%x: tensor<16x16xf32>, %w: tensor<16x16xf32>) -> tensor<16x16xf32> {
  %0 = weft.contract "bi,ij->bj", %x, %w : (tensor<16x16xf32>, tensor<16x16xf32>) -> tensor<16x16xf32>
  %1 = weft.contract "bi,ij->bj", %0, %w : (tensor<16x16xf32>, tensor<16x16xf32>) -> tensor<16x16xf32>
  %2 = weft.contract "bi,ij->bj", %1, %w : (tensor<16x16xf32>, tensor<16x16xf32>) -> tensor<16x16xf32>
  %3 = weft.contract "bi,ij->bj", %2, %w : (tensor<16x16xf32>, tensor<16x16xf32>) -> tensor<16x16xf32>
  return %3 : tensor<16x16xf32>
}

// -----

// A view keeps the buffer behind it alive; sizes are those at the upper bound, in whole cache lines.
// CHECK-LABEL: func.func @view
// CHECK-SAME: loom.plan = #loom.plan<arena = 448, least = 
// CHECK: map_0(%arg0) places [#loom.arena<offset = 0, bytes = 448>]
// CHECK: reduce_sum_1(%arg0) places [#loom.output<index = 0>]
// CHECK: reduce_sum_2({{.*}}) places [#loom.output<index = 1>]
!x = tensor<?x2xf32, #weft.dims<[B in 1 to 50] (B, 2)>>
!y = tensor<2x?xf32, #weft.dims<[B in 1 to 50] (2, B)>>
func.func @view(%x: !x) -> (tensor<2xf32>, tensor<2xf32>) {
  %0 = weft.exp %x : !x
  %1 = weft.reshape %0 : (!x) -> !y
  %2 = weft.reduce_sum %x [0] : (!x) -> tensor<2xf32>
  %3 = weft.reduce_sum %1 [1] : (!y) -> tensor<2xf32>
  return %2, %3 : tensor<2xf32>, tensor<2xf32>
}

// -----

// While a view is still read, nothing is put where it lives.
// CHECK-LABEL: func.func @view_outlives
// CHECK-SAME: loom.plan = #loom.plan<arena = 768, least = 768>
// CHECK: map_0(%arg0) places [#loom.arena<offset = 0, bytes = 256>]
// CHECK: contract_1({{.*}}) places [#loom.arena<offset = 256, bytes = 256>]
// CHECK: contract_1({{.*}}) places [#loom.arena<offset = 512, bytes = 256>]
func.func @view_outlives(%x: tensor<64xf32>) -> tensor<8x8xf32> {
  %0 = weft.exp %x : tensor<64xf32>
  %1 = weft.reshape %0 : (tensor<64xf32>) -> tensor<8x8xf32>
  %2 = weft.contract "ab,bc->ac", %1, %1 : (tensor<8x8xf32>, tensor<8x8xf32>) -> tensor<8x8xf32>
  %3 = weft.contract "ab,bc->ac", %2, %2 : (tensor<8x8xf32>, tensor<8x8xf32>) -> tensor<8x8xf32>
  %4 = weft.contract "ab,bc->ac", %3, %1 : (tensor<8x8xf32>, tensor<8x8xf32>) -> tensor<8x8xf32>
  return %4 : tensor<8x8xf32>
}

// -----

// Element by element, a result takes over the buffer of an operand that nobody reads any more.
// CHECK-LABEL: func.func @in_place
// CHECK-SAME: loom.plan = #loom.plan<arena = 1024, least = 1024>
// CHECK: contract_0(%arg0, %arg1) places [#loom.arena<offset = 0, bytes = 1024>]
// CHECK: contract_1(%arg0, %arg1, %{{.*}}) places [#loom.arena<offset = 0, bytes = 1024>]
// CHECK: places [#loom.output<index = 0>]
func.func @in_place(%x: tensor<16x16xf32>, %w: tensor<16x16xf32>) -> tensor<16x16xf32> {
  %0 = weft.contract "bi,ij->bj", %x, %w : (tensor<16x16xf32>, tensor<16x16xf32>) -> tensor<16x16xf32>
  %1 = weft.contract "bi,ij->jb", %x, %w : (tensor<16x16xf32>, tensor<16x16xf32>) -> tensor<16x16xf32>
  %2 = weft.add %1, %0 : tensor<16x16xf32>
  %3 = weft.contract "bi,ij->bj", %2, %w : (tensor<16x16xf32>, tensor<16x16xf32>) -> tensor<16x16xf32>
  return %3 : tensor<16x16xf32>
}

// -----

// Not so where it is read at other positions.
// CHECK-LABEL: func.func @not_in_place
// CHECK-SAME: loom.plan = #loom.plan<arena = 2048, least = 2048>
func.func @not_in_place(%x: tensor<16x16xf32>, %w: tensor<16x16xf32>) -> tensor<16x16xf32> {
  %0 = weft.contract "bi,ij->bj", %x, %w : (tensor<16x16xf32>, tensor<16x16xf32>) -> tensor<16x16xf32>
  %1 = weft.contract "bi,ij->jb", %x, %w : (tensor<16x16xf32>, tensor<16x16xf32>) -> tensor<16x16xf32>
  %2 = weft.transpose %0 [1, 0] : tensor<16x16xf32>
  %3 = weft.add %1, %2 : tensor<16x16xf32>
  %4 = weft.contract "bi,ij->bj", %3, %w : (tensor<16x16xf32>, tensor<16x16xf32>) -> tensor<16x16xf32>
  return %4 : tensor<16x16xf32>
}

// -----

// Nor where somebody reads it later.
// CHECK-LABEL: func.func @read_later
// CHECK-SAME: loom.plan = #loom.plan<arena = 2048, least = 2048>
func.func @read_later(%x: tensor<16x16xf32>, %w: tensor<16x16xf32>) -> tensor<16x16xf32> {
  %0 = weft.contract "bi,ij->bj", %x, %w : (tensor<16x16xf32>, tensor<16x16xf32>) -> tensor<16x16xf32>
  %1 = weft.contract "bi,ij->jb", %x, %w : (tensor<16x16xf32>, tensor<16x16xf32>) -> tensor<16x16xf32>
  %2 = weft.add %1, %0 : tensor<16x16xf32>
  %3 = weft.contract "bi,ij->bj", %2, %0 : (tensor<16x16xf32>, tensor<16x16xf32>) -> tensor<16x16xf32>
  return %3 : tensor<16x16xf32>
}

// -----

// Nor where a part of it is read: the result would begin where the whole does.
// CHECK-LABEL: func.func @part
// CHECK-SAME: loom.plan = #loom.plan<arena = 1536, least = 1536>
func.func @part(%x: tensor<16x16xf32>, %z: tensor<8x16xf32>, %w: tensor<16x16xf32>) -> tensor<8x16xf32> {
  %0 = weft.contract "bi,ij->bj", %x, %w : (tensor<16x16xf32>, tensor<16x16xf32>) -> tensor<16x16xf32>
  %1 = weft.slice %0 from <(8, 0)> by [1, 1] : (tensor<16x16xf32>) -> tensor<8x16xf32>
  %2 = weft.contract "bi,ij->bj", %z, %w : (tensor<8x16xf32>, tensor<16x16xf32>) -> tensor<8x16xf32>
  %3 = weft.add %2, %1 : tensor<8x16xf32>
  %4 = weft.contract "bi,ij->bj", %3, %w : (tensor<8x16xf32>, tensor<16x16xf32>) -> tensor<8x16xf32>
  return %4 : tensor<8x16xf32>
}
