// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Reduce.cpp - kernels around reductions ------------------------------------------------------------------------===//
//
// All reductions of a kernel share its loops, and each has accumulators of its own. So the sums of x and of x * x over
// a batch read x once.
//
// Two shapes of loops. If the innermost dimension is reduced, a unit is one element of the result: four vectors
// accumulate along that dimension, then meet in a fixed tree, the tail last. If it is kept, lanes are neighbours of the
// result and each runs down the reduced dimensions on its own. The order of additions follows from the kernel alone in
// both. Long sums are made in blocks (BlockedSum). An operand that is read transposed may make another dimension the
// innermost one.
//
//===----------------------------------------------------------------------------------------------------------------===//
#include "codegen/emit/KernelEmitter.h"
#include "dialects/weft/Sizes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace weft;
using namespace weft::codegen;
using ir::Coord;
using ir::Dim;
using ir::Dims;

namespace {
constexpr int64_t chains =
    4; // vectors that each reduction of a row sums in: the order of its sum does not depend on who shares its loops

struct Reductions {
  KernelEmitter &e;
  SmallVector<ir::ReductionOpInterface> ops;
  SmallVector<size_t> first{0}; // for each op, where its accumulators begin in the list of all; then the length of that
  Dims dims;
  SmallVector<int64_t> reduced, kept;
  bool indexed; // an arg-reduction: it needs the place of an element as well

  Reductions(KernelEmitter &e, ArrayRef<Operation *> heroes) : e(e), dims(ir::getDims(heroes[0]->getOperand(0))) {
    for (Operation *hero : heroes) {
      ops.push_back(cast<ir::ReductionOpInterface>(hero));
      first.push_back(first.back() + e.withLanes(1, [&] { return e.identity(ops.back()).size(); }));
    }
    reduced = ops[0].getReducedDims();
    for (int64_t d = 0; d < int64_t(dims.size()); ++d)
      if (!llvm::is_contained(reduced, d))
        kept.push_back(d);
    indexed = ops[0].findsPlace();
  }
  size_t width() const { return first.back(); }
  /// How many vectors of the result are computed side by side. With several reductions there are fewer, because all
  /// share the registers.
  int64_t neighbours() const {
    const int64_t registers = e.machine().registers, forOne = int64_t(width());
    return 8 * forOne <= registers * 3 / 4 ? 8 : 4 * forOne <= registers / 2 ? 4 : 2;
  }
  Values identity() {
    Values all;
    for (auto op : ops)
      all.append(e.identity(op));
    return all;
  }
  /// How the accumulators `start` are kept from drifting: groups of one for each op, with so many lanes each.
  BlockedSum inBlocks(ValueRange start, ArrayRef<int64_t> lanes) {
    if (indexed || llvm::none_of(start, [](Value v) { return isa<FloatType>(getElementTypeOrSelf(v.getType())); }))
      return {};
    return {sumBlock, Values(start), [this, lanes = SmallVector<int64_t>(lanes)](ValueRange total, ValueRange block) {
              Values all;
              for (auto [group, width] : llvm::enumerate(lanes))
                e.withLanes(width, [&] {
                  for (auto [o, op] : llvm::enumerate(ops)) {
                    size_t from = group * this->width() + first[o], own = first[o + 1] - first[o];
                    all.append(e.combine(op, total.slice(from, own), block.slice(from, own)));
                  }
                });
              return all;
            }};
  }
  /// All accumulators with one more element.
  Values accumulate(ValueRange accumulators, ArrayRef<Coord> at) {
    Values next;
    for (auto [o, op] : llvm::enumerate(ops))
      next.append(
          e.accumulate(op, accumulators.slice(first[o], first[o + 1] - first[o]),
                       e.lift(op, e.element(op->getOperand(0), at), indexed ? placeOf(at[reduced[0]]) : Value())));
    return next;
  }
  /// The place of an element, or those of a vector that lies along the reduced dimension.
  Value placeOf(const Coord &at) {
    if (e.lanes == 1 || at.stride == 0)
      return at.base;
    SmallVector<int32_t> steps;
    for (int64_t lane = 0; lane < e.lanes; ++lane)
      steps.push_back(int32_t(lane * at.stride));
    Value first = arith::IndexCastOp::create(e.b, e.loc, e.b.getI32Type(), at.base);
    return arith::AddIOp::create(e.b, e.loc, e.splat(first),
                                 arith::ConstantOp::create(e.b, e.loc, e.b.getI32VectorAttr(steps)));
  }
  /// Loops over reduced[from, to) with accumulators carried, to each of which `body` adds at most `each` elements.
  Values over(size_t from, size_t to, SmallVector<Coord> &at, Values acc, const BlockedSum &sum, int64_t each,
              llvm::function_ref<Values(Values)> body) {
    if (from == to)
      return body(acc);
    int64_t d = reduced[from], ofRound = each;
    for (size_t inner = to; --inner > from;)
      ofRound = sum.chain(dims[reduced[inner]].upper(), ofRound);
    return e.loop(e.index(0), e.size(dims[d]), 1, acc, sum, dims[d].upper(), ofRound, [&](Value i, ValueRange carried) {
      at[d] = {i, 0, false};
      return over(from + 1, to, at, Values(carried), sum, each, body);
    });
  }
  void finish(Values acc, ArrayRef<Coord> at) {
    SmallVector<Coord> result;
    for (int64_t d : kept)
      result.push_back(at[d]);
    for (auto [o, op] : llvm::enumerate(ops))
      e.setHero(op->getResult(0), e.finish(op, ValueRange(acc).slice(first[o], first[o + 1] - first[o])));
    e.storeResults(result);
  }

  /// Computes an element of each result from its row, with lanes along the reduced dimension `v`, the last of
  /// `reduced`.
  void row(SmallVector<Coord> at, int64_t lanes, int64_t copies) {
    int64_t v = reduced.back();
    Value hi = e.size(dims[v]);
    const Dim &extent = dims[v];
    auto identityOf = [&](int64_t width) { return e.withLanes(width, [&] { return identity(); }); };
    size_t width = this->width();
    // Carried: `copies` vector accumulators, then the scalar one of the tail.
    Values carried;
    if (lanes > 1)
      for (int64_t c = 0; c < copies; ++c)
        carried.append(identityOf(lanes));
    carried.append(identityOf(1));
    auto combineAt = [&](Values &all, size_t slot, Value i, int64_t n) {
      e.withLanes(n, [&] {
        at[v] = {i, n == 1 ? 0 : 1, false};
        Values next = accumulate(ValueRange(all).slice(slot * width, width), at);
        llvm::copy(next, all.begin() + slot * width);
      });
    };
    SmallVector<int64_t> steps, lanesOf(lanes > 1 ? copies : 0, lanes);
    lanesOf.push_back(1);
    if (lanes > 1 && copies > 1)
      steps.push_back(lanes * copies);
    if (lanes > 1)
      steps.push_back(lanes);
    steps.push_back(1);
    BlockedSum sum = inBlocks(carried, lanesOf);
    int64_t ofRow = e.chainOf(extent, steps, sum);
    Values result = over(0, reduced.size() - 1, at, carried, sum, ofRow, [&](Values acc) {
      auto addElements = [&](Value i, int64_t step, Values &all) {
        if (step == 1)
          return combineAt(all, lanes > 1 ? copies : 0, i, 1);
        for (int64_t c = 0; c < step / lanes; ++c)
          combineAt(all, c, e.add(i, e.index(c * lanes)), lanes);
      };
      e.tiledCarrying(e.index(0), hi, extent, steps, acc, addElements, sum);
      return acc;
    });
    ArrayRef<Value> all(result), tail = all.take_back(width);
    bool hasTail = !extent.isConstant() || extent.staticSize() % lanes;
    Values total;
    for (auto [o, op] : llvm::enumerate(ops)) {
      size_t own = first[o + 1] - first[o];
      Values vectors;
      for (int64_t c = 0; lanes > 1 && c < copies; ++c)
        llvm::append_range(vectors, all.slice(c * width + first[o], own));
      ArrayRef<Value> ownTail = tail.slice(first[o], own);
      total.append(lanes == 1 ? Values(ownTail)
                              : combineTree(e, op, vectors, lanes, hasTail ? ownTail : ArrayRef<Value>()));
    }
    e.withLanes(1, [&] { finish(total, at); });
  }
};
} // namespace

Values weft::codegen::combineTree(KernelEmitter &e, ir::ReductionOpInterface op, ArrayRef<Value> accumulators,
                                  int64_t lanes, ArrayRef<Value> tail) {
  size_t width = e.withLanes(1, [&] { return e.identity(op).size(); });
  SmallVector<Values> level;
  for (size_t c = 0; c < accumulators.size(); c += width)
    level.push_back(Values(accumulators.slice(c, width)));
  while (level.size() > 1) {
    SmallVector<Values> next;
    for (size_t c = 0; c + 1 < level.size(); c += 2)
      next.push_back(e.withLanes(lanes, [&] { return e.combine(op, level[c], level[c + 1]); }));
    level = std::move(next);
  }
  Values total = level[0];
  for (int64_t n = lanes / 2; n >= 1; n /= 2) {
    Values low, high;
    for (Value x : total) {
      auto half = [&](int64_t from) -> Value {
        if (n == 1)
          return vector::ExtractOp::create(e.b, e.loc, x, ArrayRef<int64_t>{from});
        return vector::ExtractStridedSliceOp::create(e.b, e.loc, x, ArrayRef<int64_t>{from}, ArrayRef<int64_t>{n},
                                                     ArrayRef<int64_t>{1});
      };
      low.push_back(half(0));
      high.push_back(half(n));
    }
    total = e.withLanes(n, [&] { return e.combine(op, low, high); });
  }
  return tail.empty() ? total : e.withLanes(1, [&] { return e.combine(op, total, tail); });
}

/// The dimension of the lanes: the last one that is not 1, unless the operands are contiguous along another.
static int64_t pickDimension(KernelEmitter &e, const Reductions &r, int64_t bits) {
  int64_t wide = lastWideDim(r.dims);
  if (wide < 0)
    return wide;
  // The number of loads that have to be done element by element if lanes go along d.
  auto singles = [&](int64_t d) {
    std::optional<SmallVector<KernelEmitter::Access>> reads = e.withLanes(e.pickLanes(bits, r.dims[d]), [&] {
      return e.readsOf([&] {
        SmallVector<Coord> at(r.dims.size(), Coord{e.index(0), 0, false});
        at[d].stride = e.lanes > 1;
        for (auto op : r.ops)
          e.element(op->getOperand(0), at);
      });
    });
    return reads ? llvm::count_if(
                       *reads, [](const KernelEmitter::Access &a) { return a.linear.varying || a.linear.stride > 1; })
                 : 0;
  };
  int64_t best = wide, fewest = singles(wide);
  for (int64_t d = wide - 1; d >= 0 && fewest > 0; --d)
    if (!r.dims[d].isConstant() || e.pickLanes(bits, r.dims[d]) == e.pickLanes(bits, r.dims[wide]))
      if (int64_t n = singles(d); n < fewest)
        best = d, fewest = n;
  return best;
}

static FailureOr<Schedule> emitReduce(KernelEmitter &e) {
  MLIRContext *context = e.b.getContext();
  Reductions r(e, e.kernel().getHeroes());
  const Dim one(context, 1);
  int64_t bits = std::max<int64_t>(e.widestBits(), r.indexed ? 32 : 0), wide = pickDimension(e, r, bits);
  SmallVector<Coord> origin(r.dims.size(), Coord{e.index(0), 0, false});
  int64_t elements = 1;
  for (int64_t d : r.reduced)
    elements *= std::max<int64_t>(1, r.dims[d].upper());

  if (wide < 0 || llvm::is_contained(r.reduced, wide)) {
    Dims units;
    for (int64_t d : r.kept)
      units.push_back(r.dims[d]);
    // The dimension of the lanes becomes the last one. Dimensions of size 1 do not count.
    if (wide >= 0) {
      llvm::erase(r.reduced, wide);
      r.reduced.push_back(wide);
    }
    const Dim &along = r.reduced.empty() ? one : r.dims[r.reduced.back()];
    int64_t lanes = e.pickLanes(bits, along);
    int64_t copies = along.upper() >= chains * lanes ? chains : 1;
    e.loop(e.begin(), e.end(), 1, [&](Value unit) {
      SmallVector<Coord> at = origin;
      SmallVector<Value> place = e.delinearize(unit, units);
      for (auto [i, d] : llvm::enumerate(r.kept))
        at[d] = {place[i], 0, false};
      if (r.reduced.empty())
        e.withLanes(1, [&] { r.finish(r.accumulate(r.identity(), at), at); });
      else
        r.row(at, lanes, copies);
    });
    int64_t perUnit = std::max<int64_t>(1, ir::saturatingProduct({elements, e.elementCost()}) / lanes);
    return Schedule{ir::product(context, units), std::max<int64_t>(1, (1 << 14) / perUnit)};
  }

  // Lanes along a dimension that is kept: a unit is a group of neighbouring elements of the result.
  const Dim &inner = r.dims[wide];
  int64_t lanes = e.pickLanes(bits, inner);
  int64_t block = lanes * r.neighbours();
  Dims units;
  for (int64_t d : r.kept)
    units.push_back(d == wide ? inner.ceilDiv(Dim(context, block)) : r.dims[d]);
  e.loop(e.begin(), e.end(), 1, [&](Value unit) {
    SmallVector<Coord> at = origin;
    SmallVector<Value> place = e.delinearize(unit, units);
    Value lo = e.index(0);
    for (auto [i, d] : llvm::enumerate(r.kept)) {
      at[d] = {place[i], 0, false};
      if (d == wide)
        lo = e.mul(place[i], e.index(block));
    }
    Value hi = e.minimum(e.add(lo, e.index(block)), e.size(inner));
    SmallVector<int64_t> widths{block};
    if (lanes > 1)
      widths.push_back(lanes);
    widths.push_back(1);
    e.tiled(lo, hi, inner, widths, [&](Value i, int64_t width) {
      int64_t n = width == block ? lanes : std::min(width, lanes), groups = width / n;
      e.withLanes(n, [&] {
        auto move = [&](SmallVector<Coord> &to, int64_t g) {
          to[wide] = {e.add(i, e.index(g * n)), n == 1 ? 0 : 1, false};
        };
        Values acc;
        for (int64_t g = 0; g < groups; ++g)
          acc.append(r.identity());
        size_t each = r.width();
        SmallVector<Coord> here = at;
        BlockedSum sum = r.inBlocks(acc, SmallVector<int64_t>(groups, n));
        acc = r.over(0, r.reduced.size(), here, acc, sum, 1, [&](Values values) {
          Values next;
          for (int64_t g = 0; g < groups; ++g) {
            move(here, g);
            next.append(r.accumulate(ValueRange(values).slice(g * each, each), here));
          }
          return next;
        });
        for (int64_t g = 0; g < groups; ++g) {
          move(here, g);
          r.finish(Values(ArrayRef<Value>(acc).slice(g * each, each)), here);
        }
      });
    });
  });
  int64_t perUnit =
      std::max<int64_t>(1, ir::saturatingProduct({ir::saturatingProduct({elements, block}) / lanes, e.elementCost()}));
  return Schedule{ir::product(context, units), std::max<int64_t>(1, (1 << 14) / perUnit)};
}

static std::optional<int64_t> costOfReduce(loom::KernelOp kernel, const Machine &machine) {
  SmallVector<Operation *> heroes = kernel.getHeroes();
  bool takes = !heroes.empty() && !kernel.isOverRows() &&
               llvm::all_of(heroes, [](Operation *hero) { return isa<ir::ReductionOpInterface>(hero); });
  return takes ? std::optional(loopCost(kernel, machine)) : std::nullopt;
}
const Emitter weft::codegen::reduceEmitter{"reduce", costOfReduce, emitReduce};
