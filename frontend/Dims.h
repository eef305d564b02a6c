// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The DSL's dimensions and element types in the dialect's terms, and back. Frontend only.
#pragma once
#include "dialects/weft/Dims.h"
#include "weft/Shape.h"

namespace weft::detail {
ir::Dim toIr(const Dim &dim, mlir::MLIRContext *context);
Dim fromIr(const ir::Dim &dim);
mlir::Type toIr(DType dtype, mlir::MLIRContext *context);
DType dtypeFromIr(mlir::Type element);
} // namespace weft::detail
