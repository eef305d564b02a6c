// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- LoomOps.td - the scheduled dialect: kernels, dispatches and where results live --------------------------------===//
//
// Dispatch formation cuts the graph of a function into groups of weft ops. A group becomes a `loom.kernel` (equal groups become one) and a
// `loom.dispatch` in the function; the plan says where each result of a dispatch lives. What is left in the function: dispatches, weft.constant,
// weft.reshape (another view of the same memory), loops and branches (weft.scan, weft.while, weft.cond) whose regions hold the same, and the end.
//
// `loom.places` of a loop or branch: for each carry two stretches of the arena, between which it goes to and fro; for each stacked result and
// each result of a branch its place; for a scan the place of its position, for a while that of its test.
//
//===----------------------------------------------------------------------------------------------------------------===//
#ifndef LOOM_OPS
#define LOOM_OPS
include "mlir/IR/OpBase.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/IR/RegionKindInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"

def Loom_Dialect : Dialect {
  let name = "loom";
  let cppNamespace = "::weft::loom";
  let summary = "programs as dispatches of kernels on buffers";
  let useDefaultAttributePrinterParser = 1;
}
class Loom_Attr<string name, string m> : AttrDef<Loom_Dialect, name> { let mnemonic = m; let assemblyFormat = "`<` struct(params) `>`"; }
/// Bytes [offset, offset + bytes) of the instance's arena; bytes at the upper bounds of the dimensions.
def Loom_ArenaAttr : Loom_Attr<"Arena", "arena"> { let parameters = (ins "int64_t":$offset, "int64_t":$bytes); }
/// Output `index` of the program. With `input`, the caller may give it that input's memory: the input's value is not read any more by then.
def Loom_OutputAttr : Loom_Attr<"Output", "output"> { let parameters = (ins "int64_t":$index, DefaultValuedParameter<"int64_t", "-1">:$input); }

/// Where the region around it wants its value `index`: a carry of the next step, a slice of a stacked result, the result of a branch, a test.
def Loom_YieldedAttr : Loom_Attr<"Yielded", "yielded"> { let parameters = (ins "int64_t":$index); }

/// Of a planned function: bytes of its arena, and the least that any layout of this order needs.
def Loom_PlanAttr : Loom_Attr<"Plan", "plan"> { let parameters = (ins "int64_t":$arena, "int64_t":$least); }
/// Of a kernel whose code is made: `units` independent pieces of work, `grain` of which are a task; the dimensions whose values it is given; where
/// each result was asked for, for messages; whether it uses matrix registers.
def Loom_TaskAttr : Loom_Attr<"Task", "task"> {
  let parameters = (ins "::weft::ir::DimsAttr":$units, "int64_t":$grain, "::mlir::ArrayAttr":$symbols, "::mlir::ArrayAttr":$origins,
                        DefaultValuedParameter<"bool", "false">:$tiles);
}
/// A sentence that the program's error word can name: a weft_status and its text.
def Loom_MessageAttr : Loom_Attr<"Message", "message"> { let parameters = (ins "int64_t":$status, "::mlir::StringAttr":$text); }

class Loom_Op<string mnemonic, list<Trait> traits = []> : Op<Loom_Dialect, mnemonic, traits>;

def Loom_KernelOp : Loom_Op<"kernel", [IsolatedFromAbove, Symbol, SingleBlock, HasParent<"::mlir::ModuleOp">]> {
  let summary = "a group of weft ops that becomes one loop nest";
  let description = [{
    At most one op of the body is not pointwise (a reduction, a contraction, a scatter): the hero, whose loops the emitter makes. All ops it reads
    through are its prologue, all that read its result its epilogue; results then have the hero's result shape, and an epilogue reads the hero's
    element at the very position that it computes. Without a hero all results have one shape. A hero may have several results, of several shapes
    if nothing reads them in its kernel, and regions, whose values from outside are operands of the kernel (HeroOpInterface says what it allows).

    Reductions that take the same dimensions of one shape away may be heroes together, if none needs another's result: they share the loops.

    Reductions of the last dimension of one shape may also need each other (weft/Rows.h): the kernel runs over rows, and a row's elements and
    reductions are read by that row only. Results are rows' elements or one number a row, and sums of columns over stretches of rows.
  }];
  let arguments = (ins SymbolNameAttr:$sym_name);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$sym_name attr-dict-with-keyword $body";
  let hasRegionVerifier = 1; // it looks at the ops of its body, which must be verified by then
  let extraClassDeclaration = [{
    /// The ops that are not pointwise, in order.
    ::llvm::SmallVector<::mlir::Operation *> getHeroes();
    /// The space of rows if the kernel runs over rows: several reductions of last dimensions, or one with results that are not of its own shape.
    ::std::optional<::weft::ir::Dims> getRowSpace();
    bool isOverRows() { return getRowSpace().has_value(); }
    /// Whether an operand has the shape and the element type of a result and is read only where results are computed, each element at its own
    /// position: then the result may take its place in memory.
    bool readsInPlace(unsigned operand, unsigned result);
    /// What its ops require at run time (weft/Pointwise.h); a kernel without checks raises no error.
    ::llvm::SmallVector<::weft::ir::RuntimeCheck> getChecks();
    /// Bytes of memory that a run needs beside operands and results, at the upper bounds of the dimensions.
    int64_t getWorkspace();
    ::mlir::Operation *getTerminator() { return getBody().front().getTerminator(); }
  }];
}
def Loom_YieldOp : Loom_Op<"yield", [Pure, Terminator, ReturnLike, HasParent<"KernelOp">]> {
  let summary = "the results of a kernel";
  let arguments = (ins Variadic<AnyRankedTensor>:$values);
  let assemblyFormat = "$values attr-dict `:` type($values)";
}
def Loom_DispatchOp : Loom_Op<"dispatch", [Pure, DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "one run of a kernel; `places` says where each result lives once the plan is made, `workspace` where memory of its own does";
  let description = [{
    Types are those of the kernel, but that neighbouring dimensions may be one for the kernel: memory is flat.

    Dispatches of a block that stand side by side with one number of `fork` read nothing of each other and write nothing that another of them
    reads: they are handed to the threads together, and none waits for another.

    `unchanged`: the result is a copy of the operand, so that there is nothing to do where both are one memory.
  }];
  let arguments = (ins FlatSymbolRefAttr:$kernel, Variadic<AnyRankedTensor>:$operands, OptionalAttr<ArrayAttr>:$places,
                       OptionalAttr<Loom_ArenaAttr>:$workspace, OptionalAttr<I64Attr>:$fork, UnitAttr:$unchanged);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let assemblyFormat = "$kernel `(` $operands `)` (`places` $places^)? (`workspace` $workspace^)? (`fork` $fork^)? (`unchanged` $unchanged^)? attr-dict `:` functional-type($operands, $results)";
}
#endif
