// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Values outside of kernels that have no memory of their own.
#pragma once
#include "dialects/weft/Weft.h"

namespace weft::loom {

/// Whether an op outside of kernels stands for memory of its first operand: a reshape, an order, or whole rows of it.
inline bool isView(mlir::Operation *op) { return llvm::isa_and_nonnull<ir::ReshapeOp, ir::AfterOp, ir::SliceOp>(op); }
/// The value whose memory this is, or a part of whose memory.
inline mlir::Value behindViews(mlir::Value v) {
  while (isView(v.getDefiningOp()))
    v = v.getDefiningOp()->getOperand(0);
  return v;
}
/// Whether a slice is whole rows from a place that is known: contiguous memory.
inline bool isRows(ir::SliceOp slice) {
  ir::Dims from = ir::getDims(slice.getX()), to = ir::getDims(slice.getResult());
  ir::Dims starts = slice.getStarts().getDims();
  if (to.empty() || !llvm::all_of(slice.getStrides(), [](int64_t s) { return s == 1; }) || !starts[0].isConstant())
    return false;
  for (unsigned d = 0; d < to.size(); ++d)
    if (!to[d].isConstant() || !from[d].isConstant() || (d > 0 && (from[d] != to[d] || !(starts[d] == 0))))
      return false;
  return true;
}
} // namespace weft::loom
