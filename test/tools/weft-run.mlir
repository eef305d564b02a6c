// What a function is run on, and what comes out of it.
//
// RUN: weft-run %s --function=affine --input=2x4xf32=iota --input=4x3xf32=1 --input=3xf32=0,0.5,-1 | FileCheck %s
// CHECK: 2x3xf32=6,6.5,5,22,22.5,21
//
// RUN: weft-run %s --function=affine --input=2x4xf32=iota --input=4x3xf32=1 --input=3xf32=zeros --json | FileCheck %s --check-prefix=JSON
// JSON: "type": "2x3xf32"
// JSON: "shape": [
// JSON-NEXT: 2,
// JSON-NEXT: 3
// JSON: "values": [
// JSON-NEXT: 6,
//
// A file keeps every bit, and goes in where it came out.
// RUN: weft-run %s --function=same --input=7x4xf32=normal:3 --output=@%t.a.npy
// RUN: weft-run %s --function=same --input=7x4xf32=@%t.a.npy --output=@%t.b.npy
// RUN: cmp %t.a.npy %t.b.npy
// RUN: weft-run %s --function=same --input=7x4xf32=normal:4 --output=@%t.c.npy
// RUN: not cmp %t.a.npy %t.c.npy
//
// The number of threads changes no bit; the reference and every level of optimisation agree where sums are exact.
// RUN: weft-run %s --function=affine --threads=1 --input=129x4xf32=normal:1 --input=4x3xf32=normal:2 --input=3xf32=normal:3 --output=@%t.1.npy
// RUN: weft-run %s --function=affine --threads=2 --input=129x4xf32=normal:1 --input=4x3xf32=normal:2 --input=3xf32=normal:3 --output=@%t.2.npy
// RUN: weft-run %s --function=affine --threads=7 --input=129x4xf32=normal:1 --input=4x3xf32=normal:2 --input=3xf32=normal:3 --output=@%t.7.npy
// RUN: cmp %t.1.npy %t.2.npy
// RUN: cmp %t.1.npy %t.7.npy
// RUN: weft-run %s --function=affine --target=reference --input=5x4xf32=iota --input=4x3xf32=iota --input=3xf32=1 --output=@%t.r.npy
// RUN: weft-run %s --function=affine --opt=0 --input=5x4xf32=iota --input=4x3xf32=iota --input=3xf32=1 --output=@%t.o0.npy
// RUN: weft-run %s --function=affine --opt=1 --input=5x4xf32=iota --input=4x3xf32=iota --input=3xf32=1 --output=@%t.o1.npy
// RUN: weft-run %s --function=affine --opt=2 --input=5x4xf32=iota --input=4x3xf32=iota --input=3xf32=1 --output=@%t.o2.npy
// RUN: weft-run %s --function=affine --opt=3 --input=5x4xf32=iota --input=4x3xf32=iota --input=3xf32=1 --output=@%t.o3.npy
// RUN: cmp %t.r.npy %t.o0.npy
// RUN: cmp %t.r.npy %t.o1.npy
// RUN: cmp %t.r.npy %t.o2.npy
// RUN: cmp %t.r.npy %t.o3.npy
//
// Both ends of a dimension's bounds are inside.
// RUN: weft-run %s --function=affine --input=1x4xf32=uniform:1 --input=4x3xf32=zeros --input=3xf32=7 | FileCheck %s --check-prefix=ONE
// ONE: 1x3xf32=7,7,7
//
// The gradient of a function, asked for in the file.
// RUN: weft-run %s --function=slope --input=3xf64=1,2,3 --input=3xf64=1 | FileCheck %s --check-prefix=SLOPE
// SLOPE: 3xf64=1,4,9
// SLOPE: 3xf64=2,4,6

!x = tensor<?x4xf32, #weft.dims<[B in 1 to 200] (B, 4)>>
!y = tensor<?x3xf32, #weft.dims<[B in 1 to 200] (B, 3)>>
func.func @affine(%x: !x, %w: tensor<4x3xf32>, %b: tensor<3xf32>) -> !y {
  %0 = weft.contract "bi,ij->bj", %x, %w : (!x, tensor<4x3xf32>) -> !y
  %1 = weft.broadcast %b [1] : (tensor<3xf32>) -> !y
  %2 = weft.add %0, %1 : !y
  return %2 : !y
}
func.func @same(%x: !x) -> !x {
  %0 = weft.copy %x : !x
  return %0 : !x
}
func.func @square(%x: tensor<3xf64>) -> tensor<3xf64> {
  %0 = weft.mul %x, %x : tensor<3xf64>
  return %0 : tensor<3xf64>
}
func.func @slope(%x: tensor<3xf64>, %ct: tensor<3xf64>) -> (tensor<3xf64>, tensor<3xf64>) {
  %y, %dx = weft.vjp @square(%x, %ct) : (tensor<3xf64>, tensor<3xf64>) -> (tensor<3xf64>, tensor<3xf64>)
  return %y, %dx : tensor<3xf64>, tensor<3xf64>
}
