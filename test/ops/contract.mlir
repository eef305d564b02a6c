// RUN: weft-opt %s | weft-opt | FileCheck %s
// RUN: weft-opt %s --weft-derive --canonicalize --cse | FileCheck %s --check-prefix=GRAD
// RUN: weft-check-ops %s
//
// Sums of products over shared labels: every class of label, and every order that a transposed matrix product takes.

!b = tensor<?x5xf64, #weft.dims<[B in 1 to 64] (B, 5)>>
!b3 = tensor<?x3xf64, #weft.dims<[B in 1 to 64] (B, 3)>>
!bb = tensor<?x?xf64, #weft.dims<[B in 1 to 64] (B, B)>>

// CHECK-LABEL: @matmul
// CHECK: weft.contract "ik,kj->ij", %arg0, %arg1 : (tensor<3x5xf64>, tensor<5x17xf64>) -> tensor<3x17xf64>
func.func @matmul(%a: tensor<3x5xf64>, %b: tensor<5x17xf64>) -> tensor<3x17xf64> {
  %c = weft.contract "ik,kj->ij", %a, %b : (tensor<3x5xf64>, tensor<5x17xf64>) -> tensor<3x17xf64>
  return %c : tensor<3x17xf64>
}
func.func @transposed(%a: tensor<5x7xf64>, %b: tensor<17x5xf64>, %c: tensor<7x5xf64>) -> (tensor<7x17xf64>, tensor<17x7xf64>, tensor<7x17xf64>) {
  %x = weft.contract "ki,jk->ij", %a, %b : (tensor<5x7xf64>, tensor<17x5xf64>) -> tensor<7x17xf64>
  %y = weft.contract "ki,jk->ji", %a, %b : (tensor<5x7xf64>, tensor<17x5xf64>) -> tensor<17x7xf64>
  %z = weft.contract "ik,jk->ij", %c, %b : (tensor<7x5xf64>, tensor<17x5xf64>) -> tensor<7x17xf64>
  return %x, %y, %z : tensor<7x17xf64>, tensor<17x7xf64>, tensor<7x17xf64>
}
func.func @batched(%a: tensor<2x3x5xf64>, %b: tensor<2x5x4xf64>) -> (tensor<2x3x4xf64>, tensor<3x2x4xf64>) {
  %x = weft.contract "bik,bkj->bij", %a, %b : (tensor<2x3x5xf64>, tensor<2x5x4xf64>) -> tensor<2x3x4xf64>
  %y = weft.contract "bik,bkj->ibj", %a, %b : (tensor<2x3x5xf64>, tensor<2x5x4xf64>) -> tensor<3x2x4xf64>
  return %x, %y : tensor<2x3x4xf64>, tensor<3x2x4xf64>
}
// As attention has it: two batch labels that do not come first.
func.func @heads(%q: tensor<2x3x2x4xf64>, %k: tensor<2x5x2x4xf64>) -> tensor<2x2x3x5xf64> {
  %s = weft.contract "bthd,bshd->bhts", %q, %k : (tensor<2x3x2x4xf64>, tensor<2x5x2x4xf64>) -> tensor<2x2x3x5xf64>
  return %s : tensor<2x2x3x5xf64>
}
func.func @vectors(%a: tensor<17xf64>, %b: tensor<17xf64>, %m: tensor<3x17xf64>, %s: tensor<f64>) -> (tensor<f64>, tensor<17x17xf64>, tensor<17xf64>, tensor<3xf64>, tensor<17xf64>) {
  %dot = weft.contract "i,i->", %a, %b : (tensor<17xf64>, tensor<17xf64>) -> tensor<f64>
  %outer = weft.contract "i,j->ij", %a, %b : (tensor<17xf64>, tensor<17xf64>) -> tensor<17x17xf64>
  %product = weft.contract "i,i->i", %a, %b : (tensor<17xf64>, tensor<17xf64>) -> tensor<17xf64>
  %apply = weft.contract "ij,j->i", %m, %a : (tensor<3x17xf64>, tensor<17xf64>) -> tensor<3xf64>
  %scaled = weft.contract ",i->i", %s, %a : (tensor<f64>, tensor<17xf64>) -> tensor<17xf64>
  return %dot, %outer, %product, %apply, %scaled : tensor<f64>, tensor<17x17xf64>, tensor<17xf64>, tensor<3xf64>, tensor<17xf64>
}
// Two inner labels; labels that one operand has alone are summed before anything is multiplied.
func.func @inner(%a: tensor<3x2x5xf64>, %b: tensor<5x2x4xf64>) -> (tensor<3x4xf64>, tensor<3xf64>, tensor<2xf64>) {
  %two = weft.contract "ikl,lkj->ij", %a, %b : (tensor<3x2x5xf64>, tensor<5x2x4xf64>) -> tensor<3x4xf64>
  %right = weft.contract "ikl,lkj->i", %a, %b : (tensor<3x2x5xf64>, tensor<5x2x4xf64>) -> tensor<3xf64>
  %both = weft.contract "ikl,lkj->k", %a, %b : (tensor<3x2x5xf64>, tensor<5x2x4xf64>) -> tensor<2xf64>
  return %two, %right, %both : tensor<3x4xf64>, tensor<3xf64>, tensor<2xf64>
}
func.func @run_time(%x: !b {weft.input = "7x5xf64=normal:1"}, %w: tensor<5x3xf64>) -> (!b3, !bb, tensor<5x5xf64>) {
  %y = weft.contract "bi,ij->bj", %x, %w : (!b, tensor<5x3xf64>) -> !b3
  %gram = weft.contract "bi,ci->bc", %x, %x : (!b, !b) -> !bb
  %cov = weft.contract "bi,bj->ij", %x, %x : (!b, !b) -> tensor<5x5xf64>
  return %y, %gram, %cov : !b3, !bb, tensor<5x5xf64>
}
func.func @empty(%a: tensor<3x0xf32>, %b: tensor<0x4xf32>, %c: tensor<4x2xf32>) -> (tensor<3x4xf32>, tensor<0x2xf32>) {
  %zeros = weft.contract "ik,kj->ij", %a, %b : (tensor<3x0xf32>, tensor<0x4xf32>) -> tensor<3x4xf32>
  %none = weft.contract "ik,kj->ij", %b, %c : (tensor<0x4xf32>, tensor<4x2xf32>) -> tensor<0x2xf32>
  return %zeros, %none : tensor<3x4xf32>, tensor<0x2xf32>
}
// Sizes around the register tile and the vector: its remainders in every direction.
func.func @tiles(%a: tensor<13x31xf32>, %b: tensor<31x37xf32>, %c: tensor<16x32xf32>, %d: tensor<32x64xf32>) -> (tensor<13x37xf32>, tensor<16x64xf32>) {
  %x = weft.contract "ik,kj->ij", %a, %b : (tensor<13x31xf32>, tensor<31x37xf32>) -> tensor<13x37xf32>
  %y = weft.contract "ik,kj->ij", %c, %d : (tensor<16x32xf32>, tensor<32x64xf32>) -> tensor<16x64xf32>
  return %x, %y : tensor<13x37xf32>, tensor<16x64xf32>
}
// Storage types accumulate in f32 and round once; integers wrap.
func.func @storage(%a: tensor<5x33xbf16>, %b: tensor<33x7xbf16>, %c: tensor<5x33xf16>, %d: tensor<33x7xf16>) -> (tensor<5x7xbf16>, tensor<5x7xf16>) {
  %x = weft.contract "ik,kj->ij", %a, %b : (tensor<5x33xbf16>, tensor<33x7xbf16>) -> tensor<5x7xbf16>
  %y = weft.contract "ik,kj->ij", %c, %d : (tensor<5x33xf16>, tensor<33x7xf16>) -> tensor<5x7xf16>
  return %x, %y : tensor<5x7xbf16>, tensor<5x7xf16>
}
func.func @whole(%a: tensor<3x17xi32>, %b: tensor<17x4xi32>, %c: tensor<3x40xi8>, %d: tensor<40x4xi8>) -> (tensor<3x4xi32>, tensor<3x4xi8>) {
  %x = weft.contract "ik,kj->ij", %a, %b : (tensor<3x17xi32>, tensor<17x4xi32>) -> tensor<3x4xi32>
  %y = weft.contract "ik,kj->ij", %c, %d : (tensor<3x40xi8>, tensor<40x4xi8>) -> tensor<3x4xi8>
  return %x, %y : tensor<3x4xi32>, tensor<3x4xi8>
}

// GRAD-LABEL: @derivative
// GRAD-DAG: %[[A:.*]] = weft.contract "ij,kj->ik", %arg2, %arg1
// GRAD-DAG: %[[B:.*]] = weft.contract "ij,ik->kj", %arg2, %arg0
// GRAD: return %[[A]], %[[B]]
func.func @derivative(%a: tensor<3x5xf64>, %b: tensor<5x4xf64>, %ct: tensor<3x4xf64>) -> (tensor<3x5xf64>, tensor<5x4xf64>) attributes {weft.unchecked} {
  %c = weft.contract "ik,kj->ij", %a, %b : (tensor<3x5xf64>, tensor<5x4xf64>) -> tensor<3x4xf64>
  %da, %db = weft.grad of %c with %ct wrt %a, %b : (tensor<3x4xf64>, tensor<3x4xf64>, tensor<3x5xf64>, tensor<5x4xf64>) -> (tensor<3x5xf64>, tensor<5x4xf64>)
  return %da, %db : tensor<3x5xf64>, tensor<5x4xf64>
}
// What was summed alone has the same derivative all along it.
// GRAD-LABEL: @alone
// GRAD: %[[S:.*]] = weft.contract "i,j->i", %arg2, %arg1
// GRAD-NEXT: %[[D:.*]] = weft.broadcast %[[S]] [0] : (tensor<3xf64>) -> tensor<3x5xf64>
// GRAD-NEXT: return %[[D]]
func.func @alone(%a: tensor<3x5xf64>, %b: tensor<4xf64>, %ct: tensor<3xf64>) -> tensor<3x5xf64> attributes {weft.unchecked} {
  %c = weft.contract "ik,j->i", %a, %b : (tensor<3x5xf64>, tensor<4xf64>) -> tensor<3xf64>
  %da = weft.grad of %c with %ct wrt %a : (tensor<3xf64>, tensor<3xf64>, tensor<3x5xf64>) -> tensor<3x5xf64>
  return %da : tensor<3x5xf64>
}
