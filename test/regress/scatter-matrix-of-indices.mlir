// RUN: weft-check-ops %s
//
// A vector into which updates are added by a matrix of indices: these have the axes of the updates, as those of scatter_add_along have, but not those of the
// result. The compiler crashed where indices are generated or computed.

func.func @generated(%t: tensor<9xf32>, %u: tensor<2x4xf32>) -> tensor<9xf32> {
  %j = weft.iota 1 : tensor<2x4xi32>
  %s = weft.scatter_add %t at %j add %u along 0 : (tensor<9xf32>, tensor<2x4xi32>, tensor<2x4xf32>) -> tensor<9xf32>
  return %s : tensor<9xf32>
}
func.func @by_distance(%t: tensor<7xf64>) -> tensor<4x4xf64> {
  %i = weft.iota 0 : tensor<4x4xi32>
  %j = weft.iota 1 : tensor<4x4xi32>
  %d = weft.sub %i, %j : tensor<4x4xi32>
  %three = weft.constant dense<3> : tensor<4x4xi32>
  %r = weft.add %d, %three : tensor<4x4xi32>
  %y = weft.take %t at %r along 0 : (tensor<7xf64>, tensor<4x4xi32>) -> tensor<4x4xf64>
  return %y : tensor<4x4xf64>
}
func.func @one(%t: tensor<1xf64>) -> tensor<1x1xf64> {
  %i = weft.iota 0 : tensor<1x1xi32>
  %j = weft.iota 1 : tensor<1x1xi32>
  %d = weft.sub %i, %j : tensor<1x1xi32>
  %y = weft.take %t at %d along 0 : (tensor<1xf64>, tensor<1x1xi32>) -> tensor<1x1xf64>
  return %y : tensor<1x1xf64>
}
