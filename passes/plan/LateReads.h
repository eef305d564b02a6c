// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Which values straight-line code stores for kernels that run later, as the kernels of a gradient do; the .cpp has the
// explanation.
#pragma once
#include "mlir/IR/Operation.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/SetVector.h"

namespace weft::passes {

class LateReads {
public:
  LateReads() = default;
  /// `ops` are those of one block, in program order. `forced` values are written to memory, or a kernel of their own
  /// computes them. `wanted` are the forced values that another reader needs in memory. `readBy` lists what an op
  /// reads.
  LateReads(llvm::ArrayRef<mlir::Operation *> ops, const llvm::DenseSet<mlir::Value> &forced,
            const llvm::DenseSet<mlir::Value> &wanted,
            llvm::function_ref<llvm::SmallVector<mlir::Value>(mlir::Operation *)> readBy);

  /// Whether `reader` runs after a kernel that is not computed from `v`.
  bool readsLate(mlir::Operation *reader, mlir::Value v) const;
  /// Whether some late reader reads the value.
  bool isRead(mlir::Value v) const { return read.contains(v); }
  /// Whether the value is stored for its late readers; if not, they compute it again.
  bool keeps(mlir::Value v) const { return kept.contains(v); }

private:
  struct Stage {
    unsigned reads, makes; // the largest stage of its operands; the stage of its result
  };
  unsigned madeIn(mlir::Value v) const;
  llvm::DenseMap<mlir::Operation *, Stage> stages;
  llvm::SetVector<mlir::Value> read;
  llvm::DenseSet<mlir::Value> kept;
};
} // namespace weft::passes
