// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Decompose.cpp - semantic ops in primitive ones ----------------------------------------------------------------===//
//
//   %y = weft.softmax %x 1 : tensor<8x10xf32>
// becomes
//   reduce_max, sub, exp, reduce_sum, div (with the broadcasts between them)
//
// each under the semantic op's name in its location, by which messages speak of it (userName);
// until no op with DecomposeOpInterface is left that no emitter takes whole: a decomposition may use semantic ops
// itself.
//
//===----------------------------------------------------------------------------------------------------------------===//
#include "dialects/weft/Decompose.h"
#include "passes/Passes.h"

using namespace mlir;
namespace weft::passes {
#define GEN_PASS_DEF_DECOMPOSE
#include "passes/Passes.h.inc"

namespace {
struct Decompose : impl::DecomposeBase<Decompose> {
  Decompose() = default;
  explicit Decompose(Emission emission) : emission(std::move(emission)) {}
  Emission emission;

  void runOnOperation() override {
    SmallVector<ir::DecomposeOpInterface> work;
    auto collect = [&] {
      work.clear();
      getOperation().walk([&](ir::DecomposeOpInterface op) {
        if (!emission.takesWhole(op))
          work.push_back(op);
      });
      return !work.empty();
    };
    while (collect())
      for (ir::DecomposeOpInterface op : work) {
        OpBuilder b(op);
        if (failed(ir::decomposeInPlace(op, b)))
          return signalPassFailure();
      }
  }
};
} // namespace

std::unique_ptr<Pass> createDecompose(Emission emission) { return std::make_unique<Decompose>(std::move(emission)); }
} // namespace weft::passes
