// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- CheckSizes.cpp - sizes are counted before anything relies on them -------------------------------------------------===//
//
// Strides, places and costs are products of dimensions at their upper bounds. Here each tensor is held to
// `ir::mostBytes`, so that what follows computes with 64 bits and none of its products wraps round.
//
//===----------------------------------------------------------------------------------------------------------------===//
#include "dialects/weft/Sizes.h"
#include "dialects/weft/Weft.h"
#include "passes/Passes.h"

namespace weft::passes {
#define GEN_PASS_DEF_CHECKSIZES
#include "passes/Passes.h.inc"

namespace {
struct CheckSizes : impl::CheckSizesBase<CheckSizes> {
  void runOnOperation() override {
    if (failed(ir::checkSizes(getOperation())))
      signalPassFailure();
  }
};
} // namespace
} // namespace weft::passes
