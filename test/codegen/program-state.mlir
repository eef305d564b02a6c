// RUN: weft-opt %s --weft-to-loom --weft-emit --weft-llvm | FileCheck %s
// RUN: weft-run %s --no-cache --threads=2 --input 4xf32=1,2,3,4 --input 4xf32=iota --input 3xf32=5,6,7 --input 2xi32=1,0 | FileCheck %s --check-prefix=NUMBERS
// RUN: not weft-run %s --no-cache --input 4xf32=1,2,3,4 --input 4xf32=iota --input 3xf32=5,6,7 --input 2xi32=1,9 2>&1 | FileCheck %s --check-prefix=ERROR

!v = tensor<4xf32>
!u = tensor<3xf32>
// The gather may raise an error and runs first. Before state is written the program asks whether it may; the two updates run as one. Their pointers may
// be one with the old values'.
// CHECK: llvm.func internal @map_0(%{{[a-z0-9]+}}: !llvm.ptr, 
// CHECK-LABEL: llvm.func @step_run
// CHECK: llvm.call @weft_parallel_for(
// CHECK: %[[MAY:.*]] = llvm.call @weft_begin_update(%arg0)
// CHECK: %[[YES:.*]] = llvm.icmp "ne" %[[MAY]]
// CHECK: llvm.cond_br %[[YES]], ^[[GO:.*]], ^[[END:.*]]
// CHECK: ^[[END]]:
// CHECK-NEXT: llvm.return
// CHECK: ^[[GO]]:
// CHECK: llvm.call @weft_parallel_for_all(
// CHECK-NOT: llvm.call
// CHECK: llvm.return
// NUMBERS: 4xf32=1,3,5,7
// NUMBERS-NEXT: 3xf32=25,36,49
// NUMBERS-NEXT: 2xf32=2,1
// ERROR: index 9 is outside dimension of size 4
func.func @step(%w: !v, %g: !v, %u: !u, %i: tensor<2xi32>) -> (!v {weft.updates = 0 : i64}, !u {weft.updates = 2 : i64}, tensor<2xf32>) {
  %w1 = weft.add %w, %g : !v
  %u1 = weft.mul %u, %u : !u
  %r = weft.take %w at %i along 0 : (!v, tensor<2xi32>) -> tensor<2xf32>
  return %w1, %u1, %r : !v, !u, tensor<2xf32>
}
