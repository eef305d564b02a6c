// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Intervals.h - what integers and truth values can be over a range of positions ---------------------------------===//
//
//   %i = weft.iota 0 : tensor<64x64xi32>      over rows 16 to 31 and columns 32 to 47: in [16, 31]
//   %j = weft.iota 1 : tensor<64x64xi32>      in [32, 47]
//   %p = weft.compare GE, %i, %j              holds nowhere there
//   %s = weft.select %p, %x, %minusInfinity   -inf everywhere there, whatever x is
//
// So a tile of masked scores need not be computed, and an index that stays inside a table needs no check. Both ask the
// same analysis, with ends of another kind: an emitter makes code that computes them for the tile at hand, a pass
// computes with dimensions (Dim). What a domain of numbers has to offer is written at the class.
//
// The analysis is one of bounds: an end that is not known, or a truth that is not, is nothing, and who asks does then
// what is always right. Integers are taken as if they never wrapped: positions and sizes do not.
//
//===----------------------------------------------------------------------------------------------------------------===//
#pragma once
#include "dialects/weft/Weft.h"
#include "mlir/IR/Matchers.h"
#include <limits>

namespace weft::ir {

/// `Domain` has a type Number, a type Truth of conditions, and
///   Number number(int64_t); Number size(const Dim &); Number add(Number, Number); Number subtract(Number, Number);
///   Number scale(Number, int64_t);
///   std::optional<Number> smaller(Number, Number), larger(Number, Number);   the one of two; nothing if it cannot tell
///   Truth less(Number, Number), lessOrEqual(Number, Number); Truth both(Truth, Truth), either(Truth, Truth);
///   Truth truth(bool)
///   std::optional<Number> exact(Value, ArrayRef<Number> at): an integer at one position, of what it can look up
///   std::optional<Truth> exactTruth(Value, ArrayRef<Number> at)
///   bool isPoint(Number lo, Number hi)
template <class Domain> class Intervals {
public:
  using Number = typename Domain::Number;
  using Truth = typename Domain::Truth;
  using Value = mlir::Value;
  struct Interval {
    std::optional<Number> lo, hi; // inclusive
  };
  /// Whether a condition holds everywhere, or nowhere, in the range.
  struct Holds {
    std::optional<Truth> everywhere, nowhere;
  };
  using At = llvm::ArrayRef<Interval>; // by dimension of the value asked for

  explicit Intervals(Domain domain) : d(std::move(domain)) {}

  Interval integers(Value v, At at) {
    mlir::Operation *op = v.getDefiningOp();
    if (auto exact = atPoint(at))
      if (std::optional<Number> value = d.exact(v, *exact))
        return {value, value};
    if (!op)
      return {};
    if (auto constant = llvm::dyn_cast<ConstantOp>(op)) {
      mlir::DenseElementsAttr dense;
      if (!matchPattern(op, mlir::m_Constant(&dense)) || dense.empty() || dense.getElementType().isInteger(1))
        return {};
      int64_t lo = std::numeric_limits<int64_t>::max(), hi = std::numeric_limits<int64_t>::min();
      if (dense.isSplat()) {
        lo = hi = dense.getSplatValue<llvm::APInt>().getSExtValue();
      } else {
        for (const llvm::APInt &value : dense.getValues<llvm::APInt>()) {
          lo = std::min(lo, value.getSExtValue());
          hi = std::max(hi, value.getSExtValue());
        }
      }
      return {d.number(lo), d.number(hi)};
    }
    if (auto dim = llvm::dyn_cast<DimOp>(op)) {
      Number size = d.size(dim.getSize().getDims()[0]);
      return {size, size};
    }
    if (auto iota = llvm::dyn_cast<IotaOp>(op))
      return at[iota.getAxis()];
    auto two = [&](auto combine) {
      Interval a = integers(op->getOperand(0), at), b = integers(op->getOperand(1), at);
      return combine(a, b);
    };
    if (llvm::isa<AddOp>(op))
      return two([&](Interval a, Interval b) { return Interval{sum(a.lo, b.lo), sum(a.hi, b.hi)}; });
    if (llvm::isa<SubOp>(op))
      return two([&](Interval a, Interval b) { return Interval{difference(a.lo, b.hi), difference(a.hi, b.lo)}; });
    if (llvm::isa<NegOp>(op)) {
      Interval a = integers(op->getOperand(0), at);
      return {difference(d.number(0), a.hi), difference(d.number(0), a.lo)};
    }
    if (llvm::isa<MulOp>(op))
      for (unsigned i = 0; i < 2; ++i)
        if (std::optional<int64_t> factor = splatInteger(op->getOperand(i))) {
          Interval a = integers(op->getOperand(1 - i), at);
          if (*factor < 0)
            std::swap(a.lo, a.hi);
          return {scaled(a.lo, *factor), scaled(a.hi, *factor)};
        }
    if (llvm::isa<MaximumOp>(op)) // either end of one side is a bound from below of both
      return two([&](Interval a, Interval b) { return Interval{any(a.lo, b.lo, true), all(a.hi, b.hi, true)}; });
    if (llvm::isa<MinimumOp>(op))
      return two([&](Interval a, Interval b) { return Interval{all(a.lo, b.lo, false), any(a.hi, b.hi, false)}; });
    if (llvm::isa<AbsOp>(op)) {
      Interval a = integers(op->getOperand(0), at);
      return {d.number(0), all(a.hi, difference(d.number(0), a.lo), true)};
    }
    if (llvm::isa<SelectOp>(op)) {
      Interval a = integers(op->getOperand(1), at), b = integers(op->getOperand(2), at);
      return {all(a.lo, b.lo, false), all(a.hi, b.hi, true)};
    }
    if (auto cast = llvm::dyn_cast<CastOp>(op)) {
      auto from = llvm::dyn_cast<mlir::IntegerType>(elementOf(cast.getX()));
      auto to = llvm::dyn_cast<mlir::IntegerType>(elementOf(v));
      if (from && to && from.getWidth() > 1 && to.getWidth() >= 32)
        return integers(cast.getX(), at);
      return {};
    }
    if (auto there = moved(op, at))
      return integers(op->getOperand(0), *there);
    return {};
  }

  Holds truth(Value v, At at) {
    mlir::Operation *op = v.getDefiningOp();
    if (auto exact = atPoint(at))
      if (std::optional<Truth> value = d.exactTruth(v, *exact))
        return {value, negated(*value)};
    if (!op)
      return {};
    if (auto compare = llvm::dyn_cast<CompareOp>(op)) {
      auto type = llvm::dyn_cast<mlir::IntegerType>(elementOf(compare.getLhs()));
      if (!type || type.getWidth() < 32)
        return {};
      Interval a = integers(compare.getLhs(), at), b = integers(compare.getRhs(), at);
      switch (compare.getDirection()) {
      case Direction::LT: return {less(a.hi, b.lo), lessOrEqual(b.hi, a.lo)};
      case Direction::LE: return {lessOrEqual(a.hi, b.lo), less(b.hi, a.lo)};
      case Direction::GT: return {less(b.hi, a.lo), lessOrEqual(a.hi, b.lo)};
      case Direction::GE: return {lessOrEqual(b.hi, a.lo), less(a.hi, b.lo)};
      case Direction::EQ:
        return {both(lessOrEqual(a.hi, b.lo), lessOrEqual(b.hi, a.lo)), either(less(a.hi, b.lo), less(b.hi, a.lo))};
      case Direction::NE:
        return {either(less(a.hi, b.lo), less(b.hi, a.lo)), both(lessOrEqual(a.hi, b.lo), lessOrEqual(b.hi, a.lo))};
      }
      return {};
    }
    if (llvm::isa<NotOp>(op)) {
      Holds x = truth(op->getOperand(0), at);
      return {x.nowhere, x.everywhere};
    }
    if (llvm::isa<AndOp, OrOp>(op)) {
      Holds a = truth(op->getOperand(0), at), b = truth(op->getOperand(1), at);
      if (llvm::isa<AndOp>(op))
        return {both(a.everywhere, b.everywhere), either(a.nowhere, b.nowhere)};
      return {either(a.everywhere, b.everywhere), both(a.nowhere, b.nowhere)};
    }
    mlir::DenseElementsAttr dense;
    if (llvm::isa<ConstantOp>(op) && matchPattern(op, mlir::m_Constant(&dense)) && dense.isSplat()) {
      bool holds = dense.getSplatValue<bool>();
      return {d.truth(holds), d.truth(!holds)};
    }
    if (auto there = moved(op, at))
      return truth(op->getOperand(0), *there);
    return {};
  }

  /// Whether a float is -inf everywhere, as a score that is masked is, unless what is masked is a NaN.
  std::optional<Truth> isMasked(Value v, At at) {
    mlir::Operation *op = v.getDefiningOp();
    if (!op)
      return std::nullopt;
    mlir::DenseElementsAttr dense;
    if (llvm::isa<ConstantOp>(op)) {
      if (!matchPattern(op, mlir::m_Constant(&dense)) || !dense.isSplat())
        return std::nullopt;
      llvm::APFloat value = dense.getSplatValue<llvm::APFloat>();
      return value.isInfinity() && value.isNegative() ? std::optional(d.truth(true)) : std::nullopt;
    }
    if (llvm::isa<SelectOp>(op)) {
      std::optional<Truth> a = isMasked(op->getOperand(1), at), b = isMasked(op->getOperand(2), at);
      if (!a && !b)
        return std::nullopt;
      Holds p = truth(op->getOperand(0), at);
      return either(either(both(p.everywhere, a), both(p.nowhere, b)), both(a, b));
    }
    if (llvm::isa<AddOp>(op))
      return either(isMasked(op->getOperand(0), at), isMasked(op->getOperand(1), at));
    if (auto there = moved(op, at))
      return isMasked(op->getOperand(0), *there);
    return std::nullopt;
  }

private:
  using Optional = std::optional<Number>;
  Optional sum(Optional a, Optional b) { return a && b ? Optional(d.add(*a, *b)) : std::nullopt; }
  Optional difference(Optional a, Optional b) { return a && b ? Optional(d.subtract(*a, *b)) : std::nullopt; }
  Optional scaled(Optional a, int64_t by) { return a ? Optional(d.scale(*a, by)) : std::nullopt; }
  /// A bound that needs both.
  Optional all(Optional a, Optional b, bool larger) {
    return a && b ? (larger ? d.larger(*a, *b) : d.smaller(*a, *b)) : std::nullopt;
  }
  /// A bound where each alone is one; the better of both if that can be told.
  Optional any(Optional a, Optional b, bool larger) {
    if (!a || !b)
      return a ? a : b;
    Optional best = all(a, b, larger);
    return best ? best : a;
  }
  std::optional<Truth> less(Optional a, Optional b) { return a && b ? std::optional(d.less(*a, *b)) : std::nullopt; }
  std::optional<Truth> lessOrEqual(Optional a, Optional b) {
    return a && b ? std::optional(d.lessOrEqual(*a, *b)) : std::nullopt;
  }
  std::optional<Truth> both(std::optional<Truth> a, std::optional<Truth> b) {
    return a && b ? std::optional(d.both(*a, *b)) : std::nullopt;
  }
  std::optional<Truth> either(std::optional<Truth> a, std::optional<Truth> b) {
    return a && b ? std::optional(d.either(*a, *b)) : a ? a : b;
  }
  std::optional<Truth> negated(Truth a) { return d.negated(a); }
  static std::optional<int64_t> splatInteger(Value v) {
    while (auto broadcast = v.getDefiningOp<BroadcastOp>())
      v = broadcast.getX();
    mlir::DenseElementsAttr dense;
    if (!matchPattern(v, mlir::m_Constant(&dense)) || !dense.isSplat() ||
        !llvm::isa<mlir::IntegerType>(dense.getElementType()))
      return std::nullopt;
    return dense.getSplatValue<llvm::APInt>().getSExtValue();
  }
  std::optional<llvm::SmallVector<Number>> atPoint(At at) {
    llvm::SmallVector<Number> point;
    for (const Interval &i : at) {
      if (!i.lo || !i.hi || !d.isPoint(*i.lo, *i.hi))
        return std::nullopt;
      point.push_back(*i.lo);
    }
    return point;
  }
  /// Where an op that moves elements of one operand reads it, for these positions of its result.
  std::optional<llvm::SmallVector<Interval>> moved(mlir::Operation *op, At at) {
    if (!op->hasTrait<MovesElements>() || op->getNumOperands() < 1 ||
        (op->getNumOperands() > 1 && !llvm::isa<AfterOp>(op)))
      return std::nullopt;
    Access access = accessOf(op);
    llvm::SmallVector<Interval> loops(access.loops.size()), there;
    for (auto [axis, range] : llvm::zip(access.results[0], at))
      if (std::optional<unsigned> loop = axis.loop())
        loops[*loop] = range;
    for (const Axis &axis : access.operands[0]) {
      Interval range;
      if (axis.guarded)
        return std::nullopt;
      if (axis.kind == Axis::repeated) {
        range = {d.number(0), d.number(0)};
      } else if (axis.kind == Axis::affine && axis.dividedBy == 1 && axis.within == 0) {
        range = {d.size(axis.offset), d.size(axis.offset)};
        for (const Axis::Term &term : axis.terms) {
          Interval loop = loops[term.loop];
          if (term.step < 0)
            std::swap(loop.lo, loop.hi);
          range = {sum(range.lo, scaled(loop.lo, term.step)), sum(range.hi, scaled(loop.hi, term.step))};
        }
      } else if (axis.kind == Axis::linear && axis.terms.size() == 1) {
        range = loops[axis.terms[0].loop];
      }
      there.push_back(range);
    }
    return there;
  }

  Domain d;
};

/// By how much an integer grows from one position to the next along a dimension of its tensor, where that is the same
/// everywhere.
std::optional<int64_t> growthAlong(mlir::Value v, int64_t dim);
} // namespace weft::ir
