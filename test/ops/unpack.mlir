// RUN: weft-opt %s | weft-opt | FileCheck %s
// RUN: weft-check-ops %s
//
// A matrix whose columns lie in panels. Made by prepare-bound for products; the numbers are those of any other index map.

// CHECK-LABEL: @whole
// CHECK: weft.unpack %arg0 : (tensor<2x5x16xf32>) -> tensor<5x32xf32>
func.func @whole(%x: tensor<2x5x16xf32>) -> tensor<5x32xf32> {
  %y = weft.unpack %x : (tensor<2x5x16xf32>) -> tensor<5x32xf32>
  return %y : tensor<5x32xf32>
}
// The last panel has columns to spare.
func.func @spare(%x: tensor<2x5x16xf32>) -> tensor<5x19xf32> {
  %y = weft.unpack %x : (tensor<2x5x16xf32>) -> tensor<5x19xf32>
  return %y : tensor<5x19xf32>
}
// Products: panels are read whole; one row, and another width, element by element.
func.func @rows(%a: tensor<50x70xf32>, %x: tensor<3x70x32xf32>) -> tensor<50x90xf32> {
  %w = weft.unpack %x : (tensor<3x70x32xf32>) -> tensor<70x90xf32>
  %y = weft.contract "mk,kn->mn", %a, %w : (tensor<50x70xf32>, tensor<70x90xf32>) -> tensor<50x90xf32>
  return %y : tensor<50x90xf32>
}
func.func @long_sum(%a: tensor<100x700xf32>, %x: tensor<3x700x32xf32>) -> tensor<100x96xf32> {
  %w = weft.unpack %x : (tensor<3x700x32xf32>) -> tensor<700x96xf32>
  %y = weft.contract "mk,kn->mn", %a, %w : (tensor<100x700xf32>, tensor<700x96xf32>) -> tensor<100x96xf32>
  return %y : tensor<100x96xf32>
}
func.func @few(%a: tensor<3x70xf32>, %x: tensor<3x70x32xf32>) -> tensor<3x90xf32> {
  %w = weft.unpack %x : (tensor<3x70x32xf32>) -> tensor<70x90xf32>
  %y = weft.contract "mk,kn->mn", %a, %w : (tensor<3x70xf32>, tensor<70x90xf32>) -> tensor<3x90xf32>
  return %y : tensor<3x90xf32>
}
func.func @few_long(%a: tensor<7x1100xf32>, %x: tensor<3x1100x32xf32>) -> tensor<7x90xf32> {
  %w = weft.unpack %x : (tensor<3x1100x32xf32>) -> tensor<1100x90xf32>
  %y = weft.contract "mk,kn->mn", %a, %w : (tensor<7x1100xf32>, tensor<1100x90xf32>) -> tensor<7x90xf32>
  return %y : tensor<7x90xf32>
}
func.func @sixteen(%a: tensor<16x70xf32>, %x: tensor<3x70x32xf32>) -> tensor<16x96xf32> {
  %w = weft.unpack %x : (tensor<3x70x32xf32>) -> tensor<70x96xf32>
  %y = weft.contract "mk,kn->mn", %a, %w : (tensor<16x70xf32>, tensor<70x96xf32>) -> tensor<16x96xf32>
  return %y : tensor<16x96xf32>
}
func.func @few_at_run_time(%a: tensor<?x70xf32, #weft.dims<[R in 1 to 20] (R, 70)>> {weft.input = "19x70xf32=normal:1"}, %x: tensor<3x70x32xf32>) -> tensor<?x90xf32, #weft.dims<[R in 1 to 20] (R, 90)>> {
  %w = weft.unpack %x : (tensor<3x70x32xf32>) -> tensor<70x90xf32>
  %y = weft.contract "mk,kn->mn", %a, %w : (tensor<?x70xf32, #weft.dims<[R in 1 to 20] (R, 70)>>, tensor<70x90xf32>) -> tensor<?x90xf32, #weft.dims<[R in 1 to 20] (R, 90)>>
  return %y : tensor<?x90xf32, #weft.dims<[R in 1 to 20] (R, 90)>>
}
func.func @other_width(%a: tensor<50x70xf32>, %x: tensor<12x70x8xf32>) -> tensor<50x90xf32> {
  %w = weft.unpack %x : (tensor<12x70x8xf32>) -> tensor<70x90xf32>
  %y = weft.contract "mk,kn->mn", %a, %w : (tensor<50x70xf32>, tensor<70x90xf32>) -> tensor<50x90xf32>
  return %y : tensor<50x90xf32>
}
// bf16 panels, and rows of a number known at run time.
func.func @narrow(%a: tensor<?x70xbf16, #weft.dims<[B in 1 to 64] (B, 70)>> {weft.input = "41x70xbf16=normal:1"}, %x: tensor<3x70x32xbf16>) -> tensor<?x90xf32, #weft.dims<[B in 1 to 64] (B, 90)>> attributes {weft.tolerance = 2.0e-2} {
  %w = weft.unpack %x : (tensor<3x70x32xbf16>) -> tensor<70x90xbf16>
  %y = weft.contract "mk,kn->mn", %a, %w : (tensor<?x70xbf16, #weft.dims<[B in 1 to 64] (B, 70)>>, tensor<70x90xbf16>) -> tensor<?x90xbf16, #weft.dims<[B in 1 to 64] (B, 90)>>
  %z = weft.cast %y : tensor<?x90xbf16, #weft.dims<[B in 1 to 64] (B, 90)>> to tensor<?x90xf32, #weft.dims<[B in 1 to 64] (B, 90)>>
  return %z : tensor<?x90xf32, #weft.dims<[B in 1 to 64] (B, 90)>>
}
