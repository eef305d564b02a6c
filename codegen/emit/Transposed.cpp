// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Transposed.cpp - operands that are read against their grain, and maps that do so --------------------------------===//
//
//   transpose(x) + y: lanes along a row of y run down a column of x, and need a load each.
//
// So the loops work on squares of as many rows as there are lanes. They load vectors of x along the other dimension, u,
// transpose a square of them in registers, and store it on the stack. When a block of squares is complete, its rows
// read their vectors of x from there. To find the operands that are read like that, and the dimension u, the emitter
// emits an element, looks at its loads and removes it again. Columns and rows that fill no square are read element by
// element.
//
//===----------------------------------------------------------------------------------------------------------------===//
#include "codegen/emit/Transposed.h"
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
constexpr int64_t leastSquare = 4;  // lanes: with fewer of them, single loads are as fast
constexpr int64_t mostOperands = 4; // that are transposed: a block of each is on the stack
constexpr int64_t side = 64;        // of a block of squares: to read or write one cache line at a time would be slow
constexpr int64_t columnsOfUnit = 2048;

bool isStrided(const Access &a) { return !a.linear.varying && a.linear.stride != 0 && a.linear.stride != 1; }
} // namespace

TransposedReads::TransposedReads(KernelEmitter &e, Dims dims, int64_t v, int64_t lanes, ArrayRef<Value> values)
    : e(e), dims(std::move(dims)), v(v), lanes(lanes), values(values) {
  if (lanes < leastSquare)
    return;
  std::optional<SmallVector<Access>> reads = readsAlong(v);
  if (!reads)
    return;
  for (const Access &a : *reads)
    if (isStrided(a) && llvm::count_if(*reads, [&](const Access &other) {
                          return other.operand == a.operand && isStrided(other);
                        }) == 1)
      turned.push_back(a);
  if (turned.empty() || turned.size() > mostOperands)
    return;
  // Finds a second dimension along which the elements of all of them are neighbours in memory.
  for (int64_t d = 0; d < int64_t(this->dims.size()) && u < 0; ++d) {
    if (d == v || (this->dims[d].isConstant() && this->dims[d].staticSize() < lanes))
      continue;
    std::optional<SmallVector<Access>> along = readsAlong(d);
    auto fits = [&](const Access &a) {
      return along && llvm::count_if(*along, [&](const Access &other) {
                        return other.operand == a.operand && !other.linear.varying && other.linear.stride == 1;
                      }) == 1;
    };
    if (llvm::all_of(turned, fits))
      u = d;
  }
}

std::optional<SmallVector<Access>> TransposedReads::readsAlong(int64_t d) {
  return e.withLanes(lanes, [&] {
    return e.readsOf([&] {
      SmallVector<Coord> at; // a new constant for each coordinate, so that different elements are different loads
      for (size_t i = 0; i < dims.size(); ++i)
        at.push_back({e.index(0), 0, false});
      at[d].stride = 1;
      for (Value value : values)
        e.element(value, at);
    });
  });
}

void TransposedReads::allocate(int64_t elements) {
  for (const Access &a : turned)
    memory.push_back(e.scratch(storageType(ir::elementOf(a.operand)), elements));
}

void TransposedReads::turn(SmallVector<Coord> at, Value to, int64_t pitch) {
  at[v].stride = 1;
  e.withLanes(lanes, [&] {
    SmallVector<Access> reads;
    e.recording(reads, [&] {
      for (Value value : values)
        e.element(value, at);
    });
    for (auto [a, memory] : llvm::zip(turned, memory)) {
      const Access *here =
          llvm::find_if(reads, [&](const Access &r) { return r.operand == a.operand && isStrided(r); });
      auto type = VectorType::get({lanes}, storageType(ir::elementOf(a.operand)));
      Values lines;
      for (int64_t l = 0; l < lanes; ++l)
        lines.push_back(vector::LoadOp::create(e.b, e.loc, type, e.memoryOf(a.operand),
                                               ValueRange{e.add(here->linear.base, e.index(l * a.linear.stride))}));
      lines = e.transpose(lines);
      for (int64_t l = 0; l < lanes; ++l)
        vector::StoreOp::create(e.b, e.loc, lines[l], memory, ValueRange{e.add(to, e.index(l * pitch))});
    }
  });
}

void TransposedReads::use(Value from) {
  for (auto [a, memory] : llvm::zip(turned, memory))
    e.setTurned(a.operand, memory, from);
}

namespace {
struct Squares {
  KernelEmitter &e;
  int64_t v, u, lanes;
  TransposedReads &reads;

  void elements(SmallVector<Coord> at, Value row, Value lo, Value hi, int64_t width) {
    at[u] = {row, 0, false};
    e.loop(lo, hi, width, [&](Value i) {
      at[v] = {i, width == 1 ? 0 : 1, false};
      e.withLanes(width, [&] { e.storeResults(at); });
    });
  }
  /// The block of rows [row, row + height) and columns [column, column + width): whole squares, at most `side` each
  /// way.
  void block(SmallVector<Coord> at, Value row, Value height, Value column, Value width) {
    e.loop(e.index(0), width, lanes, [&](Value n) {
      e.loop(e.index(0), height, lanes, [&](Value k) {
        at[u] = {e.add(row, k), 0, false};
        at[v] = {e.add(column, n), 1, false};
        reads.turn(at, e.add(e.mul(k, e.index(side)), n), side);
      });
    });
    e.withLanes(lanes, [&] {
      e.loop(e.index(0), height, 1, [&](Value k) {
        at[u] = {e.add(row, k), 0, false};
        e.loop(e.index(0), width, lanes, [&](Value n) {
          reads.use(e.add(e.mul(k, e.index(side)), n));
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
  TransposedReads reads(e, dims, v, lanes, llvm::to_vector(e.kernel().getTerminator()->getOperands()));
  if (!reads.any())
    return std::nullopt;
  reads.allocate(side * side);
  int64_t u = reads.u;
  Squares s{e, v, u, lanes, reads};

  // A unit is as many rows as a block has.
  Dim chunks = dims[v].upper() > 2 * columnsOfUnit ? dims[v].ceilDiv(Dim(context, columnsOfUnit)) : Dim(context, 1);
  Dims units = dims;
  units[u] = dims[u].ceilDiv(Dim(context, side));
  units[v] = chunks;
  auto wholeSquares = [&](Value from, Value to) {
    return e.add(from,
                 e.mul(arith::DivUIOp::create(e.b, e.loc, arith::SubIOp::create(e.b, e.loc, to, from), e.index(lanes)),
                       e.index(lanes)));
  };
  auto left = [&](Value from, Value to) {
    return e.minimum(arith::SubIOp::create(e.b, e.loc, to, from), e.index(side));
  };
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
    auto elements = [&](Value from, Value to, Value lo, Value hi, int64_t width) {
      e.loop(from, to, 1, [&](Value r) { s.elements(at, r, lo, hi, width); });
    };
    if (!divisible(dims[u]))
      elements(rows, rowEnd, lo, columns, lanes);
    if (!divisible(dims[v]))
      elements(row, rowEnd, columns, hi, 1);
  });
  int64_t perUnit = std::max<int64_t>(1, std::min(side, dims[u].upper()) * std::min(dims[v].upper(), columnsOfUnit) /
                                             lanes * e.elementCost());
  return Schedule{ir::product(context, units), std::max<int64_t>(1, (1 << 14) / perUnit)};
}
