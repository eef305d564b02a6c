// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Roots.h - which values of a block are in memory ----------------------------------------------------------------===//
//
// The first half of Grouping.h's story. A root is a value that a kernel writes to memory: what a hero computes, what a
// contraction, a view or the end of the block reads, and a pointwise value that is expensive to compute again where
// several kernels need it. All other values are recomputed inside the kernels of those who read them.
//
//===----------------------------------------------------------------------------------------------------------------===//
#pragma once
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Remarks.h"
#include "passes/plan/LateReads.h"

namespace weft::passes {

class Roots {
public:
  /// Chooses them. `fuse`: values may be recomputed; otherwise each op but a view has memory of its own. Emits a
  /// diagnostic where an op has no place in a kernel, and remarks on what is stored for kernels that run later.
  static mlir::FailureOr<Roots> choose(mlir::Block &block, bool fuse);

  /// The live ops, in program order, without the one that ends the block.
  llvm::ArrayRef<mlir::Operation *> getOps() const { return ops; }
  const llvm::DenseSet<mlir::Operation *> &getViews() const { return views; }
  bool isRoot(mlir::Value v) const { return roots.contains(v); }
  bool isView(mlir::Operation *op) const { return views.contains(op); }
  /// In memory, as far as is known: an argument, a constant, a view, a root.
  bool inMemory(mlir::Value v) const;
  /// The root or argument whose memory this is.
  mlir::Value behindViews(mlir::Value v) const;
  /// The same, as long as views only add or drop dimensions of size 1: such a value lies where the root's does.
  mlir::Value behindUnitViews(mlir::Value v) const;
  /// The roots and arguments that have to be there before what stands for this memory is read.
  llvm::SmallVector<mlir::Value> awaitedBy(mlir::Value v) const;

private:
  Roots(mlir::Block &block, bool fuse) : block(&block), fuse(fuse) {}
  mlir::LogicalResult collect();
  void store(mlir::Value v, llvm::DenseSet<mlir::Value> &stored);
  void chooseRoots();
  void findExpensive();
  bool isExpensive(mlir::Operation *op) const { return expensive.contains(op); }
  bool isStored(mlir::Operation *op, llvm::ArrayRef<mlir::Value> readers) const;
  bool isReducedBroadcast(mlir::Operation *op, llvm::ArrayRef<mlir::Value> readers) const;
  void report() const;

  mlir::Block *block;
  bool fuse;
  llvm::SmallVector<mlir::Operation *> ops;
  llvm::DenseSet<mlir::Operation *> views; // reshapes that stay in the function
  llvm::DenseSet<mlir::Value> forced, roots;
  llvm::DenseSet<mlir::Value>
      wanted; // of the forced ones those that somebody reads from memory; a hero's result may be its kernel's own
  LateReads late;
  llvm::DenseSet<mlir::Operation *> expensive;
  llvm::DenseMap<mlir::Operation *, int64_t>
      elementsRead; // of the arrays in memory that a value that is not is computed from
};

bool isControl(mlir::Operation *op);
bool isPointwise(mlir::Operation *op);
/// Whether an op reads an operand as memory, or as what is computed while it reads memory: a contraction, a loop, an op
/// of which nothing is known. Pointwise ops, reductions and scatters take it as it is computed.
bool readsMemory(mlir::Operation *op, unsigned operand);
/// What an op reads: its operands, and what its regions take from outside.
llvm::SmallVector<mlir::Value> readBy(mlir::Operation *op);
/// A constant that kernels cannot hold as an immediate: it stays in the function.
bool isConstantInMemory(mlir::Value value);
/// Whether a reshape only adds or drops dimensions of size 1.
bool changesUnitDimsOnly(mlir::Operation *reshape);
/// Of the category form-dispatches, for the function that a block is part of.
mlir::remark::RemarkOpts remarkAt(mlir::Block &block);
} // namespace weft::passes
