// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Rules of attention and of its gradient, but the derivative (AttentionDerivative.cpp). What the score program is in
// both is the region's business: it is evaluated and inlined op by op.
#include "dialects/weft/rules/Attention.h"
#include "dialects/weft/ContractSpec.h"
#include "dialects/weft/Evaluator.h"
#include "mlir/IR/IRMapping.h"
#include <limits>
#include <map>

using namespace mlir;
using namespace weft::ir;

static constexpr double infinity = std::numeric_limits<double>::infinity();

//===- verification -------------------------------------------------------------------------------------------------===//

namespace {
/// The dimensions of labels, each from the first tensor that has it.
struct LabelDims {
  Operation *op;
  std::map<char, Dim> dims;
  bool ok = true;

  void read(Value v, StringRef labels, StringRef name) {
    Dims own = getDims(v);
    if (own.size() != labels.size()) {
      ok = false;
      (void)(op->emitOpError("has ") << name << " with " << own.size() << " dimensions " << str(ArrayRef<Dim>(own))
                                     << ", but its labels are \"" << labels << "\"");
      return;
    }
    for (auto [label, dim] : llvm::zip(labels, own)) {
      auto [known, fresh] = dims.try_emplace(label, dim);
      if (!fresh && !(known->second == dim)) {
        ok = false;
        (void)(op->emitOpError("has ") << name << " " << str(ArrayRef<Dim>(own)) << ", whose label '"
                                       << std::string(1, label) << "' is " << dim.str() << ", but it is "
                                       << known->second.str() << " in another operand");
        return;
      }
    }
  }
  Dims of(StringRef labels) const {
    Dims all;
    for (char label : labels)
      all.push_back(dims.find(label)->second);
    return all;
  }
};
} // namespace

/// What both ops have in common. `own`: arguments of the region before what is captured; `least` and `most`: how many
/// values it yields; `factors`: which of them are factors, if there are so many.
template <class Op>
static LogicalResult verifyAttention(Op op, unsigned own, unsigned least, unsigned most, unsigned factors) {
  std::string error;
  std::optional<AttentionSpec> spec = AttentionSpec::parse(op.getScores(), op.getOutput(), error);
  if (!spec)
    return op.emitOpError() << error;
  Type element = elementOf(op.getQ());
  for (auto [v, name] : {std::pair(op.getK(), "k"), {op.getV(), "v"}})
    if (elementOf(v) != element)
      return op.emitOpError("has q of ") << element << " and " << name << " of " << elementOf(v)
                                         << "; write cast(x, dtype) on one side";
  LabelDims labels{op, {}};
  labels.read(op.getQ(), spec->q, "q");
  if (labels.ok)
    labels.read(op.getK(), spec->k, "k");
  std::map<char, Dim> products = labels.dims;
  labels.dims.erase(spec->inner); // the value's letter may be the same
  if (labels.ok)
    labels.read(op.getV(), spec->v, "v");
  if (!labels.ok)
    return failure();
  auto expect = [&](Value v, StringRef of, StringRef name, Type type) -> LogicalResult {
    RankedTensorType expected = getTensorType(labels.of(of), type);
    if (v.getType() == expected)
      return success();
    return op.emitOpError("has ") << name << " " << str(v.getType()) << ", expected " << str(expected);
  };
  if constexpr (std::is_same_v<Op, AttentionOp>) {
    if (failed(expect(op.getResult(), spec->result, "a result", element)) ||
        failed(expect(op.getLse(), spec->rows, "lse", element)))
      return failure();
  } else {
    if (failed(expect(op.getCotangent(), spec->result, "a cotangent", element)) ||
        failed(expect(op.getLse(), spec->rows, "lse", element)) ||
        failed(expect(op.getDelta(), spec->rows, "delta", element)))
      return failure();
    for (auto [d, of, name] :
         {std::tuple(op.getDq(), op.getQ(), "dq"), {op.getDk(), op.getK(), "dk"}, {op.getDv(), op.getV(), "dv"}})
      if (d.getType() != of.getType())
        return op.emitOpError("has ") << name << " " << str(d.getType()) << ", expected that of its operand, "
                                      << str(of.getType());
  }
  Block &body = op.getBody().front();
  if (body.getNumArguments() != own + op.getCaptured().size())
    return op.emitOpError("has a region of ") << body.getNumArguments() << " arguments, expected " << own << " and "
                                              << op.getCaptured().size() << " for what is captured";
  for (unsigned i = 0; i < own; ++i)
    if (failed(expect(body.getArgument(i), spec->scores, "scores", element)))
      return failure();
  for (auto [argument, v] : llvm::zip(body.getArguments().drop_front(own), op.getCaptured()))
    if (argument.getType() != v.getType())
      return op.emitOpError("captures ") << str(v.getType()) << " as an argument of " << str(argument.getType());
  auto yield = dyn_cast<YieldOp>(body.getTerminator());
  if (!yield || yield.getNumOperands() < least || yield.getNumOperands() > most)
    return op.emitOpError("has a region that yields ")
           << (yield ? yield.getNumOperands() : 0) << " values, expected " << (least == most ? "" : "1 or ") << most;
  for (auto [i, v] : llvm::enumerate(yield.getOperands()))
    if (failed(expect(v, spec->scores, "a region that yields",
                      i > factors && (i - factors) % 2 == 0 ? IntegerType::get(op.getContext(), 32) : element)))
      return failure();
  llvm::DenseSet<Value> ofProducts(body.args_begin(), body.args_begin() + own);
  for (Operation &inner : body.without_terminator())
    if (llvm::any_of(inner.getOperands(), [&](Value v) { return ofProducts.contains(v); }))
      ofProducts.insert(inner.result_begin(), inner.result_end());
  bool multiplied = yield.getNumOperands() > 1;
  if constexpr (std::is_same_v<Op, AttentionGradOp>)
    multiplied = op.getMultiplied();
  if (multiplied && ofProducts.contains(yield.getOperand(factors)))
    return op.emitOpError("has factors that depend on the products: scores may, factors may not");
  for (Operation &inner : body.without_terminator())
    if (!isa<PointwiseOpInterface>(inner) || inner.getNumRegions()) {
      auto diagnostic = op.emitOpError("has a region with ")
                        << userName(&inner) << ", which is not computed element by element";
      diagnostic.attachNote(inner.getLoc()) << "here";
      return failure();
    }
  return success();
}
LogicalResult AttentionOp::verifyRegions() { return verifyAttention(*this, 1, 1, 2, 1); }
LogicalResult AttentionGradOp::verifyRegions() {
  unsigned yields = 2 + unsigned(getMultiplied()) + 2 * unsigned(getSums().size());
  if (failed(verifyAttention(*this, 3, yields, yields, getMultiplied() ? 2 : 1)))
    return failure();
  AttentionSpec spec = specOf(*this);
  Dims outer;
  for (auto [label, dim] : llvm::zip(spec.scores, getDims(getBody().front().getArgument(0))))
    if (spec.outer.find(label) != std::string::npos)
      outer.push_back(dim);
  for (Value sum : getSums()) {
    Dims own = getDims(sum);
    if (own.size() != outer.size() + 1 || ArrayRef(own).drop_back() != ArrayRef(outer))
      return emitOpError("has sums of ") << str(sum.getType()) << ", expected one dimension behind "
                                         << str(ArrayRef<Dim>(outer));
  }
  return success();
}

//===- reference ----------------------------------------------------------------------------------------------------===//

LogicalResult AttentionOp::evaluate(ArrayRef<const HostArray *> x, MutableArrayRef<HostArray> results) {
  AttentionSpec spec = specOf(*this);
  Block &body = getBody().front();
  auto type = cast<RankedTensorType>(body.getArgument(0).getType());
  HostArray products(type.getElementType(), type.getShape());
  auto strides = [](const HostArray &a, StringRef own, StringRef labels) {
    std::vector<int64_t> all = a.strides();
    SmallVector<int64_t> of;
    for (char label : labels)
      of.push_back(own.contains(label) ? all[own.find(label)] : 0);
    return of;
  };
  auto along = [](const HostArray &a, StringRef own, char label) { return a.strides()[own.find(label)]; };
  int64_t depth = x[0]->shape[spec.q.find(spec.inner)], qd = along(*x[0], spec.q, spec.inner),
          kd = along(*x[1], spec.k, spec.inner);
  SmallVector<int64_t> qs = strides(*x[0], spec.q, spec.scores), ks = strides(*x[1], spec.k, spec.scores);
  forEachIndex(products.shape, [&](ArrayRef<int64_t> at, int64_t n) {
    int64_t q = linear(at, qs), k = linear(at, ks);
    for (int64_t d = 0; d < depth; ++d)
      products.f[n] += x[0]->f[q + d * qd] * x[1]->f[k + d * kd];
  });
  std::map<const void *, HostArray> values;
  values[body.getArgument(0).getAsOpaquePointer()] = std::move(products);
  for (auto [argument, array] : llvm::zip(body.getArguments().drop_front(1), x.drop_front(3)))
    values[argument.getAsOpaquePointer()] = *array;
  for (Operation &op : body.without_terminator()) {
    SmallVector<const HostArray *> operands;
    for (Value v : op.getOperands())
      operands.push_back(&values[v.getAsOpaquePointer()]);
    std::vector<HostArray> made;
    if (failed(evaluateOp(&op, operands, made)))
      return failure();
    for (auto [v, array] : llvm::zip(op.getResults(), made))
      values[v.getAsOpaquePointer()] = std::move(array);
  }
  auto yielded = body.getTerminator()->getOperands();
  const HostArray &scores = values[yielded[0].getAsOpaquePointer()];
  const HostArray *factors = yielded.size() > 1 ? &values[yielded[1].getAsOpaquePointer()] : nullptr;
  HostArray &y = results[0], &lse = results[1];
  int64_t keys = scores.shape[spec.scores.find(spec.key)], step = along(scores, spec.scores, spec.key),
          wide = x[2]->shape[spec.v.find(spec.value)], vj = along(*x[2], spec.v, spec.key),
          ve = along(*x[2], spec.v, spec.value), ye = along(y, spec.result, spec.value);
  SmallVector<int64_t> ss = strides(scores, spec.scores, spec.rows), vs = strides(*x[2], spec.v, spec.rows),
                       ys = strides(y, spec.result, spec.rows);
  forEachIndex(lse.shape, [&](ArrayRef<int64_t> at, int64_t row) {
    int64_t s = linear(at, ss), v = linear(at, vs), o = linear(at, ys);
    double max = -infinity, sum = 0;
    for (int64_t j = 0; j < keys; ++j)
      max = hostMax(max, scores.f[s + j * step]);
    max = max == -infinity ? 0 : max;
    std::vector<double> p(size_t(keys), 0);
    for (int64_t j = 0; j < keys; ++j)
      sum += p[size_t(j)] = std::exp(scores.f[s + j * step] - max);
    lse.f[row] = std::log(sum) + max;
    for (int64_t j = 0; j < keys; ++j)
      for (int64_t e = 0; e < wide; ++e)
        y.f[o + e * ye] += p[size_t(j)] / (sum == 0 ? 1 : sum) * (factors ? factors->f[s + j * step] : 1) *
                           x[2]->f[v + j * vj + e * ve];
  });
  return success();
}

//===- the same in primitives ---------------------------------------------------------------------------------------===//

namespace {
/// Copies of a region's ops, each made when its value is asked for.
struct Inlined {
  OpBuilder &b;
  IRMapping map;
  Value of(Value v) {
    if (Value known = map.lookupOrNull(v))
      return known;
    // Operands come before their users, so a recursion would be as deep as the program is long: in order instead.
    Operation *last = v.getDefiningOp();
    llvm::DenseSet<Operation *> needed;
    SmallVector<Operation *> work{last};
    while (!work.empty()) {
      Operation *op = work.pop_back_val();
      if (!needed.insert(op).second)
        continue;
      for (Value operand : op->getOperands())
        if (!map.contains(operand))
          work.push_back(operand.getDefiningOp());
    }
    for (Operation &op : *last->getBlock())
      if (needed.contains(&op))
        b.clone(op, map);
    return map.lookup(v);
  }
};
} // namespace

/// A number of each row, for all of its scores.
static Value overScores(Build &e, Value rows, const AttentionSpec &spec, RankedTensorType scores) {
  return e.expandLike(rows, {int64_t(spec.scores.find(spec.key))}, scores);
}
/// 0 where a number of a row is -inf: a number less it must not become inf - inf.
static Value finite(Build &e, Value x) { return e.select(e.compare("EQ", x, e.full(-infinity, x)), e.zeros(x), x); }

LogicalResult AttentionOp::decompose(Build &e, SmallVectorImpl<Value> &results) {
  AttentionSpec spec = specOf(*this);
  Block &body = getBody().front();
  auto yielded = body.getTerminator()->getOperands();
  int64_t axis = int64_t(spec.scores.find(spec.key));
  Inlined program{e.b, {}};
  program.map.map(body.getArgument(0), e.contract(getScores(), getQ(), getK()));
  program.map.map(body.getArguments().drop_front(1), getCaptured());
  Value scores = program.of(yielded[0]);
  Value weights = SoftmaxOp::create(e.b, e.loc, scores.getType(), scores, e.b.getI64IntegerAttr(axis));
  if (yielded.size() > 1)
    weights = e.mul(weights, program.of(yielded[1]));
  results.push_back(e.contract(getOutput(), weights, getV()));
  Value wide = e.cast(scores, ElementEmitter::computeType(elementOf(scores)));
  Value max = finite(e, e.max(wide, {axis}));
  Value sum = e.sum(e.exp(e.sub(wide, overScores(e, max, spec, typeOf(wide)))), {axis});
  results.push_back(e.cast(e.add(e.log(sum), max), elementOf(scores)));
  return success();
}

LogicalResult AttentionGradOp::decompose(Build &e, SmallVectorImpl<Value> &results) {
  AttentionSpec spec = specOf(*this);
  Block &body = getBody().front();
  auto yielded = body.getTerminator()->getOperands();
  Inlined program{e.b, {}};
  program.map.map(body.getArgument(0), e.contract(getScores(), getQ(), getK()));
  program.map.map(body.getArguments().drop_front(3), getCaptured());
  Value scores = program.of(yielded[0]);
  RankedTensorType type = typeOf(scores);
  Value weights = e.exp(e.sub(scores, overScores(e, finite(e, getLse()), spec, type)));
  Value ofWeights = e.contract(ContractSpec::join(spec.result, spec.v, spec.scores), getCotangent(), getV());
  Value multiplied = weights;
  program.map.map(body.getArgument(2), e.mul(weights, ofWeights));
  if (getMultiplied()) {
    Value factors = program.of(yielded[2]);
    ofWeights = e.mul(ofWeights, factors);
    multiplied = e.mul(weights, factors);
  }
  Value ofScores = e.mul(weights, e.sub(ofWeights, overScores(e, getDelta(), spec, type)));
  program.map.map(body.getArgument(1), ofScores);
  Value ofProducts = program.of(yielded[1]);
  results.push_back(e.contract(ContractSpec::join(spec.scores, spec.k, spec.q), ofProducts, getK()));
  results.push_back(e.contract(ContractSpec::join(spec.scores, spec.q, spec.k), ofProducts, getQ()));
  results.push_back(e.contract(ContractSpec::join(spec.scores, spec.result, spec.v), multiplied, getCotangent()));
  // Each query adds its numbers at their places, and then the queries are summed.
  SmallVector<int64_t> order;
  for (char label : spec.outer + spec.query + spec.key)
    order.push_back(int64_t(spec.scores.find(label)));
  for (auto [i, sum] : llvm::enumerate(getSums())) {
    unsigned at = 2 + unsigned(getMultiplied()) + 2 * unsigned(i);
    Value numbers = e.cast(e.transpose(program.of(yielded[at]), order), elementOf(sum));
    Value places = e.transpose(program.of(yielded[at + 1]), order);
    Dims dims = getDims(numbers);
    dims.back() = getDims(sum).back();
    int64_t axis = int64_t(dims.size()) - 1;
    Value init = e.zeros(e.full(0, getTensorType(dims, elementOf(sum))));
    Value each = ScatterAddAlongOp::create(e.b, e.loc, init, places, numbers, e.b.getI64IntegerAttr(axis));
    results.push_back(e.sum(each, {axis - 1}));
  }
  return success();
}

//===- loops --------------------------------------------------------------------------------------------------------===//

/// The score program asks at which query and key it is, so no loop may be cut or joined.
Access AttentionOp::getAccess() {
  AttentionSpec spec = specOf(*this);
  Access access = Access::any(*this);
  access.loops.clear();
  std::map<char, unsigned> loopOf;
  auto loop = [&](Value v, StringRef labels, char label, LoopKind kind) {
    Loop made;
    made.size = getDims(v)[labels.find(label)];
    made.kind = kind;
    made.counted = true;
    access.loops.push_back(made);
    return unsigned(access.loops.size() - 1);
  };
  for (char label : spec.rows)
    loopOf[label] = loop(getLse(), spec.rows, label, LoopKind::parallel);
  unsigned value = loop(getV(), spec.v, spec.value, LoopKind::parallel);
  loopOf[spec.key] = loop(getK(), spec.k, spec.key, LoopKind::reduced);
  unsigned inner = loop(getQ(), spec.q, spec.inner, LoopKind::reduced);
  auto axes = [&](StringRef labels, char last, unsigned lastLoop) {
    Axes of;
    for (char label : labels)
      of.push_back(Axis::at(getContext(), label == last ? lastLoop : loopOf[label]));
    return of;
  };
  access.operands[0] = axes(spec.q, spec.inner, inner);
  access.operands[1] = axes(spec.k, spec.inner, inner);
  access.operands[2] = axes(spec.v, spec.value, value);
  access.results[0] = axes(spec.result, spec.value, value);
  access.results[1] = axes(spec.rows, 0, 0);
  return access;
}

//===- batching -----------------------------------------------------------------------------------------------------===//

/// The op with one label more. Of its operands those are repeated for all slices whose labels would be none of an
/// attention without it. Null where the region has an op that is a loop over the slices.
template <class Op> static Operation *batchAttention(Op op, Batch &b, unsigned own, bool all) {
  AttentionSpec spec = specOf(op);
  char fresh = 'a';
  while ((spec.q + spec.k + spec.v + spec.scores).find(fresh) != std::string::npos)
    ++fresh;
  bool ofV = all || b.mapped[2], ofK = ofV || b.mapped[1];
  auto label = [&](const std::string &labels, bool has) { return has ? std::string(1, fresh) + labels : labels; };
  SmallVector<Value> operands;
  for (unsigned i = 0; i < b.operands.size(); ++i) {
    bool captured = i >= op->getNumOperands() - op.getCaptured().size();
    operands.push_back(captured || (i == 1 && !ofK) || (i == 2 && !ofV) ? b.operands[i] : b.full(i));
  }
  OperationState state(op.getLoc(), Op::getOperationName());
  state.addOperands(operands);
  for (Type type : op->getResultTypes())
    state.types.push_back(b.stacked(type));
  auto &properties = state.getOrAddProperties<typename Op::Properties>();
  properties.scores =
      b.e.b.getStringAttr(ContractSpec::join(label(spec.q, true), label(spec.k, ofK), label(spec.scores, true)));
  properties.output =
      b.e.b.getStringAttr(ContractSpec::join(label(spec.scores, true), label(spec.v, ofV), label(spec.result, true)));
  if constexpr (std::is_same_v<Op, AttentionGradOp>)
    properties.multiplied = op.getMultipliedAttr();
  Block &old = op.getBody().front();
  auto *body = new Block;
  state.addRegion()->push_back(body);
  SmallVector<Value> arguments, yields;
  BitVector mapped(old.getNumArguments(), true);
  for (BlockArgument argument : old.getArguments()) {
    if (unsigned i = argument.getArgNumber(); i >= own)
      mapped[i] = b.mapped[op->getNumOperands() - op.getCaptured().size() + i - own];
    Type type = argument.getType();
    arguments.push_back(
        body->addArgument(mapped[argument.getArgNumber()] ? Type(b.stacked(type)) : type, argument.getLoc()));
  }
  OpBuilder inside(op.getContext());
  inside.setInsertionPointToEnd(body);
  if (failed(b.region(inside, old, arguments, mapped, yields)))
    return nullptr;
  YieldOp::create(inside, op.getLoc(), yields);
  if (llvm::any_of(body->without_terminator(), [](Operation &inner) { return !isa<PointwiseOpInterface>(inner); }))
    return nullptr;
  return b.e.b.create(state);
}
Operation *AttentionOp::batch(Batch &b) { return batchAttention(*this, b, 1, false); }
Operation *AttentionGradOp::batch(Batch &b) { return batchAttention(*this, b, 3, true); }
