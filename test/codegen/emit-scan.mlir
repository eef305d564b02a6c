// RUN: weft-opt %s --emit-kernels=vector-bytes=32 | FileCheck %s

// Lanes behind the axis: four vectors side by side, each a chain of its own along the axis.
// CHECK-LABEL: func.func private @neighbours
// CHECK: scf.for
// CHECK: scf.for
// CHECK: scf.for {{.*}} iter_args({{.*}}) -> (vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>)
loom.kernel @neighbours {
^bb0(%x: tensor<5x64xf32>):
  %y = weft.cumsum %x 0 : tensor<5x64xf32>
  loom.yield %y : tensor<5x64xf32>
}
// Along the innermost dimension: four rows side by side, and the ones that are left.
// CHECK-LABEL: func.func private @rows
// CHECK: scf.for {{.*}} iter_args({{.*}}) -> (f32, f32, f32, f32)
// CHECK: scf.for {{.*}} iter_args({{.*}}) -> (f32)
loom.kernel @rows {
^bb0(%x: tensor<6x9xbf16>):
  %y = weft.cumsum %x 1 reverse : tensor<6x9xbf16>
  loom.yield %y : tensor<6x9xbf16>
}
