// Every way to ask for what cannot be: the message, and 1 for a mistake in what is run, 2 for one in how it is asked.
//
// RUN: sh %S/exits.sh 0 weft-run %s --function=f --input=2x4xf32=1 | FileCheck %s --check-prefix=FINE
// FINE: 2x4xf32=0,0,0,0,0,0,0,0
//
// RUN: sh %S/exits.sh 1 weft-run %s --function=f --input=9x4xf32=1 | FileCheck %s --check-prefix=BOUNDS
// BOUNDS: error: f: input 0: expected f32 [B, 4] with B in 1..8, got f32 [9, 4]: dimension B = 9 is outside its bounds 1..8
// RUN: sh %S/exits.sh 1 weft-run %s --function=f --input=2x5xf32=1 | FileCheck %s --check-prefix=SIZE
// SIZE: error: f: input 0: expected f32 [B, 4] with B in 1..8, got f32 [2, 5]: dimension 1 = 5 is not 4
// RUN: sh %S/exits.sh 1 weft-run %s --function=f --input=2x4xf64=1 | FileCheck %s --check-prefix=TYPE
// TYPE: error: f: input 0: expected f32 [B, 4] with B in 1..8, got f64 [2, 4]: dtype f64 is not f32
// RUN: sh %S/exits.sh 1 weft-run %s --function=f --input=8xf32=1 | FileCheck %s --check-prefix=RANK
// RANK: error: f: input 0: expected f32 [B, 4] with B in 1..8, got f32 [8]: rank 1 is not 2
// RUN: sh %S/exits.sh 1 weft-run %s --function=f | FileCheck %s --check-prefix=NUMBER
// NUMBER: error: f: expected 1 input, got 0
//
// RUN: sh %S/exits.sh 1 weft-run %s --function=f --input=2x4xf32=0 --check-finite | FileCheck %s --check-prefix=FINITE
// FINITE: weft-run-errors.mlir:[[#@LINE+41]]: log: element 0 of the result is not finite
// RUN: sh %S/exits.sh 1 weft-run %s --function=pick --input=4xf32=1 --input=2xi32=0,4 | FileCheck %s --check-prefix=INDEX
// INDEX: weft-run-errors.mlir:[[#@LINE+43]]: take: index 4 is outside dimension of size 4
//
// RUN: sh %S/exits.sh 1 weft-run %s | FileCheck %s --check-prefix=WHICH
// WHICH: weft-run: the file has 2 functions: name one with --function
// RUN: sh %S/exits.sh 1 weft-run %s --function=g | FileCheck %s --check-prefix=NONE
// NONE: weft-run: no function 'g'; the file has: f pick
// RUN: sh %S/exits.sh 1 weft-run %t.none.mlir | FileCheck %s --check-prefix=FILE
// FILE: weft-run: {{.*}}none.mlir: cannot be read: No such file or directory
// RUN: echo "func.func @f(" > %t.bad.mlir
// RUN: sh %S/exits.sh 1 weft-run %t.bad.mlir | FileCheck %s --check-prefix=PARSE
// PARSE: bad.mlir:1:14: error:
//
// RUN: sh %S/exits.sh 1 weft-run %s --function=f --input=2x4xf33=zeros | FileCheck %s --check-prefix=ELEMENT
// ELEMENT: weft-run: --input=2x4xf33=zeros: 'f33' is no element type; expected e.g. 4x8xf32=@x.npy
// RUN: sh %S/exits.sh 1 weft-run %s --function=f --input=2x4xf32=1,2,3 | FileCheck %s --check-prefix=VALUES
// VALUES: weft-run: --input=2x4xf32=1,2,3: 3 values for 8 elements
// RUN: sh %S/exits.sh 1 weft-run %s --function=f --input=2x4xf32=@%t.none.npy | FileCheck %s --check-prefix=NPY
// NPY: none.npy: cannot be read: No such file or directory
// RUN: sh %S/exits.sh 1 weft-run %s --function=f --input=2x4xf32=@%t.bad.mlir | FileCheck %s --check-prefix=JUNK
// JUNK: is no .npy file
// RUN: sh %S/exits.sh 1 weft-run %s --function=f --input=2x4xf32=1 --output=@%t.none/y.npy | FileCheck %s --check-prefix=WRITE
// WRITE: y.npy: cannot be written: No such file or directory
// RUN: sh %S/exits.sh 1 weft-run %s --function=f --input=2x4xf32=1 --output=@%t.y.npy --output=@%t.z.npy | FileCheck %s --check-prefix=OUTPUTS
// OUTPUTS: weft-run: 2 --output for 1 outputs
//
// RUN: sh %S/exits.sh 2 weft-run %s --bogus | FileCheck %s --check-prefix=OPTION
// OPTION: Unknown command line argument '--bogus'
// RUN: sh %S/exits.sh 2 weft-run %s --opt=7 | FileCheck %s --check-prefix=OPT
// OPT: weft-run: --opt=7: expected 0 to 3
// RUN: sh %S/exits.sh 2 weft-run %s --target=gpu | FileCheck %s --check-prefix=TARGET
// TARGET: weft-run: --target=gpu: expected cpu or reference
// RUN: sh %S/exits.sh 2 weft-run %s --dump-after=never | FileCheck %s --check-prefix=STAGE
// STAGE: weft-run: --dump-after=never: expected derive, simplify, dispatch, plan, emit, llvm or all
// RUN: sh %S/exits.sh 2 weft-opt %s --bogus | FileCheck %s --check-prefix=OPTION
// RUN: sh %S/exits.sh 1 weft-opt %t.none.mlir | FileCheck %s --check-prefix=OPTFILE
// OPTFILE: none.mlir: cannot be read: No such file or directory

!rows = tensor<?x4xf32, #weft.dims<[B in 1 to 8] (B, 4)>>
func.func @f(%x: !rows) -> !rows {
  %0 = weft.log %x : !rows
  return %0 : !rows
}
func.func @pick(%x: tensor<4xf32>, %i: tensor<2xi32>) -> tensor<2xf32> {
  %0 = weft.take %x at %i along 0 : (tensor<4xf32>, tensor<2xi32>) -> tensor<2xf32>
  return %0 : tensor<2xf32>
}
