// RUN: weft-opt %s | weft-opt | FileCheck %s
// RUN: weft-opt %s --weft-derive --canonicalize --cse | FileCheck %s --check-prefix=GRAD
// RUN: weft-check-ops %s
//
// Integers truncate toward zero; the most negative number by -1 is itself. A zero divisor: div-zero.mlir.

!rows = tensor<?x5xf64, #weft.dims<[B in 1 to 64] (B, 5)>>

// CHECK-LABEL: @vector
// CHECK: weft.div %{{.*}}, %{{.*}} : tensor<17xf64>
func.func @vector(%x: tensor<17xf64>, %y: tensor<17xf64>) -> tensor<17xf64> {
  %d = weft.exp %y : tensor<17xf64>
  %z = weft.div %x, %d : tensor<17xf64>
  return %z : tensor<17xf64>
}
func.func @matrix(%x: tensor<3x5xf64>, %y: tensor<3x5xf64>) -> tensor<3x5xf64> {
  %d = weft.exp %y : tensor<3x5xf64>
  %z = weft.div %x, %d : tensor<3x5xf64>
  return %z : tensor<3x5xf64>
}
func.func @empty(%x: tensor<0x4xf64>, %y: tensor<0x4xf64>) -> tensor<0x4xf64> {
  %d = weft.exp %y : tensor<0x4xf64>
  %z = weft.div %x, %d : tensor<0x4xf64>
  return %z : tensor<0x4xf64>
}
func.func @one(%x: tensor<1xf64>, %y: tensor<1xf64>) -> tensor<1xf64> {
  %d = weft.exp %y : tensor<1xf64>
  %z = weft.div %x, %d : tensor<1xf64>
  return %z : tensor<1xf64>
}
// CHECK-LABEL: @rows
// CHECK: weft.div %{{.*}}, %{{.*}} : tensor<?x5xf64, #weft.dims<[B in 1 to 64] (B, 5)>>
func.func @rows(%x: !rows {weft.input = "7x5xf64=normal:1"}, %y: !rows {weft.input = "7x5xf64=normal:2"}) -> !rows {
  %d = weft.exp %y : !rows
  %z = weft.div %x, %d : !rows
  return %z : !rows
}
func.func @single(%x: tensor<33xf32>, %y: tensor<33xf32>) -> tensor<33xf32> {
  %d = weft.exp %y : tensor<33xf32>
  %z = weft.div %x, %d : tensor<33xf32>
  return %z : tensor<33xf32>
}
func.func @brain(%x: tensor<15xbf16>, %y: tensor<15xbf16>) -> tensor<15xbf16> {
  %d = weft.exp %y : tensor<15xbf16>
  %z = weft.div %x, %d : tensor<15xbf16>
  return %z : tensor<15xbf16>
}
func.func @whole(%x: tensor<5xi32> {weft.input = "5xi32=-2147483648,-7,0,7,2147483647"}, %y: tensor<5xi32> {weft.input = "5xi32=-1,2,5,-2,1"}) -> tensor<5xi32> {
  %z = weft.div %x, %y : tensor<5xi32>
  return %z : tensor<5xi32>
}
func.func @bytes(%x: tensor<3xi8> {weft.input = "3xi8=100,-100,5"}, %y: tensor<3xi8> {weft.input = "3xi8=100,-100,-7"}) -> tensor<3xi8> {
  %z = weft.div %x, %y : tensor<3xi8>
  return %z : tensor<3xi8>
}
func.func @long(%x: tensor<3xi64> {weft.input = "3xi64=4611686018427387904,-5,6"}, %y: tensor<3xi64> {weft.input = "3xi64=4611686018427387904,3,-7"}) -> tensor<3xi64> {
  %z = weft.div %x, %y : tensor<3xi64>
  return %z : tensor<3xi64>
}

// GRAD-LABEL: @derivative
// GRAD: %[[ONE:.*]] = weft.constant dense<1.0
// GRAD: %[[Z:.*]] = weft.div %arg0, %arg1
// GRAD-NEXT: %[[I:.*]] = weft.div %[[ONE]], %arg1
// GRAD-NEXT: %[[DX:.*]] = weft.mul %arg2, %[[I]]
// GRAD-NEXT: %[[Q:.*]] = weft.div %[[Z]], %arg1
// GRAD-NEXT: %[[M:.*]] = weft.neg %[[Q]]
// GRAD-NEXT: %[[DY:.*]] = weft.mul %arg2, %[[M]]
// GRAD-NEXT: return %[[DX]], %[[DY]] : tensor<17xf64>, tensor<17xf64>
func.func @derivative(%x: tensor<17xf64>, %y: tensor<17xf64>, %ct: tensor<17xf64>) -> (tensor<17xf64>, tensor<17xf64>) attributes {weft.unchecked} {
  %z = weft.div %x, %y : tensor<17xf64>
  %dx, %dy = weft.grad of %z with %ct wrt %x, %y : (tensor<17xf64>, tensor<17xf64>, tensor<17xf64>, tensor<17xf64>) -> (tensor<17xf64>, tensor<17xf64>)
  return %dx, %dy : tensor<17xf64>, tensor<17xf64>
}

// A number that is not zero cannot fail; of several numbers a kernel sees memory.
func.func @by_a_number(%x: tensor<17xi32>, %y: tensor<3xi64>, %z: tensor<i8>) -> (tensor<17xi32>, tensor<3xi64>, tensor<i8>, tensor<3xi64>) {
  %five = weft.constant dense<5> : tensor<17xi32>
  %minus = weft.constant dense<-1> : tensor<i64>
  %all = weft.broadcast %minus [] : (tensor<i64>) -> tensor<3xi64>
  %three = weft.constant dense<3> : tensor<i8>
  %many = weft.constant dense<[1, -1, 7]> : tensor<3xi64>
  %a = weft.div %x, %five : tensor<17xi32>
  %b = weft.div %y, %all : tensor<3xi64>
  %c = weft.div %z, %three : tensor<i8>
  %d = weft.div %y, %many : tensor<3xi64>
  return %a, %b, %c, %d : tensor<17xi32>, tensor<3xi64>, tensor<i8>, tensor<3xi64>
}
