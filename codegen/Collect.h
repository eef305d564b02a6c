// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the compiler says while it works, in the driver's words: errors with notes, and remarks.
#pragma once
#include "codegen/Driver.h"
#include "mlir/IR/Diagnostics.h"

namespace weft::codegen {

/// While it lives, errors of a context go into a CompileError (the first one; what follows becomes its notes) and
/// remarks to a function.
class Collect {
public:
  Collect(mlir::MLIRContext *context, const CompileOptions &options, CompileError &error);
  ~Collect();
  bool any() const { return !error.message.empty(); }

private:
  void take(mlir::Diagnostic &diagnostic);
  mlir::MLIRContext *context;
  const CompileOptions &options;
  CompileError &error;
  mlir::ScopedDiagnosticHandler handler;
};
} // namespace weft::codegen
