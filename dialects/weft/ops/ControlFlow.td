// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- ControlFlow.td - ops with regions: loops and branches; rules/ControlFlow.cpp ----------------------------------===//
//
// A region reads any value outside of it. What it makes leaves by weft.yield alone.
//
//===----------------------------------------------------------------------------------------------------------------===//
#ifndef WEFT_OPS_CONTROLFLOW
#define WEFT_OPS_CONTROLFLOW
include "dialects/weft/WeftBase.td"

class Weft_Control<string m, list<Trait> traits = []> : Weft_Op<m, !listconcat([TakesParts, DeclareOpInterfaceMethods<ControlFlowOpInterface>], traits)> {
  let results = (outs Variadic<Weft_Tensor>:$results);
  let hasRegionVerifier = 1; // it looks at what its regions yield
  let reference = has<"Evaluator.cpp">;
  let batching = by<"expand-derivatives", "its regions on all slices; a branch on a mapped predicate computes both">;
  let lowering = has<"a loop or a branch around dispatches, in the program's own function">;
}
def ScanOp : Weft_Control<"scan", [AttrSizedOperandSegments, Streams, DeclareOpInterfaceMethods<AccessOpInterface>]> {
  let streaming = has<"along its steps: the carries are kept">;
  let summary = "a loop of `length` steps: carries go from step to step, slices of `xs` along axis 0 go in, slices of the stacked results come out";
  let description = [{
    The body has the position of the step (i32), the carries and one slice of each of xs as arguments; it yields the carries, then one slice of each
    stacked result. Results are the last carries, then the stacked results. With `reverse` the positions run from length - 1 down to 0.
    `checkpoint = k`: reverse mode keeps the carries of every k-th step alone and computes the steps between them again.
  }];
  let arguments = (ins Variadic<Weft_Tensor>:$inits, Variadic<Weft_Tensor>:$xs, Weft_DimsAttr:$length, UnitAttr:$reverse, OptionalAttr<I64Attr>:$checkpoint);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$length (`reverse` $reverse^)? `carry` `(` $inits `)` `over` `(` $xs `)` $body attr-dict `:` functional-type(operands, results)";
  let derivative = has<"a scan of the body's derivative, the other way round in reverse mode">;
  let dsl = dsl_sugar<"scan(carry, xs or count, body, options)">;
  let example = "%s, %all = weft.scan <(8)> carry(%zero) over(%x) { ^bb0(%i: tensor<i32>, %c: tensor<f32>, %a: tensor<f32>): ... weft.yield %n, %n : tensor<f32>, tensor<f32> }";
  let extraClassDeclaration = [{
    unsigned numCarries() { return getInits().size(); }
    ::mlir::Block *block() { return &getBody().front(); }
    ::mlir::BlockArgument index() { return block()->getArgument(0); }
    ::mlir::BlockArgument carry(unsigned k) { return block()->getArgument(1 + k); }
    ::mlir::BlockArgument slice(unsigned j) { return block()->getArgument(1 + numCarries() + j); }
    ::mlir::OperandRange yielded() { return block()->getTerminator()->getOperands(); }
  }];
}
def WhileOp : Weft_Control<"while"> {
  let streaming = none<"how long it runs depends on all elements">;
  let summary = "a loop for as long as the data say, of at most `max` steps where that is given";
  let description = [{ `test` has the carries as arguments and yields an i1 scalar; `body` has them too and yields the next. Reverse mode needs `max`. }];
  let arguments = (ins Variadic<Weft_Tensor>:$inits, OptionalAttr<Weft_DimsAttr>:$max);
  let regions = (region SizedRegion<1>:$test, SizedRegion<1>:$body);
  let assemblyFormat = "(`max` $max^)? `carry` `(` $inits `)` `while` $test `do` $body attr-dict `:` functional-type(operands, results)";
  let derivative = has<"forward: a joint loop; reverse, with max: that of a scan of branches">;
  let dsl = dsl_sugar<"loop(carry, test, body, {.max})">;
}
def CondOp : Weft_Control<"cond"> {
  let streaming = none<"a side that is not taken would keep nothing: select chooses">;
  let summary = "the values of one of two regions; only that one is computed";
  let arguments = (ins Weft_BoolTensor:$predicate);
  let regions = (region SizedRegion<1>:$yes, SizedRegion<1>:$no);
  let assemblyFormat = "$predicate `then` $yes `else` $no attr-dict `:` functional-type(operands, results)";
  let derivative = has<"a branch of the regions' derivatives">;
  let dsl = dsl_sugar<"cond(p, yes, no), when(p, carry, body)">;
}
def VmapOp : Weft_Op<"vmap", [TakesParts]> {
  let summary = "the region for each slice along axis 0 of the operands, all at once; other values that it reads are the same for all";
  let description = [{ Expanded by derive, in program order with the derivatives: each op of the region becomes one op on all slices, by its batching rule. }];
  let arguments = (ins Variadic<Weft_Tensor>:$xs, Weft_DimsAttr:$size);
  let results = (outs Variadic<Weft_Tensor>:$results);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$size `over` `(` $xs `)` $body attr-dict `:` functional-type(operands, results)";
  let hasRegionVerifier = 1; // it looks at what its regions yield
  let reference = none<"expanded by derive before anything evaluates it">;
  let lowering = none<"expanded by derive">;
  let derivative = by<"expand-derivatives", "expanded first, then differentiated">;
  let batching = by<"expand-derivatives", "the inner one is expanded first">;
  let streaming = none<"expanded by derive">;
  let dsl = dsl_sugar<"vmap(f, trees...)">;
  let example = "%y = weft.vmap <(3)> over(%e) { ^bb0(%v: tensor<4xf32>): %s = weft.reduce_sum %v [0] : (tensor<4xf32>) -> tensor<f32> weft.yield %s : tensor<f32> } : (tensor<3x4xf32>) -> tensor<3xf32>";
}
def ActiveRowsOp : Weft_Op<"active_rows", [PartWise, Derives, Batches, AllTypesMatch<["x", "result"]>]> {
  let summary = "the rows of x for which the mask holds; in place of each other row the first of these once more, without a derivative";
  let description = [{
    The mask's last dimension counts the rows; its other dimensions are the first ones of x. What the other rows lead to is of no account: who made
    the op drops it. They repeat a row that matters, so that nothing goes wrong in them that goes right elsewhere: see ActiveRows.h. Where the mask
    holds for no row, the result is any. Expanded at the end of derive, to x itself where nothing depends on it.
  }];
  let arguments = (ins Weft_BoolTensor:$mask, Weft_Tensor:$x);
  let results = (outs Weft_Tensor:$result);
  let assemblyFormat = "$mask `,` $x attr-dict `:` type($mask) `,` type($x)";
  let hasVerifier = 1;
  let reference = none<"expanded by derive before anything evaluates it">;
  let lowering = none<"expanded by derive">;
  let derivative = has<"the cotangent where the mask holds, else 0">;
  let batching = has<"itself, on a mask with one dimension more in front">;
  let streaming = none<"expanded by derive">;
  let dsl = dsl_none<"made by vmap of branches and loops, and by scan with lengths">;
}
#endif
