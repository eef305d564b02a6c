// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Complex.td - from real numbers to complex ones and back; rules/Complex.cpp -----------------------------------------===//
//
// A complex tensor is a name for two real ones: passes/derive/SplitComplex.cpp puts these in its place before derivatives are expanded. So the
// gradient of a real loss by z is dL/dRe + i dL/dIm, and transposes of linear ops are conjugate transposes, without a rule that says so.
//
//===----------------------------------------------------------------------------------------------------------------===//
#ifndef WEFT_OPS_COMPLEX
#define WEFT_OPS_COMPLEX
include "dialects/weft/WeftBase.td"

class Weft_OfParts<string m> : Weft_Op<m, [Infers, Splits, Accesses]> {
  let extraClassDefinition = elementwise_access<>.definition;
  let reference = none<"split into parts before anything evaluates it">;
  let lowering = none<"split into parts">;
  let derivative = by<"split-complex", "split into parts first, then differentiated">;
  let batching = by<"split-complex", "split into parts first">;
  let streaming = by<"split-complex", "split into parts first">;
}
def ComplexOp : Weft_OfParts<"complex"> {
  let summary = "re + i im: f32 parts make complex<f32>, f64 parts complex<f64>";
  let arguments = (ins Weft_FloatTensor:$re, Weft_FloatTensor:$im);
  let results = (outs Weft_ComplexTensor:$result);
  let assemblyFormat = "$re `,` $im attr-dict `:` functional-type(operands, results)";
  let dsl = dsl_sugar<"complex(re, im), a std::complex number">;
}
def RealOp : Weft_OfParts<"real"> {
  let summary = "the real part";
  let arguments = (ins Weft_ComplexTensor:$x);
  let results = (outs Weft_FloatTensor:$result);
  let assemblyFormat = "$x attr-dict `:` functional-type(operands, results)";
  let dsl = dsl_sugar<"real(x), conj(x), as_real(x)">;
}
def ImagOp : Weft_OfParts<"imag"> {
  let summary = "the imaginary part";
  let arguments = (ins Weft_ComplexTensor:$x);
  let results = (outs Weft_FloatTensor:$result);
  let assemblyFormat = "$x attr-dict `:` functional-type(operands, results)";
  let dsl = dsl_sugar<"imag(x)">;
}
#endif
