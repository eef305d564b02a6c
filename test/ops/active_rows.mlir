// RUN: weft-opt %s | weft-opt | FileCheck %s
// RUN: weft-opt %s --weft-derive --canonicalize --cse | FileCheck %s --check-prefix=OUT
// RUN: weft-check-ops %s
//
// Rows that count, and one of them in place of the others: only where something can fail, run on or be differentiated.

!v = tensor<4xf64>
!p = tensor<4xi1>

// Nothing depends on the other rows: x as it is, and the branch is opened.
// CHECK-LABEL: @opened
// CHECK: weft.active_rows %{{.*}}, %{{.*}} : tensor<4xi1>, tensor<4xf64>
// OUT-LABEL: @opened
// OUT-NOT: weft.active_rows
// OUT-NOT: weft.cond
// OUT: weft.log %arg0
// OUT: return
func.func @opened(%x: !v {weft.input = "4xf64=1.0,2.0,3.0,4.0"}, %p: !p {weft.input = "4xi1=1,0,1,0"}) -> !v attributes {weft.no_derivative} {
  %any = weft.reduce_or %p [0] : (!p) -> tensor<i1>
  %zero = weft.constant dense<0.0> : !v
  %y = weft.cond %any then {
    %r = weft.active_rows %p, %x : !p, !v
    %l = weft.log %r : !v
    weft.yield %l : !v
  } else {
    weft.yield %zero : !v
  } {weft.may_open} : (tensor<i1>) -> !v
  %z = weft.select %p, %y, %zero : !p, !v
  return %z : !v
}

// The index of a row that does not count would be an error: it is that of the first row that counts.
// OUT-LABEL: @checked
// OUT: weft.cond
// OUT: %[[AT:.*]] = weft.reduce_min
// OUT: weft.take %arg0 at %[[AT]] along 0 clip
// OUT: %[[SAFE:.*]] = weft.select %arg1
// OUT: weft.take %arg2 at %[[SAFE]] along 0 :
func.func @checked(%i: tensor<4xi32> {weft.input = "4xi32=9,2,-5,1"}, %p: !p {weft.input = "4xi1=0,1,0,1"}, %t: tensor<3xf64>) -> !v attributes {weft.no_derivative} {
  %any = weft.reduce_or %p [0] : (!p) -> tensor<i1>
  %zero = weft.constant dense<0.0> : !v
  %y = weft.cond %any then {
    %r = weft.active_rows %p, %i : !p, tensor<4xi32>
    %l = weft.take %t at %r along 0 : (tensor<3xf64>, tensor<4xi32>) -> !v
    weft.yield %l : !v
  } else {
    weft.yield %zero : !v
  } {weft.may_open} : (tensor<i1>) -> !v
  %z = weft.select %p, %y, %zero : !p, !v
  return %z : !v
}

// Rows in rows: a mask of two dimensions chooses within each row of the first. No row counts in the last.
// OUT-LABEL: @nested
// OUT: weft.reduce_min %{{.*}} [1]
// OUT: weft.take_along %arg0 at %{{.*}} along 1 clip
func.func @nested(%i: tensor<2x2x3xi32> {weft.input = "2x2x3xi32=9,9,9,2,1,0,1,1,1,1,1,1"}, %p: tensor<2x2xi1> {weft.input = "2x2xi1=0,1,0,0"}, %t: tensor<3xf64>) -> tensor<2x2x3xf64> attributes {weft.no_derivative} {
  %r = weft.active_rows %p, %i : tensor<2x2xi1>, tensor<2x2x3xi32>
  %y = weft.take %t at %r along 0 : (tensor<3xf64>, tensor<2x2x3xi32>) -> tensor<2x2x3xf64>
  return %y : tensor<2x2x3xf64>
}

// The derivative is that of the rows that count, and zero in the others.
// OUT-LABEL: @derivative
// OUT: %[[P:.*]] = weft.broadcast %arg2 [0]
// OUT: weft.select %[[P]], %arg1, %{{.*}}
func.func @derivative(%x: tensor<2x3xf64>, %ct: tensor<2x3xf64>, %p: tensor<2xi1>) -> tensor<2x3xf64> attributes {weft.unchecked} {
  %y = weft.active_rows %p, %x : tensor<2xi1>, tensor<2x3xf64>
  %g = weft.grad of %y with %ct wrt %x : (tensor<2x3xf64>, tensor<2x3xf64>, tensor<2x3xf64>) -> tensor<2x3xf64>
  return %g : tensor<2x3xf64>
}
