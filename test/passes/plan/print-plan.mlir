// RUN: weft-opt %s --form-dispatches --plan-buffers --print-plan -o /dev/null | FileCheck %s

// CHECK: plan of @f: 2 dispatches
// CHECK-NEXT:     0  @map_0         pointwise        f32 [8, 16] in arena 0 + 512  model.cpp:7
// CHECK-NEXT:     1  @reduce_sum_1  weft.reduce_sum  f32 [16, 1] in output 0       model.cpp:9
// CHECK-NEXT: arena 512 bytes, lower bound 512
func.func @f(%x: tensor<8x16xf32>) -> tensor<16x1xf32> {
  %0 = weft.exp %x : tensor<8x16xf32> loc("model.cpp":7:1)
  %1 = weft.reshape %0 : (tensor<8x16xf32>) -> tensor<16x1x8xf32>
  %2 = weft.reduce_sum %1 [2] : (tensor<16x1x8xf32>) -> tensor<16x1xf32> loc("model.cpp":9:1)
  return %2 : tensor<16x1xf32>
}
