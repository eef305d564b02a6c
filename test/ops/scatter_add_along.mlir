// RUN: weft-opt %s | weft-opt | FileCheck %s
// RUN: weft-opt %s --weft-derive --canonicalize --cse | FileCheck %s --check-prefix=GRAD
// RUN: weft-check-ops %s
//
// init plus updates, each at the index's own place but for the axis: the adjoint of take_along.

!rows = tensor<?x5xf64, #weft.dims<[B in 1 to 64] (B, 5)>>
!labels = tensor<?x2xi32, #weft.dims<[B in 1 to 64] (B, 2)>>
!updates = tensor<?x2xf64, #weft.dims<[B in 1 to 64] (B, 2)>>

// CHECK-LABEL: @last_axis
// CHECK: weft.scatter_add_along %arg0 at %arg1 add %arg2 along 1 : (tensor<3x5xf64>, tensor<3x2xi32>, tensor<3x2xf64>) -> tensor<3x5xf64>
func.func @last_axis(%x: tensor<3x5xf64>, %i: tensor<3x2xi32> {weft.input = "3x2xi32=0,4,3,3,2,1"}, %u: tensor<3x2xf64>) -> tensor<3x5xf64> {
  %y = weft.scatter_add_along %x at %i add %u along 1 : (tensor<3x5xf64>, tensor<3x2xi32>, tensor<3x2xf64>) -> tensor<3x5xf64>
  return %y : tensor<3x5xf64>
}
func.func @first_axis(%x: tensor<3x5xf64>, %i: tensor<2x5xi32> {weft.input = "2x5xi32=0,1,2,2,1,0,1,0,2,2"}, %u: tensor<2x5xf64>) -> tensor<3x5xf64> {
  %y = weft.scatter_add_along %x at %i add %u along 0 : (tensor<3x5xf64>, tensor<2x5xi32>, tensor<2x5xf64>) -> tensor<3x5xf64>
  return %y : tensor<3x5xf64>
}
func.func @vector(%x: tensor<10xf64>, %i: tensor<17xi32>, %u: tensor<17xf64>) -> tensor<10xf64> {
  %y = weft.scatter_add_along %x at %i add %u along 0 : (tensor<10xf64>, tensor<17xi32>, tensor<17xf64>) -> tensor<10xf64>
  return %y : tensor<10xf64>
}
func.func @no_index(%x: tensor<3x5xf64>, %i: tensor<3x0xi32>, %u: tensor<3x0xf64>) -> tensor<3x5xf64> {
  %y = weft.scatter_add_along %x at %i add %u along 1 : (tensor<3x5xf64>, tensor<3x0xi32>, tensor<3x0xf64>) -> tensor<3x5xf64>
  return %y : tensor<3x5xf64>
}
func.func @rows(%x: !rows {weft.input = "7x5xf64=normal:1"}, %i: !labels {weft.input = "7x2xi32=0,1,2,3,4,4,0,1,1,1,2,0,3,4"},
               %u: !updates {weft.input = "7x2xf64=normal:2"}) -> !rows {
  %y = weft.scatter_add_along %x at %i add %u along 1 : (!rows, !labels, !updates) -> !rows
  return %y : !rows
}
func.func @single(%x: tensor<15x10xf32>, %i: tensor<15x33xi32>, %u: tensor<15x33xf32>) -> tensor<15x10xf32> {
  %y = weft.scatter_add_along %x at %i add %u along 1 : (tensor<15x10xf32>, tensor<15x33xi32>, tensor<15x33xf32>) -> tensor<15x10xf32>
  return %y : tensor<15x10xf32>
}
func.func @brain(%x: tensor<10xbf16>, %i: tensor<16xi32>, %u: tensor<16xbf16>) -> tensor<10xbf16> {
  %y = weft.scatter_add_along %x at %i add %u along 0 : (tensor<10xbf16>, tensor<16xi32>, tensor<16xbf16>) -> tensor<10xbf16>
  return %y : tensor<10xbf16>
}
func.func @counts(%x: tensor<10xi32>, %i: tensor<33xi32>, %u: tensor<33xi32>) -> tensor<10xi32> {
  %y = weft.scatter_add_along %x at %i add %u along 0 : (tensor<10xi32>, tensor<33xi32>, tensor<33xi32>) -> tensor<10xi32>
  return %y : tensor<10xi32>
}

// GRAD-LABEL: @derivative
// GRAD-NEXT: %[[DU:.*]] = weft.take_along %arg3 at %arg1 along 0
// GRAD-NEXT: return %arg3, %[[DU]]
func.func @derivative(%x: tensor<5xf64>, %i: tensor<3xi32>, %u: tensor<3xf64>, %ct: tensor<5xf64>) -> (tensor<5xf64>, tensor<3xf64>) attributes {weft.unchecked} {
  %y = weft.scatter_add_along %x at %i add %u along 0 : (tensor<5xf64>, tensor<3xi32>, tensor<3xf64>) -> tensor<5xf64>
  %dx, %du = weft.grad of %y with %ct wrt %x, %u : (tensor<5xf64>, tensor<5xf64>, tensor<5xf64>, tensor<3xf64>) -> (tensor<5xf64>, tensor<3xf64>)
  return %dx, %du : tensor<5xf64>, tensor<3xf64>
}
