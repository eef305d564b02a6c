// RUN: weft-opt %s --weft-to-loom --weft-emit --split-input-file | FileCheck %s

!t = tensor<16777216xf32>
// What no cache can hold is stored past the caches, but not where it was read just before.
// CHECK-LABEL: func.func private @map_0
// CHECK-NOT: memref.prefetch
// CHECK: nontemporal
func.func @apart(%x: !t) -> !t {
  %y = weft.mul %x, %x : !t
  return %y : !t
}

// -----

!t = tensor<16777216xf32>
// There the lines are asked for 512 elements ahead.
// CHECK-LABEL: func.func private @map_0
// CHECK: %[[AHEAD:.*]] = arith.addi %{{.*}}, %c512
// CHECK: arith.minsi %[[AHEAD]], %c16777215
// CHECK: memref.prefetch
// CHECK-NOT: nontemporal
// CHECK: return
func.func @in_place(%x: !t) -> (!t {weft.updates = 0 : i64}) {
  %y = weft.mul %x, %x : !t
  return %y : !t
}
