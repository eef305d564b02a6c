// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The runtime's element types (weft_runtime.h has the table) as the compiler's, and back.
#pragma once
#include <cstdint>

namespace mlir {
class MLIRContext;
class Type;
} // namespace mlir

namespace weft::codegen {
/// The type of a weft_dtype; null for a number that is none.
mlir::Type elementType(mlir::MLIRContext *context, int32_t dtype);
/// The weft_dtype of an element; -1 if it has none.
int32_t dtypeOf(mlir::Type element);
} // namespace weft::codegen
