// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the shape rules of several families ask: attributes before an op exists, axes in range, sizes that hold for
// every run.
#pragma once
#include "dialects/weft/Weft.h"

namespace weft::ir {

/// An attribute of an op that may not exist yet: from its properties, or from the dictionary if those were not made.
template <class Attr> Attr given(Attr fromProperties, mlir::DictionaryAttr attributes, llvm::StringRef name) {
  return fromProperties ? fromProperties : attributes ? attributes.getAs<Attr>(name) : Attr();
}

/// The operand's type if it is a ranked tensor, else null after an error.
mlir::RankedTensorType tensorOperand(llvm::StringRef op, std::optional<mlir::Location> location, mlir::Value operand);
/// Whether 0 <= axis < rank; else an error.
llvm::LogicalResult checkAxis(llvm::StringRef op, std::optional<mlir::Location> location, int64_t axis,
                              mlir::RankedTensorType type);
/// The same for a list, which must also be free of repetitions (and sorted if `sorted`).
llvm::LogicalResult checkAxes(llvm::StringRef op, std::optional<mlir::Location> location, llvm::ArrayRef<int64_t> axes,
                              mlir::RankedTensorType type, bool sorted);

/// Whether a dimension is at least `bound` for all values of its symbols. Interval arithmetic first; where that is too
/// coarse (T - 2 * (T floordiv 2)), every value of the symbols is tried, as long as there are no more than a million.
bool alwaysAtLeast(const Dim &dim, int64_t bound);
/// Whether two shapes have the same number of elements: equal constants and the same other factors in any order.
bool sameSize(llvm::ArrayRef<Dim> a, llvm::ArrayRef<Dim> b);

/// Dimensions of two shapes that hold as many elements as each other, by their numbers; see matchRuns.
struct Run {
  llvm::SmallVector<int64_t> to, from;
};
/// The smallest runs of neighbouring dimensions that hold as many elements in both shapes, [B, T, 64] and [B * T, 8, 8]
/// as [B, T] and [B * T], then [64] and [8, 8]. Dimensions of size 1 take no part.
llvm::SmallVector<Run> matchRuns(llvm::ArrayRef<Dim> to, llvm::ArrayRef<Dim> from);

/// The value of `dim` in a run where tensors of the given dimensions have the given shapes: for the host reference,
/// which knows arrays only. Nothing if the shapes do not tell.
std::optional<int64_t> sizeFromShapes(const Dim &dim, llvm::ArrayRef<Dims> dims,
                                      llvm::ArrayRef<llvm::ArrayRef<int64_t>> shapes);

/// The type of one slice along axis 0, and that of as many slices stacked.
mlir::Type sliceType(mlir::Type stacked);
mlir::Type stackedType(const Dim &length, mlir::Type slice);
/// The dimensions without those at `axes`.
Dims without(llvm::ArrayRef<Dim> dims, llvm::ArrayRef<int64_t> axes);
/// The integers that an index-typed value (or vector) holds, in another integer type.
mlir::Value toInteger(ElementEmitter &e, mlir::Value positions, mlir::Type integer);
} // namespace weft::ir
