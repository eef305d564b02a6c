// RUN: weft-opt %s | weft-opt | FileCheck %s
// RUN: weft-check-ops %s
//
// Bitwise exclusive or; of i1 logical. Integers have no derivative, so nothing asks for one.

!rows = tensor<?x5xi1, #weft.dims<[B in 1 to 64] (B, 5)>>

// CHECK-LABEL: @truth
// CHECK: weft.xor %arg0, %arg1 : tensor<4xi1>
func.func @truth(%x: tensor<4xi1> {weft.input = "4xi1=0,0,1,1"}, %y: tensor<4xi1> {weft.input = "4xi1=0,1,0,1"}) -> tensor<4xi1> {
  %z = weft.xor %x, %y : tensor<4xi1>
  return %z : tensor<4xi1>
}
func.func @whole(%x: tensor<33xi32> {weft.input = "33xi32=normal:1"}, %y: tensor<33xi32> {weft.input = "33xi32=normal:2"}) -> tensor<33xi32> {
  %z = weft.xor %x, %y : tensor<33xi32>
  return %z : tensor<33xi32>
}
func.func @bytes(%x: tensor<3xi8> {weft.input = "3xi8=-128,-3,5"}, %y: tensor<3xi8> {weft.input = "3xi8=127,9,6"}) -> tensor<3xi8> {
  %z = weft.xor %x, %y : tensor<3xi8>
  return %z : tensor<3xi8>
}
func.func @empty(%x: tensor<0x4xi32>, %y: tensor<0x4xi32>) -> tensor<0x4xi32> {
  %z = weft.xor %x, %y : tensor<0x4xi32>
  return %z : tensor<0x4xi32>
}
func.func @rows(%x: !rows {weft.input = "7x5xi1=normal:1"}, %y: !rows {weft.input = "7x5xi1=normal:2"}) -> !rows {
  %z = weft.xor %x, %y : !rows
  return %z : !rows
}
