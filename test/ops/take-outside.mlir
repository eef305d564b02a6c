// RUN: not weft-run %s --input=3x2xf32=0 --input=2xi32=0,3 2>&1 | FileCheck %s
// RUN: not weft-run %s --input=3x2xf32=0 --input=2xi32=-1,0 2>&1 | FileCheck %s --check-prefix=NEGATIVE
// RUN: not weft-run %s --target=reference --input=3x2xf32=0 --input=2xi32=0,3 2>&1 | FileCheck %s --check-prefix=REFERENCE
//
// An index outside is an error of the run that says the index, and nothing outside the data is read.

// CHECK: index 3 is outside dimension of size 3
// NEGATIVE: index -1 is outside dimension of size 3
// REFERENCE: index 3 at element 1 is outside dimension of size 3
func.func @rows(%x: tensor<3x2xf32>, %i: tensor<2xi32>) -> tensor<2x2xf32> {
  %y = weft.take %x at %i along 0 : (tensor<3x2xf32>, tensor<2xi32>) -> tensor<2x2xf32>
  return %y : tensor<2x2xf32>
}
