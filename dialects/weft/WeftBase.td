// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- WeftBase.td - the dialect, its types, and the schema of an op record ------------------------------------------===//
//
// Everything that anybody asks about an op is said in its record: operands, shape rule, derivative, host reference, lowering, what
// the DSL calls it. A facet is either there or holds the reason why it is not. The generator (dialects/tblgen) refuses a record that
// leaves one open, that claims one for which the op has no interface, or that asks for a DSL function which it cannot print. From the
// rest it prints the DSL's functions, the checks of attributes, the op table and docs/ops.md.
//
//===----------------------------------------------------------------------------------------------------------------===//
#ifndef WEFT_BASE
#define WEFT_BASE
include "mlir/IR/OpBase.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/BuiltinAttributeInterfaces.td"
include "mlir/IR/TensorEncoding.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
include "dialects/weft/WeftInterfaces.td"

def Weft_Dialect : Dialect {
  let name = "weft";
  let cppNamespace = "::weft::ir";
  let summary = "models as graphs of tensors: value semantics, differentiable, no scheduling";
  let useDefaultAttributePrinterParser = 1;
  let hasConstantMaterializer = 1;
  let hasOperationAttrVerify = 0;
  let hasRegionResultAttrVerify = 1; // weft.updates = i: a result of the function is the new value of argument i
  // Ops are registered a family at a time, each from a file of its own (OpFamily.cpp.in).
  let extraClassDeclaration = "template <class... Ops> void add() { addOperations<Ops...>(); }";
}

def Weft_DimsAttr : AttrDef<Weft_Dialect, "Dims", [DeclareAttrInterfaceMethods<VerifiableTensorEncoding, ["verifyEncoding"]>]> {
  let mnemonic = "dims";
  let summary = "dimensions as affine expressions over bounded symbols; see Dims.h";
  let parameters = (ins "::mlir::AffineMap":$map, ArrayRefParameter<"::llvm::StringRef">:$names, ArrayRefParameter<"int64_t">:$ranges);
  let extraClassDeclaration = [{ ::llvm::SmallVector<::weft::ir::Dim, 4> getDims() const; }];
  let hasCustomAssemblyFormat = 1;
}

//===- types --------------------------------------------------------------------------------------------------------===//
def Weft_Float : AnyTypeOf<[F64, F32, F16, BF16], "f64, f32, f16 or bf16">;
def Weft_Int : AnyTypeOf<[I1, I8, I32, I64], "i1, i8, i32 or i64">;
def Weft_Complex : AnyTypeOf<[Complex<F32>, Complex<F64>], "complex<f32> or complex<f64>">;
def Weft_Real : AnyTypeOf<[Weft_Float, Weft_Int], "f64, f32, f16, bf16, i1, i8, i32 or i64">;
def Weft_Element : AnyTypeOf<[Weft_Real, Weft_Complex], "f64, f32, f16, bf16, i1, i8, i32, i64 or complex">;
def Weft_Number : AnyTypeOf<[Weft_Float, I8, I32, I64], "f64, f32, f16, bf16, i8, i32 or i64">;
def Weft_Tensor : RankedTensorOf<[Weft_Element]>;
def Weft_RealTensor : RankedTensorOf<[Weft_Real]>;
def Weft_FloatTensor : RankedTensorOf<[Weft_Float]>;
def Weft_ComplexTensor : RankedTensorOf<[Weft_Complex]>;
// What has a derivative, and what can be added and multiplied.
def Weft_InexactTensor : RankedTensorOf<[AnyTypeOf<[Weft_Float, Weft_Complex], "f64, f32, f16, bf16 or complex">]>;
def Weft_ArithmeticTensor : RankedTensorOf<[AnyTypeOf<[Weft_Number, Weft_Complex], "f64, f32, f16, bf16, i8, i32, i64 or complex">]>;
def Weft_NumberTensor : RankedTensorOf<[Weft_Number]>;
def Weft_IntTensor : RankedTensorOf<[Weft_Int]>;
def Weft_WholeTensor : RankedTensorOf<[AnyTypeOf<[I8, I32, I64], "i8, i32 or i64">]>; // bits of a number, not a truth value
def Weft_BoolTensor : RankedTensorOf<[I1]>;
def Weft_IndexTensor : RankedTensorOf<[I32]>;
def Weft_Indices : RankedTensorOf<[AnyTypeOf<[I8, I32, I64], "i8, i32 or i64">]>; // what ops may be given; those that make indices give i32
def Weft_CountTensor : RankedTensorOf<[I32]>; // numbers of things
def Weft_Key : RankedTensorOf<[I32]>; // [2]: a Philox key

//===- attributes that speak of dimensions --------------------------------------------------------------------------===//
//
// An attribute of one of these classes says what it means for the dimensions of an operand or a result, which it names (`of`). So its
// check (Attributes.h) and the DSL's argument follow from the record.
//
//===----------------------------------------------------------------------------------------------------------------===//
/// One dimension: `Weft_Axis<"x">:$axis`.
class Weft_Axis<string operand> : TypedSignlessIntegerAttrBase<I64, "int64_t", "a dimension of " # operand> { string of = operand; }
/// Some dimensions, sorted, none twice.
class Weft_Axes<string operand> : DenseArrayAttrBase<"DenseI64ArrayAttr", "int64_t", "i64"> { string of = operand; }
/// Some dimensions in any order, none twice.
class Weft_AnyAxes<string operand> : Weft_Axes<operand>;
/// Every dimension once.
class Weft_Permutation<string operand> : Weft_Axes<operand>;
/// For each dimension of `operand` the one of `result` that it becomes, none twice.
class Weft_Places<string operand, string result> : Weft_Axes<operand> { string within = result; }
/// A number for each dimension.
class Weft_PerDimension<string operand> : DenseArrayAttrBase<"DenseI64ArrayAttr", "int64_t", "i64"> { string of = operand; }
/// An expression of dimensions for each dimension.
class Weft_Offsets<string operand> : Attr<CPred<"::llvm::isa<::weft::ir::DimsAttr>($_self)">, "dimensions"> {
  let storageType = "::weft::ir::DimsAttr"; let returnType = "::weft::ir::DimsAttr"; let convertFromStorage = "$_self";
  string of = operand;
}
/// An integer that speaks of no dimension, as a count.
def Weft_Number_Attr : TypedSignlessIntegerAttrBase<I64, "int64_t", "a number">;

//===- facets -------------------------------------------------------------------------------------------------------===//
class Facet<bit there, string text> { bit present = there; string why = text; }
/// The op has an interface or a trait which proves it: see Weft_Proof.
class has<string how> : Facet<1, how>;
/// A pass of this name sees to it, and asks the op for nothing.
class by<string name, string how> : Facet<1, how> { string pass = name; }
class none<string reason> : Facet<0, reason>;

/// What proves that an op has a facet: one of these interfaces or traits, by their C++ names, or an interface of which the op defines a
/// method that has a default.
class Weft_Proof<string of, list<string> any> { string facet = of; list<string> proofs = any; }
def : Weft_Proof<"reference", ["EvaluateOpInterface", "ControlFlowOpInterface"]>;
def : Weft_Proof<"lowering", ["PointwiseOpInterface", "HeroOpInterface", "DecomposeOpInterface", "ControlFlowOpInterface"]>;
def : Weft_Proof<"derivative", ["DerivativeOpInterface", "ControlFlowOpInterface"]>;
def : Weft_Proof<"batching", ["BatchOpInterface", "AccessOpInterface.setAccess"]>;
def : Weft_Proof<"streaming", ["StreamOpInterface", "AccessOpInterface.setAccess"]>;

/// What the DSL makes of an op. `form` is what docs/ops.md shows beside the generated function.
class Dsl<string shown> { string form = shown; }
/// `Tensor name(const Tensor &operand..., axes..., Loc)`; `defaults` of attributes, as ["axis = -1"].
class dsl_function<string function, list<string> defaultValues = [], string more = ""> : Dsl<more> { string name = function; list<string> defaults = defaultValues; }
/// `Tensor name(const Operand &operand...)`: numbers take the other side's element type, shapes broadcast.
class dsl_broadcasting<string function, string more = ""> : Dsl<more> { string name = function; }
/// The same as a C++ operator, which Tensor.h or Ops.h declares.
class dsl_operator<string symbol> : Dsl<""> { string name = symbol; }
/// A reduction: `name(x)` over all dimensions and `name(x, axes, keep)`, or `name(x, axis, keep)` of an op with one axis.
class dsl_reduction<string function, string more = ""> : Dsl<more> { string name = function; }
/// Written by hand in frontend/weft/Ops.h, because its C++ form needs more than operands and attributes.
class dsl_sugar<string shown> : Dsl<shown>;
/// Not part of the DSL, with the reason.
class dsl_none<string reason> : Dsl<""> { string why = reason; }

/// Its attributes of the classes above are checked in front of everything else.
def Weft_ChecksAttributes : NativeOpTrait<"ChecksAttributes"> { let cppNamespace = "::weft::ir"; }

class Weft_Op<string mnemonic, list<Trait> traits = []> : Op<Weft_Dialect, mnemonic, !listconcat([Pure, Weft_ChecksAttributes], traits)> {
  Facet reference = ?;
  Facet lowering = ?;
  Facet derivative = ?;
  Facet batching = ?;
  Facet streaming = ?;
  Dsl dsl = ?;
  /// A formula or an example where the summary is not enough.
  string example = "";
}

/// Definitions of AccessOpInterface for classes of ops whose elements are read at the result's own position.
class elementwise_access {
  code definition =
      "::weft::ir::Access $cppClass::getAccess() { return ::weft::ir::Access::elementwise(getOperation()); }\n"
      "::llvm::LogicalResult $cppClass::setAccess(const ::weft::ir::Access &now) { return ::weft::ir::setElementwise(getOperation(), now); }\n";
}

/// An op whose result types follow from operands and attributes by a rule in rules/<Family>.cpp.
def Infers : TraitList<[DeclareOpInterfaceMethods<InferTypeOpInterface>]>;
def Derives : TraitList<[DeclareOpInterfaceMethods<DerivativeOpInterface>]>;
def Evaluates : TraitList<[DeclareOpInterfaceMethods<EvaluateOpInterface>]>;
def Accesses : TraitList<[DeclareOpInterfaceMethods<AccessOpInterface, ["setAccess"]>]>;
def Points : TraitList<[DeclareOpInterfaceMethods<PointwiseOpInterface>]>;
def Checks : TraitList<[DeclareOpInterfaceMethods<CheckedOpInterface>]>;
def Batches : TraitList<[DeclareOpInterfaceMethods<BatchOpInterface>]>;
def Streams : TraitList<[DeclareOpInterfaceMethods<StreamOpInterface>]>;
def Splits : TraitList<[DeclareOpInterfaceMethods<ComplexOpInterface>]>;
// Linear: of complex operands, the op once on the real and once on the imaginary parts.
def PartWise : NativeOpTrait<"PartWise"> { let cppNamespace = "::weft::ir"; }
// No derivative passes through, whatever depends on what.
def StopsDerivative : NativeOpTrait<"StopsDerivative"> { let cppNamespace = "::weft::ir"; }
// Every element of the result is an element of an operand, or a filler, as it is.
def MovesElements : NativeOpTrait<"MovesElements"> { let cppNamespace = "::weft::ir"; }
// The operand is the result's elements in an order that suits those who read memory; they read it as it is.
def Layout : NativeOpTrait<"Layout"> { let cppNamespace = "::weft::ir"; }
// Lists of values: a complex one is listed by its two parts.
def TakesParts : NativeOpTrait<"TakesParts"> { let cppNamespace = "::weft::ir"; }
def Decomposes : TraitList<[DeclareOpInterfaceMethods<DecomposeOpInterface>]>;
#endif
