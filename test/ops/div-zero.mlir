// RUN: not weft-run %s --function=quotient --input=4xi32=7 --input=4xi32=1,2,0,3 2>&1 | FileCheck %s
// RUN: not weft-run %s --function=remainder --input=4xi32=7 --input=4xi32=1,2,0,3 2>&1 | FileCheck %s
// RUN: not weft-run %s --target=reference --function=quotient --input=4xi32=7 --input=4xi32=1,2,0,3 2>&1 | FileCheck %s --check-prefix=REFERENCE
//
// A zero divisor of integers is an error of the run, at the line of the op; of floats it is an infinity.

// CHECK: {{.*}}integer division by zero
// REFERENCE: integer division by zero at element 2
func.func @quotient(%x: tensor<4xi32>, %y: tensor<4xi32>) -> tensor<4xi32> {
  %z = weft.div %x, %y : tensor<4xi32>
  return %z : tensor<4xi32>
}
func.func @remainder(%x: tensor<4xi32>, %y: tensor<4xi32>) -> tensor<4xi32> {
  %z = weft.rem %x, %y : tensor<4xi32>
  return %z : tensor<4xi32>
}
