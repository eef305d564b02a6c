// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- WeftInterfaces.td - the questions that passes ask an op -------------------------------------------------------===//
#ifndef WEFT_INTERFACES
#define WEFT_INTERFACES
include "mlir/IR/OpBase.td"

def DerivativeOpInterface : OpInterface<"DerivativeOpInterface"> {
  let cppNamespace = "::weft::ir";
  let description = [{
    Reverse and forward derivative, written in weft ops, so derivatives of any order exist by construction. A null value stands for zero
    on both sides. An op without this interface has no derivative; if its record gives a reason, noDerivative() does.
  }];
  let methods = [
    InterfaceMethod<[{Cotangents of the operands from those of the results. `wanted[i]` is false where nobody asks for operand i.
      `result` arrives with one null value per operand.}],
      "::llvm::LogicalResult", "vjp",
      (ins "::weft::ir::Build &":$e, "::llvm::ArrayRef<::mlir::Value>":$cotangents, "const ::llvm::BitVector &":$wanted,
           "::llvm::MutableArrayRef<::mlir::Value>":$result)>,
    InterfaceMethod<"Tangents of the results from those of the operands; `result` arrives with one null value per result.",
      "::llvm::LogicalResult", "jvp",
      (ins "::weft::ir::Build &":$e, "::llvm::ArrayRef<::mlir::Value>":$tangents, "::llvm::MutableArrayRef<::mlir::Value>":$result)>,
  ];
}

def BatchOpInterface : OpInterface<"BatchOpInterface"> {
  let cppNamespace = "::weft::ir";
  let description = [{ The op on many slices at once: what vmap makes of it. See Batch.h. }];
  let methods = [
    InterfaceMethod<"The op's results with a leading axis, some of whose operands have one; null if the op cannot do that.",
      "::mlir::Operation *", "batch", (ins "::weft::ir::Batch &":$b)>,
  ];
}

def ControlFlowOpInterface : OpInterface<"ControlFlowOpInterface"> {
  let cppNamespace = "::weft::ir";
  let description = [{
    A loop or a branch: an op whose regions read values from outside. Its derivative concerns these as well as operands, so both come by callbacks.
    Rules put `weft.grad` and `weft.tangent` into the regions they make and hand them to `later`: who asked expands them, so regions nest.
  }];
  let methods = [
    InterfaceMethod<[{Reverse mode. `cotangents` of the results, null for zero. `active`: whether a derivative by a value outside is of use.
      `accumulate` takes the cotangent of such a value. If the op has to give more than it does, `replacement` becomes values in front of it
      that take the place of its results.}],
      "::llvm::LogicalResult", "reverse",
      (ins "::weft::ir::Build &":$e, "::llvm::ArrayRef<::mlir::Value>":$cotangents, "::weft::ir::IsActive":$active,
           "::weft::ir::Accumulate":$accumulate, "::weft::ir::Later":$later, "::llvm::SmallVectorImpl<::mlir::Value> &":$replacement)>,
    InterfaceMethod<[{Forward mode: tangents of the results from those of values outside (null for zero). `again` becomes the op's results as they are
      computed along with the tangents, for readers that come later.}],
      "::llvm::LogicalResult", "forward",
      (ins "::weft::ir::Build &":$e, "::weft::ir::TangentOf":$tangentOf, "::weft::ir::Later":$later, "::llvm::MutableArrayRef<::mlir::Value>":$result,
           "::llvm::SmallVectorImpl<::mlir::Value> &":$again)>,
  ];
}

def EvaluateOpInterface : OpInterface<"EvaluateOpInterface"> {
  let cppNamespace = "::weft::ir";
  let description = [{ The host reference: plain loops over typed arrays, floats in float64, rounded to the result's type by the caller. }];
  let methods = [
    InterfaceMethod<"Fills `results`, which arrive with their shapes set. An error names the element.", "::llvm::LogicalResult", "evaluate",
      (ins "::llvm::ArrayRef<const ::weft::ir::HostArray *>":$operands, "::llvm::MutableArrayRef<::weft::ir::HostArray>":$results)>,
  ];
}

def PointwiseOpInterface : OpInterface<"PointwiseOpInterface"> {
  let cppNamespace = "::weft::ir";
  let description = [{
    The lowering of an op whose single result can be computed one element at a time from elements of its operands: elementwise ops, index
    maps (broadcast, transpose, slice), generators (iota, random bits). These fuse into whatever asks for the element. See Pointwise.h.
  }];
  let methods = [
    InterfaceMethod<"The value of the result's element at the coordinates (a vector of `lanes` of them), in the compute type.",
      "::mlir::Value", "emitElement", (ins "::weft::ir::ElementEmitter &":$e, "::llvm::ArrayRef<::weft::ir::Coord>":$at)>,
    InterfaceMethod<"Whether to compute it again is cheaper than to store and load it: index maps, constants, casts, compares, selects.",
      "bool", "isCheap", (ins), "", "return false;">,
  ];
}

def CheckedOpInterface : OpInterface<"CheckedOpInterface"> {
  let cppNamespace = "::weft::ir";
  let description = [{
    An op whose code may raise an error at run time (ElementEmitter::require): an index outside, a division by zero. Memory that must stay as it
    is when a call fails is written after all of these.
  }];
  let methods = [
    InterfaceMethod<"What the op asks of its operand's elements; nothing where this op cannot fail.", "::std::optional<::weft::ir::RuntimeCheck>", "getCheck">,
  ];
}

def ComplexOpInterface : OpInterface<"ComplexOpInterface"> {
  let cppNamespace = "::weft::ir";
  let description = [{ What an op on complex numbers is in real ones. Linear ops have the trait PartWise instead. See Complex.h. }];
  let methods = [
    InterfaceMethod<"Parts of the results from those of the operands; of a real operand the value and no imaginary part.", "::llvm::LogicalResult", "split",
      (ins "::weft::ir::Build &":$e, "::llvm::ArrayRef<::weft::ir::Parts>":$x, "::llvm::MutableArrayRef<::weft::ir::Parts>":$y)>,
  ];
}

def DecomposeOpInterface : OpInterface<"DecomposeOpInterface"> {
  let cppNamespace = "::weft::ir";
  let description = [{ A semantic op that primitives express. Decomposed after derivation, where no emitter takes it whole. }];
  let methods = [
    InterfaceMethod<"The results in simpler weft ops.", "::llvm::LogicalResult", "decompose",
      (ins "::weft::ir::Build &":$e, "::llvm::SmallVectorImpl<::mlir::Value> &":$results)>,
  ];
}

def ReductionOpInterface : OpInterface<"ReductionOpInterface"> {
  let cppNamespace = "::weft::ir";
  let description = [{ An op that combines the elements of operand 0 over some dimensions; the emitter makes the loops. }];
  let methods = [
    InterfaceMethod<"The dimensions of operand 0 that go away, sorted.", "::llvm::SmallVector<int64_t>", "getReducedDims">,
    InterfaceMethod<"Whether the place of an element matters, and not only its value: an arg-reduction.", "bool", "findsPlace", (ins), "", "return false;">,
    InterfaceMethod<"The accumulator of no element, one value per accumulator (value; for arg-reductions value and index; for extremes of floats both ends).",
      "::llvm::SmallVector<::mlir::Value>", "emitIdentity", (ins "::weft::ir::ElementEmitter &":$e)>,
    InterfaceMethod<"What one element brings: the accumulator of it alone. `at` is its place along the (one) reduced dimension of an arg-reduction.",
      "::llvm::SmallVector<::mlir::Value>", "emitLift", (ins "::weft::ir::ElementEmitter &":$e, "::mlir::Value":$element, "::mlir::Value":$at),
      "", "return {element};">,
    InterfaceMethod<"Combines two accumulators; associative up to rounding, and commutative.", "::llvm::SmallVector<::mlir::Value>", "emitCombine",
      (ins "::weft::ir::ElementEmitter &":$e, "::mlir::ValueRange":$a, "::mlir::ValueRange":$b)>,
    InterfaceMethod<"The result's element from the accumulator.", "::mlir::Value", "emitFinish",
      (ins "::weft::ir::ElementEmitter &":$e, "::mlir::ValueRange":$accumulator), "", "return accumulator.back();">,
  ];
}
#endif
