// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Neighbouring dimensions that no op of a kernel tells apart become one; called where kernels are outlined. See the
// .cpp.
#pragma once
#include "dialects/loom/Loom.h"

namespace weft::passes {
/// Works on kernels whose hero reads matrices from memory; others are left as they are.
mlir::LogicalResult collapseDims(loom::KernelOp kernel);
} // namespace weft::passes
