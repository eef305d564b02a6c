// RUN: weft-opt %s --weft-to-loom | FileCheck %s
// RUN: weft-check-ops %s
//
// A function that is called often is compiled once: three dispatches, one kernel.

!x = tensor<4x8xf64>
!w = tensor<8x8xf64>

// CHECK-LABEL: func.func @layer
// CHECK: loom.dispatch @[[K:contract_[0-9]+]]
func.func @layer(%x: !x, %w: !w) -> !x attributes {weft.no_derivative} {
  %p = weft.contract "ij,jk->ik", %x, %w : (!x, !w) -> !x
  %y = weft.tanh %p : !x
  return %y : !x
}
// CHECK-LABEL: func.func @three
// CHECK-COUNT-3: loom.dispatch @[[K]]
// CHECK: return
// CHECK: loom.kernel @[[K]]
// CHECK-NOT: loom.kernel
func.func @three(%x: !x, %a: !w, %b: !w, %c: !w) -> !x attributes {weft.no_derivative} {
  %h = func.call @layer(%x, %a) : (!x, !w) -> !x
  %i = func.call @layer(%h, %b) : (!x, !w) -> !x
  %j = func.call @layer(%i, %c) : (!x, !w) -> !x
  return %j : !x
}
