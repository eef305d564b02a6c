// RUN: env WEFT_CHECK_OPT=0 weft-check-ops %s
// RUN: env WEFT_CHECK_OPT=1 weft-check-ops %s
// RUN: weft-check-ops %s
//
// Scalar code: products whose lanes would run along the sum. Without fusion: a slice that a product reads where it is has no kernel of its own.

func.func @products(%x: tensor<8xf32>, %y: tensor<8xf32>, %a: tensor<3x8xf32>, %b: tensor<5x8xf32>) -> (tensor<f32>, tensor<3x5xf32>, tensor<5x3xf32>) {
  %0 = weft.contract "a,a->", %x, %y : (tensor<8xf32>, tensor<8xf32>) -> tensor<f32>
  %1 = weft.contract "ik,jk->ij", %a, %b : (tensor<3x8xf32>, tensor<5x8xf32>) -> tensor<3x5xf32>
  %2 = weft.contract "ik,jk->ji", %a, %b : (tensor<3x8xf32>, tensor<5x8xf32>) -> tensor<5x3xf32>
  return %0, %1, %2 : tensor<f32>, tensor<3x5xf32>, tensor<5x3xf32>
}
func.func @slice(%x: tensor<16xf32>) -> tensor<14x14xf32> {
  %0 = weft.slice %x from <(2)> by [1] : (tensor<16xf32>) -> tensor<14xf32>
  %1 = weft.contract "a,b->ab", %0, %0 : (tensor<14xf32>, tensor<14xf32>) -> tensor<14x14xf32>
  return %1 : tensor<14x14xf32>
}
