// RUN: weft-opt %s --split-input-file --plan-buffers --verify-diagnostics

// expected-error @+1 {{'func.func' op result 0 is not the result of a dispatch of its own: dispatches are formed first}}
func.func @early(%x: tensor<8xf32>) -> tensor<8xf32> {
  return %x : tensor<8xf32>
}

// -----

loom.kernel @map_0 {
^bb0(%x: tensor<f32>):
  %0 = weft.broadcast %x [] : (tensor<f32>) -> tensor<4000000000x4000000000xf32>
  loom.yield %0 : tensor<4000000000x4000000000xf32>
}
loom.kernel @reduce_sum_1 {
^bb0(%x: tensor<4000000000x4000000000xf32>):
  %0 = weft.reduce_sum %x [0, 1] : (tensor<4000000000x4000000000xf32>) -> tensor<f32>
  loom.yield %0 : tensor<f32>
}
func.func @huge(%x: tensor<f32>) -> tensor<f32> {
  // expected-error @+1 {{'loom.dispatch' op has a result too large for any memory: f32 [4000000000, 4000000000]}}
  %0 = loom.dispatch @map_0(%x) : (tensor<f32>) -> tensor<4000000000x4000000000xf32>
  %1 = loom.dispatch @reduce_sum_1(%0) : (tensor<4000000000x4000000000xf32>) -> tensor<f32>
  return %1 : tensor<f32>
}
