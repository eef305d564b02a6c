// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Attention.td - attention with a score program, and its gradient; rules/Attention.cpp ---------------------------===//
//
// AttentionSpec.h says what the labels are, and which tensors the region has.
//
//===----------------------------------------------------------------------------------------------------------------===//
#ifndef WEFT_OPS_ATTENTION
#define WEFT_OPS_ATTENTION
include "dialects/weft/WeftBase.td"

class Weft_Attention<string m, list<Trait> traits = []>
    : Weft_Op<m, !listconcat([IsolatedFromAbove, DeclareOpInterfaceMethods<DecomposeOpInterface, ["isDerivedDecomposed"]>,
                             DeclareOpInterfaceMethods<HeroOpInterface>, Batches], traits)> {
  let regions = (region SizedRegion<1>:$body);
  let hasRegionVerifier = 1; // it looks at what its region yields
  let lowering = has<"attention emitter, or decomposition">;
  let batching = has<"one label more, and its region on all slices">;
  let streaming = none<"made after streaming: the products and the softmax between them keep keys and values">;
  let dsl = dsl_none<"raised by fuse-attention from the products and the softmax between them that a program has">;
}
def AttentionOp : Weft_Attention<"attention", [Evaluates, Derives, DeclareOpInterfaceMethods<AccessOpInterface>]> {
  let summary = "softmax(program(q k)) v over labelled dimensions, and the logarithm of the softmax's divisor of each row";
  let description = [{
    `scores` is the product of q and k, `output` that of the scores and v, each as a contraction has it. The region has all products as an
    argument, and then the captured operands; it yields the scores, and perhaps factors by which the softmax is multiplied. It holds ops that
    compute element by element. A score of -inf is a pair that is masked; a row that is masked entirely gives zeros.
  }];
  let arguments = (ins StrAttr:$scores, StrAttr:$output, Weft_FloatTensor:$q, Weft_FloatTensor:$k, Weft_FloatTensor:$v, Variadic<Weft_Tensor>:$captured);
  let results = (outs Weft_FloatTensor:$result, Weft_FloatTensor:$lse);
  let assemblyFormat = "$scores `,` $output `,` $q `,` $k `,` $v (`captured` `(` $captured^ `)`)? $body attr-dict `:` functional-type(operands, results)";
  let reference = has<"rules/Attention.cpp">;
  let derivative = has<"attention_grad; forward mode and what is captured: that of the decomposition">;
  let example = "%o, %l = weft.attention \"hid,hjd->hij\", \"hij,hjd->hid\", %q, %k, %v { ^bb0(%s: tensor<2x8x8xf32>): weft.yield %s : tensor<2x8x8xf32> } : (tensor<2x8x4xf32>, tensor<2x8x4xf32>, tensor<2x8x4xf32>) -> (tensor<2x8x4xf32>, tensor<2x8xf32>)";
}
def AttentionGradOp : Weft_Attention<"attention_grad"> {
  let summary = "cotangents of q, k and v of an attention, which computes the scores again, and sums of what its program makes of them";
  let description = [{
    `cotangent` is that of the result, `lse` the attention's, `delta` for each row the sum of cotangent times result, less the cotangent of lse. The
    region has the products, the cotangents of the scores, those of the factors and the captured operands as arguments. It yields the scores, the
    cotangents of the products, factors if they are `multiplied`, and a pair of numbers and places (i32) for each of the sums: sums[rows without
    the last query, n] gets each number at its place, as the adjoint of a table does that is read by distance. Places are inside.
  }];
  let arguments = (ins StrAttr:$scores, StrAttr:$output, Weft_FloatTensor:$q, Weft_FloatTensor:$k, Weft_FloatTensor:$v, Weft_FloatTensor:$cotangent,
                       Weft_FloatTensor:$lse, Weft_FloatTensor:$delta, Variadic<Weft_Tensor>:$captured, UnitAttr:$multiplied);
  let results = (outs Weft_FloatTensor:$dq, Weft_FloatTensor:$dk, Weft_FloatTensor:$dv, Variadic<Weft_FloatTensor>:$sums);
  let assemblyFormat = "$scores `,` $output `,` $q `,` $k `,` $v `,` $cotangent `,` $lse `,` $delta (`captured` `(` $captured^ `)`)? (`multiplied` $multiplied^)? $body attr-dict `:` functional-type(operands, results)";
  let reference = none<"that of its decomposition">;
  let derivative = by<"expand-derivatives", "that of its decomposition">;
}
#endif
