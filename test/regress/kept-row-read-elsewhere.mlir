// RUN: weft-check-ops %s
//
// An expensive value that several loops over a row need is kept in memory of the row, unless it is read at another place than the loops'.

func.func @reversed(%x: tensor<3x4xf32>) -> tensor<3x4xf32> {
  %0 = weft.iota 0 : tensor<3x4xf32>
  %1 = weft.cos %0 : tensor<3x4xf32>
  %2 = weft.mul %x, %1 : tensor<3x4xf32>
  %3 = weft.reverse %2 [0, 1] : tensor<3x4xf32>
  %4 = weft.reduce_max %3 [1] : (tensor<3x4xf32>) -> tensor<3xf32>
  %5 = weft.broadcast %4 [0] : (tensor<3xf32>) -> tensor<3x4xf32>
  %6 = weft.sub %3, %5 : tensor<3x4xf32>
  return %6 : tensor<3x4xf32>
}
