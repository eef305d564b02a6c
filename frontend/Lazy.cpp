// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// See Lazy.h.
#include "Lazy.h"
#include "Executable.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/SetVector.h"
#include <cstdio>
#include <unordered_map>

using namespace weft;
using namespace weft::detail;

/// A graph of so many ops that nobody looks at is computed all the same: memory has an end.
static constexpr std::size_t mostOps = 4096;
/// MLIR keeps every attribute that was ever made: a graph gets a context of its own again after so many ops.
static constexpr std::size_t mostOpsOfContext = 1 << 20;

Lazy::Lazy() : trace("main") { trace.lazy = this; }

static thread_local std::shared_ptr<Lazy> ofThisThread;
const std::shared_ptr<Lazy> &Lazy::ofThread() {
  if (!ofThisThread)
    ofThisThread = std::make_shared<Lazy>();
  return ofThisThread;
}

mlir::Value Lazy::argument(const Tensor &array) {
  const Value *key = array.value().get();
  auto [known, fresh] = known_.try_emplace(key);
  if (fresh) {
    mlir::Type type = trace.type(array.dtype(), array.shape());
    known->second = trace.open.front()->addArgument(type, trace.builder.getUnknownLoc());
    arrays_.push_back(array);
  }
  return known->second;
}

void Lazy::made(const std::shared_ptr<Value> &value) {
  value->lazy = shared_from_this();
  pending_.push_back(value);
}

Lazy::Pending Lazy::held() const {
  Pending all;
  llvm::SmallPtrSet<Value *, 16> seen;
  for (const auto &weak : pending_)
    if (auto value = weak.lock(); value && value->kind == Value::traced && seen.insert(value.get()).second)
      all.push_back(std::move(value));
  return all;
}

void Lazy::clear() {
  mlir::Block &block = *trace.open.front();
  while (!block.empty())
    block.back().erase();
  block.eraseArguments(0, block.getNumArguments());
  trace.closedRegions.clear();
  trace.abandoned.clear();
  trace.paths.clear();
  trace.uses.clear();
  trace.warnings.clear();
  pending_.clear();
  known_.clear();
  arrays_.clear();
  everMade_ += ops_;
  ops_ = 0;
  if (everMade_ > mostOpsOfContext && ofThisThread.get() == this)
    ofThisThread = nullptr; // whoever looks holds this one
}

void Lazy::bound(Loc at) {
  if (++ops_ < mostOps || trace.open.size() > 1)
    return;
  Pending all = held();
  if (!all.empty())
    look(*all.back(), at);
  else
    clear();
}

void Lazy::look(const Value &wanted, Loc at) {
  std::shared_ptr<Lazy> alive = shared_from_this();
  std::lock_guard lock(Building::mutex());
  if (wanted.kind != Value::traced) // another thread was here first
    return;
  Pending own;
  for (std::shared_ptr<Value> &value : held())
    if (value.get() == &wanted)
      own.push_back(value);
  if (trace.open.size() > 1) // in the body of a loop: the graph is needed as it is
    return compute(own, at);
  Pending all = held();
  try {
    compute(all, at);
  } catch (const Error &) {
    // One value at a time: what cannot be computed says so to those who look at it, and to nobody else.
    for (std::shared_ptr<Value> &value : all)
      try {
        compute({value}, at);
      } catch (const Error &error) {
        value->failure = std::make_shared<Error>(error);
        value->lazy = nullptr;
        value->handle = nullptr;
      }
  }
  clear();
  if (wanted.failure)
    throw *wanted.failure;
}

std::recursive_mutex &Building::mutex() {
  static auto *all = new std::recursive_mutex;
  return *all;
}
Building::Building(Tracing::Impl &trace, Loc at) : trace(trace) {
  if (!trace.lazy)
    return;
  lock = std::unique_lock(mutex());
  if (trace.building++ == 0)
    trace.lazy->bound(at);
}
Building::~Building() {
  if (trace.lazy)
    --trace.building;
}

// ---- what a value is made of
/// Values outside of an op that it reads: operands, and what its regions read.
static void readsOf(mlir::Operation &op, llvm::SmallVectorImpl<mlir::Value> &reads) {
  reads.append(op.operand_begin(), op.operand_end());
  for (mlir::Region &region : op.getRegions())
    region.walk([&](mlir::Operation *inner) {
      for (mlir::Value operand : inner->getOperands())
        if (!region.isAncestor(operand.getParentRegion()))
          reads.push_back(operand);
    });
}
static bool carriesDerivatives(mlir::Operation &op, mlir::Value value) {
  auto type = mlir::dyn_cast<mlir::RankedTensorType>(value.getType());
  return type && ir::isInexact(type) && !mlir::isa<ir::StopGradientOp>(op);
}

std::vector<std::shared_ptr<const Cut>> Lazy::cutsOf(const Pending &values, Loc at) const {
  // Arrays that were read, then the values themselves: whoever holds one may ask for a derivative by it.
  std::vector<std::weak_ptr<const Value>> sources;
  llvm::DenseMap<mlir::Value, unsigned> numberOf;
  for (const Tensor &array : arrays_)
    if (array.dtype().isInexact()) {
      numberOf[known_.lookup(array.value().get())] = unsigned(sources.size());
      sources.push_back(array.value());
    }
  for (const auto &value : values)
    if (value->dtype.isInexact() &&
        numberOf.try_emplace(mlir::Value::getFromOpaquePointer(value->handle), unsigned(sources.size())).second)
      sources.push_back(value);
  llvm::DenseMap<mlir::Value, llvm::BitVector> madeOf;
  llvm::SmallVector<mlir::Value> reads;
  for (mlir::Operation &op : *trace.open.front()) {
    llvm::BitVector all(unsigned(sources.size()));
    reads.clear();
    readsOf(op, reads);
    for (mlir::Value read : reads) {
      if (!carriesDerivatives(op, read))
        continue;
      if (auto known = madeOf.find(read); known != madeOf.end())
        all |= known->second;
      if (auto number = numberOf.find(read); number != numberOf.end())
        all.set(number->second);
    }
    if (all.any())
      for (mlir::Value result : op.getResults())
        madeOf[result] = all;
  }
  std::vector<std::shared_ptr<const Cut>> cuts;
  for (const auto &value : values) {
    auto cut = std::make_shared<Cut>();
    cut->at = at;
    if (auto known = madeOf.find(mlir::Value::getFromOpaquePointer(value->handle)); known != madeOf.end())
      for (unsigned i : known->second.set_bits()) {
        auto source = sources[i].lock();
        if (!source)
          continue;
        cut->sources.push_back(source);
        if (source->cut) // an earlier cut's sources are this one's
          for (const auto &older : source->cut->sources)
            if (!older.expired())
              cut->sources.push_back(older);
      }
    std::sort(cut->sources.begin(), cut->sources.end(), std::owner_less<>());
    auto same = [](const auto &a, const auto &b) { return !a.owner_before(b) && !b.owner_before(a); };
    cut->sources.erase(std::unique(cut->sources.begin(), cut->sources.end(), same), cut->sources.end());
    cuts.push_back(std::move(cut));
  }
  return cuts;
}

void Lazy::checkCuts(const char *what, const llvm::DenseSet<mlir::Value> &reached,
                     std::span<const LeafRef *const> leaves, Loc at) {
  for (const Tensor &array : arrays_) {
    const Value &v = *array.value();
    if (!v.cut || !reached.contains(known_.lookup(&v)))
      continue;
    for (const auto &weak : v.cut->sources)
      for (const LeafRef *leaf : leaves)
        if (auto source = weak.lock(); source && source == leaf->tensor->value())
          throw Error(at,
                      std::string(what) + ": a path from y to " + (leaf->path.empty() ? "the value" : leaf->path) +
                          " goes through a value that was looked at" +
                          (v.cut->at ? " (" + v.cut->at.str() + ")" : std::string()) + ", and a look cuts: take " +
                          what + " before the look, or write both in a function for jit or run",
                      {"the value is " + array.str() + (v.at ? ", made at " + v.at.str() : std::string())});
  }
}

// ---- programs
namespace {
/// Programs by the text of their IR, for all threads: under the lock of all graphs.
struct Programs {
  static constexpr std::size_t most = 1024;
  std::unordered_map<std::string, std::shared_ptr<const Executable>> known;
  /// New programs that came from the same lines, for a remark: a loop should need one.
  std::unordered_map<std::string, int> madeOf;
};
} // namespace
static Programs &programs() {
  static auto *all = new Programs; // values in static variables may be looked at late
  return *all;
}

static void remarkOfNewPrograms(mlir::ModuleOp module, Loc at) {
  static constexpr int many = 8;
  std::string lines = at.str();
  llvm::raw_string_ostream os(lines);
  module.walk([&](mlir::Operation *op) { os << op->getLoc(); });
  if (++programs().madeOf[lines] != many)
    return;
  std::fprintf(
      stderr,
      "%s: remark: the same lines made %d programs until this look. A C++ number is part of a program: one that "
      "changes in a loop is better a Tensor, and a loop's body a function for jit\n",
      at.str().c_str(), many);
}

void Lazy::compute(const Pending &values, Loc at) {
  if (values.empty())
    return;
  // The ops that are needed, in the order in which they stand, and the arguments in the order in which these read them.
  mlir::Block &block = *trace.open.front();
  llvm::DenseSet<mlir::Operation *> needed;
  std::vector<mlir::Operation *> todo;
  auto need = [&](mlir::Value value) {
    if (mlir::Operation *op = value.getDefiningOp(); op && op->getBlock() == &block && needed.insert(op).second)
      todo.push_back(op);
  };
  for (const auto &value : values)
    need(mlir::Value::getFromOpaquePointer(value->handle));
  llvm::SmallVector<mlir::Value> reads;
  while (!todo.empty()) {
    mlir::Operation *op = todo.back();
    todo.pop_back();
    reads.clear();
    readsOf(*op, reads);
    for (mlir::Value read : reads)
      need(read);
  }
  llvm::SetVector<mlir::Value> arguments;
  std::string lines; // of ops whose code holds a message
  for (mlir::Operation &op : block) {
    if (!needed.contains(&op))
      continue;
    reads.clear();
    readsOf(op, reads);
    for (mlir::Value read : reads)
      if (read.getParentBlock() == &block && mlir::isa<mlir::BlockArgument>(read))
        arguments.insert(read);
    op.walk([&](mlir::Operation *inner) {
      if (mlir::isa<ir::CheckedOpInterface>(inner))
        llvm::raw_string_ostream(lines) << inner->getLoc() << '\n';
    });
  }

  mlir::Builder types(&trace.context);
  mlir::OwningOpRef<mlir::ModuleOp> module = mlir::ModuleOp::create(types.getUnknownLoc());
  mlir::OpBuilder b = mlir::OpBuilder::atBlockEnd(module->getBody());
  llvm::SmallVector<mlir::Value> results;
  llvm::SmallVector<mlir::Type> resultTypes;
  for (const auto &value : values) {
    results.push_back(mlir::Value::getFromOpaquePointer(value->handle));
    resultTypes.push_back(results.back().getType());
  }
  auto function = mlir::func::FuncOp::create(b, b.getUnknownLoc(), "main",
                                             b.getFunctionType(mlir::TypeRange(arguments.getArrayRef()), resultTypes));
  mlir::IRMapping map;
  mlir::Block *body = function.addEntryBlock();
  for (auto [outside, inside] : llvm::zip(arguments, body->getArguments()))
    map.map(outside, inside);
  b.setInsertionPointToEnd(body);
  for (mlir::Operation &op : block)
    if (needed.contains(&op))
      b.clone(op, map);
  for (mlir::Value &result : results)
    result = map.lookup(result);
  mlir::func::ReturnOp::create(b, b.getUnknownLoc(), results);

  std::string key = printModule(*module) + lines;
  std::shared_ptr<const Executable> program;
  if (auto known = programs().known.find(key); known != programs().known.end())
    program = known->second;
  if (!program) {
    remarkOfNewPrograms(*module, at);
    auto fresh = std::make_shared<Executable>();
    InputArgument record;
    for (auto [i, argument] : llvm::enumerate(arguments)) {
      auto type = mlir::cast<mlir::RankedTensorType>(argument.getType());
      Shape shape(type.getShape().begin(), type.getShape().end());
      record.leaves.push_back({"input " + std::to_string(i), dtypeFromIr(type.getElementType()), shape, int(i)});
    }
    fresh->numInputs = int(arguments.size());
    fresh->numResults = int(values.size());
    fresh->arguments.push_back(std::move(record));
    fresh->name = "main";
    fresh->compile(*module, "main");
    if (programs().known.size() >= Programs::most)
      programs().known.clear();
    program = programs().known.try_emplace(std::move(key), std::move(fresh)).first->second;
  }
  std::vector<Tensor> inputs;
  for (mlir::Value argument : arguments)
    inputs.push_back(arrays_[mlir::cast<mlir::BlockArgument>(argument).getArgNumber()]);
  ArgumentRef given{Walk(false), false};
  for (Tensor &input : inputs)
    given.walk.leaf(input, Role::tensor);
  std::vector<Tensor> arrays = call(*program, {&given, 1}, at);
  std::vector<std::shared_ptr<const Cut>> cuts = cutsOf(values, at);
  for (std::size_t i = 0; i < values.size(); ++i) {
    Value &own = *values[i];
    const Value &array = *arrays[i].value();
    known_[&own] = mlir::Value::getFromOpaquePointer(own.handle); // as long as the graph stays, it knows the path
    own.memory = array.memory;
    own.data = array.data;
    own.sizes = array.sizes;
    own.cut = cuts[i];
    own.trace = 0;
    own.handle = nullptr;
    own.kind = Value::array;
    own.lazy = nullptr;
  }
}

void detail::settle(const Tensor &x, Loc at) {
  if (x.empty())
    return;
  const Value &v = *x.value();
  if (v.failure)
    throw *v.failure;
  if (std::shared_ptr<Lazy> graph = v.lazy)
    graph->look(v, at);
}
