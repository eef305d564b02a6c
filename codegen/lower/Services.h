// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The functions of the runtime that generated code calls: names, addresses and types, all from
// runtime/weft_services.def.
#pragma once
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/BuiltinOps.h"

namespace weft::codegen {
struct Service {
  llvm::StringLiteral name;
  void *address; // in this process
  mlir::LLVM::LLVMFunctionType (*type)(mlir::MLIRContext *context);
};
llvm::ArrayRef<Service> services();
/// Its declaration in a module, made when it is asked for first; null if the table lacks the name.
mlir::LLVM::LLVMFuncOp declareService(mlir::ModuleOp module, llvm::StringRef name);
} // namespace weft::codegen
