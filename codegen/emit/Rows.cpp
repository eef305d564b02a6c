//===- Rows.cpp - kernels over rows: reductions of a row, and what is made of them -----------------------------------===//
//
//   softmax of a row: loop 0: m = max of x;  loop 1: e = exp(x - m), kept, and s = sum of e;  loop 2: e / s
//
// A unit is a row. A value belongs to the first loop in which all reductions that it needs are known; loop L makes the reductions of values
// that belong to it and stores the results that do. An expensive value that several loops need is computed in its own and kept in a row on
// the stack. The order of additions is that of Reduce.cpp.
//
// Loop 0 alone meets memory: the others find the row in the nearest cache, and ask for the next row meanwhile. Lines of what the last loop stores are asked
// for in loop 0, for a store waits for its line.
//
//===----------------------------------------------------------------------------------------------------------------===//
#include "codegen/emit/KernelEmitter.h"
#include "llvm/ADT/SmallBitVector.h"

using namespace mlir;
using namespace weft;
using namespace weft::codegen;
using ir::Coord;
using ir::Dim;
using ir::Dims;
using Values = SmallVector<Value>;

namespace {
constexpr int64_t mostBytesAhead = 16 << 10; // of a row: the nearest cache has to hold two, and what is kept

struct Rows {
  KernelEmitter &e;
  SmallVector<ir::ReductionOpInterface> reductions;
  Dims space;
  llvm::DenseMap<Value, unsigned> loopOf; // the loop that a value belongs to; 0 for what comes from outside
  unsigned loops = 1;
  SmallVector<std::pair<Value, Value>> kept; // an expensive value, and its row
  SmallVector<Value> ahead;                  // operands of which loop 1 asks for the next row
  SmallVector<std::pair<size_t, Value>> stored; // results of the last loop, of which loop 0 asks for this row

  Rows(KernelEmitter &e, ArrayRef<Operation *> heroes) : e(e), space(ir::getDims(heroes[0]->getOperand(0))) {
    Block &body = e.kernel().getBody().front();
    for (Operation &op : body.without_terminator()) {
      unsigned loop = 0;
      for (Value v : op.getOperands())
        loop = std::max(loop, loopOf.lookup(v));
      auto reduction = dyn_cast<ir::ReductionOpInterface>(op);
      if (reduction)
        reductions.push_back(reduction);
      loopOf[op.getResult(0)] = loop + (reduction ? 1 : 0);
      loops = std::max(loops, loop + 1);
    }
    auto isAskedFor = [&](Value v) { return loops > 1 && ir::getDims(v) == space && space.back().upper() * ir::elementOf(v).getIntOrFloatBitWidth() / 8 <= mostBytesAhead; };
    llvm::copy_if(body.getArguments(), std::back_inserter(ahead), isAskedFor);
    for (auto [number, v] : llvm::enumerate(body.getTerminator()->getOperands()))
      if (isAskedFor(v) && loopOf.lookup(v) == loops - 1)
        stored.push_back({number, v});
    // Which loops need a value: those of the reductions and results that it is part of.
    llvm::DenseMap<Value, llvm::SmallBitVector> neededIn;
    auto need = [&](Value v, const llvm::SmallBitVector &in) {
      llvm::SmallBitVector &mine = neededIn[v];
      mine.resize(loops);
      mine |= in;
    };
    auto only = [&](unsigned loop) {
      llvm::SmallBitVector bits(loops);
      bits.set(loop);
      return bits;
    };
    for (Value v : e.kernel().getTerminator()->getOperands())
      if (ir::getDims(v) == space)
        need(v, only(loopOf[v]));
    for (Operation &op : llvm::reverse(body.without_terminator())) {
      Value v = op.getResult(0);
      if (isa<ir::ReductionOpInterface>(op)) {
        need(op.getOperand(0), only(loopOf[op.getOperand(0)]));
        continue;
      }
      llvm::SmallBitVector in = neededIn.lookup(v);
      if (in.empty())
        continue;
      Type element = ir::elementOf(v);
      if (in.count() > 1 && ir::getDims(v) == space && !element.isInteger(1) && !cast<ir::PointwiseOpInterface>(op).isCheap()) {
        kept.push_back({v, e.scratch(ir::ElementEmitter::computeType(element), std::max<int64_t>(1, space.back().upper()))});
        in = only(loopOf[v]);
      }
      for (Value operand : op.getOperands())
        need(operand, in);
    }
  }

  void row(SmallVector<Coord> at, int64_t lanes, int64_t copies) {
    const Dim &inner = space.back();
    // What fills no vector goes by a quarter of one, before it goes one by one.
    int64_t shortLanes = lanes >= 8 ? lanes / 4 : 1;
    Value hi = e.size(inner);
    auto results = e.kernel().getTerminator()->getOperands();
    for (unsigned loop = 0; loop < loops; ++loop) {
      SmallVector<ir::ReductionOpInterface> here;
      for (ir::ReductionOpInterface r : reductions)
        if (loopOf.lookup(r->getOperand(0)) == loop)
          here.push_back(r);
      // Carried: of each reduction `copies` vector accumulators, then those of the tail: a short vector's and the scalar one.
      Values carried;
      SmallVector<size_t> first, width;
      for (ir::ReductionOpInterface r : here) {
        first.push_back(carried.size());
        Values scalar = e.withLanes(1, [&] { return r.emitIdentity(e); });
        width.push_back(scalar.size());
        for (int64_t c = 0; c < (lanes > 1 ? copies : 0); ++c)
          carried.append(e.withLanes(lanes, [&] { return r.emitIdentity(e); }));
        if (shortLanes > 1)
          carried.append(e.withLanes(shortLanes, [&] { return r.emitIdentity(e); }));
        carried.append(scalar);
      }
      auto visit = [&](Values &all, int64_t slot, Value i, int64_t n) {
        e.withLanes(n, [&] {
          at.back() = {i, n == 1 ? 0 : 1, false};
          for (auto [v, memory] : kept)
            if (loopOf[v] == loop)
              e.store(e.element(v, at), memory, ir::ElementEmitter::computeType(ir::elementOf(v)), {i, n == 1 ? 0 : 1, false});
          for (auto [number, r] : llvm::enumerate(here)) {
            size_t from = first[number] + slot * width[number];
            Values next = e.accumulate(r, ValueRange(all).slice(from, width[number]), r.emitLift(e, e.element(r->getOperand(0), at), Value()));
            llvm::copy(next, all.begin() + from);
          }
          // All loads of a position come before the first store: a result may live where an operand does.
          SmallVector<std::pair<size_t, Value>> stores;
          for (auto [number, v] : llvm::enumerate(results))
            if (ir::getDims(v) == space && loopOf.lookup(v) == loop)
              stores.push_back({number, e.element(v, at)});
          for (auto [number, value] : stores)
            e.store(value, e.resultMemory(number), ir::elementOf(results[number]), e.linearIn(results[number], at));
        });
      };
      SmallVector<int64_t> steps;
      if (lanes > 1 && copies > 1)
        steps.push_back(lanes * copies);
      if (lanes > 1)
        steps.push_back(lanes);
      if (shortLanes > 1)
        steps.push_back(shortLanes);
      steps.push_back(1);
      e.tiledCarrying(e.index(0), hi, inner, steps, carried, [&](Value i, int64_t step, Values &all) {
        if (step == 1)
          return visit(all, (lanes > 1 ? copies : 0) + (shortLanes > 1), i, 1);
        if (step < lanes)
          return visit(all, copies, i, step);
        for (int64_t c = 0; c < step / lanes; ++c) {
          Value from = e.add(i, e.index(c * lanes));
          visit(all, c, from, lanes);
          auto once = [&](Value v) { return c * lanes * ir::elementOf(v).getIntOrFloatBitWidth() / 8 % 64 == 0; }; // a line
          if (loop == 0)
            for (auto [number, v] : stored)
              if (once(v)) {
                at.back() = {from, 0, false};
                e.prefetch(e.resultMemory(number), e.linearIn(v, at).base, 3, /*toWrite=*/true);
              }
          if (loop == 1)
            for (Value v : ahead)
              if (once(v)) {
                at.back() = {e.add(from, hi), 0, false};
                e.prefetch(v, at);
              }
        }
      });
      auto leaves = [&](int64_t n) { return !inner.isConstant() || inner.staticSize() % n; };
      for (auto [number, r] : llvm::enumerate(here)) {
        size_t vectors = lanes > 1 ? copies * width[number] : 0;
        size_t shorts = shortLanes > 1 ? width[number] : 0;
        ArrayRef<Value> all(carried);
        Values total(all.slice(first[number] + vectors + shorts, width[number]));
        if (shorts && leaves(lanes))
          total = combineTree(e, r, all.slice(first[number] + vectors, shorts), shortLanes, leaves(shortLanes) ? ArrayRef<Value>(total) : ArrayRef<Value>());
        if (lanes > 1)
          total = combineTree(e, r, all.slice(first[number], vectors), lanes, leaves(lanes) ? ArrayRef<Value>(total) : ArrayRef<Value>());
        e.withLanes(1, [&] { e.setRowValue(r->getResult(0), r.emitFinish(e, total)); });
      }
      for (auto [v, memory] : kept)
        if (loopOf[v] == loop)
          e.setRowMemory(v, memory);
    }
    // One number a row: its position is the row's, dimensions of size 1 apart.
    e.withLanes(1, [&] {
      SmallVector<std::tuple<size_t, Value, SmallVector<Coord>>> stores;
      for (auto [number, v] : llvm::enumerate(results)) {
        if (ir::getDims(v) == space)
          continue;
        SmallVector<Coord> place;
        unsigned next = 0;
        for (const Dim &d : ir::getDims(v)) {
          while (!(d == 1) && space[next] == 1)
            ++next;
          place.push_back(d == 1 ? Coord{e.index(0), 0, false} : at[next++]);
        }
        Value value = e.element(v, place);
        stores.push_back({number, value, place});
      }
      for (auto &[number, value, place] : stores)
        e.store(value, e.resultMemory(number), ir::elementOf(results[number]), e.linearIn(results[number], place));
    });
    e.endRow();
  }
};
} // namespace

FailureOr<Schedule> weft::codegen::emitRows(KernelEmitter &e, ArrayRef<Operation *> heroes) {
  Rows rows(e, heroes);
  const Dim &inner = rows.space.back();
  Dims units(rows.space);
  units.pop_back();
  int64_t lanes = e.pickLanes(e.widestBits(), inner), copies = inner.upper() >= 4 * lanes ? 4 : 1;
  e.loop(e.begin(), e.end(), 1, [&](Value unit) {
    SmallVector<Coord> at;
    for (Value i : e.delinearize(unit, units))
      at.push_back({i, 0, false});
    at.push_back({e.index(0), 0, false});
    rows.row(at, lanes, copies);
  });
  int64_t perUnit = std::max<int64_t>(1, inner.upper() * (e.elementCost() + rows.loops) / lanes);
  return Schedule{ir::product(e.b.getContext(), units), std::max<int64_t>(1, (1 << 14) / perUnit)};
}
