// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Checkpoints.h - parts of a graph that a derivative computes again -------------------------------------------------===//
//
// Ops that `checkpoint(f)` traced carry the numbers of the checkpoints around them, outermost first, in the attribute
// "weft.checkpoint"; numbers count within a block, so ops in the body of a loop name the checkpoints in that body
// alone. Reverse mode reads none of their results: as soon as it needs one, all that the checkpoint made is made again
// from what was outside, behind the cotangent by which it got there.
//
//   %h = weft.exp %x {weft.checkpoint = [1]}                 %h  = weft.exp %x
//   %y = weft.mul %h, %h {weft.checkpoint = [1]}             %y  = weft.mul %h, %h
//   %g = weft.grad of %y with %c wrt %x               ==>    %x2 = weft.after %x, %c       // keeps the copies apart, and in order
//                                                            %h2 = weft.exp %x2
//                                                            %g  = ... %c, %h2 ...
//
// A checkpoint in a checkpoint is made again when it is reached once more, so that the inner one's values do not live
// together with the outer one's. What a gradient makes for a checkpoint is one of its own: a gradient of that gradient
// keeps nothing of it either.
//
//===----------------------------------------------------------------------------------------------------------------===//
#pragma once
#include "dialects/weft/Weft.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/DenseMap.h"

namespace weft::passes {

/// The checkpoints around an op, outermost first.
llvm::ArrayRef<int64_t> checkpointsOf(mlir::Operation *op);

/// Derivatives are done: equal ops of different checkpoints are equal again.
void leaveCheckpoints(mlir::Operation *op);

/// While it lives, ops that the builder puts into the block where it stands are in `checkpoints`, unless they are in
/// others.
class InCheckpoints : public mlir::OpBuilder::Listener {
public:
  InCheckpoints(mlir::OpBuilder &b, llvm::ArrayRef<int64_t> checkpoints);
  ~InCheckpoints() override;
  void notifyOperationInserted(mlir::Operation *op, mlir::OpBuilder::InsertPoint) override;

private:
  mlir::OpBuilder &b;
  mlir::OpBuilder::Listener *outer;
  mlir::Block *block;
  llvm::SmallVector<int64_t> checkpoints;
};

/// What one derivative computes again.
class ComputedAgain {
public:
  /// `asked`: the derivative, in front of which copies are made; `order`: the ops it walks over, operands before users.
  ComputedAgain(mlir::Operation *asked, llvm::ArrayRef<mlir::Operation *> order) : asked(asked), order(order) {}
  /// The copy of an op to be differentiated in its stead; the op itself if it is in no checkpoint, or in one with
  /// `asked`. `token`: copies are made behind it.
  mlir::Operation *of(mlir::Operation *op, mlir::Value token, mlir::OpBuilder &b);
  /// Of a value that a copy makes or reads, the one that it stands for.
  mlir::Value original(mlir::Value v) const;
  /// The checkpoints that what the derivative makes for an op is in.
  llvm::SmallVector<int64_t> checkpointsFor(mlir::Operation *op);

private:
  unsigned shared(llvm::ArrayRef<int64_t> path) const; // how many of the checkpoints are around `asked` too
  mlir::Value at(mlir::Value v, llvm::ArrayRef<int64_t> path, unsigned depth, mlir::OpBuilder &b);
  void enter(llvm::ArrayRef<int64_t> path, unsigned depth, mlir::OpBuilder &b);

  mlir::Operation *asked;
  llvm::ArrayRef<mlir::Operation *> order;
  mlir::Value token;
  /// By checkpoint: the copies of its ops, and the values outside of it as they are read in it.
  llvm::DenseMap<std::pair<mlir::Operation *, int64_t>, mlir::Operation *> copies;
  llvm::DenseMap<std::pair<mlir::Value, int64_t>, mlir::Value> inputs;
  llvm::DenseMap<mlir::Value, mlir::Value> originals;
  llvm::DenseMap<int64_t, mlir::Value> tokens; // of checkpoints entered
  llvm::DenseMap<int64_t, int64_t> numbers;    // of what is made for a checkpoint
};
} // namespace weft::passes
