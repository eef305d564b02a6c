// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: weft-opt %s --split-input-file --verify-diagnostics
//
// Ops with regions are verified behind what their regions hold.

func.func @scan(%x: tensor<3xf32>) -> tensor<f32> {
  %z = weft.constant dense<0.0> : tensor<f32>
  // expected-error @+1 {{empty block: expect at least a terminator}}
  %0 = weft.scan <(3)> carry(%z) over(%x) {
  ^bb0(%i: tensor<i32>, %c: tensor<f32>, %a: tensor<f32>):
  } : (tensor<f32>, tensor<3xf32>) -> tensor<f32>
  return %0 : tensor<f32>
}

// -----

func.func @while(%x: tensor<f32>) -> tensor<f32> {
  %0 = weft.while carry(%x) while {
  ^bb0(%c: tensor<f32>):
    // expected-error @+1 {{'weft.yield' op must be the last operation in the parent block}}
    weft.yield
    weft.yield
  } do {
  ^bb0(%c: tensor<f32>):
    weft.yield %c : tensor<f32>
  } : (tensor<f32>) -> tensor<f32>
  return %0 : tensor<f32>
}

// -----

func.func @cond(%p: tensor<i1>, %x: tensor<2x2xf32>) -> tensor<2x2xf32> {
  %0 = weft.cond %p then {
    // expected-error @+1 {{transpose}}
    %t = weft.transpose %x [0, 5] : tensor<2x2xf32>
    weft.yield %t : tensor<2x2xf32>
  } else {
    weft.yield %x : tensor<2x2xf32>
  } : (tensor<i1>) -> tensor<2x2xf32>
  return %0 : tensor<2x2xf32>
}

// -----

func.func @custom(%x: tensor<f32>) -> tensor<f32> {
  %0 = weft.custom_vjp %x forward {
  ^bb0(%a: tensor<f32>):
    // expected-error @+1 {{'func.return' op expects parent op 'func.func'}}
    func.return %a : tensor<f32>
  } backward {
  ^bb0(%a: tensor<f32>, %d: tensor<f32>):
    weft.yield %d : tensor<f32>
  } : (tensor<f32>) -> tensor<f32>
  return %0 : tensor<f32>
}

// -----

func.func @vmap(%x: tensor<3xf32>) -> tensor<3xf32> {
  // expected-error @+1 {{empty block: expect at least a terminator}}
  %0 = weft.vmap <(3)> over(%x) {
  ^bb0(%a: tensor<f32>):
  } : (tensor<3xf32>) -> tensor<3xf32>
  return %0 : tensor<3xf32>
}
