//===- ContractPanels.cpp - many rows by packed panels -----------------------------------------------------------------===//
//
// The columns of a unit are cut into panels as wide as a tile. A panel is packed: `width` columns of one k, then of the next, so that tiles read it in
// order from the second cache, where the block of rows lies too.
//
//   for k0 in blocks of the sum                      (one, unless it is very long: sums wait in memory from one block to the next)
//     for a group of tiles of rows                   (one, the whole block, if they are read where they are)
//       stage: the rows' elements of this block, one after the other     (if they are computed, or contiguous in their own label)
//       for a panel
//         for a tile: sums[rows x width] += rows[rows x k] * panel[k x width]
//
// The first panel is packed by the first tile of rows, behind its multiply-adds; the others in steps, each while the tiles of the panel before it are
// computed, so that what comes from the third cache or from memory costs no time of its own. Where the operand is contiguous in the summed label, a step
// is a square that is transposed. Of panels that were prepared, a step asks for lines.
//
//===----------------------------------------------------------------------------------------------------------------===//
#include "codegen/emit/Contraction.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include <optional>

using namespace mlir;
using namespace weft;
using namespace weft::codegen;
using ir::Coord;
using ir::Dim;

namespace {
constexpr int64_t lineBytes = 64;      // of a cache
constexpr int64_t linesAhead = 12;     // k of an operand that are asked for ahead of time while it is packed or staged: few enough for one set of the nearest cache
constexpr int64_t mostApart = 16;       // of a tile's k, from one step for the next panel to the following
constexpr int64_t nearest = 3, second = 2; // caches that lines are asked into

class PanelEmitter {
public:
  PanelEmitter(Contraction &c, const Panels &p, Value m0, Value m1, Value n0, Value n1)
      : c(c), e(c.e), p(p), m0(m0), m1(m1), n0(n0), n1(n1), M(c.extent[p.m]), N(c.extent[p.n]), K(c.extent[p.k]), scalarSide(1 - p.vectorSide), blocked(K.upper() > p.depth) {}

  void emit() {
    if (blocked) {
      Value end = e.mul(minus(n1, n0), e.index(p.rowBlock));
      e.withLanes(p.lanes, [&] { e.loop(e.index(0), end, p.lanes, [&](Value i) { c.storeVector(zero(), p.partial, i); }); });
    }
    e.loop(e.index(0), e.size(K), p.depth, [&](Value block) {
      k0 = block;
      k1 = e.minimum(c.moved(k0, p.depth), e.size(K));
      e.loop(m0, m1, p.rowGroup, [&](Value group) { rows(group); });
    });
    if (blocked)
      e.tiled(m0, m1, M, p.rowWidths, [&](Value row, int64_t height) {
        panels([&](Value column, int64_t width) {
          tile(height, width, [&](int64_t r, int64_t v) { finish(row, r, column, v, c.loadVector(p.partial, waitingAt(row, r, column, width, v))); });
        });
      });
  }

private:
  Value minus(Value a, Value b) { return arith::SubIOp::create(e.b, e.loc, a, b); }
  Value zero() { return e.constant(c.accumulator, 0); }
  void panels(llvm::function_ref<void(Value, int64_t)> body) {
    e.tiled(n0, n1, N, p.columnWidths, [&](Value column, int64_t width) { e.withLanes(std::min(width, p.lanes), [&] { body(column, width); }); });
  }
  void tile(int64_t height, int64_t width, llvm::function_ref<void(int64_t, int64_t)> body) {
    for (int64_t r = 0; r < height; ++r)
      for (int64_t v = 0; v < width / e.lanes; ++v)
        body(r, v);
  }
  void atRow(Value row, int64_t r) { c.at[p.m] = {c.moved(row, r), 0, false}; }
  void atColumn(Value column, int64_t v) { c.at[p.n] = {c.moved(column, v * e.lanes), e.lanes == 1 ? 0 : 1, false}; }
  void atSum(Value i) { c.at[p.k] = {i, 0, false}; }
  /// Panels of a unit lie one after the other if several groups read them, else by turns in two places.
  Value packedAt(Value column, int64_t width, Value i) {
    Value from = minus(column, n0), in = e.mul(minus(i, k0), e.index(width));
    if (!p.stagesRows)
      from = arith::AndIOp::create(e.b, e.loc, from, e.index(p.columnWidths[0]));
    return e.add(e.mul(from, e.index(p.depth)), in);
  }
  void when(Value condition, llvm::function_ref<void()> body) {
    Value times = arith::SelectOp::create(e.b, e.loc, condition, e.index(1), e.index(0));
    e.loop(e.index(0), times, 1, [&](Value) { body(); });
  }
  Value compare(arith::CmpIPredicate predicate, Value a, Value b) { return arith::CmpIOp::create(e.b, e.loc, predicate, a, b); }
  /// Where the sums of a tile wait: tiles of a panel one after the other.
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
  /// One k of a panel.
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
  /// One k of the vector operand, which the machine may not foresee: its rows may be pages apart.
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
  /// One k of a panel that was packed before: the panels of all columns lie one after the other.
  Value preparedAt(Value column, Value i) {
    Value width = e.index(p.columnWidths[0]), panel = arith::DivUIOp::create(e.b, e.loc, column, width), in = arith::RemUIOp::create(e.b, e.loc, column, width);
    return e.add(e.mul(e.add(e.mul(panel, e.size(K)), i), width), in);
  }
  Values readPacked(Value column, int64_t width, Value i) {
    Value memory = p.prepared ? e.operandMemory(p.prepared) : p.packed, from = p.prepared ? preparedAt(column, i) : packedAt(column, width, i);
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
  /// `lanes` columns of a panel, each read along k.
  void packSquare(Value column, int64_t width, Value i, Value from) {
    Values square;
    c.at[p.k] = {i, 1, false};
    for (int64_t j = 0; j < p.lanes; ++j) {
      c.at[p.n] = {e.add(column, c.moved(from, j)), 0, false};
      square.push_back(c.operand(p.vectorSide, p.k));
    }
    Value to = e.add(packedAt(column, width, i), from);
    for (auto [s, vector] : llvm::enumerate(c.transpose(square)))
      c.storeVector(vector, p.packed, c.moved(to, int64_t(s) * width));
  }
  // ---- the next panel ----
  /// What the tiles of a panel do for the next one.
  struct Ahead {
    Value column, steps; // of the next panel; how many steps it takes, 0 if there is none
    Value tilesBefore;   // tiles of this panel that do none
    Value ofTile;        // steps of a tile
  };
  /// Steps of a whole panel: squares of the transposed operand, else one for each k.
  Value stepsOfPanel() { return p.transposed ? e.mul(arith::DivUIOp::create(e.b, e.loc, minus(k1, k0), e.index(p.lanes)), e.index(p.columnWidths[0] / p.lanes)) : minus(k1, k0); }
  void packStep(Value column, Value step) {
    int64_t width = p.columnWidths[0];
    if (p.transposed) {
      Value across = e.index(width / p.lanes);
      auto at = [&](Value s) { return e.add(k0, e.mul(arith::DivUIOp::create(e.b, e.loc, s, across), e.index(p.lanes))); };
      auto in = [&](Value s) { return e.mul(arith::RemUIOp::create(e.b, e.loc, s, across), e.index(p.lanes)); };
      packSquare(column, width, at(step), in(step));
      // The lines of the next square.
      Value next = c.moved(step, 1), from = in(next);
      atSum(e.minimum(at(next), c.moved(k1, -1)));
      for (int64_t j = 0; j < p.lanes; ++j) {
        c.at[p.n] = {e.add(column, c.moved(from, j)), 0, false};
        e.prefetch(c.operands[p.vectorSide], c.place(p.vectorSide), nearest);
      }
      return;
    }
    Value i = e.add(k0, step);
    if (p.prepared)
      return askFor(column, width, i, second);
    askFor(column, width, e.minimum(c.moved(i, linesAhead), c.moved(k1, -1)), nearest);
    writePanel(readPanel(column, width, i), column, width, i);
  }
  /// After the last tile: the steps that no tile had, for there were fewer of them, and what no step does.
  void finishPacking(const Ahead &ahead, Value tiles) {
    if (p.prepared)
      return;
    Value done = e.minimum(e.mul(minus(tiles, ahead.tilesBefore), ahead.ofTile), ahead.steps);
    e.loop(done, ahead.steps, 1, [&](Value step) { packStep(ahead.column, step); });
    if (p.transposed && !(K.isConstant() && K.staticSize() % p.lanes == 0))
      when(compare(arith::CmpIPredicate::ne, ahead.steps, e.index(0)), [&] {
        Value rest = minus(k1, arith::RemUIOp::create(e.b, e.loc, minus(k1, k0), e.index(p.lanes)));
        e.loop(rest, k1, 1, [&](Value i) { writePanel(readPanel(ahead.column, p.columnWidths[0], i), ahead.column, p.columnWidths[0], i); });
      });
  }

  // ---- the rows ----
  /// Staged, a row's elements come one after the other, rows a few lines more than the block apart; or, if the operand is contiguous in the rows,
  /// those of one k together.
  bool together() const { return c.contiguous(scalarSide) == p.m; }
  Value stagedAt(Value group, Value row, int64_t r, Value i) {
    Value step = minus(i, k0), own = c.moved(minus(row, group), r);
    return together() ? e.add(e.mul(step, e.index(p.rowGroup)), own) : e.add(step, e.mul(own, e.index(Panels::stagedRow(p.depth, p.lanes))));
  }
  void stage(Value group, Value end) {
    if (!together()) {
      bool vectors = c.contiguous(scalarSide) == p.k;
      e.loop(group, end, 1, [&](Value row) {
        e.tiled(k0, k1, K, vectors ? ArrayRef<int64_t>{p.lanes, 1} : ArrayRef<int64_t>{1}, [&](Value i, int64_t width) {
          e.withLanes(width, [&] {
            c.at[p.m] = {row, 0, false};
            c.at[p.k] = {i, width == 1 ? 0 : 1, false};
            c.storeVector(c.operand(scalarSide, p.k), p.staged, stagedAt(group, row, 0, i));
          });
        });
      });
      return;
    }
    int64_t width = std::min<int64_t>(p.lanes, p.rowGroup & -p.rowGroup); // divides the group
    e.loop(k0, k1, 1, [&](Value i) {
      atSum(e.minimum(c.moved(i, linesAhead), c.moved(e.size(K), -1)));
      for (int64_t r = 0; r < p.rowGroup; r += std::max<int64_t>(1, lineBytes / c.bytes())) {
        atRow(e.minimum(c.moved(group, r), c.moved(m1, -1)), 0);
        e.prefetch(c.operands[scalarSide], c.place(scalarSide));
      }
      atSum(i);
      e.tiled(group, end, M, width > 1 ? ArrayRef<int64_t>{width, 1} : ArrayRef<int64_t>{1}, [&](Value row, int64_t lanes) {
        e.withLanes(lanes, [&] {
          c.at[p.m] = {row, lanes == 1 ? 0 : 1, false};
          c.storeVector(c.operand(scalarSide, p.m), p.staged, stagedAt(group, row, 0, i));
        });
      });
    });
  }
  Value scalar(Value group, Value row, int64_t r, Value i) {
    if (p.stagesRows)
      return e.splat(e.withLanes(1, [&] { return c.loadVector(p.staged, stagedAt(group, row, r, i)); }));
    atRow(row, r);
    atSum(i);
    return c.operand(scalarSide, p.n);
  }

  /// A group of tiles by all panels of the unit.
  void rows(Value group) {
    Value end = e.minimum(c.moved(group, p.rowGroup), m1), firstGroup = compare(arith::CmpIPredicate::eq, group, m0);
    if (p.stagesRows)
      stage(group, end);
    panels([&](Value column, int64_t width) {
      // Panels are packed in the first group: the first one here, others ahead, but for those of the edge.
      bool full = width == p.columnWidths[0];
      Value packs = p.prepared ? Value() : firstGroup, next = group, before = e.index(0);
      if (packs && full && p.stepsApart)
        packs = arith::AndIOp::create(e.b, e.loc, packs, compare(arith::CmpIPredicate::eq, column, n0));
      if (packs)
        when(packs, [&] { p.packsWithFirstRows ? product(group, m0, p.rowWidths[0], column, width, true, {}) : pack(column, width); });
      if (packs && p.packsWithFirstRows) {
        next = arith::SelectOp::create(e.b, e.loc, packs, c.moved(group, p.rowWidths[0]), group);
        before = arith::SelectOp::create(e.b, e.loc, packs, e.index(1), e.index(0));
      }
      std::optional<Ahead> ahead;
      if (full && p.stepsApart) {
        Value after = c.moved(column, width), fits = compare(arith::CmpIPredicate::sle, c.moved(after, width), p.prepared && !blocked ? e.size(N) : n1);
        Value steps = arith::SelectOp::create(e.b, e.loc, arith::AndIOp::create(e.b, e.loc, fits, firstGroup), stepsOfPanel(), e.index(0));
        Value ofTile = arith::DivUIOp::create(e.b, e.loc, c.moved(minus(k1, k0), p.stepsApart - 1), e.index(p.stepsApart));
        ahead = Ahead{after, steps, before, ofTile};
      }
      e.tiled(next, end, M, p.rowWidths, [&](Value row, int64_t height) { product(group, row, height, column, width, false, ahead); });
      if (ahead)
        finishPacking(*ahead, arith::DivUIOp::create(e.b, e.loc, minus(end, group), e.index(p.rowWidths[0])));
    });
  }
  /// A tile of rows by one panel, which the first one packs.
  void product(Value group, Value row, int64_t height, Value column, int64_t width, bool packs, const std::optional<Ahead> &ahead) {
    Values acc;
    tile(height, width, [&](int64_t r, int64_t v) { acc.push_back(blocked ? c.loadVector(p.partial, waitingAt(row, r, column, width, v)) : zero()); });
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
        Value spread = scalar(group, row, r, i);
        for (Value vector : vectors) {
          sum[s] = c.multiplyAdd(spread, vector, sum[s]);
          ++s;
        }
      }
      return sum;
    };
    if (!ahead || height != p.rowWidths[0]) {
      acc = e.loop(k0, k1, 1, acc, step);
    } else {
      Value ordinal = minus(arith::DivUIOp::create(e.b, e.loc, minus(row, group), e.index(height)), ahead->tilesBefore);
      Value from = e.mul(ordinal, ahead->ofTile);
      acc = e.loop(k0, k1, p.stepsApart, acc, [&](Value i, ValueRange carried) {
        Value own = e.add(from, arith::DivUIOp::create(e.b, e.loc, minus(i, k0), e.index(p.stepsApart)));
        when(compare(arith::CmpIPredicate::slt, own, ahead->steps), [&] { packStep(ahead->column, own); });
        return e.loop(i, e.minimum(c.moved(i, p.stepsApart), k1), 1, Values(carried), step);
      });
    }
    int64_t s = 0;
    tile(height, width, [&](int64_t r, int64_t v) {
      if (blocked)
        c.storeVector(acc[s++], p.partial, waitingAt(row, r, column, width, v));
      else
        finish(row, r, column, v, acc[s++]);
    });
  }

  Contraction &c;
  KernelEmitter &e;
  const Panels &p;
  Value m0, m1, n0, n1, k0, k1;
  const Dim &M, &N, &K;
  int scalarSide;
  bool blocked;
};
} // namespace

void Panels::allocate(Contraction &c) {
  const Dim &M = c.extent[m];
  int64_t left = M.isConstant() ? M.staticSize() % rowBlock : 0;
  bool fullTile = M.isConstant() && M.staticSize() >= rowWidths[0] && (left == 0 || left >= rowWidths[0]);
  prepared = c.panelsOf(vectorSide, columnWidths[0]);
  packsWithFirstRows = fullTile && !transposed && !prepared;
  stagesRows = !c.isReadInPlace(1 - vectorSide, m);
  rowGroup = stagesRows ? groupOf(rowWidths[0]) : rowBlock;
  // So many steps that the tiles of a group have all of them.
  int64_t tiles = llvm::divideCeil(std::min(rowGroup, M.upper()), rowWidths[0]) - packsWithFirstRows, panel = columnWidths[0];
  if (tiles >= 1 && c.extent[n].upper() > panel && llvm::isPowerOf2_64(panel)) {
    int64_t all = tiles * depth, steps = transposed ? std::max<int64_t>(1, depth / lanes * (panel / lanes)) : depth;
    stepsApart = std::min<int64_t>(llvm::bit_floor(uint64_t(std::max<int64_t>(1, all / steps))), transposed ? depth : mostApart);
  }
  if (!prepared)
    packed = c.e.scratch(c.accumulator, depth * (stagesRows ? columnBlock : 2 * panel));
  if (c.extent[k].upper() > depth)
    partial = c.e.scratch(c.accumulator, rowBlock * columnBlock);
  if (stagesRows)
    staged = c.e.scratch(c.accumulator, rowGroup * stagedRow(depth, lanes));
}

void weft::codegen::emitPanels(Contraction &c, const Panels &p, Value m0, Value m1, Value n0, Value n1) { PanelEmitter(c, p, m0, m1, n0, n1).emit(); }
