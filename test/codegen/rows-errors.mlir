// RUN: weft-opt %s --split-input-file --verify-diagnostics
//
// A kernel over rows reads of its reductions only what belongs to the row; anything else would be another row's number.

loom.kernel @other_rows {
^bb0(%x: tensor<16x16xf32>):
  // expected-error @below {{is read from another row than its own in a kernel over rows}}
  %s = weft.reduce_sum %x [1] : (tensor<16x16xf32>) -> tensor<16xf32>
  %r = weft.broadcast %s [1] : (tensor<16xf32>) -> tensor<16x16xf32>
  %y = weft.div %x, %r : tensor<16x16xf32>
  loom.yield %y : tensor<16x16xf32>
}

// -----

// expected-error @below {{has two ops that are not pointwise, and not reductions of the last dimension of one shape: weft.reduce_sum and weft.reduce_max}}
loom.kernel @two_shapes {
^bb0(%x: tensor<4x16xf32>, %z: tensor<4x8xf32>):
  %s = weft.reduce_sum %x [1] : (tensor<4x16xf32>) -> tensor<4xf32>
  %m = weft.reduce_max %z [1] : (tensor<4x8xf32>) -> tensor<4xf32>
  loom.yield %s, %m : tensor<4xf32>, tensor<4xf32>
}

// -----

// expected-error @below {{has two ops that are not pointwise, and no reductions of the same dimensions of one shape: weft.reduce_sum and weft.reduce_max}}
loom.kernel @two_directions {
^bb0(%x: tensor<4x4xf32>):
  %s = weft.reduce_sum %x [1] : (tensor<4x4xf32>) -> tensor<4xf32>
  %m = weft.reduce_max %x [0] : (tensor<4x4xf32>) -> tensor<4xf32>
  loom.yield %s, %m : tensor<4xf32>, tensor<4xf32>
}

// -----

loom.kernel @one_after_the_other {
^bb0(%x: tensor<4x16xf32>):
  %s = weft.reduce_sum %x [0] : (tensor<4x16xf32>) -> tensor<16xf32>
  %b = weft.broadcast %s [1] : (tensor<16xf32>) -> tensor<4x16xf32>
  %d = weft.sub %x, %b : tensor<4x16xf32>
  // expected-error @below {{needs the result of another reduction of its kernel}}
  %m = weft.reduce_max %d [0] : (tensor<4x16xf32>) -> tensor<16xf32>
  loom.yield %m : tensor<16xf32>
}

// -----

// expected-error @below {{yields f32 [16], but its rows are of [4, 16]}}
loom.kernel @column {
^bb0(%x: tensor<4x16xf32>, %b: tensor<16xf32>):
  %s = weft.reduce_sum %x [1] : (tensor<4x16xf32>) -> tensor<4xf32>
  %m = weft.reduce_max %x [1] : (tensor<4x16xf32>) -> tensor<4xf32>
  %n = weft.neg %b : tensor<16xf32>
  loom.yield %s, %m, %n : tensor<4xf32>, tensor<4xf32>, tensor<16xf32>
}
