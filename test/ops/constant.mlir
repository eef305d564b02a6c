// RUN: weft-opt %s | weft-opt | FileCheck %s
// RUN: weft-check-ops %s
//
// Values known at compile time: one number everywhere, or data of the object. Nothing to differentiate by.

// CHECK-LABEL: @splat
// CHECK: weft.constant dense<2.500000e+00> : tensor<17xf32>
func.func @splat() -> (tensor<17xf32>, tensor<f64>, tensor<3xi1>, tensor<5xbf16>, tensor<2xi64>) {
  %a = weft.constant dense<2.5> : tensor<17xf32>
  %b = weft.constant dense<-0.1> : tensor<f64>
  %c = weft.constant dense<true> : tensor<3xi1>
  %d = weft.constant dense<3.0> : tensor<5xbf16>
  %e = weft.constant dense<-9223372036854775808> : tensor<2xi64>
  return %a, %b, %c, %d, %e : tensor<17xf32>, tensor<f64>, tensor<3xi1>, tensor<5xbf16>, tensor<2xi64>
}
// CHECK-LABEL: @data
func.func @data(%x: tensor<2x3xf32>) -> (tensor<2x3xf32>, tensor<4xi1>, tensor<2xi8>) {
  %a = weft.constant dense<[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]> : tensor<2x3xf32>
  %y = weft.mul %x, %a : tensor<2x3xf32>
  %b = weft.constant dense<[true, false, false, true]> : tensor<4xi1>
  %c = weft.constant dense<[-128, 127]> : tensor<2xi8>
  return %y, %b, %c : tensor<2x3xf32>, tensor<4xi1>, tensor<2xi8>
}
func.func @special() -> tensor<4xf32> {
  %a = weft.constant dense<[0x7F800000, 0xFF800000, 0x7FC00000, -0.0]> : tensor<4xf32>
  return %a : tensor<4xf32>
}
func.func @empty() -> tensor<0x4xf32> {
  %a = weft.constant dense<1.0> : tensor<0x4xf32>
  return %a : tensor<0x4xf32>
}
// The derivative sees a factor, not a variable.
func.func @factor(%x: tensor<3xf64>) -> tensor<3xf64> {
  %a = weft.constant dense<[1.0, -2.0, 4.0]> : tensor<3xf64>
  %y = weft.mul %x, %a : tensor<3xf64>
  return %y : tensor<3xf64>
}
