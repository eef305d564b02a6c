// RUN: weft-opt %s --weft-dispatch --split-input-file | FileCheck %s
// RUN: weft-check-ops %s

// Sums of columns of what a kernel over rows has in hand: it adds them up for stretches of rows, and one more kernel
// combines the stretches. Two rows are computed together, or one where a stretch has an odd number of them.

// CHECK-LABEL: func.func @norm(
// CHECK: %[[R:.*]]:3 = loom.dispatch @[[ROWS:.*]](%{{.*}}, %{{.*}}) : {{.*}} -> (tensor<1024x96xf32>, tensor<16x96xf32>, tensor<16x96xf32>)
// CHECK: %[[C:.*]]:2 = loom.dispatch @[[SUMS:.*]](%[[R]]#1, %[[R]]#2) : {{.*}} -> (tensor<96xf32>, tensor<96xf32>)
// CHECK: return %[[R]]#0, %[[C]]#0, %[[C]]#1
// CHECK: loom.kernel @[[ROWS]] {
// CHECK: %[[P:.*]] = weft.reshape %{{.*}} : (tensor<1024x96xf32>) -> tensor<16x64x96xf32>
// CHECK: weft.reduce_sum %[[P]] [1]
// CHECK: loom.kernel @[[SUMS]] {
// CHECK-COUNT-2: weft.reduce_sum %{{.*}} [0] : (tensor<16x96xf32>) -> tensor<96xf32>
func.func @norm(%x: tensor<1024x96xf32>, %dy: tensor<1024x96xf32>) -> (tensor<1024x96xf32>, tensor<96xf32>, tensor<96xf32>) {
  %s = weft.reduce_sum %x [1] : (tensor<1024x96xf32>) -> tensor<1024xf32>
  %b = weft.broadcast %s [0] : (tensor<1024xf32>) -> tensor<1024x96xf32>
  %n = weft.sub %x, %b : tensor<1024x96xf32>
  %p = weft.mul %n, %dy : tensor<1024x96xf32>
  %t = weft.reduce_sum %p [1] : (tensor<1024x96xf32>) -> tensor<1024xf32>
  %tb = weft.broadcast %t [0] : (tensor<1024xf32>) -> tensor<1024x96xf32>
  %r = weft.mul %tb, %n : tensor<1024x96xf32>
  %c = weft.reduce_sum %p [0] : (tensor<1024x96xf32>) -> tensor<96xf32>
  %d = weft.reduce_sum %dy [0] : (tensor<1024x96xf32>) -> tensor<96xf32>
  return %r, %c, %d : tensor<1024x96xf32>, tensor<96xf32>, tensor<96xf32>
}

// -----
// 1,071 = 17 times 63 rows of 97 elements.
// CHECK-LABEL: func.func @odd(
// CHECK: loom.dispatch @rows{{.*}} -> (tensor<1071x97xf32>, tensor<17x97xf32>, tensor<17x97xf32>)
func.func @odd(%x: tensor<1071x97xf32>, %dy: tensor<1071x97xf32>) -> (tensor<1071x97xf32>, tensor<97xf32>, tensor<97xf32>) {
  %s = weft.reduce_sum %x [1] : (tensor<1071x97xf32>) -> tensor<1071xf32>
  %b = weft.broadcast %s [0] : (tensor<1071xf32>) -> tensor<1071x97xf32>
  %n = weft.sub %x, %b : tensor<1071x97xf32>
  %p = weft.mul %n, %dy : tensor<1071x97xf32>
  %t = weft.reduce_sum %p [1] : (tensor<1071x97xf32>) -> tensor<1071xf32>
  %tb = weft.broadcast %t [0] : (tensor<1071xf32>) -> tensor<1071x97xf32>
  %r = weft.mul %tb, %n : tensor<1071x97xf32>
  %c = weft.reduce_sum %p [0] : (tensor<1071x97xf32>) -> tensor<97xf32>
  %d = weft.reduce_sum %dy [0] : (tensor<1071x97xf32>) -> tensor<97xf32>
  return %r, %c, %d : tensor<1071x97xf32>, tensor<97xf32>, tensor<97xf32>
}

// -----
// A stretch does not end where a batch does.
// CHECK-LABEL: func.func @batches(
// CHECK: loom.dispatch @rows{{.*}} -> (tensor<12x96x80xf32>, tensor<18x80xf32>, tensor<18x80xf32>)
func.func @batches(%x: tensor<12x96x80xf32>, %dy: tensor<12x96x80xf32>) -> (tensor<12x96x80xf32>, tensor<80xf32>, tensor<80xf32>) {
  %s = weft.reduce_sum %x [2] : (tensor<12x96x80xf32>) -> tensor<12x96xf32>
  %b = weft.broadcast %s [0, 1] : (tensor<12x96xf32>) -> tensor<12x96x80xf32>
  %n = weft.sub %x, %b : tensor<12x96x80xf32>
  %p = weft.mul %n, %dy : tensor<12x96x80xf32>
  %t = weft.reduce_sum %p [2] : (tensor<12x96x80xf32>) -> tensor<12x96xf32>
  %tb = weft.broadcast %t [0, 1] : (tensor<12x96xf32>) -> tensor<12x96x80xf32>
  %r = weft.mul %tb, %n : tensor<12x96x80xf32>
  %c = weft.reduce_sum %p [0, 1] : (tensor<12x96x80xf32>) -> tensor<80xf32>
  %d = weft.reduce_sum %dy [0, 1] : (tensor<12x96x80xf32>) -> tensor<80xf32>
  return %r, %c, %d : tensor<12x96x80xf32>, tensor<80xf32>, tensor<80xf32>
}

// -----
// Sums of bf16 are added up in f32.
// CHECK-LABEL: func.func @narrow(
// CHECK: loom.dispatch @rows{{.*}} -> (tensor<1024x72xbf16>, tensor<16x72xf32>, tensor<16x72xf32>)
// CHECK: loom.dispatch {{.*}} (tensor<16x72xf32>, tensor<16x72xf32>) -> (tensor<72xbf16>, tensor<72xbf16>)
func.func @narrow(%x: tensor<1024x72xbf16>, %dy: tensor<1024x72xbf16>) -> (tensor<1024x72xbf16>, tensor<72xbf16>, tensor<72xbf16>) {
  %s = weft.reduce_sum %x [1] : (tensor<1024x72xbf16>) -> tensor<1024xbf16>
  %b = weft.broadcast %s [0] : (tensor<1024xbf16>) -> tensor<1024x72xbf16>
  %n = weft.sub %x, %b : tensor<1024x72xbf16>
  %p = weft.mul %n, %dy : tensor<1024x72xbf16>
  %t = weft.reduce_sum %p [1] : (tensor<1024x72xbf16>) -> tensor<1024xbf16>
  %tb = weft.broadcast %t [0] : (tensor<1024xbf16>) -> tensor<1024x72xbf16>
  %r = weft.mul %tb, %n : tensor<1024x72xbf16>
  %c = weft.reduce_sum %p [0] : (tensor<1024x72xbf16>) -> tensor<72xbf16>
  %d = weft.reduce_sum %dy [0] : (tensor<1024x72xbf16>) -> tensor<72xbf16>
  return %r, %c, %d : tensor<1024x72xbf16>, tensor<72xbf16>, tensor<72xbf16>
}

// -----
// CHECK-LABEL: func.func @wide(
// CHECK: loom.dispatch @rows{{.*}} -> (tensor<1024x66xf64>, tensor<16x66xf64>, tensor<16x66xf64>)
func.func @wide(%x: tensor<1024x66xf64>, %dy: tensor<1024x66xf64>) -> (tensor<1024x66xf64>, tensor<66xf64>, tensor<66xf64>) {
  %s = weft.reduce_sum %x [1] : (tensor<1024x66xf64>) -> tensor<1024xf64>
  %b = weft.broadcast %s [0] : (tensor<1024xf64>) -> tensor<1024x66xf64>
  %n = weft.sub %x, %b : tensor<1024x66xf64>
  %p = weft.mul %n, %dy : tensor<1024x66xf64>
  %t = weft.reduce_sum %p [1] : (tensor<1024x66xf64>) -> tensor<1024xf64>
  %tb = weft.broadcast %t [0] : (tensor<1024xf64>) -> tensor<1024x66xf64>
  %r = weft.mul %tb, %n : tensor<1024x66xf64>
  %c = weft.reduce_sum %p [0] : (tensor<1024x66xf64>) -> tensor<66xf64>
  %d = weft.reduce_sum %dy [0] : (tensor<1024x66xf64>) -> tensor<66xf64>
  return %r, %c, %d : tensor<1024x66xf64>, tensor<66xf64>, tensor<66xf64>
}

// -----
// For so few elements a second kernel costs more than is gained.
// CHECK-LABEL: func.func @few(
// CHECK: loom.dispatch @reduce_sum{{.*}} : (tensor<256x96xf32>
func.func @few(%x: tensor<256x96xf32>, %dy: tensor<256x96xf32>) -> (tensor<256x96xf32>, tensor<96xf32>, tensor<96xf32>) {
  %s = weft.reduce_sum %x [1] : (tensor<256x96xf32>) -> tensor<256xf32>
  %b = weft.broadcast %s [0] : (tensor<256xf32>) -> tensor<256x96xf32>
  %n = weft.sub %x, %b : tensor<256x96xf32>
  %p = weft.mul %n, %dy : tensor<256x96xf32>
  %t = weft.reduce_sum %p [1] : (tensor<256x96xf32>) -> tensor<256xf32>
  %tb = weft.broadcast %t [0] : (tensor<256xf32>) -> tensor<256x96xf32>
  %r = weft.mul %tb, %n : tensor<256x96xf32>
  %c = weft.reduce_sum %p [0] : (tensor<256x96xf32>) -> tensor<96xf32>
  %d = weft.reduce_sum %dy [0] : (tensor<256x96xf32>) -> tensor<96xf32>
  return %r, %c, %d : tensor<256x96xf32>, tensor<96xf32>, tensor<96xf32>
}

// -----
// 1,031 rows cannot be cut into stretches of one size.
// CHECK-LABEL: func.func @prime(
// CHECK: loom.dispatch @reduce_sum{{.*}} : (tensor<1031x96xf32>
func.func @prime(%x: tensor<1031x96xf32>, %dy: tensor<1031x96xf32>) -> (tensor<1031x96xf32>, tensor<96xf32>, tensor<96xf32>) {
  %s = weft.reduce_sum %x [1] : (tensor<1031x96xf32>) -> tensor<1031xf32>
  %b = weft.broadcast %s [0] : (tensor<1031xf32>) -> tensor<1031x96xf32>
  %n = weft.sub %x, %b : tensor<1031x96xf32>
  %p = weft.mul %n, %dy : tensor<1031x96xf32>
  %t = weft.reduce_sum %p [1] : (tensor<1031x96xf32>) -> tensor<1031xf32>
  %tb = weft.broadcast %t [0] : (tensor<1031xf32>) -> tensor<1031x96xf32>
  %r = weft.mul %tb, %n : tensor<1031x96xf32>
  %c = weft.reduce_sum %p [0] : (tensor<1031x96xf32>) -> tensor<96xf32>
  %d = weft.reduce_sum %dy [0] : (tensor<1031x96xf32>) -> tensor<96xf32>
  return %r, %c, %d : tensor<1031x96xf32>, tensor<96xf32>, tensor<96xf32>
}
