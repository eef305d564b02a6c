// What the compiler shows of its work.
//
// RUN: weft-run %s --dump-after=derive --input=2x4xf32=1 --input=4x3xf32=1 2>&1 | FileCheck %s --check-prefix=DERIVE
// DERIVE: after derive
// DERIVE: weft.softmax
// RUN: weft-run %s --dump-after=simplify --input=2x4xf32=1 --input=4x3xf32=1 2>&1 | FileCheck %s --check-prefix=SIMPLIFY
// SIMPLIFY: after simplify
// SIMPLIFY-NOT: weft.softmax
// SIMPLIFY: weft.exp
// RUN: weft-run %s --dump-after=dispatch --input=2x4xf32=1 --input=4x3xf32=1 2>&1 | FileCheck %s --check-prefix=DISPATCH
// DISPATCH: after dispatch
// DISPATCH: loom.dispatch
// RUN: weft-run %s --dump-after=plan --input=2x4xf32=1 --input=4x3xf32=1 2>&1 | FileCheck %s --check-prefix=PLAN
// PLAN: after plan
// PLAN: loom.dispatch
// RUN: weft-run %s --dump-after=emit --input=2x4xf32=1 --input=4x3xf32=1 2>&1 | FileCheck %s --check-prefix=EMIT
// EMIT: after emit
// EMIT: scf.for
// RUN: weft-run %s --dump-after=llvm --input=2x4xf32=1 --input=4x3xf32=1 2>&1 | FileCheck %s --check-prefix=LLVM
// LLVM: after llvm
// LLVM: llvm.func
// RUN: weft-run %s --dump-after=all --input=2x4xf32=1 --input=4x3xf32=1 2>&1 | FileCheck %s --check-prefix=ALL
// ALL: after derive
// ALL: after simplify
// ALL: after dispatch
// ALL: after plan
// ALL: after emit
// ALL: after llvm
//
// The plan alone needs no inputs; remarks name the line of the op that joined, or did not, and why.
// RUN: weft-run %s --print-plan | FileCheck %s --check-prefix=PRINT
// PRINT: plan of @f: {{[0-9]+}} dispatches
// PRINT: weft.contract  f32 [B, 3] in arena{{.*}}weft-run-stages.mlir:[[#@LINE+9]]
// PRINT: arena {{[0-9]+}} bytes, lower bound {{[0-9]+}}
// RUN: weft-run %s --print-plan --remarks 2>&1 | FileCheck %s --check-prefix=REMARK
// REMARK: weft-run-stages.mlir:[[#@LINE+7]]: remark: form-dispatches: analysis: one kernel of {{[0-9]+}} ops: reduce_max, {{.*}} exp, reduce_sum

!x = tensor<?x4xf32, #weft.dims<[B in 1 to 8] (B, 4)>>
!y = tensor<?x3xf32, #weft.dims<[B in 1 to 8] (B, 3)>>
!s = tensor<?xf32, #weft.dims<[B in 1 to 8] (B)>>
func.func @f(%x: !x, %w: tensor<4x3xf32>) -> (!y, !s) {
  %0 = weft.contract "bi,ij->bj", %x, %w : (!x, tensor<4x3xf32>) -> !y
  %1 = weft.softmax %0 1 : !y
  %2 = weft.reduce_sum %0 [1] : (!y) -> !s
  %3 = weft.exp %2 : !s
  return %1, %3 : !y, !s
}
