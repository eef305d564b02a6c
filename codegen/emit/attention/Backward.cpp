// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The cotangents of q, k and v of one head of k and v; see Attention.h.
#include "codegen/emit/attention/Attention.h"
#include "dialects/weft/Intervals.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace weft;
using namespace weft::codegen;
using ir::Coord;
using ir::Dim;
using ir::Dims;

namespace {
constexpr int64_t keysOfBlock = 64; // of two tiles, each 12 KB with a panel of 48 lanes

struct Backward {
  Attention &a;
  KernelEmitter &e;
  ir::AttentionGradOp op;
  Attention::Tensor q, k, v, cotangent, lse, delta, dq, dk, dv;
  Value turnedQ, turnedG, sums; // on the stack: Qt, Gt, dQt
  Value weights, slopes;        // tiles: P and D
  Value shift, mean;            // lse and delta of the panel

  explicit Backward(Attention &a)
      : a(a), e(a.e), op(cast<ir::AttentionGradOp>(a.hero)), q(a.operand(0, a.spec.q)), k(a.operand(1, a.spec.k)),
        v(a.operand(2, a.spec.v)), cotangent(a.operand(3, a.spec.result)), lse(a.operand(4, a.spec.rows)),
        delta(a.operand(5, a.spec.rows)), dq(a.result(0, a.spec.q)), dk(a.result(1, a.spec.k)),
        dv(a.result(2, a.spec.v)), turnedQ(e.scratch(a.element, a.panel * a.inner)),
        turnedG(e.scratch(a.element, a.panel * a.value)), sums(e.scratch(a.element, a.panel * a.inner)),
        weights(e.scratch(a.element, a.panel * keysOfBlock)), slopes(e.scratch(a.element, a.panel * keysOfBlock)),
        shift(e.scratch(a.element, a.panel)), mean(e.scratch(a.element, a.panel)) {
    for (unsigned i = 0; i < op.getSums().size(); ++i)
      summed.push_back({a.result(3 + i, a.spec.outer + "#"), e.scratch(a.element, a.panel * keysOfBlock),
                        2 + unsigned(factorsYielded()) + 2 * i});
  }
  unsigned factorsYielded() { return op.getMultiplied(); }

  Value load(Value memory, Value at) { return e.lanes == 1 ? a.loadNumber(memory, at) : a.loadLanes(memory, at); }
  void store(Value v, Value memory, Value at) {
    if (e.lanes == 1)
      a.storeNumber(v, memory, at);
    else
      a.storeLanes(v, memory, at);
  }

  // ---- sums of what the program makes of the cotangents
  struct Sum {
    Attention::Tensor memory; // f64
    Value tile;               // the numbers of a block
    unsigned yields;          // which value of the region they are; the next one has their places
  };
  SmallVector<Sum> summed;

  void zeroSums() {
    for (Sum &sum : summed)
      e.loop(e.index(0), e.size(sum.memory.dims.back()), 1,
             [&](Value i) { a.storeNumber(zero64(), sum.memory.memory, e.add(a.place(sum.memory), i)); });
  }
  Value zero64() {
    return e.withLanes(1, [&] { return e.constant(a.b.getF64Type(), 0); });
  }
  Value placeOf(const Sum &sum, Value row, Value key) {
    return e.withLanes(1, [&] {
      Value place = e.element(a.yielded(sum.yields + 1), a.at(row, false, key));
      return Value(arith::IndexCastOp::create(a.b, e.loc, a.b.getIndexType(), place));
    });
  }
  Value wide(Value v, Type like) { return v.getType() == like ? v : Value(arith::ExtFOp::create(a.b, e.loc, like, v)); }
  void addTo(Value memory, Value at, Value number) {
    a.storeNumber(arith::AddFOp::create(a.b, e.loc, a.loadNumber(memory, at), number), memory, at);
  }
  /// The numbers of a block, in the order of keys and queries: several may go to one place. By distance the lanes of a
  /// vector have neighbouring places, and one place where only the key counts.
  void addSums(Value first, Value lo, Value hi, Value from) {
    Type f64 = a.b.getF64Type();
    auto lanes = VectorType::get({a.lanes}, f64);
    Value there = e.minimum(e.index(a.panel), a.minus(e.size(a.sizes[a.query]), first));
    for (Sum &sum : summed) {
      std::optional<int64_t> growth = ir::growthAlong(a.yielded(sum.yields + 1), int64_t(a.spec.scores.find(a.query)));
      bool together = growth && std::abs(*growth) <= 1;
      Value whole = e.index(0), memory = sum.memory.memory;
      if (together)
        whole = e.mul(arith::DivUIOp::create(a.b, e.loc, there, e.index(a.lanes)), e.index(a.lanes));
      e.loop(lo, hi, 1, [&](Value j) {
        Value row = e.mul(a.minus(j, from), e.index(a.panel)), start = a.place(sum.memory);
        if (together)
          e.loop(e.index(0), whole, a.lanes, [&](Value r) {
            Value numbers = wide(a.loadLanes(sum.tile, e.add(row, r)), lanes);
            Value at = e.add(start, placeOf(sum, e.add(first, r), j));
            if (*growth == 0) {
              addTo(memory, at, vector::ReductionOp::create(a.b, e.loc, vector::CombiningKind::ADD, numbers));
              return;
            }
            if (*growth < 0) {
              SmallVector<int64_t> turned(llvm::reverse(llvm::seq<int64_t>(0, a.lanes)));
              numbers = vector::ShuffleOp::create(a.b, e.loc, numbers, numbers, turned);
              at = e.add(at, e.index(1 - a.lanes));
            }
            Value old = vector::LoadOp::create(a.b, e.loc, lanes, memory, ValueRange{at});
            a.storeLanes(arith::AddFOp::create(a.b, e.loc, old, numbers), memory, at);
          });
        e.loop(whole, there, 1, [&](Value r) {
          addTo(memory, e.add(start, placeOf(sum, e.add(first, r), j)),
                wide(a.loadNumber(sum.tile, e.add(row, r)), f64));
        });
      });
    }
  }

  /// The tile of products becomes that of weights, times factors; the tile of cotangents of weights that of cotangents
  /// of products.
  void program(Value first, Value lo, Value hi, Value from) {
    bool factors = op.getMultiplied();
    e.loop(lo, hi, 1, [&](Value j) {
      Value row = e.mul(a.minus(j, from), e.index(a.panel));
      a.eachVector(
          first, j, row,
          [&](Value at, ArrayRef<Coord> coords) {
            Value r = a.minus(at, row);
            e.setHero(a.body.getArgument(0), load(weights, at));
            Value score = e.element(a.yielded(0), coords);
            Value p = math::ExpOp::create(a.b, e.loc, Value(arith::SubFOp::create(a.b, e.loc, score, load(shift, r))));
            Value ofWeight = load(slopes, at), multiplied = p;
            if (factors) {
              Value factor = e.element(a.yielded(2), coords);
              e.setHero(a.body.getArgument(2), arith::MulFOp::create(a.b, e.loc, p, ofWeight));
              ofWeight = arith::MulFOp::create(a.b, e.loc, ofWeight, factor);
              multiplied = arith::MulFOp::create(a.b, e.loc, p, factor);
            }
            Value ofScore =
                arith::MulFOp::create(a.b, e.loc, p, Value(arith::SubFOp::create(a.b, e.loc, ofWeight, load(mean, r))));
            e.setHero(a.body.getArgument(1), ofScore);
            store(e.element(a.yielded(1), coords), slopes, at);
            for (Sum &sum : summed)
              store(e.element(a.yielded(sum.yields), coords), sum.tile, at);
            store(multiplied, weights, at);
          },
          [&](Value at) { // a row that is not there counts nothing
            store(e.constant(a.element, 0), weights, at);
            store(e.constant(a.element, 0), slopes, at);
          });
    });
  }

  void panel(Value first) {
    a.turn(q, first, a.inner, turnedQ);
    a.turn(cotangent, first, a.value, turnedG);
    e.loop(e.index(0), e.index(a.panel * a.inner), a.lanes, [&](Value i) { a.storeLanes(a.lanesOf(0), sums, i); });
    Value last = e.add(e.size(a.sizes[a.query]), e.index(-1));
    e.loop(e.index(0), e.index(a.panel), 1, [&](Value r) {
      Value row = e.minimum(e.add(first, r), last);
      a.storeNumber(a.finite(a.loadNumber(lse.memory, a.place(lse, {{a.query, row}}))), shift, r);
      a.storeNumber(a.loadNumber(delta.memory, a.place(delta, {{a.query, row}})), mean, r);
    });
    Value keys = e.size(a.sizes[a.spec.key]);
    e.loop(e.index(0), keys, keysOfBlock, [&](Value from) {
      Value end = e.minimum(e.add(from, e.index(keysOfBlock)), keys);
      auto [lo, hi] = a.liveKeys(first, from, end);
      a.when(a.less(lo, hi), [&, lo = lo, hi = hi] {
        a.products(k, a.inner, turnedQ, lo, hi, from, weights);
        a.products(v, a.value, turnedG, lo, hi, from, slopes);
        program(first, lo, hi, from);
        addSums(first, lo, hi, from);
        a.addRows(weights, cotangent, first, lo, hi, from, a.value, dv);
        a.addTurned(k, a.inner, slopes, lo, hi, from, {}, sums);
        a.addRows(slopes, q, first, lo, hi, from, a.inner, dk);
      });
    });
    a.turnBack(sums, dq, first, a.inner, Value());
  }
};
} // namespace

Schedule weft::codegen::emitBackward(Attention &a) {
  KernelEmitter &e = a.e;
  MLIRContext *context = a.b.getContext();
  Backward backward(a);
  // Labels of which each position has its own rows of dk and of dv are units; those that dk or dv are summed over, or
  // that one of them has alone, are loops.
  Dims units;
  std::string outer, rest, ofK, ofV;
  for (char label : a.spec.outer) {
    bool inK = a.spec.k.find(label) != std::string::npos, inV = a.spec.v.find(label) != std::string::npos;
    if (inK && inV) {
      outer += label;
      units.push_back(a.sizes[label]);
      continue;
    }
    rest += label;
    if (inK)
      ofK += label;
    if (inV)
      ofV += label;
  }
  e.loop(e.begin(), e.end(), 1, [&](Value unit) {
    SmallVector<Value> at = e.delinearize(unit, units);
    for (auto [label, i] : llvm::zip(outer, at))
      a.position[label] = i;
    a.over(ofK, [&] { a.zeroRows(backward.dk, a.inner); });
    a.over(ofV, [&] { a.zeroRows(backward.dv, a.value); });
    a.over(rest, [&] {
      backward.zeroSums();
      e.loop(e.index(0), e.size(a.sizes[a.query]), a.panel, [&](Value first) { backward.panel(first); });
    });
  });
  return {ir::product(context, units), 1};
}
