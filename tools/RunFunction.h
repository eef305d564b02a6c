// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Runs one function of a module, compiled or by the host reference: what weft-run and weft-check-ops share.
#pragma once
#include "codegen/Driver.h"
#include "dialects/weft/Evaluator.h"
#include "mlir/IR/BuiltinOps.h"
#include "tools/Values.h"

namespace weft::tools {
/// Drops what `function` does not need, so that a mistake elsewhere in the file is not its.
void keepOnly(mlir::ModuleOp module, const std::string &function);

/// By the host reference, after derivatives were expanded in a copy of the module. Errors are diagnostics.
bool runReference(mlir::ModuleOp module, const std::string &function, llvm::ArrayRef<HostArray> inputs,
                  std::vector<HostArray> &outputs, ir::Evaluator::Observer observe = {});

/// Calls a compiled function. The error's text is the runtime's. `inPlace`: results that may be written over an input
/// of this call (weft_parameter's `input`) are.
bool runCompiled(const codegen::Executable &executable, mlir::MLIRContext *context, llvm::ArrayRef<HostArray> inputs,
                 std::vector<HostArray> &outputs, int threads, std::string &error, bool inPlace = false);

/// "file:12: error: message" and its notes, to stderr.
void print(const codegen::CompileError &error);
} // namespace weft::tools
