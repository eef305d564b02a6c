// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- ContractTiles.cpp - bf16 products by instructions of their own ----------------------------------------------------===//
//
// AMX has tile registers of 16 rows of 64 bytes. One instruction multiplies 16 x 32 by 32 x 16 numbers of bf16 and adds
// the product to 16 x 16 numbers of f32. The second factor has two k of a column next to each other: row p of its tile
// has k = 2p and k = 2p + 1 of each of 16 columns.
//
//   for k0 in blocks of the sum
//     rows:    [rows of the unit, depth] bf16           copied, the end of a block filled with zeros
//     columns: [columns / 16, depth / 2, 16] pairs      interleaved, or transposed where the operand is contiguous in k
//     for 32 x 32 of the unit: four tiles of sums, += four products for each 32 of k
//
// Sums wait in memory between blocks and until the epilogue has read them: rows and columns beyond the unit's edges are
// computed and not read. After every four blocks they go into totals and begin anew, so that no chain of additions is
// long.
//
// Without matrix registers, AVX512-BF16 has an instruction that adds to each of 16 sums the two products of a pair of
// k. The blocks are the same; a tile has 8 rows and two vectors. Rows that are contiguous along k are read from their
// own memory. If the sum has one block only, the sums of a whole tile go from registers to the result.
//
//===----------------------------------------------------------------------------------------------------------------===//
#include "codegen/emit/contract/Contraction.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace weft;
using namespace weft::codegen;
using ir::Dim;

namespace {
constexpr int64_t side = 16;       // rows of a tile, and its columns of f32
constexpr int64_t sums = 2 * side; // rows and columns of four tiles of sums
constexpr int64_t step = 32;       // of k in one product
constexpr int64_t height = 8;      // rows of a tile in vector registers

bool divides(int64_t step, const Dim &size) { return size.isConstant() && size.staticSize() % step == 0; }

class TileEmitter {
public:
  TileEmitter(Contraction &c, const Tiled &t, Value m0, Value m1, Value n0, Value n1)
      : c(c), e(c.e), t(t), m0(m0), m1(m1), n0(n0), n1(n1), M(c.extent[t.m]), N(c.extent[t.n]), K(c.extent[t.k]),
        i16(e.b.getIntegerType(16)), i32(e.b.getI32Type()), i64(e.b.getI64Type()),
        tile(LLVM::LLVMX86AMXType::get(e.b.getContext())) {}

  void emit() {
    SmallVector<Block> waiting{{m0, m1, n0, n1}}; // blocks whose sums are in memory
    if (t.finishes)
      waiting = edges();
    if (t.totals)
      eachSum(waiting, [&](Value at) { c.storeVector(e.constant(c.accumulator, 0), t.totals, at); });
    e.loop(e.index(0), e.size(K), t.depth, [&](Value block) {
      k0 = block;
      k1 = e.minimum(c.moved(k0, t.depth), e.size(K));
      if (!t.readsRows)
        stageRows();
      t.transposed ? transposeColumns() : interleaveColumns();
      if (!t.pairs && K.staticSize() % step)
        clearEnd();
      if (t.finishes)
        tiles({m0, whole(m0, m1, height), n0, whole(n0, n1, sums)}, height,
              [&](Value row, Value column) { finishPairs(row, column); });
      Value first = isZero(t.totals ? Value(arith::RemUIOp::create(e.b, e.loc, k0, e.index(t.chain()))) : k0);
      for (const Block &block : waiting)
        tiles(block, t.pairs ? height : sums,
              [&](Value row, Value column) { t.pairs ? addPairs(row, column, first) : product(row, column, first); });
      if (t.totals) {
        Value ends = isZero(arith::RemUIOp::create(e.b, e.loc, k1, e.index(t.chain()))),
              last = isZero(minus(e.size(K), k1));
        Value times =
            arith::SelectOp::create(e.b, e.loc, arith::OrIOp::create(e.b, e.loc, ends, last), e.index(1), e.index(0));
        e.loop(e.index(0), times, 1, [&](Value) {
          eachSum(waiting, [&](Value at) {
            c.storeVector(c.plus(c.loadVector(t.totals, at), c.loadVector(t.sums, at)), t.totals, at);
          });
        });
      }
    });
    for (const Block &block : waiting)
      e.loop(block.m0, block.m1, 1, [&](Value row) {
        c.at[t.m] = {row, 0, false};
        columnVectors(block.n0, block.n1, [&](Value column) {
          c.at[t.n] = {column, e.lanes == 1 ? 0 : 1, false};
          c.store(c.loadVector(t.totals ? t.totals : t.sums, sumAt(minus(row, m0), minus(column, n0))));
        });
      });
  }

private:
  struct Block {
    Value m0, m1, n0, n1;
  };
  /// The end of the last whole step.
  Value whole(Value from, Value to, int64_t step) {
    return minus(to, arith::RemUIOp::create(e.b, e.loc, minus(to, from), e.index(step)));
  }
  /// The parts of the unit that whole tiles do not cover: the rows below them and the columns beside them.
  SmallVector<Block> edges() {
    SmallVector<Block> blocks;
    Value m = whole(m0, m1, height), n = whole(n0, n1, sums);
    if (!divides(height, M))
      blocks.push_back({m, m1, n0, n1});
    if (!divides(sums, N))
      blocks.push_back({m0, m, n, n1});
    return blocks;
  }
  Value isZero(Value v) { return arith::CmpIOp::create(e.b, e.loc, arith::CmpIPredicate::eq, v, e.index(0)); }
  /// Every vector of the sums that wait.
  void eachSum(ArrayRef<Block> blocks, llvm::function_ref<void(Value)> body) {
    for (const Block &block : blocks)
      e.loop(block.m0, block.m1, 1, [&](Value row) {
        columnVectors(block.n0, block.n1, [&](Value column) { body(sumAt(minus(row, m0), minus(column, n0))); });
      });
  }
  /// Rows and columns of a tile, counted from the unit's first.
  void tiles(const Block &block, int64_t rows, llvm::function_ref<void(Value, Value)> body) {
    e.loop(minus(block.n0, n0), minus(block.n1, n0), sums, [&](Value column) {
      e.loop(minus(block.m0, m0), minus(block.m1, m0), rows, [&](Value row) { body(row, column); });
    });
  }
  Value minus(Value a, Value b) { return arith::SubIOp::create(e.b, e.loc, a, b); }
  Value number(Type type, int64_t v) { return arith::ConstantOp::create(e.b, e.loc, e.b.getIntegerAttr(type, v)); }
  Value sumAt(Value row, Value column) { return e.add(e.mul(row, e.index(t.sumPitch())), column); }
  Value rowAt(Value row, Value i) { return e.add(e.mul(row, e.index(t.rowPitch())), i); }
  /// The place of a pair of k and a column; the pair counts from the first of the block, the column from that of the
  /// unit.
  Value columnAt(Value column, Value pair) {
    Value in = arith::RemUIOp::create(e.b, e.loc, column, e.index(side)),
          of = arith::DivUIOp::create(e.b, e.loc, column, e.index(side));
    return e.add(e.mul(e.add(e.mul(of, e.index(t.depth / 2)), pair), e.index(side)), in);
  }
  void columnVectors(Value from, Value to, llvm::function_ref<void(Value)> body) {
    e.tiled(from, to, N, t.columnWidths,
            [&](Value column, int64_t width) { e.withLanes(width, [&] { body(column); }); });
  }

  Value halves(Value v) { return arith::TruncIOp::create(e.b, e.loc, e.laned(i16), c.upperHalf(v, false)); }

  void stageRows() {
    bool vectors = c.contiguous(1 - t.vectorSide) == t.k;
    e.loop(m0, m1, 1, [&](Value row) {
      e.tiled(k0, k1, K, vectors ? ArrayRef<int64_t>{step, 2} : ArrayRef<int64_t>{1}, [&](Value i, int64_t width) {
        e.withLanes(width, [&] {
          c.at[t.m] = {row, 0, false};
          c.at[t.k] = {i, width == 1 ? 0 : 1, false};
          e.store(halves(c.narrowOperand(1 - t.vectorSide, t.k)), t.rows, i16,
                  {rowAt(minus(row, m0), minus(i, k0)), width == 1 ? 0 : 1, false});
        });
      });
    });
  }
  void interleaveColumns() {
    e.loop(k0, k1, 2, [&](Value i) {
      Value pair = arith::DivUIOp::create(e.b, e.loc, minus(i, k0), e.index(2));
      columnVectors(n0, n1, [&](Value column) {
        c.at[t.n] = {column, e.lanes == 1 ? 0 : 1, false};
        auto at = [&](int64_t by) {
          c.at[t.k] = {c.moved(i, by), 0, false};
          return c.narrowOperand(t.vectorSide, t.n);
        };
        Value low = at(0), both = c.pair(low, at(1));
        e.store(both, t.columns, i32, {columnAt(minus(column, n0), pair), e.lanes == 1 ? 0 : 1, false});
      });
    });
  }
  /// The columns are contiguous along k, so pairs are neighbours in memory. 16 pairs of 16 columns are transposed as a
  /// square.
  void transposeColumns() {
    e.tiled(k0, k1, K, {step, 2}, [&](Value i, int64_t width) {
      Value pair = arith::DivUIOp::create(e.b, e.loc, minus(i, k0), e.index(2));
      auto pairs = [&](Value column) {
        return e.withLanes(width, [&] {
          c.at[t.n] = {column, 0, false};
          c.at[t.k] = {i, 1, false};
          return Value(vector::BitCastOp::create(e.b, e.loc, VectorType::get({width / 2}, i32),
                                                 halves(c.narrowOperand(t.vectorSide, t.k))));
        });
      };
      e.tiled(n0, n1, N, {side, 1}, [&](Value column, int64_t count) {
        if (count == side && width == step) {
          Values square;
          for (int64_t j = 0; j < side; ++j)
            square.push_back(pairs(c.moved(column, j)));
          e.withLanes(side, [&] {
            for (auto [p, v] : llvm::enumerate(e.transpose(square)))
              e.store(v, t.columns, i32, {columnAt(minus(column, n0), c.moved(pair, int64_t(p))), 1, false});
          });
          return;
        }
        for (int64_t j = 0; j < count; ++j) {
          Value own = pairs(c.moved(column, j));
          for (int64_t p = 0; p < width / 2; ++p)
            e.withLanes(1, [&] {
              e.store(vector::ExtractOp::create(e.b, e.loc, own, ArrayRef<int64_t>{p}), t.columns, i32,
                      {columnAt(minus(c.moved(column, j), n0), c.moved(pair, p)), 0, false});
            });
        }
      });
    });
  }
  /// The last product of the last block reaches beyond the end of the sum. Fills the rest with zeros.
  void clearEnd() {
    int64_t last = K.staticSize() % t.depth ? K.staticSize() % t.depth : t.depth,
            rounded = llvm::divideCeil(last, step) * step;
    Value isLast = arith::CmpIOp::create(e.b, e.loc, arith::CmpIPredicate::eq, k1, e.size(K));
    Value end = arith::SelectOp::create(e.b, e.loc, isLast, e.index(rounded), e.index(last));
    e.loop(e.index(0), minus(m1, m0), 1, [&](Value row) {
      e.loop(e.index(last), end, 1, [&](Value i) {
        e.withLanes(1, [&] { e.store(number(i16, 0), t.rows, i16, {rowAt(row, i), 0, false}); });
      });
    });
    e.loop(e.index(0), minus(n1, n0), 1, [&](Value column) {
      e.loop(e.index(last / 2), arith::DivUIOp::create(e.b, e.loc, end, e.index(2)), 1, [&](Value pair) {
        e.withLanes(1, [&] { e.store(number(i32, 0), t.columns, i32, {columnAt(column, pair), 0, false}); });
      });
    });
  }

  /// The first block starts from zeros, which are read from the memory of the sums like any other.
  void clearSums(Value row, Value column, Value first, int64_t rows) {
    e.loop(e.index(0), arith::SelectOp::create(e.b, e.loc, first, e.index(rows), e.index(0)), 1, [&](Value r) {
      e.withLanes(side, [&] {
        for (int64_t j = 0; j < sums; j += side)
          c.storeVector(e.constant(c.accumulator, 0), t.sums, sumAt(e.add(row, r), c.moved(column, j)));
      });
    });
  }

  // ---- pairs ----
  /// A pair of k of one row, spread over all lanes. A row beyond the edge reads the last row again.
  Value pairOfRow(Value row, Value i) {
    Value memory = t.rows, at = rowAt(row, i);
    if (t.readsRows) {
      c.at[t.m] = {e.minimum(e.add(m0, row), c.moved(m1, -1)), 0, false};
      c.at[t.k] = {e.add(k0, i), 0, false};
      auto operand = cast<BlockArgument>(c.operands[1 - t.vectorSide]);
      memory = e.operandMemory(operand);
      at = e.linearIn(operand, c.place(1 - t.vectorSide)).base;
    }
    Value two = e.withLanes(2, [&] { return e.load(memory, i16, {at, 1, false}); });
    Value one = vector::BitCastOp::create(e.b, e.loc, VectorType::get({1}, i32), two);
    return vector::BroadcastOp::create(e.b, e.loc, VectorType::get({side}, i32),
                                       vector::ExtractOp::create(e.b, e.loc, one, ArrayRef<int64_t>{0}));
  }
  /// 8 rows by 32 columns at a row and a column of the unit: vectors of a row are neighbours.
  void eachPair(llvm::function_ref<void(int64_t, int64_t)> body) {
    for (int64_t r = 0; r < height; ++r)
      for (int64_t j = 0; j < sums; j += side)
        body(r, j);
  }
  Values productOfPairs(Value row, Value column, ValueRange acc) {
    return e.loop(e.index(0), minus(k1, k0), 2, acc, [&](Value i, ValueRange carried) {
      Value pair = arith::DivUIOp::create(e.b, e.loc, i, e.index(2)), right[2];
      for (int64_t v : {0, 1})
        right[v] = e.load(t.columns, i32, {columnAt(c.moved(column, v * side), pair), 1, false});
      Values next;
      for (int64_t r = 0; r < height; ++r) {
        Value left = pairOfRow(c.moved(row, r), i);
        for (int64_t v : {0, 1})
          next.push_back(c.multiplyAddPairs(left, right[v], carried[2 * r + v]));
      }
      return next;
    });
  }
  void addPairs(Value row, Value column, Value first) {
    clearSums(row, column, first, height);
    e.withLanes(side, [&] {
      Values acc;
      eachPair([&](int64_t r, int64_t j) {
        acc.push_back(c.loadVector(t.sums, sumAt(c.moved(row, r), c.moved(column, j))));
      });
      acc = productOfPairs(row, column, acc);
      int64_t s = 0;
      eachPair(
          [&](int64_t r, int64_t j) { c.storeVector(acc[s++], t.sums, sumAt(c.moved(row, r), c.moved(column, j))); });
    });
  }
  /// Computes a whole tile whose sum has one block. Its sums go from registers to the result.
  void finishPairs(Value row, Value column) {
    e.withLanes(side, [&] {
      Values acc = productOfPairs(row, column, Values(height * sums / side, e.constant(c.accumulator, 0)));
      int64_t s = 0;
      eachPair([&](int64_t r, int64_t j) {
        c.at[t.m] = {c.moved(e.add(m0, row), r), 0, false};
        c.at[t.n] = {c.moved(e.add(n0, column), j), 1, false};
        c.store(acc[s++]);
      });
    });
  }

  // ---- tiles ----
  Value address(Value memory, Value at, int64_t bytes) {
    Value base = memref::ExtractAlignedPointerAsIndexOp::create(e.b, e.loc, memory),
          place = e.add(base, e.mul(at, e.index(bytes)));
    Value number = arith::IndexCastOp::create(e.b, e.loc, i64, place);
    return LLVM::IntToPtrOp::create(e.b, e.loc, LLVM::LLVMPointerType::get(e.b.getContext()), number);
  }
  LLVM::CallIntrinsicOp call(Type result, StringRef name, ValueRange operands) {
    return LLVM::CallIntrinsicOp::create(e.b, e.loc, result, e.b.getStringAttr(name), operands);
  }
  Value rowsOfTile() { return number(i16, side); }
  Value bytesOfRow() { return number(i16, 2 * step); }
  Value load(Value memory, Value at, int64_t bytes, int64_t pitch) {
    return call(tile, "llvm.x86.tileloadd64.internal",
                {rowsOfTile(), bytesOfRow(), address(memory, at, bytes), number(i64, pitch * bytes)})
        .getResult(0);
  }
  /// Computes four tiles of sums, at a row and a column of the unit.
  void product(Value row, Value column, Value first) {
    auto at = [&](int64_t i, int64_t j) { return sumAt(c.moved(row, i * side), c.moved(column, j * side)); };
    clearSums(row, column, first, sums);
    Values acc;
    for (int64_t i : {0, 1})
      for (int64_t j : {0, 1})
        acc.push_back(load(t.sums, at(i, j), 4, t.sumPitch()));
    acc = e.loop(e.index(0), minus(k1, k0), step, acc, [&](Value i, ValueRange carried) {
      Value pair = arith::DivUIOp::create(e.b, e.loc, i, e.index(2));
      Value left[2], right[2];
      for (int64_t s : {0, 1}) {
        left[s] = load(t.rows, rowAt(c.moved(row, s * side), i), 2, t.rowPitch());
        right[s] = load(t.columns, columnAt(c.moved(column, s * side), pair), 4, side);
      }
      Values next;
      for (int64_t s = 0; s < 4; ++s)
        next.push_back(call(tile, "llvm.x86.tdpbf16ps.internal",
                            {rowsOfTile(), bytesOfRow(), bytesOfRow(), carried[s], left[s / 2], right[s % 2]})
                           .getResult(0));
      return next;
    });
    for (int64_t s = 0; s < 4; ++s)
      LLVM::CallIntrinsicOp::create(e.b, e.loc, e.b.getStringAttr("llvm.x86.tilestored64.internal"),
                                    ValueRange{rowsOfTile(), bytesOfRow(), address(t.sums, at(s / 2, s % 2), 4),
                                               number(i64, t.sumPitch() * 4), acc[s]});
  }

  Contraction &c;
  KernelEmitter &e;
  const Tiled &t;
  Value m0, m1, n0, n1, k0, k1;
  const Dim &M, &N, &K;
  Type i16, i32, i64, tile;
};
} // namespace

void Tiled::allocate(Contraction &c) {
  finishes = pairs && c.extent[k].upper() <= depth;
  readsRows = pairs && c.hasRowsInMemory(1 - vectorSide, k);
  if (!readsRows)
    rows = c.e.scratch(c.e.b.getIntegerType(16), rowBlock * rowPitch());
  columns = c.e.scratch(c.e.b.getI32Type(), columnBlock * depth / 2);
  if (!finishes || !divides(height, c.extent[m]) || !divides(::sums, c.extent[n]))
    sums = c.e.scratch(c.accumulator, rowBlock * sumPitch());
  if (c.extent[k].upper() > chain())
    totals = c.e.scratch(c.accumulator, rowBlock * sumPitch());
  if (!pairs)
    c.e.useTiles();
}

void weft::codegen::emitTiled(Contraction &c, const Tiled &t, Value m0, Value m1, Value n0, Value n1) {
  TileEmitter(c, t, m0, m1, n0, n1).emit();
}
