// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- AttentionDerivative.cpp - reverse mode of attention ------------------------------------------------------------===//
//
// The gradient is an op with the same score program, in whose region stands what the program's ops make of a cotangent,
// one op after the other. An operand that is captured has its derivative summed by that op if its elements are read at
// positions that labels count and along one axis at places that follow from the query and the key. Else, and in forward
// mode, the attention is decomposed before it is differentiated.
//
//===----------------------------------------------------------------------------------------------------------------===//
#include "dialects/weft/ContractSpec.h"
#include "dialects/weft/rules/Attention.h"
#include "dialects/weft/rules/Regions.h"

using namespace mlir;
using namespace weft::ir;

namespace {
/// How a captured operand gets to all scores: it is read at positions that labels count, and along one axis at places
/// that follow from the query and the key, as a table is that is read by distance.
struct Route {
  Value whole;      // in the region: the operand at every score, before anything is computed of it
  std::string axes; // for each axis of the operand its label, '#' for that of the places, or '1'
  Value places;     // the indices of the places, in the region; null: a label counts them, or there are none
  SmallVector<int64_t> placesAlong; // the axes of the scores along which the indices lie
  char counted = 0;
  Dim count;
};
constexpr int64_t noAxis = -100;
} // namespace

/// Nothing if the operand is used in another way.
static std::optional<Route> routeOf(BlockArgument operand, const AttentionSpec &spec, RankedTensorType scores) {
  Route route;
  Dims own = getDims(operand), all = getDims(scores);
  SmallVector<int64_t> from; // for each axis of `v`: the operand's axis, or -1 less that of the indices
  for (size_t i = 0; i < own.size(); ++i)
    from.push_back(own[i] == 1 ? noAxis : int64_t(i));
  std::optional<int64_t> table;
  Value v = operand;
  while (getDims(v) != all) {
    if (!v.hasOneUse())
      return std::nullopt;
    Operation *op = *v.user_begin();
    SmallVector<int64_t> now(op->getNumResults() == 1 ? getDims(op->getResult(0)).size() : 0, noAxis);
    if (auto broadcast = dyn_cast<BroadcastOp>(op)) {
      for (auto [i, d] : llvm::enumerate(broadcast.getDims()))
        now[size_t(d)] = from[i];
    } else if (auto transpose = dyn_cast<TransposeOp>(op)) {
      for (auto [i, p] : llvm::enumerate(transpose.getPermutation()))
        now[i] = from[size_t(p)];
    } else if (isa<ReshapeOp>(op)) {
      Dims before = getDims(v), after = getDims(op->getResult(0));
      size_t i = 0;
      for (size_t d = 0; d < after.size(); ++d) {
        if (after[d] == 1)
          continue;
        while (i < before.size() && before[i] == 1)
          ++i;
        if (i == before.size() || !(before[i] == after[d]))
          return std::nullopt;
        now[d] = from[i++];
      }
    } else if (auto take = dyn_cast<TakeOp>(op); take && take.getData() == v && take.getIndices() != v && !table) {
      size_t axis = size_t(take.getAxis()), rank = getDims(take.getIndices()).size();
      bool one = from[axis] == noAxis; // a table of one number: there is nothing to count
      for (size_t d = 0; d < now.size(); ++d)
        now[d] = d < axis ? from[d] : d >= axis + rank ? from[d - rank + 1] : one ? noAxis : -1 - int64_t(d - axis);
      if (!one) {
        table = from[axis];
        route.places = take.getIndices();
      }
    } else {
      return std::nullopt;
    }
    from = now;
    v = op->getResult(0);
  }
  route.whole = v;
  route.axes.assign(own.size(), '1');
  if (route.places)
    route.placesAlong.assign(getDims(route.places).size(), noAxis);
  for (size_t p = 0; p < from.size(); ++p) {
    if (from[p] >= 0)
      route.axes[size_t(from[p])] = spec.scores[p];
    else if (from[p] != noAxis)
      route.placesAlong[size_t(-1 - from[p])] = int64_t(p);
  }
  if (llvm::is_contained(route.placesAlong, noAxis))
    return std::nullopt;
  if (table)
    route.axes[size_t(*table)] = '#';
  for (auto [i, label] : llvm::enumerate(route.axes)) {
    if (label == '1' && !(own[i] == 1))
      return std::nullopt;
    if (label == spec.query || label == spec.key) {
      if (table || route.counted)
        return std::nullopt; // a number for each pair: as large as the scores
      route.counted = label;
    }
  }
  for (char &label : route.axes)
    if (route.counted && label == route.counted)
      label = '#';
  size_t at = route.axes.find('#');
  route.count = at == std::string::npos ? Dim(operand.getContext(), 1) : own[at];
  return route;
}

/// Whether every op through which a value reaches others has a derivative, or stops one.
static bool programDerives(Block &body, Value by) {
  Flow flow;
  flow.from.insert(by);
  flow.forward(body);
  return llvm::all_of(body.without_terminator(), [&](Operation &op) {
    return !flow.from.contains(op.getResult(0)) || isa<DerivativeOpInterface>(op);
  });
}

bool AttentionOp::isDerivedDecomposed(bool reverse, const BitVector &wanted) {
  Block &body = getBody().front();
  if (!reverse || !programDerives(body, body.getArgument(0)))
    return true;
  auto scores = cast<RankedTensorType>(body.getArgument(0).getType());
  for (unsigned i = 3; i < wanted.size(); ++i)
    if (wanted[i] && isFloating(getOperand(i))) {
      std::optional<Route> route = routeOf(body.getArgument(i - 2), specOf(*this), scores);
      if (!route || !programDerives(body, route->whole))
        return true;
    }
  return false;
}
bool AttentionGradOp::isDerivedDecomposed(bool, const BitVector &) { return true; }

/// In front of the end of a block: the cotangent of `by` from that of `of`.
static FailureOr<Value> pullBack(Block &block, Value of, Value cotangent, Value by) {
  Flow flow;
  flow.from.insert(by);
  flow.forward(block);
  SmallVector<Operation *> ops;
  for (Operation &op : block.without_terminator())
    ops.push_back(&op);
  llvm::DenseMap<Value, Value> cotangents;
  cotangents[of] = cotangent;
  OpBuilder b(block.getTerminator());
  for (Operation *op : llvm::reverse(ops)) {
    Value own = op->getNumResults() == 1 ? cotangents.lookup(op->getResult(0)) : Value();
    if (!own || !flow.from.contains(op->getResult(0)))
      continue;
    auto rules = dyn_cast<DerivativeOpInterface>(op);
    BitVector wanted(op->getNumOperands());
    for (unsigned i = 0; i < wanted.size(); ++i)
      wanted[i] = flow.from.contains(op->getOperand(i));
    SmallVector<Value> given(op->getNumOperands());
    Build e(b, op->getLoc(), op);
    if (!rules || failed(rules.vjp(e, own, wanted, given)))
      return failure();
    for (unsigned i = 0; i < wanted.size(); ++i)
      if (wanted[i] && given[i]) {
        Value &sum = cotangents[op->getOperand(i)];
        sum = e.add(sum, given[i]);
      }
  }
  Value found = cotangents.lookup(by);
  return found ? found : Build(b, block.getTerminator()->getLoc()).zeros(by);
}

/// The cotangent of a captured operand from the sums, [outer labels..., count].
static Value gather(Build &e, Value sums, const Route &route, const AttentionSpec &spec, Value operand) {
  SmallVector<int64_t> summed, order;
  std::string kept;
  for (auto [i, label] : llvm::enumerate(spec.outer)) {
    if (route.axes.find(label) == std::string::npos)
      summed.push_back(int64_t(i));
    else
      kept += label;
  }
  kept += '#';
  Value sum = e.sum(sums, summed);
  for (char label : route.axes)
    if (label != '1')
      order.push_back(int64_t(kept.find(label)));
  if (order.size() < kept.size()) // nothing is counted: one place
    order.push_back(int64_t(kept.size()) - 1);
  return e.cast(e.reshape(e.transpose(sum, order), getDims(operand)), elementOf(operand));
}

LogicalResult AttentionOp::vjp(Build &e, ArrayRef<Value> ct, const BitVector &wanted, MutableArrayRef<Value> result) {
  AttentionSpec spec = specOf(*this);
  Value cotangent = ct[0] ? ct[0] : e.zeros(getResult());
  // The sum over the keys of weight times its cotangent is the sum over the values of result times cotangent.
  Value delta = ct[0] ? e.contract(ContractSpec::join(spec.result, spec.result, spec.rows), ct[0], getResult())
                      : e.zeros(getLse());
  if (ct[1])
    delta = e.sub(delta, ct[1]);
  OperationState state(e.loc, AttentionGradOp::getOperationName());
  state.addOperands({getQ(), getK(), getV(), cotangent, getLse(), delta});
  state.addOperands(getCaptured());
  state.addTypes({getQ().getType(), getK().getType(), getV().getType()});
  auto &properties = state.getOrAddProperties<AttentionGradOp::Properties>();
  properties.scores = getScoresAttr();
  properties.output = getOutputAttr();
  Block &own = getBody().front();
  auto type = cast<RankedTensorType>(own.getArgument(0).getType());
  IRMapping map;
  getBody().cloneInto(state.addRegion(), map);
  Block &body = state.regions[0]->front();
  Value ofScores = body.insertArgument(1u, type, e.loc), ofFactors = body.insertArgument(2u, type, e.loc);
  auto yield = cast<YieldOp>(body.getTerminator());
  SmallVector<Value> yields{yield.getOperand(0)};
  auto through = [&](Value by) -> FailureOr<Value> {
    FailureOr<Value> sum = pullBack(body, yield.getOperand(0), ofScores, by);
    if (failed(sum) || yield.getNumOperands() < 2)
      return sum;
    FailureOr<Value> more = pullBack(body, yield.getOperand(1), ofFactors, by);
    if (failed(more))
      return failure();
    OpBuilder b(yield);
    return Build(b, e.loc).add(*sum, *more);
  };
  FailureOr<Value> ofProducts = pullBack(body, yield.getOperand(0), ofScores, body.getArgument(0));
  if (failed(ofProducts))
    return emitOpError("has a score program without a derivative");
  yields.push_back(*ofProducts);
  if (yield.getNumOperands() > 1) {
    properties.multiplied = e.b.getUnitAttr();
    yields.push_back(yield.getOperand(1));
  }
  SmallVector<std::pair<unsigned, Route>> routes;
  Dims outer;
  for (auto [label, dim] : llvm::zip(spec.scores, getDims(type)))
    if (spec.outer.find(label) != std::string::npos)
      outer.push_back(dim);
  for (unsigned i = 3; i < wanted.size(); ++i) {
    if (!wanted[i] || !isFloating(getOperand(i)))
      continue;
    std::optional<Route> route = routeOf(own.getArgument(i - 2), spec, type);
    FailureOr<Value> numbers = failure();
    if (route)
      numbers = through(map.lookup(route->whole));
    if (failed(numbers))
      return emitOpError("captures an operand by which it is not differentiated");
    OpBuilder b(yield);
    Build inside(b, e.loc);
    RankedTensorType integers = withElement(type, b.getI32Type());
    Value places = route->places    ? inside.broadcast(map.lookup(route->places), integers, route->placesAlong)
                   : route->counted ? inside.iota(integers, int64_t(spec.scores.find(route->counted)))
                                    : inside.full(0, integers);
    yields.append({inside.cast(*numbers, type.getElementType()), places});
    Dims dims = outer;
    dims.push_back(route->count);
    state.types.push_back(getTensorType(dims, e.b.getF64Type()));
    routes.push_back({i, *route});
  }
  yield.getValuesMutable().assign(yields);
  auto grad = cast<AttentionGradOp>(e.b.create(state));
  for (unsigned i = 0; i < 3; ++i)
    result[i] = grad->getResult(i);
  for (auto [n, pair] : llvm::enumerate(routes))
    result[pair.first] = gather(e, grad.getSums()[n], pair.second, spec, getOperand(pair.first));
  return success();
}
LogicalResult AttentionOp::jvp(Build &, ArrayRef<Value>, MutableArrayRef<Value>) {
  return emitOpError("is decomposed before forward mode reaches it");
}
