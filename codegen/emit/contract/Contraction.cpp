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

/// The dimension of a prologue's value that is contiguous in memory, as far as it can be followed; -1 if the value is
/// no matrix in memory.
static int64_t contiguousDim(Value v) {
  Operation *op = v.getDefiningOp();
  Dims dims = ir::getDims(v);
  if (auto transpose = dyn_cast_or_null<ir::TransposeOp>(op)) {
    int64_t of = contiguousDim(transpose.getX());
    for (auto [i, p] : llvm::enumerate(transpose.getPermutation()))
      if (p == of)
        return int64_t(i);
    return -1;
  }
  if (op && (op->hasTrait<OpTrait::Elementwise>() || op->hasTrait<ir::Identity>()))
    for (Value operand : op->getOperands())
      if (ir::getDims(operand) == dims)
        if (int64_t d = contiguousDim(operand); d >= 0)
          return d;
  return lastWideDim(dims);
}

Contraction::Contraction(KernelEmitter &e, ir::ContractOp op)
    : e(e), operands{op.getLhs(), op.getRhs()}, product(op.getResult()) {
  auto [in, out] = op.getSpec().split("->");
  auto [lhs, rhs] = in.split(',');
  labels[0] = lhs.trim().str();
  labels[1] = rhs.trim().str();
  result = out.trim().str();
  for (int o : {0, 1})
    for (auto [i, d] : llvm::enumerate(ir::getDims(operands[o]))) {
      char c = labels[o][i];
      extent[c] = d;
      if (result.find(c) == std::string::npos && summed.find(c) == std::string::npos)
        summed += c;
    }
  for (auto &[c, d] : extent)
    at[c] = {e.index(0), 0, false};
  accumulator = ir::ElementEmitter::computeType(ir::elementOf(op.getResult()));
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
    // Columns are asked for at multiples of the lanes, so that none of their vectors crosses from one panel to the
    // next. (Rows begin anywhere.)
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

bool Contraction::isBF16(int o) const {
  auto cast = operands[o].getDefiningOp<ir::CastOp>();
  return ir::elementOf(operands[o]).isBF16() ||
         (cast && ir::elementOf(operands[o]).isF32() && ir::elementOf(cast.getX()).isBF16());
}

Value Contraction::narrowOperand(int o, char lanesAlong) {
  Value v = operand(o, lanesAlong), from = operands[o];
  if (auto cast = from.getDefiningOp<ir::CastOp>(); cast && ir::elementOf(cast.getX()).isBF16())
    from = cast.getX();
  while (isa_and_nonnull<ir::TransposeOp, ir::UnpackOp, ir::BroadcastOp>(from.getDefiningOp()))
    from = from.getDefiningOp()->getOperand(0);
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
