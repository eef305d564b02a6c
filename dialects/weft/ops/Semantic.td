// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Semantic.td - ops that mean more than their decomposition; rules/Semantic.cpp ----------------------------------===//
#ifndef WEFT_OPS_SEMANTIC
#define WEFT_OPS_SEMANTIC
include "dialects/weft/WeftBase.td"

def SoftmaxOp : Weft_Op<"softmax", [Infers, Evaluates, Derives, Decomposes, Accesses, Streams]> {
  let summary = "exp(x - max) / sum(exp(x - max)) along an axis; a row of -inf alone gives zeros";
  let arguments = (ins Weft_FloatTensor:$x, Weft_Axis<"x">:$axis);
  let results = (outs Weft_FloatTensor:$result);
  let assemblyFormat = "$x $axis attr-dict `:` type($x)";
  let reference = has<"rules/Semantic.cpp">;
  let lowering = has<"decomposition: max, exp, sum, div">;
  let batching = has<"dimensions count from one more">;
  let streaming = has<"along what has come, where what has not is masked">;
  let derivative = has<"y (ct - sum(ct y))">;
  let dsl = dsl_function<"softmax", ["axis = -1"]>;
}
def CrossEntropyOp : Weft_Op<"cross_entropy", [Infers, Evaluates, Derives, Decomposes, Accesses, Checks]> {
  let summary = "-log softmax(logits)[label] for each row: logits [..., C], labels i32 [...], result [...]; a label outside is a run-time error";
  let arguments = (ins Weft_FloatTensor:$logits, Weft_IndexTensor:$labels);
  let results = (outs Weft_FloatTensor:$result);
  let assemblyFormat = "$logits `,` $labels attr-dict `:` functional-type(operands, results)";
  let reference = has<"rules/Semantic.cpp">;
  let lowering = has<"decomposition: logsumexp minus the picked logit">;
  let batching = has<"dimensions count from one more">;
  let streaming = has<"itself, on rows that have come">;
  let derivative = has<"ct (softmax(logits) - one_hot(labels))">;
  let dsl = dsl_sugar<"cross_entropy(logits, labels, reduction)">;
}
#endif
