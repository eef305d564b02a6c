// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- SimplifyAlgebra.cpp - rewrites over several ops ----------------------------------------------------------------===//
//
// What folds cannot do, because it makes new ops:
//
//   contract "bi,ij->bj", x, transpose(w) [1, 0]     ->  contract "bi,ji->bj", x, w
//   transpose(contract "bi,ij->bj", x, w) [1, 0]     ->  contract "bi,ij->jb", x, w
//   transpose(broadcast(x))                          ->  broadcast(x) to other places
//   broadcast(broadcast(x)), cast(broadcast(x))      ->  one broadcast, last: what is cast is small
//   x * 1, x / 1, x - 0 with a broadcast scalar      ->  x
//
// Each is exact: the numbers stay the same bit for bit.
//
//===----------------------------------------------------------------------------------------------------------------===//
#include "dialects/weft/ContractSpec.h"
#include "dialects/weft/Weft.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "passes/Passes.h"

using namespace mlir;
using namespace weft::ir;
namespace weft::passes {
#define GEN_PASS_DEF_SIMPLIFYALGEBRA
#include "passes/Passes.h.inc"

namespace {
/// Labels of an operand after (result i is operand permutation[i]) undone: the labels of the operand in front of the
/// transpose.
std::string beforeTranspose(StringRef labels, ArrayRef<int64_t> permutation) {
  std::string result(labels.size(), ' ');
  for (auto [i, p] : llvm::enumerate(permutation))
    result[p] = labels[i];
  return result;
}

/// A transposed operand is read in its own order.
LogicalResult transposesIntoOperands(ContractOp op, PatternRewriter &rewriter) {
  auto [left, right, output] = ContractSpec::split(op.getSpec());
  auto lhs = op.getLhs().getDefiningOp<TransposeOp>();
  auto rhs = op.getRhs().getDefiningOp<TransposeOp>();
  if (!lhs && !rhs)
    return rewriter.notifyMatchFailure(op, "no operand is transposed");
  std::string l = lhs ? beforeTranspose(left, lhs.getPermutation()) : left.str();
  std::string r = rhs ? beforeTranspose(right, rhs.getPermutation()) : right.str();
  rewriter.modifyOpInPlace(op, [&] {
    op.setSpec(ContractSpec::join(l, r, output));
    if (lhs)
      op.getLhsMutable().assign(lhs.getX());
    if (rhs)
      op.getRhsMutable().assign(rhs.getX());
  });
  return success();
}

/// A contraction that only a transpose reads is written in that order.
LogicalResult transposeOfContract(TransposeOp op, PatternRewriter &rewriter) {
  auto contract = op.getX().getDefiningOp<ContractOp>();
  if (!contract || !contract->hasOneUse())
    return rewriter.notifyMatchFailure(op, "not the only reader of a contraction");
  auto [lhs, rhs, output] = ContractSpec::split(contract.getSpec());
  std::string labels;
  for (int64_t p : op.getPermutation())
    labels += output[p];
  rewriter.setInsertionPoint(contract);
  auto moved = ContractOp::create(rewriter, contract.getLoc(), op.getType(),
                                  rewriter.getStringAttr(ContractSpec::join(lhs, rhs, labels)), contract.getLhs(),
                                  contract.getRhs());
  rewriter.replaceOp(op, moved);
  return success();
}

LogicalResult transposeOfBroadcast(TransposeOp op, PatternRewriter &rewriter) {
  auto broadcast = op.getX().getDefiningOp<BroadcastOp>();
  if (!broadcast)
    return rewriter.notifyMatchFailure(op, "no broadcast in front");
  SmallVector<int64_t> inverse(op.getPermutation().size()), dims;
  for (auto [i, p] : llvm::enumerate(op.getPermutation()))
    inverse[p] = i;
  for (int64_t d : broadcast.getDims())
    dims.push_back(inverse[d]);
  // A broadcast keeps the order of its operand's dimensions; where the transpose changes it, both stay.
  if (!llvm::is_sorted(dims))
    return rewriter.notifyMatchFailure(op, "the operand's own dimensions change order");
  rewriter.replaceOpWithNewOp<BroadcastOp>(op, op.getType(), broadcast.getX(), rewriter.getDenseI64ArrayAttr(dims));
  return success();
}

LogicalResult broadcastOfBroadcast(BroadcastOp op, PatternRewriter &rewriter) {
  auto inner = op.getX().getDefiningOp<BroadcastOp>();
  if (!inner)
    return rewriter.notifyMatchFailure(op, "no broadcast in front");
  SmallVector<int64_t> dims;
  for (int64_t d : inner.getDims())
    dims.push_back(op.getDims()[d]);
  rewriter.replaceOpWithNewOp<BroadcastOp>(op, op.getType(), inner.getX(), rewriter.getDenseI64ArrayAttr(dims));
  return success();
}

LogicalResult castOfBroadcast(CastOp op, PatternRewriter &rewriter) {
  auto broadcast = op.getX().getDefiningOp<BroadcastOp>();
  if (!broadcast)
    return rewriter.notifyMatchFailure(op, "no broadcast in front");
  Value x = broadcast.getX();
  Value small = CastOp::create(rewriter, op.getLoc(), withElement(typeOf(x), elementOf(op)), x);
  rewriter.replaceOpWithNewOp<BroadcastOp>(op, op.getType(), small, broadcast.getDimsAttr());
  return success();
}

/// Whether a value is `number` everywhere, also where its run-time shape makes it a broadcast scalar.
bool isSplatOf(Value v, int64_t number) {
  while (auto broadcast = v.getDefiningOp<BroadcastOp>())
    v = broadcast.getX();
  DenseElementsAttr dense;
  if (!matchPattern(v, m_Constant(&dense)) || !dense.isSplat())
    return false;
  if (isa<FloatType>(dense.getElementType())) {
    APFloat value = dense.getSplatValue<APFloat>();
    return value.isExactlyValue(double(number)) && !value.isNegZero();
  }
  return dense.getSplatValue<APInt>().getSExtValue() == number;
}

template <class Op, int64_t number, bool commutes> LogicalResult neutral(Op op, PatternRewriter &rewriter) {
  if (isSplatOf(op.getRhs(), number))
    rewriter.replaceOp(op, op.getLhs());
  else if (commutes && isSplatOf(op.getLhs(), number))
    rewriter.replaceOp(op, op.getRhs());
  else
    return rewriter.notifyMatchFailure(op, "no neutral operand");
  return success();
}

struct SimplifyAlgebra : impl::SimplifyAlgebraBase<SimplifyAlgebra> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add(transposesIntoOperands);
    patterns.add(transposeOfContract);
    patterns.add(transposeOfBroadcast);
    patterns.add(broadcastOfBroadcast);
    patterns.add(castOfBroadcast);
    patterns.add(neutral<MulOp, 1, true>);
    patterns.add(neutral<DivOp, 1, false>);
    patterns.add(neutral<SubOp, 0, false>);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns)))) {
      getOperation().emitOpError("simplification does not come to an end");
      signalPassFailure();
    }
  }
};
} // namespace
} // namespace weft::passes
