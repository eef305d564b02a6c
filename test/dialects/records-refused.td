// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What a record says and cannot be true is an error of the build. Each part below is a record with one mistake.
//
// RUN: split-file %s %t
// RUN: not weft-tblgen -gen-op-table -I %t %t/open.td 2>&1 | FileCheck %t/open.td
// RUN: not weft-tblgen -gen-op-table -I %t %t/no-dsl.td 2>&1 | FileCheck %t/no-dsl.td
// RUN: not weft-tblgen -gen-op-table -I %t %t/derivative.td 2>&1 | FileCheck %t/derivative.td
// RUN: not weft-tblgen -gen-op-table -I %t %t/batching.td 2>&1 | FileCheck %t/batching.td
// RUN: not weft-tblgen -gen-op-table -I %t %t/reference.td 2>&1 | FileCheck %t/reference.td
// RUN: not weft-tblgen -gen-op-table -I %t %t/lowering.td 2>&1 | FileCheck %t/lowering.td
// RUN: not weft-tblgen -gen-op-table -I %t %t/streaming.td 2>&1 | FileCheck %t/streaming.td
// RUN: not weft-tblgen -gen-op-table -I %t %t/denied.td 2>&1 | FileCheck %t/denied.td
// RUN: not weft-tblgen -gen-dsl-decls -I %t %t/lost-attribute.td 2>&1 | FileCheck %t/lost-attribute.td
// RUN: not weft-tblgen -gen-dsl-decls -I %t %t/result-attribute.td 2>&1 | FileCheck %t/result-attribute.td
// RUN: not weft-tblgen -gen-dsl-decls -I %t %t/no-rule.td 2>&1 | FileCheck %t/no-rule.td
// RUN: not weft-tblgen -gen-dsl-decls -I %t %t/two-results.td 2>&1 | FileCheck %t/two-results.td
// RUN: not weft-tblgen -gen-dsl-decls -I %t %t/variadic.td 2>&1 | FileCheck %t/variadic.td
// RUN: not weft-tblgen -gen-dsl-decls -I %t %t/default.td 2>&1 | FileCheck %t/default.td
// RUN: not weft-tblgen -gen-dsl-decls -I %t %t/broadcasts.td 2>&1 | FileCheck %t/broadcasts.td
// RUN: not weft-tblgen -gen-dsl-decls -I %t %t/broadcast-attribute.td 2>&1 | FileCheck %t/broadcast-attribute.td
// RUN: not weft-tblgen -gen-dsl-decls -I %t %t/reduction.td 2>&1 | FileCheck %t/reduction.td
// RUN: not weft-tblgen -gen-attributes -I %t %t/of-nothing.td 2>&1 | FileCheck %t/of-nothing.td
// RUN: not weft-tblgen -gen-op-table -test-folder=%t -I %t %t/whole.td 2>&1 | FileCheck %t/no-test.txt
// RUN: weft-tblgen -gen-dsl-decls -I %t %t/whole.td | FileCheck %t/whole.td --check-prefix=DECL
// RUN: weft-tblgen -gen-dsl-defs -I %t %t/whole.td | FileCheck %t/whole.td --check-prefix=DEF
// RUN: weft-tblgen -gen-attributes -I %t %t/whole.td | FileCheck %t/whole.td --check-prefix=FACT

//--- base.td
include "dialects/weft/WeftBase.td"
class Whole<string m, list<Trait> traits = [Infers, Evaluates, Points, Derives, Batches]> : Weft_Op<m, traits> {
  let summary = "an op";
  let arguments = (ins Weft_Tensor:$x);
  let results = (outs Weft_Tensor:$result);
  let reference = has<"by loops">;
  let lowering = has<"an element">;
  let derivative = has<"itself">;
  let batching = has<"itself">;
  let streaming = none<"later">;
  let dsl = dsl_function<m>;
}

//--- open.td
// CHECK: open.td:{{.*}} error: op 'a': the record says nothing of 'streaming': give it, or the reason why it has none
include "base.td"
def AOp : Whole<"a"> { let streaming = ?; }

//--- no-dsl.td
// CHECK: error: op 'a': the record says nothing of 'dsl'
include "base.td"
def AOp : Whole<"a"> { let dsl = ?; }

//--- derivative.td
// CHECK: error: op 'a': the record claims 'derivative' (itself), but the op has none of DerivativeOpInterface, ControlFlowOpInterface
include "base.td"
def AOp : Whole<"a", [Infers, Evaluates, Points, Batches]>;

//--- batching.td
// CHECK: error: op 'a': the record claims 'batching' (itself), but the op has none of BatchOpInterface, AccessOpInterface.setAccess
include "base.td"
def AOp : Whole<"a", [Infers, Evaluates, Points, Derives]>;

//--- reference.td
// CHECK: error: op 'a': the record claims 'reference' (by loops), but the op has none of EvaluateOpInterface
include "base.td"
def AOp : Whole<"a", [Infers, Points, Derives, Batches]>;

//--- lowering.td
// CHECK: error: op 'a': the record claims 'lowering' (an element), but the op has none of PointwiseOpInterface
include "base.td"
def AOp : Whole<"a", [Infers, Evaluates, Derives, Batches]>;

//--- streaming.td
// CHECK: error: op 'a': the record claims 'streaming' (today), but the op has none of StreamOpInterface, AccessOpInterface.setAccess
include "base.td"
def AOp : Whole<"a"> { let streaming = has<"today">; }

//--- denied.td
// CHECK: error: op 'a': the record says that there is no 'derivative' (too hard), but the op has DerivativeOpInterface
include "base.td"
def AOp : Whole<"a"> { let derivative = none<"too hard">; }

//--- lost-attribute.td
// CHECK: error: op 'a': the function 'a': the attribute 'name' is none that becomes an argument
include "base.td"
def AOp : Whole<"a"> { let arguments = (ins Weft_Tensor:$x, StrAttr:$name); }

//--- result-attribute.td
// A negative axis counts from the end of an operand, which the function has in hand; the result it has not.
// CHECK: error: op 'a': the function 'a': the attribute 'axis' is none that becomes an argument
include "base.td"
def AOp : Whole<"a"> { let arguments = (ins Weft_Tensor:$x, Weft_Axis<"result">:$axis); }

//--- no-rule.td
// CHECK: error: op 'a': the function 'a': the result's type does not follow from operands and attributes (no rule infers it): write dsl_sugar
include "base.td"
def AOp : Whole<"a", [Evaluates, Points, Derives, Batches]>;

//--- two-results.td
// CHECK: error: op 'a': the function 'a': the op has not one result but 2: write dsl_sugar
include "base.td"
def AOp : Whole<"a"> { let results = (outs Weft_Tensor:$values, Weft_Tensor:$places); }

//--- variadic.td
// CHECK: error: op 'a': the function 'a': the number of operands 'xs' is variable: write dsl_sugar
include "base.td"
def AOp : Whole<"a"> { let arguments = (ins Variadic<Weft_Tensor>:$xs); }

//--- default.td
// CHECK: error: op 'a': the function 'a': the default of 'axes' is of no attribute
include "base.td"
def AOp : Whole<"a"> {
  let arguments = (ins Weft_Tensor:$x, Weft_Axis<"x">:$axis);
  let dsl = dsl_function<"a", ["axes = 0"]>;
}

//--- broadcasts.td
// CHECK: error: op 'a': the function 'a': operands broadcast for elementwise ops alone: write dsl_function
include "base.td"
def AOp : Whole<"a"> {
  let arguments = (ins Weft_Tensor:$x, Weft_Tensor:$y);
  let dsl = dsl_broadcasting<"a">;
}

//--- broadcast-attribute.td
// CHECK: error: op 'a': operator +: the attribute 'name' would be lost: write dsl_sugar
include "base.td"
def AOp : Whole<"a", [Elementwise, Accesses, Infers, Evaluates, Points, Derives]> {
  let streaming = has<"by its access">;
  let arguments = (ins Weft_Tensor:$x, Weft_Tensor:$y, StrAttr:$name);
  let dsl = dsl_operator<"+">;
}

//--- reduction.td
// CHECK: error: op 'a': the reduction 'a': expected one operand and one attribute, its axes (Weft_Axes) or an axis (Weft_Axis)
include "base.td"
def AOp : Whole<"a"> { let dsl = dsl_reduction<"a">; }

//--- of-nothing.td
// CHECK: error: op 'a': the attribute 'axis' speaks of 'y', which is no result, and no operand that stands in front of a variable number of them
include "base.td"
def AOp : Whole<"a"> { let arguments = (ins Weft_Tensor:$x, Weft_Axis<"y">:$axis); }

//--- no-test.txt
CHECK: error: op 'a' has no {{.*}}/a.mlir: every op has a test file of its own

//--- whole.td
// Nothing is lost of these: every attribute is an argument.
// DECL: /// an op
// DECL-NEXT: Tensor a(const Tensor &x, const Axes &axes, int axis = -1, Loc at = Loc::here());
// DECL: Tensor b(const Operand &x, const Operand &y);
// DECL: Tensor c(const Tensor &x, Loc at = Loc::here());
// DECL: Tensor c(const Tensor &x, const Axes &axes, Keep keep = {}, Loc at = Loc::here());
// DECL-NOT: operator
// DECL: Tensor e(const Tensor &x, const Tensor &y, const std::vector<int> &order, std::int64_t count, double scale, bool up, Loc at = Loc::here());
// DEF: Tensor a(const Tensor &x, const Axes &axes, int axis, Loc at) {
// DEF-NEXT: return emit("weft.a", {x}, {{[{]}}{"axes", axesOfOperand("a", axes, x, at)}, {"axis", axisOfOperand("a", axis, x, at)}}, at);
// DEF: return binary("b", x, y);
// DEF: return reduce("c", "weft.c", x, &axes, keep, at);
// DEF: Tensor operator-(const Operand &x) {
// DEF-NEXT: return unary("d", x);
// DEF: return emit("weft.e", {x, y}, {{[{]}}{"order", permutationOfOperand("e", order, y, at)}, {"count", count}, {"scale", scale}, {"up", up}}, at);
// FACT: {"weft.a", {{[{][{]}}axes, "axes", 0, 0}, {axis, "axis", 0, 0}, }},
// FACT: {"weft.c", {{[{][{]}}axes, "axes", 0, 0}, }},
// FACT: {"weft.e", {{[{][{]}}permutation, "order", 1, 1}, }},
include "base.td"
def AOp : Whole<"a"> {
  let arguments = (ins Weft_Tensor:$x, Weft_Axes<"x">:$axes, Weft_Axis<"x">:$axis);
  let dsl = dsl_function<"a", ["axis = -1"]>;
}
def BOp : Whole<"b", [Elementwise, Accesses, Infers, Evaluates, Points, Derives]> {
  let streaming = has<"by its access">;
  let arguments = (ins Weft_Tensor:$x, Weft_Tensor:$y);
  let dsl = dsl_broadcasting<"b">;
}
def COp : Whole<"c"> {
  let arguments = (ins Weft_Tensor:$x, Weft_Axes<"x">:$axes);
  let dsl = dsl_reduction<"c">;
}
def DOp : Whole<"d", [Elementwise, Accesses, Infers, Evaluates, Points, Derives]> { let streaming = has<"by its access">; let dsl = dsl_operator<"-">; }
def EOp : Whole<"e"> {
  let arguments = (ins Weft_Tensor:$x, Weft_Tensor:$y, Weft_Permutation<"y">:$order, Weft_Number_Attr:$count, F64Attr:$scale, BoolAttr:$up);
}
