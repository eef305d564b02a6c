// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Values outside of kernels that have no memory of their own.
#pragma once
#include "dialects/weft/Weft.h"

namespace weft::loom {

/// Whether an op outside of kernels stands for memory of its first operand: a reshape, an order, or whole rows of it.
inline bool isView(mlir::Operation *op) { return llvm::isa_and_nonnull<ir::ViewOpInterface>(op); }
/// The value whose memory this is, or a part of whose memory.
inline mlir::Value behindViews(mlir::Value v) {
  while (isView(v.getDefiningOp()))
    v = v.getDefiningOp()->getOperand(0);
  return v;
}
/// Whether a value stands for a part of what it is a view of.
inline bool isPart(mlir::Value v) {
  for (; isView(v.getDefiningOp()); v = v.getDefiningOp()->getOperand(0))
    if (!llvm::cast<ir::ViewOpInterface>(v.getDefiningOp()).isWhole())
      return true;
  return false;
}
/// The first row if a view is whole rows one after the other, from a place that is known: contiguous memory.
inline std::optional<int64_t> firstRow(mlir::Operation *view) {
  ir::Access access = ir::accessOf(view);
  const ir::Axes &read = access.operands[0], &made = access.results[0];
  if (made.empty() || read.size() != made.size() || read[0].kind != ir::Axis::affine ||
      read[0].terms != made[0].terms || read[0].dividedBy != 1 || read[0].within || read[0].guarded ||
      !read[0].offset.isConstant())
    return std::nullopt;
  for (unsigned d = 0; d < made.size(); ++d)
    if (!made[d].loop() || (d > 0 && read[d] != made[d]))
      return std::nullopt;
  for (mlir::Value v : {view->getOperand(0), mlir::Value(view->getResult(0))})
    if (!llvm::all_of(ir::getDims(v), [](const ir::Dim &d) { return d.isConstant(); }))
      return std::nullopt;
  return read[0].offset.staticSize();
}
inline bool isRows(mlir::Operation *view) { return firstRow(view).has_value(); }
} // namespace weft::loom
