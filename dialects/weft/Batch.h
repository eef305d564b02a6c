// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The vocabulary in which records say what becomes of an op under vmap: operands that are mapped have a leading axis of
// `size`.
#pragma once
#include "dialects/weft/Build.h"
#include "llvm/ADT/BitVector.h"

namespace weft::ir {

struct Batch {
  Build &e;
  mlir::Operation *op;                     // as it was
  llvm::SmallVector<mlir::Value> operands; // with the leading axis where mapped
  llvm::BitVector mapped;
  Dim size;

  /// Operand i with the leading axis, repeated along it if it is the same for all.
  mlir::Value full(unsigned i) const;
  llvm::SmallVector<mlir::Value> allFull() const;
  /// A type with the leading axis.
  mlir::RankedTensorType stacked(mlir::Type type) const;
  /// The op on other operands, with some attributes replaced; its results get the leading axis.
  mlir::Operation *again(llvm::ArrayRef<mlir::Value> operands,
                         llvm::ArrayRef<mlir::NamedAttribute> replaced = {}) const;
  // Attributes whose dimensions move by one.
  mlir::NamedAttribute axis(llvm::StringRef name, int64_t axis) const;
  mlir::NamedAttribute axes(llvm::StringRef name, llvm::ArrayRef<int64_t> axes) const;
  /// One entry for the leading axis in front.
  mlir::NamedAttribute front(llvm::StringRef name, int64_t first, llvm::ArrayRef<int64_t> rest,
                             int64_t shift = 0) const;
  mlir::NamedAttribute front(llvm::StringRef name, llvm::ArrayRef<Dim> rest) const;
};

} // namespace weft::ir
