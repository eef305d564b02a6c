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
  let streaming = has<"by its access: an order along what does not go on">;
  let derivative = has<"the permutation, which is constant: take_along, and scatter_add_along back">;
  let dsl = dsl_sugar<"sort(x, axis, {.descending}), argsort(x, axis, {.descending})">;
}
def TopKOp : Weft_Op<"top_k", [Infers, Evaluates, Derives, Accesses, DeclareOpInterfaceMethods<RuntimeCallOpInterface>,
                               DeclareOpInterfaceMethods<HeroOpInterface, ["getWorkspace"]>]> {
  let summary = "the k largest elements of each row along an axis in descending order, and where they were, i32; NaN counts as the largest, of equal elements the first comes first";
  let arguments = (ins Weft_RealTensor:$x, Weft_DimsAttr:$k, Weft_Axis<"x">:$axis);
  let results = (outs Weft_RealTensor:$values, Weft_IndexTensor:$indices);
  let assemblyFormat = "$x $k `along` $axis attr-dict `:` functional-type(operands, results)";
  let reference = has<"rules/Order.cpp">;
  let lowering = has<"call of weft_top_k">;
  let batching = has<"dimensions count from one more">;
  let streaming = has<"by its access: an order along what does not go on">;
  let derivative = has<"the choice, which is constant: take_along, and scatter_add_along back">;
  let dsl = dsl_sugar<"top_k(x, k, axis)">;
  let example = "%v, %i = weft.top_k %x <(3)> along 1 : (tensor<4x10xf32>) -> (tensor<4x3xf32>, tensor<4x3xi32>)";
}
def TopKMaskOp : Weft_Op<"top_k_mask", [Infers, Evaluates, Accesses, DeclareOpInterfaceMethods<RuntimeCallOpInterface>,
                                        DeclareOpInterfaceMethods<HeroOpInterface, ["getWorkspace"]>]> {
  let summary = "whether an element is one of the largest of its row along an axis, in the order of top_k; for each row a count of these, none if it is negative, all if it is more";
  let arguments = (ins Weft_RealTensor:$x, Weft_CountTensor:$counts, Weft_Axis<"x">:$axis);
  let results = (outs Weft_BoolTensor:$mask);
  let assemblyFormat = "$x `,` $counts `along` $axis attr-dict `:` functional-type(operands, results)";
  let reference = has<"rules/Order.cpp">;
  let lowering = has<"call of weft_top_k_mask">;
  let batching = has<"dimensions count from one more">;
  let streaming = has<"by its access: an order along what does not go on">;
  let derivative = none<"a mask has no derivative; select by it passes that of what is kept">;
  let dsl = dsl_sugar<"top_k_mask(x, counts, axis)">;
}
def SearchSortedOp : Weft_Op<"searchsorted", [Infers, Evaluates, Accesses, DeclareOpInterfaceMethods<RuntimeCallOpInterface>, HeroOpInterface]> {
  let summary = "how many elements of a row in ascending order are less than a value (with `right` less or equal): where it would be put in; NaN is the largest, as in sort";
  let arguments = (ins Weft_RealTensor:$sorted, Weft_RealTensor:$values, UnitAttr:$right);
  let results = (outs Weft_IndexTensor:$result);
  let assemblyFormat = "$values `in` $sorted (`right` $right^)? attr-dict `:` functional-type(operands, results)";
  let reference = has<"rules/Order.cpp">;
  let lowering = has<"call of weft_searchsorted">;
  let batching = has<"a row of its own for each slice">;
  let streaming = has<"by its access: of rows that have come">;
  let derivative = none<"an index has no derivative">;
  let dsl = dsl_sugar<"searchsorted(sorted, values, {.right})">;
}
#endif
