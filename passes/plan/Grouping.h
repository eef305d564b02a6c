// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Grouping.h - which ops of a function share a kernel ------------------------------------------------------------===//
//
// The unit is the root: a value that is written to memory. Everything else is recomputed by whoever reads it, inside
// their kernels. So the work has two halves.
//
// 1. Which values are roots (Roots.h)? Ops that are not pointwise (heroes), what a contraction or a view reads, what
// the function returns; and a
//    pointwise value that is expensive to compute again, if several roots read it or one reads it through a broadcast that repeats it.
//
//      h = contract(x, w); z = h + b; a = tanh(z); y = contract(a, v); d = 1 - a * a
//
//    roots: h, a (a contraction reads it), y, d. z is cheap and reads one array, so that it is computed again where it is needed.
//    So is, cheap or not, an expression of broadcasts that only reductions read: tanh(q[B,T,1,H] + k[B,1,n,H]) and its adjoint.
//
// 2. Which roots share a kernel? A root that reads another only at its own position joins it: a joins h as its
// epilogue, and d joins
//    both. Then h needs no memory. Roots without a hero that read one array at the same position join too (m, v and w of an optimiser).
//    Reductions of the last dimension of one shape, what they read element by element and what reads them row by row join as well
//    (weft/Rows.h), also through reshapes that add or drop dimensions of size 1, as long as a row of what has to be kept is small: a softmax
//    or a norm is one kernel.
//    Reductions of other dimensions share their loops if they take the same ones of one shape away and much of what they read is the same: the
//    moments of a batch, the gradients of a norm's scale and shift, the parts of a complex sum.
//    Never when a third kernel would have to run in between: DataflowGraph knows.
//
//===----------------------------------------------------------------------------------------------------------------===//
#pragma once
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/SetVector.h"

namespace weft::passes {

/// One kernel to be.
struct Group {
  mlir::Operation *hero = nullptr;            // the first op that is not pointwise, if any
  llvm::SmallVector<mlir::Value> roots;       // in program order
  llvm::SmallVector<mlir::Value> results;     // the roots that anybody outside of the group reads
  llvm::SetVector<mlir::Operation *> members; // each after what it reads, roots included
  llvm::SetVector<mlir::Value> operands;      // values in memory that members read, from outside of the group
};

struct Grouping {
  llvm::SmallVector<Group> groups;         // each after all that it reads
  llvm::DenseSet<mlir::Operation *> views; // reshapes that stay in the function
};

/// Groups the ops of one block: a function's, or a region's of a loop or a branch. Such an op is a group by itself,
/// with all that its regions read as operands; values of blocks around this one are in memory. Every value that the
/// block ends with must be the result of an op that has operands and is no reshape, and be returned once. Emits a
/// diagnostic where an op has no place in a kernel.
mlir::FailureOr<Grouping> groupOps(mlir::Block &block, bool fuse);
} // namespace weft::passes
