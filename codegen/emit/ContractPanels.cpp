//===- ContractPanels.cpp - many rows by packed panels -----------------------------------------------------------------===//
//
// The columns of a unit are cut into panels as wide as a tile. A block of a panel is packed: `width` columns of one k, then of the next, so that tiles
// read it in order from the nearest cache, where a group of tiles meets it.
//
//   for k0 in blocks of the sum                      (sums wait in memory from one block to the next)
//     for a group of tiles of rows
//       stage: the rows' elements of this block, one after the other     (if they are computed, transposed, or would fight for lines of the cache)
//       for a panel
//         for a tile: sums[rows x width] += rows[rows x k] * panel[k x width]
//
// The first tile of rows reads the vector operand where it is and packs it on the way, behind its multiply-adds. Where it is contiguous in the summed
// label it is transposed while it is packed, before the rows.
//
//===----------------------------------------------------------------------------------------------------------------===//
#include "codegen/emit/Contraction.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace weft;
using namespace weft::codegen;
using ir::Coord;
using ir::Dim;

namespace {
constexpr int64_t lineBytes = 64;      // of a cache
constexpr int64_t rowsAhead = 40;       // of the vector operand that are asked for while it is packed
constexpr int64_t conflictBytes = 2048; // rows a multiple of this apart share few sets of the nearest cache

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
      if (!p.packsWithFirstRows && !p.prepared)
        pack();
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
  Value packedAt(Value column, int64_t width, Value i) { return e.add(e.mul(minus(column, n0), e.index(p.depth)), e.mul(minus(i, k0), e.index(width))); }
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
  /// Rows of the operand may be pages apart, which the machine does not foresee.
  void askAhead(Value column, int64_t width, Value i) {
    Value ahead = e.minimum(c.moved(i, rowsAhead), c.moved(e.size(K), -1));
    int64_t each = std::max<int64_t>(1, lineBytes / (e.lanes * c.bytes()));
    atSum(ahead);
    for (int64_t v = 0; v < width / e.lanes; v += each) {
      if (p.prepared) {
        e.prefetch(e.operandMemory(p.prepared), c.moved(preparedAt(column, ahead), v * e.lanes));
        continue;
      }
      atColumn(column, v);
      e.prefetch(c.operands[p.vectorSide], c.place(p.vectorSide));
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
  void pack() {
    e.tiled(k0, k1, K, p.transposed ? ArrayRef<int64_t>{p.lanes, 1} : ArrayRef<int64_t>{1}, [&](Value i, int64_t steps) {
      panels([&](Value column, int64_t width) {
        if (p.transposed && steps > 1 && e.lanes == p.lanes)
          return packTransposed(column, width, i);
        for (int64_t s = 0; s < steps; ++s)
          writePanel(readPanel(column, width, c.moved(i, s)), column, width, c.moved(i, s));
      });
    });
  }
  /// `lanes` columns, each read along k.
  void packTransposed(Value column, int64_t width, Value i) {
    for (int64_t v = 0; v < width; v += p.lanes) {
      Values square;
      c.at[p.k] = {i, 1, false};
      for (int64_t j = 0; j < p.lanes; ++j) {
        c.at[p.n] = {c.moved(column, v + j), 0, false};
        square.push_back(c.operand(p.vectorSide, p.k));
      }
      Value to = packedAt(column, width, i);
      for (auto [s, vector] : llvm::enumerate(c.transpose(square)))
        c.storeVector(vector, p.packed, c.moved(to, int64_t(s) * width + v));
    }
  }
  // ---- the rows ----
  /// A row's elements one after the other, rows a few lines more than the block apart; or, if the operand is contiguous in the rows, those of one k
  /// together.
  bool together() const { return c.contiguous(scalarSide) == p.m; }
  Value stagedAt(Value group, Value row, int64_t r, Value i) {
    Value step = minus(i, k0), own = c.moved(minus(row, group), r);
    return together() ? e.add(e.mul(step, e.index(p.rowGroup)), own) : e.add(step, e.mul(own, e.index(stagedRow(p))));
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
      atSum(e.minimum(c.moved(i, rowsAhead), c.moved(e.size(K), -1)));
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
    Value end = e.minimum(c.moved(group, p.rowGroup), m1);
    if (p.stagesRows)
      stage(group, end);
    Value first = arith::CmpIOp::create(e.b, e.loc, arith::CmpIPredicate::eq, group, m0);
    auto inFirst = [&](Value a, Value b) -> Value { return arith::SelectOp::create(e.b, e.loc, first, a, b); };
    panels([&](Value column, int64_t width) {
      Value next = group;
      if (p.packsWithFirstRows || p.asksWithFirstRows) {
        e.loop(e.index(0), inFirst(e.index(1), e.index(0)), 1, [&](Value) { product(group, m0, p.rowWidths[0], column, width, true); });
        next = inFirst(c.moved(m0, p.rowWidths[0]), group);
      }
      e.tiled(next, end, M, p.rowWidths, [&](Value row, int64_t height) { product(group, row, height, column, width, false); });
    });
  }
  /// A tile of rows by one panel; the first one of a unit meets the panel where it comes from.
  void product(Value group, Value row, int64_t height, Value column, int64_t width, bool first) {
    Values acc;
    tile(height, width, [&](int64_t r, int64_t v) { acc.push_back(blocked ? c.loadVector(p.partial, waitingAt(row, r, column, width, v)) : zero()); });
    acc = e.loop(k0, k1, 1, acc, [&](Value i, ValueRange carried) {
      Values sum(carried), vectors;
      if (first)
        askAhead(column, width, i);
      if (first && !p.prepared) {
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
    });
    int64_t s = 0;
    tile(height, width, [&](int64_t r, int64_t v) {
      if (blocked)
        c.storeVector(acc[s++], p.partial, waitingAt(row, r, column, width, v));
      else
        finish(row, r, column, v, acc[s++]);
    });
  }

public:
  static int64_t stagedRow(const Panels &p) { return p.depth + 2 * p.lanes; }

private:
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
  if (auto unpack = c.operands[vectorSide].getDefiningOp<ir::UnpackOp>(); unpack && isa<FloatType>(c.accumulator) && ir::getDims(unpack.getX())[2] == columnWidths[0])
    prepared = dyn_cast<BlockArgument>(unpack.getX());
  packsWithFirstRows = fullTile && !transposed && !prepared;
  asksWithFirstRows = fullTile && prepared;
  int64_t apart = c.strideBytes(1 - vectorSide, m);
  bool plain = c.contiguous(1 - vectorSide) == k && apart != 0;
  stagesRows = !plain || apart % conflictBytes == 0;
  rowGroup = groupOf(rowWidths[0]);
  if (!prepared)
    packed = c.e.scratch(c.accumulator, depth * columnBlock);
  if (c.extent[k].upper() > depth)
    partial = c.e.scratch(c.accumulator, rowBlock * columnBlock);
  if (stagesRows)
    staged = c.e.scratch(c.accumulator, rowGroup * PanelEmitter::stagedRow(*this));
}

void weft::codegen::emitPanels(Contraction &c, const Panels &p, Value m0, Value m1, Value n0, Value n1) { PanelEmitter(c, p, m0, m1, n0, n1).emit(); }
