// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Loops and branches while they are traced: which leaves go in and come out, and the errors that name both lines.
#include "weft/Control.h"
#include "Tracer.h"
#include "dialects/weft/ActiveRows.h"
#include <deque>

using namespace weft;
using namespace weft::detail;

struct Regions::Impl {
  Tracing::Impl &trace;
  Building building;
  const char *name;
  Loc at;
  mlir::OpBuilder::InsertPoint resume;
  std::size_t depth, positions;
  std::deque<mlir::Region> regions;
  ScanOptions options;
  Dim length = 0;
  Tensor position, live; // live: i1, the rows that have not ended
  std::vector<Tensor> slices;
  mlir::Value mask;
  std::vector<mlir::Value> rows,
      made; // inputs that hold rows; what the body makes, before it is cut off at the lengths
  // Leaves that are not empty: what went in, and its handles in the body.
  std::vector<std::string> paths;
  std::vector<Tensor> outside, inside;
  std::vector<mlir::Value> xs;
  std::string fixed;
  Tensor predicate;

  Impl(const char *name, Loc at)
      : trace(currentTrace(name, at)), building(trace, at), name(name), at(at),
        resume(trace.builder.saveInsertionPoint()), depth(trace.open.size()), positions(trace.positions.size()) {}

  mlir::Block *enter() {
    regions.emplace_back();
    regions.back().push_back(new mlir::Block);
    trace.open.push_back(&regions.back().front());
    trace.builder.setInsertionPointToEnd(trace.open.back());
    return trace.open.back();
  }
  void close(llvm::ArrayRef<mlir::Value> values) {
    ir::YieldOp::create(trace.builder, trace.location(at), values);
    trace.closedRegions[trace.open.back()] = {name, at};
    trace.open.pop_back();
    trace.builder.restoreInsertionPoint(resume);
  }
  Tensor argument(mlir::Type type, const std::string &path = {}) {
    return trace.tensor(trace.open.back()->addArgument(type, trace.location(at)), at, path);
  }
  mlir::Value value(const Tensor &x, const std::string &operand) { return trace.value(x, name, operand, at); }

  /// The leaves of the carry that have a value; the tree must have one.
  void takeCarry(Walk &carry) {
    paths.clear();
    outside.clear();
    fixed = carry.fixed;
    for (LeafRef &leaf : carry.leaves)
      if (!leaf.tensor->empty()) {
        std::string path = leaf.path.empty() ? "the carry" : "carry " + leaf.path;
        value(*leaf.tensor, path);
        paths.push_back(path);
        outside.push_back(*leaf.tensor);
      }
  }
  void bindCarry(Walk &carry) {
    inside.clear();
    for (LeafRef &leaf : carry.leaves)
      if (!leaf.tensor->empty()) {
        *leaf.tensor = argument(trace.type(leaf.tensor->dtype(), leaf.tensor->shape()), leaf.path);
        inside.push_back(*leaf.tensor);
      }
  }
  /// The carry at the end of a step: of the type it had.
  std::vector<Tensor> carryAfter(Walk &carry) {
    std::vector<Tensor> after;
    if (carry.fixed != fixed)
      throw Error(at, std::string(name) +
                          ": a compile-time value of the carry changes in the body: a step may assign tensors only");
    for (LeafRef &leaf : carry.leaves)
      if (!leaf.tensor->empty())
        after.push_back(*leaf.tensor);
    if (after.size() != inside.size())
      throw Error(at, std::string(name) + ": the carry has " + std::to_string(inside.size()) +
                          " leaves with values in front of the body and " + std::to_string(after.size()) +
                          " after it: give every leaf its first value before the loop");
    for (std::size_t i = 0; i < after.size(); ++i) {
      value(after[i], paths[i]);
      if (after[i].dtype() != inside[i].dtype() || !(after[i].shape() == inside[i].shape()))
        throw Error(after[i].value()->at ? after[i].value()->at : at,
                    std::string(name) + ": " + paths[i] + " keeps its element type and shape: expected " +
                        outside[i].str() + ", found " + after[i].str(),
                    {"before the loop it is " + describeValue(outside[i]), "the body makes " + describeValue(after[i]),
                     "the loop is at " + at.str()});
    }
    return after;
  }
  /// A body that assigns no leaf and returns nothing is a mistake that types do not tell.
  void warnIfUnchanged(const std::vector<Tensor> &after, bool returnsNothing) {
    bool same = returnsNothing;
    for (std::size_t i = 0; i < after.size(); ++i)
      same = same && after[i].value()->handle == inside[i].value()->handle;
    if (same)
      trace.warn(at, std::string(name) +
                         ": the body assigns no leaf of its carry, so nothing changes: a body takes it as C &c");
  }
  /// Makes the op from its parts; `types` are those of the results.
  mlir::Operation *make(const char *op, llvm::ArrayRef<mlir::Value> operands, llvm::ArrayRef<mlir::Type> types,
                        llvm::function_ref<void(mlir::OperationState &)> attributes = {}) {
    mlir::OperationState state(trace.location(at), op);
    state.addOperands(operands);
    state.addTypes(types);
    for (mlir::Region &region : regions)
      state.addRegion()->takeBody(region);
    if (attributes)
      attributes(state);
    mlir::Operation *made = nullptr;
    trace.guarded(op, {}, at, [&] {
      made = trace.builder.create(state);
      return succeeded(made->getName().verifyInvariants(made)) &&
             succeeded(made->getName().verifyRegionInvariants(made));
    });
    return made;
  }

  /// Whether the first dimension counts the rows that have lengths.
  bool hasRows(const Tensor &x) const {
    return !options.lengths.empty() && x.rank() > 0 && x.dim(0, at) == options.lengths.dim(0, at);
  }
  Tensor zeroPast(const Tensor &x) { return keepPast(x, zeros_like(x, at)); }
  /// x where the row is live, else `other`.
  Tensor keepPast(const Tensor &x, const Tensor &other) {
    if (!hasRows(x))
      return x;
    Shape shape(std::size_t(x.rank()), Dim(1));
    shape[0] = x.dim(0, at);
    return select(Operand(reshape(live, shape, at), at), Operand(x, at), Operand(other, at));
  }
  /// At the end of the body: what rows past their lengths are computed from, once they are guarded.
  void noteRows() {
    live = Operand(position, at) < Operand(options.lengths, at);
    mask = value(live, "lengths");
    for (const std::vector<Tensor> *leaves : {&inside, &slices})
      for (const Tensor &x : *leaves)
        if (hasRows(x))
          rows.push_back(value(x, "rows"));
  }
  /// When the body is in its op: rows past their lengths do no harm.
  void guardRows() {
    if (ir::CondOp branch = ir::onActiveRows(mask, rows, made))
      trace.closedRegions[&branch.getYes().front()] = {name, at};
  }
};

/// The axis first, or from the front back to its place.
static Tensor moveAxis(const Tensor &x, int from, int to, Loc at) {
  if (from == to)
    return x;
  std::vector<int> order;
  for (int i = 0; i < x.rank(); ++i)
    if (i != from)
      order.push_back(i);
  order.insert(order.begin() + to, from);
  return transpose(x, order, at);
}

/// Regions that no op took, for the body ended in an error: whoever kept a value of theirs is told so.
static void abandon(Tracing::Impl &trace, std::deque<mlir::Region> &regions, const char *name, Loc at) {
  for (mlir::Region &region : regions)
    if (!region.empty()) {
      for (mlir::Block &block : region)
        trace.closedRegions[&block] = {name, at};
      trace.abandoned.emplace_back().takeBody(region);
    }
}
Regions::Regions(const char *name, Loc at) : impl_(std::make_unique<Impl>(name, at)) {}
Regions::~Regions() {
  impl_->trace.open.resize(impl_->depth);
  impl_->trace.positions.resize(impl_->positions);
  impl_->trace.builder.restoreInsertionPoint(impl_->resume);
  abandon(impl_->trace, impl_->regions, impl_->name, impl_->at);
}

Tensor Regions::beginScan(Walk &carry, Walk *xs, const Dim *count, const ScanOptions &options) {
  Impl &r = *impl_;
  r.options = options;
  if (options.checkpoint < 0)
    throw Error(r.at, "scan: checkpoint is " + std::to_string(options.checkpoint) + ", but it counts steps");
  std::vector<Tensor> stacked;
  const LeafRef *first = nullptr;
  if (count)
    r.length = *count;
  else
    for (LeafRef &leaf : xs->leaves) {
      if (leaf.tensor->empty())
        continue;
      std::string path = leaf.path.empty() ? "the input" : "input " + leaf.path;
      r.value(*leaf.tensor, path);
      if (leaf.tensor->rank() == 0)
        fail(r.at, "scan: " + path + " is a scalar, and has no axis to go along", {{"input", *leaf.tensor}});
      Tensor front = moveAxis(*leaf.tensor, axisOf("scan", options.axis, leaf.tensor->rank(), r.at), 0, r.at);
      if (!first) {
        first = &leaf;
        r.length = front.dim(0);
      } else if (!(front.dim(0) == r.length)) {
        fail(r.at,
             "scan: inputs differ in length along axis " + std::to_string(options.axis) + ": " + r.length.str() +
                 " and " + front.dim(0).str(),
             {{"first input", *first->tensor}, {"this input", *leaf.tensor}});
      }
      stacked.push_back(front);
    }
  if (r.length.upper() < 0)
    throw Error(r.at, "scan: the number of steps is negative: " + r.length.str());
  if (!count && !first)
    throw Error(r.at, "scan: the inputs have no leaf with a value: give the number of steps instead");
  if (!options.lengths.empty() && (options.lengths.dtype() != i32 || options.lengths.rank() != 1))
    fail(r.at, "scan: lengths must be i32 [B], found " + options.lengths.str(), {{"lengths", options.lengths}});
  if (!options.lengths.empty()) // the same numbers, but one that is no number of steps is an error of the call
    r.options.lengths = take(iota(r.length + 1, i32, r.at), options.lengths, 0, r.at);
  r.takeCarry(carry);
  for (const Tensor &x : stacked)
    r.xs.push_back(r.value(x, "an input"));
  r.enter();
  r.position = r.argument(r.trace.type(i32, {}));
  r.trace.positions.push_back(r.position);
  r.bindCarry(carry);
  if (!count) {
    std::size_t next = 0;
    for (LeafRef &leaf : xs->leaves)
      if (!leaf.tensor->empty()) {
        const Tensor &x = stacked[next++];
        *leaf.tensor = r.argument(r.trace.type(x.dtype(), Shape(x.shape().begin() + 1, x.shape().end())), leaf.path);
        r.slices.push_back(*leaf.tensor);
      }
  }
  return r.position;
}

void Regions::endScan(Walk &carry, Walk &ys) {
  Impl &r = *impl_;
  llvm::SmallVector<mlir::Value> yielded, operands;
  llvm::SmallVector<mlir::Type> types;
  std::vector<Tensor> after = r.carryAfter(carry);
  r.warnIfUnchanged(after, llvm::all_of(ys.leaves, [](const LeafRef &leaf) { return leaf.tensor->empty(); }));
  for (std::size_t i = 0; i < after.size(); ++i)
    r.made.push_back(r.value(after[i], r.paths[i]));
  for (LeafRef &leaf : ys.leaves)
    if (!leaf.tensor->empty())
      r.made.push_back(r.value(*leaf.tensor, "the result " + leaf.path));
  if (!r.options.lengths.empty())
    r.noteRows();
  for (std::size_t i = 0; i < after.size(); ++i) {
    yielded.push_back(r.value(r.keepPast(after[i], r.inside[i]), r.paths[i]));
    types.push_back(yielded.back().getType());
  }
  for (LeafRef &leaf : ys.leaves)
    if (!leaf.tensor->empty()) {
      Tensor y = r.zeroPast(*leaf.tensor);
      yielded.push_back(r.value(y, "the result " + leaf.path));
      Shape shape = y.shape();
      shape.insert(shape.begin(), r.length);
      types.push_back(r.trace.type(y.dtype(), shape));
    }
  r.close(yielded);
  r.trace.positions.resize(r.positions);
  for (std::size_t i = 0; i < r.outside.size(); ++i)
    operands.push_back(r.value(r.outside[i], r.paths[i]));
  int carries = int(operands.size());
  operands.append(r.xs.begin(), r.xs.end());
  mlir::Operation *op = r.make("weft.scan", operands, types, [&](mlir::OperationState &state) {
    auto &properties = state.getOrAddProperties<ir::ScanOp::Properties>();
    properties.setOperandSegmentSizes({carries, int(r.xs.size())});
    properties.setLength(ir::getDimsAttr(&r.trace.context, {toIr(r.length, &r.trace.context)}));
    if (r.options.reverse)
      properties.setReverse(r.trace.builder.getUnitAttr());
    if (r.options.checkpoint)
      properties.setCheckpoint(r.trace.builder.getI64IntegerAttr(r.options.checkpoint));
  });
  if (!r.options.lengths.empty())
    r.guardRows();
  unsigned next = 0;
  for (LeafRef &leaf : carry.leaves)
    if (!leaf.tensor->empty())
      *leaf.tensor = r.trace.tensor(op->getResult(next++), r.at);
  for (LeafRef &leaf : ys.leaves)
    if (!leaf.tensor->empty()) {
      Tensor y = r.trace.tensor(op->getResult(next++), r.at);
      *leaf.tensor = moveAxis(y, 0, axisOf("scan", r.options.axis, y.rank(), r.at), r.at);
    }
}

void Regions::beginTest(Walk &carry) {
  impl_->takeCarry(carry);
  impl_->enter();
  impl_->bindCarry(carry);
}
void Regions::beginBody(Walk &carry, const Tensor &test) {
  Impl &r = *impl_;
  if (test.empty() || test.dtype() != i1 || test.rank() != 0)
    fail(r.at, "loop: the test must be an i1 scalar, found " + test.str() + ": reduce it with any_of or all_of",
         {{"test", test}});
  r.close({r.value(test, "the test")});
  r.enter();
  r.bindCarry(carry);
}
void Regions::endLoop(Walk &carry, const LoopOptions &options) {
  Impl &r = *impl_;
  llvm::SmallVector<mlir::Value> yielded, operands;
  llvm::SmallVector<mlir::Type> types;
  std::vector<Tensor> after = r.carryAfter(carry);
  if (options.max.upper() < 0)
    throw Error(r.at, "loop: the most steps are negative: " + options.max.str());
  r.warnIfUnchanged(after, true);
  for (std::size_t i = 0; i < after.size(); ++i) {
    yielded.push_back(r.value(after[i], r.paths[i]));
    types.push_back(yielded.back().getType());
  }
  r.close(yielded);
  for (std::size_t i = 0; i < r.outside.size(); ++i)
    operands.push_back(r.value(r.outside[i], r.paths[i]));
  mlir::Operation *op = r.make("weft.while", operands, types, [&](mlir::OperationState &state) {
    if (!(options.max == Dim(0)))
      state.addAttribute("max", ir::getDimsAttr(&r.trace.context, {toIr(options.max, &r.trace.context)}));
  });
  unsigned next = 0;
  for (LeafRef &leaf : carry.leaves)
    if (!leaf.tensor->empty())
      *leaf.tensor = r.trace.tensor(op->getResult(next++), r.at);
}

void Regions::beginYes(const Tensor &predicate) {
  Impl &r = *impl_;
  r.value(predicate, "the predicate");
  if (predicate.dtype() != i1 || predicate.rank() != 0)
    fail(r.at,
         std::string(r.name) + ": the predicate must be an i1 scalar, found " + predicate.str() +
             ": select chooses element by element",
         {{"predicate", predicate}});
  r.predicate = predicate;
  r.enter();
}
void Regions::beginNo(Walk &yes) {
  // The values stay in their region until both are known.
  Impl &r = *impl_;
  for (LeafRef &leaf : yes.leaves)
    if (!leaf.tensor->empty())
      r.value(*leaf.tensor, "the result " + leaf.path);
  r.trace.closedRegions[r.trace.open.back()] = {r.name, r.at};
  r.trace.open.pop_back();
  r.enter();
}
void Regions::endCond(Walk &yes, Walk &no) {
  Impl &r = *impl_;
  mlir::Block *first = &r.regions[0].front(), *second = &r.regions[1].front();
  if (yes.leaves.size() != no.leaves.size() || yes.fixed != no.fixed)
    throw Error(r.at, std::string(r.name) + ": the branches differ in structure or in a compile-time value: " +
                          std::to_string(yes.leaves.size()) + " and " + std::to_string(no.leaves.size()) + " leaves");
  llvm::SmallVector<mlir::Value> ofYes, ofNo;
  llvm::SmallVector<mlir::Type> types;
  std::vector<Tensor *> results;
  for (std::size_t i = 0; i < yes.leaves.size(); ++i) {
    Tensor &a = *yes.leaves[i].tensor, &b = *no.leaves[i].tensor;
    std::string path = yes.leaves[i].path.empty() ? "the result" : yes.leaves[i].path;
    if (a.empty() && b.empty())
      continue;
    if (a.empty() != b.empty() || a.dtype() != b.dtype() || !(a.shape() == b.shape())) {
      Loc where = !a.empty() && a.value()->at ? a.value()->at : r.at;
      throw Error(where,
                  std::string(r.name) + ": the branches differ in " + path + ": " + a.str() +
                      (a.empty() ? " (empty)" : "") + " and " + b.str() + (b.empty() ? " (empty)" : ""),
                  {"where the predicate holds it is " + (a.empty() ? std::string("empty") : describeValue(a)),
                   "else it is " + (b.empty() ? std::string("empty") : describeValue(b)),
                   std::string(r.name) + " is at " + r.at.str()});
    }
    mlir::Value other = r.value(b, path);
    r.trace.open.back() = first; // what the first branch made is in sight for a moment
    mlir::Value one = r.value(a, path);
    r.trace.open.back() = second;
    if (one == other)
      continue; // the same value from outside
    ofYes.push_back(one);
    ofNo.push_back(other);
    types.push_back(one.getType());
    results.push_back(&a);
  }
  r.close(ofNo);
  {
    mlir::OpBuilder::InsertionGuard guard(r.trace.builder);
    r.trace.builder.setInsertionPointToEnd(first);
    ir::YieldOp::create(r.trace.builder, r.trace.location(r.at), ofYes);
  }
  if (results.empty() && std::string_view(r.name) == "when")
    r.trace.warn(r.at, "when: the body assigns no leaf of its value, so nothing changes: a body takes it as C &c");
  if (results.empty())
    return;
  mlir::Operation *op = r.make("weft.cond", {r.value(r.predicate, "the predicate")}, types);
  for (std::size_t i = 0; i < results.size(); ++i)
    *results[i] = r.trace.tensor(op->getResult(unsigned(i)), r.at);
}

void Regions::beginVmap(Walk &xs) {
  Impl &r = *impl_;
  const LeafRef *first = nullptr;
  std::vector<mlir::Type> types;
  for (LeafRef &leaf : xs.leaves) {
    if (leaf.tensor->empty())
      continue;
    if (!r.at)
      r.at = leaf.tensor->value()->at; // a call with a parameter pack has no line of its own
    std::string path = "argument " + leaf.path;
    r.xs.push_back(r.value(*leaf.tensor, path));
    if (leaf.tensor->rank() == 0)
      fail(r.at, "vmap: " + path + " is a scalar, and has no axis to map over", {{"argument", *leaf.tensor}});
    if (!first) {
      first = &leaf;
      r.length = leaf.tensor->dim(0);
    } else if (!(leaf.tensor->dim(0) == r.length)) {
      fail(r.at, "vmap: arguments differ in their first axis: " + r.length.str() + " and " + leaf.tensor->dim(0).str(),
           {{"first argument", *first->tensor}, {"this argument", *leaf.tensor}});
    }
  }
  if (!first)
    throw Error(r.at, "vmap: the arguments have no leaf with a value: there is nothing to map over");
  r.enter();
  for (LeafRef &leaf : xs.leaves)
    if (!leaf.tensor->empty()) {
      Shape shape = leaf.tensor->shape();
      *leaf.tensor = r.argument(r.trace.type(leaf.tensor->dtype(), Shape(shape.begin() + 1, shape.end())), leaf.path);
    }
}
void Regions::endVmap(Walk &ys) {
  Impl &r = *impl_;
  llvm::SmallVector<mlir::Value> yielded;
  llvm::SmallVector<mlir::Type> types;
  for (LeafRef &leaf : ys.leaves)
    if (!leaf.tensor->empty()) {
      yielded.push_back(r.value(*leaf.tensor, "the result " + leaf.path));
      Shape shape = leaf.tensor->shape();
      shape.insert(shape.begin(), r.length);
      types.push_back(r.trace.type(leaf.tensor->dtype(), shape));
    }
  if (yielded.empty())
    throw Error(r.at, "vmap: the function returns no value");
  r.close(yielded);
  mlir::Operation *op = r.make("weft.vmap", r.xs, types, [&](mlir::OperationState &state) {
    state.addAttribute("size", ir::getDimsAttr(&r.trace.context, {toIr(r.length, &r.trace.context)}));
  });
  unsigned next = 0;
  for (LeafRef &leaf : ys.leaves)
    if (!leaf.tensor->empty())
      *leaf.tensor = r.trace.tensor(op->getResult(next++), r.at);
}
