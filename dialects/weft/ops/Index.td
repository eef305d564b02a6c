// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Index.td - gather and scatter by integer tensors; rules/Index.cpp ---------------------------------------------===//
#ifndef WEFT_OPS_INDEX
#define WEFT_OPS_INDEX
include "dialects/weft/WeftBase.td"

class Weft_Gather<string m, list<Trait> traits = []> : Weft_Op<m, !listconcat([PartWise, Infers, Evaluates, Derives, Points, Checks, Accesses], traits)> {
  // With `clip` an index outside reads the nearest place and is no error.
  let arguments = (ins Weft_Tensor:$data, Weft_Indices:$indices, Weft_Axis<"data">:$axis, UnitAttr:$clip);
  let results = (outs Weft_Tensor:$result);
  let assemblyFormat = "$data `at` $indices `along` $axis (`clip` $clip^)? attr-dict `:` functional-type(operands, results)";
  let reference = has<"rules/Index.cpp">;
  let lowering = has<"fused element, with the index checked">;
  let derivative = has<"linear in data: scatter-add">;
  let batching = has<"dimensions count from one more; take on data and indices both mapped: take_along">;
  let streaming = has<"by its access, at places of what does not go on">;
}
def TakeOp : Weft_Gather<"take", [Batches]> {
  let summary = "slices of data at indices along an axis: shape data[:axis] + indices + data[axis+1:]; an index outside is a run-time error";
  let dsl = dsl_function<"take", ["axis = 0"]>;
}
def TakeAlongOp : Weft_Gather<"take_along"> {
  let summary = "result[b, j, c] = data[b, indices[b, j, c], c] for axis 1: all dimensions but the axis are equal; an index outside is a run-time error";
  let dsl = dsl_function<"take_along", ["axis = -1"], "pick(x, i, axis)">;
}
class Weft_Scatter<string m, string verb, Type type, list<Trait> traits = [], list<string> said = []>
    : Weft_Op<m, !listconcat([Infers, Evaluates, Derives, Checks, Accesses, DeclareOpInterfaceMethods<ScatterOpInterface, said>], traits)> {
  let arguments = (ins type:$init, Weft_Indices:$indices, type:$updates, Weft_Axis<"init">:$axis);
  let results = (outs type:$result);
  let assemblyFormat = "$init `at` $indices `" # verb # "` $updates `along` $axis attr-dict `:` functional-type(operands, results)";
  let reference = has<"rules/Index.cpp">;
  let lowering = has<"scatter emitter">;
  let batching = has<"dimensions count from one more; on mapped indices its form along an axis">;
  let streaming = has<"by its access, at places of what does not go on">;
}
class Weft_ScatterAdd<string m, list<Trait> traits = [], list<string> hero = []>
    : Weft_Scatter<m, "add", Weft_ArithmeticTensor, !listconcat([PartWise, DeclareOpInterfaceMethods<HeroOpInterface, !listconcat(["getPrologue"], hero)>], traits), ["addsUp"]> {
  let derivative = has<"linear in init and updates: gather">;
  let extraClassDefinition = "bool $cppClass::addsUp() { return true; }";
}
def ScatterAddOp : Weft_ScatterAdd<"scatter_add", [Batches], ["getWorkspace"]> {
  let summary = "init with updates added to its slices at indices along an axis, in row-major order of the indices: the adjoint of take";
  let dsl = dsl_function<"scatter_add", ["axis = 0"]>;
}
def ScatterAddAlongOp : Weft_ScatterAdd<"scatter_add_along"> {
  let summary = "init with updates[b, j, c] added at [b, indices[b, j, c], c] for axis 1: the adjoint of take_along";
  let dsl = dsl_function<"scatter_add_along", ["axis = -1"]>;
}
class Weft_ScatterSet<string m, list<Trait> traits = []>
    : Weft_Scatter<m, "set", Weft_Tensor, !listconcat([PartWise, DeclareOpInterfaceMethods<HeroOpInterface, ["getPrologue", "mayOverwrite"]>], traits)> {
  // With `skip` an index outside sets nothing and is no error: check_index in front has seen to those that must not be.
  let arguments = (ins Weft_Tensor:$init, Weft_Indices:$indices, Weft_Tensor:$updates, Weft_Axis<"init">:$axis, UnitAttr:$skip);
  let assemblyFormat = "$init `at` $indices `set` $updates `along` $axis (`skip` $skip^)? attr-dict `:` functional-type(operands, results)";
  let derivative = has<"linear: 0 where init is replaced; updates that stay read their places">;
}
def ScatterSetOp : Weft_ScatterSet<"scatter_set", [Batches]> {
  let summary = "init with updates in place of its slices at indices along an axis; of equal indices the last in row-major order stays";
  let dsl = dsl_sugar<"update(x, i, v, axis, {.skip_negative}), x(i) = v">;
}
def ScatterSetAlongOp : Weft_ScatterSet<"scatter_set_along"> {
  let summary = "init with updates[b, j, c] at [b, indices[b, j, c], c] for axis 1; of equal places the last in row-major order stays";
  let dsl = dsl_sugar<"scatter_set_along(x, i, v, axis)">;
}
class Weft_ScatterExtreme<string m, string verb, list<Trait> traits = [], list<string> hero = []>
    : Weft_Scatter<m, verb, Weft_NumberTensor, !listconcat([DeclareOpInterfaceMethods<HeroOpInterface, !listconcat(["getPrologue", "mayOverwrite"], hero)>], traits)> {
  let derivative = has<"shared evenly among what reaches the result: init and updates">;
}
def ScatterMaxOp : Weft_ScatterExtreme<"scatter_max", "max", [Batches], ["getWorkspace"]> {
  let summary = "the larger of init's slices and the updates at indices along an axis, as maximum has it";
  let dsl = dsl_function<"scatter_max", ["axis = 0"]>;
}
def ScatterMaxAlongOp : Weft_ScatterExtreme<"scatter_max_along", "max"> {
  let summary = "the larger of init and updates[b, j, c] at [b, indices[b, j, c], c] for axis 1";
  let dsl = dsl_function<"scatter_max_along", ["axis = -1"]>;
}
def ScatterMinOp : Weft_ScatterExtreme<"scatter_min", "min", [Batches], ["getWorkspace"]> {
  let summary = "the smaller of init's slices and the updates at indices along an axis, as minimum has it";
  let dsl = dsl_function<"scatter_min", ["axis = 0"]>;
}
def ScatterMinAlongOp : Weft_ScatterExtreme<"scatter_min_along", "min"> {
  let summary = "the smaller of init and updates[b, j, c] at [b, indices[b, j, c], c] for axis 1";
  let dsl = dsl_function<"scatter_min_along", ["axis = -1"]>;
}
def CheckIndexOp : Weft_Op<"check_index", [Evaluates, Points, Checks, Accesses, AllTypesMatch<["indices", "result"]>]> {
  let summary = "the indices; one that is outside the dimension is a run-time error of the op `name`, a negative one is none with `or_negative`";
  let arguments = (ins Weft_Indices:$indices, Weft_DimsAttr:$size, StrAttr:$name, UnitAttr:$or_negative);
  let results = (outs Weft_Indices:$result);
  let assemblyFormat = "$indices `in` $size `of` $name (`or_negative` $or_negative^)? attr-dict `:` type($indices)";
  let reference = has<"rules/Index.cpp">;
  let lowering = has<"fused element, with the index checked">;
  let derivative = none<"an index has no derivative">;
  let batching = has<"itself">;
  let streaming = has<"itself, on what has come">;
  let dsl = dsl_none<"stands in front of what must not fail, because it writes state: update, dynamic_slice">;
  let hasVerifier = 1;
  let extraClassDefinition = elementwise_access<>.definition;
  let example = "%j = weft.check_index %i in <(64)> of \"update\" : tensor<3xi32>";
}
def OneHotOp : Weft_Op<"one_hot", [Evaluates, Points, Accesses]> {
  let summary = "1 where the last coordinate equals the index, else 0; an index outside gives a row of zeros";
  let arguments = (ins Weft_Indices:$indices);
  let results = (outs Weft_NumberTensor:$result);
  let assemblyFormat = "$indices attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
  let reference = has<"rules/Index.cpp">;
  let lowering = has<"fused element">;
  let derivative = none<"an index has no derivative">;
  let batching = has<"itself">;
  let streaming = has<"itself, on what has come">;
  let dsl = dsl_sugar<"one_hot(i, n, dtype)">;
}
#endif
