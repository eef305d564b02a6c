// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- ContractStream.cpp - few rows of a product with an operand that comes from afar ---------------------------------------===//
//
// With few rows there is no reason to read the vector operand twice. So it is read once, in the order of its memory: a
// few k at a time, along many columns, which the processor fetches ahead by itself. Meanwhile the sums of the rows stay
// in a near cache.
//
//   for k in groups                       (in blocks, if they are many: after each one the sums go into totals)
//     for columns of the run:  ask for a line a page ahead;  sums[rows x columns] += rows[rows x group] * operand[group x columns]
//
// If the processor has an instruction for pairs of bf16, two k of a column become a pair. It is put together in
// registers.
//
//===----------------------------------------------------------------------------------------------------------------===//
#include "codegen/emit/contract/Contraction.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace weft;
using namespace weft::codegen;
using ir::Dim;

namespace {
constexpr int64_t rowsAtOnce = 4; // their sums do not wait for each other

class StreamEmitter {
public:
  StreamEmitter(Contraction &c, const Stream &s, Value n0, Value n1)
      : c(c), e(c.e), s(s), n0(n0), n1(n1), M(s.m ? c.extent[s.m] : Dim(e.b.getContext(), 1)), N(c.extent[s.n]),
        K(c.extent[s.k]) {}

  void emit() {
    eachSum([&](Value at) {
      for (Value memory : {s.sums, s.totals})
        if (memory)
          c.storeVector(zero(), memory, at);
    });
    auto groups = [&](Value from, Value to) {
      e.tiled(from, to, K, {s.group, s.pairs ? 2 : 1}, [&](Value k0, int64_t depth) { group(k0, depth); });
    };
    if (!s.totals)
      groups(e.index(0), e.size(K));
    else
      e.loop(e.index(0), e.size(K), streamChain, [&](Value from) {
        groups(from, e.minimum(c.moved(from, streamChain), e.size(K)));
        eachSum([&](Value at) {
          c.storeVector(c.plus(c.loadVector(s.totals, at), c.loadVector(s.sums, at)), s.totals, at);
          c.storeVector(zero(), s.sums, at);
        });
      });
    panels([&](Value column, int64_t width, int64_t vectors) {
      rows(1, [&](Value row, int64_t) {
        atRow(row);
        for (int64_t v = 0; v < vectors; ++v) {
          atColumn(column, v);
          c.store(c.loadVector(s.totals ? s.totals : s.sums, sumAt(column, width, row, v)));
        }
      });
    });
  }

private:
  Value minus(Value a, Value b) { return arith::SubIOp::create(e.b, e.loc, a, b); }
  void panels(llvm::function_ref<void(Value, int64_t, int64_t)> body) {
    e.tiled(n0, n1, N, s.columnWidths, [&](Value column, int64_t width) {
      e.withLanes(std::min(width, s.lanes), [&] { body(column, width, width / e.lanes); });
    });
  }
  Value zero() { return e.constant(c.accumulator, 0); }
  /// Every vector of the sums.
  void eachSum(llvm::function_ref<void(Value)> body) {
    panels([&](Value column, int64_t width, int64_t) {
      e.loop(e.index(0), e.index(s.rows * width), e.lanes,
             [&](Value i) { body(e.add(sumAt(column, width, e.index(0), 0), i)); });
    });
  }
  void rows(int64_t atOnce, llvm::function_ref<void(Value, int64_t)> body) {
    e.tiled(e.index(0), e.size(M), M, atOnce > 1 ? ArrayRef<int64_t>{atOnce, 1} : ArrayRef<int64_t>{1}, body);
  }
  void atRow(Value row) {
    if (s.m)
      c.at[s.m] = {row, 0, false};
  }
  void atColumn(Value column, int64_t v) { c.at[s.n] = {c.moved(column, v * e.lanes), e.lanes == 1 ? 0 : 1, false}; }
  /// The sums of all rows for one panel of columns are neighbours. If they were a page apart, they would compete for
  /// the same lines of the cache.
  Value sumAt(Value column, int64_t width, Value row, int64_t v) {
    Value panel = e.mul(minus(column, n0), e.index(s.rows));
    return e.add(panel, c.moved(e.mul(row, e.index(width)), v * e.lanes));
  }
  Value scalarAt(Value row, int64_t i) { return c.moved(e.mul(row, e.index(s.group)), i); }

  /// Asks, for each k of the group, for a line that lies a page further along the columns; behind the last page, for
  /// the beginning of the next group. The processor fetches lines ahead within a page by itself, but not across pages.
  /// The lines go to the second cache: with few rows the multiply-adds have time to wait for it.
  void askAhead(Value k0, Value column) {
    int64_t page = pageBytes / lineBytes * s.line;
    Value done = minus(column, n0), inPage = arith::RemUIOp::create(e.b, e.loc, done, e.index(page));
    Value step = arith::DivUIOp::create(e.b, e.loc, inPage, e.index(s.columnWidths[0]));
    Value k = arith::RemUIOp::create(e.b, e.loc, step, e.index(s.group)),
          line = arith::DivUIOp::create(e.b, e.loc, step, e.index(s.group));
    Value along = c.moved(minus(column, inPage), page),
          stays = arith::CmpIOp::create(e.b, e.loc, arith::CmpIPredicate::slt, along, n1);
    Value row = e.add(e.add(k0, k), arith::SelectOp::create(e.b, e.loc, stays, e.index(0), e.index(s.group)));
    c.at[s.k] = {e.minimum(row, c.moved(e.size(K), -1)), 0, false};
    c.at[s.n] = {e.add(arith::SelectOp::create(e.b, e.loc, stays, along, n0), e.mul(line, e.index(s.line))), 0, false};
    e.prefetch(c.operands[s.vectorSide], c.place(s.vectorSide), s.rows <= rowsAtOnce ? second : nearest);
  }
  Value elementAt(int operand, Value k) {
    c.at[s.k] = {k, 0, false};
    return s.pairs ? c.narrowOperand(operand, s.n) : c.operand(operand, s.n);
  }
  void group(Value k0, int64_t depth) {
    int64_t step = s.pairs ? 2 : 1;
    // Copies the elements of the rows before the loop over the columns. They are neighbours for the same reason.
    e.withLanes(1, [&] {
      rows(1, [&](Value row, int64_t) {
        atRow(row);
        for (int64_t i = 0; i < depth; i += step) {
          Value scalar = elementAt(1 - s.vectorSide, c.moved(k0, i));
          if (s.pairs)
            scalar = c.pair(scalar, elementAt(1 - s.vectorSide, c.moved(k0, i + 1)));
          e.store(scalar, s.scalars, scalar.getType(), {scalarAt(row, i / step), 0, false});
        }
      });
    });
    panels([&](Value column, int64_t width, int64_t vectors) {
      if (depth == s.group && width == s.columnWidths[0])
        askAhead(k0, column);
      // Columns that fill no whole vector use single products.
      bool inPairs = s.pairs && e.lanes == s.lanes;
      Values vector;
      for (int64_t i = 0; i < depth; i += inPairs ? 2 : 1)
        for (int64_t v = 0; v < vectors; ++v) {
          atColumn(column, v);
          Value element = elementAt(s.vectorSide, c.moved(k0, i));
          vector.push_back(inPairs ? c.pair(element, elementAt(s.vectorSide, c.moved(k0, i + 1))) : element);
        }
      rows(M.isConstant() ? std::min(rowsAtOnce, M.staticSize()) : rowsAtOnce, [&](Value first, int64_t height) {
        for (int64_t r = 0; r < height; ++r) {
          Value row = c.moved(first, r);
          Values sum;
          for (int64_t v = 0; v < vectors; ++v)
            sum.push_back(c.loadVector(s.sums, sumAt(column, width, row, v)));
          auto vectorOf = vector.begin();
          for (int64_t i = 0; i < depth; i += step) {
            Value scalar = e.withLanes(1, [&] {
              return e.load(s.scalars, s.pairs ? Type(e.b.getI32Type()) : c.accumulator,
                            {scalarAt(row, i / step), 0, false});
            });
            if (inPairs) {
              Value spread = e.splat(scalar);
              for (Value &at : sum)
                at = c.multiplyAddPairs(spread, *vectorOf++, at);
              continue;
            }
            for (Value one : s.pairs ? halvesOf(scalar) : Values{scalar}) {
              Value spread = e.splat(one);
              for (Value &at : sum)
                at = c.multiplyAdd(spread, *vectorOf++, at);
            }
          }
          for (int64_t v = 0; v < vectors; ++v)
            c.storeVector(sum[v], s.sums, sumAt(column, width, row, v));
        }
      });
    });
  }
  /// The two numbers of a pair.
  Values halvesOf(Value pair) {
    auto number = [&](Value bits) -> Value { return arith::BitcastOp::create(e.b, e.loc, c.accumulator, bits); };
    auto constant = [&](uint32_t n) {
      return arith::ConstantOp::create(e.b, e.loc, e.b.getI32IntegerAttr(int32_t(n)));
    };
    Value low = arith::ShLIOp::create(e.b, e.loc, pair, constant(16)),
          high = arith::AndIOp::create(e.b, e.loc, pair, constant(0xffff0000u));
    return {number(low), number(high)};
  }

  Contraction &c;
  KernelEmitter &e;
  const Stream &s;
  Value n0, n1;
  Dim M, N, K;
};
} // namespace

void weft::codegen::emitStream(Contraction &c, const Stream &s, Value n0, Value n1) {
  StreamEmitter(c, s, n0, n1).emit();
}
