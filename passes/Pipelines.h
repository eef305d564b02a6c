// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The story of compilation, stage by stage: see Pipelines.cpp.
#pragma once
#include "mlir/Pass/PassManager.h"
#include "passes/Emission.h"

namespace weft::passes {
/// What the stages are told.
struct PipelineOptions {
  bool fuse = true;      // whether ops share kernels
  int64_t memory = 0;    // bytes that values may take at one time, 0 for as many as they like
  int64_t mostArena = 0; // bytes of an arena that the machine can give, 0 for as many as can be addressed
  Emission emission;     // what those who make code of kernels say
};
/// On a function whose arena has more bytes than it may have: the plan stage fails, and the user's sizes are why.
inline constexpr llvm::StringLiteral tooLargeMark = "loom.too_large";
/// `finite`: results of kernels are checked, so numbers that are computed to be dropped must be finite too, and nothing
/// is fused of which a result would be no number where the user's is one.
void buildDerive(mlir::OpPassManager &pm, const PipelineOptions &options = {}, bool finite = false);
/// In front of all others, for functions with `weft.stream`: they become steps (derive/DeriveStream.cpp).
void buildStream(mlir::OpPassManager &pm);
void buildSimplify(mlir::OpPassManager &pm, const PipelineOptions &options);
/// After simplify, for functions with bound arguments. `vectorBytes` of the machine, 0 for scalar code.
void buildPrepare(mlir::OpPassManager &pm, int64_t vectorBytes);
void buildDispatch(mlir::OpPassManager &pm, const PipelineOptions &options);
void buildPlan(mlir::OpPassManager &pm, const PipelineOptions &options);
/// All stages under their names for tools: weft-derive, weft-simplify, weft-dispatch, weft-plan, weft-to-loom for
/// the four, and weft-stream; `options` are theirs.
void registerPipelines(const PipelineOptions &options);
} // namespace weft::passes
