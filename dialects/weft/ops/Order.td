// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Order.td - what orders the elements of an axis; rules/Order.cpp -----------------------------------------------===//
#ifndef WEFT_OPS_ORDER
#define WEFT_OPS_ORDER
include "dialects/weft/WeftBase.td"

def SortOp : Weft_Op<"sort", [Infers, Evaluates, Derives, Accesses, DeclareOpInterfaceMethods<RuntimeCallOpInterface>,
                             DeclareOpInterfaceMethods<HeroOpInterface, ["getWorkspace"]>]> {
  let summary = "the elements of each row along an axis in ascending (or descending) order, and where they were, i32; stable, -0 equals 0, NaN last in both orders";
  let arguments = (ins Weft_RealTensor:$x, Weft_Axis<"x">:$axis, UnitAttr:$descending);
  let results = (outs Weft_RealTensor:$values, Weft_IndexTensor:$indices);
  let assemblyFormat = "$x $axis (`descending` $descending^)? attr-dict `:` functional-type(operands, results)";
  let reference = has<"rules/Order.cpp">;
  let lowering = has<"call of weft_sort">;
  let batching = has<"dimensions count from one more">;
  let streaming = none<"an order needs all elements">;
  let derivative = has<"the permutation, which is constant: take_along, and scatter_add_along back">;
  let dsl = dsl_sugar<"sort(x, axis, {.descending}), argsort(x, axis, {.descending})">;
}
#endif
