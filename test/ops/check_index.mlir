// RUN: weft-opt %s | weft-opt | FileCheck %s
// RUN: weft-check-ops %s
// RUN: not weft-run %s --function=check --input=3xi32=0,5,2 2>&1 | FileCheck %s --check-prefix=OUTSIDE
// RUN: not weft-run %s --function=check_or_negative --input=2xi64=-1,4294967296 2>&1 | FileCheck %s --check-prefix=NEGATIVE
//
// Indices as they stand; one outside is an error of the call.

// CHECK-LABEL: @fine
// CHECK: weft.check_index %arg0 in <(5)> of "update" : tensor<3xi32>
// CHECK: weft.check_index %arg1 in <(200)> of "update" or_negative : tensor<2xi8>
func.func @fine(%i: tensor<3xi32> {weft.input = "3xi32=0,4,2"}, %j: tensor<2xi8> {weft.input = "2xi8=-1,127"}, %k: tensor<2xi64> {weft.input = "2xi64=-9223372036854775808,1"}) -> (tensor<3xi32>, tensor<2xi8>, tensor<2xi64>) {
  %a = weft.check_index %i in <(5)> of "update" : tensor<3xi32>
  %b = weft.check_index %j in <(200)> of "update" or_negative : tensor<2xi8>
  %c = weft.check_index %k in <(2)> of "update" or_negative : tensor<2xi64>
  return %a, %b, %c : tensor<3xi32>, tensor<2xi8>, tensor<2xi64>
}
// OUTSIDE: update: index 5 is outside dimension of size 5
func.func @check(%i: tensor<3xi32>) -> tensor<3xi32> attributes {weft.unchecked} {
  %a = weft.check_index %i in <(5)> of "update" : tensor<3xi32>
  return %a : tensor<3xi32>
}
// NEGATIVE: update: index 2147483647 is outside dimension of size 2
func.func @check_or_negative(%i: tensor<2xi64>) -> tensor<2xi64> attributes {weft.unchecked} {
  %a = weft.check_index %i in <(2)> of "update" or_negative : tensor<2xi64>
  return %a : tensor<2xi64>
}
