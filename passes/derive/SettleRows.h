// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The end of active_rows: called by expand-derivatives when all derivatives are in the graph.
#pragma once
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace weft::passes {
/// Opens the branches of ActiveRows.h in which nothing can fail and nothing was differentiated; active_rows becomes its
/// operand where nothing needs it, else a choice between that and a row found by the mask. `all`: everything needs it.
void settleRows(mlir::func::FuncOp function, bool all);

/// A derivative is asked for at `asked`, through these ops: what they do to rows that are dropped matters now.
void keepRows(mlir::Operation *asked, llvm::ArrayRef<mlir::Operation *> through);
} // namespace weft::passes
