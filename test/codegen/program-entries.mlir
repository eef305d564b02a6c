// RUN: weft-opt %s --weft-dispatch --weft-plan --weft-emit --weft-llvm | FileCheck %s --implicit-check-not=@map_1 --implicit-check-not=@weft_constant_1

// Two functions of a module share the kernel that both run and the constant that both read; each has its own program.
// CHECK-DAG: llvm.func internal @map_0(
// CHECK-DAG: llvm.func internal @map_0_task(
// CHECK-DAG: llvm.func @train_run
// CHECK-DAG: llvm.func @predict_run
// CHECK-DAG: llvm.mlir.global external constant @train_program
// CHECK-DAG: llvm.mlir.global external constant @predict_program
// CHECK-DAG: llvm.mlir.global internal constant @weft_constant_0
func.func @train(%x: tensor<4xf32>, %w: tensor<4xf32>) -> (tensor<4xf32>, tensor<f32>) {
  %c = weft.constant dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32>
  %p = weft.mul %x, %c : tensor<4xf32>
  %t = weft.tanh %p : tensor<4xf32>
  %s = weft.reduce_sum %w [0] : (tensor<4xf32>) -> tensor<f32>
  return %t, %s : tensor<4xf32>, tensor<f32>
}
func.func @predict(%x: tensor<4xf32>) -> tensor<4xf32> {
  %c = weft.constant dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32>
  %p = weft.mul %x, %c : tensor<4xf32>
  %t = weft.tanh %p : tensor<4xf32>
  return %t : tensor<4xf32>
}
