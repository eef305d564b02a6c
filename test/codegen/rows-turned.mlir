// RUN: weft-check-ops %s
// RUN: weft-run %s --function=softmax --no-cache --dump-after=emit --cpu=skylake-avx512 --emit-object=%t.o 2>&1 | FileCheck %s
//
// Kernels over rows whose operands lie the other way: blocks of 16 rows are turned into memory on the stack, in squares of registers, before their loops
// run. Rows that fill no block, and columns that fill no square, are read as they are.

// CHECK-LABEL: func.func private @rows_0
// CHECK: %[[ROWS:.*]] = memref.alloca() {alignment = 64 : i64} : memref<1536xf32>
// CHECK-COUNT-16: vector.load %arg0
// CHECK-COUNT-64: vector.shuffle
// CHECK-COUNT-16: vector.store %{{.*}}, %[[ROWS]]
// CHECK: vector.load %[[ROWS]]{{.*}} vector<16xf32>
// CHECK: math.exp {{.*}} vector<16xf32>
func.func @softmax(%x: tensor<75x37xf32>) -> tensor<37x75xf32> {
  %t = weft.transpose %x [1, 0] : tensor<75x37xf32>
  %m = weft.reduce_max %t [1] : (tensor<37x75xf32>) -> tensor<37xf32>
  %mb = weft.broadcast %m [0] : (tensor<37xf32>) -> tensor<37x75xf32>
  %d = weft.sub %t, %mb : tensor<37x75xf32>
  %e = weft.exp %d : tensor<37x75xf32>
  %s = weft.reduce_sum %e [1] : (tensor<37x75xf32>) -> tensor<37xf32>
  %sb = weft.broadcast %s [0] : (tensor<37xf32>) -> tensor<37x75xf32>
  %y = weft.div %e, %sb : tensor<37x75xf32>
  return %y : tensor<37x75xf32>
}
// Two operands, one of them as it lies; blocks along a dimension that is not the last one of the rows; a number a row.
func.func @norm(%x: tensor<3x64x48xf32>, %z: tensor<3x48x64xf32>, %g: tensor<64xf32>) -> (tensor<3x48x64xf32>, tensor<3x48xf32>) {
  %t = weft.transpose %x [0, 2, 1] : tensor<3x64x48xf32>
  %a = weft.add %t, %z : tensor<3x48x64xf32>
  %q = weft.mul %a, %a : tensor<3x48x64xf32>
  %s = weft.reduce_sum %q [2] : (tensor<3x48x64xf32>) -> tensor<3x48xf32>
  %r = weft.sqrt %s : tensor<3x48xf32>
  %rb = weft.broadcast %r [0, 1] : (tensor<3x48xf32>) -> tensor<3x48x64xf32>
  %gb = weft.broadcast %g [2] : (tensor<64xf32>) -> tensor<3x48x64xf32>
  %n = weft.div %a, %rb : tensor<3x48x64xf32>
  %y = weft.mul %n, %gb : tensor<3x48x64xf32>
  return %y, %r : tensor<3x48x64xf32>, tensor<3x48xf32>
}
func.func @middle(%x: tensor<70x20x5xf32>) -> tensor<20x5x70xf32> {
  %t = weft.transpose %x [1, 2, 0] : tensor<70x20x5xf32>
  %s = weft.reduce_sum %t [2] : (tensor<20x5x70xf32>) -> tensor<20x5xf32>
  %sb = weft.broadcast %s [0, 1] : (tensor<20x5xf32>) -> tensor<20x5x70xf32>
  %y = weft.sub %t, %sb : tensor<20x5x70xf32>
  return %y : tensor<20x5x70xf32>
}
// Numbers of two bytes; rows of a number known at run time.
!in = tensor<40x?xf32, #weft.dims<[B in 1 to 50] (40, B)>>
!out = tensor<?x40xf32, #weft.dims<[B in 1 to 50] (B, 40)>>
!row = tensor<?xf32, #weft.dims<[B in 1 to 50] (B)>>
func.func @run_time(%x: !in {weft.input = "40x37xf32=normal:1"}) -> !out {
  %t = weft.transpose %x [1, 0] : !in
  %m = weft.reduce_max %t [1] : (!out) -> !row
  %mb = weft.broadcast %m [0] : (!row) -> !out
  %y = weft.sub %t, %mb : !out
  return %y : !out
}
func.func @narrow(%x: tensor<96x80xbf16>) -> tensor<80x96xf32> {
  %t = weft.transpose %x [1, 0] : tensor<96x80xbf16>
  %w = weft.cast %t : tensor<80x96xbf16> to tensor<80x96xf32>
  %m = weft.reduce_max %w [1] : (tensor<80x96xf32>) -> tensor<80xf32>
  %mb = weft.broadcast %m [0] : (tensor<80xf32>) -> tensor<80x96xf32>
  %y = weft.sub %w, %mb : tensor<80x96xf32>
  return %y : tensor<80x96xf32>
}
// One operand that is read at two places, of maps as well: neither read may take what was turned for the other.
func.func @differences(%x: tensor<40x32xf32>) -> tensor<32x32x40xf32> {
  %t = weft.transpose %x [1, 0] : tensor<40x32xf32>
  %a = weft.broadcast %t [0, 2] : (tensor<32x40xf32>) -> tensor<32x32x40xf32>
  %b = weft.broadcast %t [1, 2] : (tensor<32x40xf32>) -> tensor<32x32x40xf32>
  %c = weft.sub %a, %b : tensor<32x32x40xf32>
  %s = weft.reduce_max %c [2] : (tensor<32x32x40xf32>) -> tensor<32x32xf32>
  %sb = weft.broadcast %s [0, 1] : (tensor<32x32xf32>) -> tensor<32x32x40xf32>
  %y = weft.sub %c, %sb : tensor<32x32x40xf32>
  return %y : tensor<32x32x40xf32>
}
func.func @differences_of_a_map(%x: tensor<40x32xf32>) -> tensor<32x32x40xf32> {
  %t = weft.transpose %x [1, 0] : tensor<40x32xf32>
  %a = weft.broadcast %t [0, 2] : (tensor<32x40xf32>) -> tensor<32x32x40xf32>
  %b = weft.broadcast %t [1, 2] : (tensor<32x40xf32>) -> tensor<32x32x40xf32>
  %c = weft.sub %a, %b : tensor<32x32x40xf32>
  return %c : tensor<32x32x40xf32>
}
func.func @two_orders(%x: tensor<40x32x32xf32>) -> tensor<32x32x40xf32> {
  %a = weft.transpose %x [1, 2, 0] : tensor<40x32x32xf32>
  %b = weft.transpose %x [2, 1, 0] : tensor<40x32x32xf32>
  %c = weft.sub %a, %b : tensor<32x32x40xf32>
  return %c : tensor<32x32x40xf32>
}
