// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Roots.h - which values of a block are in memory ----------------------------------------------------------------===//
//
// The answer to Grouping.h's first question. A root is a value that a kernel writes to memory: the result of a hero; a
// value that a contraction, a view or the end of the block reads; and a pointwise value that several kernels need and
// that is expensive to compute again. Every other value is computed again in each kernel that reads it.
//
//===----------------------------------------------------------------------------------------------------------------===//
#pragma once
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Remarks.h"
#include "passes/plan/LateReads.h"

namespace weft::passes {

class Roots {
public:
  /// Chooses the roots of a block. Without `fuse` the result of every op but a view is a root. Emits an error where an
  /// op cannot be part of a kernel, and remarks that say what is stored for kernels that run later.
  static mlir::FailureOr<Roots> choose(mlir::Block &block, bool fuse);

  /// The live ops, in program order, without the one that ends the block.
  llvm::ArrayRef<mlir::Operation *> getOps() const { return ops; }
  const llvm::DenseSet<mlir::Operation *> &getViews() const { return views; }
  bool isRoot(mlir::Value v) const { return roots.contains(v); }
  bool isView(mlir::Operation *op) const { return views.contains(op); }
  /// Whether a value is in memory, by the roots chosen so far: an argument, a constant, a view or a root is.
  bool inMemory(mlir::Value v) const;
  /// The root or argument whose memory a view stands for; the value itself if it is no view.
  mlir::Value behindViews(mlir::Value v) const;
  /// The same, but only through views that add or drop dimensions of size 1. Through these an element keeps its
  /// position.
  mlir::Value behindUnitViews(mlir::Value v) const;
  /// The roots and arguments that have to be computed before a view of this memory may be read (the tokens of
  /// weft.after).
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
      wanted; // the forced ones that an op reads from memory; the result of a hero may stay inside its kernel
  LateReads late;
  llvm::DenseSet<mlir::Operation *> expensive;
  llvm::DenseMap<mlir::Operation *, int64_t>
      elementsRead; // of a value that is not in memory: elements of the arrays in memory that it is computed from
};

bool isControl(mlir::Operation *op);
bool isPointwise(mlir::Operation *op);
/// Whether an op needs an operand in memory. A contraction does (or computes it from memory while it reads), and so
/// does a loop, or an op of which nothing is known. Pointwise ops, reductions and scatters use an operand as it is
/// computed.
bool readsMemory(mlir::Operation *op, unsigned operand);
/// What an op reads: its operands, and what its regions take from outside.
llvm::SmallVector<mlir::Value> readBy(mlir::Operation *op);
/// Whether a value is a constant that a kernel cannot hold as one number. It stays in the function.
bool isConstantInMemory(mlir::Value value);
/// Whether a reshape only adds or drops dimensions of size 1.
bool changesUnitDimsOnly(mlir::Operation *reshape);
/// Options of a remark of the category form-dispatches, for the function that the block is part of.
mlir::remark::RemarkOpts remarkAt(mlir::Block &block);
} // namespace weft::passes
