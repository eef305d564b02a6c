// RUN: weft-check-ops %s
//
// A bound argument that nothing reads any more, and that is still where a call learns a dimension.

!b = tensor<?x4xf32, #weft.dims<[B in 1 to 8] (B, 4)>>
func.func @f(%x: !b {weft.bound, weft.input = "3x4xf32=normal:1"}, %w: tensor<4xf32> {weft.bound}, %y: tensor<4xf32>) -> !b attributes {weft.no_derivative} {
  %0 = weft.tanh %w : tensor<4xf32>
  %1 = weft.mul %0, %y : tensor<4xf32>
  %2 = weft.broadcast %1 [1] : (tensor<4xf32>) -> !b
  return %2 : !b
}
