// An object file that plain C links with the runtime: no C++, no LLVM.
//
// UNSUPPORTED: sanitize
// RUN: weft-run %s --emit-object=%t.o
// RUN: cc -Wall -Werror -I%source/runtime %S/Inputs/call-f.c %t.o %libs/libweft_runtime.a -lpthread -lm -o %t.exe
// RUN: %t.exe | FileCheck %s
// CHECK: 6 6 22 22
// CHECK-NEXT: f: input 0: expected f32 [B, 4] with B in 1..8, got f32 [9, 4]: dimension B = 9 is outside its bounds 1..8

!x = tensor<?x4xf32, #weft.dims<[B in 1 to 8] (B, 4)>>
!y = tensor<?x2xf32, #weft.dims<[B in 1 to 8] (B, 2)>>
func.func @f(%x: !x, %w: tensor<4x2xf32>) -> !y {
  %0 = weft.contract "bi,ij->bj", %x, %w : (!x, tensor<4x2xf32>) -> !y
  return %0 : !y
}
