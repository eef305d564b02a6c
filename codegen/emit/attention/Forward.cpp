// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A panel of queries against all keys, with online softmax; see Attention.h.
#include "codegen/emit/attention/Attention.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include <limits>

using namespace mlir;
using namespace weft;
using namespace weft::codegen;
using ir::Coord;
using ir::Dim;
using ir::Dims;

namespace {
constexpr int64_t keysOfBlock = 128; // with a panel of 48 lanes their scores are 24 KB

struct Forward {
  Attention &a;
  KernelEmitter &e;
  Attention::Tensor q, k, v, result, lse;
  Value turned, sums, scores, largest, divisor; // on the stack: Qt, Ot, a tile, m and l

  explicit Forward(Attention &a)
      : a(a), e(a.e), q(a.operand(0, a.spec.q)), k(a.operand(1, a.spec.k)), v(a.operand(2, a.spec.v)),
        result(a.result(0, a.spec.result)), lse(a.result(1, a.spec.rows)),
        turned(e.scratch(a.element, a.panel * a.inner)), sums(e.scratch(a.element, a.panel * a.value)),
        scores(e.scratch(a.element, a.panel * keysOfBlock)), largest(e.scratch(a.element, a.panel)),
        divisor(e.scratch(a.element, a.panel)) {}

  Value ofVector(int64_t n) { return e.index(n * a.lanes); }
  Value rowOf(Value j, Value from) { return e.mul(a.minus(j, from), e.index(a.panel)); }

  /// The tile becomes scores. Returns the largest of each lane, and before.
  Values program(Value first, Value lo, Value hi, Value from, Values largestNow) {
    bool identity = a.yielded(0) == a.body.getArgument(0);
    bool safe = a.readsNoMemory();
    auto compute = [&](Value at, ArrayRef<Coord> coords) {
      Value product = e.lanes == 1 ? a.loadNumber(scores, at) : a.loadLanes(scores, at);
      e.setHero(a.body.getArgument(0), product);
      Value score = e.element(a.yielded(0), coords);
      if (e.lanes == 1)
        a.storeNumber(score, scores, at);
      else
        a.storeLanes(score, scores, at);
      return score;
    };
    if (!identity && !safe)
      e.loop(lo, hi, 1, [&](Value j) {
        a.eachVector(
            first, j, rowOf(j, from), [&](Value at, ArrayRef<Coord> coords) { compute(at, coords); }, [](Value) {});
      });
    return e.loop(lo, hi, 1, largestNow, [&](Value j, ValueRange now) {
      Values next;
      for (int64_t n = 0; n < a.vectors; ++n) {
        Value at = e.add(rowOf(j, from), ofVector(n)), score;
        if (!identity && safe)
          score = e.withLanes(a.lanes, [&] { return compute(at, a.at(e.add(first, ofVector(n)), true, j)); });
        else
          score = a.loadLanes(scores, at);
        next.push_back(a.larger(score, now[n]));
      }
      return next;
    });
  }

  /// exp(score - largest), and the sum of that for each lane.
  Values exponentials(Value lo, Value hi, Value from, ArrayRef<Value> shift) {
    Values start(a.vectors, a.lanesOf(0));
    return e.loop(lo, hi, 1, start, [&](Value j, ValueRange sum) {
      Values next;
      for (int64_t n = 0; n < a.vectors; ++n) {
        Value at = e.add(rowOf(j, from), ofVector(n));
        Value p = math::ExpOp::create(a.b, e.loc,
                                      Value(arith::SubFOp::create(a.b, e.loc, a.loadLanes(scores, at), shift[n])));
        a.storeLanes(p, scores, at);
        next.push_back(arith::AddFOp::create(a.b, e.loc, sum[n], p));
      }
      return next;
    });
  }

  /// What the softmax is multiplied by. It does not count in the divisor.
  void factors(Value first, Value lo, Value hi, Value from) {
    if (a.body.getTerminator()->getNumOperands() < 2)
      return;
    e.loop(lo, hi, 1, [&](Value j) {
      a.eachVector(
          first, j, rowOf(j, from),
          [&](Value at, ArrayRef<Coord> coords) {
            Value factor = e.element(a.yielded(1), coords);
            if (e.lanes == 1)
              a.storeNumber(arith::MulFOp::create(a.b, e.loc, a.loadNumber(scores, at), factor), scores, at);
            else
              a.storeLanes(arith::MulFOp::create(a.b, e.loc, a.loadLanes(scores, at), factor), scores, at);
          },
          [](Value) {});
    });
  }

  void block(Value first, Value lo, Value hi, Value from) {
    a.products(k, a.inner, turned, lo, hi, from, scores);
    Values before;
    for (int64_t n = 0; n < a.vectors; ++n)
      before.push_back(a.loadLanes(largest, ofVector(n)));
    Values now = program(first, lo, hi, from, before), shift, scale;
    for (int64_t n = 0; n < a.vectors; ++n) {
      shift.push_back(a.finite(now[n]));
      scale.push_back(math::ExpOp::create(a.b, e.loc, Value(arith::SubFOp::create(a.b, e.loc, before[n], shift[n]))));
    }
    Values sum = exponentials(lo, hi, from, shift);
    for (int64_t n = 0; n < a.vectors; ++n) {
      a.storeLanes(now[n], largest, ofVector(n));
      Value old = arith::MulFOp::create(a.b, e.loc, a.loadLanes(divisor, ofVector(n)), scale[n]);
      a.storeLanes(arith::AddFOp::create(a.b, e.loc, old, sum[n]), divisor, ofVector(n));
    }
    factors(first, lo, hi, from);
    a.addTurned(v, a.value, scores, lo, hi, from, scale, sums);
  }

  void panel(Value first) {
    a.turn(q, first, a.inner, turned);
    e.loop(e.index(0), e.index(a.panel * a.value), a.lanes, [&](Value i) { a.storeLanes(a.lanesOf(0), sums, i); });
    for (int64_t n = 0; n < a.vectors; ++n) {
      a.storeLanes(a.lanesOf(-std::numeric_limits<double>::infinity()), largest, ofVector(n));
      a.storeLanes(a.lanesOf(0), divisor, ofVector(n));
    }
    Value keys = e.size(a.sizes[a.spec.key]);
    e.loop(e.index(0), keys, keysOfBlock, [&](Value from) {
      Value end = e.minimum(e.add(from, e.index(keysOfBlock)), keys);
      auto [lo, hi] = a.liveKeys(first, from, end);
      a.when(a.less(lo, hi), [&, lo = lo, hi = hi] { block(first, lo, hi, from); });
    });
    for (int64_t n = 0; n < a.vectors; ++n) {
      Value l = a.loadLanes(divisor, ofVector(n)), m = a.finite(a.loadLanes(largest, ofVector(n)));
      a.storeLanes(arith::AddFOp::create(a.b, e.loc, Value(math::LogOp::create(a.b, e.loc, l)), m), largest,
                   ofVector(n));
      Value empty = arith::CmpFOp::create(a.b, e.loc, arith::CmpFPredicate::OEQ, l, a.lanesOf(0));
      l = a.chosen(empty, a.lanesOf(1), l);
      a.storeLanes(arith::DivFOp::create(a.b, e.loc, a.lanesOf(1), l), divisor, ofVector(n));
    }
    a.turnBack(sums, result, first, a.value, divisor);
    Value there = e.minimum(e.index(a.panel), a.minus(e.size(a.sizes[a.query]), first));
    e.loop(e.index(0), there, 1, [&](Value r) {
      a.storeNumber(a.loadNumber(largest, r), lse.memory, a.place(lse, {{a.query, e.add(first, r)}}));
    });
  }
};
} // namespace

Schedule weft::codegen::emitForward(Attention &a) {
  KernelEmitter &e = a.e;
  MLIRContext *context = a.b.getContext();
  Forward forward(a);
  Dims units;
  for (char label : a.spec.outer)
    units.push_back(a.sizes[label]);
  units.push_back(a.sizes[a.query].ceilDiv(Dim(context, a.panel)));
  e.loop(e.begin(), e.end(), 1, [&](Value unit) {
    SmallVector<Value> at = e.delinearize(unit, units);
    for (auto [label, i] : llvm::zip(a.spec.outer, at))
      a.position[label] = i;
    forward.panel(e.mul(at.back(), e.index(a.panel)));
  });
  int64_t perUnit =
      std::max<int64_t>(1, a.vectors * (a.inner + a.value) * std::max<int64_t>(1, a.sizes[a.spec.key].upper()));
  return {ir::product(context, units), std::max<int64_t>(1, (1 << 14) / perUnit)};
}
