// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Derivative.td - derivatives of values and of functions; expanded by passes/derive ------------------------------===//
#ifndef WEFT_OPS_DERIVATIVE
#define WEFT_OPS_DERIVATIVE
include "dialects/weft/WeftBase.td"

class Weft_Derived<string m, list<Trait> traits = []> : Weft_Op<m, traits> {
  let reference = none<"expanded by derive before anything evaluates it">;
  let lowering = none<"expanded by derive">;
  let derivative = by<"expand-derivatives", "expanded first, then differentiated">;
  let batching = by<"expand-derivatives", "expanded first">;
  let streaming = none<"expanded by derive">;
}
def GradOp : Weft_Derived<"grad", [TakesParts, AttrSizedOperandSegments]> {
  let summary = "vector-Jacobian product of values: what the cotangents of ys mean for xs, through all that was computed between them";
  let description = [{ A value x of xs that no path leads from to ys gets zeros; if that holds for all, the op is an error. Expanded in place, in program order. }];
  let arguments = (ins Variadic<Weft_InexactTensor>:$ys, Variadic<Weft_InexactTensor>:$cotangents, Variadic<Weft_InexactTensor>:$xs);
  let results = (outs Variadic<Weft_InexactTensor>:$results);
  let assemblyFormat = "`of` $ys `with` $cotangents `wrt` $xs attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
  let dsl = dsl_sugar<"grad(y, tree), vjp(y, tree, cotangent)">;
}
def TangentOp : Weft_Derived<"tangent", [TakesParts, AttrSizedOperandSegments]> {
  let summary = "Jacobian-vector product of values: what tangents of xs mean for ys";
  let arguments = (ins Variadic<Weft_InexactTensor>:$ys, Variadic<Weft_InexactTensor>:$xs, Variadic<Weft_InexactTensor>:$tangents);
  let results = (outs Variadic<Weft_InexactTensor>:$results);
  let assemblyFormat = "`of` $ys `wrt` $xs `along` $tangents attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
  let dsl = dsl_sugar<"jvp(y, tree, tangent)">;
}
def CustomVjpOp : Weft_Derived<"custom_vjp", [TakesParts, Derives]> {
  let summary = "a function of the operands with a reverse derivative of its own";
  let description = [{
    `forward` has the operands as block arguments and yields the results; `backward` has the operands, then the cotangents of the results, and yields one
    cotangent per floating operand. Values from outside may be used in both, but get no gradient.
  }];
  let arguments = (ins Variadic<Weft_Tensor>:$inputs);
  let results = (outs Variadic<Weft_Tensor>:$results);
  let regions = (region SizedRegion<1>:$forward, SizedRegion<1>:$backward);
  let assemblyFormat = "$inputs `forward` $forward `backward` $backward attr-dict `:` functional-type($inputs, $results)";
  let hasRegionVerifier = 1; // it looks at what its regions yield
  let reference = none<"inlined by derive before anything evaluates it">;
  let derivative = has<"its backward region">;
  let batching = by<"expand-derivatives", "its forward region, inlined">;
  let dsl = dsl_sugar<"custom_vjp(f, backward, args...)">;
}
def YieldOp : Weft_Derived<"yield", [TakesParts, Terminator, ReturnLike]> {
  let summary = "the values of a region";
  let arguments = (ins Variadic<Weft_Tensor>:$values);
  let assemblyFormat = "($values^ `:` type($values))? attr-dict";
  let dsl = dsl_none<"regions are made by their functions">;
  let derivative = none<"goes away with its region">;
  let batching = none<"goes away with its region">;
}
class Weft_OfSymbol<string m> : Weft_Derived<m, [DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let dsl = dsl_none<"for plain .mlir files: the DSL differentiates values">;
}
def VjpOp : Weft_OfSymbol<"vjp"> {
  let summary = "of a function symbol: its results, then the cotangents of its floating arguments";
  let arguments = (ins FlatSymbolRefAttr:$callee, Variadic<Weft_Tensor>:$operands_and_cotangents);
  let results = (outs Variadic<Weft_Tensor>:$results);
  let assemblyFormat = "$callee `(` $operands_and_cotangents `)` attr-dict `:` functional-type(operands, results)";
  let example = "%y, %dx = weft.vjp @f(%x, %ct) : (tensor<8xf32>, tensor<f32>) -> (tensor<f32>, tensor<8xf32>)";
}
def JvpOp : Weft_OfSymbol<"jvp"> {
  let summary = "of a function symbol: its results, then the tangents of its floating results";
  let arguments = (ins FlatSymbolRefAttr:$callee, Variadic<Weft_Tensor>:$operands_and_tangents);
  let results = (outs Variadic<Weft_Tensor>:$results);
  let assemblyFormat = "$callee `(` $operands_and_tangents `)` attr-dict `:` functional-type(operands, results)";
  let example = "%y, %dy = weft.jvp @f(%x, %t) : (tensor<8xf32>, tensor<8xf32>) -> (tensor<f32>, tensor<f32>)";
}
#endif
