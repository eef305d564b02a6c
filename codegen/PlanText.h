// The plan of a program as text.
#pragma once
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include <string>

namespace weft::codegen {
/// One line for each dispatch with its kernel, where operands come from and results go; then the arena's size beside its lower bound: the
/// largest sum of bytes that are in use at one time.
std::string planText(mlir::func::FuncOp function);
} // namespace weft::codegen
