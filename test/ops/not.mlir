// RUN: weft-opt %s | weft-opt | FileCheck %s
// RUN: weft-check-ops %s
//
// Bitwise; of i1 logical. Integers have no derivative, so nothing asks for one.

!rows = tensor<?x5xi1, #weft.dims<[B in 1 to 64] (B, 5)>>

// CHECK-LABEL: @truth
// CHECK: weft.not %arg0 : tensor<17xi1>
func.func @truth(%x: tensor<17xi1>) -> tensor<17xi1> {
  %y = weft.not %x : tensor<17xi1>
  return %y : tensor<17xi1>
}
func.func @whole(%x: tensor<33xi32>) -> tensor<33xi32> {
  %y = weft.not %x : tensor<33xi32>
  return %y : tensor<33xi32>
}
func.func @bytes(%x: tensor<5xi8> {weft.input = "5xi8=-128,-3,0,4,127"}) -> tensor<5xi8> {
  %y = weft.not %x : tensor<5xi8>
  return %y : tensor<5xi8>
}
func.func @empty(%x: tensor<0x4xi32>) -> tensor<0x4xi32> {
  %y = weft.not %x : tensor<0x4xi32>
  return %y : tensor<0x4xi32>
}
func.func @rows(%x: !rows {weft.input = "7x5xi1=normal:1"}) -> !rows {
  %y = weft.not %x : !rows
  return %y : !rows
}
