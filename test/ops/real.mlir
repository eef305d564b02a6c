// RUN: weft-opt %s | weft-opt | FileCheck %s
// RUN: weft-opt %s --split-complex --canonicalize --cse | FileCheck %s --check-prefix=SPLIT
//
// Complex arguments and results of a function keep their layout, the parts of an element side by side; inside there are only parts.

!c = tensor<3xcomplex<f32>>

// CHECK-LABEL: @square
// CHECK: weft.mul %arg0, %arg0 : tensor<3xcomplex<f32>>
// CHECK: weft.real %{{.*}} : (tensor<3xcomplex<f32>>) -> tensor<3xf32>
// SPLIT-LABEL: @square(%arg0: tensor<3x2xf32> {weft.complex, weft.name = "z"}) -> (tensor<3x2xf32> {weft.complex}, tensor<3xf32>)
// SPLIT-DAG: %[[A2:.*]] = weft.slice %arg0 from <(0, 0)> by [1, 1] : (tensor<3x2xf32>) -> tensor<3x1xf32>
// SPLIT-DAG: %[[B2:.*]] = weft.slice %arg0 from <(0, 1)> by [1, 1] : (tensor<3x2xf32>) -> tensor<3x1xf32>
// SPLIT-DAG: %[[A:.*]] = weft.reshape %[[A2]] : (tensor<3x1xf32>) -> tensor<3xf32>
// SPLIT-DAG: %[[B:.*]] = weft.reshape %[[B2]] : (tensor<3x1xf32>) -> tensor<3xf32>
// SPLIT-DAG: %[[AA:.*]] = weft.mul %[[A]], %[[A]] : tensor<3xf32>
// SPLIT-DAG: %[[BB:.*]] = weft.mul %[[B]], %[[B]] : tensor<3xf32>
// SPLIT-DAG: %[[AB:.*]] = weft.mul %[[A]], %[[B]] : tensor<3xf32>
// SPLIT-DAG: %[[RE:.*]] = weft.sub %[[AA]], %[[BB]] : tensor<3xf32>
// SPLIT-DAG: %[[IM:.*]] = weft.add %[[AB]], %{{.*}} : tensor<3xf32>
// SPLIT: weft.concatenate
// SPLIT-NOT: complex
// SPLIT: return %{{.*}}, %[[RE]] : tensor<3x2xf32>, tensor<3xf32>
func.func @square(%z: !c {weft.name = "z"}) -> (!c, tensor<3xf32>) {
  %w = weft.mul %z, %z : !c
  %re = weft.real %w : (!c) -> tensor<3xf32>
  return %w, %re : !c, tensor<3xf32>
}
// A real number times a complex one is two products, and its sum with one one sum.
// SPLIT-LABEL: @scaled
// SPLIT-COUNT-2: weft.mul
// SPLIT-NOT: weft.mul
func.func @scaled(%z: !c, %k: tensor<3xf32>) -> !c {
  %c = weft.cast %k : tensor<3xf32> to !c
  %w = weft.mul %z, %c : !c
  return %w : !c
}
