// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// .npy files: what weft-run writes it reads, empty arrays too; what others write; and files that are cut off or say of
// themselves what is not so.
//
// RUN: %python %S/Inputs/npy.py %t
// RUN: weft-run %s --function=any --input=2x0xf32=zeros --output=@%t/own.npy
// RUN: weft-run %s --function=any --input=2x0xf32=@%t/own.npy | FileCheck %s --check-prefix=EMPTY
// RUN: weft-run %s --function=any --input=2x0xf32=@%t/empty.npy | FileCheck %s --check-prefix=EMPTY
// EMPTY: {{^}}2x0xf32={{$}}
// RUN: weft-run %s --function=any --input=0x2xf32=@%t/empty_first.npy | FileCheck %s --check-prefix=FIRST
// FIRST: {{^}}0x2xf32={{$}}
// RUN: weft-run %s --function=scalar --input=f32=@%t/scalar.npy | FileCheck %s --check-prefix=SCALAR
// SCALAR: f32=-1
// RUN: weft-run %s --function=vector --input=6xf32=@%t/vector.npy | FileCheck %s --check-prefix=VECTOR
// VECTOR: 6xf32=-1,-2,-3,-4,-5,-6
// RUN: weft-run %s --function=any --input=2x3xf32=@%t/good.npy | FileCheck %s --check-prefix=GOOD
// RUN: weft-run %s --function=any --input=2x3xf32=@%t/version2.npy | FileCheck %s --check-prefix=GOOD
// RUN: weft-run %s --function=any --input=2x3xf32=@%t/version3.npy | FileCheck %s --check-prefix=GOOD
// RUN: weft-run %s --function=any --input=2x3xf32=@%t/tight.npy | FileCheck %s --check-prefix=GOOD
// GOOD: 2x3xf32=-1,-2,-3,-4,-5,-6
//
// RUN: sh %S/exits.sh 1 weft-run %s --function=any --input=2x3xf32=@%t/cut.npy | FileCheck %s --check-prefix=CUT
// CUT: cut.npy{{.*}} has 20 bytes of data for the shape (2, 3)
// RUN: sh %S/exits.sh 1 weft-run %s --function=any --input=2x3xf32=@%t/more.npy | FileCheck %s --check-prefix=MORE
// MORE: more.npy{{.*}} has 25 bytes of data
// RUN: sh %S/exits.sh 1 weft-run %s --function=any --input=2x3xf32=@%t/huge.npy | FileCheck %s --check-prefix=HUGE
// HUGE: huge.npy{{.*}} has 24 bytes of data for the shape (4294967296, 4294967296)
// RUN: sh %S/exits.sh 1 weft-run %s --function=any --input=2x3xf32=@%t/wraps.npy | FileCheck %s --check-prefix=WRAPS
// WRAPS: wraps.npy{{.*}} has 24 bytes of data for the shape (4611686018427387904, 4, 6)
// RUN: sh %S/exits.sh 1 weft-run %s --function=any --input=2x3xf32=@%t/large.npy | FileCheck %s --check-prefix=LARGE
// LARGE: large.npy{{.*}} has 24 bytes of data
// RUN: sh %S/exits.sh 1 weft-run %s --function=any --input=2x3xf32=@%t/negative.npy | FileCheck %s --check-prefix=NEGATIVE
// NEGATIVE: negative.npy{{.*}} its shape has '-2' for a size
// RUN: sh %S/exits.sh 1 weft-run %s --function=any --input=2x3xf32=@%t/word.npy | FileCheck %s --check-prefix=WORD
// WORD: word.npy{{.*}} its shape has 'x' for a size
// RUN: sh %S/exits.sh 1 weft-run %s --function=any --input=2x3xf32=@%t/open.npy | FileCheck %s --check-prefix=OPEN
// OPEN: open.npy{{.*}} lacks the element type, the order or the shape
// RUN: sh %S/exits.sh 1 weft-run %s --function=any --input=2x3xf32=@%t/no_shape.npy | FileCheck %s --check-prefix=NO_SHAPE
// NO_SHAPE: no_shape.npy{{.*}} lacks the element type
// RUN: sh %S/exits.sh 1 weft-run %s --function=any --input=2x3xf32=@%t/no_descr.npy | FileCheck %s --check-prefix=NO_DESCR
// NO_DESCR: no_descr.npy{{.*}} lacks the element type
// RUN: sh %S/exits.sh 1 weft-run %s --function=any --input=2x3xf32=@%t/no_colon.npy | FileCheck %s --check-prefix=NO_COLON
// NO_COLON: no_colon.npy{{.*}} lacks the element type
// RUN: sh %S/exits.sh 1 weft-run %s --function=any --input=2x3xf32=@%t/nothing.npy | FileCheck %s --check-prefix=NOTHING
// NOTHING: nothing.npy{{.*}} lacks the element type
// RUN: sh %S/exits.sh 1 weft-run %s --function=any --input=2x3xf32=@%t/fields.npy | FileCheck %s --check-prefix=FIELDS
// FIELDS: fields.npy{{.*}} elements of several fields
// RUN: sh %S/exits.sh 1 weft-run %s --function=any --input=2x3xf32=@%t/big_endian.npy | FileCheck %s --check-prefix=BIG_ENDIAN
// BIG_ENDIAN: big_endian.npy{{.*}} elements of type '>f4'
// RUN: sh %S/exits.sh 1 weft-run %s --function=any --input=2x3xf32=@%t/object.npy | FileCheck %s --check-prefix=OBJECT
// OBJECT: object.npy{{.*}} elements of type '|O'
// RUN: sh %S/exits.sh 1 weft-run %s --function=any --input=2x3xf32=@%t/fortran.npy | FileCheck %s --check-prefix=FORTRAN
// FORTRAN: fortran.npy{{.*}} is in Fortran order
// RUN: sh %S/exits.sh 1 weft-run %s --function=any --input=2x3xf32=@%t/long_header.npy | FileCheck %s --check-prefix=LONG_HEADER
// LONG_HEADER: long_header.npy{{.*}} its header is cut off
// RUN: sh %S/exits.sh 1 weft-run %s --function=any --input=2x3xf32=@%t/version9.npy | FileCheck %s --check-prefix=VERSION9
// VERSION9: version9.npy{{.*}} version 9; known are 1, 2 and 3
// RUN: sh %S/exits.sh 1 weft-run %s --function=any --input=2x3xf32=@%t/magic.npy | FileCheck %s --check-prefix=MAGIC
// MAGIC: magic.npy{{.*}} is no .npy file
// RUN: sh %S/exits.sh 1 weft-run %s --function=any --input=2x3xf32=@%t/magic1.npy | FileCheck %s --check-prefix=MAGIC1
// MAGIC1: magic1.npy{{.*}} is no .npy file
// RUN: sh %S/exits.sh 1 weft-run %s --function=any --input=2x3xf32=@%t/length.npy | FileCheck %s --check-prefix=LENGTH
// LENGTH: length.npy{{.*}} its header is cut off
// RUN: sh %S/exits.sh 1 weft-run %s --function=any --input=2x3xf32=@%t/void.npy | FileCheck %s --check-prefix=VOID
// VOID: void.npy{{.*}} is no .npy file
// RUN: sh %S/exits.sh 1 weft-run %s --function=any --input=2x3xf32=@%t/empty_huge.npy | FileCheck %s --check-prefix=EMPTY_HUGE
// EMPTY_HUGE: empty_huge.npy{{.*}} holds 9223372036854775807x9223372036854775807x0xf32

!t = tensor<?x?xf32, #weft.dims<[B in 0 to 8, C in 0 to 8] (B, C)>>
func.func @any(%x: !t) -> !t {
  %y = weft.neg %x : !t
  return %y : !t
}
func.func @scalar(%x: tensor<f32>) -> tensor<f32> {
  %y = weft.neg %x : tensor<f32>
  return %y : tensor<f32>
}
func.func @vector(%x: tensor<6xf32>) -> tensor<6xf32> {
  %y = weft.neg %x : tensor<6xf32>
  return %y : tensor<6xf32>
}
