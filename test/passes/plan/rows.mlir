// RUN: weft-opt %s --weft-to-loom | FileCheck %s
// RUN: weft-check-ops %s
//
// Whole rows of what is in memory are read where they are: the inputs of a loop over a part of the steps are not copied, nor is an operand of a product.

!xs = tensor<7x4xf64>
!v = tensor<4xf64>

// CHECK-LABEL: func.func @part
// CHECK-NEXT: %[[R:.*]] = weft.slice %arg0 from <(3, 0)>
// CHECK-NEXT: weft.scan <(4)> carry(%arg1) over(%[[R]])
func.func @part(%xs: !xs, %h: !v) -> !v attributes {weft.no_derivative} {
  %r = weft.slice %xs from <(3, 0)> by [1, 1] : (!xs) -> tensor<4x4xf64>
  %l = weft.scan #weft.dims<(4)> carry(%h) over(%r) {
  ^bb0(%t: tensor<i32>, %c: !v, %x: !v):
    %a = weft.add %c, %x : !v
    %n = weft.tanh %a : !v
    weft.yield %n : !v
  } : (!v, tensor<4x4xf64>) -> !v
  return %l : !v
}

// Of a result of a kernel as well; the kernel's memory lives until the product has read the rows, and the product does not overwrite them.
// CHECK-LABEL: func.func @product
// CHECK-NEXT: %[[S:.*]] = loom.dispatch @{{.*}}(%arg0)
// CHECK-NEXT: %[[R:.*]] = weft.slice %[[S]] from <(2, 0)>
// CHECK-NEXT: loom.dispatch @contract_{{[0-9]+}}(%[[R]], %arg1)
func.func @product(%xs: tensor<7x4x3xf64>, %w: tensor<4x4xf64>) -> tensor<3x4xf64> attributes {weft.no_derivative} {
  %s = weft.reduce_sum %xs [2] : (tensor<7x4x3xf64>) -> !xs
  %r = weft.slice %s from <(2, 0)> by [1, 1] : (!xs) -> tensor<3x4xf64>
  %p = weft.contract "ij,jk->ik", %r, %w : (tensor<3x4xf64>, tensor<4x4xf64>) -> tensor<3x4xf64>
  return %p : tensor<3x4xf64>
}

// A result of the function is a copy; columns, and every second row, are no view.
// CHECK-LABEL: func.func @copies
// CHECK-NOT: weft.slice
// CHECK: return
func.func @copies(%xs: !xs, %w: tensor<2x2xf64>) -> (tensor<4x2xf64>, tensor<3x2xf64>) attributes {weft.no_derivative} {
  %c = weft.slice %xs from <(0, 1)> by [2, 1] : (!xs) -> tensor<4x2xf64>
  %p = weft.contract "ij,jk->ik", %c, %w : (tensor<4x2xf64>, tensor<2x2xf64>) -> tensor<4x2xf64>
  %d = weft.slice %xs from <(1, 2)> by [1, 1] : (!xs) -> tensor<3x2xf64>
  return %p, %d : tensor<4x2xf64>, tensor<3x2xf64>
}
func.func @returned(%xs: !xs) -> (tensor<3x4xf64>, !xs) attributes {weft.no_derivative} {
  %r = weft.slice %xs from <(2, 0)> by [1, 1] : (!xs) -> tensor<3x4xf64>
  %e = weft.exp %xs : !xs
  return %r, %e : tensor<3x4xf64>, !xs
}
