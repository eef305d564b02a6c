// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Scan.cpp - kernels around an op with a scanned dimension ------------------------------------------------------===//
//
//   y = cumsum(x, 0), x: [T, N]:   for n in lanes:  sum = 0;  for t:  sum += x[t, n];  y[t, n] = sum
//
// An element of the result is computed from the one before it along the scanned dimension, and from no other element of
// the result. So the scanned dimension is a loop that carries the accumulators, and positions of the other dimensions
// do not depend on each other. If a dimension behind the scanned one is not 1, lanes run along it, in four vectors at a
// time that do not wait for each other. If the scanned dimension is the innermost one, there are no lanes; a few rows
// go through the loop together, because each addition of a row waits for the one before. In both forms elements are
// combined one after the other, so that the numbers depend on the axis alone.
//
// A unit is a stretch of lanes, or a few rows, at one position of the dimensions in front of the scanned one.
//
//===----------------------------------------------------------------------------------------------------------------===//
#include "codegen/emit/KernelEmitter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace weft;
using namespace weft::codegen;
using ir::Coord;
using ir::Dim;
using ir::Dims;

namespace {
constexpr int64_t chains = 4; // of additions that go through the loop side by side

struct Scan {
  KernelEmitter &e;
  Operation *hero;
  ir::CumulativeOpInterface op;
  Dims dims;
  int64_t axis;

  explicit Scan(KernelEmitter &e)
      : e(e), hero(e.kernel().getHeroes()[0]), op(cast<ir::CumulativeOpInterface>(hero)),
        dims(ir::getDims(hero->getOperand(0))), axis(op.getScannedDim()) {}

  /// Emits the loop over the scanned dimension, for these positions, in which its coordinate is not set.
  void along(MutableArrayRef<SmallVector<Coord>> positions) {
    Values start = op.emitIdentity(e), carried;
    size_t width = start.size();
    for (size_t p = 0; p < positions.size(); ++p)
      llvm::append_range(carried, start);
    Value n = e.size(dims[axis]);
    e.loop(e.index(0), n, 1, carried, [&](Value i, ValueRange accumulators) {
      Value place = i;
      if (op.isFromEnd())
        place = arith::SubIOp::create(e.b, e.loc, e.add(n, e.index(-1)), i);
      Values next;
      for (auto [p, at] : llvm::enumerate(positions)) {
        at[axis] = {place, 0, false};
        ValueRange before = accumulators.slice(p * width, width);
        Values elements;
        for (Value operand : hero->getOperands())
          elements.push_back(e.element(operand, at));
        Values after = op.emitNext(e, before, elements);
        e.setHero(hero->getResult(0), op.emitFinish(e, op.isExclusive() ? before : ValueRange(after)));
        e.storeResults(at);
        next.append(after);
      }
      return next;
    });
  }
};
} // namespace

/// Lanes are neighbours along dimension v, behind the scanned one.
static Schedule emitNeighbours(Scan &s, int64_t v) {
  KernelEmitter &e = s.e;
  MLIRContext *context = e.b.getContext();
  const Dim &inner = s.dims[v];
  int64_t lanes = e.pickLanes(e.widestBits(), inner), block = lanes * chains;
  Dims units(s.dims);
  units[s.axis] = Dim(context, 1);
  units[v] = inner.ceilDiv(Dim(context, block));
  e.loop(e.begin(), e.end(), 1, [&](Value unit) {
    SmallVector<Coord> at;
    for (Value i : e.delinearize(unit, units))
      at.push_back({i, 0, false});
    Value lo = e.mul(at[v].base, e.index(block)), hi = e.minimum(e.add(lo, e.index(block)), e.size(inner));
    SmallVector<int64_t> widths{block};
    if (lanes > 1)
      widths.push_back(lanes);
    widths.push_back(1);
    e.tiled(lo, hi, inner, widths, [&](Value i, int64_t width) {
      int64_t own = std::min(width, lanes);
      SmallVector<SmallVector<Coord>> positions(width / own, at);
      for (auto [g, position] : llvm::enumerate(positions))
        position[v] = {e.add(i, e.index(int64_t(g) * own)), own == 1 ? 0 : 1, false};
      e.withLanes(own, [&] { s.along(positions); });
    });
  });
  int64_t perUnit = std::max<int64_t>(1, s.dims[s.axis].upper() * chains * e.elementCost());
  return {ir::product(context, units), std::max<int64_t>(1, (1 << 14) / perUnit)};
}

/// The scanned dimension is the innermost one that is wide: rows, one element after the other.
static Schedule emitRows(Scan &s) {
  KernelEmitter &e = s.e;
  MLIRContext *context = e.b.getContext();
  Dims outer(s.dims);
  outer[s.axis] = Dim(context, 1);
  Dim count = ir::product(context, outer);
  e.loop(e.begin(), e.end(), 1, [&](Value unit) {
    Value lo = e.mul(unit, e.index(chains)), hi = e.minimum(e.add(lo, e.index(chains)), e.size(count));
    e.tiled(lo, hi, count, {chains, 1}, [&](Value first, int64_t rows) {
      SmallVector<SmallVector<Coord>> positions(rows);
      for (auto [r, position] : llvm::enumerate(positions))
        for (Value i : e.delinearize(e.add(first, e.index(int64_t(r))), outer))
          position.push_back({i, 0, false});
      e.withLanes(1, [&] { s.along(positions); });
    });
  });
  int64_t perUnit = std::max<int64_t>(1, s.dims[s.axis].upper() * chains * e.elementCost());
  return {count.ceilDiv(Dim(context, chains)), std::max<int64_t>(1, (1 << 14) / perUnit)};
}

static FailureOr<Schedule> emitScan(KernelEmitter &e) {
  Scan s(e);
  int64_t v = lastWideDim(s.dims);
  return v > s.axis ? emitNeighbours(s, v) : emitRows(s);
}

static std::optional<int64_t> costOfScan(loom::KernelOp kernel, const Machine &machine) {
  SmallVector<Operation *> heroes = kernel.getHeroes();
  bool takes = heroes.size() == 1 && isa<ir::CumulativeOpInterface>(heroes[0]);
  return takes ? std::optional(loopCost(kernel, machine)) : std::nullopt;
}
const Emitter weft::codegen::scanEmitter{"scan", costOfScan, emitScan};
