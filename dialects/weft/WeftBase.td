// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- WeftBase.td - the dialect, its types, and the schema of an op record ------------------------------------------===//
//
// Everything that anybody asks about an op is said in its record: operands, shape rule, derivative, host reference, lowering, what
// the DSL calls it. A facet is either there or holds the reason why it is not; the generator (dialects/tblgen) refuses a record that
// leaves one open, and prints the DSL function, the op table and the row of the test matrix from the rest.
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
def Weft_BoolTensor : RankedTensorOf<[I1]>;
def Weft_IndexTensor : RankedTensorOf<[I32]>;
def Weft_Key : RankedTensorOf<[I32]>; // [2]: a Philox key

//===- facets -------------------------------------------------------------------------------------------------------===//
class Facet<bit there, string text> { bit present = there; string why = text; }
class has<string how> : Facet<1, how>;
class none<string reason> : Facet<0, reason>;
def open; // a record must replace it

/// What the DSL makes of an op.
class Dsl;
/// A generated function `Tensor name(operands..., attributes..., Loc)`.
class dsl_function<string function> : Dsl { string name = function; }
/// Written by hand in frontend/weft/Ops.h, because its C++ form needs more than operands and attributes.
class dsl_sugar<string form> : Dsl { string name = form; }
/// Not part of the DSL, with the reason.
class dsl_none<string reason> : Dsl { string why = reason; }

class Weft_Op<string mnemonic, list<Trait> traits = []> : Op<Weft_Dialect, mnemonic, !listconcat([Pure], traits)> {
  Facet reference = ?;
  Facet lowering = ?;
  Facet derivative = ?;
  Facet batching = none<"no vmap: the rule comes with it">;
  Facet streaming = none<"no stream: the rule comes with it">;
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
