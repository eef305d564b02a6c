// RUN: weft-check-ops %s
//
// A loop that is dead once the loop around it was made smaller: simplify-regions had it in its list still.

func.func @f(%x: tensor<3xf64>, %z: tensor<6xf64>) -> (tensor<3xf64>, tensor<6xf64>) {
  %a, %b = weft.scan #weft.dims<(2)> carry(%x, %z) over() {
  ^bb0(%t: tensor<i32>, %c: tensor<3xf64>, %d: tensor<6xf64>):
    %p, %q = weft.scan #weft.dims<(12)> carry(%x, %z) over() {
    ^bb0(%u: tensor<i32>, %e: tensor<3xf64>, %f: tensor<6xf64>):
      %49 = weft.tanh %c : tensor<3xf64>
      %50 = weft.tanh %f : tensor<6xf64>
      weft.yield %49, %50 : tensor<3xf64>, tensor<6xf64>
    } : (tensor<3xf64>, tensor<6xf64>) -> (tensor<3xf64>, tensor<6xf64>)
    %51 = weft.tanh %p : tensor<3xf64>
    weft.yield %51, %d : tensor<3xf64>, tensor<6xf64>
  } : (tensor<3xf64>, tensor<6xf64>) -> (tensor<3xf64>, tensor<6xf64>)
  return %a, %b : tensor<3xf64>, tensor<6xf64>
}
