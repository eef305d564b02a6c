// RUN: weft-opt %s --weft-derive --weft-simplify | FileCheck %s
// RUN: weft-opt %s --weft-derive --remarks-filter=expand-derivatives --remark-format=emitRemark -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: weft-check-ops %s
//
// What the gradient of a scan keeps of each step. A product's result, behind a tanh, is kept: 256 numbers against 65,536 products. What is a sum away
// from what is there anyway is computed again.

!v = tensor<256xf64>
!m = tensor<256x256xf64>

// REMARK: remark: [Passed] expand-derivatives
// REMARK-SAME: the gradient of this scan keeps of each step: tanh f64 [256]; it computes again what costs less than to keep
// CHECK-LABEL: @product
// CHECK: %[[F:.*]]:2 = weft.scan <(6)> carry(%{{.*}}) over(
// CHECK: weft.tanh
// CHECK: weft.scan <(6)> reverse carry(
// CHECK-NOT: weft.tanh
// CHECK: return
func.func @product(%h: !v, %w: !m, %ct: !v) -> !v attributes {weft.no_derivative, weft.tolerance = 1.0e-10} {
  %l = weft.scan #weft.dims<(6)> carry(%h) over() {
  ^bb0(%t: tensor<i32>, %c: !v):
    %p = weft.contract "i,ij->j", %c, %w : (!v, !m) -> !v
    %n = weft.tanh %p : !v
    weft.yield %n : !v
  } : (!v) -> !v
  %g = weft.grad of %l with %ct wrt %h : (!v, !v, !v) -> !v
  return %g : !v
}

// The derivative of a square reads the sum alone: it is kept in the carry's stead.
// CHECK-LABEL: @instead
// CHECK: weft.scan <(6)> carry(
// CHECK: %[[P:.*]] = weft.add
// CHECK: weft.yield %{{.*}}, %[[P]]
// CHECK: weft.scan <(6)> reverse
func.func @instead(%h: !v, %x: !v, %ct: !v) -> !v attributes {weft.no_derivative} {
  %l = weft.scan #weft.dims<(6)> carry(%h) over() {
  ^bb0(%t: tensor<i32>, %c: !v):
    %p = weft.add %c, %x : !v
    %n = weft.mul %p, %p : !v
    weft.yield %n : !v
  } : (!v) -> !v
  %g = weft.grad of %l with %ct wrt %h : (!v, !v, !v) -> !v
  return %g : !v
}

// That of a product reads the sum and the carry: the carry is kept, the sum computed again.
// CHECK-LABEL: @again
// CHECK: weft.scan <(6)> carry(
// CHECK-NEXT: ^bb0(%{{.*}}: tensor<i32>, %[[C:.*]]: tensor<256xf64>)
// CHECK: weft.yield %{{.*}}, %[[C]] :
// CHECK: weft.scan <(6)> reverse
// CHECK: weft.add %{{.*}}, %arg1
func.func @again(%h: !v, %x: !v, %ct: !v) -> !v attributes {weft.no_derivative} {
  %l = weft.scan #weft.dims<(6)> carry(%h) over() {
  ^bb0(%t: tensor<i32>, %c: !v):
    %p = weft.add %c, %x : !v
    %n = weft.mul %p, %c : !v
    weft.yield %n : !v
  } : (!v) -> !v
  %g = weft.grad of %l with %ct wrt %h : (!v, !v, !v) -> !v
  return %g : !v
}
