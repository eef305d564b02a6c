// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Rows.h - values of which a kernel can hold a row at a time -----------------------------------------------------===//
//
//   m = reduce_max(x, 1)            x: [512, 768], m: [512]
//   e = exp(x - broadcast(m))       an element of e needs x at the same element, and m of the same row
//   s = reduce_sum(e, 1)
//
// All three can share one loop over rows, for no row needs anything of another. The space is the shape of x, its last
// dimension is the one that goes away.
//
//   c = reduce_sum(e, 0)            c: [768], the gradient of a norm's scale for example
//
// needs all rows. A kernel over rows computes it for stretches of rows, while it has the elements of a row in hand:
//
//   p = reduce_sum(reshape(e), 1)   reshape(e): [8, 64, 768], p: [8, 768]
//
// and another kernel combines the stretches.
//
//===----------------------------------------------------------------------------------------------------------------===//
#pragma once
#include "dialects/weft/Dims.h"

namespace weft::ir {
/// A position in a value, as seen from an element of the space: that element, its row, or anything else.
enum class Position { element, row, other };

/// Where `op`, asked for its value at `at`, reads operand `index`.
Position positionRead(mlir::Operation *op, unsigned index, Position at, const Dims &space);
/// The position at which a value of these dimensions lies in the space: element, row (unit dimensions do not count), or
/// other.
Position positionOf(const Dims &dims, const Dims &space);
/// The space of a reduction that can join others: its operand's shape if its last dimension, and no other, goes away,
/// else nothing.
std::optional<Dims> rowSpace(mlir::Operation *op);
/// Whether `op` combines all rows of the space of its operand into one, whose elements are floats, and can do it by
/// parts.
bool combinesRows(mlir::Operation *op);
/// A reduction of stretches of rows of the space, as many rows in each.
struct RowStretches {
  mlir::Value elements; // of the space
  int64_t rows;
};
std::optional<RowStretches> rowStretchesOf(mlir::Operation *op, const Dims &space);
/// Whether two reductions can share loops: of values of one shape, the same dimensions go away, and all that matters is
/// the elements.
bool shareLoops(mlir::Operation *a, mlir::Operation *b);
} // namespace weft::ir
