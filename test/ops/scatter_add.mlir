// RUN: weft-opt %s | weft-opt | FileCheck %s
// RUN: weft-opt %s --weft-derive --canonicalize --cse | FileCheck %s --check-prefix=GRAD
// RUN: weft-check-ops %s
//
// init plus updates at indices along an axis, in row-major order of the indices: the adjoint of take. An index may occur many times.

!rows = tensor<?x5xf64, #weft.dims<[B in 1 to 64] (B, 5)>>
!picks = tensor<?xi32, #weft.dims<[N in 1 to 64] (N)>>
!updates = tensor<?x5xf64, #weft.dims<[N in 1 to 64] (N, 5)>>

// CHECK-LABEL: @table
// CHECK: weft.scatter_add %arg0 at %arg1 add %arg2 along 0 : (tensor<17x5xf64>, tensor<2x3xi32>, tensor<2x3x5xf64>) -> tensor<17x5xf64>
func.func @table(%x: tensor<17x5xf64>, %i: tensor<2x3xi32> {weft.input = "2x3xi32=0,16,3,3,3,9"}, %u: tensor<2x3x5xf64>) -> tensor<17x5xf64> {
  %y = weft.scatter_add %x at %i add %u along 0 : (tensor<17x5xf64>, tensor<2x3xi32>, tensor<2x3x5xf64>) -> tensor<17x5xf64>
  return %y : tensor<17x5xf64>
}
func.func @last_axis(%x: tensor<3x10xf64>, %i: tensor<17xi32>, %u: tensor<3x17xf64>) -> tensor<3x10xf64> {
  %y = weft.scatter_add %x at %i add %u along 1 : (tensor<3x10xf64>, tensor<17xi32>, tensor<3x17xf64>) -> tensor<3x10xf64>
  return %y : tensor<3x10xf64>
}
func.func @scalar_index(%x: tensor<5xf64>, %i: tensor<i32> {weft.input = "i32=4"}, %u: tensor<f64>) -> tensor<5xf64> {
  %y = weft.scatter_add %x at %i add %u along 0 : (tensor<5xf64>, tensor<i32>, tensor<f64>) -> tensor<5xf64>
  return %y : tensor<5xf64>
}
func.func @no_index(%x: tensor<3x5xf64>, %i: tensor<0xi32>, %u: tensor<0x5xf64>) -> tensor<3x5xf64> {
  %y = weft.scatter_add %x at %i add %u along 0 : (tensor<3x5xf64>, tensor<0xi32>, tensor<0x5xf64>) -> tensor<3x5xf64>
  return %y : tensor<3x5xf64>
}
func.func @rows(%x: !rows {weft.input = "7x5xf64=normal:1"}, %i: !picks {weft.input = "4xi32=6,0,6,6"}, %u: !updates {weft.input = "4x5xf64=normal:2"}) -> !rows {
  %y = weft.scatter_add %x at %i add %u along 0 : (!rows, !picks, !updates) -> !rows
  return %y : !rows
}
// A hundred updates to one element: the order is the reference's, on any number of threads.
func.func @one_place(%x: tensor<1xf32>, %i: tensor<100xi32> {weft.input = "100xi32=0"}, %u: tensor<100xf32>) -> tensor<1xf32> {
  %y = weft.scatter_add %x at %i add %u along 0 : (tensor<1xf32>, tensor<100xi32>, tensor<100xf32>) -> tensor<1xf32>
  return %y : tensor<1xf32>
}
func.func @brain(%x: tensor<10xbf16>, %i: tensor<15xi32>, %u: tensor<15xbf16>) -> tensor<10xbf16> {
  %y = weft.scatter_add %x at %i add %u along 0 : (tensor<10xbf16>, tensor<15xi32>, tensor<15xbf16>) -> tensor<10xbf16>
  return %y : tensor<10xbf16>
}
func.func @counts(%x: tensor<10xi32>, %i: tensor<33xi32>, %u: tensor<33xi32>) -> tensor<10xi32> {
  %y = weft.scatter_add %x at %i add %u along 0 : (tensor<10xi32>, tensor<33xi32>, tensor<33xi32>) -> tensor<10xi32>
  return %y : tensor<10xi32>
}

// GRAD-LABEL: @derivative
// GRAD-NEXT: %[[DU:.*]] = weft.take %arg3 at %arg1 along 0
// GRAD-NEXT: return %arg3, %[[DU]]
func.func @derivative(%x: tensor<5xf64>, %i: tensor<3xi32>, %u: tensor<3xf64>, %ct: tensor<5xf64>) -> (tensor<5xf64>, tensor<3xf64>) attributes {weft.unchecked} {
  %y = weft.scatter_add %x at %i add %u along 0 : (tensor<5xf64>, tensor<3xi32>, tensor<3xf64>) -> tensor<5xf64>
  %dx, %du = weft.grad of %y with %ct wrt %x, %u : (tensor<5xf64>, tensor<5xf64>, tensor<5xf64>, tensor<3xf64>) -> (tensor<5xf64>, tensor<3xf64>)
  return %dx, %du : tensor<5xf64>, tensor<3xf64>
}
