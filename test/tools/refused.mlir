// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What is asked for and cannot be had is an error of the user (1, or 2 for the options), with the place in the file: no
// crash, no reproducer, no "please report".
//
// IR that a later stage has made, and IR of other dialects.
// RUN: split-file %s %t && cd %t
// RUN: sh %S/exits.sh 1 weft-run dispatched.mlir --input=4xf32=iota | FileCheck %s --check-prefix=DISPATCHED
// RUN: sh %S/exits.sh 1 weft-run dispatched.mlir --input=4xf32=iota --target=reference | FileCheck %s --check-prefix=REFERENCE
// DISPATCHED: dispatched.mlir:1: error: 'loom.kernel' op is no op of a graph: expected functions of weft ops, before they are cut into kernels
// REFERENCE: error:
// RUN: sh %S/exits.sh 1 weft-run arith.mlir --input=4xf32=iota | FileCheck %s --check-prefix=ARITH
// ARITH: arith.mlir:2: error: 'arith.addf' op is no op of a graph
// RUN: sh %S/exits.sh 1 weft-run blocks.mlir --input=4xf32=iota | FileCheck %s --check-prefix=BLOCKS
// BLOCKS: blocks.mlir:2: error: 'cf.br' op is no op of a graph
// RUN: sh %S/exits.sh 1 weft-run ends.mlir --input=4xf32=iota | FileCheck %s --check-prefix=ENDS
// ENDS: ends.mlir:1: error: 'func.func' op is no graph: expected one block that ends in return
// RUN: sh %S/exits.sh 1 weft-run outside.mlir --input=4xf32=iota | FileCheck %s --check-prefix=OUTSIDE
// OUTSIDE: outside.mlir:1: error: 'weft.constant' op is no op of a graph
//
// Arrays that no machine holds (under the address sanitizer new does not throw, it ends the process), as inputs and as results of any size in between.
// RUN: sh %S/exits.sh 1 weft-run neg.mlir --input=4611686018427387904xf32=zeros | FileCheck %s --check-prefix=INPUT
// RUN: sh %S/exits.sh 1 weft-run neg.mlir --input=4611686018427387904x8xf32=zeros | FileCheck %s --check-prefix=INPUT
// INPUT: weft-run: --input={{.*}}: no memory holds such an array
// RUN: %if sanitize %{ %} %else %{ sh %S/exits.sh 1 weft-run neg.mlir --input=1099511627776xf32=zeros | FileCheck %s --check-prefix=MEMORY %}
// RUN: %if sanitize %{ %} %else %{ sh %S/exits.sh 1 weft-run grows.mlir --input=2xf32=zeros | FileCheck %s --check-prefix=MEMORY %}
// RUN: %if sanitize %{ %} %else %{ sh %S/exits.sh 1 weft-run grows.mlir --input=2xf32=zeros --target=reference | FileCheck %s --check-prefix=MEMORY %}
// MEMORY: weft-run: out of memory
//
// Options.
// RUN: sh %S/exits.sh 2 weft-run neg.mlir --threads=-1 | FileCheck %s --check-prefix=THREADS
// RUN: sh %S/exits.sh 2 weft-run neg.mlir --threads=100000 | FileCheck %s --check-prefix=THREADS
// THREADS: weft-run: --threads={{.*}}: expected 0 to 1024
// RUN: sh %S/exits.sh 1 weft-run neg.mlir --input=4xf32=iota --cpu=nonesuch | FileCheck %s --check-prefix=CPU
// CPU: error: unknown processor 'nonesuch'
// No processor has all of what these two are named for: one of them is always another.
// RUN: sh %S/exits.sh 1 sh -c "weft-run neg.mlir --input=4xf32=iota --cpu=sapphirerapids && weft-run neg.mlir --input=4xf32=iota --cpu=bdver4" | FileCheck %s --check-prefix=OTHER
// OTHER: weft-run: --cpu={{.*}}: this processor lacks {{.*}}: code for another one is written by --emit-object, not run
// RUN: weft-run neg.mlir --emit-object=neg.o --cpu=sapphirerapids
//
// RUN: not ls %t/weft-run-reproducer-*

//--- dispatched.mlir
loom.kernel @k {
^bb0(%x: tensor<4xf32>):
  %y = weft.neg %x : tensor<4xf32>
  loom.yield %y : tensor<4xf32>
}
func.func @streamed(%x: tensor<4xf32>) -> tensor<4xf32> {
  %y = loom.dispatch @k(%x) : (tensor<4xf32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}
//--- arith.mlir
func.func @f(%x: tensor<4xf32>) -> tensor<4xf32> {
  %y = arith.addf %x, %x : tensor<4xf32>
  return %y : tensor<4xf32>
}
//--- blocks.mlir
func.func @f(%x: tensor<4xf32>) -> tensor<4xf32> {
  cf.br ^bb1
^bb1:
  return %x : tensor<4xf32>
}
//--- ends.mlir
func.func @f(%x: tensor<4xf32>) -> tensor<4xf32> {
  weft.yield %x : tensor<4xf32>
}
//--- outside.mlir
%y = weft.constant dense<0.0> : tensor<4xf32>
func.func @f(%x: tensor<4xf32>) -> tensor<4xf32> {
  return %x : tensor<4xf32>
}
//--- neg.mlir
!t = tensor<?xf32, #weft.dims<[B in 0 to 1099511627776] (B)>>
func.func @f(%x: !t) -> !t {
  %y = weft.neg %x : !t
  return %y : !t
}
//--- grows.mlir
!t = tensor<?xf32, #weft.dims<[B in 0 to 4] (B)>>
!u = tensor<?x1099511627776xf32, #weft.dims<[B in 0 to 4] (B, 1099511627776)>>
func.func @f(%x: !t) -> !u {
  %y = weft.broadcast %x [0] : (!t) -> !u
  return %y : !u
}
