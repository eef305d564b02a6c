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

def AccessOpInterface : OpInterface<"AccessOpInterface"> {
  let cppNamespace = "::weft::ir";
  let description = [{
    The loops of an op and where each operand and result is read along them: Access.h has the idea and examples. An op without this interface
    reads anything anywhere.
  }];
  let methods = [
    InterfaceMethod<"The op's space, and where a step of it is in each tensor.", "::weft::ir::Access", "getAccess">,
    InterfaceMethod<[{Becomes the same op over these loops, which are its own with one more in front, some joined or one split. Operands and result types
      have the new shapes already; attributes follow. An op that cannot be that stays as it is, and fails. It must not fail for loops that are
      joined or split where Access::canJoin and canSplit allow it.}],
      "::llvm::LogicalResult", "setAccess", (ins "const ::weft::ir::Access &":$now), "", "return ::mlir::failure();">,
  ];
}

def BatchOpInterface : OpInterface<"BatchOpInterface"> {
  let cppNamespace = "::weft::ir";
  let description = [{ What vmap makes of an op that is another one on many slices at once; all others say it by AccessOpInterface. See Batch.h. }];
  let methods = [
    InterfaceMethod<"The op's results with a leading axis, some of whose operands have one; null if the op cannot do that.",
      "::mlir::Operation *", "batch", (ins "::weft::ir::Batch &":$b)>,
  ];
}

def StreamOpInterface : OpInterface<"StreamOpInterface"> {
  let cppNamespace = "::weft::ir";
  let description = [{ What an op is on the elements that have just come, where its access does not say it all: it keeps something, or asks where it is. See Streaming.h. }];
  let methods = [
    InterfaceMethod<[{Asks for operands, and gives the result that is wanted. An op that cannot do that, because it needs what has not come yet, fails with an
      error that says why.}],
      "::llvm::LogicalResult", "stream", (ins "::weft::ir::Streaming &":$s)>,
  ];
}

def ControlFlowOpInterface : OpInterface<"ControlFlowOpInterface"> {
  let cppNamespace = "::weft::ir";
  let description = [{
    A loop or a branch: an op whose regions read values from outside. Its derivative concerns these as well as operands, so both come by callbacks.
    Rules put `weft.grad` and `weft.tangent` into the regions they make and hand them to `later`: who asked expands them, so regions nest.
  }];
  let methods = [
    InterfaceMethod<"Whether a region may run more than once, or end half-way; a branch runs one of them once.", "bool", "isLoop">,
    InterfaceMethod<"How many of the first results are carries, which move between two places from step to step.", "unsigned", "getNumCarries">,
    InterfaceMethod<"What runs, for the printed plan.", "::std::string", "describe">,
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
    InterfaceMethod<[{Whether a derivative is taken of the decomposition instead, which then takes the op's place: in reverse mode by the operands that are
      wanted, or in forward mode.}],
      "bool", "isDerivedDecomposed", (ins "bool":$reverse, "const ::llvm::BitVector &":$wanted), "", "return false;">,
  ];
}

def HeroOpInterface : OpInterface<"HeroOpInterface"> {
  let cppNamespace = "::weft::ir";
  let description = [{
    What an op whose loops an emitter makes allows of the kernel around it: a reduction, a contraction, a sort. The defaults fit an op of which
    nothing is known: its operands are memory, nobody follows it into its kernel, and no result lies where an operand does.
  }];
  let methods = [
    InterfaceMethod<"How operand i is read.", "::weft::ir::Prologue", "getPrologue", (ins "unsigned":$operand), "",
      "return ::weft::ir::Prologue::memory;">,
    InterfaceMethod<[{Whether ops that read results at their own position are computed where the element is finished. The op then has each element of
      its results, which are of one shape, in hand once, when it has read all that the element needs.}],
      "bool", "takesEpilogue", (ins), "", "return false;">,
    InterfaceMethod<"Whether result r may lie where operand i does, which is memory of the same type.", "bool", "mayOverwrite",
      (ins "unsigned":$operand, "unsigned":$result), "", "return false;">,
    InterfaceMethod<"Whether its reduced loops can be cut, and what the parts give be combined.", "bool", "combinesParts", (ins), "", "return false;">,
    InterfaceMethod<"The result, from those of parts that lie side by side along `axis` of `parts`, in the type in which the op accumulates.",
      "::mlir::Value", "combineParts", (ins "::weft::ir::Build &":$e, "::mlir::Value":$parts, "int64_t":$axis), "", "return {};">,
    InterfaceMethod<"Bytes of memory that a run needs beside operands and results.", "::weft::ir::Dim", "getWorkspace", (ins), "",
      "return ::weft::ir::Dim($_op->getContext(), 0);">,
  ];
}

def ScatterOpInterface : OpInterface<"ScatterOpInterface"> {
  let cppNamespace = "::weft::ir";
  let description = [{
    An op that brings updates (operand 2) to places of operand 0 along an axis, in row-major order of the indices (operand 1); the emitter
    makes the loops.
  }];
  let methods = [
    InterfaceMethod<"The element at a place after an update, in the compute type; `old` is what was there.", "::mlir::Value", "emitMeet",
      (ins "::weft::ir::ElementEmitter &":$e, "::llvm::function_ref<::mlir::Value()>":$old, "::mlir::Value":$update)>,
    InterfaceMethod<"Whether many updates of one place add up: sums of f32 and narrower are then f64, rounded once.", "bool", "addsUp", (ins), "",
      "return false;">,
    InterfaceMethod<"Whether an index outside is no error, because who made the op has checked those that must not be.", "bool", "skipsOutside",
      (ins), "", "return $_op->hasAttr(\"skip\");">,
  ];
}

def ViewOpInterface : OpInterface<"ViewOpInterface"> {
  let cppNamespace = "::weft::ir";
  let description = [{ An op that may stand for memory of its first operand, instead of computing anything. }];
  let methods = [
    InterfaceMethod<"Whether it always does, as all of that memory; else it may be a part, which has to be contiguous (loom/Views.h).",
      "bool", "isWhole", (ins), "", "return true;">,
    InterfaceMethod<"A value that has to be there before the memory is read; null for none.", "::mlir::Value", "getAwaited", (ins), "", "return {};">,
  ];
}

def ReductionOpInterface : OpInterface<"ReductionOpInterface"> {
  let cppNamespace = "::weft::ir";
  let description = [{ An op that combines the elements of operand 0 over some dimensions; the emitter makes the loops. }];
  let methods = [
    InterfaceMethod<"The dimensions of operand 0 that go away, sorted.", "::llvm::SmallVector<int64_t>", "getReducedDims">,
    InterfaceMethod<"Whether the place of an element matters, and not only its value: an arg-reduction.", "bool", "findsPlace", (ins), "", "return false;">,
    InterfaceMethod<"Whether the result is the largest or the smallest of the elements, as IEEE's maximum and minimum have it: who makes the loops may know a faster way to it.",
      "::weft::ir::Extreme", "getExtreme", (ins), "", "return ::weft::ir::Extreme::none;">,
    InterfaceMethod<"The accumulator of no element, one value per accumulator (value; for arg-reductions value and index).",
      "::llvm::SmallVector<::mlir::Value>", "emitIdentity", (ins "::weft::ir::ElementEmitter &":$e)>,
    InterfaceMethod<"What one element brings: the accumulator of it alone. `at` is its place along the (one) reduced dimension of an arg-reduction, or the places of a vector of them.",
      "::llvm::SmallVector<::mlir::Value>", "emitLift", (ins "::weft::ir::ElementEmitter &":$e, "::mlir::Value":$element, "::mlir::Value":$at),
      "", "return {element};">,
    InterfaceMethod<"Combines two accumulators; associative up to rounding, and commutative.", "::llvm::SmallVector<::mlir::Value>", "emitCombine",
      (ins "::weft::ir::ElementEmitter &":$e, "::mlir::ValueRange":$a, "::mlir::ValueRange":$b)>,
    InterfaceMethod<"An accumulator with what the next element brings, where elements come in their order: so it may be simpler than emitCombine.",
      "::llvm::SmallVector<::mlir::Value>", "emitAccumulate",
      (ins "::weft::ir::ElementEmitter &":$e, "::mlir::ValueRange":$accumulator, "::mlir::ValueRange":$element), "",
      "return $_op.emitCombine(e, accumulator, element);">,
    InterfaceMethod<"The result's element from the accumulator.", "::mlir::Value", "emitFinish",
      (ins "::weft::ir::ElementEmitter &":$e, "::mlir::ValueRange":$accumulator), "", "return accumulator.back();">,
  ];
}

def CumulativeOpInterface : OpInterface<"CumulativeOpInterface"> {
  let cppNamespace = "::weft::ir";
  let description = [{
    An op whose result has, at each place along one dimension of its operands, the combination of the elements up to that place, one after the
    other; the emitter of scanned dimensions makes the loops. The result has the shape of every operand.
  }];
  let methods = [
    InterfaceMethod<"The dimension.", "int64_t", "getScannedDim">,
    InterfaceMethod<"Whether it is gone through from its end.", "bool", "isFromEnd">,
    InterfaceMethod<"Whether the element at a place is not part of the result there.", "bool", "isExclusive">,
    InterfaceMethod<"The accumulator of no element.", "::llvm::SmallVector<::mlir::Value>", "emitIdentity", (ins "::weft::ir::ElementEmitter &":$e)>,
    InterfaceMethod<"An accumulator with one element more of each operand.", "::llvm::SmallVector<::mlir::Value>", "emitNext",
      (ins "::weft::ir::ElementEmitter &":$e, "::mlir::ValueRange":$accumulator, "::mlir::ValueRange":$elements)>,
    InterfaceMethod<"The result's element from the accumulator.", "::mlir::Value", "emitFinish",
      (ins "::weft::ir::ElementEmitter &":$e, "::mlir::ValueRange":$accumulator), "", "return accumulator.back();">,
  ];
}

def RuntimeCallOpInterface : OpInterface<"RuntimeCallOpInterface"> {
  let cppNamespace = "::weft::ir";
  let description = [{ An op that a function of the runtime computes; see RuntimeCall.h. }];
  let methods = [
    InterfaceMethod<"What is called. The operands are in memory.", "::weft::ir::RuntimeCall", "getCall">,
  ];
}
#endif
