// RUN: weft-opt %s --derive-stream --cse --canonicalize --split-input-file | FileCheck %s

!x = tensor<?x4xf32, #weft.dims<[T in 1 to 8] (T, 4)>>
!i = tensor<?xf32, #weft.dims<[T in 1 to 8] (T)>>

// The sum so far is kept and stands in front of what comes; places go on.
// CHECK-LABEL: @running(
// CHECK-SAME: %[[X:.*]]: tensor<?x4xf32, {{.*}}>, %[[P:[^:]*]]: tensor<i32> {weft.name = "cache.length", weft.start = 0.000000e+00 : f64}, %[[SUM:[^:]*]]: tensor<1x4xf32>
// CHECK-SAME: weft.updates = 1 : i64
// CHECK-SAME: weft.updates = 2 : i64
// CHECK: %[[FROM:.*]] = weft.cast %[[P]] : tensor<i32> to tensor<f32>
// CHECK: %[[AT:.*]] = weft.broadcast %[[FROM]] []
// CHECK: %[[PLACE:.*]] = weft.add %{{.*}}, %[[AT]]
// CHECK: %[[BOTH:.*]] = weft.concatenate %[[SUM]], %[[X]] along 0
// CHECK: %[[ALL:.*]] = weft.cumsum %[[BOTH]] 0
// CHECK-DAG: %[[LAST:.*]] = weft.slice %[[ALL]] from <[T in 1 to 8] (T, 0)>
// CHECK-DAG: %[[Y:.*]] = weft.slice %[[ALL]] from <(1, 0)>
// CHECK: weft.dim <[T in 1 to 8] (T)>
// CHECK: return %{{.*}}, %{{.*}}, %[[LAST]]
func.func @running(%x: !x) -> !x attributes {weft.stream = "T"} {
  %s = weft.cumsum %x 0 : !x
  %i = weft.iota 0 : !i
  %b = weft.broadcast %i [0] : (!i) -> !x
  %y = weft.add %s, %b : !x
  return %y : !x
}

// -----

!x = tensor<2x?x4xf32, #weft.dims<[T in 1 to 16] (2, T, 4)>>
!s = tensor<2x?x?xf32, #weft.dims<[T in 1 to 16] (2, T, T)>>
!m = tensor<2x?x?xi1, #weft.dims<[T in 1 to 16] (2, T, T)>>
!i = tensor<?x?xi32, #weft.dims<[T in 1 to 16] (T, T)>>

// Queries are those that came, keys and values all; at most three come at once.
// CHECK-LABEL: @attention(
// CHECK-SAME: %[[Q:.*]]: tensor<2x?x4xf32, #weft.dims<[T in 1 to 3] (2, T, 4)>>, %[[K:.*]]: tensor<{{.*}}>, %[[V:.*]]: tensor<{{.*}}>, %[[P:[^:]*]]: tensor<i32>
// CHECK-SAME: %[[VALUES:[^:]*]]: tensor<2x16x4xf32>
// CHECK-SAME: %[[KEYS:[^:]*]]: tensor<2x16x4xf32>
// CHECK: weft.check_index %{{.*}} in <(16)> of "stream: the cache is full"
// CHECK: %[[NEWV:.*]] = weft.scatter_set %[[VALUES]] at %[[TO:.*]] set %[[V]] along 1 skip
// CHECK: %[[NEWK:.*]] = weft.scatter_set %[[KEYS]] at %[[TO]] set %[[K]] along 1 skip
// CHECK: %[[SCORES:.*]] = weft.contract "bqd,bkd->bqk", %[[Q]], %[[NEWK]]
// CHECK: %[[J:.*]] = weft.iota 1
// CHECK: %[[I:.*]] = weft.add
// CHECK: weft.compare GE, %[[I]], %[[J]]
// CHECK: %[[W:.*]] = weft.softmax %{{.*}} 2 : tensor<2x?x16xf32
// CHECK: weft.contract "bqk,bkd->bqd", %[[W]], %[[NEWV]]
func.func @attention(%q: !x, %k: !x, %v: !x) -> !x attributes {weft.stream = "T", weft.stream_most = 3} {
  %s = weft.contract "bqd,bkd->bqk", %q, %k : (!x, !x) -> !s
  %i = weft.iota 0 : !i
  %j = weft.iota 1 : !i
  %sees = weft.compare GE, %i, %j : !i
  %all = weft.broadcast %sees [1, 2] : (tensor<?x?xi1, #weft.dims<[T in 1 to 16] (T, T)>>) -> !m
  %inf = weft.constant dense<0xFF800000> : tensor<f32>
  %no = weft.broadcast %inf [] : (tensor<f32>) -> !s
  %masked = weft.select %all, %s, %no : !m, !s
  %w = weft.softmax %masked 2 : !s
  %o = weft.contract "bqk,bkd->bqd", %w, %v : (!s, !x) -> !x
  return %o : !x
}

// -----

!x = tensor<?x4xf32, #weft.dims<[T in 1 to 8] (T, 4)>>

// A carry is kept. One that begins with a number begins so in the cache; another is chosen at the first step.
// CHECK-LABEL: @loop(
// CHECK-SAME: %[[X:.*]]: tensor<?x4xf32, {{[^)]*\)>>}}, %[[H:.*]]: tensor<4xf32>, %[[P:[^:]*]]: tensor<i32>
// CHECK-SAME: %[[A:[^:]*]]: tensor<4xf32> {weft.name = "cache.0", weft.start = 1.000000e+00 : f64}
// CHECK-SAME: %[[B:[^:]*]]: tensor<4xf32> {weft.name = "cache.1", weft.start = 0.000000e+00 : f64}
// CHECK: %[[NONE:.*]] = weft.compare EQ, %[[P]], %{{.*}} : tensor<i32>
// CHECK: %[[FIRST:.*]] = weft.select %{{.*}}, %[[H]], %[[B]]
// CHECK: %[[Y:.*]]:3 = weft.scan <[T in 1 to 8] (T)> carry(%[[A]], %[[FIRST]]) over(%[[X]])
// CHECK: return %[[Y]]#2, %{{.*}}, %[[Y]]#0, %[[Y]]#1
func.func @loop(%x: !x, %h: tensor<4xf32>) -> !x attributes {weft.stream = "T"} {
  %one = weft.constant dense<1.0> : tensor<4xf32>
  %y:3 = weft.scan <[T in 1 to 8] (T)> carry(%one, %h) over(%x) {
  ^bb0(%i: tensor<i32>, %a: tensor<4xf32>, %b: tensor<4xf32>, %v: tensor<4xf32>):
    %s = weft.add %b, %v : tensor<4xf32>
    %m = weft.mul %a, %s : tensor<4xf32>
    weft.yield %s, %m, %m : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
  } : (tensor<4xf32>, tensor<4xf32>, !x) -> (tensor<4xf32>, tensor<4xf32>, !x)
  return %y#2 : !x
}

// -----

!x = tensor<?xf32, #weft.dims<[T in 1 to 8] (T)>>
!p = tensor<?xf32, #weft.dims<[T in 1 to 8] (T + 2)>>

// An element two places further in front: two are kept.
// CHECK-LABEL: @earlier(
// CHECK-SAME: %[[X:.*]]: tensor<?xf32, {{.*}}>, %[[P:[^:]*]]: tensor<i32> {{.*}}, %[[TWO:[^:]*]]: tensor<2xf32>
// CHECK: %[[BOTH:.*]] = weft.concatenate %[[TWO]], %[[X]] along 0
// CHECK-DAG: %[[OLD:.*]] = weft.slice %[[BOTH]] from <(0)>
// CHECK-DAG: %[[KEEP:.*]] = weft.slice %[[BOTH]] from <[T in 1 to 8] (T)>
// CHECK: %[[IS:.*]] = weft.compare GE
// CHECK: %[[Y:.*]] = weft.select %[[IS]], %[[OLD]]
// CHECK: weft.add %[[X]], %[[Y]]
// CHECK: return %{{.*}}, %{{.*}}, %[[KEEP]]
func.func @earlier(%x: !x) -> !x attributes {weft.stream = "T"} {
  %nine = weft.constant dense<9.0> : tensor<f32>
  %p = weft.pad %x, %nine low <(2)> interior [0] : (!x, tensor<f32>) -> !p
  %d = weft.slice %p from <(0)> by [1] : (!p) -> !x
  %y = weft.add %x, %d : !x
  return %y : !x
}

// -----

!x = tensor<?x4xf32, #weft.dims<[T in 1 to 16] (T, 4)>>
!s = tensor<?x?xf32, #weft.dims<[T in 1 to 16] (T, T)>>
!i = tensor<?x?xi32, #weft.dims<[T in 1 to 16] (T, T)>>
!b = tensor<?x?xi1, #weft.dims<[T in 1 to 16] (T, T)>>

// Each time sees the last three places: with two that come at once, four slots go round. Of the slots those behind the
// last element are one round older.
// CHECK-LABEL: @ring(
// CHECK-SAME: %[[X:.*]]: tensor<?x4xf32, #weft.dims<[T in 1 to 2] (T, 4)>>, %[[P:[^:]*]]: tensor<i32>
// CHECK-SAME: %[[KEPT:[^:]*]]: tensor<4x4xf32> {weft.name = "cache.0", weft.start = 0.000000e+00 : f64}
// CHECK-NOT: check_index
// CHECK-DAG: %[[SIZE:.*]] = weft.constant dense<4> : tensor<i32>
// CHECK-DAG: weft.rem %[[P]], %[[SIZE]]
// CHECK: weft.scatter_set %[[KEPT]] at %{{.*}} set %[[X]] along 0 skip
func.func @ring(%x: !x) -> !x attributes {weft.stream = "T", weft.stream_most = 2, weft.stream_window = 3} {
  %i = weft.iota 0 : !i
  %j = weft.iota 1 : !i
  %d = weft.sub %i, %j : !i
  %zero = weft.constant dense<0> : tensor<i32>
  %three = weft.constant dense<3> : tensor<i32>
  %none = weft.broadcast %zero [] : (tensor<i32>) -> !i
  %far = weft.broadcast %three [] : (tensor<i32>) -> !i
  %came = weft.compare GE, %d, %none : !i
  %near = weft.compare LT, %d, %far : !i
  %sees = weft.and %came, %near : !b
  %w = weft.cast %sees : !b to !s
  %y = weft.contract "qk,kd->qd", %w, %x : (!s, !x) -> !x
  return %y : !x
}
