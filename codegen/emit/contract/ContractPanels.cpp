// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- ContractPanels.cpp - many rows by packed panels -----------------------------------------------------------------===//
//
// The columns of a unit are cut into panels as wide as a tile. A packed panel has `width` columns of one k, behind them
// the same columns of the next k, and so on. So tiles read it in the order of its memory. Panel and block of rows fit
// into the second cache together.
//
//   for k0 in blocks of the sum                      (one, unless it is very long: sums wait in memory from one block to the next)
//     stage: of each tile of rows, those of one k, then of the next      (if they are computed, contiguous in their own label, or few)
//     for a panel
//       for a tile: sums[rows x width] += rows[rows x k] * panel[k x width]      (from zero, then onto those that wait)
//
// The first tile of rows packs the first panel, behind its multiply-adds. Every other panel is packed in steps while
// the tiles of the panel before it are computed, so that reading the operand from the third cache or from memory takes
// no extra time. If panels were prepared, there is nothing to pack, and a step asks for cache lines instead. The same
// holds if the operand is contiguous along the summed label: transposing a square of it needs too many registers to be
// done between the multiply-adds, so such a panel is packed just before it is read.
//
//===----------------------------------------------------------------------------------------------------------------===//
#include "codegen/emit/contract/Contraction.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include <optional>

using namespace mlir;
using namespace weft;
using namespace weft::codegen;
using ir::Coord;
using ir::Dim;

namespace {
constexpr int64_t linesAhead = 12; // while an operand is packed or staged: for how many k ahead its lines are asked
                                   // for; one set of the nearest cache has to hold them
constexpr int64_t mostApart = 16;  // k of a tile between two steps that pack the next panel

class PanelEmitter {
public:
  PanelEmitter(Contraction &c, const Panels &p, Value m0, Value m1, Value n0, Value n1)
      : c(c), e(c.e), p(p), m0(m0), m1(m1), n0(n0), n1(n1), M(c.extent[p.m]), N(c.extent[p.n]), K(c.extent[p.k]),
        scalarSide(1 - p.vectorSide), blocked(K.upper() > p.depth), packsAhead(!p.prepared && !p.transposed) {}

  void emit() {
    if (blocked) {
      Value end = e.mul(minus(n1, n0), e.index(p.rowBlock));
      e.withLanes(p.lanes,
                  [&] { e.loop(e.index(0), end, p.lanes, [&](Value i) { c.storeVector(zero(), p.partial, i); }); });
    }
    e.loop(e.index(0), e.size(K), p.depth, [&](Value block) {
      k0 = block;
      k1 = e.minimum(c.moved(k0, p.depth), e.size(K));
      if (p.stagesRows)
        stage();
      panels([&](Value column, int64_t width) { rows(column, width); });
    });
    if (blocked)
      e.tiled(m0, m1, M, p.rowWidths, [&](Value row, int64_t height) {
        panels([&](Value column, int64_t width) {
          tile(height, width, [&](int64_t r, int64_t v) {
            finish(row, r, column, v, c.loadVector(p.partial, waitingAt(row, r, column, width, v)));
          });
        });
      });
  }

private:
  Value minus(Value a, Value b) { return arith::SubIOp::create(e.b, e.loc, a, b); }
  Value zero() { return e.constant(c.accumulator, 0); }
  void panels(llvm::function_ref<void(Value, int64_t)> body) {
    e.tiled(n0, n1, N, p.columnWidths,
            [&](Value column, int64_t width) { e.withLanes(std::min(width, p.lanes), [&] { body(column, width); }); });
  }
  void tile(int64_t height, int64_t width, llvm::function_ref<void(int64_t, int64_t)> body) {
    for (int64_t r = 0; r < height; ++r)
      for (int64_t v = 0; v < width / e.lanes; ++v)
        body(r, v);
  }
  void atRow(Value row, int64_t r) { c.at[p.m] = {c.moved(row, r), 0, false}; }
  void atColumn(Value column, int64_t v) { c.at[p.n] = {c.moved(column, v * e.lanes), e.lanes == 1 ? 0 : 1, false}; }
  void atSum(Value i) { c.at[p.k] = {i, 0, false}; }
  /// Panels that are packed ahead use two places in turn.
  Value packedAt(Value column, int64_t width, Value i) {
    Value in = e.mul(minus(i, k0), e.index(width));
    if (!packsAhead)
      return in;
    Value turn = arith::AndIOp::create(e.b, e.loc, minus(column, n0), e.index(p.columnWidths[0]));
    return e.add(e.mul(turn, e.index(p.depth)), in);
  }
  void when(Value condition, llvm::function_ref<void()> body) {
    Value times = arith::SelectOp::create(e.b, e.loc, condition, e.index(1), e.index(0));
    e.loop(e.index(0), times, 1, [&](Value) { body(); });
  }
  Value compare(arith::CmpIPredicate predicate, Value a, Value b) {
    return arith::CmpIOp::create(e.b, e.loc, predicate, a, b);
  }
  /// Where the sums of a tile are kept between two blocks of the sum: the tiles of a panel one after the other.
  Value waitingAt(Value row, int64_t r, Value column, int64_t width, int64_t v) {
    Value ofTile = e.add(e.mul(minus(column, n0), e.index(p.rowBlock)), e.mul(minus(row, m0), e.index(width)));
    return c.moved(ofTile, r * width + v * e.lanes);
  }
  void finish(Value row, int64_t r, Value column, int64_t v, Value sum) {
    atRow(row, r);
    atColumn(column, v);
    c.store(sum);
  }

  // ---- the vector operand ----
  /// Packs one k of a panel.
  Values readPanel(Value column, int64_t width, Value i) {
    Values vectors;
    atSum(i);
    for (int64_t v = 0; v < width / e.lanes; ++v) {
      atColumn(column, v);
      vectors.push_back(c.operand(p.vectorSide, p.n));
    }
    return vectors;
  }
  void writePanel(ArrayRef<Value> vectors, Value column, int64_t width, Value i) {
    Value to = packedAt(column, width, i);
    for (auto [v, vector] : llvm::enumerate(vectors))
      c.storeVector(vector, p.packed, c.moved(to, int64_t(v) * e.lanes));
  }
  int64_t linesOf(int64_t width) const { return std::max<int64_t>(1, width * c.bytes() / lineBytes); }
  /// Asks for the lines of one k of the vector operand. The processor does not do that by itself, because the next k
  /// may be on another page.
  void askFor(Value column, int64_t width, Value i, int64_t cache) {
    atSum(i);
    for (int64_t line = 0; line < linesOf(width); ++line) {
      int64_t by = line * lineBytes / c.bytes();
      if (p.prepared) {
        e.prefetch(e.operandMemory(p.prepared), c.moved(preparedAt(column, i), by), cache);
        continue;
      }
      c.at[p.n] = {c.moved(column, by), 0, false};
      e.prefetch(c.operands[p.vectorSide], c.place(p.vectorSide), cache);
    }
  }
  /// Asks for one k of a prepared panel. The panels of all columns lie one after the other.
  Value preparedAt(Value column, Value i) {
    Value width = e.index(p.columnWidths[0]), panel = arith::DivUIOp::create(e.b, e.loc, column, width),
          in = arith::RemUIOp::create(e.b, e.loc, column, width);
    return e.add(e.mul(e.add(e.mul(panel, e.size(K)), i), width), in);
  }
  Values readPacked(Value column, int64_t width, Value i) {
    Value memory = p.prepared ? e.operandMemory(p.prepared) : p.packed,
          from = p.prepared ? preparedAt(column, i) : packedAt(column, width, i);
    Type element = p.prepared ? ir::elementOf(p.prepared) : c.accumulator;
    Values vectors;
    for (int64_t v = 0; v < width / e.lanes; ++v)
      vectors.push_back(e.load(memory, element, {c.moved(from, v * e.lanes), e.lanes == 1 ? 0 : 1, false}));
    return vectors;
  }
  void pack(Value column, int64_t width) {
    bool squares = p.transposed && e.lanes == p.lanes;
    e.tiled(k0, k1, K, squares ? ArrayRef<int64_t>{p.lanes, 1} : ArrayRef<int64_t>{1}, [&](Value i, int64_t steps) {
      for (int64_t v = 0; steps > 1 && v < width; v += p.lanes)
        packSquare(column, width, i, e.index(v));
      if (steps == 1)
        writePanel(readPanel(column, width, i), column, width, i);
    });
  }
  /// Packs `lanes` columns of a panel, which are read along k.
  void packSquare(Value column, int64_t width, Value i, Value from) {
    Values square;
    c.at[p.k] = {i, 1, false};
    for (int64_t j = 0; j < p.lanes; ++j) {
      c.at[p.n] = {e.add(column, c.moved(from, j)), 0, false};
      square.push_back(c.operand(p.vectorSide, p.k));
    }
    Value to = e.add(packedAt(column, width, i), from);
    for (auto [s, vector] : llvm::enumerate(e.transpose(square)))
      c.storeVector(vector, p.packed, c.moved(to, int64_t(s) * width));
  }
  // ---- the next panel ----
  /// The work that the tiles of a panel do for the next panel.
  struct Ahead {
    Value column, steps; // where the next panel begins, and how many steps it takes; 0 if there is none
    Value tilesBefore;   // how many tiles of this panel do nothing for it
    Value ofTile;        // how many steps a tile does
  };
  /// The number of steps for a whole panel: one for each square of a transposed operand, else one for each k.
  Value stepsOfPanel() {
    return p.transposed ? e.mul(arith::DivUIOp::create(e.b, e.loc, minus(k1, k0), e.index(p.lanes)),
                                e.index(p.columnWidths[0] / p.lanes))
                        : minus(k1, k0);
  }
  void packStep(Value column, Value step) {
    int64_t width = p.columnWidths[0];
    if (p.transposed) {
      Value across = e.index(width / p.lanes),
            from = e.mul(arith::RemUIOp::create(e.b, e.loc, step, across), e.index(p.lanes));
      atSum(e.add(k0, e.mul(arith::DivUIOp::create(e.b, e.loc, step, across), e.index(p.lanes))));
      for (int64_t j = 0; j < p.lanes; ++j) {
        c.at[p.n] = {e.add(column, c.moved(from, j)), 0, false};
        e.prefetch(c.operands[p.vectorSide], c.place(p.vectorSide), second);
      }
      return;
    }
    Value i = e.add(k0, step);
    if (p.prepared)
      return askFor(column, width, i, second);
    askFor(column, width, e.minimum(c.moved(i, linesAhead), c.moved(k1, -1)), nearest);
    writePanel(readPanel(column, width, i), column, width, i);
  }
  /// Behind the last tile: the steps that are left because there were too few tiles.
  void finishPacking(const Ahead &ahead, Value tiles) {
    if (!packsAhead)
      return;
    Value done = e.minimum(e.mul(minus(tiles, ahead.tilesBefore), ahead.ofTile), ahead.steps);
    e.loop(done, ahead.steps, 1, [&](Value step) { packStep(ahead.column, step); });
  }

  // ---- the rows ----
  /// The memory of staged rows: the rows of a tile for one k are neighbours, behind them are those for the next k.
  Value stagedAt(Value row, int64_t height, Value i) {
    return e.add(e.mul(minus(row, m0), e.index(p.depth)), e.mul(minus(i, k0), e.index(height)));
  }
  void stage() {
    char inner = c.contiguous(scalarSide);
    e.tiled(m0, m1, M, p.rowWidths, [&](Value row, int64_t height) {
      inner == p.m ? copyRows(row, height) : transposeRows(row, height, inner == p.k);
    });
  }
  /// A vector may be wider than the rest of a tile. What it writes beyond the tile is written again, by the next k or
  /// by the next tile.
  void storeRows(ArrayRef<Values> parts, int64_t s, Value row, int64_t height, Value i) {
    Value to = c.moved(stagedAt(row, height, i), s * height);
    for (auto [part, vectors] : llvm::enumerate(parts))
      c.storeVector(vectors[s], p.staged, c.moved(to, int64_t(part) * e.lanes));
  }
  /// Stages rows that are contiguous along k: in squares that are transposed in registers, or element by element.
  void transposeRows(Value row, int64_t height, bool squares) {
    e.tiled(k0, k1, K, squares ? ArrayRef<int64_t>{p.lanes, 1} : ArrayRef<int64_t>{1}, [&](Value i, int64_t steps) {
      e.withLanes(steps, [&] {
        SmallVector<Values> parts;
        c.at[p.k] = {i, steps == 1 ? 0 : 1, false};
        for (int64_t r = 0; r < height; ++r) {
          if (r % steps == 0)
            parts.emplace_back();
          atRow(row, r);
          parts.back().push_back(c.operand(scalarSide, p.k));
        }
        parts.back().resize(steps, parts.back().back());
        for (Values &part : parts)
          part = steps == 1 ? part : e.transpose(part);
        for (int64_t s = 0; s < steps; ++s)
          storeRows(parts, s, row, height, i);
      });
    });
  }
  /// Stages rows that are contiguous along their own label: in whole vectors, or in pieces where too few rows are left.
  void copyRows(Value row, int64_t height) {
    auto copy = [&](ArrayRef<int64_t> widths) {
      e.loop(k0, k1, 1, [&](Value i) {
        atSum(e.minimum(c.moved(i, linesAhead), c.moved(e.size(K), -1)));
        atRow(row, 0);
        e.prefetch(c.operands[scalarSide], c.place(scalarSide));
        atSum(i);
        int64_t r = 0;
        for (int64_t width : widths)
          e.withLanes(width, [&] {
            c.at[p.m] = {c.moved(row, r), width == 1 ? 0 : 1, false};
            c.storeVector(c.operand(scalarSide, p.m), p.staged, c.moved(stagedAt(row, height, i), r));
            r += width;
          });
      });
    };
    SmallVector<int64_t> whole(llvm::divideCeil(height, p.lanes), p.lanes), pieces;
    for (int64_t left = height, width = p.lanes; left; left -= width) {
      while (width > left)
        width /= 2;
      pieces.push_back(width);
    }
    if (whole == pieces)
      return copy(whole);
    Value fits = compare(arith::CmpIPredicate::sle, c.moved(row, int64_t(whole.size()) * p.lanes), e.size(M));
    when(fits, [&] { copy(whole); });
    when(compare(arith::CmpIPredicate::sgt, c.moved(row, int64_t(whole.size()) * p.lanes), e.size(M)),
         [&] { copy(pieces); });
  }
  Value scalar(Value row, int64_t height, int64_t r, Value i) {
    if (p.stagesRows)
      return e.splat(e.withLanes(1, [&] { return c.loadVector(p.staged, c.moved(stagedAt(row, height, i), r)); }));
    atRow(row, r);
    atSum(i);
    return c.operand(scalarSide, p.n);
  }

  /// Computes all tiles of rows with one panel.
  void rows(Value column, int64_t width) {
    // The first panel is packed here, and so are narrower panels at the edge. The others are packed ahead.
    bool full = width == p.columnWidths[0], packs = !p.prepared, byTile = packs && p.packsWithFirstRows;
    Value here = full && p.stepsApart && packsAhead ? compare(arith::CmpIPredicate::eq, column, n0) : Value(),
          next = m0, before = e.index(0);
    auto first = [&] { byTile ? product(m0, p.rowWidths[0], column, width, true, {}) : pack(column, width); };
    if (packs && here)
      when(here, first);
    else if (packs)
      first();
    if (byTile) {
      next = c.moved(m0, p.rowWidths[0]), before = e.index(1);
      if (here) {
        next = arith::SelectOp::create(e.b, e.loc, here, next, m0);
        before = arith::SelectOp::create(e.b, e.loc, here, before, e.index(0));
      }
    }
    std::optional<Ahead> ahead;
    if (full && p.stepsApart) {
      Value after = c.moved(column, width),
            fits = compare(arith::CmpIPredicate::sle, c.moved(after, width), !packsAhead && !blocked ? e.size(N) : n1);
      Value steps = arith::SelectOp::create(e.b, e.loc, fits, stepsOfPanel(), e.index(0));
      Value ofTile =
          arith::DivUIOp::create(e.b, e.loc, c.moved(minus(k1, k0), p.stepsApart - 1), e.index(p.stepsApart));
      ahead = Ahead{after, steps, before, ofTile};
    }
    e.tiled(next, m1, M, p.rowWidths,
            [&](Value row, int64_t height) { product(row, height, column, width, false, ahead); });
    if (ahead)
      finishPacking(*ahead, arith::DivUIOp::create(e.b, e.loc, minus(m1, m0), e.index(p.rowWidths[0])));
  }
  /// Computes a tile of rows with one panel. The first tile packs the panel.
  void product(Value row, int64_t height, Value column, int64_t width, bool packs, const std::optional<Ahead> &ahead) {
    Values acc;
    tile(height, width, [&](int64_t, int64_t) { acc.push_back(zero()); });
    BlockedSum blocks = c.inBlocks(acc);
    auto step = [&](Value i, ValueRange carried) {
      Values sum(carried), vectors;
      if (packs) {
        askFor(column, width, e.minimum(c.moved(i, linesAhead), c.moved(e.size(K), -1)), nearest);
        vectors = readPanel(column, width, i);
        writePanel(vectors, column, width, i);
      } else {
        vectors = readPacked(column, width, i);
      }
      for (int64_t r = 0, s = 0; r < height; ++r) {
        Value spread = scalar(row, height, r, i);
        for (Value vector : vectors) {
          sum[s] = c.multiplyAdd(spread, vector, sum[s]);
          ++s;
        }
      }
      return sum;
    };
    if (!ahead || height != p.rowWidths[0]) {
      acc = e.loop(k0, k1, 1, acc, blocks, p.depth, 1, step);
    } else {
      Value ordinal = minus(arith::DivUIOp::create(e.b, e.loc, minus(row, m0), e.index(height)), ahead->tilesBefore);
      Value from = e.mul(ordinal, ahead->ofTile);
      int64_t rounds = llvm::divideCeil(p.depth, p.stepsApart);
      acc = e.loop(k0, k1, p.stepsApart, acc, blocks, rounds, p.stepsApart, [&](Value i, ValueRange carried) {
        Value own = e.add(from, arith::DivUIOp::create(e.b, e.loc, minus(i, k0), e.index(p.stepsApart)));
        when(compare(arith::CmpIPredicate::slt, own, ahead->steps), [&] { packStep(ahead->column, own); });
        return e.loop(i, e.minimum(c.moved(i, p.stepsApart), k1), 1, Values(carried), step);
      });
    }
    int64_t s = 0;
    tile(height, width, [&](int64_t r, int64_t v) {
      if (!blocked)
        return finish(row, r, column, v, acc[s++]);
      Value at = waitingAt(row, r, column, width, v);
      c.storeVector(c.plus(c.loadVector(p.partial, at), acc[s++]), p.partial, at);
    });
  }

  Contraction &c;
  KernelEmitter &e;
  const Panels &p;
  Value m0, m1, n0, n1, k0, k1;
  const Dim &M, &N, &K;
  int scalarSide;
  bool blocked, packsAhead; // packsAhead: steps pack the next panel; else they ask for its lines
};
} // namespace

void Panels::allocate(Contraction &c) {
  const Dim &M = c.extent[m];
  int64_t left = M.isConstant() ? M.staticSize() % rowBlock : 0;
  bool fullTile = M.isConstant() && M.staticSize() >= rowWidths[0] && (left == 0 || left >= rowWidths[0]);
  prepared = c.panelsOf(vectorSide, columnWidths[0]);
  packsWithFirstRows = fullTile && !transposed && !prepared;
  // A tile does enough steps for the tiles of a block to do all of them.
  int64_t tiles = llvm::divideCeil(std::min(rowBlock, M.upper()), rowWidths[0]) - packsWithFirstRows,
          panel = columnWidths[0];
  if (tiles >= 1 && c.extent[n].upper() > panel && llvm::isPowerOf2_64(panel)) {
    int64_t all = tiles * depth, steps = transposed ? std::max<int64_t>(1, depth / lanes * (panel / lanes)) : depth;
    stepsApart =
        std::min<int64_t>(llvm::bit_floor(uint64_t(std::max<int64_t>(1, all / steps))), transposed ? depth : mostApart);
  }
  if (!prepared)
    packed = c.e.scratch(c.accumulator, (transposed ? 1 : 2) * depth * panel);
  if (c.extent[k].upper() > depth)
    partial = c.e.scratch(c.accumulator, rowBlock * columnBlock);
  if (stagesRows)
    staged = c.e.scratch(c.accumulator, stagedElements());
}

void weft::codegen::emitPanels(Contraction &c, const Panels &p, Value m0, Value m1, Value n0, Value n1) {
  PanelEmitter(c, p, m0, m1, n0, n1).emit();
}
