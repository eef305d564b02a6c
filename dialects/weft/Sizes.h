// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// How much memory types may ask for, and arithmetic on sizes that does not wrap round.
#pragma once
#include "dialects/weft/Dims.h"
#include "mlir/IR/Operation.h"

namespace weft::ir {

/// No tensor has more bytes at the upper bounds of its dimensions, whether it is ever in memory or not: it is what a
/// process can address. Arithmetic on sizes of types that have been checked stays far from the end of 64 bits.
inline constexpr int64_t mostBytes = int64_t(1) << 56;
/// The bytes of a tensor at the upper bounds of its dimensions, those of size 0 counted as 1; nothing if they are more
/// than `mostBytes`. The one place where sizes of types are multiplied for memory.
std::optional<int64_t> bytesAtMost(mlir::RankedTensorType type);
/// "f32 [B, C] has 4611686018427387904 bytes where B is 1073741824 and C is 1073741824": what an error about a size
/// says.
std::string sizeAtMost(mlir::RankedTensorType type);
/// Fails at the op, or at an op in its regions, if a result or an argument of a region has more than `mostBytes`.
llvm::LogicalResult checkSizes(mlir::Operation *op);
/// The product of numbers that are not negative, or the largest of 64 bits: for costs, which are compared and never
/// addressed.
int64_t saturatingProduct(llvm::ArrayRef<int64_t> factors);
} // namespace weft::ir
