// RUN: weft-opt %s --split-input-file --form-dispatches | FileCheck %s

// A reshape is a view of a stored value, and stays in the function.
// CHECK-LABEL: func.func @view
// CHECK-NEXT: %[[T:.*]] = loom.dispatch @map_0(%arg0)
// CHECK-NEXT: %[[V:.*]] = weft.reshape %[[T]]
// CHECK-NEXT: loom.dispatch @reduce_sum_1(%[[V]])
func.func @view(%x: tensor<4x6xf32>) -> tensor<8xf32> {
  %0 = weft.exp %x : tensor<4x6xf32>
  %1 = weft.reshape %0 : (tensor<4x6xf32>) -> tensor<8x3xf32>
  %2 = weft.reduce_sum %1 [1] : (tensor<8x3xf32>) -> tensor<8xf32>
  return %2 : tensor<8xf32>
}

// -----

// One that only adds dimensions of size 1 is an index map like any other.
// CHECK-LABEL: func.func @unit_dims
// CHECK-NEXT: loom.dispatch @map_0(%arg0, %arg1)
// CHECK-NEXT: return
func.func @unit_dims(%x: tensor<4x6xf32>, %b: tensor<6xf32>) -> tensor<4x6xf32> {
  %0 = weft.reshape %b : (tensor<6xf32>) -> tensor<1x6xf32>
  %1 = weft.broadcast %0 [0, 1] : (tensor<1x6xf32>) -> tensor<4x6xf32>
  %2 = weft.add %x, %1 : tensor<4x6xf32>
  return %2 : tensor<4x6xf32>
}

// -----

// Each result has memory of its own: an argument, a view, a constant and a value returned twice are copied.
// CHECK-LABEL: func.func @results
// CHECK-DAG: %[[C:.*]] = weft.constant dense<[1.000000e+00, 2.000000e+00]>
// CHECK-DAG: %[[A:.*]] = loom.dispatch @map_{{[0-9]+}}(%arg0) : (tensor<4xf32>) -> tensor<4xf32>
// CHECK-DAG: %[[V:.*]] = weft.reshape %arg0
// CHECK-DAG: %[[W:.*]] = loom.dispatch @map_{{[0-9]+}}(%[[V]])
// CHECK-DAG: %[[D:.*]] = loom.dispatch @map_{{[0-9]+}}(%[[C]])
// CHECK-DAG: %[[Z:.*]] = loom.dispatch @map_{{[0-9]+}}() : () -> tensor<3xf32>
// CHECK: return
func.func @results(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<2x2xf32>, tensor<2xf32>, tensor<3xf32>) {
  %0 = weft.reshape %x : (tensor<4xf32>) -> tensor<2x2xf32>
  %1 = weft.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %2 = weft.constant dense<0.0> : tensor<3xf32>
  return %x, %0, %1, %2 : tensor<4xf32>, tensor<2x2xf32>, tensor<2xf32>, tensor<3xf32>
}

// -----

// CHECK-LABEL: func.func @twice
// CHECK-NEXT: %[[R:.*]]:2 = loom.dispatch
// CHECK-NEXT: return %[[R]]#0, %[[R]]#1
func.func @twice(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %0 = weft.exp %x : tensor<4xf32>
  return %0, %0 : tensor<4xf32>, tensor<4xf32>
}

// -----

// A splat constant is an immediate of the kernel; other constants are memory that it reads. An operand of a contraction that is no array is made one.
// CHECK-LABEL: func.func @constants
// CHECK-DAG: %[[C:.*]] = weft.constant
// CHECK-DAG: %[[O:.*]] = loom.dispatch @map_{{[0-9]+}}() : () -> tensor<2x2xf32>
// CHECK: loom.dispatch @contract_{{[0-9]+}}(%arg0, %[[C]], %[[O]])
func.func @constants(%x: tensor<2x2xf32>) -> tensor<2x2xf32> {
  %0 = weft.constant dense<2.0> : tensor<2x2xf32>
  %1 = weft.constant dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32>
  %2 = weft.mul %x, %0 : tensor<2x2xf32>
  %3 = weft.sub %2, %1 : tensor<2x2xf32>
  %4 = weft.contract "ij,jk->ik", %3, %0 : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2x2xf32>
  return %4 : tensor<2x2xf32>
}

// -----

// A contraction computes a few cheap ops on arguments while it reads them; not what costs more, what another kernel reads too, or the epilogue of
// another product.
// CHECK-LABEL: func.func @prologues
// CHECK-NEXT: loom.dispatch @contract_{{[0-9]+}}(%arg0, %arg1, %arg2)
func.func @prologues(%x: tensor<4x8xbf16>, %w: tensor<8x6xf32>, %scale: tensor<6xf32>) -> tensor<4x6xf32> {
  %0 = weft.cast %x : tensor<4x8xbf16> to tensor<4x8xf32>
  %1 = weft.abs %0 : tensor<4x8xf32>
  %2 = weft.broadcast %scale [1] : (tensor<6xf32>) -> tensor<8x6xf32>
  %3 = weft.mul %w, %2 : tensor<8x6xf32>
  %4 = weft.contract "ij,jk->ik", %1, %3 : (tensor<4x8xf32>, tensor<8x6xf32>) -> tensor<4x6xf32>
  return %4 : tensor<4x6xf32>
}
// CHECK-LABEL: func.func @stored
// CHECK-NEXT: loom.dispatch @map
// CHECK-NEXT: loom.dispatch @contract_{{[0-9]+}}(%{{[0-9]+}}, %arg1)
// CHECK-NEXT: loom.dispatch @contract_{{[0-9]+}}(%{{[0-9]+}}, %arg2)
func.func @stored(%x: tensor<4x8xf32>, %w: tensor<8x6xf32>, %v: tensor<6x6xf32>) -> tensor<4x6xf32> {
  %0 = weft.exp %x : tensor<4x8xf32>
  %1 = weft.contract "ij,jk->ik", %0, %w : (tensor<4x8xf32>, tensor<8x6xf32>) -> tensor<4x6xf32>
  %2 = weft.abs %1 : tensor<4x6xf32>
  %3 = weft.contract "ij,jk->ik", %2, %v : (tensor<4x6xf32>, tensor<6x6xf32>) -> tensor<4x6xf32>
  return %3 : tensor<4x6xf32>
}

// -----

// Code that nobody reads makes no kernel, and run-time dimensions travel with the types.
// CHECK-LABEL: func.func @dead
// CHECK-NEXT: loom.dispatch @map_0(%arg0) : (tensor<?xf32, #weft.dims<[B in 1 to 8] (B)>>)
// CHECK-NEXT: return
func.func @dead(%x: tensor<?xf32, #weft.dims<[B in 1 to 8] (B)>>) -> tensor<?xf32, #weft.dims<[B in 1 to 8] (B)>> {
  %0 = weft.exp %x : tensor<?xf32, #weft.dims<[B in 1 to 8] (B)>>
  %1 = weft.log %x : tensor<?xf32, #weft.dims<[B in 1 to 8] (B)>>
  return %0 : tensor<?xf32, #weft.dims<[B in 1 to 8] (B)>>
}
