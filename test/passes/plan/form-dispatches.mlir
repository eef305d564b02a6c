// RUN: weft-opt %s --split-input-file --form-dispatches | FileCheck %s

// A bias and an activation are computed where the contraction is made.
// CHECK-LABEL: func.func @epilogue
// CHECK-NEXT: %[[Y:.*]] = loom.dispatch @contract_0(%arg0, %arg1, %arg2)
// CHECK-NEXT: return %[[Y]]
// CHECK: loom.kernel @contract_0
// CHECK: %[[H:.*]] = weft.contract
// CHECK: weft.tanh
// CHECK-NEXT: loom.yield %{{[0-9]+}} : tensor<8x4xf32>
func.func @epilogue(%x: tensor<8x16xf32>, %w: tensor<16x4xf32>, %b: tensor<4xf32>) -> tensor<8x4xf32> {
  %h = weft.contract "bi,ij->bj", %x, %w : (tensor<8x16xf32>, tensor<16x4xf32>) -> tensor<8x4xf32>
  %c = weft.broadcast %b [1] : (tensor<4xf32>) -> tensor<8x4xf32>
  %z = weft.add %h, %c : tensor<8x4xf32>
  %y = weft.tanh %z : tensor<8x4xf32>
  return %y : tensor<8x4xf32>
}

// -----

// What a reduction reads is its prologue; the exponential is never stored.
// CHECK-LABEL: func.func @prologue
// CHECK-COUNT-1: loom.dispatch
// CHECK-NOT: loom.dispatch
// CHECK: loom.kernel @reduce_sum_0
// CHECK: weft.exp
// CHECK: weft.reduce_sum
func.func @prologue(%x: tensor<8x16xf32>) -> tensor<8xf32> {
  %e = weft.exp %x : tensor<8x16xf32>
  %s = weft.reduce_sum %e [1] : (tensor<8x16xf32>) -> tensor<8xf32>
  return %s : tensor<8xf32>
}

// -----

// The exponential is read twice, once through a reduction of its row that has to be finished first: one kernel, row by row.
// CHECK-LABEL: func.func @normalize
// CHECK-NEXT: %[[Y:.*]] = loom.dispatch @rows_0(%arg0)
// CHECK-NEXT: return %[[Y]]
func.func @normalize(%x: tensor<8x16xf32>) -> tensor<8x16xf32> {
  %e = weft.exp %x : tensor<8x16xf32>
  %s = weft.reduce_sum %e [1] : (tensor<8x16xf32>) -> tensor<8xf32>
  %r = weft.broadcast %s [0] : (tensor<8xf32>) -> tensor<8x16xf32>
  %y = weft.div %e, %r : tensor<8x16xf32>
  return %y : tensor<8x16xf32>
}

// -----

// Columns are no rows: three kernels, and the exponential is stored.
// CHECK-LABEL: func.func @normalize_columns
// CHECK-NEXT: %[[E:.*]] = loom.dispatch @map_0(%arg0)
// CHECK-NEXT: %[[S:.*]] = loom.dispatch @reduce_sum_1(%[[E]])
// CHECK-NEXT: %[[Y:.*]] = loom.dispatch @map_2(%[[E]], %[[S]])
// CHECK-NEXT: return %[[Y]]
func.func @normalize_columns(%x: tensor<8x16xf32>) -> tensor<8x16xf32> {
  %e = weft.exp %x : tensor<8x16xf32>
  %s = weft.reduce_sum %e [0] : (tensor<8x16xf32>) -> tensor<16xf32>
  %r = weft.broadcast %s [1] : (tensor<16xf32>) -> tensor<8x16xf32>
  %y = weft.div %e, %r : tensor<8x16xf32>
  return %y : tensor<8x16xf32>
}

// -----

// A square matrix has as many rows as columns: the sums of the rows are read by column, so the reader is another kernel.
// CHECK-LABEL: func.func @other_rows
// CHECK-NEXT: loom.dispatch @reduce_sum_0(%arg0)
// CHECK-NEXT: loom.dispatch @map_1
func.func @other_rows(%x: tensor<16x16xf32>) -> tensor<16x16xf32> {
  %s = weft.reduce_sum %x [1] : (tensor<16x16xf32>) -> tensor<16xf32>
  %r = weft.broadcast %s [1] : (tensor<16xf32>) -> tensor<16x16xf32>
  %y = weft.div %x, %r : tensor<16x16xf32>
  return %y : tensor<16x16xf32>
}

// -----

// One number a row, stored for its two readers: that it is read without its last dimension, which is 1, parts no kernel.
// CHECK-LABEL: func.func @one_number_a_row
// CHECK-NEXT: %[[Y:.*]] = loom.dispatch @rows_0(%arg0, %arg1)
// CHECK-NEXT: return %[[Y]]
func.func @one_number_a_row(%x: tensor<4x8x16xf32>, %y: tensor<4x8x16xf32>) -> tensor<4x8x16xf32> {
  %p = weft.mul %x, %y : tensor<4x8x16xf32>
  %s = weft.reduce_sum %p [2] : (tensor<4x8x16xf32>) -> tensor<4x8xf32>
  %k = weft.reshape %s : (tensor<4x8xf32>) -> tensor<4x8x1xf32>
  %r = weft.rsqrt %k : tensor<4x8x1xf32>
  %f = weft.reshape %r : (tensor<4x8x1xf32>) -> tensor<4x8xf32>
  %b = weft.broadcast %f [0, 1] : (tensor<4x8xf32>) -> tensor<4x8x16xf32>
  %q = weft.mul %x, %b : tensor<4x8x16xf32>
  %t = weft.reduce_sum %q [2] : (tensor<4x8x16xf32>) -> tensor<4x8xf32>
  %c = weft.broadcast %t [0, 1] : (tensor<4x8xf32>) -> tensor<4x8x16xf32>
  %d = weft.add %q, %c : tensor<4x8x16xf32>
  return %d : tensor<4x8x16xf32>
}

// -----

// A row too long to be kept near: three kernels.
// CHECK-LABEL: func.func @long_rows
// CHECK-NEXT: loom.dispatch @map_0
// CHECK-NEXT: loom.dispatch @reduce_sum_1
// CHECK-NEXT: loom.dispatch @map_2
func.func @long_rows(%x: tensor<8x100000xf32>) -> tensor<8x100000xf32> {
  %e = weft.exp %x : tensor<8x100000xf32>
  %s = weft.reduce_sum %e [1] : (tensor<8x100000xf32>) -> tensor<8xf32>
  %r = weft.broadcast %s [0] : (tensor<8xf32>) -> tensor<8x100000xf32>
  %y = weft.div %e, %r : tensor<8x100000xf32>
  return %y : tensor<8x100000xf32>
}

// -----

// An expensive value that a broadcast would repeat is stored, with the cheap ops behind it.
// CHECK-LABEL: func.func @repeated
// CHECK-NEXT: %[[T:.*]] = loom.dispatch @map_0(%arg0) : (tensor<16xf32>) -> tensor<16xf32>
// CHECK-NEXT: loom.dispatch @map_1(%arg1, %[[T]])
// CHECK: loom.kernel @map_0
// CHECK: weft.tanh
// CHECK-NEXT: weft.neg
// CHECK-NEXT: weft.abs
// CHECK-NEXT: loom.yield
// CHECK: loom.kernel @map_1
func.func @repeated(%b: tensor<16xf32>, %x: tensor<8x16xf32>) -> tensor<8x16xf32> {
  %t = weft.tanh %b : tensor<16xf32>
  %n = weft.neg %t : tensor<16xf32>
  %a = weft.abs %n : tensor<16xf32>
  %r = weft.broadcast %a [1] : (tensor<16xf32>) -> tensor<8x16xf32>
  %y = weft.add %x, %r : tensor<8x16xf32>
  return %y : tensor<8x16xf32>
}

// -----

// Cheap values are computed again in each kernel that reads them.
// CHECK-LABEL: func.func @cheap
// CHECK-NEXT: loom.dispatch @reduce_sum_0(%arg0)
// CHECK-NEXT: loom.dispatch @reduce_max_1(%arg0)
// CHECK-NEXT: return
func.func @cheap(%x: tensor<8x16xf32>) -> (tensor<8xf32>, tensor<16xf32>) {
  %n = weft.neg %x : tensor<8x16xf32>
  %s = weft.reduce_sum %n [1] : (tensor<8x16xf32>) -> tensor<8xf32>
  %m = weft.reduce_max %n [0] : (tensor<8x16xf32>) -> tensor<16xf32>
  return %s, %m : tensor<8xf32>, tensor<16xf32>
}

// -----

// A pre-activation that is needed later and its activation come from one kernel.
// CHECK-LABEL: func.func @two_results
// CHECK-NEXT: %[[R:.*]]:2 = loom.dispatch @contract_0(%arg0, %arg1)
// CHECK-NEXT: return %[[R]]#0, %[[R]]#1
func.func @two_results(%x: tensor<8x16xf32>, %w: tensor<16x4xf32>) -> (tensor<8x4xf32>, tensor<8x4xf32>) {
  %h = weft.contract "bi,ij->bj", %x, %w : (tensor<8x16xf32>, tensor<16x4xf32>) -> tensor<8x4xf32>
  %y = weft.tanh %h : tensor<8x4xf32>
  return %h, %y : tensor<8x4xf32>, tensor<8x4xf32>
}

// -----

// The moments and the weight of an optimiser: neighbours that read one gradient.
// CHECK-LABEL: func.func @update
// CHECK-NEXT: %[[R:.*]]:3 = loom.dispatch @map_0
// CHECK-NEXT: return %[[R]]#0, %[[R]]#1, %[[R]]#2
func.func @update(%m: tensor<64xf32>, %v: tensor<64xf32>, %w: tensor<64xf32>, %g: tensor<64xf32>) -> (tensor<64xf32>, tensor<64xf32>, tensor<64xf32>) {
  %c = weft.constant dense<0.9> : tensor<64xf32>
  %0 = weft.mul %m, %c : tensor<64xf32>
  %1 = weft.add %0, %g : tensor<64xf32>
  %2 = weft.mul %g, %g : tensor<64xf32>
  %3 = weft.mul %v, %c : tensor<64xf32>
  %4 = weft.add %2, %3 : tensor<64xf32>
  %5 = weft.rsqrt %4 : tensor<64xf32>
  %6 = weft.mul %1, %5 : tensor<64xf32>
  %7 = weft.sub %w, %6 : tensor<64xf32>
  return %1, %4, %7 : tensor<64xf32>, tensor<64xf32>, tensor<64xf32>
}

// -----

// Two contractions are two kernels, and what a contraction reads is in memory; equal layers are one symbol.
// CHECK-LABEL: func.func @layers
// CHECK-NEXT: %[[A:.*]] = loom.dispatch @contract_0(%arg0, %arg1)
// CHECK-NEXT: %[[B:.*]] = loom.dispatch @contract_0(%[[A]], %arg2)
// CHECK-NEXT: return %[[B]]
// CHECK: loom.kernel @contract_0
// CHECK-NOT: loom.kernel
func.func @layers(%x: tensor<8x16xf32>, %w: tensor<16x16xf32>, %v: tensor<16x16xf32>) -> tensor<8x16xf32> {
  %0 = weft.contract "bi,ij->bj", %x, %w : (tensor<8x16xf32>, tensor<16x16xf32>) -> tensor<8x16xf32>
  %1 = weft.tanh %0 : tensor<8x16xf32>
  %2 = weft.contract "bi,ij->bj", %1, %v : (tensor<8x16xf32>, tensor<16x16xf32>) -> tensor<8x16xf32>
  %3 = weft.tanh %2 : tensor<8x16xf32>
  return %3 : tensor<8x16xf32>
}

// -----

// Equal groups are equal kernels, whatever stands between their ops: both layers share the constant in front of the first.
// CHECK-LABEL: func.func @shared_constant
// CHECK-NEXT: loom.dispatch @contract_0(
// CHECK-NEXT: loom.dispatch @contract_0(
// CHECK-NEXT: return
!t = tensor<?x16xf32, #weft.dims<[B in 1 to 8] (B, 16)>>
func.func @shared_constant(%x: !t, %w: tensor<16x16xf32>) -> !t {
  %c = weft.constant dense<0.5> : tensor<f32>
  %0 = weft.contract "bi,ij->bj", %x, %w : (!t, tensor<16x16xf32>) -> !t
  %s = weft.broadcast %c [] : (tensor<f32>) -> !t
  %1 = weft.mul %0, %s : !t
  %2 = weft.contract "bi,ij->bj", %1, %w : (!t, tensor<16x16xf32>) -> !t
  %3 = weft.mul %2, %s : !t
  return %3 : !t
}

// -----

// No epilogue of a scatter: it finishes all its elements at once.
// CHECK-LABEL: func.func @scatter
// CHECK-NEXT: %[[S:.*]] = loom.dispatch @scatter_add_0(%arg0, %arg1, %arg2)
// CHECK-NEXT: loom.dispatch @map_1(%[[S]])
func.func @scatter(%x: tensor<8x4xf32>, %i: tensor<3xi32>, %u: tensor<3x4xf32>) -> tensor<8x4xf32> {
  %0 = weft.scatter_add %x at %i add %u along 0 : (tensor<8x4xf32>, tensor<3xi32>, tensor<3x4xf32>) -> tensor<8x4xf32>
  %1 = weft.exp %0 : tensor<8x4xf32>
  return %1 : tensor<8x4xf32>
}

// -----

// A reader at another position does not join: the transpose needs all of the contraction.
// CHECK-LABEL: func.func @other_position
// CHECK-NEXT: %[[H:.*]] = loom.dispatch @contract_0
// CHECK-NEXT: loom.dispatch @map_1(%[[H]])
func.func @other_position(%x: tensor<8x8xf32>, %w: tensor<8x8xf32>) -> tensor<8x8xf32> {
  %h = weft.contract "bi,ij->bj", %x, %w : (tensor<8x8xf32>, tensor<8x8xf32>) -> tensor<8x8xf32>
  %t = weft.transpose %h [1, 0] : tensor<8x8xf32>
  %y = weft.add %h, %t : tensor<8x8xf32>
  return %y : tensor<8x8xf32>
}

// -----

// Windows read an element several times: an exponential that three slices read is stored, one that two read is not, nor
// is what costs little.
// CHECK-LABEL: func.func @windows
// CHECK-COUNT-2: loom.dispatch @
// CHECK-NOT: loom.dispatch @
// CHECK: return
func.func @windows(%x: tensor<34x16xf32>) -> tensor<32x16xf32> {
  %e = weft.exp %x : tensor<34x16xf32>
  %a = weft.slice %e from <(0, 0)> by [1, 1] : (tensor<34x16xf32>) -> tensor<32x16xf32>
  %b = weft.slice %e from <(1, 0)> by [1, 1] : (tensor<34x16xf32>) -> tensor<32x16xf32>
  %c = weft.slice %e from <(2, 0)> by [1, 1] : (tensor<34x16xf32>) -> tensor<32x16xf32>
  %s = weft.add %a, %b : tensor<32x16xf32>
  %t = weft.add %s, %c : tensor<32x16xf32>
  return %t : tensor<32x16xf32>
}
// CHECK-LABEL: func.func @differences
// CHECK-COUNT-1: loom.dispatch @
// CHECK-NOT: loom.dispatch @
// CHECK: return
func.func @differences(%x: tensor<34x16xf32>) -> tensor<33x16xf32> {
  %e = weft.exp %x : tensor<34x16xf32>
  %a = weft.slice %e from <(0, 0)> by [1, 1] : (tensor<34x16xf32>) -> tensor<33x16xf32>
  %b = weft.slice %e from <(1, 0)> by [1, 1] : (tensor<34x16xf32>) -> tensor<33x16xf32>
  %s = weft.sub %b, %a : tensor<33x16xf32>
  return %s : tensor<33x16xf32>
}
// CHECK-LABEL: func.func @cheap_windows
// CHECK-COUNT-1: loom.dispatch @
// CHECK-NOT: loom.dispatch @
// CHECK: return
func.func @cheap_windows(%x: tensor<34x16xf32>) -> tensor<32x16xf32> {
  %e = weft.neg %x : tensor<34x16xf32>
  %a = weft.slice %e from <(0, 0)> by [1, 1] : (tensor<34x16xf32>) -> tensor<32x16xf32>
  %b = weft.slice %e from <(1, 0)> by [1, 1] : (tensor<34x16xf32>) -> tensor<32x16xf32>
  %c = weft.slice %e from <(2, 0)> by [1, 1] : (tensor<34x16xf32>) -> tensor<32x16xf32>
  %s = weft.add %a, %b : tensor<32x16xf32>
  %t = weft.add %s, %c : tensor<32x16xf32>
  return %t : tensor<32x16xf32>
}
