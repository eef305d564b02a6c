// RUN: weft-opt %s --form-dispatches | FileCheck %s
//
// Neighbouring dimensions that no op of a kernel around a contraction tells apart are one for the kernel; the dispatch keeps the graph's shapes.

// CHECK-LABEL: func.func @layer
// CHECK: loom.dispatch @contract_0(%{{.*}}) : (tensor<3x8x16xf32>, tensor<16x32xf32>, tensor<32xf32>) -> tensor<3x8x32xf32>

// A batch of texts is one matrix, with what follows the product.
// CHECK-LABEL: loom.kernel @contract_0
// CHECK-NEXT: ^bb0(%{{.*}}: tensor<24x16xf32>, %{{.*}}: tensor<16x32xf32>, %{{.*}}: tensor<32xf32>)
// CHECK-NEXT: weft.contract "Ak,kn->An"
// CHECK-NEXT: weft.broadcast %{{.*}} [1] : (tensor<32xf32>) -> tensor<24x32xf32>
// CHECK: loom.yield %{{.*}} : tensor<24x32xf32>
// The gradient of the weights sums over both.
// CHECK-LABEL: loom.kernel @contract_1
// CHECK: weft.contract "Ak,An->kn", %{{.*}}, %{{.*}} : (tensor<24x16xf32>, tensor<24x32xf32>) -> tensor<16x32xf32>
// Heads are told apart by the second operand's order, positions by the batch: all stay.
// CHECK-LABEL: loom.kernel @contract_2
// CHECK: weft.contract "bihc,bjhc->bhij"
// Products of two sizes that are known at run time only are no dimension; with a known one they are.
// CHECK-LABEL: loom.kernel @contract_3
// CHECK: weft.contract "Amk,kn->Amn"
// CHECK-LABEL: loom.kernel @contract_4
// CHECK: weft.contract "Ak,kn->An"

func.func @layer(%x: tensor<3x8x16xf32>, %w: tensor<16x32xf32>, %b: tensor<32xf32>) -> tensor<3x8x32xf32> {
  %0 = weft.contract "Amk,kn->Amn", %x, %w : (tensor<3x8x16xf32>, tensor<16x32xf32>) -> tensor<3x8x32xf32>
  %1 = weft.broadcast %b [2] : (tensor<32xf32>) -> tensor<3x8x32xf32>
  %2 = weft.add %0, %1 : tensor<3x8x32xf32>
  return %2 : tensor<3x8x32xf32>
}
func.func @weights(%x: tensor<3x8x16xf32>, %dy: tensor<3x8x32xf32>) -> tensor<16x32xf32> {
  %0 = weft.contract "Amk,Amn->kn", %x, %dy : (tensor<3x8x16xf32>, tensor<3x8x32xf32>) -> tensor<16x32xf32>
  return %0 : tensor<16x32xf32>
}
func.func @scores(%q: tensor<2x8x4x16xf32>, %k: tensor<2x8x4x16xf32>) -> tensor<2x4x8x8xf32> {
  %0 = weft.contract "bihc,bjhc->bhij", %q, %k : (tensor<2x8x4x16xf32>, tensor<2x8x4x16xf32>) -> tensor<2x4x8x8xf32>
  return %0 : tensor<2x4x8x8xf32>
}
func.func @unknown(%x: tensor<?x?x16xf32, #weft.dims<[B in 1 to 8, T in 1 to 8] (B, T, 16)>>, %w: tensor<16x32xf32>) -> tensor<?x?x32xf32, #weft.dims<[B in 1 to 8, T in 1 to 8] (B, T, 32)>> {
  %0 = weft.contract "Amk,kn->Amn", %x, %w : (tensor<?x?x16xf32, #weft.dims<[B in 1 to 8, T in 1 to 8] (B, T, 16)>>, tensor<16x32xf32>) -> tensor<?x?x32xf32, #weft.dims<[B in 1 to 8, T in 1 to 8] (B, T, 32)>>
  return %0 : tensor<?x?x32xf32, #weft.dims<[B in 1 to 8, T in 1 to 8] (B, T, 32)>>
}
func.func @half_known(%x: tensor<?x8x16xf32, #weft.dims<[B in 1 to 8] (B, 8, 16)>>, %w: tensor<16x32xf32>) -> tensor<?x8x32xf32, #weft.dims<[B in 1 to 8] (B, 8, 32)>> {
  %0 = weft.contract "Amk,kn->Amn", %x, %w : (tensor<?x8x16xf32, #weft.dims<[B in 1 to 8] (B, 8, 16)>>, tensor<16x32xf32>) -> tensor<?x8x32xf32, #weft.dims<[B in 1 to 8] (B, 8, 32)>>
  return %0 : tensor<?x8x32xf32, #weft.dims<[B in 1 to 8] (B, 8, 32)>>
}
