// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Derivatives of values: which leaves are asked for, which have a path, and the ops that the compiler expands.
#include "Lazy.h"
#include "llvm/ADT/DenseMap.h"

using namespace weft;
using namespace weft::detail;

static bool isFloatLeaf(const LeafRef &leaf) {
  return leaf.role != Role::buffer && leaf.role != Role::key && !leaf.tensor->empty() &&
         leaf.tensor->dtype().isInexact();
}

/// What an op reads: its operands, and through loops and branches what their regions read.
static void eachRead(mlir::Operation *op, llvm::function_ref<void(mlir::Value)> body) {
  for (mlir::Value operand : op->getOperands())
    body(operand);
  for (mlir::Region &region : op->getRegions())
    region.walk([&](mlir::Operation *inner) {
      for (mlir::Value operand : inner->getOperands()) {
        mlir::Region *home = operand.getParentRegion();
        while (home && home != &region) // a region that is still open has no op around it
          home = home->getParentOp() ? home->getParentRegion() : nullptr;
        if (!home)
          body(operand);
      }
    });
}
static bool hasDerivative(mlir::Value v) {
  auto type = mlir::dyn_cast<mlir::RankedTensorType>(v.getType());
  return type && ir::isInexact(type);
}

/// Which values a derivative can reach from ys, walking from users to makers: through floating values, and not past a
/// stop_gradient.
static llvm::DenseSet<mlir::Value> reachedFrom(llvm::ArrayRef<mlir::Value> ys) {
  llvm::DenseSet<mlir::Value> seen;
  std::vector<mlir::Value> todo(ys.begin(), ys.end());
  while (!todo.empty()) {
    mlir::Value v = todo.back();
    todo.pop_back();
    if (!hasDerivative(v) || !seen.insert(v).second)
      continue;
    if (mlir::Operation *op = v.getDefiningOp(); op && !mlir::isa<ir::StopGradientOp>(op))
      eachRead(op, [&](mlir::Value operand) { todo.push_back(operand); });
  }
  return seen;
}

/// Where ys depend on xs and a derivative does not get through: a note that names the op nearest to ys; nothing where
/// they do not depend on them at all.
static std::optional<std::string> blockedBy(llvm::ArrayRef<mlir::Value> ys, llvm::ArrayRef<mlir::Value> xs) {
  llvm::DenseMap<mlir::Value, mlir::Value> readBy;
  std::vector<mlir::Value> todo(ys.begin(), ys.end());
  for (mlir::Value y : ys)
    readBy[y] = {};
  for (std::size_t i = 0; i < todo.size(); ++i)
    if (mlir::Operation *op = todo[i].getDefiningOp())
      eachRead(op, [&](mlir::Value operand) {
        if (readBy.try_emplace(operand, todo[i]).second)
          todo.push_back(operand);
      });
  for (mlir::Value x : xs) {
    if (!readBy.contains(x))
      continue;
    std::optional<std::string> nearest;
    for (mlir::Value v = readBy.lookup(x), from = x; v; from = v, v = readBy.lookup(v)) {
      mlir::Operation *op = v.getDefiningOp();
      if (!hasDerivative(from) || (hasDerivative(v) && !mlir::isa<ir::StopGradientOp>(op)))
        continue;
      std::string where;
      if (auto line = op->getLoc()->findInstanceOf<mlir::FileLineColLoc>()) {
        llvm::StringRef file = line.getFilename().getValue();
        where = " at " + file.substr(file.find_last_of('/') + 1).str() + ":" + std::to_string(line.getLine());
      }
      nearest = "y depends on it through " + op->getName().stripDialect().str() + where + ", which has no derivative";
    }
    if (nearest)
      return nearest;
  }
  return std::nullopt;
}

static std::string names(const std::vector<const LeafRef *> &leaves) {
  std::string text;
  for (std::size_t i = 0; i < leaves.size() && i < 4; ++i)
    text += (i ? ", " : "") + (leaves[i]->path.empty() ? std::string("the value") : leaves[i]->path);
  return leaves.size() > 4 ? text + " ..." : text;
}

static std::string lastAssigned(const LeafRef &leaf) {
  std::string name = leaf.path.empty() ? "the value asked for" : leaf.path;
  return name + " is " + describeValue(*leaf.tensor);
}

/// A leaf without a path whose older value has one is most often a mistake in the order of statements: `loss(net);
/// update(net); grad(., net)`. An older value is what the leaf was as an argument, if what it holds now was computed
/// from that.
static void warnOfOlderValue(const char *what, Tracing::Impl &trace, const LeafRef &leaf, mlir::Value now,
                             const llvm::DenseSet<mlir::Value> &reached, Loc at) {
  for (mlir::Value older : reachedFrom(now)) {
    auto path = trace.paths.find(older.getAsOpaquePointer());
    if (older == now || older.getType() != now.getType() || path == trace.paths.end() || !reached.contains(older))
      continue;
    const std::string &full = path->second;
    bool same = full == leaf.path || (full.size() > leaf.path.size() && full.ends_with(leaf.path) &&
                                      full[full.size() - leaf.path.size() - 1] == '.');
    if (same)
      trace.warn(at, std::string(what) + ": y depends on an older value of " + leaf.path +
                         ", not on the one that it holds now, " + describeValue(*leaf.tensor) +
                         ": the gradient is zero. Take it before the assignment, or compute y after it");
  }
}

/// The gradient of ys with their cotangents, for the floating leaves of xs, which become it. Leaves without a path get
/// zeros.
static void reverse(const char *what, Tracing::Impl &trace, llvm::ArrayRef<mlir::Value> ys,
                    llvm::ArrayRef<mlir::Value> cotangents, Walk &xs, std::span<const Tensor> operands, bool zeros,
                    Loc at) {
  llvm::DenseSet<mlir::Value> reached = reachedFrom(ys);
  std::vector<const LeafRef *> wanted;
  std::vector<LeafRef *> found;
  std::vector<std::pair<LeafRef *, mlir::Value>> missing;
  llvm::SmallVector<mlir::Value> values, all;
  for (LeafRef &leaf : xs.leaves) {
    if (!isFloatLeaf(leaf)) {
      *leaf.tensor = Tensor();
      continue;
    }
    wanted.push_back(&leaf);
    mlir::Value value = trace.value(*leaf.tensor, what, leaf.path.empty() ? "x" : leaf.path, at);
    all.push_back(value);
    if (reached.contains(value)) {
      found.push_back(&leaf);
      values.push_back(value);
    } else if (!leaf.path.empty()) {
      missing.push_back({&leaf, value});
    }
  }
  if (trace.lazy)
    trace.lazy->checkCuts(what, reached, wanted, at);
  if (!found.empty())
    for (auto &[leaf, value] : missing)
      warnOfOlderValue(what, trace, *leaf, value, reached, at);
  if (wanted.empty())
    throw Error(at,
                std::string(what) + ": no floating leaf to differentiate by: integers and Buffers have no gradient");
  if (found.empty() && zeros) {
    for (LeafRef &leaf : xs.leaves)
      if (!leaf.tensor->empty())
        *leaf.tensor = zeros_like(*leaf.tensor, at);
    return;
  }
  if (found.empty()) {
    std::vector<std::string> notes;
    std::optional<std::string> blocked = blockedBy(ys, all);
    if (blocked)
      notes.push_back(*blocked);
    for (std::size_t i = 0; i < wanted.size() && i < 4; ++i)
      notes.push_back(lastAssigned(*wanted[i]));
    for (const Tensor &y : operands)
      notes.push_back("y is " + describeValue(y));
    throw Error(at,
                std::string(what) + ": no path leads from y to " + names(wanted) +
                    (blocked ? ": something on the way has no derivative"
                             : ": y does not depend on the values held now (an assignment after y was computed makes a "
                               "new value)") +
                    "; where that is meant, write missing::zeros",
                notes);
  }
  mlir::ResultRange results = [&] {
    mlir::Operation *op = nullptr;
    trace.guarded("weft.grad", operands, at, [&] {
      llvm::SmallVector<mlir::Type> types;
      for (mlir::Value v : values)
        types.push_back(v.getType());
      op = ir::GradOp::create(trace.builder, trace.location(at), types, ys, cotangents, values);
      return succeeded(op->getName().verifyInvariants(op));
    });
    return op->getResults();
  }();
  std::size_t next = 0;
  for (LeafRef &leaf : xs.leaves) {
    if (leaf.tensor->empty())
      continue;
    if (next < found.size() && found[next] == &leaf)
      *leaf.tensor = trace.tensor(results[unsigned(next++)], at);
    else
      *leaf.tensor = zeros_like(*leaf.tensor, at);
  }
}

void detail::grad(const Tensor &y, Walk &xs, bool zeros, Loc at) {
  Tracing::Impl &trace = currentTrace("grad", at);
  Building building(trace, at);
  mlir::Value value = trace.value(y, "grad", "y", at);
  if (y.dtype().isComplex())
    fail(at,
         "grad: y must be real, found " + y.str() + ": take real(y), imag(y) or abs(y), or use vjp with a cotangent",
         {{"y", y}});
  if (!y.dtype().isFloat())
    fail(at, "grad: y must be floating, found " + y.str(), {{"y", y}});
  if (y.rank() != 0)
    fail(at, "grad: y must be a scalar, found " + y.str() + ": take its mean or sum, or use vjp with a cotangent",
         {{"y", y}});
  Tensor one = full({}, 1, y.dtype(), at);
  reverse("grad", trace, value, trace.value(one, "grad", "one", at), xs, {&y, 1}, zeros, at);
}

static void checkPairs(const char *what, const Walk &a, const char *aName, const Walk &b, const char *bName, Loc at) {
  checkSameTree(a, b, what, at);
  for (std::size_t i = 0; i < a.leaves.size(); ++i) {
    if (!isFloatLeaf(a.leaves[i]))
      continue;
    const Tensor &x = *a.leaves[i].tensor, &y = *b.leaves[i].tensor;
    if (y.empty() || x.dtype() != y.dtype() || x.shape() != y.shape())
      fail(at,
           std::string(what) + ": the " + bName + " " + a.leaves[i].path + " must be " + x.str() + " like its " +
               aName + ", found " + y.str(),
           {{aName, x}, {bName, y}});
  }
}

void detail::vjp(const Walk &ys, Walk &xs, const Walk &cotangents, bool zeros, Loc at) {
  Tracing::Impl &trace = currentTrace("vjp", at);
  Building building(trace, at);
  checkPairs("vjp", ys, "result", cotangents, "cotangent", at);
  llvm::SmallVector<mlir::Value> y, ct;
  std::vector<Tensor> operands;
  for (std::size_t i = 0; i < ys.leaves.size(); ++i) {
    if (!isFloatLeaf(ys.leaves[i]))
      continue;
    y.push_back(trace.value(*ys.leaves[i].tensor, "vjp", "y", at));
    ct.push_back(trace.value(*cotangents.leaves[i].tensor, "vjp", "cotangent", at));
    operands.push_back(*ys.leaves[i].tensor);
  }
  if (y.empty())
    throw Error(at, "vjp: y has no floating leaf");
  reverse("vjp", trace, y, ct, xs, operands, zeros, at);
}

void detail::jvp(Walk &ys, const Walk &xs, const Walk &tangents, bool zeros, Loc at) {
  Tracing::Impl &trace = currentTrace("jvp", at);
  Building building(trace, at);
  checkPairs("jvp", xs, "value", tangents, "tangent", at);
  llvm::SmallVector<mlir::Value> y, x, t;
  std::vector<LeafRef *> found;
  for (std::size_t i = 0; i < xs.leaves.size(); ++i) {
    if (!isFloatLeaf(xs.leaves[i]))
      continue;
    x.push_back(trace.value(*xs.leaves[i].tensor, "jvp", "x", at));
    t.push_back(trace.value(*tangents.leaves[i].tensor, "jvp", "tangent", at));
  }
  for (LeafRef &leaf : ys.leaves) {
    if (!isFloatLeaf(leaf)) {
      *leaf.tensor = Tensor();
      continue;
    }
    y.push_back(trace.value(*leaf.tensor, "jvp", "y", at));
    found.push_back(&leaf);
  }
  llvm::DenseSet<mlir::Value> reached = reachedFrom(y);
  if (trace.lazy) {
    std::vector<const LeafRef *> wanted;
    for (const LeafRef &leaf : xs.leaves)
      if (isFloatLeaf(leaf))
        wanted.push_back(&leaf);
    trace.lazy->checkCuts("jvp", reached, wanted, at);
  }
  if (llvm::none_of(x, [&](mlir::Value v) { return reached.contains(v); })) {
    if (zeros) {
      for (LeafRef *leaf : found)
        *leaf->tensor = zeros_like(*leaf->tensor, at);
      return;
    }
    std::optional<std::string> blocked = blockedBy(y, x);
    throw Error(at,
                std::string("jvp: no path leads from y to x: ") +
                    (blocked ? "something on the way has no derivative" : "y does not depend on the values held now") +
                    "; where that is meant, write missing::zeros",
                {blocked             ? *blocked
                 : xs.leaves.empty() ? std::string("x is empty")
                                     : lastAssigned(xs.leaves[0])});
  }
  llvm::SmallVector<mlir::Type> types;
  for (mlir::Value v : y)
    types.push_back(v.getType());
  mlir::Operation *op = nullptr;
  trace.guarded("weft.tangent", {}, at, [&] {
    op = ir::TangentOp::create(trace.builder, trace.location(at), types, y, x, t);
    return succeeded(op->getName().verifyInvariants(op));
  });
  for (std::size_t i = 0; i < found.size(); ++i)
    *found[i]->tensor = trace.tensor(op->getResult(unsigned(i)), at);
}

// ---- custom_vjp
struct CustomVjp::Impl {
  Tracing::Impl &trace;
  Building building;
  Loc at;
  std::vector<Tensor> inputs; // outside
  mlir::Region forward, backward;
  mlir::OpBuilder::InsertPoint resume;
  std::size_t depth;
  Impl(Tracing::Impl &trace, Loc at)
      : trace(trace), building(trace, at), at(at), resume(trace.builder.saveInsertionPoint()),
        depth(trace.open.size()) {}

  void enter(mlir::Region &region) {
    region.push_back(new mlir::Block);
    trace.open.push_back(&region.front());
    trace.builder.setInsertionPointToEnd(&region.front());
  }
  void close(llvm::ArrayRef<mlir::Value> values) {
    ir::YieldOp::create(trace.builder, trace.location(at), values);
    trace.closedRegions[trace.open.back()] = {"custom_vjp", at};
    trace.open.pop_back();
  }
  void bind(Walk &tree) {
    for (LeafRef &leaf : tree.leaves) {
      if (leaf.tensor->empty())
        continue;
      auto type = trace.type(leaf.tensor->dtype(), leaf.tensor->shape());
      *leaf.tensor = trace.tensor(trace.open.back()->addArgument(type, trace.location(at)), at);
    }
  }
};

CustomVjp::CustomVjp(Walk &xs, Loc at) {
  Tracing::Impl &trace = currentTrace("custom_vjp", at);
  for (LeafRef &leaf : xs.leaves)
    if (!leaf.tensor->empty() && !at)
      at = leaf.tensor->value()->at; // a call with a parameter pack has no line of its own
  impl_ = std::make_unique<Impl>(trace, at);
  for (LeafRef &leaf : xs.leaves)
    if (!leaf.tensor->empty()) {
      trace.value(*leaf.tensor, "custom_vjp", leaf.path, at);
      impl_->inputs.push_back(*leaf.tensor);
    }
  impl_->enter(impl_->forward);
  impl_->bind(xs);
}
CustomVjp::~CustomVjp() {
  if (!impl_)
    return;
  impl_->trace.open.resize(impl_->depth);
  impl_->trace.builder.restoreInsertionPoint(impl_->resume);
}

void CustomVjp::backward(const Walk &ys, Walk &xs, Walk &dys) {
  llvm::SmallVector<mlir::Value> values;
  for (const LeafRef &leaf : ys.leaves)
    if (!leaf.tensor->empty())
      values.push_back(impl_->trace.value(*leaf.tensor, "custom_vjp", "the result " + leaf.path, impl_->at));
  impl_->close(values);
  impl_->enter(impl_->backward);
  impl_->bind(xs);
  for (LeafRef &leaf : dys.leaves)
    if (!isFloatLeaf(leaf))
      *leaf.tensor = Tensor();
  impl_->bind(dys);
}

void CustomVjp::finish(const Walk &gradients, Walk &ys) {
  Tracing::Impl &trace = impl_->trace;
  llvm::SmallVector<mlir::Value> values, inputs;
  std::vector<Tensor> given;
  for (const LeafRef &leaf : gradients.leaves)
    if (!leaf.tensor->empty())
      given.push_back(*leaf.tensor);
  std::size_t next = 0;
  for (const Tensor &input : impl_->inputs) {
    if (!input.dtype().isInexact())
      continue;
    if (next == given.size())
      throw Error(impl_->at, "custom_vjp: backward gives " + std::to_string(given.size()) +
                                 " gradients, fewer than there are floating inputs");
    const Tensor &gradient = given[next++];
    if (gradient.dtype() != input.dtype() || gradient.shape() != input.shape())
      fail(impl_->at,
           "custom_vjp: the gradient of an input has its type, expected " + input.str() + ", found " + gradient.str(),
           {{"gradient", gradient}, {"input", input}});
    values.push_back(trace.value(gradient, "custom_vjp", "a gradient", impl_->at));
  }
  if (next != given.size())
    throw Error(impl_->at, "custom_vjp: backward gives " + std::to_string(given.size()) + " gradients for " +
                               std::to_string(next) + " floating inputs");
  impl_->close(values);
  trace.builder.restoreInsertionPoint(impl_->resume);
  for (const Tensor &input : impl_->inputs)
    inputs.push_back(trace.value(input, "custom_vjp", "an input", impl_->at));
  mlir::OperationState state(trace.location(impl_->at), "weft.custom_vjp");
  state.addOperands(inputs);
  for (mlir::Value v : impl_->forward.front().getTerminator()->getOperands())
    state.types.push_back(v.getType());
  state.addRegion()->takeBody(impl_->forward);
  state.addRegion()->takeBody(impl_->backward);
  mlir::Operation *op = nullptr;
  trace.guarded("weft.custom_vjp", impl_->inputs, impl_->at, [&] {
    op = trace.builder.create(state);
    return succeeded(op->getName().verifyInvariants(op)) && succeeded(op->getName().verifyRegionInvariants(op));
  });
  unsigned result = 0;
  for (LeafRef &leaf : ys.leaves)
    if (!leaf.tensor->empty())
      *leaf.tensor = trace.tensor(op->getResult(result++), impl_->at);
}
