// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The vocabulary in which records say what an op on complex numbers is in real ones; passes/derive/SplitComplex.cpp
// asks.
#pragma once
#include "dialects/weft/Build.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/TypeUtilities.h"

namespace weft::ir {

/// A complex value by its parts. No imaginary part: it is zero everywhere, so what comes of a real number costs no more
/// than that.
struct Parts {
  mlir::Value re, im;
};

/// Linear: of complex operands, the op once on the real and once on the imaginary parts; real operands (indices,
/// predicates) go to both.
template <typename Op> struct PartWise : mlir::OpTrait::TraitBase<Op, PartWise> {};
/// Operands, results and arguments of regions are lists of values: a complex one is listed by its two parts.
template <typename Op> struct TakesParts : mlir::OpTrait::TraitBase<Op, TakesParts> {};

inline bool isComplex(mlir::Type t) { return llvm::isa<mlir::ComplexType>(mlir::getElementTypeOrSelf(t)); }
/// Floating or complex: what has a derivative.
inline bool isInexact(mlir::Type t) {
  return llvm::isa<mlir::FloatType, mlir::ComplexType>(mlir::getElementTypeOrSelf(t));
}
/// The type of the parts of a complex tensor.
mlir::RankedTensorType partType(mlir::Type complexTensor);
} // namespace weft::ir
