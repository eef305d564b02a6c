// RUN: weft-opt %s --form-dispatches --split-input-file | FileCheck %s
// RUN: weft-check-ops %s
//
// Reductions that take the same dimensions of one shape away share loops if much of what they read is the same, and nothing suffers by it.

// The moments of a batch and what is made of them.
// CHECK-LABEL: func.func @moments
// CHECK: loom.dispatch @reduce_sum_0(%arg0) : (tensor<37x50xf32>) -> (tensor<50xf32>, tensor<50xf32>)
// CHECK-NEXT: return
func.func @moments(%x: tensor<37x50xf32>) -> (tensor<50xf32>, tensor<50xf32>) {
  %c = weft.constant dense<0.027> : tensor<50xf32>
  %q = weft.mul %x, %x : tensor<37x50xf32>
  %a = weft.reduce_sum %x [0] : (tensor<37x50xf32>) -> tensor<50xf32>
  %b = weft.reduce_sum %q [0] : (tensor<37x50xf32>) -> tensor<50xf32>
  %mean = weft.mul %a, %c : tensor<50xf32>
  %square = weft.mul %b, %c : tensor<50xf32>
  %m = weft.mul %mean, %mean : tensor<50xf32>
  %v = weft.sub %square, %m : tensor<50xf32>
  return %mean, %v : tensor<50xf32>, tensor<50xf32>
}
// A layer's norm, backward: the gradients of scale and shift.
// CHECK-LABEL: func.func @affine
// CHECK: loom.dispatch @reduce_sum_1(%arg0, %arg1) : (tensor<6x37x50xf64>, tensor<6x37x50xf64>) -> (tensor<50xf64>, tensor<50xf64>)
// CHECK-NEXT: return
func.func @affine(%dy: tensor<6x37x50xf64>, %x: tensor<6x37x50xf64>) -> (tensor<50xf64>, tensor<50xf64>) {
  %p = weft.mul %dy, %x : tensor<6x37x50xf64>
  %a = weft.reduce_sum %p [0, 1] : (tensor<6x37x50xf64>) -> tensor<50xf64>
  %b = weft.reduce_sum %dy [0, 1] : (tensor<6x37x50xf64>) -> tensor<50xf64>
  return %a, %b : tensor<50xf64>, tensor<50xf64>
}
// Different kinds, everything reduced, lengths without a whole vector and known at run time.
// CHECK-LABEL: func.func @kinds
// CHECK: loom.dispatch @{{.*}}(%arg0) : {{.*}} -> (tensor<f32>, tensor<f32>, tensor<f32>)
// CHECK-NEXT: return
!t = tensor<?x7xf32, #weft.dims<[B in 1 to 64] (B, 7)>>
func.func @kinds(%x: !t {weft.input = "5x7xf32=normal:1"}) -> (tensor<f32>, tensor<f32>, tensor<f32>) attributes {weft.no_derivative} {
  %q = weft.abs %x : !t
  %a = weft.reduce_max %x [0, 1] : (!t) -> tensor<f32>
  %b = weft.reduce_min %x [0, 1] : (!t) -> tensor<f32>
  %c = weft.reduce_sum %q [0, 1] : (!t) -> tensor<f32>
  return %a, %b, %c : tensor<f32>, tensor<f32>, tensor<f32>
}
// Long sums go together in parts. (A million terms leave a sum of hundreds: its error is theirs.)
// CHECK-LABEL: func.func @long
// CHECK: %[[P:.*]]:2 = loom.dispatch @{{.*}} -> (tensor<8xf32>, tensor<8xf32>)
// CHECK-NEXT: loom.dispatch @{{.*}}(%[[P]]#0, %[[P]]#1) : {{.*}} -> (tensor<f32>, tensor<f32>)
func.func @long(%x: tensor<1200x1000xf32>) -> (tensor<f32>, tensor<f32>) attributes {weft.tolerance = 1.0e-4} {
  %q = weft.mul %x, %x : tensor<1200x1000xf32>
  %a = weft.reduce_sum %x [0, 1] : (tensor<1200x1000xf32>) -> tensor<f32>
  %b = weft.reduce_sum %q [0, 1] : (tensor<1200x1000xf32>) -> tensor<f32>
  return %a, %b : tensor<f32>, tensor<f32>
}
// Other dimensions, nothing in common, one after the other: kernels of their own.
// CHECK-LABEL: func.func @apart
// CHECK-COUNT-4: loom.dispatch
// CHECK: return
func.func @apart(%x: tensor<16x16x3xf32>, %y: tensor<16x16x3xf32>) -> (tensor<16x3xf32>, tensor<16x3xf32>, tensor<16x3xf32>, tensor<16x3xf32>) {
  %a = weft.reduce_sum %x [0] : (tensor<16x16x3xf32>) -> tensor<16x3xf32>
  %b = weft.reduce_sum %x [1] : (tensor<16x16x3xf32>) -> tensor<16x3xf32>
  %c = weft.reduce_sum %y [0] : (tensor<16x16x3xf32>) -> tensor<16x3xf32>
  %s = weft.broadcast %a [1, 2] : (tensor<16x3xf32>) -> tensor<16x16x3xf32>
  %d = weft.sub %x, %s : tensor<16x16x3xf32>
  %m = weft.reduce_max %d [0] : (tensor<16x16x3xf32>) -> tensor<16x3xf32>
  return %a, %b, %c, %m : tensor<16x3xf32>, tensor<16x3xf32>, tensor<16x3xf32>, tensor<16x3xf32>
}
// A small array in common is no reason: each sum stays behind what makes its operand, which need not wait for the others.
// CHECK-LABEL: func.func @mask
// CHECK: loom.dispatch @contract
// CHECK-NEXT: loom.dispatch @reduce_sum
// CHECK-NEXT: loom.dispatch @contract
// CHECK-NEXT: loom.dispatch @reduce_sum
func.func @mask(%x: tensor<8x16x32xf32>, %mask: tensor<8x16xf32>, %w: tensor<32x32xf32>) -> (tensor<32xf32>, tensor<32xf32>) {
  %m = weft.broadcast %mask [0, 1] : (tensor<8x16xf32>) -> tensor<8x16x32xf32>
  %0 = weft.contract "btd,ed->bte", %x, %w : (tensor<8x16x32xf32>, tensor<32x32xf32>) -> tensor<8x16x32xf32>
  %1 = weft.mul %0, %m : tensor<8x16x32xf32>
  %2 = weft.reduce_sum %1 [0, 1] : (tensor<8x16x32xf32>) -> tensor<32xf32>
  %3 = weft.contract "btd,ed->bte", %0, %w : (tensor<8x16x32xf32>, tensor<32x32xf32>) -> tensor<8x16x32xf32>
  %4 = weft.mul %3, %m : tensor<8x16x32xf32>
  %5 = weft.reduce_sum %4 [0, 1] : (tensor<8x16x32xf32>) -> tensor<32xf32>
  return %2, %5 : tensor<32xf32>, tensor<32xf32>
}
// Nor is an op that reads both results: sums over different arrays are for different threads.
// CHECK-LABEL: func.func @norms
// CHECK-COUNT-2: loom.dispatch @reduce_sum
// CHECK: return
func.func @norms(%a: tensor<51x76xf32>, %b: tensor<51x76xf32>) -> tensor<f32> {
  %a2 = weft.mul %a, %a : tensor<51x76xf32>
  %b2 = weft.mul %b, %b : tensor<51x76xf32>
  %sa = weft.reduce_sum %a2 [0, 1] : (tensor<51x76xf32>) -> tensor<f32>
  %sb = weft.reduce_sum %b2 [0, 1] : (tensor<51x76xf32>) -> tensor<f32>
  %0 = weft.add %sa, %sb : tensor<f32>
  return %0 : tensor<f32>
}
// A long sum keeps its parts from one that has none: it counts positions.
// CHECK-LABEL: func.func @positions
// CHECK: loom.dispatch @{{.*}} -> tensor<8xf32>
func.func @positions(%x: tensor<2048x1024xf32>) -> (tensor<f32>, tensor<f32>) attributes {weft.tolerance = 1.0e-4} {
  %s = weft.reduce_sum %x [0, 1] : (tensor<2048x1024xf32>) -> tensor<f32>
  %p = weft.iota 1 : tensor<2048x1024xf32>
  %m = weft.mul %x, %p : tensor<2048x1024xf32>
  %t = weft.reduce_max %m [0, 1] : (tensor<2048x1024xf32>) -> tensor<f32>
  return %s, %t : tensor<f32>, tensor<f32>
}
// State is updated in place: by a kernel that reads the old value at its own position alone.
// CHECK-LABEL: func.func @state
// CHECK-COUNT-2: loom.dispatch @reduce_sum
// CHECK: return
func.func @state(%x: tensor<51x100xf32>, %g: tensor<100xf32>) -> (tensor<100xf32> {weft.updates = 1 : i64}, tensor<100xf32>) {
  %s = weft.reduce_sum %x [0] : (tensor<51x100xf32>) -> tensor<100xf32>
  %new = weft.sub %g, %s : tensor<100xf32>
  %b = weft.broadcast %g [1] : (tensor<100xf32>) -> tensor<51x100xf32>
  %y = weft.mul %x, %b : tensor<51x100xf32>
  %t = weft.reduce_sum %y [0] : (tensor<51x100xf32>) -> tensor<100xf32>
  return %new, %t : tensor<100xf32>, tensor<100xf32>
}
// Something transposed may want lanes along another dimension.
// CHECK-LABEL: func.func @grain
// CHECK-COUNT-2: loom.dispatch @reduce_sum
// CHECK: return
func.func @grain(%x: tensor<64x64xf32>) -> (tensor<64xf32>, tensor<64xf32>) {
  %a = weft.reduce_sum %x [0] : (tensor<64x64xf32>) -> tensor<64xf32>
  %t = weft.transpose %x [1, 0] : tensor<64x64xf32>
  %q = weft.mul %t, %t : tensor<64x64xf32>
  %b = weft.reduce_sum %q [0] : (tensor<64x64xf32>) -> tensor<64xf32>
  return %a, %b : tensor<64xf32>, tensor<64xf32>
}
