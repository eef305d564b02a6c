// RUN: weft-opt %s | weft-opt | FileCheck %s
// RUN: weft-check-ops %s
//
// The same bits under another type of the same width. No derivative: bitcast-errors.mlir.

!rows = tensor<?x5xf32, #weft.dims<[B in 1 to 64] (B, 5)>>
!bits = tensor<?x5xi32, #weft.dims<[B in 1 to 64] (B, 5)>>

// CHECK-LABEL: @single
// CHECK: weft.bitcast %arg0 : tensor<33xf32> to tensor<33xi32>
func.func @single(%x: tensor<33xf32>) -> tensor<33xi32> {
  %y = weft.bitcast %x : tensor<33xf32> to tensor<33xi32>
  return %y : tensor<33xi32>
}
// 1, -2, the smallest normal number and the largest finite one.
func.func @from_bits(%x: tensor<4xi32> {weft.input = "4xi32=1065353216,-1073741824,8388608,2139095039"}) -> tensor<4xf32> {
  %y = weft.bitcast %x : tensor<4xi32> to tensor<4xf32>
  return %y : tensor<4xf32>
}
func.func @double(%x: tensor<17xf64>) -> (tensor<17xi64>, tensor<17xf64>) {
  %y = weft.bitcast %x : tensor<17xf64> to tensor<17xi64>
  %z = weft.bitcast %y : tensor<17xi64> to tensor<17xf64>
  return %y, %z : tensor<17xi64>, tensor<17xf64>
}
// Values of f16 and bf16 travel as f32: down to their own bits, and up again.
func.func @storage(%x: tensor<15xf16>) -> tensor<15xbf16> {
  %y = weft.bitcast %x : tensor<15xf16> to tensor<15xbf16>
  return %y : tensor<15xbf16>
}
func.func @rows(%x: !rows {weft.input = "7x5xf32=normal:1"}) -> !bits {
  %y = weft.bitcast %x : !rows to !bits
  return %y : !bits
}
func.func @empty(%x: tensor<0x4xf32>) -> tensor<0x4xi32> {
  %y = weft.bitcast %x : tensor<0x4xf32> to tensor<0x4xi32>
  return %y : tensor<0x4xi32>
}
