// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Long sums with small results are computed in parts, which a second kernel combines; called where kernels are
// outlined. See the .cpp.
#pragma once
#include "dialects/loom/Loom.h"
#include <optional>

namespace weft::passes {
struct SplitSum {
  loom::KernelOp parts, combination; // in no module yet; the combination's first arguments are the results of the parts
  llvm::SmallVector<unsigned> readByParts,
      readByCombination; // arguments of the kernel, in the order of theirs (the latter: behind those)
};
/// Whether a reduction is so long, and its result so small, that it would be computed in parts.
bool isLongSum(mlir::Operation *reduction);
/// Nothing if the sum is short, its result large enough to occupy threads, or an op in front of it ties the positions
/// that are summed together. Where an argument of the parts differs in type from the kernel's, it is another view of
/// the same memory.
mlir::FailureOr<std::optional<SplitSum>> splitSum(loom::KernelOp kernel);
} // namespace weft::passes
