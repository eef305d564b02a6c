// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What passes have to know of who makes code of kernels, without knowing them: the pipelines are handed the answers
// (codegen/emit/Emitters.h has them).
#pragma once
#include "mlir/IR/Operation.h"
#include <functional>

namespace weft::passes {
struct Emission {
  /// Whether somebody takes a semantic op as it is: then it is not decomposed.
  std::function<bool(mlir::Operation *)> takesWhole = [](mlir::Operation *) { return false; };
};
} // namespace weft::passes
