// RUN: not weft-run %s --input=2x3xf32=0 --input=2xi32=0,3 2>&1 | FileCheck %s
// RUN: not weft-run %s --input=2x3xf32=0 --input=2xi32=0,-1 2>&1 | FileCheck %s --check-prefix=NEGATIVE
// RUN: not weft-run %s --target=reference --input=2x3xf32=0 --input=2xi32=0,3 2>&1 | FileCheck %s --check-prefix=REFERENCE
//
// A label that is no class is an error of the run with the label in it, and nothing outside the logits is read.

// CHECK: cross_entropy: index 3 is outside dimension of size 3
// NEGATIVE: index -1 is outside dimension of size 3
// REFERENCE: label 3 of row 1 is outside dimension of size 3
func.func @loss(%x: tensor<2x3xf32>, %labels: tensor<2xi32>) -> tensor<2xf32> {
  %y = weft.cross_entropy %x, %labels : (tensor<2x3xf32>, tensor<2xi32>) -> tensor<2xf32>
  return %y : tensor<2xf32>
}
