// RUN: weft-opt %s | weft-opt | FileCheck %s
// RUN: weft-opt %s --weft-derive --canonicalize --cse | FileCheck %s --check-prefix=GRAD
// RUN: weft-check-ops %s
//
// A function that states its own reverse derivative. The ones here clip the cotangent or reverse it, so that nobody can mistake them for the
// derivative of the forward; forward mode does not exist for them (custom_vjp-errors.mlir).

!rows = tensor<?x5xf64, #weft.dims<[B in 1 to 64] (B, 5)>>

// CHECK-LABEL: @reversed
// CHECK: weft.custom_vjp %arg0 forward {
// CHECK: } backward {
// CHECK: } : (tensor<17xf64>) -> tensor<17xf64>
// GRAD-LABEL: @reversed
// GRAD-NEXT: %[[Y:.*]] = weft.exp %arg0
// GRAD-NEXT: %[[D:.*]] = weft.neg %arg1
// GRAD-NEXT: return %[[Y]], %[[D]]
func.func @reversed(%x: tensor<17xf64>, %ct: tensor<17xf64>) -> (tensor<17xf64>, tensor<17xf64>) attributes {weft.no_derivative} {
  %y = weft.custom_vjp %x forward {
  ^bb0(%a: tensor<17xf64>):
    %e = weft.exp %a : tensor<17xf64>
    weft.yield %e : tensor<17xf64>
  } backward {
  ^bb0(%a: tensor<17xf64>, %c: tensor<17xf64>):
    %n = weft.neg %c : tensor<17xf64>
    weft.yield %n : tensor<17xf64>
  } : (tensor<17xf64>) -> tensor<17xf64>
  %dx = weft.grad of %y with %ct wrt %x : (tensor<17xf64>, tensor<17xf64>, tensor<17xf64>) -> tensor<17xf64>
  return %y, %dx : tensor<17xf64>, tensor<17xf64>
}
// Two operands, one of them integers, which get no cotangent; a value from outside in both regions. Without a derivative asked for, it is its forward.
// GRAD-LABEL: @outside
// GRAD-NOT: weft.custom_vjp
func.func @outside(%x: !rows {weft.input = "7x5xf64=normal:1"}, %n: tensor<5xi32>, %k: !rows {weft.input = "7x5xf64=normal:2"})
    -> (!rows, tensor<5xi32>) attributes {weft.no_derivative} {
  %y, %m = weft.custom_vjp %x, %n forward {
  ^bb0(%a: !rows, %i: tensor<5xi32>):
    %b = weft.mul %a, %k : !rows
    %j = weft.add %i, %i : tensor<5xi32>
    weft.yield %b, %j : !rows, tensor<5xi32>
  } backward {
  ^bb0(%a: !rows, %i: tensor<5xi32>, %c: !rows):
    %d = weft.mul %c, %k : !rows
    weft.yield %d : !rows
  } : (!rows, tensor<5xi32>) -> (!rows, tensor<5xi32>)
  return %y, %m : !rows, tensor<5xi32>
}
