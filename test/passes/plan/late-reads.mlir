// RUN: weft-opt %s --weft-derive --weft-simplify --form-dispatches | FileCheck %s
// RUN: weft-opt %s --weft-derive --weft-simplify --form-dispatches --remarks-filter=form-dispatches --remark-format=emitRemark -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: weft-check-ops %s
//
// What kernels of the gradient find in memory is a minimum cut of bytes against operations.

!x = tensor<64x64xf64>
!y = tensor<64x64xf32>
!m = tensor<64x64xi1>

// The mask of a dropout is read behind the product: one bit of each element is kept (a byte), the mask is made of it again.
// REMARK: stored for kernels that run later, for that costs less than to compute it again: compare i1 [64, 64]
// CHECK-LABEL: func.func @dropout
// CHECK: %[[F:.*]]:2 = loom.dispatch @map_{{.*}} -> (tensor<64x64xi1>, tensor<64x64xf64>)
// CHECK: %[[P:.*]]:2 = loom.dispatch @contract_{{[0-9]+}}(%[[F]]#1, %arg1, %arg3)
// CHECK: loom.dispatch @contract_{{[0-9]+}}(%[[P]]#1, %arg1, %[[F]]#0)
// CHECK: return
func.func @dropout(%x: !x, %w: !x, %key: tensor<2xi32>, %ct: !x) -> (!x, !x) attributes {weft.no_derivative} {
  %u = weft.random_uniform %key : (tensor<2xi32>) -> !x
  %p = weft.constant dense<0.75> : !x
  %one = weft.constant dense<1.5> : !x
  %zero = weft.constant dense<0.0> : !x
  %b = weft.compare LT, %u, %p : !x
  %m = weft.select %b, %one, %zero : !m, !x
  %y = weft.mul %x, %m : !x
  %h = weft.contract "ij,jk->ik", %y, %w : (!x, !x) -> !x
  %t = weft.tanh %h : !x
  %g = weft.grad of %t with %ct wrt %x : (!x, !x, !x) -> !x
  return %t, %g : !x, !x
}

// The exponential is kept for the backward pass; the square of it, cheap and read there as well, is made of it again.
// REMARK: stored for kernels that run later{{.*}}: exp f32 [64, 64]
// REMARK: computed again in kernels that run later, for that costs less than to store it: mul f32 [64, 64]
// CHECK-LABEL: func.func @chain
// CHECK-COUNT-4: loom.dispatch
// CHECK-NOT: loom.dispatch
// CHECK: return
func.func @chain(%x: !y, %w: !y, %v: !y) -> (!y, !y, !y) attributes {weft.no_derivative} {
  %e = weft.exp %x : !y
  %s = weft.mul %e, %x : !y
  %r = weft.reduce_sum %s [0] : (!y) -> tensor<64xf32>
  %rb = weft.broadcast %r [1] : (tensor<64xf32>) -> !y
  %h = weft.contract "ij,jk->ik", %x, %w : (!y, !y) -> !y
  %a = weft.mul %h, %e : !y
  %b = weft.mul %h, %s : !y
  %d = weft.add %b, %rb : !y
  %t = weft.contract "ij,jk->ik", %a, %v : (!y, !y) -> !y
  %f = weft.mul %t, %s : !y
  return %a, %d, %f : !y, !y, !y
}
