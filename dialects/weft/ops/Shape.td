// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Shape.td - constants, generators and maps of indices; rules/Shape.cpp and Window.cpp ----------------------------------------===//
#ifndef WEFT_OPS_SHAPE
#define WEFT_OPS_SHAPE
include "dialects/weft/WeftBase.td"

class Weft_Map<string m, list<Trait> traits = []>
    : Weft_Op<m, !listconcat([Evaluates, Accesses, DeclareOpInterfaceMethods<PointwiseOpInterface, ["isCheap"]>], traits)> {
  let extraClassDefinition = "bool $cppClass::isCheap() { return true; }";
  let reference = has<"rules/Shape.cpp">;
  let lowering = has<"index map of the fused element">;
  let derivative = has<"linear: its transpose">;
  let batching = has<"dimensions count from one more">;
  let streaming = has<"what has come goes on">;
  let results = (outs Weft_Tensor:$result);
}

def ConstantOp : Weft_Op<"constant", [ConstantLike, Splits, Infers, Evaluates, Derives, Accesses, DeclareOpInterfaceMethods<PointwiseOpInterface, ["isCheap"]>]> {
  let summary = "values known at compile time";
  let arguments = (ins ElementsAttr:$value);
  let results = (outs Weft_Tensor:$result);
  let assemblyFormat = "$value attr-dict";
  let hasFolder = 1;
  let extraClassDefinition = "bool $cppClass::isCheap() { return true; }";
  let reference = has<"rules/Shape.cpp">;
  let lowering = has<"an immediate if splat, else constant data of the object">;
  let derivative = has<"constant: zero">;
  let batching = has<"no operand to map: the same for all slices">;
  let streaming = has<"the same all along">;
  let dsl = dsl_sugar<"constant({1, 2, 3}), or a C++ number">;
}
def DimOp : Weft_Map<"dim", [Streams]> {
  let summary = "a dimension as an i32 scalar";
  let arguments = (ins Weft_DimsAttr:$size);
  let assemblyFormat = "$size attr-dict `:` type($result)";
  let hasVerifier = 1;
  let derivative = none<"an integer has no derivative">;
  let batching = has<"no operand to map: the same for all slices">;
  let dsl = dsl_sugar<"a Dim as an operand">;
}
def IotaOp : Weft_Map<"iota", [Streams]> {
  let summary = "0, 1, 2 ... along one axis, the same along all others";
  let arguments = (ins Weft_Axis<"result">:$axis);
  let assemblyFormat = "$axis attr-dict `:` type($result)";
  let hasVerifier = 1;
  let derivative = none<"no operand to differentiate by">;
  let batching = has<"no operand to map: the same for all slices">;
  let dsl = dsl_sugar<"iota(n), eye(n)">;
}
def ReshapeOp : Weft_Map<"reshape", [ViewOpInterface, MovesElements, PartWise, Derives]> {
  let summary = "the same elements in row-major order in another shape; as many elements on both sides, by arithmetic on the dimensions";
  let arguments = (ins Weft_Tensor:$x);
  let assemblyFormat = "$x attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
  let hasFolder = 1;
  let dsl = dsl_sugar<"reshape(x, {a, -1}), expand(x, axes), squeeze(x, axes)">;
}
def TransposeOp : Weft_Map<"transpose", [MovesElements, PartWise, Infers, Derives]> {
  let summary = "dimensions in another order: result dimension i is operand dimension permutation[i]";
  let arguments = (ins Weft_Tensor:$x, Weft_Permutation<"x">:$permutation);
  let assemblyFormat = "$x $permutation attr-dict `:` type($x)";
  let hasFolder = 1;
  let dsl = dsl_function<"transpose", [], "transpose(x) of the last two">;
}
def BroadcastOp : Weft_Map<"broadcast", [MovesElements, PartWise, Derives]> {
  let summary = "repeats along new dimensions and along those of size 1: operand dimension i becomes result dimension dims[i]";
  let arguments = (ins Weft_Tensor:$x, Weft_Places<"x", "result">:$dims);
  let assemblyFormat = "$x $dims attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
  let hasFolder = 1;
  let dsl = dsl_sugar<"broadcast_to(x, shape), and the operators' implicit broadcasting">;
}
def SliceOp : Weft_Map<"slice", [Streams, DeclareOpInterfaceMethods<ViewOpInterface, ["isWhole"]>, MovesElements, PartWise, Derives]> {
  let summary = "result[i, ...] = x[starts + i * strides, ...]; sizes are the result's, starts may be expressions of dimensions";
  let arguments = (ins Weft_Tensor:$x, Weft_Offsets<"x">:$starts, Weft_PerDimension<"x">:$strides);
  let assemblyFormat = "$x `from` $starts `by` $strides attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
  let hasFolder = 1;
  let dsl = dsl_sugar<"slice(x, axis, start, limit[, stride]), x[i]">;
}
def PadOp : Weft_Map<"pad", [Streams, MovesElements, PartWise, Derives]> {
  let summary = "x with `low` elements of the scalar `value` in front of each dimension, `interior` between neighbours, and as many behind as the result's shape needs";
  let arguments = (ins Weft_Tensor:$x, Weft_Tensor:$value, Weft_Offsets<"x">:$low, Weft_PerDimension<"x">:$interior);
  let assemblyFormat = "$x `,` $value `low` $low `interior` $interior attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
  let dsl = dsl_sugar<"pad(x, axis, low, high, value)">;
}
def ConcatenateOp : Weft_Map<"concatenate", [Streams, MovesElements, PartWise, Infers, Derives]> {
  let summary = "operands one after the other along an axis; all other dimensions equal";
  let arguments = (ins Variadic<Weft_Tensor>:$inputs, Weft_Axis<"inputs">:$axis);
  let assemblyFormat = "$inputs `along` $axis attr-dict `:` functional-type(operands, results)";
  let dsl = dsl_sugar<"concat({a, b}, axis)">;
}
def ReverseOp : Weft_Map<"reverse", [MovesElements, PartWise, Infers, Derives]> {
  let summary = "the order of the elements turned round along the axes";
  let arguments = (ins Weft_Tensor:$x, Weft_AnyAxes<"x">:$axes);
  let assemblyFormat = "$x $axes attr-dict `:` type($x)";
  let dsl = dsl_function<"flip">;
}

def ExtendOp : Weft_Map<"extend", [MovesElements, PartWise, Derives]> {
  let summary = "x with `low` elements of its own in front along the axes, and as many behind as the result's shape needs: repeated from the edge, reflected at it (which is not repeated), or wrapped round";
  let arguments = (ins Weft_Tensor:$x, StrAttr:$mode, Weft_Axes<"x">:$axes, Weft_Offsets<"x">:$low);
  let assemblyFormat = "$x $mode $axes `low` $low attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
  let hasFolder = 1;
  let derivative = has<"linear: the copies are summed">;
  let dsl = dsl_sugar<"pad(x, {{axis, low, high}, ...}, PadMode::reflect)">;
}

def UnpackOp : Weft_Map<"unpack", [Layout, MovesElements]> {
  let summary = "the matrix whose columns lie in panels: result[k, n] = x[n / width, k, n % width]; the last panel may have columns to spare";
  let arguments = (ins Weft_Tensor:$x);
  let assemblyFormat = "$x attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
  let derivative = none<"made by prepare-bound, after derivatives">;
  let batching = has<"by its access; made by prepare-bound, after vmap">;
  let dsl = dsl_none<"Fn::bind packs what products read">;
}

def Identity : NativeOpTrait<"Identity"> { let cppNamespace = "::weft::ir"; }
class Weft_Identity<string m, list<Trait> traits = []> : Weft_Map<m, !listconcat([Infers, Derives, Identity, MovesElements, PartWise], traits)> {
  let extraClassDefinition = elementwise_access<>.definition # "bool $cppClass::isCheap() { return true; }";
  let batching = has<"itself, by its trait">;
  let assemblyFormat = "$x attr-dict `:` type($x)";
  let arguments = (ins Weft_Tensor:$x);
}
def CopyOp : Weft_Identity<"copy"> {
  let summary = "the same values in memory of their own: made by dispatch formation where a result needs a buffer";
  let dsl = dsl_none<"values need no copies">;
}
def AfterOp : Weft_Identity<"after", [DeclareOpInterfaceMethods<ViewOpInterface, ["getAwaited"]>]> {
  let summary = "the same value, for ops that run only when the token is there: no older copy of what is made of it takes their place";
  let arguments = (ins Weft_Tensor:$x, Weft_Tensor:$token);
  let assemblyFormat = "$x `,` $token attr-dict `:` type($x) `,` type($token)";
  let dsl = dsl_sugar<"checkpoint(f), in its gradient">;
}
def MarkOp : Weft_Identity<"mark"> {
  let summary = "the same value under a name by which it can be found";
  let arguments = (ins Weft_Tensor:$x, StrAttr:$name);
  let assemblyFormat = "$x $name attr-dict `:` type($x)";
  let dsl = dsl_sugar<"mark(model, name, x)">;
}
def StopGradientOp : Weft_Identity<"stop_gradient", [StopsDerivative]> {
  let summary = "the same value, through which no derivative passes";
  let derivative = has<"zero">;
  let dsl = dsl_sugar<"stop_gradient(tree)">;
}
#endif
