// RUN: weft-check-ops %s
//
// Dimensions of size one, in front and behind, which the kernel of a product takes for part of their neighbours: the dispatch is still of the same memory.

func.func @one(%x: tensor<1x1xf32>) -> tensor<f32> {
  %0 = weft.tanh %x : tensor<1x1xf32>
  %1 = weft.contract "ab,ab->", %0, %0 : (tensor<1x1xf32>, tensor<1x1xf32>) -> tensor<f32>
  return %1 : tensor<f32>
}
func.func @behind(%x: tensor<5x3x1xf32>, %y: tensor<7xf32>) -> (tensor<5x3x1x7xf32>, tensor<7x5x3x1xf32>) {
  %0 = weft.contract "abc,m->abcm", %x, %y : (tensor<5x3x1xf32>, tensor<7xf32>) -> tensor<5x3x1x7xf32>
  %1 = weft.contract "abc,m->mabc", %x, %y : (tensor<5x3x1xf32>, tensor<7xf32>) -> tensor<7x5x3x1xf32>
  return %0, %1 : tensor<5x3x1x7xf32>, tensor<7x5x3x1xf32>
}
func.func @around(%x: tensor<1x?x1xf64, #weft.dims<[B in 1 to 64] (1, B, 1)>> {weft.input = "1x5x1xf64=normal:1"}) -> tensor<f64> {
  %0 = weft.contract "abc,abc->", %x, %x : (tensor<1x?x1xf64, #weft.dims<[B in 1 to 64] (1, B, 1)>>, tensor<1x?x1xf64, #weft.dims<[B in 1 to 64] (1, B, 1)>>) -> tensor<f64>
  return %0 : tensor<f64>
}
func.func @nothing(%x: tensor<0x5x1xf32>, %y: tensor<5x1x3xf32>) -> tensor<0x3xf32> {
  %0 = weft.contract "abc,bcm->am", %x, %y : (tensor<0x5x1xf32>, tensor<5x1x3xf32>) -> tensor<0x3xf32>
  return %0 : tensor<0x3xf32>
}
