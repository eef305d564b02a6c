// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Cumulative.td - what combines the elements of an axis up to each of them; rules/Cumulative.cpp ----------------===//
#ifndef WEFT_OPS_CUMULATIVE
#define WEFT_OPS_CUMULATIVE
include "dialects/weft/WeftBase.td"

class Weft_Cumulative<string m, Type type, list<Trait> traits = []>
    : Weft_Op<m, !listconcat([Infers, Evaluates, Accesses, Streams, DeclareOpInterfaceMethods<CumulativeOpInterface>,
                             DeclareOpInterfaceMethods<HeroOpInterface, ["getPrologue", "takesEpilogue"]>], traits)> {
  let arguments = (ins type:$x, Weft_Axis<"x">:$axis, UnitAttr:$exclusive, UnitAttr:$reverse);
  let results = (outs type:$result);
  let assemblyFormat = "$x $axis (`exclusive` $exclusive^)? (`reverse` $reverse^)? attr-dict `:` type($x)";
  let reference = has<"rules/Cumulative.cpp">;
  let lowering = has<"emitter of scanned dimensions">;
  let batching = has<"dimensions count from one more">;
  let streaming = has<"what has been combined so far is kept">;
}
def CumsumOp : Weft_Cumulative<"cumsum", Weft_ArithmeticTensor, [Derives, PartWise]> {
  let summary = "y[i] = x[0] + ... + x[i] along an axis, in this order; `exclusive` without x[i], `reverse` from the end; f32 and narrower accumulate in f32";
  let derivative = has<"linear: cumsum from the other end">;
  let dsl = dsl_sugar<"cumsum(x, axis, {.exclusive, .reverse})">;
}
def CumprodOp : Weft_Cumulative<"cumprod", Weft_NumberTensor, [Derives]> {
  let summary = "y[i] = x[0] ... x[i] along an axis, in this order; `exclusive` without x[i], `reverse` from the end; f32 and narrower multiply in f32";
  let derivative = has<"a linear recurrence from the other end: no quotient, so zeros among the elements are no special case">;
  let dsl = dsl_sugar<"cumprod(x, axis, {.exclusive, .reverse})">;
}
def CummaxOp : Weft_Cumulative<"cummax", Weft_NumberTensor, [Derives]> {
  let summary = "y[i] = the largest of x[0] ... x[i] along an axis; NaN wins; `exclusive` without x[i] (no element gives -inf), `reverse` from the end";
  let derivative = has<"to the first element, in the order of the axis, that reached the value">;
  let dsl = dsl_sugar<"cummax(x, axis, {.exclusive, .reverse})">;
}
def CumminOp : Weft_Cumulative<"cummin", Weft_NumberTensor, [Derives]> {
  let summary = "y[i] = the smallest of x[0] ... x[i] along an axis; NaN wins; `exclusive` without x[i] (no element gives inf), `reverse` from the end";
  let derivative = has<"to the first element, in the order of the axis, that reached the value">;
  let dsl = dsl_sugar<"cummin(x, axis, {.exclusive, .reverse})">;
}
def LinearRecurrenceOp : Weft_Cumulative<"linear_recurrence", Weft_FloatTensor, [Derives]> {
  let summary = "y[i] = a[i] y[i - 1] + b[i] along an axis, from y = 0; `exclusive` gives y[i - 1] at i, `reverse` goes from the end; f32 and narrower in f32";
  let arguments = (ins Weft_FloatTensor:$a, Weft_FloatTensor:$b, Weft_Axis<"a">:$axis, UnitAttr:$exclusive, UnitAttr:$reverse);
  let assemblyFormat = "$a `,` $b $axis (`exclusive` $exclusive^)? (`reverse` $reverse^)? attr-dict `:` `(` type($a) `,` type($b) `)`";
  let derivative = has<"a linear recurrence from the other end">;
  let dsl = dsl_sugar<"linear_recurrence(a, b, axis, {.exclusive, .reverse})">;
}
#endif
