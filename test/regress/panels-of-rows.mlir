// RUN: weft-check-ops %s
// RUN: weft-opt %s --prepare-bound | FileCheck %s
//
// Panels are for a product's columns: of a bound matrix that gives the rows, vectors began in the middle of one and ran into what is no neighbour.

// CHECK-LABEL: func.func @rows(
// CHECK-NOT: weft.unpack
// CHECK: return
func.func @rows(%w: tensor<100x100xf64> {weft.bound}, %x: tensor<100x24xf64>) -> tensor<100x24xf64> attributes {weft.no_derivative} {
  %0 = weft.contract "ab,an->bn", %w, %x : (tensor<100x100xf64>, tensor<100x24xf64>) -> tensor<100x24xf64>
  return %0 : tensor<100x24xf64>
}
// CHECK-LABEL: func.func @columns(
// CHECK: weft.unpack
func.func @columns(%w: tensor<100x100xf64> {weft.bound}, %x: tensor<100x24xf64>) -> tensor<24x100xf64> attributes {weft.no_derivative} {
  %0 = weft.contract "ab,an->nb", %w, %x : (tensor<100x100xf64>, tensor<100x24xf64>) -> tensor<24x100xf64>
  return %0 : tensor<24x100xf64>
}
// Panels as somebody gave them, which the emitter must read right as rows, too.
func.func @given(%p: tensor<7x100x16xf64>, %x: tensor<100x24xf64>) -> tensor<100x24xf64> attributes {weft.no_derivative} {
  %w = weft.unpack %p : (tensor<7x100x16xf64>) -> tensor<100x100xf64>
  %0 = weft.contract "ab,an->bn", %w, %x : (tensor<100x100xf64>, tensor<100x24xf64>) -> tensor<100x24xf64>
  return %0 : tensor<100x24xf64>
}
