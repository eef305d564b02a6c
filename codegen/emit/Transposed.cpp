//===- Transposed.cpp - maps that read an operand against its grain ---------------------------------------------------===//
//
//   transpose(x) + y: lanes along a row of y are a column of x, one load each.
//
// So the loops go by squares of lanes times lanes: lines of x along the other dimension u come in as vectors, are transposed in registers,
// and wait on the stack; when a block of squares is complete, its rows find their vectors of x there. Which operands those are, and which dimension is u, is seen
// by emitting an element and looking at its loads. Columns and rows that fill no square are read element by element.
//
//===----------------------------------------------------------------------------------------------------------------===//
#include "codegen/emit/KernelEmitter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace weft;
using namespace weft::codegen;
using ir::Coord;
using ir::Dim;
using ir::Dims;
using Access = KernelEmitter::Access;

namespace {
constexpr int64_t leastSquare = 4;     // lanes; below, single loads are as good
constexpr int64_t mostOperands = 4;    // transposed ones: a square of each lies on the stack
constexpr int64_t side = 64;           // of a block of squares: a single line of memory at a time is slow on either side
constexpr int64_t columnsOfUnit = 2048;

bool isStrided(const Access &a) { return !a.linear.varying && a.linear.stride != 0 && a.linear.stride != 1; }

/// The square's lines as rows: after the step of width s, rows whose numbers differ in bit s have exchanged those halves of their elements.
void transpose(KernelEmitter &e, SmallVector<Value> &rows) {
  int64_t n = int64_t(rows.size());
  for (int64_t s = 1; s < n; s *= 2)
    for (int64_t i = 0; i < n; ++i) {
      if (i & s)
        continue;
      SmallVector<int64_t> low, high;
      for (int64_t j = 0; j < n; ++j) {
        low.push_back(j & s ? n + j - s : j);
        high.push_back(j & s ? n + j : j + s);
      }
      Value a = rows[i], b = rows[i + s];
      rows[i] = vector::ShuffleOp::create(e.b, e.loc, a, b, low);
      rows[i + s] = vector::ShuffleOp::create(e.b, e.loc, a, b, high);
    }
}

struct Squares {
  KernelEmitter &e;
  Dims dims;
  int64_t v, u = -1, lanes;
  SmallVector<Access> turned; // the loads to be replaced, as the probe saw them
  SmallVector<Value> squares; // their memory on the stack

  Squares(KernelEmitter &e, Dims dims, int64_t v, int64_t lanes) : e(e), dims(std::move(dims)), v(v), lanes(lanes) {}

  SmallVector<Coord> origin() { return SmallVector<Coord>(dims.size(), Coord{e.index(0), 0, false}); }
  std::optional<SmallVector<Access>> readsAlong(int64_t d) {
    return e.withLanes(lanes, [&] {
      return e.readsOf([&] {
        SmallVector<Coord> at = origin();
        at[d].stride = 1;
        for (Value result : e.kernel().getTerminator()->getOperands())
          e.element(result, at);
      });
    });
  }
  /// Whether there are such operands, each read in one way.
  bool find() {
    std::optional<SmallVector<Access>> reads = readsAlong(v);
    if (!reads)
      return false;
    for (const Access &a : *reads)
      if (isStrided(a) && llvm::count_if(*reads, [&](const Access &other) { return other.operand == a.operand && isStrided(other); }) == 1)
        turned.push_back(a);
    if (turned.empty() || turned.size() > mostOperands)
      return false;
    // A second dimension along which they lie element after element.
    for (int64_t d = 0; d < int64_t(dims.size()) && u < 0; ++d) {
      if (d == v || (dims[d].isConstant() && dims[d].staticSize() < lanes))
        continue;
      std::optional<SmallVector<Access>> along = readsAlong(d);
      auto fits = [&](const Access &a) {
        return along && llvm::count_if(*along, [&](const Access &other) { return other.operand == a.operand && !other.linear.varying && other.linear.stride == 1; }) == 1;
      };
      if (llvm::all_of(turned, fits))
        u = d;
    }
    for (const Access &a : turned)
      squares.push_back(e.scratch(storageType(ir::elementOf(a.operand)), side * side));
    return u >= 0;
  }

  void elements(SmallVector<Coord> at, Value row, Value lo, Value hi, int64_t width) {
    at[u] = {row, 0, false};
    e.loop(lo, hi, width, [&](Value i) {
      at[v] = {i, width == 1 ? 0 : 1, false};
      e.withLanes(width, [&] { e.storeResults(at); });
    });
  }
  /// Rows [row, row + height) by columns [column, column + width): whole squares, at most `side` elements each way.
  void block(SmallVector<Coord> at, Value row, Value height, Value column, Value width) {
    e.withLanes(lanes, [&] {
      e.loop(e.index(0), width, lanes, [&](Value n) {
        e.loop(e.index(0), height, lanes, [&](Value k) {
          at[u] = {e.add(row, k), 0, false};
          at[v] = {e.add(column, n), 1, false};
          SmallVector<Access> reads;
          e.recording(reads, [&] {
            for (Value result : e.kernel().getTerminator()->getOperands())
              e.element(result, at);
          });
          for (auto [a, memory] : llvm::zip(turned, squares)) {
            const Access *here = llvm::find_if(reads, [&](const Access &r) { return r.operand == a.operand && isStrided(r); });
            auto type = VectorType::get({lanes}, storageType(ir::elementOf(a.operand)));
            SmallVector<Value> lines;
            for (int64_t l = 0; l < lanes; ++l)
              lines.push_back(vector::LoadOp::create(e.b, e.loc, type, e.memoryOf(a.operand), ValueRange{e.add(here->linear.base, e.index(l * a.linear.stride))}));
            transpose(e, lines);
            Value to = e.add(e.mul(k, e.index(side)), n);
            for (int64_t l = 0; l < lanes; ++l)
              vector::StoreOp::create(e.b, e.loc, lines[l], memory, ValueRange{e.add(to, e.index(l * side))});
          }
        });
      });
      e.loop(e.index(0), height, 1, [&](Value k) {
        at[u] = {e.add(row, k), 0, false};
        e.loop(e.index(0), width, lanes, [&](Value n) {
          for (auto [a, memory] : llvm::zip(turned, squares))
            e.setTurned(a.operand, memory, e.add(e.mul(k, e.index(side)), n));
          at[v] = {e.add(column, n), 1, false};
          e.storeResults(at);
          e.endTurned();
        });
      });
    });
  }
};
} // namespace

std::optional<Schedule> weft::codegen::emitTransposedMap(KernelEmitter &e, const Dims &dims) {
  MLIRContext *context = e.b.getContext();
  int64_t v = lastWideDim(dims);
  if (v < 0)
    return std::nullopt;
  int64_t lanes = e.pickLanes(e.widestBits(), dims[v]);
  Squares s(e, dims, v, lanes);
  if (lanes < leastSquare || !s.find())
    return std::nullopt;
  int64_t u = s.u;

  // A unit is a stretch of rows as high as a block.
  Dim chunks = dims[v].upper() > 2 * columnsOfUnit ? dims[v].ceilDiv(Dim(context, columnsOfUnit)) : Dim(context, 1);
  Dims units = dims;
  units[u] = dims[u].ceilDiv(Dim(context, side));
  units[v] = chunks;
  auto wholeSquares = [&](Value from, Value to) {
    return e.add(from, e.mul(arith::DivUIOp::create(e.b, e.loc, arith::SubIOp::create(e.b, e.loc, to, from), e.index(lanes)), e.index(lanes)));
  };
  auto left = [&](Value from, Value to) { return e.minimum(arith::SubIOp::create(e.b, e.loc, to, from), e.index(side)); };
  auto divisible = [&](const Dim &d) { return d.isConstant() && d.staticSize() % lanes == 0; };
  e.loop(e.begin(), e.end(), 1, [&](Value unit) {
    SmallVector<Value> place = e.delinearize(unit, units);
    SmallVector<Coord> at;
    for (Value i : place)
      at.push_back({i, 0, false});
    Value row = e.mul(place[u], e.index(side)), rowEnd = e.minimum(e.add(row, e.index(side)), e.size(dims[u]));
    Value lo = e.index(0), hi = e.size(dims[v]);
    if (!(chunks == 1)) {
      lo = e.mul(place[v], e.index(columnsOfUnit));
      hi = e.minimum(e.add(lo, e.index(columnsOfUnit)), hi);
    }
    Value rows = wholeSquares(row, rowEnd), columns = wholeSquares(lo, hi);
    e.loop(lo, columns, side, [&](Value i) { s.block(at, row, left(row, rows), i, left(i, columns)); });
    auto elements = [&](Value from, Value to, Value lo, Value hi, int64_t width) { e.loop(from, to, 1, [&](Value r) { s.elements(at, r, lo, hi, width); }); };
    if (!divisible(dims[u]))
      elements(rows, rowEnd, lo, columns, lanes);
    if (!divisible(dims[v]))
      elements(row, rowEnd, columns, hi, 1);
  });
  int64_t perUnit = std::max<int64_t>(1, std::min(side, dims[u].upper()) * std::min(dims[v].upper(), columnsOfUnit) / lanes * e.elementCost());
  return Schedule{ir::product(context, units), std::max<int64_t>(1, (1 << 14) / perUnit)};
}
