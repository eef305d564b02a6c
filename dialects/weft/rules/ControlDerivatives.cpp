// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Derivatives of loops and branches. Reverse mode of a scan keeps the carries of every step and computes the body again
// on the way back.
#include "dialects/weft/rules/Checks.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Transforms/RegionUtils.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace weft::ir;

//===- what depends on what -----------------------------------------------------------------------------------------===//

static bool isFloating(Value v) { return isa<FloatType>(elementOf(v)); }
static llvm::SetVector<Value> capturedBy(MutableArrayRef<Region> regions) {
  llvm::SetVector<Value> captured;
  for (Region &region : regions)
    getUsedValuesDefinedAbove(region, region, captured);
  return captured;
}
static SmallVector<Value> usesOf(Operation &op) {
  SmallVector<Value> uses(op.getOperands());
  llvm::append_range(uses, capturedBy(op.getRegions()));
  return uses;
}

namespace {
/// Floating values of a block that depend on some seeds, and those that some ends depend on.
struct Flow {
  llvm::DenseSet<Value> from, to;
  /// What the seeds reach, added to `from`.
  void forward(Block &block) {
    for (Operation &op : block.without_terminator())
      if (!isa<StopGradientOp>(op) && llvm::any_of(usesOf(op), [&](Value v) { return from.contains(v); }))
        for (Value r : op.getResults())
          if (isFloating(r))
            from.insert(r);
  }
  /// What leads to the ends, added to `to`.
  void backward(Block &block) {
    for (Operation &op : llvm::reverse(block.without_terminator()))
      if (!isa<StopGradientOp>(op) && llvm::any_of(op.getResults(), [&](Value r) { return to.contains(r); }))
        for (Value v : usesOf(op))
          if (isFloating(v))
            to.insert(v);
  }
};

/// Copies of a region's ops in which values from outside have names of their own, so that a derivative by them ends at
/// the region.
class Copy {
public:
  Copy(OpBuilder &b, Location loc) : b(b), loc(loc) {}
  IRMapping map;
  Value alias(Value outside) {
    Value own = MarkOp::create(b, loc, outside.getType(), outside, b.getStringAttr("captured"));
    map.map(outside, own);
    return own;
  }
  void ops(Block &block) {
    for (Operation &op : block.without_terminator())
      b.clone(op, map);
  }
  Value of(Value v) const { return map.lookupOrDefault(v); }

private:
  OpBuilder &b;
  Location loc;
};

/// The derivative asked for inside a region that a rule makes; its slice ends at the region.
SmallVector<Value> gradInside(OpBuilder &b, Location loc, ArrayRef<Value> ys, ArrayRef<Value> cotangents,
                              ArrayRef<Value> xs, Later later) {
  if (ys.empty() || xs.empty()) {
    SmallVector<Value> zeros;
    for (Value x : xs)
      zeros.push_back(Build(b, loc).zeros(x));
    return zeros;
  }
  auto grad = GradOp::create(b, loc, TypeRange(ValueRange(xs)), ys, cotangents, xs);
  grad->setAttr("allow_zero", b.getUnitAttr());
  grad->setAttr("local", b.getUnitAttr());
  later(grad);
  return llvm::to_vector_of<Value>(grad.getResults());
}
SmallVector<Value> tangentInside(OpBuilder &b, Location loc, ArrayRef<Value> ys, ArrayRef<Value> xs,
                                 ArrayRef<Value> tangents, Later later) {
  if (ys.empty())
    return {};
  auto tangent = TangentOp::create(b, loc, TypeRange(ValueRange(ys)), ys, xs, tangents);
  tangent->setAttr("allow_zero", b.getUnitAttr());
  tangent->setAttr("local", b.getUnitAttr());
  later(tangent);
  return llvm::to_vector_of<Value>(tangent.getResults());
}

/// Names of their own for the active values that an op uses, in front of it: what stands for the op reads these, so
/// that a derivative by them ends there, even where one of the values is computed from another.
struct Aliases {
  IRMapping map;
  SmallVector<std::pair<Value, Value>> pairs; // outside, own
  Aliases(OpBuilder &b, Operation *op, IsActive active) {
    llvm::SetVector<Value> used(op->operand_begin(), op->operand_end());
    used.insert_range(capturedBy(op->getRegions()));
    for (Value v : used)
      if (active(v) && isFloating(v)) {
        Value own = MarkOp::create(b, op->getLoc(), v.getType(), v, b.getStringAttr("captured"));
        map.map(v, own);
        pairs.push_back({v, own});
      }
  }
  Value of(Value v) const { return map.lookupOrDefault(v); }
  SmallVector<Value> of(ValueRange values) const {
    return llvm::to_vector(llvm::map_range(values, [&](Value v) { return of(v); }));
  }
  void into(IRMapping &other) const {
    for (auto [outside, own] : pairs)
      other.map(outside, own);
  }
};

/// The derivative of values that stand for an op, computed from aliases.
void gradOfReplacement(Build &e, Location loc, ArrayRef<Value> results, ArrayRef<Value> cotangents,
                       const Aliases &aliases, Accumulate accumulate, Later later) {
  SmallVector<Value> ys, cts, xs;
  for (auto [r, ct] : llvm::zip(results, cotangents))
    if (ct) {
      ys.push_back(r);
      cts.push_back(ct);
    }
  for (auto [outside, own] : aliases.pairs)
    xs.push_back(own);
  auto grad = GradOp::create(e.b, loc, TypeRange(ValueRange(xs)), ys, cts, xs);
  grad->setAttr("allow_zero", e.b.getUnitAttr());
  later(grad);
  for (auto [pair, g] : llvm::zip(aliases.pairs, grad.getResults()))
    accumulate(pair.first, g);
}
} // namespace

//===- scan ---------------------------------------------------------------------------------------------------------===//

/// A scan with an empty body whose arguments are in place. Results follow from what `build` yields.
static ScanOp makeScan(OpBuilder &b, Location loc, const Dim &length, bool reverse, ArrayRef<Value> inits,
                       ArrayRef<Value> xs, llvm::function_ref<SmallVector<Value>(OpBuilder &, Block &)> build) {
  OperationState state(loc, ScanOp::getOperationName());
  Region *region = state.addRegion();
  Block *block = new Block;
  region->push_back(block);
  block->addArgument(RankedTensorType::get({}, b.getI32Type()), loc);
  for (Value v : inits)
    block->addArgument(v.getType(), loc);
  for (Value v : xs)
    block->addArgument(sliceType(v.getType()), loc);
  // The op exists before its body is filled: rules inside look up what surrounds them.
  SmallVector<Value> operands(inits);
  llvm::append_range(operands, xs);
  state.addOperands(operands);
  auto &properties = state.getOrAddProperties<ScanOp::Properties>();
  properties.setOperandSegmentSizes({int32_t(inits.size()), int32_t(xs.size())});
  properties.setLength(getDimsAttr(b.getContext(), {length}));
  if (reverse)
    properties.setReverse(b.getUnitAttr());
  // Results are not known yet: the body is built in a shell that is replaced.
  auto shell = cast<ScanOp>(b.create(state));
  OpBuilder inside = OpBuilder::atBlockEnd(shell.block());
  SmallVector<Value> yields = build(inside, *shell.block());
  YieldOp::create(inside, loc, yields);
  OperationState full(loc, ScanOp::getOperationName());
  full.addOperands(operands);
  full.getOrAddProperties<ScanOp::Properties>() = shell.getProperties();
  for (auto [i, y] : llvm::enumerate(yields))
    full.types.push_back(i < inits.size() ? y.getType() : stackedType(length, y.getType()));
  full.addRegion()->takeBody(shell.getBody());
  auto scan = cast<ScanOp>(b.create(full));
  shell.erase();
  return scan;
}

/// `checkpoint = k`: a scan of scans of k steps, then a scan of the steps that are left. Their carries are kept every k
/// steps, and the inner scans' while they are differentiated.
static LogicalResult reverseByChunks(ScanOp op, int64_t chunk, ArrayRef<Value> cotangents, IsActive active,
                                     Accumulate accumulate, Later later, Build &e, SmallVectorImpl<Value> &replacement);

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

static LogicalResult reverseByChunks(ScanOp op, int64_t chunk, ArrayRef<Value> cotangents, IsActive active,
                                     Accumulate accumulate, Later later, Build &e,
                                     SmallVectorImpl<Value> &replacement) {
  MLIRContext *context = op.getContext();
  Location loc = op.getLoc();
  int64_t steps = op.getLength().getDims()[0].staticSize(), whole = steps / chunk, rest = steps % chunk;
  unsigned carries = op.numCarries(), stacked = op.getNumResults() - carries;
  OpBuilder b(op);
  Aliases aliases(b, op, active);
  Type i32 = RankedTensorType::get({}, b.getI32Type());
  auto scalar = [&](OpBuilder &at, int64_t v) -> Value {
    return ConstantOp::create(at, loc, DenseElementsAttr::get(RankedTensorType::get({}, at.getI32Type()), int32_t(v)));
  };
  // Position of step s of part p: first + p * chunk + s; in reverse, parts and steps run the other way by themselves.
  auto cloneBody = [&](OpBuilder &at, Block &body, Value first) {
    Copy copy(at, loc);
    aliases.into(copy.map);
    copy.map.map(op.block()->getArguments(), body.getArguments());
    if (first)
      copy.map.map(op.index(), AddOp::create(at, loc, i32, body.getArgument(0), first));
    copy.ops(*op.block());
    SmallVector<Value> values;
    for (Value v : op.yielded())
      values.push_back(copy.of(v));
    return values;
  };
  // In order of positions: `whole` chunks from `start`, and the rest beside them.
  int64_t start = op.getReverse() ? rest : 0, restStart = op.getReverse() ? 0 : whole * chunk;
  auto part = [&](Value x, int64_t from, int64_t count) {
    Dims sizes = getDims(x), starts(sizes.size(), Dim(context, 0));
    sizes[0] = Dim(context, count), starts[0] = Dim(context, from);
    return Build(b, loc).slice(x, starts, SmallVector<int64_t>(sizes.size(), 1), sizes);
  };
  auto split = [&](Value x) {
    Dims dims = getDims(x), parts{Dim(context, whole), Dim(context, chunk)};
    parts.append(dims.begin() + 1, dims.end());
    return Build(b, loc).reshape(x, parts);
  };
  auto joined = [&](Value x) {
    Dims dims = getDims(x), flat{Dim(context, whole * chunk)};
    flat.append(dims.begin() + 2, dims.end());
    return Build(b, loc).reshape(x, flat);
  };
  SmallVector<Value> inits(aliases.of(op.getInits())), xsIn(aliases.of(op.getXs())), chunks;
  for (Value x : xsIn)
    chunks.push_back(split(rest ? part(x, start, whole * chunk) : x));
  ScanOp outer = makeScan(b, loc, Dim(context, whole), op.getReverse(), inits, chunks, [&](OpBuilder &at, Block &body) {
    Value first = MulOp::create(at, loc, i32, body.getArgument(0), scalar(at, chunk));
    if (start)
      first = AddOp::create(at, loc, i32, first, scalar(at, start));
    SmallVector<Value> in(body.getArguments().begin() + 1, body.getArguments().begin() + 1 + carries),
        xs(body.getArguments().begin() + 1 + carries, body.getArguments().end());
    ScanOp inner = makeScan(at, loc, Dim(context, chunk), op.getReverse(), in, xs,
                            [&](OpBuilder &deep, Block &innerBody) { return cloneBody(deep, innerBody, first); });
    return llvm::to_vector_of<Value>(inner.getResults());
  });
  SmallVector<Value> results(outer.getResults());
  for (unsigned i = 0; i < stacked; ++i)
    results[carries + i] = joined(results[carries + i]);
  if (rest) {
    SmallVector<Value> xs;
    for (Value x : xsIn)
      xs.push_back(part(x, restStart, rest));
    ScanOp last = makeScan(
        b, loc, Dim(context, rest), op.getReverse(), ArrayRef(results).take_front(carries), xs,
        [&](OpBuilder &at, Block &body) { return cloneBody(at, body, restStart ? scalar(at, restStart) : Value()); });
    for (unsigned i = 0; i < op.getNumResults(); ++i) {
      Value r = last.getResult(i);
      if (i >= carries) {
        SmallVector<Value> order{results[i], r};
        if (op.getReverse())
          std::swap(order[0], order[1]);
        r = ConcatenateOp::create(b, loc, op.getResult(i).getType(), order, b.getI64IntegerAttr(0));
      }
      results[i] = r;
    }
  }
  gradOfReplacement(e, loc, results, cotangents, aliases, accumulate, later);
  replacement = results;
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

//===- cond ---------------------------------------------------------------------------------------------------------===//

/// A branch whose regions are filled by `build`, which returns what they yield.
static CondOp makeCond(OpBuilder &b, Location loc, Value predicate, TypeRange types,
                       llvm::function_ref<SmallVector<Value>(OpBuilder &, bool)> build) {
  OperationState state(loc, CondOp::getOperationName());
  state.addOperands(predicate);
  state.addTypes(types);
  for (int i = 0; i < 2; ++i)
    state.addRegion()->push_back(new Block);
  auto cond = cast<CondOp>(b.create(state));
  for (bool first : {true, false}) {
    OpBuilder inside = OpBuilder::atBlockEnd(first ? &cond.getYes().front() : &cond.getNo().front());
    YieldOp::create(inside, loc, build(inside, first));
  }
  return cond;
}

LogicalResult CondOp::reverse(Build &e, ArrayRef<Value> cotangents, IsActive active, Accumulate accumulate, Later later,
                              SmallVectorImpl<Value> &) {
  SmallVector<Value> captured;
  for (Value v : capturedBy(getOperation()->getRegions()))
    if (active(v) && isFloating(v))
      captured.push_back(v);
  if (captured.empty())
    return success();
  CondOp back = makeCond(e.b, getLoc(), getPredicate(), TypeRange(ValueRange(captured)), [&](OpBuilder &b, bool first) {
    Block &block = first ? getYes().front() : getNo().front();
    Copy copy(b, getLoc());
    SmallVector<Value> ys, cts, wrt;
    for (Value v : captured)
      wrt.push_back(copy.alias(v));
    copy.ops(block);
    for (auto [v, ct] : llvm::zip(block.getTerminator()->getOperands(), cotangents))
      if (ct) {
        ys.push_back(copy.of(v));
        cts.push_back(ct);
      }
    return gradInside(b, getLoc(), ys, cts, wrt, later);
  });
  for (auto [v, ct] : llvm::zip(captured, back.getResults()))
    accumulate(v, ct);
  return success();
}

LogicalResult CondOp::forward(Build &e, TangentOf tangentOf, Later later, MutableArrayRef<Value> result,
                              SmallVectorImpl<Value> &again) {
  SmallVector<Value> captured;
  for (Value v : capturedBy(getOperation()->getRegions()))
    if (tangentOf(v))
      captured.push_back(v);
  SmallVector<unsigned> moving;
  SmallVector<Type> types(getResultTypes());
  for (OpResult r : getResults())
    if (isFloating(r)) {
      moving.push_back(r.getResultNumber());
      types.push_back(r.getType());
    }
  CondOp both = makeCond(e.b, getLoc(), getPredicate(), types, [&](OpBuilder &b, bool first) {
    Block &block = first ? getYes().front() : getNo().front();
    Copy copy(b, getLoc());
    SmallVector<Value> ys, wrt, along, values;
    for (Value v : captured) {
      along.push_back(tangentOf(v));
      wrt.push_back(copy.alias(v));
    }
    copy.ops(block);
    for (Value v : block.getTerminator()->getOperands())
      values.push_back(copy.of(v));
    for (unsigned i : moving)
      ys.push_back(values[i]);
    llvm::append_range(values, tangentInside(b, getLoc(), ys, wrt, along, later));
    return values;
  });
  for (auto [n, i] : llvm::enumerate(moving))
    result[i] = both.getResult(getNumResults() + n);
  llvm::append_range(again, both.getResults().take_front(getNumResults()));
  return success();
}

//===- while --------------------------------------------------------------------------------------------------------===//

LogicalResult WhileOp::reverse(Build &e, ArrayRef<Value> cotangents, IsActive active, Accumulate accumulate,
                               Later later, SmallVectorImpl<Value> &replacement) {
  if (!getMax())
    return mlir::emitError(getLoc()) << "loop cannot be differentiated in reverse: how many steps it takes is not "
                                        "bounded; give it {.max = n}, or use jvp";
  // A scan of max steps, each of which goes on as long as the test holds: its derivative is known.
  OpBuilder b(*this);
  Aliases aliases(b, *this, active);
  SmallVector<Value> inits = aliases.of(getInits());
  ScanOp scan = makeScan(b, getLoc(), getMax()->getDims()[0], false, inits, {}, [&](OpBuilder &at, Block &body) {
    auto carries = body.getArguments().drop_front();
    Copy test(at, getLoc());
    aliases.into(test.map);
    test.map.map(getTest().getArguments(), carries);
    test.ops(getTest().front());
    Value goes = test.of(getTest().front().getTerminator()->getOperand(0));
    CondOp step = makeCond(at, getLoc(), goes, getResultTypes(), [&](OpBuilder &deep, bool first) {
      if (!first)
        return llvm::to_vector_of<Value>(carries);
      Copy copy(deep, getLoc());
      aliases.into(copy.map);
      copy.map.map(getBody().getArguments(), carries);
      copy.ops(getBody().front());
      SmallVector<Value> values;
      for (Value v : getBody().front().getTerminator()->getOperands())
        values.push_back(copy.of(v));
      return values;
    });
    return llvm::to_vector_of<Value>(step.getResults());
  });
  SmallVector<Value> results(scan.getResults());
  gradOfReplacement(e, getLoc(), results, cotangents, aliases, accumulate, later);
  replacement = results;
  return success();
}

LogicalResult WhileOp::forward(Build &e, TangentOf tangentOf, Later later, MutableArrayRef<Value> result,
                               SmallVectorImpl<Value> &again) {
  Location loc = getLoc();
  Block &body = getBody().front(), &test = getTest().front();
  unsigned carries = getInits().size();
  SmallVector<Value> captured;
  for (Value v : capturedBy(getOperation()->getRegions()))
    if (tangentOf(v))
      captured.push_back(v);
  Flow flow;
  flow.from.insert(captured.begin(), captured.end());
  for (unsigned k = 0; k < carries; ++k)
    if (tangentOf(getInits()[k]))
      flow.from.insert(body.getArgument(k));
  for (bool grown = true; std::exchange(grown, false);) {
    flow.forward(body);
    for (unsigned k = 0; k < carries; ++k)
      if (flow.from.contains(body.getTerminator()->getOperand(k)))
        grown |= flow.from.insert(body.getArgument(k)).second;
  }
  SmallVector<Value> inits(getInits());
  SmallVector<unsigned> moving;
  for (unsigned k = 0; k < carries; ++k)
    if (flow.from.contains(body.getArgument(k))) {
      moving.push_back(k);
      Value t = tangentOf(getInits()[k]);
      inits.push_back(t ? t : e.zeros(getInits()[k]));
    }
  OperationState state(loc, WhileOp::getOperationName());
  state.addOperands(inits);
  state.addTypes(TypeRange(ValueRange(inits)));
  if (getMax())
    state.addAttribute("max", *getMax());
  for (int i = 0; i < 2; ++i) {
    Block *block = new Block;
    for (Value v : inits)
      block->addArgument(v.getType(), loc);
    state.addRegion()->push_back(block);
  }
  auto both = cast<WhileOp>(e.b.create(state));
  {
    OpBuilder b = OpBuilder::atBlockEnd(&both.getTest().front());
    Copy copy(b, loc);
    copy.map.map(test.getArguments(), both.getTest().getArguments().take_front(carries));
    copy.ops(test);
    YieldOp::create(b, loc, ValueRange{copy.of(test.getTerminator()->getOperand(0))});
  }
  OpBuilder b = OpBuilder::atBlockEnd(&both.getBody().front());
  auto arguments = both.getBody().getArguments();
  Copy copy(b, loc);
  copy.map.map(body.getArguments(), arguments.take_front(carries));
  SmallVector<Value> ys, wrt, along, values;
  for (auto [n, k] : llvm::enumerate(moving)) {
    wrt.push_back(arguments[k]);
    along.push_back(arguments[carries + n]);
  }
  for (Value v : captured) {
    along.push_back(tangentOf(v));
    wrt.push_back(copy.alias(v));
  }
  copy.ops(body);
  for (Value v : body.getTerminator()->getOperands())
    values.push_back(copy.of(v));
  for (unsigned k : moving)
    ys.push_back(values[k]);
  llvm::append_range(values, tangentInside(b, loc, ys, wrt, along, later));
  YieldOp::create(b, loc, values);
  for (auto [n, k] : llvm::enumerate(moving))
    result[k] = both.getResult(carries + n);
  llvm::append_range(again, both.getResults().take_front(carries));
  return success();
}
