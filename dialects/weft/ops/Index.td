// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Index.td - gather and scatter by integer tensors; rules/Index.cpp ---------------------------------------------===//
#ifndef WEFT_OPS_INDEX
#define WEFT_OPS_INDEX
include "dialects/weft/WeftBase.td"

class Weft_Gather<string m, list<Trait> traits = []> : Weft_Op<m, !listconcat([PartWise, Infers, Evaluates, Derives, Points, Checks, Accesses], traits)> {
  // With `clip` an index outside reads the nearest place and is no error.
  let arguments = (ins Weft_Tensor:$data, Weft_IndexTensor:$indices, Weft_Axis<"data">:$axis, UnitAttr:$clip);
  let results = (outs Weft_Tensor:$result);
  let assemblyFormat = "$data `at` $indices `along` $axis (`clip` $clip^)? attr-dict `:` functional-type(operands, results)";
  let reference = has<"rules/Index.cpp">;
  let lowering = has<"fused element, with the index checked">;
  let derivative = has<"linear in data: scatter-add">;
  let batching = has<"dimensions count from one more; take on data and indices both mapped: take_along">;
  let streaming = none<"its rule comes with stream">;
}
def TakeOp : Weft_Gather<"take", [Batches]> {
  let summary = "slices of data at indices along an axis: shape data[:axis] + indices + data[axis+1:]; an index outside is a run-time error";
  let dsl = dsl_function<"take", ["axis = 0"]>;
}
def TakeAlongOp : Weft_Gather<"take_along"> {
  let summary = "result[b, j, c] = data[b, indices[b, j, c], c] for axis 1: all dimensions but the axis are equal; an index outside is a run-time error";
  let dsl = dsl_function<"take_along", ["axis = -1"], "pick(x, i, axis)">;
}
class Weft_ScatterAdd<string m, list<Trait> traits = []>
    : Weft_Op<m, !listconcat([PartWise, Infers, Evaluates, Derives, Checks, Accesses, DeclareOpInterfaceMethods<HeroOpInterface, ["getPrologue"]>], traits)> {
  let arguments = (ins Weft_ArithmeticTensor:$init, Weft_IndexTensor:$indices, Weft_ArithmeticTensor:$updates, Weft_Axis<"init">:$axis);
  let results = (outs Weft_ArithmeticTensor:$result);
  let assemblyFormat = "$init `at` $indices `add` $updates `along` $axis attr-dict `:` functional-type(operands, results)";
  let reference = has<"rules/Index.cpp">;
  let lowering = has<"scatter emitter">;
  let derivative = has<"linear in init and updates: gather">;
  let batching = has<"dimensions count from one more; scatter_add on mapped indices: scatter_add_along">;
  let streaming = none<"its rule comes with stream">;
}
def ScatterAddOp : Weft_ScatterAdd<"scatter_add", [Batches]> {
  let summary = "init with updates added to its slices at indices along an axis, in row-major order of the indices: the adjoint of take";
  let dsl = dsl_function<"scatter_add", ["axis = 0"]>;
}
def ScatterAddAlongOp : Weft_ScatterAdd<"scatter_add_along"> {
  let summary = "init with updates[b, j, c] added at [b, indices[b, j, c], c] for axis 1: the adjoint of take_along";
  let dsl = dsl_function<"scatter_add_along", ["axis = -1"]>;
}
def OneHotOp : Weft_Op<"one_hot", [Evaluates, Points, Accesses]> {
  let summary = "1 where the last coordinate equals the index, else 0; an index outside gives a row of zeros";
  let arguments = (ins Weft_IndexTensor:$indices);
  let results = (outs Weft_NumberTensor:$result);
  let assemblyFormat = "$indices attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
  let reference = has<"rules/Index.cpp">;
  let lowering = has<"fused element">;
  let derivative = none<"an index has no derivative">;
  let batching = has<"itself">;
  let streaming = none<"itself, on what has come: with stream">;
  let dsl = dsl_sugar<"one_hot(i, n, dtype)">;
}
#endif
