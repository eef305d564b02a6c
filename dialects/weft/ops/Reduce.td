// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Reduce.td - reductions and contraction; rules/Reduce.cpp and rules/Contract.cpp -------------------------------===//
#ifndef WEFT_OPS_REDUCE
#define WEFT_OPS_REDUCE
include "dialects/weft/WeftBase.td"

class Weft_Reduce<string m, Type type, list<Trait> traits = [], list<string> overridden = []>
    : Weft_Op<m, !listconcat([Infers, Evaluates, Accesses, Streams, DeclareOpInterfaceMethods<ReductionOpInterface, overridden>,
                             DeclareOpInterfaceMethods<HeroOpInterface, ["getPrologue", "takesEpilogue", "combinesParts", "combineParts"]>], traits)> {
  let arguments = (ins type:$x, Weft_Axes<"x">:$axes);
  let results = (outs type:$result);
  let assemblyFormat = "$x $axes attr-dict `:` functional-type(operands, results)";
  let reference = has<"rules/Reduce.cpp">;
  let lowering = has<"reduction emitter">;
  let batching = has<"dimensions count from one more">;
  let streaming = has<"over what has come, where what has not is the reduction's neutral element">;
}
def ReduceSumOp : Weft_Reduce<"reduce_sum", Weft_ArithmeticTensor, [Derives, PartWise]> { let summary = "sum over axes, which go away; f32 and narrower accumulate in f32"; let derivative = has<"linear: broadcast">; let hasFolder = 1; let dsl = dsl_reduction<"sum", "mean">; }
def ReduceMaxOp : Weft_Reduce<"reduce_max", Weft_NumberTensor, [Derives], ["getExtreme"]> { let summary = "largest value over axes; NaN wins; no element gives -inf"; let derivative = has<"shared among the elements that reach it">; let dsl = dsl_reduction<"max">; }
def ReduceMinOp : Weft_Reduce<"reduce_min", Weft_NumberTensor, [Derives], ["getExtreme"]> { let summary = "smallest value over axes; NaN wins; no element gives inf"; let derivative = has<"shared among the elements that reach it">; let dsl = dsl_reduction<"min">; }
def ReduceProdOp : Weft_Reduce<"reduce_prod", Weft_NumberTensor, [Derives]> { let summary = "product over axes"; let derivative = has<"times the products of the elements before and behind: right with zeros">; let dsl = dsl_reduction<"prod">; }
def ReduceAndOp : Weft_Reduce<"reduce_and", Weft_BoolTensor> { let summary = "whether all hold; no element gives true"; let derivative = none<"a truth value has no derivative">; let dsl = dsl_reduction<"all_of">; }
def ReduceOrOp : Weft_Reduce<"reduce_or", Weft_BoolTensor> { let summary = "whether any holds; no element gives false"; let derivative = none<"a truth value has no derivative">; let dsl = dsl_reduction<"any_of">; }

class Weft_ArgReduce<string m> : Weft_Op<m, [Infers, Evaluates, Accesses, DeclareOpInterfaceMethods<ReductionOpInterface, ["findsPlace", "emitLift", "emitAccumulate"]>,
              DeclareOpInterfaceMethods<HeroOpInterface, ["getPrologue", "takesEpilogue"]>]> {
  let arguments = (ins Weft_NumberTensor:$x, Weft_Axis<"x">:$axis);
  let results = (outs Weft_IndexTensor:$result);
  let assemblyFormat = "$x $axis attr-dict `:` functional-type(operands, results)";
  let reference = has<"rules/Reduce.cpp">;
  let lowering = has<"reduction emitter">;
  let batching = has<"dimensions count from one more">;
  let streaming = has<"by its access, over what does not go on">;
  let derivative = none<"an index has no derivative">;
}
def ArgmaxOp : Weft_ArgReduce<"argmax"> { let summary = "index of the largest element along an axis, the lowest on ties; NaN wins"; let dsl = dsl_reduction<"argmax">; }
def ArgminOp : Weft_ArgReduce<"argmin"> { let summary = "index of the smallest element along an axis, the lowest on ties; NaN wins"; let dsl = dsl_reduction<"argmin">; }

def ContractOp : Weft_Op<"contract", [Splits, Infers, Evaluates, Derives, Accesses, Streams,
                                 DeclareOpInterfaceMethods<HeroOpInterface, ["getPrologue", "takesEpilogue", "combinesParts", "combineParts"]>]> {
  let batching = has<"one label more">;
  let streaming = has<"a label that is kept goes on; one that is summed over, where what has not come is zero">;
  let summary = "sum of products over shared labels, as einsum: \"bij,bjk->bik\"";
  let description = [{
    Every label of one operand is a dimension; a label that is missing in the result is summed over; dimensions of one label are equal. No label
    twice in one operand. bf16 and f16 accumulate in f32 and round once.
  }];
  let arguments = (ins StrAttr:$spec, Weft_ArithmeticTensor:$lhs, Weft_ArithmeticTensor:$rhs);
  let results = (outs Weft_ArithmeticTensor:$result);
  let assemblyFormat = "$spec `,` $lhs `,` $rhs attr-dict `:` functional-type(operands, results)";
  let reference = has<"rules/Contract.cpp">;
  let lowering = has<"contraction emitter">;
  let derivative = has<"bilinear: contractions of the cotangent">;
  let dsl = dsl_sugar<"contract(\"bi,ij->bj\", a, b, ...), contract(\"...ii->...i\", x), matmul(a, b), diagonal(x), trace(x), diag(x)">;
}
#endif
