// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Rows.cpp - kernels over rows: reductions of a row, and what is made of them -----------------------------------===//
//
//   softmax of a row: loop 0: m = max of x;  loop 1: e = exp(x - m), kept, and s = sum of e;  loop 2: e / s
//
// A unit is a row, or two short ones that every loop goes through together. A value belongs to the first loop in which
// all reductions that it needs are known; loop L makes the reductions of values that belong to it and stores the
// results that do. An expensive value that several loops need is computed in its own and kept in a row on the stack.
// The order of additions is that of Reduce.cpp.
//
// Operands that are read against their grain, as in the softmax of a transposed matrix: a unit is a block of rows, for
// which they are turned into memory on the stack before (Transposed.h).
//
// Loop 0 alone meets memory: the others find the row in the nearest cache, and ask for the next row meanwhile. Lines of
// what the last loop stores are asked for in loop 0, for a store waits for its line.
//
//===----------------------------------------------------------------------------------------------------------------===//
#include "codegen/emit/Transposed.h"
#include "dialects/weft/Sizes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/ADT/SmallBitVector.h"

using namespace mlir;
using namespace weft;
using namespace weft::codegen;
using ir::Coord;
using ir::Dim;
using ir::Dims;

namespace {
constexpr int64_t mostBytesAhead = 16 << 10;   // of a row: the nearest cache has to hold two, and what is kept
constexpr int64_t mostBytesTogether = 4 << 10; // of a row that is computed with its neighbour
constexpr int64_t mostBytesTurned = 256 << 10; // of a block's operands

struct Rows {
  KernelEmitter &e;
  SmallVector<ir::ReductionOpInterface> reductions;
  Dims space;
  llvm::DenseMap<Value, unsigned> loopOf; // the loop that a value belongs to; 0 for what comes from outside
  unsigned loops = 1;
  SmallVector<std::pair<Value, Values>> kept;   // an expensive value, and each row of it
  SmallVector<Value> ahead;                     // operands of which loop 1 asks for the next row
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
    auto isAskedFor = [&](Value v) {
      return loops > 1 && ir::getDims(v) == space &&
             space.back().upper() * ir::elementOf(v).getIntOrFloatBitWidth() / 8 <= mostBytesAhead;
    };
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
    llvm::DenseSet<Value>
        elsewhere; // read at other positions than the one that is computed: a kept row is of no use then
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
      if (in.count() > 1 && ir::getDims(v) == space && !element.isInteger(1) && !elsewhere.contains(v) &&
          !cast<ir::PointwiseOpInterface>(op).isCheap()) {
        kept.push_back({v, {}});
        in = only(loopOf[v]);
      }
      for (auto [i, operand] : llvm::enumerate(op.getOperands())) {
        need(operand, in);
        if (elsewhere.contains(v) ||
            ir::positionRead(&op, unsigned(i), ir::Position::element, space) != ir::Position::element)
          elsewhere.insert(operand);
      }
    }
  }

  /// How many rows are computed together: two if they are short, and the sums of a loop leave registers for the rest.
  int64_t together(int64_t copies, const Dim &count) {
    DenseMap<unsigned, int64_t> sums;
    int64_t most = 0;
    for (ir::ReductionOpInterface r : reductions)
      most = std::max(most, ++sums[loopOf.lookup(r->getOperand(0))]);
    bool isShort = space.back().upper() * e.widestBits() / 8 <= mostBytesTogether;
    return loops > 1 && isShort && count.upper() > 1 && 2 * copies * most <= e.machine().registers / 2 ? 2 : 1;
  }
  /// What the rows are computed from before any reduction is known.
  Values beforeReductions() {
    Values values;
    for (Operation &op : e.kernel().getBody().front().without_terminator())
      if (isa<ir::PointwiseOpInterface>(op) && !loopOf.lookup(op.getResult(0)) && ir::getDims(op.getResult(0)) == space)
        values.push_back(op.getResult(0));
    return values;
  }
  void keep(int64_t rows) {
    for (auto &[v, memory] : kept)
      while (int64_t(memory.size()) < rows)
        memory.push_back(
            e.scratch(ir::ElementEmitter::computeType(ir::elementOf(v)), std::max<int64_t>(1, space.back().upper())));
  }

  /// Rows at these positions, of which each loop goes through all at once: a row's reduction is long on its way, and
  /// what repeats for every row is read once. `starts`: where each row of what was turned begins; none if nothing was.
  void compute(MutableArrayRef<SmallVector<Coord>> rows, int64_t lanes, int64_t copies,
               TransposedReads *turned = nullptr, ArrayRef<Value> starts = {}) {
    const Dim &inner = space.back();
    // What fills no vector goes by a quarter of one, before it goes one by one.
    int64_t shortLanes = lanes >= 8 ? lanes / 4 : 1;
    Value hi = e.size(inner);
    auto results = e.kernel().getTerminator()->getOperands();
    auto each = [&](llvm::function_ref<void(size_t, SmallVector<Coord> &)> body) {
      for (auto [r, at] : llvm::enumerate(rows)) {
        e.setRow(r);
        body(r, at);
      }
    };
    for (unsigned loop = 0; loop < loops; ++loop) {
      SmallVector<ir::ReductionOpInterface> here;
      for (ir::ReductionOpInterface r : reductions)
        if (loopOf.lookup(r->getOperand(0)) == loop)
          here.push_back(r);
      // Carried: of each row and reduction `copies` vector accumulators, then those of the tail: a short vector's and
      // the scalar one.
      Values carried;
      SmallVector<size_t> first, width;
      for (size_t row = 0; row < rows.size(); ++row)
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
          // All loads of a position come before the first store: a result may live where an operand does.
          SmallVector<std::tuple<size_t, Value, Coord>> stores;
          each([&](size_t row, SmallVector<Coord> &at) {
            at.back() = {i, n == 1 ? 0 : 1, false};
            if (turned && n == lanes)
              turned->use(e.add(starts[row], i));
            for (auto &[v, memory] : kept)
              if (loopOf[v] == loop)
                e.store(e.element(v, at), memory[row], ir::ElementEmitter::computeType(ir::elementOf(v)),
                        {i, n == 1 ? 0 : 1, false});
            for (size_t number = 0; number < here.size(); ++number) {
              ir::ReductionOpInterface r = here[number];
              size_t own = row * here.size() + number, from = first[own] + slot * width[own];
              Values next = e.accumulate(r, ValueRange(all).slice(from, width[own]),
                                         r.emitLift(e, e.element(r->getOperand(0), at), Value()));
              llvm::copy(next, all.begin() + from);
            }
            for (auto [number, v] : llvm::enumerate(results))
              if (ir::getDims(v) == space && loopOf.lookup(v) == loop)
                stores.push_back({number, e.element(v, at), e.linearIn(v, at)});
            e.endTurned();
          });
          for (auto &[number, value, place] : stores)
            e.store(value, e.resultMemory(number), ir::elementOf(results[number]), place);
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
          auto once = [&](Value v) {
            return c * lanes * ir::elementOf(v).getIntOrFloatBitWidth() / 8 % 64 == 0;
          }; // a line
          each([&](size_t, SmallVector<Coord> &at) {
            if (loop == 0)
              for (auto [number, v] : stored)
                if (once(v)) {
                  at.back() = {from, 0, false};
                  e.prefetch(e.resultMemory(number), e.linearIn(v, at).base, 3, /*toWrite=*/true);
                }
            if (loop == 1)
              for (Value v : ahead)
                if (once(v)) {
                  at.back() = {e.add(from, e.mul(hi, e.index(int64_t(rows.size())))), 0, false};
                  e.prefetch(v, at);
                }
          });
        }
      });
      auto leaves = [&](int64_t n) { return !inner.isConstant() || inner.staticSize() % n; };
      each([&](size_t row, SmallVector<Coord> &) {
        for (size_t number = 0; number < here.size(); ++number) {
          ir::ReductionOpInterface r = here[number];
          size_t own = row * here.size() + number, vectors = lanes > 1 ? copies * width[own] : 0,
                 shorts = shortLanes > 1 ? width[own] : 0;
          ArrayRef<Value> all(carried);
          Values total(all.slice(first[own] + vectors + shorts, width[own]));
          if (shorts && leaves(lanes))
            total = combineTree(e, r, all.slice(first[own] + vectors, shorts), shortLanes,
                                leaves(shortLanes) ? ArrayRef<Value>(total) : ArrayRef<Value>());
          if (lanes > 1)
            total = combineTree(e, r, all.slice(first[own], vectors), lanes,
                                leaves(lanes) ? ArrayRef<Value>(total) : ArrayRef<Value>());
          e.withLanes(1, [&] { e.setRowValue(r->getResult(0), r.emitFinish(e, total)); });
        }
        for (auto &[v, memory] : kept)
          if (loopOf[v] == loop)
            e.setRowMemory(v, memory[row]);
      });
    }
    // One number a row: its position is the row's, dimensions of size 1 apart.
    e.withLanes(1, [&] {
      SmallVector<std::tuple<size_t, Value, Coord>> stores;
      each([&](size_t, SmallVector<Coord> &at) {
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
          stores.push_back({number, value, e.linearIn(v, place)});
        }
      });
      for (auto &[number, value, place] : stores)
        e.store(value, e.resultMemory(number), ir::elementOf(results[number]), place);
    });
    e.endRows();
  }
};
} // namespace

/// Rows in blocks of as many as there are lanes along u; each block's operands are turned first. Rows that fill no
/// block read them as they are.
static void emitBlock(KernelEmitter &e, Rows &rows, TransposedReads &turned, SmallVector<Coord> at, int64_t lanes,
                      int64_t copies, int64_t together, int64_t pitch) {
  const Dim &count = rows.space[turned.u], &inner = rows.space.back();
  int64_t u = turned.u;
  Value first = e.mul(at[u].base, e.index(lanes)), end = e.add(first, e.index(lanes)), fast = e.index(1);
  bool divisible = count.isConstant() && count.staticSize() % lanes == 0;
  if (!divisible) {
    Value whole = arith::CmpIOp::create(e.b, e.loc, arith::CmpIPredicate::sle, end, e.size(count));
    fast = arith::SelectOp::create(e.b, e.loc, whole, e.index(1), e.index(0));
    at[u] = {arith::SelectOp::create(e.b, e.loc, whole, e.size(count), first), 0,
             false}; // the first row that is read as it is
  }
  auto row = [&](Value number) {
    SmallVector<Coord> place(at);
    place[u] = {number, 0, false};
    return place;
  };
  e.loop(e.index(0), fast, 1, [&](Value) {
    Value columns = e.mul(arith::DivUIOp::create(e.b, e.loc, e.size(inner), e.index(lanes)), e.index(lanes));
    e.loop(e.index(0), columns, lanes, [&](Value i) {
      SmallVector<Coord> square = row(first);
      square.back() = {i, 1, false};
      turned.turn(square, i, pitch);
    });
    e.loop(e.index(0), e.index(lanes), together, [&](Value r) {
      SmallVector<SmallVector<Coord>> all;
      Values starts;
      for (int64_t j = 0; j < together; ++j) {
        Value number = e.add(r, e.index(j));
        all.push_back(row(e.add(first, number)));
        starts.push_back(e.mul(number, e.index(pitch)));
      }
      rows.compute(all, lanes, copies, &turned, starts);
    });
  });
  if (!divisible)
    e.loop(at[u].base, e.size(count), 1, [&](Value number) {
      SmallVector<Coord> alone = row(number);
      rows.compute(alone, lanes, copies);
    });
}

FailureOr<Schedule> weft::codegen::emitRows(KernelEmitter &e, ArrayRef<Operation *> heroes) {
  Rows rows(e, heroes);
  const Dim &inner = rows.space.back();
  Dims outer(rows.space);
  outer.pop_back();
  MLIRContext *context = e.b.getContext();
  Dim count = ir::product(context, outer);
  int64_t lanes = e.pickLanes(e.widestBits(), inner), copies = inner.upper() >= 4 * lanes ? 4 : 1;
  int64_t together = rows.together(copies, count),
          perRow = std::max<int64_t>(1, ir::saturatingProduct({inner.upper(), e.elementCost() + rows.loops}) / lanes);
  rows.keep(together);
  TransposedReads turned(e, rows.space, int64_t(outer.size()), lanes, rows.beforeReductions());
  int64_t pitch = llvm::divideCeil(inner.upper(), lanes) * lanes + lanes,
          turnedBytes = 0; // the neighbour of a row in another set of the cache
  for (const KernelEmitter::Access &a : turned.operands())
    turnedBytes += lanes * pitch * std::max<int64_t>(1, ir::elementOf(a.operand).getIntOrFloatBitWidth() / 8);
  if (turned.any() && turnedBytes <= mostBytesTurned) {
    turned.allocate(lanes * pitch);
    Dims blocks(outer);
    blocks[turned.u] = blocks[turned.u].ceilDiv(Dim(context, lanes));
    e.loop(e.begin(), e.end(), 1, [&](Value unit) {
      SmallVector<Coord> at;
      for (Value i : e.delinearize(unit, blocks))
        at.push_back({i, 0, false});
      at.push_back({e.index(0), 0, false});
      emitBlock(e, rows, turned, at, lanes, copies, together, pitch);
    });
    return Schedule{ir::product(context, blocks), std::max<int64_t>(1, (1 << 14) / (lanes * perRow))};
  }
  e.loop(e.begin(), e.end(), 1, [&](Value unit) {
    SmallVector<SmallVector<Coord>> at(together);
    for (auto [r, row] : llvm::enumerate(at)) {
      Value number = together == 1 ? unit : e.add(e.mul(unit, e.index(together)), e.index(int64_t(r)));
      if (r && !(count.isConstant() && count.staticSize() % together == 0)) // the last row once more
        number = e.minimum(number, e.add(e.size(count), e.index(-1)));
      for (Value i : e.delinearize(number, outer))
        row.push_back({i, 0, false});
      row.push_back({e.index(0), 0, false});
    }
    rows.compute(at, lanes, copies);
  });
  return Schedule{count.ceilDiv(Dim(context, together)), std::max<int64_t>(1, (1 << 14) / (together * perRow))};
}
