// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The plan of a function as text, for people: `--print-plan` of the tools.
#pragma once
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include <string>

namespace weft::passes {
/// One line per dispatch: kernel, the op at its heart, result types, places, the user's file:line; then the arena's
/// bytes and the least that any layout of this order needs. The function must be planned.
std::string planAsText(mlir::func::FuncOp function);
} // namespace weft::passes
