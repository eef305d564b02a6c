// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Grouping.h - which ops of a function share a kernel ------------------------------------------------------------===//
//
// A root is a value that is written to memory. Every other value is computed again inside the kernel of each op that
// reads it. So grouping answers two questions.
//
// 1. Which values are roots (Roots.h)? The results of heroes (ops that are not pointwise). What a contraction or a view
//    reads, and what the function returns. And a pointwise value that is expensive to compute again, if several roots
//    are computed from it, or if one root reads it through a broadcast that repeats it.
//
//      h = contract(x, w); z = h + b; a = tanh(z); y = contract(a, v); d = 1 - a * a
//
//    The roots are h, a (a contraction reads it), y and d. z is cheap and is computed from one array, so each reader
//    computes it again. An expression of broadcasts that only reductions read, tanh(q[B,T,1,H] + k[B,1,n,H]) for
//    example, is computed again even if it is expensive: in memory it would be far larger than its operands.
//
// 2. Which roots share a kernel?
//    - A root joins the kernel of another root if it reads that one only at its own position. a joins h as its epilogue,
//      d joins both, and then h needs no memory.
//    - Roots without a hero join if they read one array at the same position, as m, v and w of an optimiser do.
//    - Reductions of the last dimension of one shape join, together with what they read element by element and what
//      reads them row by row (weft/Rows.h). Reshapes that add or drop dimensions of size 1 may be in between. The values
//      that the kernel keeps of one row must be small. So a softmax or a norm is one kernel.
//    - Sums over all rows join such a kernel if it reads most of what they read, as the gradients of a norm's scale and
//      shift do (ColumnSums.h).
//    - Reductions of other dimensions share their loops if they reduce the same dimensions of one shape and have much
//      of what they read in common: the moments of a batch, the gradients of a norm's scale and shift, the parts of a
//      complex sum.
//    Two roots never join if a third kernel has to run between them. DataflowGraph finds that out.
//
//===----------------------------------------------------------------------------------------------------------------===//
#pragma once
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/SetVector.h"

namespace weft::passes {

/// The ops that will be one kernel.
struct Group {
  mlir::Operation *hero = nullptr;            // the first op that is not pointwise, if any
  llvm::SmallVector<mlir::Value> roots;       // in program order
  llvm::SmallVector<mlir::Value> results;     // the roots that an op outside of the group reads
  llvm::SetVector<mlir::Operation *> members; // each after what it reads, roots included
  llvm::SetVector<mlir::Value> operands;      // values in memory that members read, from outside of the group
};

struct Grouping {
  llvm::SmallVector<Group> groups;         // each after the groups whose results it reads
  llvm::DenseSet<mlir::Operation *> views; // reshapes that stay in the function
};

/// Groups the ops of one block: of a function, or of a region of a loop or a branch. A loop or a branch in the block is
/// a group by itself, and everything that its regions read from outside is its operand. Values of blocks around this
/// one are in memory. The caller sees to it that every value which the block returns is the result of an op that has
/// operands and is no reshape, and is returned once. Emits an error where an op cannot be part of a kernel.
mlir::FailureOr<Grouping> groupOps(mlir::Block &block, bool fuse);
} // namespace weft::passes
