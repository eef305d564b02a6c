// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Sums over all rows that a kernel over rows computes on the way, for stretches of rows; called where kernels are
// outlined. See the .cpp.
#pragma once
#include "dialects/loom/Loom.h"

namespace weft::passes {
/// How many rows a stretch of `rows` rows has; 0 if they cannot be cut into enough stretches of one size.
int64_t rowsOfStretch(int64_t rows);
struct ColumnSums {
  loom::KernelOp combination;          // in no module yet; its arguments are the sums over stretches
  llvm::SmallVector<unsigned> results; // of the kernel over rows, that are now sums over stretches
};
/// Changes a kernel over rows whose results are sums over all rows as well: they become sums over stretches of rows.
/// Nothing if it has none.
mlir::FailureOr<std::optional<ColumnSums>> cutColumnSums(loom::KernelOp kernel);
} // namespace weft::passes
