// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The passes of this room, in the order in which they run, and the pipelines that hold them.
#pragma once
#include <cstdint>
#include <memory>
#include <string>

namespace mlir {
class Pass;
class OpPassManager;
} // namespace mlir

namespace weft::codegen {
struct Machine;

/// Kernels become functions on flat memory (emit/Emit.cpp).
std::unique_ptr<mlir::Pass> createEmitKernels(const Machine &machine);
/// Transcendental functions become polynomials where those are accurate (lower/Math.cpp).
std::unique_ptr<mlir::Pass> createExpandMath(const Machine &machine);
/// Emitted functions become LLVM functions (lower/LowerKernels.cpp).
std::unique_ptr<mlir::Pass> createLowerKernels();
/// Dispatches become a straight line of calls, and the descriptor that the runtime reads (lower/Program.cpp).
std::unique_ptr<mlir::Pass> createBuildProgram(bool checkFinite, std::uint64_t cpuFeatures);

/// The stage `emit`.
void buildEmitPipeline(mlir::OpPassManager &pm, const Machine &machine);
/// The stage `llvm`.
void buildLLVMPipeline(mlir::OpPassManager &pm, const Machine &machine, bool checkFinite);

void registerEmitKernels();
void registerExpandMath();
void registerLowerKernels();
void registerBuildProgram();
/// Everything above for weft-opt, pipelines included.
void registerPasses();
} // namespace weft::codegen
