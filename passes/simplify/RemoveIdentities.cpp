// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- RemoveIdentities.cpp - identities that only derivation reads ---------------------------------------------------===//
//
//   %1 = weft.stop_gradient %0 : tensor<4xf32>
//   %2 = weft.mark %1 "hidden" : tensor<4xf32>          ->   uses of %2 use %0
//
// Runs after derive: before it, stop_gradient changes what a derivative is.
//
//===----------------------------------------------------------------------------------------------------------------===//
#include "dialects/weft/Weft.h"
#include "passes/Passes.h"

using namespace mlir;
namespace weft::passes {
#define GEN_PASS_DEF_REMOVEIDENTITIES
#include "passes/Passes.h.inc"

namespace {
struct RemoveIdentities : impl::RemoveIdentitiesBase<RemoveIdentities> {
  void runOnOperation() override {
    getOperation().walk([](Operation *op) {
      if (!op->hasTrait<ir::Identity>() || op->getNumOperands() > 1) // `after` says when, too
        return;
      op->getResult(0).replaceAllUsesWith(op->getOperand(0));
      op->erase();
    });
  }
};
} // namespace
} // namespace weft::passes
