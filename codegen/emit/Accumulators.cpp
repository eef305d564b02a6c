// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Accumulators.cpp - what reductions keep while they run ----------------------------------------------------------===//
//
// The op says what is kept (ReductionOpInterface). There is one exception, the extremes of floats. In IEEE's maximum a
// NaN wins and 0 is above -0. That takes six instructions, each of which waits for the one before. So the loop keeps
// three extremes of the bits as integers, each one instruction that waits for nothing else:
//   the signed maximum    the largest of the floats without a sign, a NaN of theirs before all
//   the unsigned maximum  if any float has a sign, the smallest of them, a NaN of theirs before all
//   the signed minimum    of floats with a sign the largest (where all have one); of floats without one the smallest
// When the loop ends, the wanted one is chosen: a NaN if there is one, else for the maximum the first if it has no
// sign, else the third; for the minimum the second if it has a sign, else the third.
//
//===----------------------------------------------------------------------------------------------------------------===//
#include "codegen/emit/KernelEmitter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace weft;
using namespace weft::codegen;

/// The type of float whose bits are compared; null if the op is no extreme of floats.
static Type comparedByBits(ir::ReductionOpInterface op) {
  Type element = ir::elementOf(op->getOperand(0));
  return op.getExtreme() != ir::Extreme::none && isa<FloatType>(element) ? ir::ElementEmitter::computeType(element)
                                                                         : Type();
}
static Type bitsType(Type computed) {
  return IntegerType::get(computed.getContext(), computed.getIntOrFloatBitWidth());
}
static int64_t bitsOfInfinity(Type computed, bool negative) {
  APInt bits = APFloat::getInf(cast<FloatType>(computed).getFloatSemantics(), negative).bitcastToAPInt();
  return bits.getSExtValue();
}

Values KernelEmitter::identity(ir::ReductionOpInterface op) {
  Type computed = comparedByBits(op);
  if (!computed)
    return op.emitIdentity(*this);
  Value bits = constantInt(bitsType(computed), bitsOfInfinity(computed, op.getExtreme() == ir::Extreme::largest));
  return {bits, bits, bits};
}

Values KernelEmitter::lift(ir::ReductionOpInterface op, Value element, Value at) {
  Type computed = comparedByBits(op);
  if (!computed)
    return op.emitLift(*this, element, at);
  Value bits = arith::BitcastOp::create(b, loc, laned(bitsType(computed)), element);
  return {bits, bits, bits};
}

Values KernelEmitter::combine(ir::ReductionOpInterface op, ValueRange x, ValueRange y) {
  if (!comparedByBits(op))
    return op.emitCombine(*this, x, y);
  return {arith::MaxSIOp::create(b, loc, x[0], y[0]), arith::MaxUIOp::create(b, loc, x[1], y[1]),
          arith::MinSIOp::create(b, loc, x[2], y[2])};
}

Value KernelEmitter::finish(ir::ReductionOpInterface op, ValueRange ends) {
  Type computed = comparedByBits(op);
  if (!computed)
    return op.emitFinish(*this, ends);
  Type type = bitsType(computed);
  auto compare = [&](arith::CmpIPredicate predicate, Value bits, int64_t with) -> Value {
    return arith::CmpIOp::create(b, loc, predicate, bits, constantInt(type, with));
  };
  auto select = [&](Value which, Value yes, Value no) -> Value {
    return arith::SelectOp::create(b, loc, which, yes, no);
  };
  Value signedMax = ends[0], unsignedMax = ends[1], signedMin = ends[2];
  Value bits = op.getExtreme() == ir::Extreme::largest
                   ? select(compare(arith::CmpIPredicate::sge, signedMax, 0), signedMax, signedMin)
                   : select(compare(arith::CmpIPredicate::slt, unsignedMax, 0), unsignedMax, signedMin);
  bits = select(compare(arith::CmpIPredicate::ugt, unsignedMax, bitsOfInfinity(computed, true)), unsignedMax, bits);
  bits = select(compare(arith::CmpIPredicate::sgt, signedMax, bitsOfInfinity(computed, false)), signedMax, bits);
  return arith::BitcastOp::create(b, loc, laned(computed), bits);
}

Values KernelEmitter::accumulate(ir::ReductionOpInterface op, ValueRange accumulator, ValueRange element) {
  Values next =
      comparedByBits(op) ? combine(op, accumulator, element) : Values(op.emitAccumulate(*this, accumulator, element));
  if (machine_.vectorBytes < 32) // processors with wider vectors have an instruction for multiply-adds
    return next;
  for (Value &v : next)
    if (auto sum = v.getDefiningOp<arith::AddFOp>(); sum && sum.getLhs() == accumulator[0])
      if (auto product = sum.getRhs().getDefiningOp<arith::MulFOp>()) {
        v = math::FmaOp::create(b, loc, product.getLhs(), product.getRhs(), accumulator[0]);
        sum.erase();
      }
  return next;
}
