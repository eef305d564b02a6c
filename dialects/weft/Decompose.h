// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// An op that primitives express, replaced by them.
#pragma once
#include "dialects/weft/Weft.h"

namespace weft::ir {
/// Puts the op's decomposition in its place. The new ops have the op's name in their locations, by which messages speak
/// of it (userName). On failure an error was emitted at the op.
llvm::LogicalResult decomposeInPlace(DecomposeOpInterface op, mlir::OpBuilder &b);
} // namespace weft::ir
