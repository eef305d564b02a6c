// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Random.td - counter-based random numbers; rules/Random.cpp ----------------------------------------------------===//
//
// Philox4x32-10 (Salmon, Moraes, Dror, Shaw: Parallel random numbers: as easy as 1, 2, 3, SC 2011). Element i (row-major) of random_bits is word
// i mod 4 of the block with counter (low32(i / 4), high32(i / 4), 0, 0); random_fold(key, d) is words 0 and 1 of counter (d, 0, 0, 1).
//
//===----------------------------------------------------------------------------------------------------------------===//
#ifndef WEFT_OPS_RANDOM
#define WEFT_OPS_RANDOM
include "dialects/weft/WeftBase.td"

def RandomBitsOp : Weft_Op<"random_bits", [Evaluates, Points, DeclareOpInterfaceMethods<AccessOpInterface>]> {
  let summary = "32 independent fair bits an element, a function of the key and the element's position alone";
  let arguments = (ins Weft_Key:$key);
  let results = (outs Weft_IndexTensor:$result);
  let assemblyFormat = "$key attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
  let reference = has<"rules/Random.cpp">;
  let lowering = has<"fused element">;
  let derivative = none<"bits have no derivative">;
  let batching = by<"expand-derivatives", "a loop over the keys">;
  let streaming = none<"bits depend on the place among all that are drawn: fold a key with the position">;
  let dsl = dsl_sugar<"random_bits(key, shape)">;
}
def RandomFoldOp : Weft_Op<"random_fold", [Infers, Evaluates, Points]> {
  let summary = "another key, from a key and a number";
  let arguments = (ins Weft_Key:$key, Weft_IndexTensor:$data);
  let results = (outs Weft_Key:$result);
  let assemblyFormat = "$key `,` $data attr-dict `:` functional-type(operands, results)";
  let reference = has<"rules/Random.cpp">;
  let lowering = has<"fused element">;
  let derivative = none<"a key has no derivative">;
  let batching = by<"expand-derivatives", "a loop over the keys">;
  let streaming = none<"bits depend on the place among all that are drawn: fold a key with the position">;
  let dsl = dsl_sugar<"key.fold(i), key.next()">;
}
class Weft_Sample<string m> : Weft_Op<m, [Evaluates, Decomposes]> {
  let arguments = (ins Weft_Key:$key);
  let results = (outs Weft_FloatTensor:$result);
  let assemblyFormat = "$key attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
  let reference = has<"rules/Random.cpp">;
  let lowering = has<"decomposition to random_bits">;
  let derivative = none<"no operand to differentiate by">;
  let batching = by<"expand-derivatives", "a loop over the keys">;
  let streaming = none<"bits depend on the place among all that are drawn: fold a key with the position">;
}
def RandomUniformOp : Weft_Sample<"random_uniform"> { let summary = "uniform on [0, 1): the top 24 bits times 2^-24 (f16: 11 bits, bf16: 8; f64: 53 bits of two words)"; let dsl = dsl_sugar<"uniform(key, shape)">; }
def RandomNormalOp : Weft_Sample<"random_normal"> { let summary = "standard normal: sqrt(2) erf_inv(u), u uniform on (-1, 1)"; let dsl = dsl_sugar<"normal(key, shape)">; }
#endif
