// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Accumulators.cpp - what reductions keep while they run ----------------------------------------------------------===//
//
// The op says what is kept (ReductionOpInterface). There is one exception, the extremes of floats. In IEEE's maximum a
// NaN wins and 0 is above -0. That takes six instructions, each of which waits for the one before. So the loop compares
// integers which are in the same order as the floats: k(x) = bits ^ (x < 0 ? all but the sign : 0). Their maximum is
// one instruction, and so is their minimum. In this order the NaNs lie beyond the infinities: above +inf or below -inf,
// depending on their sign. So the loop keeps both the largest and the smallest key. If one of them is a NaN, it is the
// result.
//
//===----------------------------------------------------------------------------------------------------------------===//
#include "codegen/emit/KernelEmitter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace weft;
using namespace weft::codegen;

/// The type of float whose keys are compared; null if the op is no extreme of floats.
static Type keyed(ir::ReductionOpInterface op) {
  Type element = ir::elementOf(op->getOperand(0));
  return op.getExtreme() != ir::Extreme::none && isa<FloatType>(element) ? ir::ElementEmitter::computeType(element)
                                                                         : Type();
}
static Type keyType(Type computed) { return IntegerType::get(computed.getContext(), computed.getIntOrFloatBitWidth()); }
/// The key of a float's bits. Applied to a key it gives the bits back.
static Value orderKey(ir::ElementEmitter &e, Value bits) {
  Type type = getElementTypeOrSelf(bits.getType());
  unsigned width = type.getIntOrFloatBitWidth();
  Value sign = arith::ShRSIOp::create(e.b, e.loc, bits, e.constantInt(type, width - 1));
  Value flip =
      arith::AndIOp::create(e.b, e.loc, sign, e.constantInt(type, APInt::getSignedMaxValue(width).getSExtValue()));
  return arith::XOrIOp::create(e.b, e.loc, bits, flip);
}
static int64_t keyOfInfinity(unsigned width, bool negative) {
  int64_t bits = width == 64 ? 0x7ff0000000000000 : 0x7f800000;
  return negative ? -bits - 1 : bits;
}

Values KernelEmitter::identity(ir::ReductionOpInterface op) {
  Type computed = keyed(op);
  if (!computed)
    return op.emitIdentity(*this);
  Type type = keyType(computed);
  unsigned width = type.getIntOrFloatBitWidth();
  return {constantInt(type, keyOfInfinity(width, true)), constantInt(type, keyOfInfinity(width, false))};
}

Values KernelEmitter::lift(ir::ReductionOpInterface op, Value element, Value at) {
  Type computed = keyed(op);
  if (!computed)
    return op.emitLift(*this, element, at);
  Value key = orderKey(*this, arith::BitcastOp::create(b, loc, laned(keyType(computed)), element));
  return {key, key};
}

Values KernelEmitter::combine(ir::ReductionOpInterface op, ValueRange x, ValueRange y) {
  if (!keyed(op))
    return op.emitCombine(*this, x, y);
  return {arith::MaxSIOp::create(b, loc, x[0], y[0]), arith::MinSIOp::create(b, loc, x[1], y[1])};
}

Value KernelEmitter::finish(ir::ReductionOpInterface op, ValueRange ends) {
  Type computed = keyed(op);
  if (!computed)
    return op.emitFinish(*this, ends);
  bool largest = op.getExtreme() == ir::Extreme::largest;
  Type type = keyType(computed);
  auto beyond = largest ? arith::CmpIPredicate::slt : arith::CmpIPredicate::sgt;
  Value wanted = ends[largest ? 0 : 1], other = ends[largest ? 1 : 0];
  Value nan = arith::CmpIOp::create(b, loc, beyond, other,
                                    constantInt(type, keyOfInfinity(type.getIntOrFloatBitWidth(), largest)));
  Value key = arith::SelectOp::create(b, loc, nan, other, wanted);
  return arith::BitcastOp::create(b, loc, laned(computed), orderKey(*this, key));
}

Values KernelEmitter::accumulate(ir::ReductionOpInterface op, ValueRange accumulator, ValueRange element) {
  Values next = keyed(op) ? combine(op, accumulator, element) : Values(op.emitAccumulate(*this, accumulator, element));
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
