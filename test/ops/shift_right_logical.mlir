// RUN: weft-opt %s | weft-opt | FileCheck %s
// RUN: weft-check-ops %s
// RUN: weft-run %s --function=known | FileCheck %s --check-prefix=KNOWN
//
// Bits moved down behind zeros; a place outside of the width leaves 0. Integers have no derivative, so nothing asks for one.

!rows = tensor<?x5xi32, #weft.dims<[B in 0 to 64] (B, 5)>>

// CHECK-LABEL: @known
// CHECK: weft.shift_right_logical %{{.*}}, %{{.*}} : tensor<8xi8>
// KNOWN: 8xi8=64,63,1,0,0,-86,0,0
// KNOWN: 7xi32=1073741824,134217727,1,0,0,0,-5
// KNOWN: 5xi64=1,1,9223372036854775807,0,0
func.func @known() -> (tensor<8xi8>, tensor<7xi32>, tensor<5xi64>) {
  %a = weft.constant dense<[-128, 127, -1, 85, 1, -86, -7, 5]> : tensor<8xi8>
  %p = weft.constant dense<[1, 1, 7, 8, -1, 0, 127, 3]> : tensor<8xi8>
  %b = weft.constant dense<[-2147483648, 2147483647, -1, 305419896, -305419896, 1, -5]> : tensor<7xi32>
  %q = weft.constant dense<[1, 4, 31, 32, -1, 31, 0]> : tensor<7xi32>
  %c = weft.constant dense<[-9223372036854775808, 9223372036854775807, -1, 81985529216486895, -3]> : tensor<5xi64>
  %r = weft.constant dense<[63, 62, 1, 64, -9223372036854775808]> : tensor<5xi64>
  %x = weft.shift_right_logical %a, %p : tensor<8xi8>
  %y = weft.shift_right_logical %b, %q : tensor<7xi32>
  %z = weft.shift_right_logical %c, %r : tensor<5xi64>
  return %x, %y, %z : tensor<8xi8>, tensor<7xi32>, tensor<5xi64>
}
// Run-time operands, whole vectors of them and a tail; every place of i8, and those outside.
func.func @bytes(%x: tensor<67xi8> {weft.input = "67xi8=normal:1"}) -> tensor<67xi8> {
  %i = weft.iota 0 : tensor<67xi32>
  %low = weft.constant dense<-10> : tensor<67xi32>
  %p = weft.add %i, %low : tensor<67xi32>
  %s = weft.cast %p : tensor<67xi32> to tensor<67xi8>
  %hundred = weft.constant dense<97> : tensor<67xi8>
  %m = weft.mul %x, %hundred : tensor<67xi8>
  %z = weft.shift_right_logical %m, %s : tensor<67xi8>
  return %z : tensor<67xi8>
}
func.func @words(%x: tensor<9xi32> {weft.input = "9xi32=-2147483648,2147483647,-1,1,0,-1,305419896,-305419896,7"}, %s: tensor<9xi32> {weft.input = "9xi32=31,30,1,31,5,32,4,-1,33"}) -> tensor<9xi32> {
  %z = weft.shift_right_logical %x, %s : tensor<9xi32>
  return %z : tensor<9xi32>
}
func.func @long(%x: tensor<7xi64> {weft.input = "7xi64=-9223372036854775808,9223372036854775807,-1,1,-1,81985529216486895,3"}, %s: tensor<7xi64> {weft.input = "7xi64=63,62,1,63,64,4,-9223372036854775808"}) -> tensor<7xi64> {
  %z = weft.shift_right_logical %x, %s : tensor<7xi64>
  return %z : tensor<7xi64>
}
func.func @empty(%x: tensor<0x4xi32>, %s: tensor<0x4xi32>) -> tensor<0x4xi32> {
  %z = weft.shift_right_logical %x, %s : tensor<0x4xi32>
  return %z : tensor<0x4xi32>
}
func.func @rows(%x: !rows {weft.input = "7x5xi32=normal:1"}, %s: !rows {weft.input = "7x5xi32=normal:2"}) -> !rows {
  %z = weft.shift_right_logical %x, %s : !rows
  return %z : !rows
}
