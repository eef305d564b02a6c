// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Derivatives of elementwise ops that do not fit on a line of their record.
#pragma once
#include "dialects/weft/Build.h"

namespace weft::ir {
/// d a^b / d a and d a^b / d b of the pow op whose rule e is.
mlir::Value powByBase(Build &e);
mlir::Value powByExponent(Build &e);
/// 1 / (1 + e^-x), the derivative of softplus.
mlir::Value logisticOf(Build &e, mlir::Value x);
} // namespace weft::ir
