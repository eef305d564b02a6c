// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Output that does not arrive is an error, and leaves no file that is cut off, nor the old one damaged.
//
// RUN: sh %S/exits.sh 1 sh -c 'weft-run %s --function=f --input=2x3xf32=1 > /dev/full' | FileCheck %s --check-prefix=FULL
// RUN: sh %S/exits.sh 1 sh -c 'weft-run %s --function=f --input=2x3xf32=1 --json > /dev/full' | FileCheck %s --check-prefix=FULL
// RUN: sh %S/exits.sh 1 sh -c 'weft-run %s --function=f --print-plan > /dev/full' | FileCheck %s --check-prefix=FULL
// FULL: weft-run: standard output cannot be written: No space left on device
// RUN: sh %S/exits.sh 1 sh -c 'weft-opt %s > /dev/full' | FileCheck %s --check-prefix=OPT
// RUN: sh %S/exits.sh 1 sh -c 'weft-opt %s -o /dev/full' | FileCheck %s --check-prefix=OPTFILE
// RUN: sh %S/exits.sh 1 sh -c 'weft-opt --list-ops > /dev/full' | FileCheck %s --check-prefix=LIST
// OPT: -: cannot be written: No space left on device
// OPTFILE: /dev/full: cannot be written: No space left on device
// LIST: weft-opt: standard output cannot be written: No space left on device
// RUN: sh %S/exits.sh 1 weft-run %s --function=f --input=2x3xf32=1 --output=@/dev/full | FileCheck %s --check-prefix=OPTFILE
// RUN: sh %S/exits.sh 1 weft-run %s --function=f --emit-object=/dev/full | FileCheck %s --check-prefix=OPTFILE
//
// A limit on files cuts a file off: what was there stays, whole.
// RUN: rm -rf %t && mkdir %t && echo old > %t/y.npy
// RUN: sh %S/exits.sh 1 sh -c 'ulimit -f 1; weft-run %s --function=large --no-cache --output=@%t/y.npy' | FileCheck %s --check-prefix=LIMIT
// RUN: sh %S/exits.sh 1 sh -c 'ulimit -f 1; weft-run %s --function=large --no-cache --emit-object=%t/y.o' | FileCheck %s --check-prefix=LIMIT
// LIMIT: cannot be written: File too large
// RUN: ls %t | FileCheck %s --check-prefix=LEFT --implicit-check-not='{{[a-z]}}'
// RUN: cat %t/y.npy | FileCheck %s --check-prefix=OLD
// LEFT: y.npy
// OLD: old
//
// A reader that has seen enough is no mistake of ours: no reproducer.
// RUN: cd %t && sh -c 'weft-run %s --function=large --no-cache | head -c 10' | FileCheck %s --check-prefix=HEAD
// RUN: not ls %t/weft-run-reproducer-*
// HEAD: 64x64xf32=
//
// Behind a link it is the file that is written.
// RUN: ln -s %t/y.npy %t/link.npy
// RUN: weft-run %s --function=f --input=2x3xf32=1 --output=@%t/link.npy && test -L %t/link.npy && test ! -L %t/y.npy
// RUN: weft-run %s --function=f --input=2x3xf32=@%t/y.npy | FileCheck %s --check-prefix=BACK
// BACK: 2x3xf32=1,1,1,1,1,1

func.func @f(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %y = weft.neg %x : tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}
func.func @large() -> tensor<64x64xf32> {
  %y = weft.iota 1 : tensor<64x64xf32>
  return %y : tensor<64x64xf32>
}
