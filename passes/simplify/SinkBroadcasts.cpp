// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- SinkBroadcasts.cpp - first compute, then repeat ----------------------------------------------------------------===//
//
//   %b = weft.broadcast %x [1] : (tensor<8xf32>) -> tensor<64x8xf32>
//   %y = weft.exp %b                                                     64 * 8 exponentials
//                                   ->
//   %e = weft.exp %x                                                     8
//   %y = weft.broadcast %e [1] : (tensor<8xf32>) -> tensor<64x8xf32>
//
// So for any elementwise op whose operands are all broadcast in the same way from the same shape; splat constants fit
// every shape. Users write few of these, derivatives make many. The numbers stay the same bit for bit.
//
//===----------------------------------------------------------------------------------------------------------------===//
#include "dialects/weft/Weft.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "passes/Passes.h"

using namespace mlir;
using namespace weft::ir;
namespace weft::passes {
#define GEN_PASS_DEF_SINKBROADCASTS
#include "passes/Passes.h.inc"

namespace {
struct ElementwiseOfBroadcasts : RewritePattern {
  explicit ElementwiseOfBroadcasts(MLIRContext *context) : RewritePattern(MatchAnyOpTypeTag(), 1, context) {}

  LogicalResult matchAndRewrite(Operation *op, PatternRewriter &rewriter) const override {
    if (!op->hasTrait<OpTrait::Elementwise>() || op->getNumResults() != 1)
      return failure();
    BroadcastOp first;
    for (Value operand : op->getOperands()) {
      auto broadcast = operand.getDefiningOp<BroadcastOp>();
      DenseElementsAttr dense;
      if (!broadcast && matchPattern(operand, m_Constant(&dense)) && dense.isSplat())
        continue;
      if (!broadcast)
        return rewriter.notifyMatchFailure(op, "an operand is not broadcast");
      if (!first)
        first = broadcast;
      else if (broadcast.getDims() != first.getDims() || withElement(typeOf(broadcast.getX()), rewriter.getI1Type()) !=
                                                             withElement(typeOf(first.getX()), rewriter.getI1Type()))
        return rewriter.notifyMatchFailure(op, "operands are broadcast in different ways");
    }
    if (!first)
      return rewriter.notifyMatchFailure(op, "all operands are constant");
    RankedTensorType shape = typeOf(first.getX());
    SmallVector<Value> operands;
    for (Value operand : op->getOperands()) {
      if (auto broadcast = operand.getDefiningOp<BroadcastOp>()) {
        operands.push_back(broadcast.getX());
        continue;
      }
      DenseElementsAttr dense;
      matchPattern(operand, m_Constant(&dense));
      RankedTensorType type = withElement(shape, elementOf(operand));
      // A constant has a static shape: where the small shape has run-time dimensions, a broadcast scalar takes its
      // place.
      auto constantType = type.hasStaticShape() ? type : RankedTensorType::get({}, type.getElementType());
      Value small = ConstantOp::create(rewriter, op->getLoc(), constantType,
                                       SplatElementsAttr::get(constantType, dense.getSplatValue<Attribute>()));
      if (constantType != type)
        small = BroadcastOp::create(rewriter, op->getLoc(), type, small, rewriter.getDenseI64ArrayAttr({}));
      operands.push_back(small);
    }
    OperationState state(op->getLoc(), op->getName(), operands, withElement(shape, elementOf(op->getResult(0))),
                         op->getAttrs());
    Operation *small = rewriter.create(state);
    rewriter.replaceOpWithNewOp<BroadcastOp>(op, op->getResult(0).getType(), small->getResult(0), first.getDimsAttr());
    return success();
  }
};

struct SinkBroadcasts : impl::SinkBroadcastsBase<SinkBroadcasts> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<ElementwiseOfBroadcasts>(&getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};
} // namespace
} // namespace weft::passes
