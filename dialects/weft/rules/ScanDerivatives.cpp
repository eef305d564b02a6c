// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Derivatives of scans. Reverse mode keeps the carries of every step and computes the body again on the way back.
#include "dialects/weft/rules/Regions.h"

using namespace mlir;
using namespace weft::ir;

LogicalResult ScanOp::reverse(Build &e, ArrayRef<Value> cotangents, IsActive active, Accumulate accumulate, Later later,
                              SmallVectorImpl<Value> &replacement) {
  Dim length = getLength().getDims()[0];
  if (getCheckpoint() && *getCheckpoint() > 1 && length.isConstant() && int64_t(*getCheckpoint()) < length.staticSize())
    return reverseByChunks(*this, *getCheckpoint(), cotangents, active, accumulate, later, e, replacement);
  unsigned carries = numCarries(), stacked = getNumResults() - carries;
  Location loc = getLoc();
  SmallVector<Value> captured;
  for (Value v : capturedBy(getOperation()->getRegions()))
    if (active(v) && isFloating(v))
      captured.push_back(v);

  // Which carries and slices carry a derivative: reached from what is asked for, and leading to a result with a
  // cotangent. Both by going round.
  Flow flow;
  flow.from.insert(captured.begin(), captured.end());
  for (unsigned j = 0; j < getXs().size(); ++j)
    if (active(getXs()[j]) && isFloating(getXs()[j]))
      flow.from.insert(slice(j));
  for (unsigned k = 0; k < carries; ++k)
    if (active(getInits()[k]) && isFloating(getInits()[k]))
      flow.from.insert(carry(k));
  for (bool grown = true; std::exchange(grown, false);) {
    flow.forward(*block());
    for (unsigned k = 0; k < carries; ++k)
      if (flow.from.contains(yielded()[k]))
        grown |= flow.from.insert(carry(k)).second;
  }
  for (unsigned i = 0; i < getNumResults(); ++i)
    if (cotangents[i])
      flow.to.insert(yielded()[i]);
  llvm::DenseSet<unsigned> needed;
  for (unsigned k = 0; k < carries; ++k)
    if (cotangents[k])
      needed.insert(k);
  for (bool grown = true; std::exchange(grown, false);) {
    flow.backward(*block());
    for (unsigned k = 0; k < carries; ++k)
      if (flow.to.contains(carry(k)) && needed.insert(k).second) {
        flow.to.insert(yielded()[k]);
        grown = true;
      }
  }
  auto both = [&](Value v) { return flow.from.contains(v) && flow.to.contains(v); };
  SmallVector<unsigned> moving, slices, given; // carries, xs, stacked results with cotangents
  for (unsigned k = 0; k < carries; ++k)
    if (flow.from.contains(carry(k)) && needed.contains(k) && isFloating(carry(k)))
      moving.push_back(k);
  for (unsigned j = 0; j < getXs().size(); ++j)
    if (both(slice(j)) && active(getXs()[j]))
      slices.push_back(j);
  for (unsigned i = 0; i < stacked; ++i)
    if (cotangents[carries + i] && flow.from.contains(yielded()[carries + i]))
      given.push_back(i);
  llvm::erase_if(captured, [&](Value v) { return !flow.to.contains(v); });
  if (moving.empty() && slices.empty() && captured.empty())
    return success();

  // Forward, with the carries of every step.
  OpBuilder front(*this);
  ScanOp kept = makeScan(front, loc, length, getReverse(), llvm::to_vector_of<Value>(getInits()),
                         llvm::to_vector_of<Value>(getXs()), [&](OpBuilder &b, Block &body) {
                           Copy copy(b, loc);
                           copy.map.map(block()->getArguments(), body.getArguments());
                           copy.ops(*block());
                           SmallVector<Value> values;
                           for (Value v : yielded())
                             values.push_back(copy.of(v));
                           for (unsigned k = 0; k < carries; ++k)
                             values.push_back(body.getArgument(1 + k));
                           return values;
                         });
  for (NamedAttribute attribute : (*this)->getDiscardableAttrs())
    kept->setAttr(attribute.getName(), attribute.getValue());
  llvm::append_range(replacement, kept.getResults().take_front(getNumResults()));

  // Backward: cotangents of carries and sums of those of captured values are carried; kept carries, xs and cotangents
  // of stacked results come in. The sums are in f32 at least: bf16 would stop growing after 256 steps.
  auto accumulator = [](Value v) { return ElementEmitter::computeType(elementOf(v)); };
  SmallVector<Value> inits, xs;
  for (unsigned k : moving)
    inits.push_back(cotangents[k] ? cotangents[k] : e.zeros(getInits()[k]));
  for (Value v : captured)
    inits.push_back(e.full(0, withElement(typeOf(v), accumulator(v))));
  llvm::append_range(xs, kept.getResults().drop_front(getNumResults()));
  llvm::append_range(xs, getXs());
  for (unsigned i : given)
    xs.push_back(cotangents[carries + i]);
  ScanOp back = makeScan(e.b, loc, length, !getReverse(), inits, xs, [&](OpBuilder &b, Block &body) {
    auto argument = body.args_begin();
    auto take = [&](unsigned n) {
      SmallVector<Value> values(argument, argument + n);
      argument += n;
      return values;
    };
    Value position = take(1)[0];
    SmallVector<Value> ofCarries = take(moving.size()), sums = take(captured.size()), carriesIn = take(carries),
                       slicesIn = take(getXs().size()), ofStacked = take(given.size());
    Copy copy(b, loc);
    copy.map.map(index(), position);
    for (unsigned k = 0; k < carries; ++k)
      copy.map.map(carry(k), carriesIn[k]);
    for (unsigned j = 0; j < getXs().size(); ++j)
      copy.map.map(slice(j), slicesIn[j]);
    SmallVector<Value> ys, cts, wrt;
    for (unsigned k : moving)
      wrt.push_back(carriesIn[k]);
    for (Value v : captured)
      wrt.push_back(copy.alias(v));
    for (unsigned j : slices)
      wrt.push_back(slicesIn[j]);
    copy.ops(*block());
    for (auto [n, k] : llvm::enumerate(moving)) {
      ys.push_back(copy.of(yielded()[k]));
      cts.push_back(ofCarries[n]);
    }
    for (auto [n, i] : llvm::enumerate(given)) {
      ys.push_back(copy.of(yielded()[carries + i]));
      cts.push_back(ofStacked[n]);
    }
    SmallVector<Value> values = gradInside(b, loc, ys, cts, wrt, later);
    for (auto [n, v] : llvm::enumerate(captured)) {
      Build inside(b, loc);
      Value &own = values[moving.size() + n];
      own = inside.add(sums[n], inside.cast(own, accumulator(v)));
    }
    return values;
  });
  // Where the copy of the body begins, and how many inputs are cotangents: for whoever chooses what is kept instead of
  // computed again.
  back->setAttr("recomputes", e.b.getDenseI64ArrayAttr({int64_t(captured.size()), int64_t(given.size())}));
  for (auto [n, k] : llvm::enumerate(moving))
    if (active(getInits()[k]))
      accumulate(getInits()[k], back.getResult(n));
  for (auto [n, v] : llvm::enumerate(captured))
    accumulate(v, e.cast(back.getResult(moving.size() + n), elementOf(v)));
  for (auto [n, j] : llvm::enumerate(slices))
    accumulate(getXs()[j], back.getResult(moving.size() + captured.size() + n));
  return success();
}

LogicalResult ScanOp::forward(Build &e, TangentOf tangentOf, Later later, MutableArrayRef<Value> result,
                              SmallVectorImpl<Value> &again) {
  unsigned carries = numCarries(), stacked = getNumResults() - carries;
  Location loc = getLoc();
  SmallVector<Value> captured;
  for (Value v : capturedBy(getOperation()->getRegions()))
    if (tangentOf(v))
      captured.push_back(v);
  Flow flow;
  flow.from.insert(captured.begin(), captured.end());
  SmallVector<unsigned> slices, moving, given;
  for (unsigned j = 0; j < getXs().size(); ++j)
    if (tangentOf(getXs()[j])) {
      flow.from.insert(slice(j));
      slices.push_back(j);
    }
  for (unsigned k = 0; k < carries; ++k)
    if (tangentOf(getInits()[k]))
      flow.from.insert(carry(k));
  for (bool grown = true; std::exchange(grown, false);) {
    flow.forward(*block());
    for (unsigned k = 0; k < carries; ++k)
      if (flow.from.contains(yielded()[k]))
        grown |= flow.from.insert(carry(k)).second;
  }
  SmallVector<Value> inits(getInits()), xs(getXs());
  for (unsigned k = 0; k < carries; ++k)
    if (flow.from.contains(carry(k))) {
      moving.push_back(k);
      Value t = tangentOf(getInits()[k]);
      inits.push_back(t ? t : e.zeros(getInits()[k]));
    }
  for (unsigned j : slices)
    xs.push_back(tangentOf(getXs()[j]));
  for (unsigned i = 0; i < stacked; ++i)
    if (flow.from.contains(yielded()[carries + i]))
      given.push_back(i);
  // Carries, their tangents; slices, their tangents. It yields carries, their tangents, slices, their tangents.
  ScanOp both = makeScan(e.b, loc, getLength().getDims()[0], getReverse(), inits, xs, [&](OpBuilder &b, Block &body) {
    auto argument = body.args_begin();
    auto take = [&](unsigned n) {
      SmallVector<Value> values(argument, argument + n);
      argument += n;
      return values;
    };
    Value position = take(1)[0];
    SmallVector<Value> carriesIn = take(carries), ofCarries = take(moving.size()), slicesIn = take(getXs().size()),
                       ofSlices = take(slices.size());
    Copy copy(b, loc);
    copy.map.map(index(), position);
    for (unsigned k = 0; k < carries; ++k)
      copy.map.map(carry(k), carriesIn[k]);
    for (unsigned j = 0; j < getXs().size(); ++j)
      copy.map.map(slice(j), slicesIn[j]);
    SmallVector<Value> ys, wrt, along;
    for (auto [n, k] : llvm::enumerate(moving)) {
      wrt.push_back(carriesIn[k]);
      along.push_back(ofCarries[n]);
    }
    for (auto [n, j] : llvm::enumerate(slices)) {
      wrt.push_back(slicesIn[j]);
      along.push_back(ofSlices[n]);
    }
    for (Value v : captured) {
      along.push_back(tangentOf(v));
      wrt.push_back(copy.alias(v));
    }
    copy.ops(*block());
    for (unsigned k : moving)
      ys.push_back(copy.of(yielded()[k]));
    for (unsigned i : given)
      ys.push_back(copy.of(yielded()[carries + i]));
    SmallVector<Value> tangents = tangentInside(b, loc, ys, wrt, along, later), values;
    for (unsigned k = 0; k < carries; ++k)
      values.push_back(copy.of(yielded()[k]));
    values.append(tangents.begin(), tangents.begin() + moving.size());
    for (unsigned i = 0; i < stacked; ++i)
      values.push_back(copy.of(yielded()[carries + i]));
    values.append(tangents.begin() + moving.size(), tangents.end());
    return values;
  });
  for (auto [n, k] : llvm::enumerate(moving))
    result[k] = both.getResult(carries + n);
  for (auto [n, i] : llvm::enumerate(given))
    result[carries + i] = both.getResult(carries + moving.size() + stacked + n);
  for (unsigned i = 0; i < getNumResults(); ++i)
    again.push_back(both.getResult(i < carries ? i : i + moving.size()));
  return success();
}
