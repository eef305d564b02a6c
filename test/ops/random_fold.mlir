// RUN: weft-opt %s | weft-opt | FileCheck %s
// RUN: weft-check-ops %s
// RUN: weft-run %s --function=chain --input=2xi32=0 --input=i32=0 --input=i32=1 | FileCheck %s --check-prefix=DIFFER
//
// Another key from a key and a number. Keys of two numbers differ, and folding is no function of the sum.

// CHECK-LABEL: @fold
// CHECK: weft.random_fold %arg0, %arg1 : (tensor<2xi32>, tensor<i32>) -> tensor<2xi32>
func.func @fold(%key: tensor<2xi32> {weft.input = "2xi32=123456789,-42"}, %data: tensor<i32> {weft.input = "i32=-7"}) -> tensor<2xi32> {
  %y = weft.random_fold %key, %data : (tensor<2xi32>, tensor<i32>) -> tensor<2xi32>
  return %y : tensor<2xi32>
}
// DIFFER: i1=0
func.func @chain(%key: tensor<2xi32>, %a: tensor<i32>, %b: tensor<i32>) -> tensor<i1> {
  %ka = weft.random_fold %key, %a : (tensor<2xi32>, tensor<i32>) -> tensor<2xi32>
  %kab = weft.random_fold %ka, %b : (tensor<2xi32>, tensor<i32>) -> tensor<2xi32>
  %kb = weft.random_fold %key, %b : (tensor<2xi32>, tensor<i32>) -> tensor<2xi32>
  %kba = weft.random_fold %kb, %a : (tensor<2xi32>, tensor<i32>) -> tensor<2xi32>
  %same = weft.compare EQ, %kab, %kba : tensor<2xi32>
  %all = weft.reduce_and %same [0] : (tensor<2xi1>) -> tensor<i1>
  return %all : tensor<i1>
}
// The folded key in use, in the same kernel or before it.
func.func @bits_of_folded(%key: tensor<2xi32> {weft.input = "2xi32=3,4"}, %data: tensor<i32> {weft.input = "i32=1000000"}) -> tensor<17xi32> {
  %k = weft.random_fold %key, %data : (tensor<2xi32>, tensor<i32>) -> tensor<2xi32>
  %y = weft.random_bits %k : (tensor<2xi32>) -> tensor<17xi32>
  return %y : tensor<17xi32>
}
