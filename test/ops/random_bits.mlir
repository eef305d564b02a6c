// RUN: weft-opt %s | weft-opt | FileCheck %s
// RUN: weft-check-ops %s
// RUN: weft-run %s --function=known --input=2xi32=0 | FileCheck %s --check-prefix=KNOWN
// RUN: weft-run %s --function=known --input=2xi32=0 --target=reference | FileCheck %s --check-prefix=KNOWN
//
// A function of the key and of the element's row-major position alone: a shape is a way to look at one sequence.

!rows = tensor<?x5xi32, #weft.dims<[B in 1 to 64] (B, 5)>>

// The published test vector of philox4x32-10 for key 0 and counter 0: 6627e8d5 e169c58d bc57ac4c 9b00dbd8.
// CHECK-LABEL: @known
// CHECK: weft.random_bits %arg0 : (tensor<2xi32>) -> tensor<4xi32>
// KNOWN: 4xi32=1713891541,-513161843,-1135104948,-1694442536
func.func @known(%key: tensor<2xi32>) -> tensor<4xi32> attributes {weft.unchecked} {
  %y = weft.random_bits %key : (tensor<2xi32>) -> tensor<4xi32>
  return %y : tensor<4xi32>
}
func.func @vector(%key: tensor<2xi32> {weft.input = "2xi32=-5,77"}) -> tensor<33xi32> {
  %y = weft.random_bits %key : (tensor<2xi32>) -> tensor<33xi32>
  return %y : tensor<33xi32>
}
func.func @matrix(%key: tensor<2xi32> {weft.input = "2xi32=-5,77"}) -> tensor<3x5xi32> {
  %y = weft.random_bits %key : (tensor<2xi32>) -> tensor<3x5xi32>
  return %y : tensor<3x5xi32>
}
func.func @scalar(%key: tensor<2xi32>) -> tensor<i32> {
  %y = weft.random_bits %key : (tensor<2xi32>) -> tensor<i32>
  return %y : tensor<i32>
}
func.func @empty(%key: tensor<2xi32>) -> tensor<0x4xi32> {
  %y = weft.random_bits %key : (tensor<2xi32>) -> tensor<0x4xi32>
  return %y : tensor<0x4xi32>
}
func.func @rows(%key: tensor<2xi32>, %like: !rows {weft.input = "7x5xi32=zeros"}) -> !rows {
  %bits = weft.random_bits %key : (tensor<2xi32>) -> !rows
  %y = weft.xor %bits, %like : !rows
  return %y : !rows
}
// Read at other places than it is written: fused into the transpose, an element keeps its own position.
func.func @transposed(%key: tensor<2xi32>) -> tensor<5x3xi32> {
  %bits = weft.random_bits %key : (tensor<2xi32>) -> tensor<3x5xi32>
  %y = weft.transpose %bits [1, 0] : tensor<3x5xi32>
  return %y : tensor<5x3xi32>
}
