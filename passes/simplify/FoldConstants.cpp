// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- FoldConstants.cpp - ops on constants, by their host reference --------------------------------------------------===//
//
//   %0 = weft.constant dense<[1.0, 4.0]> : tensor<2xf32>
//   %1 = weft.sqrt %0 : tensor<2xf32>                      ->   weft.constant dense<[1.0, 2.0]> : tensor<2xf32>
//
// Only small results: a large one would grow the object file by what a kernel makes in no time. A splat that is
// broadcast stays as it is: inside a kernel it costs nothing, as constant data it is memory.
//
//===----------------------------------------------------------------------------------------------------------------===//
#include "dialects/weft/Evaluator.h"
#include "dialects/weft/Weft.h"
#include "mlir/IR/Matchers.h"
#include "passes/Passes.h"
#include "llvm/Support/Threading.h"

using namespace mlir;
namespace weft::passes {
#define GEN_PASS_DEF_FOLDCONSTANTS
#include "passes/Passes.h.inc"

namespace {
struct FoldConstants : impl::FoldConstantsBase<FoldConstants> {
  using FoldConstantsBase::FoldConstantsBase;

  bool foldable(Operation *op) {
    // An op without operands says itself what a constant would: iota, dim.
    if (op->getNumOperands() == 0 || op->getNumRegions() || !isa<ir::EvaluateOpInterface>(op) ||
        !isMemoryEffectFree(op))
      return false;
    for (Type type : op->getResultTypes()) {
      auto tensor = dyn_cast<RankedTensorType>(type);
      if (!tensor || !tensor.hasStaticShape() || tensor.getNumElements() > limit)
        return false;
    }
    return llvm::all_of(op->getOperands(), [](Value v) { return matchPattern(v, m_Constant()); });
  }

  void runOnOperation() override {
    SmallVector<Operation *> dead;
    getOperation().walk([&](Operation *op) {
      if (!foldable(op))
        return;
      std::vector<ir::HostArray> operands;
      for (Value v : op->getOperands()) {
        ElementsAttr elements;
        matchPattern(v, m_Constant(&elements));
        if (!elements)
          return;
        operands.push_back(ir::toHostArray(elements));
      }
      SmallVector<const ir::HostArray *> pointers;
      for (const ir::HostArray &array : operands)
        pointers.push_back(&array);
      std::vector<ir::HostArray> results;
      {
        // An element that cannot be evaluated (an index outside, a zero divisor) stays a run-time error, at the user's
        // line.
        ScopedDiagnosticHandler quiet(op->getContext(), [thread = llvm::get_threadid()](Diagnostic &) {
          return success(llvm::get_threadid() == thread);
        });
        if (failed(ir::evaluateOp(op, pointers, results)))
          return;
      }
      OpBuilder b(op);
      for (auto [result, array] : llvm::zip(op->getResults(), results))
        result.replaceAllUsesWith(ir::ConstantOp::create(b, op->getLoc(), ElementsAttr(ir::toElements(array))));
      dead.push_back(op);
    });
    for (Operation *op : dead)
      op->erase();
  }
};
} // namespace
} // namespace weft::passes
