// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What straight-line code stores for kernels that run later, as those of a gradient; see the .cpp.
#pragma once
#include "mlir/IR/Operation.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/SetVector.h"

namespace weft::passes {

class LateReads {
public:
  LateReads() = default;
  /// `ops`: of one block, in program order. `forced`: values that are made in memory or by a kernel of their own;
  /// `wanted`: those of them that are in memory for other readers' sake. `readBy`: what an op reads.
  LateReads(llvm::ArrayRef<mlir::Operation *> ops, const llvm::DenseSet<mlir::Value> &forced,
            const llvm::DenseSet<mlir::Value> &wanted,
            llvm::function_ref<llvm::SmallVector<mlir::Value>(mlir::Operation *)> readBy);

  /// Whether an op runs behind a kernel that a value has no part in.
  bool readsLate(mlir::Operation *reader, mlir::Value v) const;
  /// Whether a kernel that runs later reads the value.
  bool isRead(mlir::Value v) const { return read.contains(v); }
  /// Whether the value is stored for them.
  bool keeps(mlir::Value v) const { return kept.contains(v); }

private:
  struct Stage {
    unsigned reads, makes; // the largest of its operands; its result's
  };
  unsigned madeIn(mlir::Value v) const;
  llvm::DenseMap<mlir::Operation *, Stage> stages;
  llvm::SetVector<mlir::Value> read;
  llvm::DenseSet<mlir::Value> kept;
};
} // namespace weft::passes
