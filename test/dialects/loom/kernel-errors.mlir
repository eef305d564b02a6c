// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: weft-opt %s --split-input-file --verify-diagnostics
//
// A kernel is verified behind its body: what is wrong with an op of it is said of that op, and nothing reads it before.

loom.kernel @broadcast {
^bb0(%x: tensor<7x16xf32>, %g: tensor<16xf32>):
  %s = weft.reduce_sum %x [1] : (tensor<7x16xf32>) -> tensor<7xf32>
  %m = weft.reduce_max %x [1] : (tensor<7x16xf32>) -> tensor<7xf32>
  // expected-error @+1 {{broadcast: dims has 3 entries}}
  %b = weft.broadcast %g [0, 1, 2] : (tensor<16xf32>) -> tensor<7x16xf32>
  %y = weft.mul %b, %x : tensor<7x16xf32>
  loom.yield %y, %s, %m : tensor<7x16xf32>, tensor<7xf32>, tensor<7xf32>
}

// -----

loom.kernel @two_ends {
^bb0(%x: tensor<4xf32>):
  // expected-error @+1 {{'loom.yield' op must be the last operation in the parent block}}
  loom.yield %x : tensor<4xf32>
  loom.yield %x : tensor<4xf32>
}

// -----

// expected-error @+1 {{'loom.kernel' op expects a non-empty block}}
loom.kernel @no_end {
^bb0(%x: tensor<4xf32>):
}

// -----

// expected-error @+1 {{'loom.kernel' op must end in loom.yield}}
loom.kernel @another_end {
^bb0(%x: tensor<4xf32>):
  weft.yield %x : tensor<4xf32>
}

// -----

loom.kernel @unverified_window {
^bb0(%x: tensor<4x4xf32>):
  // expected-error @+1 {{transpose}}
  %t = weft.transpose %x [0, 7] : tensor<4x4xf32>
  %s = weft.reduce_sum %t [1] : (tensor<4x4xf32>) -> tensor<4xf32>
  %m = weft.reduce_max %t [1] : (tensor<4x4xf32>) -> tensor<4xf32>
  loom.yield %s, %m : tensor<4xf32>, tensor<4xf32>
}
