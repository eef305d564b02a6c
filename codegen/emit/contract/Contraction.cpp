// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What all contractions share; see Contraction.h.
#include "codegen/emit/contract/Contraction.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace weft;
using namespace weft::codegen;
using ir::Coord;
using ir::Dim;
using ir::Dims;

/// The dimension along which a value is contiguous in memory. The value may be computed by the prologue: then it is the
/// dimension of the array that it is computed from. -1 if there is none.
static int64_t contiguousDim(Value v) {
  Operation *op = v.getDefiningOp();
  Dims dims = ir::getDims(v);
  if (isa_and_nonnull<ir::PointwiseOpInterface>(op)) {
    ir::Access access = ir::accessOf(op);
    for (OpOperand &operand : op->getOpOperands()) {
      // Looks for a tensor of which every element is read exactly once, in any order.
      if (!access.isPermuted(operand.getOperandNumber()))
        continue;
      if (int64_t d = contiguousDim(operand.get()); d >= 0)
        return ir::Access::find(access.results[0], *access.operands[operand.getOperandNumber()][d].loop());
    }
  }
  return lastWideDim(dims);
}

Contraction::Contraction(KernelEmitter &e, Operation *op)
    : e(e), operands{op->getOperand(0), op->getOperand(1)}, product(op->getResult(0)) {
  ir::Access access = ir::accessOf(op);
  auto letters = [&](const ir::Axes &axes) {
    std::string text;
    for (const ir::Axis &axis : axes) {
      unsigned loop = *axis.loop();
      text += char(loop < 26 ? 'a' + loop : 'A' + (loop - 26));
      extent[text.back()] = access.loops[loop].size;
    }
    return text;
  };
  labels[0] = letters(access.operands[0]);
  labels[1] = letters(access.operands[1]);
  result = letters(access.results[0]);
  for (const std::string &own : labels)
    for (char c : own)
      if (result.find(c) == std::string::npos && summed.find(c) == std::string::npos)
        summed += c;
  for (auto &[c, d] : extent)
    at[c] = {e.index(0), 0, false};
  accumulator = ir::ElementEmitter::computeType(ir::elementOf(product));
}

char Contraction::contiguous(int operand) const {
  int64_t d = contiguousDim(operands[operand]);
  return d < 0 ? 0 : labels[operand][d];
}

bool Contraction::sharesSets(int operand, char label) const {
  int64_t apart = ir::elementOf(operands[operand]).getIntOrFloatBitWidth() / 8;
  for (char behind : llvm::reverse(labels[operand])) {
    if (behind == label)
      return apart % pageBytes == 0;
    const Dim &size = extent.at(behind);
    if (!size.isConstant())
      return false;
    apart *= size.staticSize();
  }
  return false;
}

BlockArgument Contraction::panelsOf(int operand, int64_t width) const {
  auto unpack = operands[operand].getDefiningOp<ir::UnpackOp>();
  return unpack && isa<FloatType>(accumulator) && ir::getDims(unpack.getX())[2] == width
             ? dyn_cast<BlockArgument>(unpack.getX())
             : BlockArgument();
}

char Contraction::lastOfResult() const {
  int64_t d = int64_t(result.size()) - 1;
  while (d > 0 && !wide(result[d]))
    --d;
  return d < 0 ? 0 : result[d];
}

SmallVector<Coord> Contraction::place(int operand) const {
  SmallVector<Coord> coordinates;
  for (char c : labels[operand])
    coordinates.push_back(at.at(c));
  return coordinates;
}

Value Contraction::operand(int o, char lanesAlong) {
  auto read = [&] {
    SmallVector<Coord> where = place(o);
    auto unpack = operands[o].getDefiningOp<ir::UnpackOp>();
    // Columns begin at multiples of the number of lanes, so that no vector reaches from one panel into the next. (Rows
    // may begin anywhere.)
    if (int64_t width = unpack && labels[o][1] == columns ? ir::getDims(unpack.getX())[2].staticSize() : 0;
        width && !where[1].varying && where[1].stride == 1 && width % e.lanes == 0) {
      Value panel = arith::DivUIOp::create(e.b, e.loc, where[1].base, e.index(width)),
            in = arith::RemUIOp::create(e.b, e.loc, where[1].base, e.index(width));
      return e.element(unpack.getX(), {Coord{panel, 0, false}, where[0], Coord{in, 1, false}});
    }
    return e.element(operands[o], where);
  };
  auto get = [&] {
    Value v = read();
    Type from = getElementTypeOrSelf(v.getType());
    if (from == accumulator)
      return v;
    if (isa<FloatType>(accumulator))
      return from.getIntOrFloatBitWidth() < accumulator.getIntOrFloatBitWidth()
                 ? Value(arith::ExtFOp::create(e.b, e.loc, e.laned(accumulator), v))
                 : Value(arith::TruncFOp::create(e.b, e.loc, e.laned(accumulator), v));
    return Value(arith::ExtSIOp::create(e.b, e.loc, e.laned(accumulator), v));
  };
  if (in(o, lanesAlong))
    return get();
  Value scalar = e.withLanes(1, get);
  return e.splat(scalar);
}

Value Contraction::multiplyAdd(Value a, Value b, Value c) {
  if (isa<FloatType>(accumulator))
    return math::FmaOp::create(e.b, e.loc, a, b, c);
  return arith::AddIOp::create(e.b, e.loc, arith::MulIOp::create(e.b, e.loc, a, b), c);
}

Value Contraction::plus(Value a, Value b) {
  return isa<FloatType>(accumulator) ? Value(arith::AddFOp::create(e.b, e.loc, a, b))
                                     : Value(arith::AddIOp::create(e.b, e.loc, a, b));
}

BlockedSum Contraction::inBlocks(ValueRange zeros) {
  constexpr size_t few = 8;
  if (!isa<FloatType>(accumulator))
    return {};
  return {zeros.size() <= few ? sumBlock : productBlock, Values(zeros), [this](ValueRange total, ValueRange block) {
            Values all;
            for (auto [a, b] : llvm::zip(total, block))
              all.push_back(plus(a, b));
            return all;
          }};
}

/// The numbers of bf16 that an operand is a conversion of, to f32; null if it is none.
static Value widenedBF16(Value v) {
  Operation *op = v.getDefiningOp();
  bool widens = isa_and_nonnull<ir::PointwiseOpInterface>(op) && op->getNumOperands() == 1 &&
                ir::elementOf(op->getOperand(0)).isBF16() && ir::elementOf(v).isF32() &&
                ir::accessOf(op).readsOwnPosition(0);
  return widens ? op->getOperand(0) : Value();
}

bool Contraction::isBF16(int o) const { return ir::elementOf(operands[o]).isBF16() || widenedBF16(operands[o]); }

Value Contraction::narrowOperand(int o, char lanesAlong) {
  Value v = operand(o, lanesAlong), from = operands[o];
  if (Value narrow = widenedBF16(from))
    from = narrow;
  // Elements that are read from memory, at whatever position, have exactly the bits of a number of bf16.
  for (Operation *op = from.getDefiningOp(); op && op->hasTrait<ir::MovesElements>() && op->getNumOperands() == 1;
       op = from.getDefiningOp())
    from = op->getOperand(0);
  if (isa<BlockArgument>(from))
    return v;
  bool scalar = !isa<VectorType>(v.getType());
  auto round = [&] { return e.roundedToBF16(v); };
  return scalar ? e.withLanes(1, round) : round();
}

Value Contraction::upperHalf(Value widened, bool stay) {
  Value bits = arith::BitcastOp::create(e.b, e.loc, e.laned(e.b.getI32Type()), widened);
  auto of = [&](int64_t n) {
    return e.splat(arith::ConstantOp::create(e.b, e.loc, e.b.getI32IntegerAttr(int32_t(n))));
  };
  if (stay)
    return arith::AndIOp::create(e.b, e.loc, bits, of(int64_t(int32_t(0xffff0000u))));
  return arith::ShRUIOp::create(e.b, e.loc, bits, of(16));
}

Value Contraction::pair(Value low, Value high) {
  Value lower = upperHalf(low, false);
  return arith::OrIOp::create(e.b, e.loc, lower, upperHalf(high, true));
}

Value Contraction::multiplyAddPairs(Value left, Value right, Value sum) {
  auto numbers = [&](Value pairs) -> Value {
    return vector::BitCastOp::create(e.b, e.loc, VectorType::get({32}, e.b.getBF16Type()), pairs);
  };
  Value a = numbers(left), b = numbers(right);
  return LLVM::CallIntrinsicOp::create(e.b, e.loc, sum.getType(), e.b.getStringAttr("llvm.x86.avx512bf16.dpbf16ps.512"),
                                       ValueRange{sum, a, b})
      .getResult(0);
}

void Contraction::store(Value sum) {
  SmallVector<Coord> coordinates;
  for (char c : result)
    coordinates.push_back(at[c]);
  e.setHero(product, sum);
  e.storeResults(coordinates);
}
