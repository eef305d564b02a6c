// RUN: weft-opt %s --emit-kernels --verify-diagnostics

// expected-error @below {{'loom.kernel' op has an epilogue after weft.scatter_add, which takes none}}
loom.kernel @epilogue {
^bb0(%x: tensor<8x4xf32>, %i: tensor<3xi32>, %u: tensor<3x4xf32>):
  %0 = weft.scatter_add %x at %i add %u along 0 : (tensor<8x4xf32>, tensor<3xi32>, tensor<3x4xf32>) -> tensor<8x4xf32>
  %1 = weft.neg %0 : tensor<8x4xf32>
  loom.yield %1 : tensor<8x4xf32>
}
