// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the backward scan of a scan reads of the forward one instead of computing it again; called by
// expand-derivatives. See the .cpp.
#pragma once
#include "dialects/weft/Weft.h"
#include "llvm/ADT/DenseMap.h"

namespace weft::passes {

/// A forward scan with all its carries stacked, the backward scan whose body computes it again, and which op of the one
/// is which of the other.
struct RecomputingScan {
  ir::ScanOp forward, backward;
  unsigned cotangentSlices; // the last inputs of the backward scan: cotangents of stacked results
  llvm::SmallVector<std::pair<mlir::Operation *, mlir::Operation *>> same; // in the backward body, in the forward body
};
/// The pair that a scan's reverse rule has just made, before what it asked for in the body is expanded.
std::optional<RecomputingScan> findRecomputing(mlir::Operation *forward);
/// Stacks the values of the minimum cut; says in a remark which.
void chooseResiduals(RecomputingScan &pair);
} // namespace weft::passes
