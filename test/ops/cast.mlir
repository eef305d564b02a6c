// RUN: weft-opt %s | weft-opt | FileCheck %s
// RUN: weft-opt %s --weft-derive --canonicalize --cse | FileCheck %s --check-prefix=GRAD
// RUN: weft-check-ops %s
//
// Floats round to nearest even; a float to an integer truncates and saturates, NaN gives 0; to i1 is != 0; integers wrap.

!rows = tensor<?x5xf32, #weft.dims<[B in 1 to 64] (B, 5)>>
!whole_rows = tensor<?x5xi32, #weft.dims<[B in 1 to 64] (B, 5)>>

// CHECK-LABEL: @rounding
// CHECK: weft.cast %arg0 : tensor<17xf64> to tensor<17xf32>
// CHECK: weft.cast %{{.*}} : tensor<17xf32> to tensor<17xbf16>
func.func @rounding(%x: tensor<17xf64>) -> (tensor<17xf32>, tensor<17xbf16>, tensor<17xf16>, tensor<17xf32>) {
  %single = weft.cast %x : tensor<17xf64> to tensor<17xf32>
  %brain = weft.cast %single : tensor<17xf32> to tensor<17xbf16>
  %half = weft.cast %x : tensor<17xf64> to tensor<17xf16>
  %wide = weft.cast %brain : tensor<17xbf16> to tensor<17xf32>
  return %single, %brain, %half, %wide : tensor<17xf32>, tensor<17xbf16>, tensor<17xf16>, tensor<17xf32>
}
func.func @saturation(%x: tensor<9xf64> {weft.input = "9xf64=2.7,-2.7,0,1e10,-1e10,1e30,-inf,inf,nan"}) -> (tensor<9xi8>, tensor<9xi32>, tensor<9xi64>, tensor<9xi1>) {
  %byte = weft.cast %x : tensor<9xf64> to tensor<9xi8>
  %whole = weft.cast %x : tensor<9xf64> to tensor<9xi32>
  %long = weft.cast %x : tensor<9xf64> to tensor<9xi64>
  %truth = weft.cast %x : tensor<9xf64> to tensor<9xi1>
  return %byte, %whole, %long, %truth : tensor<9xi8>, tensor<9xi32>, tensor<9xi64>, tensor<9xi1>
}
// 2147483520 is the largest f32 below 2^31: one more step saturates.
func.func @saturation_of_single(%x: tensor<6xf32> {weft.input = "6xf32=2147483520,2147483648,-2147483648,-2147483904,127.9,nan"}) -> (tensor<6xi8>, tensor<6xi32>) {
  %byte = weft.cast %x : tensor<6xf32> to tensor<6xi8>
  %whole = weft.cast %x : tensor<6xf32> to tensor<6xi32>
  return %byte, %whole : tensor<6xi8>, tensor<6xi32>
}
func.func @integers(%x: tensor<6xi32> {weft.input = "6xi32=-2147483648,-129,-1,0,300,16777217"})
    -> (tensor<6xi8>, tensor<6xi64>, tensor<6xi1>, tensor<6xf32>, tensor<6xf64>) {
  %byte = weft.cast %x : tensor<6xi32> to tensor<6xi8>
  %long = weft.cast %byte : tensor<6xi8> to tensor<6xi64>
  %truth = weft.cast %x : tensor<6xi32> to tensor<6xi1>
  %single = weft.cast %x : tensor<6xi32> to tensor<6xf32>
  %double = weft.cast %x : tensor<6xi32> to tensor<6xf64>
  return %byte, %long, %truth, %single, %double : tensor<6xi8>, tensor<6xi64>, tensor<6xi1>, tensor<6xf32>, tensor<6xf64>
}
func.func @truth(%x: tensor<33xi1>) -> (tensor<33xf32>, tensor<33xi32>) {
  %single = weft.cast %x : tensor<33xi1> to tensor<33xf32>
  %whole = weft.cast %x : tensor<33xi1> to tensor<33xi32>
  return %single, %whole : tensor<33xf32>, tensor<33xi32>
}
func.func @rows(%x: !whole_rows {weft.input = "7x5xi32=normal:1"}) -> !rows {
  %y = weft.cast %x : !whole_rows to !rows
  return %y : !rows
}

// The cotangent is cast back; nothing comes back through integers.
// GRAD-LABEL: @derivative
// GRAD-NEXT: %[[D:.*]] = weft.cast %arg1 : tensor<17xf32> to tensor<17xf64>
// GRAD-NEXT: return %[[D]]
func.func @derivative(%x: tensor<17xf64>, %ct: tensor<17xf32>) -> tensor<17xf64> attributes {weft.unchecked} {
  %y = weft.cast %x : tensor<17xf64> to tensor<17xf32>
  %steps = weft.cast %x : tensor<17xf64> to tensor<17xi32>
  %stairs = weft.cast %steps : tensor<17xi32> to tensor<17xf32>
  %z = weft.add %y, %stairs : tensor<17xf32>
  %dx = weft.grad of %z with %ct wrt %x : (tensor<17xf32>, tensor<17xf32>, tensor<17xf64>) -> tensor<17xf64>
  return %dx : tensor<17xf64>
}
