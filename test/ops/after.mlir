// RUN: weft-opt %s | weft-opt | FileCheck %s
// RUN: weft-opt %s --weft-derive --canonicalize --cse | FileCheck %s --check-prefix=GRAD
// RUN: weft-opt %s --weft-to-loom | FileCheck %s --check-prefix=PLAN
// RUN: weft-check-ops %s
//
// The same value once a token is there: an order, no number.

!rows = tensor<?x5xf32, #weft.dims<[B in 1 to 64] (B, 5)>>

// CHECK-LABEL: @vector
// CHECK: weft.after %arg0, %arg1 : tensor<17xf64>, tensor<3xf32>
func.func @vector(%x: tensor<17xf64>, %t: tensor<3xf32>) -> tensor<17xf64> {
  %y = weft.after %x, %t : tensor<17xf64>, tensor<3xf32>
  return %y : tensor<17xf64>
}
func.func @shapes(%t: tensor<2xf64>, %x: tensor<0x4xf32>, %y: tensor<f32>, %z: tensor<3xi1>, %r: !rows {weft.input = "7x5xf32=normal:1"}) -> (tensor<0x4xf32>, tensor<f32>, tensor<3xi1>, !rows) {
  %a = weft.after %x, %t : tensor<0x4xf32>, tensor<2xf64>
  %b = weft.after %y, %t : tensor<f32>, tensor<2xf64>
  %c = weft.after %z, %t : tensor<3xi1>, tensor<2xf64>
  %d = weft.after %r, %t : !rows, tensor<2xf64>
  return %a, %b, %c, %d : tensor<0x4xf32>, tensor<f32>, tensor<3xi1>, !rows
}

// The second exponential is another one, and its kernel stands behind the product that it waits for.
// PLAN-LABEL: func.func @again
// PLAN: loom.dispatch @map
// PLAN: loom.dispatch @contract
// PLAN: loom.dispatch @map
// PLAN-NOT: weft.after
// PLAN: return
func.func @again(%x: tensor<4x4xf64>) -> (tensor<4x4xf64>, tensor<4x4xf64>) {
  %e = weft.exp %x : tensor<4x4xf64>
  %p = weft.contract "ij,jk->ik", %e, %x : (tensor<4x4xf64>, tensor<4x4xf64>) -> tensor<4x4xf64>
  %a = weft.after %x, %p : tensor<4x4xf64>, tensor<4x4xf64>
  %f = weft.exp %a : tensor<4x4xf64>
  return %p, %f : tensor<4x4xf64>, tensor<4x4xf64>
}

// GRAD-LABEL: @derivative
// GRAD-NEXT: return %arg2
func.func @derivative(%x: tensor<3xf64>, %t: tensor<3xf64>, %ct: tensor<3xf64>) -> tensor<3xf64> attributes {weft.unchecked} {
  %y = weft.after %x, %t : tensor<3xf64>, tensor<3xf64>
  %dx = weft.grad of %y with %ct wrt %x : (tensor<3xf64>, tensor<3xf64>, tensor<3xf64>) -> tensor<3xf64>
  return %dx : tensor<3xf64>
}
