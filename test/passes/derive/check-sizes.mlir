// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: weft-opt %s --split-input-file --check-sizes --verify-diagnostics
//
// A tensor has at most 2^56 bytes at the upper bounds of its dimensions, and sizes of 0 do not hide the others.

func.func @largest(%x: tensor<?xi8, #weft.dims<[B in 0 to 72057594037927936] (B)>>, %y: tensor<0x16777216xf32>) {
  return
}

// -----

// expected-error @+2 {{'func.func' op f32 [B] has 18446744073709551616 bytes where B is 4611686018427387904: more than any memory has}}
// expected-note @+1 {{memory is planned for the largest sizes: give the dimensions smaller bounds}}
func.func @argument(%x: tensor<?xf32, #weft.dims<[B in 0 to 4611686018427387904] (B)>>) {
  return
}

// -----

func.func @static(%x: tensor<f32>) -> tensor<f32> {
  // expected-error @+1 {{'weft.broadcast' op f32 [8589934592, 8589934592] has 295147905179352825856 bytes: more than any memory has}}
  %0 = weft.broadcast %x [] : (tensor<f32>) -> tensor<8589934592x8589934592xf32>
  %1 = weft.reduce_sum %0 [0, 1] : (tensor<8589934592x8589934592xf32>) -> tensor<f32>
  return %1 : tensor<f32>
}

// -----

// An empty array of a shape that cannot be counted.
// expected-error @+1 {{more than any memory has}}
func.func @empty(%x: tensor<0x8589934592x8589934592xf32>) {
  return
}

// -----

// The numbers on the way do not fit 64 bits, though a division makes them small again.
// expected-error @+2 {{has a size that does not fit 64 bits where B is 4294967296 and C is 4: more than any memory has}}
// expected-note @+1 {{smaller bounds}}
func.func @on_the_way(%x: tensor<?xf32, #weft.dims<[B in 1 to 4294967296, C in 1 to 4] ((B * 17179869183 + C) floordiv 17179869184)>>) {
  return
}

// -----

// In a region, and made of a loop's slices.
!t = tensor<?xf32, #weft.dims<[T in 1 to 4294967296] (T)>>
!all = tensor<?x?x1073741824xf32, #weft.dims<[T in 1 to 4294967296] (T, T, 1073741824)>>
func.func @region(%x: !t) -> !all {
  // expected-error @+2 {{'weft.scan' op f32 [T, T, 1073741824] has}}
  // expected-note @+1 {{smaller bounds}}
  %0 = weft.scan #weft.dims<[T in 1 to 4294967296] (T)> carry() over(%x) {
  ^bb0(%i: tensor<i32>, %s: tensor<f32>):
    %b = weft.broadcast %s [] : (tensor<f32>) -> tensor<?x1073741824xf32, #weft.dims<[T in 1 to 4294967296] (T, 1073741824)>>
    weft.yield %b : tensor<?x1073741824xf32, #weft.dims<[T in 1 to 4294967296] (T, 1073741824)>>
  } : (!t) -> !all
  return %0 : !all
}
