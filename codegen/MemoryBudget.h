// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- MemoryBudget.h - what has to be computed again so that the arena fits ---------------------------------------------===//
//
// Two things save memory: kernels whose results wait for late readers run again in front of them
// (passes/plan/Rematerialize.cpp), and gradients of loops keep the carry of every k-th step alone (the `checkpoint` of
// weft.scan). How much either saves is known once everything has its place, so the search plans copies of the program:
// nothing, then the first alone, then a few lengths of chunks, then both.
//
//===----------------------------------------------------------------------------------------------------------------===//
#pragma once
#include "mlir/IR/BuiltinOps.h"
#include "passes/Pipelines.h"
#include <cstdint>
#include <functional>
#include <string>

namespace weft::codegen {

struct MemoryBudget {
  int64_t bytes = 0;                // of the arena
  passes::PipelineOptions pipeline; // of the plan that is tried, but for `memory`
  bool finite = false;              // as in passes::buildDerive
  std::function<void(const std::string &)> remark;

  /// Prepares the traced functions `names` for the budget, which holds for each of them, with as little computed twice
  /// as possible: its scans may get checkpoints. What values may take at one time (passes::PipelineOptions::memory), 0
  /// if nothing need run again. If nothing fits, an error at the first says what is the least.
  mlir::FailureOr<int64_t> fit(mlir::ModuleOp module, llvm::ArrayRef<std::string> names) const;

private:
  std::optional<int64_t> arenaWith(mlir::ModuleOp module, llvm::ArrayRef<std::string> names, int64_t checkpoint,
                                   int64_t target) const;
  std::pair<int64_t, int64_t> leastWith(mlir::ModuleOp module, llvm::ArrayRef<std::string> names,
                                        int64_t checkpoint) const;
};
} // namespace weft::codegen
