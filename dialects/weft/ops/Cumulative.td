// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Cumulative.td - what combines the elements of an axis up to each of them; rules/Cumulative.cpp ----------------===//
#ifndef WEFT_OPS_CUMULATIVE
#define WEFT_OPS_CUMULATIVE
include "dialects/weft/WeftBase.td"

class Weft_Cumulative<string m, Type type, list<Trait> traits = []>
    : Weft_Op<m, !listconcat([Infers, Evaluates, Accesses, DeclareOpInterfaceMethods<CumulativeOpInterface>,
                             DeclareOpInterfaceMethods<HeroOpInterface, ["getPrologue", "takesEpilogue"]>], traits)> {
  let arguments = (ins type:$x, Weft_Axis<"x">:$axis, UnitAttr:$exclusive, UnitAttr:$reverse);
  let results = (outs type:$result);
  let assemblyFormat = "$x $axis (`exclusive` $exclusive^)? (`reverse` $reverse^)? attr-dict `:` type($x)";
  let reference = has<"rules/Cumulative.cpp">;
  let lowering = has<"emitter of scanned dimensions">;
  let batching = has<"dimensions count from one more">;
  let streaming = none<"its rule comes with stream: the sum so far is carried">;
}
def CumsumOp : Weft_Cumulative<"cumsum", Weft_ArithmeticTensor, [Derives, PartWise]> {
  let summary = "y[i] = x[0] + ... + x[i] along an axis, in this order; `exclusive` without x[i], `reverse` from the end; f32 and narrower accumulate in f32";
  let derivative = has<"linear: cumsum from the other end">;
  let dsl = dsl_sugar<"cumsum(x, axis, {.exclusive, .reverse})">;
}
#endif
