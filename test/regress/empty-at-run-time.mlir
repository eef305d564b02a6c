// RUN: weft-check-ops %s
// RUN: env WEFT_CHECK_OPT=0 weft-check-ops %s
// RUN: not weft-run %s --function=take --opt=0 --input=0x5xf64=zeros --input=1x5xf64=zeros --input=3xi32=zeros 2>&1 | FileCheck %s --check-prefix=TAKE
// RUN: not weft-run %s --function=scatter --opt=0 --input=0x5xf64=zeros --input=1x5xf64=zeros --input=3xi32=zeros --input=3x5xf64=1 2>&1 | FileCheck %s --check-prefix=SCATTER
//
// Ops that read at places moved into bounds read nothing of an operand that turns out to have no elements.

!none = tensor<?x5xf64, #weft.dims<[U in 1 to 64] (U - 1, 5)>>
!u = tensor<?x5xf64, #weft.dims<[U in 1 to 64] (U, 5)>>
!two = tensor<?x5xf64, #weft.dims<[U in 1 to 64] (U * 2 - 1, 5)>>

func.func @pad(%x: !none {weft.input = "0x5xf64=zeros"}, %y: !u {weft.input = "1x5xf64=normal:2"}) -> !u {
  %z = weft.constant dense<0.5> : tensor<f64>
  %0 = weft.pad %x, %z low <(1, 0)> interior [0, 0] : (!none, tensor<f64>) -> !u
  %1 = weft.mul %0, %y : !u
  return %1 : !u
}
func.func @concatenate(%x: !none {weft.input = "0x5xf64=zeros"}, %y: !u {weft.input = "1x5xf64=normal:2"}) -> !two {
  %0 = weft.concatenate %x, %y along 0 : (!none, !u) -> !two
  return %0 : !two
}
// TAKE: take: index 0 is outside dimension of size U - 1
func.func @take(%x: !none, %y: !u, %i: tensor<3xi32>) -> tensor<3x5xf64> attributes {weft.unchecked} {
  %0 = weft.take %x at %i along 0 : (!none, tensor<3xi32>) -> tensor<3x5xf64>
  return %0 : tensor<3x5xf64>
}
// SCATTER: scatter_add: index 0 is outside a dimension of size U - 1
func.func @scatter(%x: !none, %y: !u, %i: tensor<3xi32>, %u: tensor<3x5xf64>) -> !none attributes {weft.unchecked} {
  %0 = weft.scatter_add %x at %i add %u along 0 : (!none, tensor<3xi32>, tensor<3x5xf64>) -> !none
  return %0 : !none
}
