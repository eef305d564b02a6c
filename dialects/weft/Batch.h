// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The vocabulary in which records say what becomes of an op under vmap: operands that are mapped have a leading axis of
// `size`.
#pragma once
#include "dialects/weft/Build.h"
#include "llvm/ADT/BitVector.h"
#include <functional>

namespace weft::ir {

struct Batch {
  Build &e;
  mlir::Operation *op;                     // as it was
  llvm::SmallVector<mlir::Value> operands; // with the leading axis where mapped
  llvm::BitVector mapped;
  Dim size;
  /// The ops of a block of the op's region on all slices, for these arguments, of which the mapped ones have the
  /// leading axis; `yields` get it all.
  std::function<llvm::LogicalResult(mlir::OpBuilder &, mlir::Block &, llvm::ArrayRef<mlir::Value> arguments,
                                    const llvm::BitVector &mapped, llvm::SmallVectorImpl<mlir::Value> &yields)>
      region = {};

  /// Operand i with the leading axis, repeated along it if it is the same for all.
  mlir::Value full(unsigned i) const;
  llvm::SmallVector<mlir::Value> allFull() const;
  /// A type with the leading axis.
  mlir::RankedTensorType stacked(mlir::Type type) const;
  /// The op on other operands, with some attributes replaced; its results get the leading axis.
  mlir::Operation *again(llvm::ArrayRef<mlir::Value> operands,
                         llvm::ArrayRef<mlir::NamedAttribute> replaced = {}) const;
  /// The op on one more loop, which the mapped operands and the results have in front (Access.h); where it cannot be
  /// that with operands that are the same for all, on all of them in full. Null if it cannot be that either.
  mlir::Operation *byAccess() const;
  /// An attribute whose dimension moves by one.
  mlir::NamedAttribute axis(llvm::StringRef name, int64_t axis) const;
};

} // namespace weft::ir
