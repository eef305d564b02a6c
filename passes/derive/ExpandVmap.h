// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// weft.vmap as plain ops: called by expand-derivatives, for derivatives and batching come in program order.
#pragma once
#include "dialects/weft/Weft.h"

namespace weft::passes {
/// Replaces the op by its region's ops on all slices. An op without a rule is an error at its line, with a note at the
/// vmap.
mlir::LogicalResult expandVmap(ir::VmapOp vmap);
} // namespace weft::passes
