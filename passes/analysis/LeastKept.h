// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Which values to keep, so that all that is read later is there or can be computed again: a minimum cut of the dataflow
// graph (MinCut.h). One choice with two callers: what a scan stacks for its gradient (derive/ChooseResiduals.cpp), what
// straight-line code stores for kernels that run later (plan/LateReads.cpp).
#pragma once
#include "mlir/IR/Value.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/SmallVector.h"
#include <cstdint>
#include <optional>

namespace weft::passes {

/// What having a value later costs (Cost.h): by memory, or by computing it again of its operands.
struct Choices {
  int64_t keeping, computing;
  llvm::SmallVector<mlir::Value> operands;
};
/// The values to keep at the least total cost so that all of `read` can be had; the rest on the way to them is computed
/// again. `choices` says what can be done about a value; nothing for one that is there for free.
///
///   source -> v_in  computing v       v_in -> v_out  keeping v       u_out -> v_in  for an operand u       v_out ->
///   sink  if v is read
///
/// v_in on the sink's side of the cut: computed; v_in on the source's side and v_out on the sink's: kept.
llvm::SmallVector<mlir::Value> leastKept(llvm::ArrayRef<mlir::Value> read,
                                         llvm::function_ref<std::optional<Choices>(mlir::Value)> choices);
} // namespace weft::passes
