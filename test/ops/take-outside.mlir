// RUN: not weft-run %s --function=take --input=5xf32=iota --input=3xi32=0,5,1 2>&1 | FileCheck %s
// RUN: not weft-run %s --function=along --input=5xf32=iota --input=3xi32=0,5,1 2>&1 | FileCheck %s
// RUN: not weft-run %s --function=scatter --input=5xf32=iota --input=3xi32=0,5,1 2>&1 | FileCheck %s
// RUN: not weft-run %s --function=take --input=5xf32=iota --input=3xi32=0,-1,1 2>&1 | FileCheck %s --check-prefix=NEGATIVE
// RUN: not weft-run %s --target=reference --function=take --input=5xf32=iota --input=3xi32=0,5,1 2>&1 | FileCheck %s --check-prefix=REFERENCE
//
// An index outside is an error of the run that names it: nothing outside the data is read or written.

// CHECK: index 5 is outside dimension of size 5
// NEGATIVE: index -1 is outside dimension of size 5
// REFERENCE: index 5 at element 1 is outside dimension of size 5
func.func @take(%x: tensor<5xf32>, %i: tensor<3xi32>) -> tensor<3xf32> {
  %y = weft.take %x at %i along 0 : (tensor<5xf32>, tensor<3xi32>) -> tensor<3xf32>
  return %y : tensor<3xf32>
}
func.func @along(%x: tensor<5xf32>, %i: tensor<3xi32>) -> tensor<3xf32> {
  %y = weft.take_along %x at %i along 0 : (tensor<5xf32>, tensor<3xi32>) -> tensor<3xf32>
  return %y : tensor<3xf32>
}
func.func @scatter(%x: tensor<5xf32>, %i: tensor<3xi32>) -> tensor<5xf32> {
  %ones = weft.constant dense<1.0> : tensor<3xf32>
  %y = weft.scatter_add %x at %i add %ones along 0 : (tensor<5xf32>, tensor<3xi32>, tensor<3xf32>) -> tensor<5xf32>
  return %y : tensor<5xf32>
}
