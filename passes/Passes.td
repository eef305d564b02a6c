// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Passes.td - the passes and their options; what each does is said at the head of its file -----------------------===//
#ifndef WEFT_PASSES
#define WEFT_PASSES
include "mlir/Pass/PassBase.td"

class Weft_Pass<string flag, string on> : Pass<flag, on> { let dependentDialects = ["::weft::ir::WeftDialect"]; }

//===- derive/ ------------------------------------------------------------------------------------------------------===//
def DeriveSymbols : Weft_Pass<"derive-symbols", "::mlir::ModuleOp"> {
  let summary = "calls, weft.vjp @f and weft.jvp @f become the values of @f and derivatives of values";
  let dependentDialects = ["::weft::ir::WeftDialect", "::mlir::func::FuncDialect"];
}
def CheckSizes : Weft_Pass<"check-sizes", "::mlir::ModuleOp"> {
  let summary = "a tensor that no memory holds at the upper bounds of its dimensions is an error";
}
def SplitComplex : Weft_Pass<"split-complex", "::mlir::func::FuncOp"> {
  let summary = "a complex value becomes its real and its imaginary part, through loops, branches and derivatives";
}
def ExpandDerivatives : Weft_Pass<"expand-derivatives", "::mlir::func::FuncOp"> {
  let summary = "weft.grad and weft.tangent become plain ops, in program order";
  let options = [Option<"finiteRows", "finite-rows", "bool", "false", "rows that are computed and dropped hold finite numbers too: results of kernels will be checked">];
}

def DeriveStream : Weft_Pass<"derive-stream", "::mlir::func::FuncOp"> {
  let summary = "a function with `weft.stream` that is causal along that dimension becomes a step on the elements that come, with a state";
}

//===- fuse/ --------------------------------------------------------------------------------------------------------===//
def FuseAttention : Weft_Pass<"fuse-attention", "::mlir::func::FuncOp"> {
  let summary = "two products and the softmax between them, with all that is computed in between, become one weft.attention";
}

//===- simplify/ ----------------------------------------------------------------------------------------------------===//
def RemoveIdentities : Weft_Pass<"remove-identities", "::mlir::func::FuncOp"> {
  let summary = "drop stop_gradient and mark, which mean nothing once derivatives are expanded";
}
def SimplifyRegions : Weft_Pass<"simplify-regions", "::mlir::func::FuncOp"> {
  let summary = "loops and branches carry, stack and compute no more than is read; what no step changes is done once";
}
def Decompose : Weft_Pass<"decompose", "::mlir::func::FuncOp"> {
  let summary = "express semantic ops in primitive ones";
}
def FoldConstants : Weft_Pass<"fold-constants", "::mlir::func::FuncOp"> {
  let summary = "evaluate ops on constants by their host reference";
  let options = [Option<"limit", "limit", "int64_t", "256", "elements of the largest result that is folded">];
}
def SinkBroadcasts : Weft_Pass<"sink-broadcasts", "::mlir::func::FuncOp"> {
  let summary = "elementwise ops on values that are all broadcast alike are done before the broadcast, on fewer elements";
}
def SimplifyAlgebra : Weft_Pass<"simplify-algebra", "::mlir::func::FuncOp"> {
  let summary = "rewrites over several ops: transposes into contractions, casts and index maps through each other";
}

//===- plan/ --------------------------------------------------------------------------------------------------------===//
def PrepareBound : Weft_Pass<"prepare-bound", "::mlir::ModuleOp"> {
  let summary = "what depends on arguments with `weft.bound` alone moves into a function that runs once; matrices that products read are laid out in panels there";
  let options = [Option<"panelBytes", "panel-bytes", "int64_t", "128", "of a row of a panel, in the accumulators' type: two of the machine's vectors; 0: nothing is laid out">];
  let dependentDialects = ["::weft::ir::WeftDialect", "::mlir::func::FuncDialect"];
}
def FormDispatches : Weft_Pass<"form-dispatches", "::mlir::ModuleOp"> {
  let summary = "cut functions into kernels and dispatches";
  let options = [Option<"fuse", "fuse", "bool", "true", "whether ops share kernels; if not, every op has one of its own">];
  let dependentDialects = ["::weft::ir::WeftDialect", "::weft::loom::LoomDialect"];
}
def OrderDispatches : Weft_Pass<"order-dispatches", "::mlir::func::FuncOp"> {
  let summary = "a kernel that frees more memory than it takes runs as soon as it can";
  let options = [Option<"updates", "updates", "bool", "true", "whether kernels that write state wait for all that reads its old value">];
  let dependentDialects = ["::weft::ir::WeftDialect", "::weft::loom::LoomDialect"];
}
def Rematerialize : Weft_Pass<"rematerialize", "::mlir::func::FuncOp"> {
  let summary = "results that wait long for their last readers are computed again in front of them, until the values alive at one time fit a budget";
  let options = [Option<"budget", "budget", "int64_t", "0", "bytes; 0 for no limit, which changes nothing">];
  let dependentDialects = ["::weft::ir::WeftDialect", "::weft::loom::LoomDialect"];
}
def UpdateInPlace : Weft_Pass<"update-in-place", "::mlir::func::FuncOp"> {
  let summary = "which new values of arguments may be written over the old ones";
  let dependentDialects = ["::weft::loom::LoomDialect"];
}
def ForkDispatches : Weft_Pass<"fork-dispatches", "::mlir::func::FuncOp"> {
  let summary = "neighbours that do not wait for each other are handed to the threads together";
  let dependentDialects = ["::weft::loom::LoomDialect"];
}
def PlanBuffers : Weft_Pass<"plan-buffers", "::mlir::func::FuncOp"> {
  let summary = "give each result of a dispatch its place: an output, or a stretch of the arena";
  let options = [Option<"mostBytes", "most-bytes", "int64_t", "0", "a larger arena is an error; 0: any that can be addressed">];
  let dependentDialects = ["::weft::loom::LoomDialect"];
}
def VerifyPlan : Weft_Pass<"verify-plan", "::mlir::func::FuncOp"> {
  let summary = "errors where a planned program breaks what must hold of one";
  let dependentDialects = ["::weft::loom::LoomDialect"];
}
def PrintPlan : Weft_Pass<"print-plan", "::mlir::func::FuncOp"> {
  let summary = "print dispatches, places and the arena, for tests and for the curious";
  let dependentDialects = ["::weft::loom::LoomDialect"];
}
//===- analysis/ ----------------------------------------------------------------------------------------------------===//
def PrintAccess : Weft_Pass<"print-access", ""> {
  let summary = "a remark for each op of weft: its loops, and where it reads and writes along them (weft/Access.h)";
}
#endif
