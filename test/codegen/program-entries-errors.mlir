// RUN: weft-opt %s --weft-dispatch --weft-plan --weft-emit --weft-llvm --verify-diagnostics

// expected-error @below {{program f needs the symbol f_run, which another function of the module has: rename one of them}}
func.func @f(%x: tensor<4xf32>) -> tensor<4xf32> {
  %y = weft.neg %x : tensor<4xf32>
  return %y : tensor<4xf32>
}
func.func @f_run(%x: tensor<4xf32>) -> tensor<4xf32> {
  %y = weft.tanh %x : tensor<4xf32>
  return %y : tensor<4xf32>
}
