// RUN: weft-opt %s --weft-stream --weft-to-loom --print-plan -o /dev/null 2>&1 | FileCheck %s

!x = tensor<2x?x4xf32, #weft.dims<[T in 1 to 4096] (2, T, 4)>>
!s = tensor<2x?x?xf32, #weft.dims<[T in 1 to 4096] (2, T, T)>>
!m = tensor<2x?x?xi1, #weft.dims<[T in 1 to 4096] (2, T, T)>>
!i = tensor<?x?xi32, #weft.dims<[T in 1 to 4096] (T, T)>>

// Keys and values are written where they are kept, nothing is copied, and what is masked is one attention. The arena
// has no room for a cache.
// CHECK: plan of @attention
// CHECK-NOT: copy
// CHECK: weft.scatter_set {{.*}} in output 2, which is input 4
// CHECK-NOT: copy
// CHECK: weft.scatter_set {{.*}} in output 3, which is input 5
// CHECK-NOT: copy
// CHECK: weft.attention f32 [2, T, 4] in output 0
// CHECK: arena {{[0-9]?[0-9]?[0-9]}} bytes
func.func @attention(%q: !x, %k: !x, %v: !x) -> !x attributes {weft.stream = "T", weft.stream_most = 4} {
  %s = weft.contract "bqd,bkd->bqk", %q, %k : (!x, !x) -> !s
  %i = weft.iota 0 : !i
  %j = weft.iota 1 : !i
  %sees = weft.compare GE, %i, %j : !i
  %all = weft.broadcast %sees [1, 2] : (tensor<?x?xi1, #weft.dims<[T in 1 to 4096] (T, T)>>) -> !m
  %inf = weft.constant dense<0xFF800000> : tensor<f32>
  %no = weft.broadcast %inf [] : (tensor<f32>) -> !s
  %masked = weft.select %all, %s, %no : !m, !s
  %w = weft.softmax %masked 2 : !s
  %o = weft.contract "bqk,bkd->bqd", %w, %v : (!s, !x) -> !x
  return %o : !x
}
