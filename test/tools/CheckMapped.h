// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// vmap of a function against the function of each row alone.
#pragma once
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "tools/RunFunction.h"

namespace weft::tools {
/// Maps `f` over two rows, the inputs and the inputs with their elements shifted by one place, and calls `report` for
/// each result of each row, with what the host reference says of the row alone. `gradient`, where there is one, is f's
/// function (arguments, cotangents) -> cotangents of the arguments: the derivative of what vmap made is compared with
/// it. False if something does not compile or run. A second row that is an error alone is one that cannot be compared.
bool checkMapped(
    mlir::ModuleOp module, mlir::func::FuncOp f, mlir::func::FuncOp gradient, llvm::ArrayRef<HostArray> inputs,
    llvm::ArrayRef<HostArray> cotangents, const codegen::CompileOptions &options,
    llvm::function_ref<void(const std::string &what, const HostArray &got, const HostArray &right)> report);
} // namespace weft::tools
