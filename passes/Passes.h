// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// All passes of the compiler: one create function each, generated from Passes.td; the order in which they run is
// Pipelines.cpp.
#pragma once
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"
#include "passes/Emission.h"
#include <memory>

namespace weft::passes {
#define GEN_PASS_DECL
#include "passes/Passes.h.inc"
/// Semantic ops that somebody takes whole stay.
std::unique_ptr<mlir::Pass> createDecompose(Emission emission);
/// Semantic ops are raised where somebody takes them whole.
std::unique_ptr<mlir::Pass> createFuseAttention(Emission emission);
#define GEN_PASS_REGISTRATION
#include "passes/Passes.h.inc"
} // namespace weft::passes
