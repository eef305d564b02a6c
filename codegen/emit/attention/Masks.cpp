// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Masks.cpp - which keys a panel of queries has to look at ------------------------------------------------------===//
//
// A block of keys is cut into stretches. For each of them code is made that computes bounds of what the score program's
// masks compare (dialects/weft/Intervals.h), a few integer operations; where the program is -inf for all pairs, the
// stretch is dead. The keys from the first to the last stretch that is not dead are computed, and what is masked among
// them is masked one by one.
//
//===----------------------------------------------------------------------------------------------------------------===//
#include "codegen/emit/attention/Attention.h"
#include "dialects/weft/Intervals.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace weft;
using namespace weft::codegen;
using ir::Coord;
using ir::Dim;

constexpr int64_t keysOfStretch = 16;

namespace {
/// Intervals whose ends are computed by the kernel.
struct CodeEnds {
  using Number = Value; // index
  using Truth = Value;  // i1
  KernelEmitter &e;

  Value number(int64_t n) { return e.index(n); }
  Value size(const Dim &dim) { return e.size(dim); }
  Value add(Value a, Value b) { return e.add(a, b); }
  Value subtract(Value a, Value b) { return arith::SubIOp::create(e.b, e.loc, a, b); }
  Value scale(Value a, int64_t by) { return e.mul(a, e.index(by)); }
  std::optional<Value> smaller(Value a, Value b) { return arith::MinSIOp::create(e.b, e.loc, a, b).getResult(); }
  std::optional<Value> larger(Value a, Value b) { return arith::MaxSIOp::create(e.b, e.loc, a, b).getResult(); }
  Value compare(arith::CmpIPredicate predicate, Value a, Value b) {
    return arith::CmpIOp::create(e.b, e.loc, predicate, a, b);
  }
  Value less(Value a, Value b) { return compare(arith::CmpIPredicate::slt, a, b); }
  Value lessOrEqual(Value a, Value b) { return compare(arith::CmpIPredicate::sle, a, b); }
  Value truth(bool holds) { return arith::ConstantIntOp::create(e.b, e.loc, holds, 1); }
  Value both(Value a, Value b) { return arith::AndIOp::create(e.b, e.loc, a, b); }
  Value either(Value a, Value b) { return arith::OrIOp::create(e.b, e.loc, a, b); }
  Value negated(Value a) { return arith::XOrIOp::create(e.b, e.loc, a, truth(true)); }
  bool isPoint(Value a, Value b) { return a == b; }
  /// At one position a value is what the program computes there.
  Value element(Value v, ArrayRef<Value> at) {
    SmallVector<Coord> position;
    for (Value i : at)
      position.push_back({i, 0, false});
    return e.withLanes(1, [&] { return e.element(v, position); });
  }
  std::optional<Value> exact(Value v, ArrayRef<Value> at) {
    auto type = dyn_cast<IntegerType>(ir::elementOf(v));
    if (!type || type.getWidth() < 32)
      return std::nullopt;
    return arith::IndexCastOp::create(e.b, e.loc, e.b.getIndexType(), element(v, at)).getResult();
  }
  std::optional<Value> exactTruth(Value v, ArrayRef<Value> at) {
    return ir::elementOf(v).isInteger(1) ? std::optional(element(v, at)) : std::nullopt;
  }
};
} // namespace

std::pair<Value, Value> Attention::liveKeys(Value first, Value lo, Value hi) {
  // Asked once for nothing: most programs without a mask end here.
  using Range = ir::Intervals<CodeEnds>;
  auto rangesFor = [&](Value from, Value end) {
    SmallVector<Range::Interval> at;
    Value last = e.add(e.minimum(e.add(first, e.index(panel)), e.size(sizes[query])), e.index(-1));
    for (char label : spec.scores) {
      if (label == spec.key)
        at.push_back({from, e.add(end, e.index(-1))});
      else if (label == query)
        at.push_back({first, last});
      else
        at.push_back({position[label], position[label]});
    }
    return at;
  };
  bool masks = true;
  Values live = e.loop(lo, hi, keysOfStretch, {hi, lo}, [&](Value from, ValueRange found) {
    Value end = e.minimum(e.add(from, e.index(keysOfStretch)), hi);
    std::optional<Value> dead = Range(CodeEnds{e}).isMasked(yielded(0), rangesFor(from, end));
    if (!dead) {
      masks = false;
      return Values(found);
    }
    return Values{chosen(*dead, found[0], e.minimum(found[0], from)),
                  chosen(*dead, found[1], CodeEnds{e}.larger(found[1], end).value())};
  });
  return masks ? std::pair(live[0], live[1]) : std::pair(lo, hi);
}
