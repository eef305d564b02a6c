// RUN: weft-opt %s --weft-simplify --weft-dispatch --weft-plan | FileCheck %s
// RUN: weft-check-ops %s
//
// A loop that sets places of a carry has one buffer for it, and copies nothing from step to step. It has two where the
// old value is read later, or is what the updates are made of in the same kernel.

// CHECK-LABEL: @filled
// CHECK: weft.scan
// CHECK: loom.places = [#loom.arena<offset = [[AT:[0-9]+]], bytes = 8192>, #loom.arena<offset = [[AT]], bytes = 8192>
func.func @filled(%cache: tensor<64x32xf32>, %x: tensor<5x32xf32>) -> tensor<64x32xf32> {
  %last = weft.scan #weft.dims<(5)> carry(%cache) over(%x) {
  ^bb0(%i: tensor<i32>, %c: tensor<64x32xf32>, %s: tensor<32xf32>):
    %j = weft.check_index %i in <(64)> of "update" : tensor<i32>
    %n = weft.scatter_set %c at %j set %s along 0 skip : (tensor<64x32xf32>, tensor<i32>, tensor<32xf32>) -> tensor<64x32xf32>
    weft.yield %n : tensor<64x32xf32>
  } : (tensor<64x32xf32>, tensor<5x32xf32>) -> tensor<64x32xf32>
  return %last : tensor<64x32xf32>
}
// The old value is read in front of the write: by what makes the update.
// CHECK-LABEL: @read_before
// CHECK: weft.scan
// CHECK: loom.places = [#loom.arena<offset = [[AT:[0-9]+]], bytes = 8192>, #loom.arena<offset = [[AT]], bytes = 8192>
func.func @read_before(%cache: tensor<64x32xf32>) -> tensor<64x32xf32> {
  %last = weft.scan #weft.dims<(5)> carry(%cache) over() {
  ^bb0(%i: tensor<i32>, %c: tensor<64x32xf32>):
    %s = weft.reduce_sum %c [0] : (tensor<64x32xf32>) -> tensor<32xf32>
    %t = weft.tanh %s : tensor<32xf32>
    %n = weft.scatter_set %c at %i set %t along 0 skip : (tensor<64x32xf32>, tensor<i32>, tensor<32xf32>) -> tensor<64x32xf32>
    weft.yield %n : tensor<64x32xf32>
  } : (tensor<64x32xf32>) -> tensor<64x32xf32>
  return %last : tensor<64x32xf32>
}
// CHECK-LABEL: @read_after
// CHECK: weft.scan
// CHECK-NOT: loom.places = [#loom.arena<offset = [[AT:[0-9]+]], bytes = 8192>, #loom.arena<offset = [[AT]], bytes = 8192>
// CHECK: return
func.func @read_after(%cache: tensor<64x32xf32>, %x: tensor<5x32xf32>) -> (tensor<64x32xf32>, tensor<5x32xf32>) {
  %last, %all = weft.scan #weft.dims<(5)> carry(%cache) over(%x) {
  ^bb0(%i: tensor<i32>, %c: tensor<64x32xf32>, %s: tensor<32xf32>):
    %n = weft.scatter_set %c at %i set %s along 0 skip : (tensor<64x32xf32>, tensor<i32>, tensor<32xf32>) -> tensor<64x32xf32>
    %a = weft.reduce_sum %n [0] : (tensor<64x32xf32>) -> tensor<32xf32>
    %u = weft.reduce_max %a [0] : (tensor<32xf32>) -> tensor<f32>
    %r = weft.broadcast %u [] : (tensor<f32>) -> tensor<64x32xf32>
    %d = weft.sub %c, %r : tensor<64x32xf32>
    %b = weft.reduce_max %d [0] : (tensor<64x32xf32>) -> tensor<32xf32>
    weft.yield %n, %b : tensor<64x32xf32>, tensor<32xf32>
  } : (tensor<64x32xf32>, tensor<5x32xf32>) -> (tensor<64x32xf32>, tensor<5x32xf32>)
  return %last, %all : tensor<64x32xf32>, tensor<5x32xf32>
}
// CHECK-LABEL: @as_long
func.func @as_long(%cache: tensor<64x32xf32>, %x: tensor<32xf32>) -> tensor<64x32xf32> {
  %zero = weft.constant dense<0> : tensor<i32>
  %n, %last = weft.while carry(%zero, %cache) while {
  ^bb0(%i: tensor<i32>, %c: tensor<64x32xf32>):
    %five = weft.constant dense<5> : tensor<i32>
    %more = weft.compare LT, %i, %five : tensor<i32>
    weft.yield %more : tensor<i1>
  } do {
  ^bb0(%i: tensor<i32>, %c: tensor<64x32xf32>):
    %one = weft.constant dense<1> : tensor<i32>
    %k = weft.add %i, %one : tensor<i32>
    %s = weft.scatter_set %c at %k set %x along 0 skip : (tensor<64x32xf32>, tensor<i32>, tensor<32xf32>) -> tensor<64x32xf32>
    weft.yield %k, %s : tensor<i32>, tensor<64x32xf32>
  } : (tensor<i32>, tensor<64x32xf32>) -> (tensor<i32>, tensor<64x32xf32>)
  return %last : tensor<64x32xf32>
}
