// RUN: weft-opt %s --prepare-bound=panel-bytes=128 | FileCheck %s
// RUN: weft-opt %s --prepare-bound=panel-bytes=0 | FileCheck %s --check-prefix=PLAIN
//
// What follows from bound arguments alone is computed once; matrices that products of many rows read are laid out there.

// CHECK-LABEL: func.func @layer_prepare
// CHECK-SAME: %arg0: tensor<64x96xf32> {weft.argument = 1 : i64, weft.name = "w"}, %arg1: tensor<64x96xf32> {weft.argument = 2 : i64}) -> tensor<3x64x32xf32>
// CHECK-NEXT: %[[W:.*]] = weft.mul %arg0, %arg1
// CHECK-NEXT: %[[R:.*]] = weft.reshape %[[W]] : (tensor<64x96xf32>) -> tensor<64x3x32xf32>
// CHECK-NEXT: %[[P:.*]] = weft.transpose %[[R]] [1, 0, 2]
// CHECK-NEXT: return %[[P]]
// The bias is repeated for every row: that stays, and the bias comes as it is.
// CHECK-LABEL: func.func @layer(
// CHECK-SAME: %arg0: tensor<3x64x32xf32> {weft.prepared = 0 : i64}, %arg1: tensor<128x64xf32> {weft.argument = 0 : i64}, %arg2: tensor<96xf32> {weft.argument = 3 : i64})
// CHECK-NEXT: %[[M:.*]] = weft.unpack %arg0 : (tensor<3x64x32xf32>) -> tensor<64x96xf32>
// CHECK-NEXT: weft.contract "mk,kn->mn", %arg1, %[[M]]
// CHECK-NEXT: weft.broadcast %arg2
// PLAIN-LABEL: func.func @layer_prepare
// PLAIN: -> tensor<64x96xf32>
// PLAIN-LABEL: func.func @layer(
// PLAIN-NOT: weft.unpack
func.func @layer(%x: tensor<128x64xf32>, %w: tensor<64x96xf32> {weft.bound, weft.name = "w"}, %mask: tensor<64x96xf32> {weft.bound}, %b: tensor<96xf32> {weft.bound}) -> tensor<128x96xf32> {
  %0 = weft.mul %w, %mask : tensor<64x96xf32>
  %1 = weft.contract "mk,kn->mn", %x, %0 : (tensor<128x64xf32>, tensor<64x96xf32>) -> tensor<128x96xf32>
  %2 = weft.broadcast %b [1] : (tensor<96xf32>) -> tensor<128x96xf32>
  %3 = weft.add %1, %2 : tensor<128x96xf32>
  return %3 : tensor<128x96xf32>
}

// The other order, a width that divides nothing, and the left operand: one layout for both products that read it so.
// CHECK-LABEL: func.func @turned_prepare
// CHECK: weft.pad
// CHECK: weft.reshape %{{.*}} : (tensor<64x16xf32>) -> tensor<2x32x16xf32>
// CHECK: weft.transpose %{{.*}} [0, 2, 1]
// CHECK-NOT: weft.transpose
// CHECK-LABEL: func.func @turned(
// CHECK: weft.contract "mk,kn->mn"
// CHECK: weft.contract "kn,mk->mn"
func.func @turned(%x: tensor<128x16xf32>, %w: tensor<50x16xf32> {weft.bound}) -> (tensor<128x50xf32>, tensor<128x50xf32>) {
  %0 = weft.contract "mk,nk->mn", %x, %w : (tensor<128x16xf32>, tensor<50x16xf32>) -> tensor<128x50xf32>
  %1 = weft.contract "nk,mk->mn", %w, %x : (tensor<50x16xf32>, tensor<128x16xf32>) -> tensor<128x50xf32>
  return %0, %1 : tensor<128x50xf32>, tensor<128x50xf32>
}

// Few rows read the matrix once, in its own order: nothing to prepare, so the function keeps its form, and says which arguments its own are.
// CHECK-NOT: @few_prepare
// CHECK-LABEL: func.func @few(
// CHECK-SAME: tensor<2x64xf32> {weft.argument = 0 : i64}, %{{.*}}: tensor<64x96xf32> {weft.argument = 1 : i64}
func.func @few(%x: tensor<2x64xf32>, %w: tensor<64x96xf32> {weft.bound}) -> tensor<2x96xf32> {
  %0 = weft.contract "mk,kn->mn", %x, %w : (tensor<2x64xf32>, tensor<64x96xf32>) -> tensor<2x96xf32>
  return %0 : tensor<2x96xf32>
}
