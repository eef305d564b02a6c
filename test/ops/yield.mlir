// RUN: weft-opt %s | weft-opt | FileCheck %s
// RUN: weft-opt %s --weft-derive | FileCheck %s --check-prefix=GRAD
//
// The end of a region, with its values or with none; it goes away with the region.

// CHECK-LABEL: @values
// CHECK: weft.yield %{{.*}}, %{{.*}} : tensor<3xf32>, tensor<3xi32>
// GRAD-LABEL: @values
// GRAD-NOT: weft.yield
func.func @values(%x: tensor<3xf32>, %n: tensor<3xi32>) -> (tensor<3xf32>, tensor<3xi32>) {
  %y, %m = weft.custom_vjp %x, %n forward {
  ^bb0(%a: tensor<3xf32>, %i: tensor<3xi32>):
    weft.yield %a, %i : tensor<3xf32>, tensor<3xi32>
  } backward {
  ^bb0(%a: tensor<3xf32>, %i: tensor<3xi32>, %c: tensor<3xf32>):
    weft.yield %c : tensor<3xf32>
  } : (tensor<3xf32>, tensor<3xi32>) -> (tensor<3xf32>, tensor<3xi32>)
  return %y, %m : tensor<3xf32>, tensor<3xi32>
}
// CHECK-LABEL: @nothing
// CHECK: weft.yield{{$}}
func.func @nothing(%n: tensor<3xi32>) -> tensor<3xi32> {
  %m = weft.custom_vjp %n forward {
  ^bb0(%i: tensor<3xi32>):
    weft.yield %i : tensor<3xi32>
  } backward {
  ^bb0(%i: tensor<3xi32>):
    weft.yield
  } : (tensor<3xi32>) -> tensor<3xi32>
  return %m : tensor<3xi32>
}
