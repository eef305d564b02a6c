// RUN: weft-check-ops %s
// RUN: weft-run %s --function=whole --cpu=sapphirerapids --emit-object=%t.o && objdump -d %t.o | FileCheck %s
//
// Products of bf16: in matrix registers where the machine has them, with sums of f32; the numbers are those of any other product.

// CHECK: tileloadd
// CHECK: tdpbf16ps
// CHECK: tilestored
func.func @whole(%x: tensor<64x64xbf16>, %w: tensor<64x64xbf16>) -> tensor<64x64xf32> attributes {weft.tolerance = 2.0e-2} {
  %0 = weft.contract "mk,kn->mn", %x, %w : (tensor<64x64xbf16>, tensor<64x64xbf16>) -> tensor<64x64xbf16>
  %1 = weft.cast %0 : tensor<64x64xbf16> to tensor<64x64xf32>
  return %1 : tensor<64x64xf32>
}
// Rows, columns and a sum that fill no tile; a sum of several blocks.
func.func @edges(%x: tensor<41x66xbf16>, %w: tensor<66x51xbf16>) -> tensor<41x51xf32> attributes {weft.tolerance = 2.0e-2} {
  %0 = weft.contract "mk,kn->mn", %x, %w : (tensor<41x66xbf16>, tensor<66x51xbf16>) -> tensor<41x51xbf16>
  %1 = weft.cast %0 : tensor<41x51xbf16> to tensor<41x51xf32>
  return %1 : tensor<41x51xf32>
}
func.func @long_sum(%x: tensor<70x1100xbf16>, %w: tensor<1100x40xbf16>) -> tensor<70x40xf32> attributes {weft.tolerance = 2.0e-2} {
  %0 = weft.contract "mk,kn->mn", %x, %w : (tensor<70x1100xbf16>, tensor<1100x40xbf16>) -> tensor<70x40xbf16>
  %1 = weft.cast %0 : tensor<70x40xbf16> to tensor<70x40xf32>
  return %1 : tensor<70x40xf32>
}
// Operands in other orders, batches, several units.
func.func @turned(%x: tensor<65x98xbf16>, %w: tensor<75x98xbf16>) -> tensor<65x75xf32> attributes {weft.tolerance = 2.0e-2} {
  %0 = weft.contract "mk,nk->mn", %x, %w : (tensor<65x98xbf16>, tensor<75x98xbf16>) -> tensor<65x75xbf16>
  %1 = weft.cast %0 : tensor<65x75xbf16> to tensor<65x75xf32>
  return %1 : tensor<65x75xf32>
}
func.func @both_turned(%x: tensor<98x65xbf16>, %w: tensor<98x75xbf16>) -> tensor<65x75xf32> attributes {weft.tolerance = 2.0e-2} {
  %0 = weft.contract "km,kn->mn", %x, %w : (tensor<98x65xbf16>, tensor<98x75xbf16>) -> tensor<65x75xbf16>
  %1 = weft.cast %0 : tensor<65x75xbf16> to tensor<65x75xf32>
  return %1 : tensor<65x75xf32>
}
func.func @batch(%x: tensor<3x33x64xbf16>, %w: tensor<3x64x47xbf16>) -> tensor<3x33x47xf32> attributes {weft.tolerance = 2.0e-2} {
  %0 = weft.contract "bmk,bkn->bmn", %x, %w : (tensor<3x33x64xbf16>, tensor<3x64x47xbf16>) -> tensor<3x33x47xbf16>
  %1 = weft.cast %0 : tensor<3x33x47xbf16> to tensor<3x33x47xf32>
  return %1 : tensor<3x33x47xf32>
}
func.func @units(%x: tensor<300x64xbf16>, %w: tensor<64x300xbf16>) -> tensor<300x300xf32> attributes {weft.tolerance = 2.0e-2} {
  %0 = weft.contract "mk,kn->mn", %x, %w : (tensor<300x64xbf16>, tensor<64x300xbf16>) -> tensor<300x300xbf16>
  %1 = weft.cast %0 : tensor<300x300xbf16> to tensor<300x300xf32>
  return %1 : tensor<300x300xf32>
}
// An odd sum, few rows: other forms.
func.func @odd(%x: tensor<41x67xbf16>, %w: tensor<67x51xbf16>) -> tensor<41x51xf32> attributes {weft.tolerance = 2.0e-2} {
  %0 = weft.contract "mk,kn->mn", %x, %w : (tensor<41x67xbf16>, tensor<67x51xbf16>) -> tensor<41x51xbf16>
  %1 = weft.cast %0 : tensor<41x51xbf16> to tensor<41x51xf32>
  return %1 : tensor<41x51xf32>
}
func.func @few(%x: tensor<4x64xbf16>, %w: tensor<64x64xbf16>) -> tensor<4x64xf32> attributes {weft.tolerance = 2.0e-2} {
  %0 = weft.contract "mk,kn->mn", %x, %w : (tensor<4x64xbf16>, tensor<64x64xbf16>) -> tensor<4x64xbf16>
  %1 = weft.cast %0 : tensor<4x64xbf16> to tensor<4x64xf32>
  return %1 : tensor<4x64xf32>
}
// Rows of a number known at run time, and what follows the sum.
!rows = tensor<?x70xbf16, #weft.dims<[B in 1 to 64] (B, 70)>>
!result = tensor<?x90xbf16, #weft.dims<[B in 1 to 64] (B, 90)>>
!wide = tensor<?x90xf32, #weft.dims<[B in 1 to 64] (B, 90)>>
func.func @run_time(%x: !rows {weft.input = "41x70xbf16=normal:1"}, %w: tensor<70x90xbf16>) -> !wide attributes {weft.tolerance = 2.0e-2} {
  %0 = weft.contract "mk,kn->mn", %x, %w : (!rows, tensor<70x90xbf16>) -> !result
  %1 = weft.tanh %0 : !result
  %2 = weft.cast %1 : !result to !wide
  return %2 : !wide
}
// Few rows of an operand too large for the near caches, and what somebody widened.
func.func @streams(%x: tensor<5x600xbf16>, %w: tensor<600x1111xbf16>) -> tensor<5x1111xf32> attributes {weft.tolerance = 2.0e-2} {
  %0 = weft.contract "mk,kn->mn", %x, %w : (tensor<5x600xbf16>, tensor<600x1111xbf16>) -> tensor<5x1111xbf16>
  %1 = weft.cast %0 : tensor<5x1111xbf16> to tensor<5x1111xf32>
  return %1 : tensor<5x1111xf32>
}
func.func @widened(%x: tensor<18x610xbf16>, %w: tensor<610x900xbf16>) -> tensor<18x900xf32> attributes {weft.tolerance = 1.0e-4} {
  %0 = weft.cast %x : tensor<18x610xbf16> to tensor<18x610xf32>
  %1 = weft.cast %w : tensor<610x900xbf16> to tensor<610x900xf32>
  %2 = weft.contract "mk,kn->mn", %0, %1 : (tensor<18x610xf32>, tensor<610x900xf32>) -> tensor<18x900xf32>
  return %2 : tensor<18x900xf32>
}
// Operands that are computed in the kernel are rounded to bf16 like those that were stored: 1.0859375 squared lies between two of them.
func.func @computed(%x: tensor<64x64xbf16> {weft.input = "64x64xbf16=1.0859375"}, %w: tensor<64x64xbf16> {weft.input = "64x64xbf16=1"}) -> tensor<64x64xf32> attributes {weft.tolerance = 1.0e-3} {
  %y = weft.mul %x, %x : tensor<64x64xbf16>
  %0 = weft.contract "mk,kn->mn", %y, %w : (tensor<64x64xbf16>, tensor<64x64xbf16>) -> tensor<64x64xbf16>
  %1 = weft.cast %0 : tensor<64x64xbf16> to tensor<64x64xf32>
  return %1 : tensor<64x64xf32>
}
func.func @computed_streams(%x: tensor<5x600xbf16> {weft.input = "5x600xbf16=1.0859375"}, %w: tensor<600x1112xbf16> {weft.input = "600x1112xbf16=1"}) -> tensor<5x1112xf32> attributes {weft.tolerance = 1.0e-3} {
  %y = weft.mul %x, %x : tensor<5x600xbf16>
  %a = weft.cast %y : tensor<5x600xbf16> to tensor<5x600xf32>
  %b = weft.cast %w : tensor<600x1112xbf16> to tensor<600x1112xf32>
  %0 = weft.contract "mk,kn->mn", %a, %b : (tensor<5x600xf32>, tensor<600x1112xf32>) -> tensor<5x1112xf32>
  return %0 : tensor<5x1112xf32>
}
