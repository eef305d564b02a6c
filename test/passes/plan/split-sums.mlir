// RUN: weft-opt %s --form-dispatches --split-input-file | FileCheck %s
//
// Long sums with small results are computed in parts, which a second kernel combines: views of the operands, no copies.

// A part is one stretch of the larger operand. What follows the sum comes after all parts.
// CHECK-LABEL: func.func @few_rows
// CHECK-DAG: %[[X:.*]] = weft.reshape %arg0 : (tensor<2x2048xf32>) -> tensor<2x8x256xf32>
// CHECK-DAG: %[[W:.*]] = weft.reshape %arg1 : (tensor<2048x1024xf32>) -> tensor<8x256x1024xf32>
// CHECK: %[[P:.*]] = loom.dispatch @contract_0(%[[X]], %[[W]]) : {{.*}} -> tensor<8x2x1024xf32>
// CHECK: loom.dispatch @reduce_sum_1(%[[P]], %arg2)
// CHECK-LABEL: loom.kernel @contract_0
// CHECK: weft.contract "mak,akn->amn"
// CHECK-NEXT: loom.yield
// CHECK-LABEL: loom.kernel @reduce_sum_1
// CHECK: weft.reduce_sum %{{.*}} [0] : (tensor<8x2x1024xf32>) -> tensor<2x1024xf32>
// CHECK: weft.broadcast %{{.*}} [1]
// CHECK: weft.add
func.func @few_rows(%x: tensor<2x2048xf32>, %w: tensor<2048x1024xf32>, %b: tensor<1024xf32>) -> tensor<2x1024xf32> {
  %0 = weft.contract "mk,kn->mn", %x, %w : (tensor<2x2048xf32>, tensor<2048x1024xf32>) -> tensor<2x1024xf32>
  %1 = weft.broadcast %b [1] : (tensor<1024xf32>) -> tensor<2x1024xf32>
  %2 = weft.add %0, %1 : tensor<2x1024xf32>
  return %2 : tensor<2x1024xf32>
}

// -----

// What is summed is computed in the parts' kernel, where a broadcast is cut with what it repeats; a dimension that has no eighth is cut otherwise.
// CHECK-LABEL: func.func @computed
// CHECK-DAG: weft.reshape %arg0 : (tensor<2100x700xf32>) -> tensor<7x300x700xf32>
// CHECK-DAG: weft.reshape %arg1 : (tensor<2100xf32>) -> tensor<7x300xf32>
// CHECK-LABEL: loom.kernel @reduce_max_0
// CHECK: weft.broadcast %{{.*}} [0, 1] : (tensor<7x300xf32>) -> tensor<7x300x700xf32>
// CHECK: weft.broadcast %{{.*}} [2] : (tensor<700xf32>) -> tensor<7x300x700xf32>
// CHECK: weft.constant dense<2.0{{.*}}> : tensor<7x300x700xf32>
// CHECK: weft.reduce_max %{{.*}} [1, 2] : (tensor<7x300x700xf32>) -> tensor<7xf32>
// CHECK: weft.reduce_max %{{.*}} [0] : (tensor<7xf32>) -> tensor<f32>
func.func @computed(%x: tensor<2100x700xf32>, %s: tensor<2100xf32>, %t: tensor<700xf32>) -> tensor<f32> {
  %c = weft.constant dense<2.0> : tensor<2100x700xf32>
  %0 = weft.broadcast %s [0] : (tensor<2100xf32>) -> tensor<2100x700xf32>
  %1 = weft.broadcast %t [1] : (tensor<700xf32>) -> tensor<2100x700xf32>
  %2 = weft.mul %x, %0 : tensor<2100x700xf32>
  %3 = weft.add %2, %1 : tensor<2100x700xf32>
  %4 = weft.pow %3, %c : tensor<2100x700xf32>
  %5 = weft.reduce_max %4 [0, 1] : (tensor<2100x700xf32>) -> tensor<f32>
  return %5 : tensor<f32>
}

// -----

// Parts of narrow numbers stay f32 until they are combined.
// CHECK-LABEL: func.func @narrow
// CHECK-LABEL: loom.kernel @contract_0
// CHECK-COUNT-2: weft.cast {{.*}}xbf16> to {{.*}}xf32>
// CHECK: weft.contract "ak,akn->an"
// CHECK-LABEL: loom.kernel @reduce_sum_1
// CHECK: weft.reduce_sum {{.*}} [0] : (tensor<8x1024xf32>) -> tensor<1024xf32>
// CHECK-NEXT: weft.cast {{.*}} : tensor<1024xf32> to tensor<1024xbf16>
func.func @narrow(%x: tensor<2048xbf16>, %w: tensor<2048x1024xbf16>) -> tensor<1024xbf16> {
  %0 = weft.contract "k,kn->n", %x, %w : (tensor<2048xbf16>, tensor<2048x1024xbf16>) -> tensor<1024xbf16>
  return %0 : tensor<1024xbf16>
}

// -----

// These stay whole: short sums; sums with results enough for threads; rows that lie apart, of which none would be read whole any more; a prime extent;
// an extent known at run time; the place of an element.
// CHECK-LABEL: func.func @whole
// CHECK-NOT: weft.reshape
// CHECK: return
!rows = tensor<?x4096xf32, #weft.dims<[B in 1 to 4096] (B, 4096)>>
func.func @whole(%short: tensor<1048576xf32>, %wide: tensor<4096x4096xf32>, %k: tensor<4096xf32>, %prime: tensor<2097143xf32>, %b: !rows)
    -> (tensor<f32>, tensor<4096xf32>, tensor<4096xf32>, tensor<f32>, tensor<4096xf32>, tensor<i32>) {
  %0 = weft.reduce_sum %short [0] : (tensor<1048576xf32>) -> tensor<f32>
  %1 = weft.reduce_sum %wide [0] : (tensor<4096x4096xf32>) -> tensor<4096xf32>
  %2 = weft.contract "nk,k->n", %wide, %k : (tensor<4096x4096xf32>, tensor<4096xf32>) -> tensor<4096xf32>
  %3 = weft.reduce_sum %prime [0] : (tensor<2097143xf32>) -> tensor<f32>
  %4 = weft.reduce_sum %b [0] : (!rows) -> tensor<4096xf32>
  %5 = "weft.argmax"(%prime) <{axis = 0 : i64}> : (tensor<2097143xf32>) -> tensor<i32>
  return %0, %1, %2, %3, %4, %5 : tensor<f32>, tensor<4096xf32>, tensor<4096xf32>, tensor<f32>, tensor<4096xf32>, tensor<i32>
}

// -----

// Equal layers share both kernels.
// CHECK-LABEL: func.func @layers
// CHECK-COUNT-2: loom.dispatch @contract_0
// CHECK-LABEL: loom.kernel @contract_0
// CHECK-LABEL: loom.kernel @reduce_sum_1
// CHECK-NOT: weft.contract
func.func @layers(%x: tensor<2048xf32>, %v: tensor<2048x2048xf32>, %w: tensor<2048x2048xf32>) -> tensor<2048xf32> {
  %0 = weft.contract "k,kn->n", %x, %v : (tensor<2048xf32>, tensor<2048x2048xf32>) -> tensor<2048xf32>
  %1 = weft.tanh %0 : tensor<2048xf32>
  %2 = weft.contract "k,kn->n", %1, %w : (tensor<2048xf32>, tensor<2048x2048xf32>) -> tensor<2048xf32>
  %3 = weft.tanh %2 : tensor<2048xf32>
  return %3 : tensor<2048xf32>
}

// -----

// One value is repeated along either dimension: whichever is cut, it would be read cut and whole.
// CHECK-LABEL: func.func @both_ways
// CHECK-NOT: weft.reshape
// CHECK: return
func.func @both_ways(%x: tensor<2048xf32>) -> tensor<f32> {
  %0 = weft.broadcast %x [0] : (tensor<2048xf32>) -> tensor<2048x2048xf32>
  %1 = weft.broadcast %x [1] : (tensor<2048xf32>) -> tensor<2048x2048xf32>
  %2 = weft.sub %0, %1 : tensor<2048x2048xf32>
  %3 = weft.reduce_max %2 [0, 1] : (tensor<2048x2048xf32>) -> tensor<f32>
  return %3 : tensor<f32>
}
