// command: build/bin/weft-opt --weft-to-loom /tmp/w/r7015.mlir
func.func @f(%0: tensor<32x2x32xf64>, %1: tensor<32x2x32xf64>, %5: tensor<32x2x32xf64>, %7: tensor<32x2x32xf64>, %12: tensor<32x2x32xf64>, %27: tensor<32x2x32xf64>, %40: tensor<i32>, %55: tensor<32xf64>, %59: tensor<32x3x34xf64>, %70: tensor<32x2x32xf64>, %73: tensor<32xf64>, %41: tensor<i32>) -> (tensor<32x2x32xf64>, tensor<32xf64>, tensor<32xf64>, tensor<32x2x32xf64>) attributes {weft.no_derivative, weft.tolerance = 1.0e-3} {
  %6 = weft.mul %0, %5 : tensor<32x2x32xf64>
  %8 = weft.mul %1, %7 : tensor<32x2x32xf64>
  %42, %43 = weft.while max #weft.dims<(1)> carry(%6, %40) while {
  ^bb0(%44: tensor<32x2x32xf64>, %45: tensor<i32>):
  %46 = weft.compare LT, %45, %41 : tensor<i32>
  weft.yield %46 : tensor<i1>
  } do {
  ^bb0(%47: tensor<32x2x32xf64>, %48: tensor<i32>):
  %49 = weft.slice %47 from <(0, 1, 0)> by [3, 1, 1] : (tensor<32x2x32xf64>) -> tensor<9x1x32xf64>
  %50 = weft.tanh %27 : tensor<32x2x32xf64>
  %51 = weft.constant dense<1> : tensor<i32>
  %52 = weft.add %48, %51 : tensor<i32>
  weft.yield %50, %52 : tensor<32x2x32xf64>, tensor<i32>
  } : (tensor<32x2x32xf64>, tensor<i32>) -> (tensor<32x2x32xf64>, tensor<i32>)
  %58 = weft.softplus %42 : tensor<32x2x32xf64>
  %64, %65 = weft.scan #weft.dims<(32)> reverse carry(%55, %59) over(%12) {
  ^bb0(%60: tensor<i32>, %61: tensor<32xf64>, %62: tensor<32x3x34xf64>, %63: tensor<2x32xf64>):
  %66 = weft.cast %60 : tensor<i32> to tensor<f64>
  %67 = weft.tanh %55 : tensor<32xf64>
  %68 = weft.tanh %62 : tensor<32x3x34xf64>
  weft.yield %67, %68 : tensor<32xf64>, tensor<32x3x34xf64>
  } : (tensor<32xf64>, tensor<32x3x34xf64>, tensor<32x2x32xf64>) -> (tensor<32xf64>, tensor<32x3x34xf64>)
  %71 = weft.sub %58, %70 : tensor<32x2x32xf64>
  %74 = weft.sub %55, %73 : tensor<32xf64>
  %80 = weft.sub %71, %1 : tensor<32x2x32xf64>
  return %8, %64, %74, %80 : tensor<32x2x32xf64>, tensor<32xf64>, tensor<32xf64>, tensor<32x2x32xf64>
}
