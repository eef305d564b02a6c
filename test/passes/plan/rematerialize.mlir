// RUN: weft-opt %s --weft-dispatch --rematerialize=budget=40000 | FileCheck %s
// RUN: weft-opt %s --weft-dispatch --rematerialize=budget=0 | FileCheck %s --check-prefix=FREE
// RUN: weft-opt %s --weft-dispatch --rematerialize=budget=40000 --remarks-filter=rematerialize --remark-format=emitRemark -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK
//
// Three products of 16 KiB wait for their second readers, and the budget has room for two and some: the one that is cheapest for its bytes is
// computed again, from what is still there.

!m = tensor<64x64xf32>

// CHECK-LABEL: func.func @chain
// CHECK: %[[A:.*]] = loom.dispatch @contract_0(%arg0, %arg1)
// CHECK-NEXT: %[[B:.*]] = loom.dispatch @contract_0(%[[A]], %arg1)
// CHECK-NEXT: %[[C:.*]] = loom.dispatch @contract_0(%[[B]], %arg1)
// CHECK: loom.dispatch @contract_0(%arg0, %arg1)
// CHECK: return
// FREE-LABEL: func.func @chain
// FREE-COUNT-3: loom.dispatch @contract_0
// FREE-NOT: loom.dispatch @contract_0
// FREE-LABEL: func.func @moved
// REMARK: remark: [Passed] rematerialize
// REMARK-SAME: contract_0 runs again for later readers of f32 [64, 64]: 16384 bytes are free at the peak meanwhile
func.func @chain(%x: !m, %w: !m) -> (!m, !m, !m) {
  %a = weft.contract "bi,ij->bj", %x, %w : (!m, !m) -> !m
  %b = weft.contract "bi,ij->bj", %a, %w : (!m, !m) -> !m
  %c = weft.contract "bi,ij->bj", %b, %w : (!m, !m) -> !m
  %l = weft.contract "bi,jb->ij", %c, %w : (!m, !m) -> !m
  %p = weft.contract "bi,jb->ij", %c, %l : (!m, !m) -> !m
  %q = weft.contract "bi,jb->ij", %b, %p : (!m, !m) -> !m
  %r = weft.contract "bi,jb->ij", %a, %q : (!m, !m) -> !m
  return %l, %p, %r : !m, !m, !m
}

// What nobody reads before the peak is not computed twice, only later; a view of it follows.
// CHECK-LABEL: func.func @moved
// CHECK: %[[A:.*]] = loom.dispatch @contract_0(%arg0, %arg1)
// CHECK-NEXT: %[[B:.*]] = loom.dispatch @contract_0(%[[A]], %arg1)
// CHECK-NEXT: %[[C:.*]] = loom.dispatch @contract_0(%[[B]], %[[A]])
// CHECK-NEXT: weft.reshape %[[C]]
// CHECK-NEXT: %[[Z:.*]] = loom.dispatch @map_{{.*}}(%arg0)
// CHECK-NEXT: %[[V:.*]] = weft.reshape %[[Z]]
// CHECK-NEXT: loom.dispatch @scatter_add_{{.*}}(%{{.*}}, %arg2, %[[V]])
// CHECK-NOT: dispatch @map_
func.func @moved(%x: !m, %w: !m, %k: tensor<4096xi32>) -> tensor<4096xf32> {
  %z = weft.exp %x : !m
  %v = weft.reshape %z : (!m) -> tensor<4096xf32>
  %a = weft.contract "bi,ij->bj", %x, %w : (!m, !m) -> !m
  %b = weft.contract "bi,ij->bj", %a, %w : (!m, !m) -> !m
  %c = weft.contract "bi,ij->bj", %b, %a : (!m, !m) -> !m
  %r = weft.reshape %c : (!m) -> tensor<4096xf32>
  %s = weft.reverse %v [0] : tensor<4096xf32>
  %t = weft.scatter_add %r at %k add %s along 0 : (tensor<4096xf32>, tensor<4096xi32>, tensor<4096xf32>) -> tensor<4096xf32>
  return %t : tensor<4096xf32>
}
