// RUN: weft-opt %s | weft-opt | FileCheck %s
// RUN: weft-opt %s --weft-derive --canonicalize --cse | FileCheck %s --check-prefix=GRAD
// RUN: weft-check-ops %s
//
// Of positive bases here. The exponent's derivative is 0 where the base is not positive.

!rows = tensor<?x5xf64, #weft.dims<[B in 1 to 64] (B, 5)>>

// CHECK-LABEL: @vector
// CHECK: weft.pow %{{.*}}, %{{.*}} : tensor<17xf64>
func.func @vector(%x: tensor<17xf64>, %y: tensor<17xf64>) -> tensor<17xf64> {
  %b = weft.exp %x : tensor<17xf64>
  %z = weft.pow %b, %y : tensor<17xf64>
  return %z : tensor<17xf64>
}
func.func @matrix(%x: tensor<3x5xf64>, %y: tensor<3x5xf64>) -> tensor<3x5xf64> {
  %b = weft.exp %x : tensor<3x5xf64>
  %z = weft.pow %b, %y : tensor<3x5xf64>
  return %z : tensor<3x5xf64>
}
func.func @empty(%x: tensor<0x4xf64>, %y: tensor<0x4xf64>) -> tensor<0x4xf64> {
  %b = weft.exp %x : tensor<0x4xf64>
  %z = weft.pow %b, %y : tensor<0x4xf64>
  return %z : tensor<0x4xf64>
}
func.func @one(%x: tensor<1xf64>, %y: tensor<1xf64>) -> tensor<1xf64> {
  %b = weft.exp %x : tensor<1xf64>
  %z = weft.pow %b, %y : tensor<1xf64>
  return %z : tensor<1xf64>
}
// CHECK-LABEL: @rows
// CHECK: weft.pow %{{.*}}, %{{.*}} : tensor<?x5xf64, #weft.dims<[B in 1 to 64] (B, 5)>>
func.func @rows(%x: !rows {weft.input = "7x5xf64=normal:1"}, %y: !rows {weft.input = "7x5xf64=normal:2"}) -> !rows {
  %b = weft.exp %x : !rows
  %z = weft.pow %b, %y : !rows
  return %z : !rows
}
func.func @single(%x: tensor<33xf32>, %y: tensor<33xf32>) -> tensor<33xf32> {
  %b = weft.exp %x : tensor<33xf32>
  %z = weft.pow %b, %y : tensor<33xf32>
  return %z : tensor<33xf32>
}
func.func @brain(%x: tensor<15xbf16>, %y: tensor<15xbf16>) -> tensor<15xbf16> {
  %b = weft.exp %x : tensor<15xbf16>
  %z = weft.pow %b, %y : tensor<15xbf16>
  return %z : tensor<15xbf16>
}
func.func @special(%x: tensor<6xf32> {weft.input = "6xf32=-2,-2,0,0,2,10"}, %y: tensor<6xf32> {weft.input = "6xf32=3,2,0,2,-1,-3"}) -> tensor<6xf32> {
  %z = weft.pow %x, %y : tensor<6xf32>
  return %z : tensor<6xf32>
}

// By a constant exponent: no select, and no power for the square.
// GRAD-LABEL: @square
// GRAD: %[[P:.*]] = weft.mul %arg0, %{{.*}}
// GRAD-NEXT: %[[D:.*]] = weft.mul %arg1, %[[P]]
// GRAD-NEXT: return %[[D]]
func.func @square(%x: tensor<17xf64>, %ct: tensor<17xf64>) -> tensor<17xf64> attributes {weft.unchecked} {
  %two = weft.constant dense<2.0> : tensor<17xf64>
  %y = weft.pow %x, %two : tensor<17xf64>
  %dx = weft.grad of %y with %ct wrt %x : (tensor<17xf64>, tensor<17xf64>, tensor<17xf64>) -> tensor<17xf64>
  return %dx : tensor<17xf64>
}

// GRAD-LABEL: @derivative
// GRAD-DAG: %[[ZERO:.*]] = weft.constant dense<0.0
// GRAD-DAG: %[[Z:.*]] = weft.pow %arg0, %arg1
// GRAD-DAG: %[[Y1:.*]] = weft.add %arg1, %{{.*}}
// GRAD-DAG: %[[SIZE:.*]] = weft.abs %arg0
// GRAD-DAG: %[[TINY:.*]] = weft.compare LT, %[[SIZE]], %{{.*}}
// GRAD-DAG: %[[NONE:.*]] = weft.compare EQ, %arg1, %[[ZERO]]
// GRAD-DAG: %[[SINGULAR:.*]] = weft.and %[[TINY]], %[[NONE]]
// GRAD-DAG: %[[BASE:.*]] = weft.select %[[SINGULAR]], %[[ONE:.*]], %arg0
// GRAD-DAG: %[[Z1:.*]] = weft.pow %[[BASE]], %[[Y1]]
// GRAD-DAG: %[[PX:.*]] = weft.mul %arg1, %[[Z1]]
// GRAD-DAG: %[[DX:.*]] = weft.mul %arg2, %[[PX]]
// GRAD-DAG: %[[POSITIVE:.*]] = weft.compare GT, %arg0, %[[ZERO]]
// GRAD-DAG: %[[SAFE:.*]] = weft.select %[[POSITIVE]], %arg0, %{{.*}}
// GRAD-DAG: %[[LOG:.*]] = weft.log %[[SAFE]]
// GRAD-DAG: %[[ZLOG:.*]] = weft.mul %[[Z]], %[[LOG]]
// GRAD-DAG: %[[PY:.*]] = weft.select %[[POSITIVE]], %[[ZLOG]], %[[ZERO]]
// GRAD-DAG: %[[DY:.*]] = weft.mul %arg2, %[[PY]]
// GRAD: return %[[DX]], %[[DY]]
func.func @derivative(%x: tensor<17xf64>, %y: tensor<17xf64>, %ct: tensor<17xf64>) -> (tensor<17xf64>, tensor<17xf64>) attributes {weft.unchecked} {
  %z = weft.pow %x, %y : tensor<17xf64>
  %dx, %dy = weft.grad of %z with %ct wrt %x, %y : (tensor<17xf64>, tensor<17xf64>, tensor<17xf64>, tensor<17xf64>) -> (tensor<17xf64>, tensor<17xf64>)
  return %dx, %dy : tensor<17xf64>, tensor<17xf64>
}
