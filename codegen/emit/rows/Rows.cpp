// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Rows.cpp - kernels over rows: reductions of a row, and what is made of them -----------------------------------===//
//
//   softmax of a row: loop 0: m = max of x;  loop 1: e = exp(x - m), kept, and s = sum of e;  loop 2: e / s
//
// A unit is a row, or two short ones that every loop goes through together. A value belongs to the first loop in which
// all reductions that it needs are known; loop L makes the reductions of values that belong to it and stores the
// results that do. An expensive value that several loops need is computed in its own and kept in a row on the stack.
// The order of additions is that of Reduce.cpp, in blocks where rows are long (BlockedSum).
//
// Operands may be read against their grain, as in the softmax of a transposed matrix. Then a unit is a block of rows,
// and the operands of a block are transposed into memory on the stack first (Transposed.h).
//
// A sum of columns over stretches of rows is in memory, where the result is: every row of the stretch is added to it in
// the loop in which its elements are known. Then a unit is a stretch.
//
// Only loop 0 reads from far memory. The others find the row in the nearest cache. Meanwhile they ask for the lines of
// the next row. Loop 0 also asks for the lines that the last loop stores, because a store has to wait for its line.
//
//===----------------------------------------------------------------------------------------------------------------===//
#include "dialects/weft/Rows.h"
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
constexpr int64_t mostBytesAhead = 16 << 10;   // of a row: the nearest cache has to hold two rows and what is kept
constexpr int64_t mostBytesTogether = 4 << 10; // of a row that is computed together with its neighbour
constexpr int64_t mostBytesTurned = 256 << 10; // of the operands of a block that are transposed

struct Rows {
  KernelEmitter &e;
  SmallVector<ir::ReductionOpInterface> reductions;
  Dims space;
  llvm::DenseMap<Value, unsigned> loopOf; // the loop that a value belongs to; 0 for operands of the kernel
  unsigned loops = 1;
  SmallVector<std::pair<Value, Values>> kept; // an expensive value, and the memory of each of its rows
  SmallVector<Value> ahead;                   // operands: loop 1 asks for the lines of their next row
  struct Column {
    ir::ReductionOpInterface op;
    Value elements;
    size_t result; // its number
  };
  SmallVector<Column> columns;                  // sums of columns over stretches of rows
  int64_t stretch = 0;                          // how many rows each has
  Value stretchBegin;                           // of the sums of the stretch at hand, in each result
  SmallVector<std::pair<size_t, Value>> stored; // results of the last loop: loop 0 asks for the lines of this row

  explicit Rows(KernelEmitter &e) : e(e), space(*e.kernel().getRowSpace()) {
    Block &body = e.kernel().getBody().front();
    for (Operation &op : body.without_terminator()) {
      unsigned loop = 0;
      for (Value v : op.getOperands())
        loop = std::max(loop, loopOf.lookup(v));
      auto reduction = dyn_cast<ir::ReductionOpInterface>(op);
      std::optional<ir::RowStretches> stretches = ir::rowStretchesOf(&op, space);
      if (stretches) {
        stretch = stretches->rows;
        for (OpOperand &use : op.getResult(0).getUses())
          columns.push_back({reduction, stretches->elements, use.getOperandNumber()});
      } else if (reduction) {
        reductions.push_back(reduction);
      }
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
    // A loop needs a value if one of its reductions or results is computed from it.
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
    llvm::DenseSet<Value> elsewhere; // values that are read at other positions than the one that is computed: a kept
                                     // row does not help them
    for (Operation &op : llvm::reverse(body.without_terminator())) {
      Value v = op.getResult(0);
      if (std::optional<ir::RowStretches> stretches = ir::rowStretchesOf(&op, space)) {
        need(stretches->elements, only(loopOf[stretches->elements]));
        continue;
      }
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

  /// How many rows are computed together: two if they are short and their accumulators leave enough registers.
  int64_t together(int64_t copies, const Dim &count) {
    DenseMap<unsigned, int64_t> sums;
    int64_t most = 0;
    for (ir::ReductionOpInterface r : reductions)
      most = std::max(most, ++sums[loopOf.lookup(r->getOperand(0))]);
    bool isShort = space.back().upper() * e.widestBits() / 8 <= mostBytesTogether && stretch % 2 == 0;
    return loops > 1 && isShort && count.upper() > 1 && 2 * copies * most <= e.machine().registers / 2 ? 2 : 1;
  }
  /// The operands that loop 0 reads.
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

  bool isColumn(size_t result) const {
    return llvm::any_of(columns, [&](const Column &c) { return c.result == result; });
  }
  Type sumOf(const Column &column) { return ir::elementOf(column.op->getResult(0)); }
  /// Begins the sums of columns of a stretch: of nothing.
  void beginStretch(Value number, int64_t lanes) {
    Value hi = e.size(space.back());
    stretchBegin = e.mul(number, hi);
    SmallVector<int64_t> widths{lanes};
    if (lanes > 1)
      widths.push_back(1);
    e.tiled(e.index(0), hi, space.back(), widths, [&](Value i, int64_t n) {
      e.withLanes(n, [&] {
        for (const Column &c : columns)
          e.store(e.identity(c.op)[0], e.resultMemory(c.result), sumOf(c),
                  {e.add(stretchBegin, i), n == 1 ? 0 : 1, false});
      });
    });
  }
  /// Adds these elements of rows, at column i, to the sum.
  void addTo(const Column &c, ArrayRef<Value> elements, Value i) {
    Coord place{e.add(stretchBegin, i), e.lanes == 1 ? 0 : 1, false};
    Values sum{e.load(e.resultMemory(c.result), sumOf(c), place)};
    for (Value element : elements)
      sum = e.accumulate(c.op, sum, e.lift(c.op, element, Value()));
    e.store(e.finish(c.op, sum), e.resultMemory(c.result), sumOf(c), place);
  }

  /// Computes the rows at these positions. Each loop goes through all of them at once, because a single row waits long
  /// for each of its additions, and because what is the same for all rows is read once. `starts`: where each row begins
  /// in the transposed operands; empty if there are none.
  void compute(MutableArrayRef<SmallVector<Coord>> rows, int64_t lanes, int64_t copies,
               TransposedReads *turned = nullptr, ArrayRef<Value> starts = {}) {
    const Dim &inner = space.back();
    // The remainder of a row runs in quarters of a vector first, then element by element.
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
      // The loop carries, for each row and reduction, `copies` accumulators of whole vectors, and then two for the
      // remainder: one of short vectors and one of single elements.
      Values carried;
      SmallVector<size_t> first, width;
      SmallVector<std::pair<ir::ReductionOpInterface, int64_t>> groups; // what carried values are of, with their lanes
      for (size_t row = 0; row < rows.size(); ++row)
        for (ir::ReductionOpInterface r : here) {
          first.push_back(carried.size());
          Values scalar = e.withLanes(1, [&] { return e.identity(r); });
          width.push_back(scalar.size());
          SmallVector<int64_t> own(lanes > 1 ? copies : 0, lanes);
          if (shortLanes > 1)
            own.push_back(shortLanes);
          own.push_back(1);
          for (int64_t n : own) {
            carried.append(e.withLanes(n, [&] { return e.identity(r); }));
            groups.push_back({r, n});
          }
        }
      BlockedSum sum;
      if (llvm::any_of(carried, [](Value v) { return isa<FloatType>(getElementTypeOrSelf(v.getType())); }))
        sum = {sumBlock, carried, [&](ValueRange total, ValueRange block) {
                 Values all;
                 for (auto [r, n] : groups) {
                   size_t from = all.size(), own = e.withLanes(1, [&] { return e.identity(r); }).size();
                   llvm::append_range(all, e.withLanes(n, [&] {
                     return e.combine(r, total.slice(from, own), block.slice(from, own));
                   }));
                 }
                 return all;
               }};
      auto visit = [&](Values &all, int64_t slot, Value i, int64_t n) {
        e.withLanes(n, [&] {
          // All loads of a position come before the first store: a result may live where an operand does.
          SmallVector<std::tuple<size_t, Value, Coord>> stores;
          SmallVector<Values> added(columns.size());
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
                                         e.lift(r, e.element(r->getOperand(0), at), Value()));
              llvm::copy(next, all.begin() + from);
            }
            for (auto [c, elements] : llvm::zip(columns, added))
              if (loopOf.lookup(c.elements) == loop)
                elements.push_back(e.element(c.elements, at));
            for (auto [number, v] : llvm::enumerate(results))
              if (ir::getDims(v) == space && loopOf.lookup(v) == loop)
                stores.push_back({number, e.element(v, at), e.linearIn(v, at)});
            e.endTurned();
          });
          for (auto [c, elements] : llvm::zip(columns, added))
            if (!elements.empty())
              addTo(c, elements, i);
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
      auto addElements = [&](Value i, int64_t step, Values &all) {
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
      };
      e.tiledCarrying(e.index(0), hi, inner, steps, carried, addElements, sum);
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
          e.withLanes(1, [&] { e.setRowValue(r->getResult(0), e.finish(r, total)); });
        }
        for (auto &[v, memory] : kept)
          if (loopOf[v] == loop)
            e.setRowMemory(v, memory[row]);
      });
    }
    // A result with one number for each row: its position is that of the row, without the dimensions of size 1.
    e.withLanes(1, [&] {
      SmallVector<std::tuple<size_t, Value, Coord>> stores;
      each([&](size_t, SmallVector<Coord> &at) {
        for (auto [number, v] : llvm::enumerate(results)) {
          if (ir::getDims(v) == space || isColumn(number))
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

/// Works on blocks of as many rows as there are lanes, and transposes the operands of a block first. Rows at the end
/// that fill no block read the operands as they are.
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

static FailureOr<Schedule> emitRows(KernelEmitter &e) {
  Rows rows(e);
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
  if (turned.any() && turnedBytes <= mostBytesTurned && !rows.stretch) {
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
  auto compute = [&](Value unit) {
    SmallVector<SmallVector<Coord>> at(together);
    for (auto [r, row] : llvm::enumerate(at)) {
      Value number = together == 1 ? unit : e.add(e.mul(unit, e.index(together)), e.index(int64_t(r)));
      if (r && !(count.isConstant() && count.staticSize() % together == 0)) // without a second row, the last one again
        number = e.minimum(number, e.add(e.size(count), e.index(-1)));
      for (Value i : e.delinearize(number, outer))
        row.push_back({i, 0, false});
      row.push_back({e.index(0), 0, false});
    }
    rows.compute(at, lanes, copies);
  };
  if (int64_t units = rows.stretch / together) {
    e.loop(e.begin(), e.end(), 1, [&](Value stretch) {
      rows.beginStretch(stretch, lanes);
      Value first = e.mul(stretch, e.index(units));
      e.loop(first, e.add(first, e.index(units)), 1, compute);
    });
    return Schedule{Dim(context, count.staticSize() / rows.stretch),
                    std::max<int64_t>(1, (1 << 14) / (rows.stretch * perRow))};
  }
  e.loop(e.begin(), e.end(), 1, compute);
  return Schedule{count.ceilDiv(Dim(context, together)), std::max<int64_t>(1, (1 << 14) / (together * perRow))};
}

static std::optional<int64_t> costOfRows(loom::KernelOp kernel, const Machine &machine) {
  return kernel.isOverRows() ? std::optional(loopCost(kernel, machine)) : std::nullopt;
}
const Emitter weft::codegen::rowsEmitter{"rows", costOfRows, emitRows};
