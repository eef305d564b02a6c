// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What it costs to compute a value again and what to keep it, in one unit: picoseconds on one core, roughly. The order
// of magnitude decides.
#pragma once
#include "mlir/IR/Operation.h"
#include <cstdint>

namespace weft::passes {
/// A cost that nothing outweighs; sums of many do not overflow.
inline constexpr int64_t unaffordable = int64_t(1) << 48;

/// Elements at the upper bounds of the dimensions.
int64_t elementsOf(mlir::Value v);
/// The bytes written once and read once.
int64_t costOfKeeping(mlir::Value v);
/// The operations of a weft op; one with regions is unaffordable.
int64_t costOfComputing(mlir::Operation *op);
} // namespace weft::passes
