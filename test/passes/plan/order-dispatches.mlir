// RUN: weft-opt %s --weft-dispatch --order-dispatches | FileCheck %s
//
// What frees more than it takes runs as soon as it can, and so do scalars; all else stays in order.

!m = tensor<128x128xf32>
!v = tensor<128xf32>

// The column sums are the last readers of %a and %b but for the product: they stand at the end, and go right behind the products they wait for.
// CHECK-LABEL: func.func @updates
// CHECK: %[[A:.*]] = loom.dispatch @contract_0(%arg0, %arg1)
// CHECK-NEXT: %[[B:.*]] = loom.dispatch @contract_0(%[[A]], %arg1)
// CHECK-NEXT: %[[S:.*]] = loom.dispatch @{{.*}}(%[[A]])
// CHECK-NEXT: %[[C:.*]] = loom.dispatch @contract_0(%[[B]], %arg1)
// CHECK-NEXT: %[[T:.*]] = loom.dispatch @{{.*}}(%[[B]])
// CHECK-NEXT: return %[[C]], %[[S]], %[[T]]
func.func @updates(%x: !m, %w: !m) -> (!m, !v, !v) {
  %a = weft.contract "bi,ij->bj", %x, %w : (!m, !m) -> !m
  %b = weft.contract "bi,ij->bj", %a, %w : (!m, !m) -> !m
  %c = weft.contract "bi,ij->bj", %b, %w : (!m, !m) -> !m
  %s = weft.reduce_sum %a [0] : (!m) -> !v
  %t = weft.reduce_sum %b [0] : (!m) -> !v
  return %c, %s, %t : !m, !v, !v
}

// Nothing is freed: the order is that of the program.
// CHECK-LABEL: func.func @nothing
// CHECK: %[[A:.*]] = loom.dispatch @contract_{{.*}}(%arg0, %arg1)
// CHECK-NEXT: %[[B:.*]] = loom.dispatch @contract_{{.*}}(%arg1, %arg0)
// CHECK-NEXT: return %[[A]], %[[B]]
func.func @nothing(%x: !m, %w: !m) -> (!m, !m) {
  %a = weft.contract "bi,ij->bj", %x, %w : (!m, !m) -> !m
  %b = weft.contract "bi,ij->bj", %w, %x : (!m, !m) -> !m
  return %a, %b : !m, !m
}

// In a loop's body as well; what is used inside a loop is read by the loop.
// CHECK-LABEL: func.func @loop
// CHECK: %[[A:.*]] = loom.dispatch @contract_{{.*}}(%arg0, %arg1)
// CHECK-NEXT: %{{.*}} = weft.scan <(3)>
// CHECK: loom.dispatch @{{.*}}(%{{.*}}, %[[A]])
// CHECK: }
// CHECK: loom.dispatch @{{.*}}(%[[A]])
// CHECK: return
func.func @loop(%x: !m, %w: !m) -> (!m, !v) {
  %a = weft.contract "bi,ij->bj", %x, %w : (!m, !m) -> !m
  %l = weft.scan #weft.dims<(3)> carry(%x) over() {
  ^bb0(%t: tensor<i32>, %c: !m):
    %n = weft.contract "bi,ij->bj", %c, %a : (!m, !m) -> !m
    weft.yield %n : !m
  } : (!m) -> !m
  %e = weft.exp %l : !m
  %s = weft.reduce_sum %a [0] : (!m) -> !v
  return %e, %s : !m, !v
}
