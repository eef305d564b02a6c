// RUN: weft-opt %s | weft-opt | FileCheck %s
// RUN: weft-check-ops %s
//
// Six directions, as i1; with NaN only NE holds. No derivative passes a truth value: select.mlir differentiates around one.

!rows = tensor<?x5xf64, #weft.dims<[B in 1 to 64] (B, 5)>>

// CHECK-LABEL: @floats
// CHECK: weft.compare EQ, %arg0, %arg1 : tensor<6xf64>
// CHECK: weft.compare GE, %arg0, %arg1 : tensor<6xf64>
func.func @floats(%x: tensor<6xf64> {weft.input = "6xf64=1,1,nan,1,-0.0,-inf"}, %y: tensor<6xf64> {weft.input = "6xf64=1,2,nan,nan,0.0,inf"})
    -> (tensor<6xi1>, tensor<6xi1>, tensor<6xi1>, tensor<6xi1>, tensor<6xi1>, tensor<6xi1>) {
  %eq = weft.compare EQ, %x, %y : tensor<6xf64>
  %ne = weft.compare NE, %x, %y : tensor<6xf64>
  %lt = weft.compare LT, %x, %y : tensor<6xf64>
  %le = weft.compare LE, %x, %y : tensor<6xf64>
  %gt = weft.compare GT, %x, %y : tensor<6xf64>
  %ge = weft.compare GE, %x, %y : tensor<6xf64>
  return %eq, %ne, %lt, %le, %gt, %ge : tensor<6xi1>, tensor<6xi1>, tensor<6xi1>, tensor<6xi1>, tensor<6xi1>, tensor<6xi1>
}
func.func @whole(%x: tensor<5xi32> {weft.input = "5xi32=-2147483648,-1,0,3,2147483647"}, %y: tensor<5xi32> {weft.input = "5xi32=2147483647,-1,-1,3,-2147483648"})
    -> (tensor<5xi1>, tensor<5xi1>, tensor<5xi1>, tensor<5xi1>, tensor<5xi1>, tensor<5xi1>) {
  %eq = weft.compare EQ, %x, %y : tensor<5xi32>
  %ne = weft.compare NE, %x, %y : tensor<5xi32>
  %lt = weft.compare LT, %x, %y : tensor<5xi32>
  %le = weft.compare LE, %x, %y : tensor<5xi32>
  %gt = weft.compare GT, %x, %y : tensor<5xi32>
  %ge = weft.compare GE, %x, %y : tensor<5xi32>
  return %eq, %ne, %lt, %le, %gt, %ge : tensor<5xi1>, tensor<5xi1>, tensor<5xi1>, tensor<5xi1>, tensor<5xi1>, tensor<5xi1>
}
// false < true.
func.func @truth(%x: tensor<4xi1> {weft.input = "4xi1=0,0,1,1"}, %y: tensor<4xi1> {weft.input = "4xi1=0,1,0,1"}) -> (tensor<4xi1>, tensor<4xi1>) {
  %lt = weft.compare LT, %x, %y : tensor<4xi1>
  %ge = weft.compare GE, %x, %y : tensor<4xi1>
  return %lt, %ge : tensor<4xi1>, tensor<4xi1>
}
func.func @rows(%x: !rows {weft.input = "7x5xf64=normal:1"}, %y: !rows {weft.input = "7x5xf64=normal:2"}) -> tensor<?x5xi1, #weft.dims<[B in 1 to 64] (B, 5)>> {
  %lt = weft.compare LT, %x, %y : !rows
  return %lt : tensor<?x5xi1, #weft.dims<[B in 1 to 64] (B, 5)>>
}
func.func @empty(%x: tensor<0x4xf32>, %y: tensor<0x4xf32>) -> tensor<0x4xi1> {
  %lt = weft.compare LT, %x, %y : tensor<0x4xf32>
  return %lt : tensor<0x4xi1>
}
func.func @brain(%x: tensor<33xbf16>, %y: tensor<33xbf16>) -> tensor<33xi1> {
  %gt = weft.compare GT, %x, %y : tensor<33xbf16>
  return %gt : tensor<33xi1>
}
