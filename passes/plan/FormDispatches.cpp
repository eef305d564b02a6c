//===- FormDispatches.cpp - kernels and dispatches --------------------------------------------------------------------===//
//
//   func.func @f(%x, %w, %b) {                          loom.kernel @contract_0 { ^bb0(%0, %1, %2):
//     %h = weft.contract "bi,ij->bj", %x, %w              %3 = weft.contract "bi,ij->bj", %0, %1
//     %c = weft.broadcast %b [1]                          %4 = weft.broadcast %2 [1]
//     %z = weft.add %h, %c                         ->     %5 = weft.add %3, %4
//     %y = weft.tanh %z                                   %6 = weft.tanh %5
//     return %y                                           loom.yield %6 }
//   }                                                   func.func @f(%x, %w, %b) { %y = loom.dispatch @contract_0(%x, %w, %b)  return %y }
//
// Grouping.h says which ops share a kernel. Equal kernels are one symbol: dispatches of a stack of equal layers compile once. Every result
// of the function is the result of exactly one dispatch, so that it has memory of its own: what is none gets a copy.
//
//===----------------------------------------------------------------------------------------------------------------===//
#include "dialects/loom/Loom.h"
#include "dialects/weft/Weft.h"
#include "passes/Passes.h"
#include "passes/plan/Grouping.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;
namespace weft::passes {
#define GEN_PASS_DEF_FORMDISPATCHES
#include "passes/Passes.h.inc"

namespace {
/// The kernels of a module, found by what they compute.
class Kernels {
public:
  explicit Kernels(ModuleOp module) : module(module), symbols(module) {
    for (auto kernel : module.getOps<loom::KernelOp>())
      known[fingerprint(kernel)].push_back(kernel);
  }

  /// Takes a kernel that is not in the module yet; returns the one to dispatch.
  loom::KernelOp unify(loom::KernelOp kernel, StringRef kind) {
    auto &candidates = known[fingerprint(kernel)];
    for (loom::KernelOp other : candidates)
      if (OperationEquivalence::isRegionEquivalentTo(&kernel.getBody(), &other.getBody(), OperationEquivalence::IgnoreLocations)) {
        kernel.erase();
        return other;
      }
    std::string name;
    do
      name = (kind + "_" + Twine(next++)).str();
    while (symbols.lookup(name));
    kernel.setSymName(name);
    symbols.insert(kernel);
    candidates.push_back(kernel);
    return kernel;
  }

private:
  /// Equal for equal kernels.
  static std::string fingerprint(loom::KernelOp kernel) {
    std::string text;
    for (Operation &op : kernel.getBody().front())
      text += op.getName().getStringRef().str() + ",";
    return text;
  }
  ModuleOp module;
  SymbolTable symbols;
  llvm::StringMap<SmallVector<loom::KernelOp>> known;
  unsigned next = 0;
};

/// Where the dispatch's numbers are the user's: the hero's line, else those of the results.
Location locationOf(const Group &group) {
  if (group.hero)
    return group.hero->getLoc();
  SmallVector<Location> locations;
  for (Value root : group.roots)
    if (!llvm::is_contained(locations, root.getLoc()))
      locations.push_back(root.getLoc());
  return locations.size() == 1 ? locations.front() : FusedLoc::get(group.roots.front().getContext(), locations);
}

/// What needs memory of its own and would have none gets a copy: a result that is an argument, a view, a constant or returned before; a
/// generator (iota, a splat constant) that a contraction reads, for elsewhere the generator shall stay inside kernels.
void insertCopies(func::FuncOp function) {
  Block &body = function.getBody().front();
  auto generates = [](Value v) { return v.getDefiningOp() && v.getDefiningOp()->getNumOperands() == 0; };
  auto copy = [](OpOperand &operand) {
    OpBuilder b(operand.getOwner());
    Value v = operand.get();
    operand.set(ir::CopyOp::create(b, v.getDefiningOp() ? v.getLoc() : operand.getOwner()->getLoc(), v.getType(), v));
  };
  for (auto contract : body.getOps<ir::ContractOp>())
    for (OpOperand &operand : contract->getOpOperands())
      if (generates(operand.get()) && !isConstantInMemory(operand.get()))
        copy(operand);
  llvm::DenseSet<Value> returned;
  for (OpOperand &operand : body.getTerminator()->getOpOperands()) {
    Operation *op = operand.get().getDefiningOp();
    if (!op || isa<ir::ReshapeOp>(op) || generates(operand.get()) || !returned.insert(operand.get()).second)
      copy(operand);
  }
}

struct FormDispatches : impl::FormDispatchesBase<FormDispatches> {
  using FormDispatchesBase::FormDispatchesBase;

  /// The group as a kernel and its dispatch, inserted at `b`. `values`: what values of the old function are in the new one.
  void outline(const Group &group, Kernels &kernels, OpBuilder &b, IRMapping &values) {
    Location loc = locationOf(group);
    OpBuilder detached(b.getContext());
    auto kernel = loom::KernelOp::create(detached, loc, "kernel");
    Block *block = &kernel.getBody().emplaceBlock();
    OpBuilder inside = OpBuilder::atBlockEnd(block);
    IRMapping map;
    SmallVector<Value> operands;
    for (Value v : group.operands) {
      map.map(v, block->addArgument(v.getType(), v.getLoc()));
      operands.push_back(values.lookup(v));
    }
    for (Operation *op : group.members)
      inside.clone(*op, map);
    SmallVector<Value> yielded;
    SmallVector<Type> types;
    for (Value v : group.results) {
      yielded.push_back(map.lookup(v));
      types.push_back(v.getType());
    }
    loom::YieldOp::create(inside, loc, yielded);
    std::string kind = kernel.isOverRows() ? "rows" : group.hero ? group.hero->getName().stripDialect().str() : "map";
    kernel = kernels.unify(kernel, kind);
    auto dispatch = loom::DispatchOp::create(b, loc, types, FlatSymbolRefAttr::get(kernel), operands, ArrayAttr());
    for (auto [old, fresh] : llvm::zip(group.results, dispatch.getResults()))
      values.map(old, fresh);
  }

  LogicalResult form(func::FuncOp function, Kernels &kernels) {
    if (!function.getBody().hasOneBlock())
      return function.emitOpError("dispatches are formed of straight-line code");
    insertCopies(function);
    FailureOr<Grouping> grouping = groupOps(function, fuse);
    if (failed(grouping))
      return failure();
    Block &body = function.getBody().front();
    Operation *terminator = body.getTerminator();
    // Old ops stay until all is cloned; the new ones stand between them and the return.
    SmallVector<Operation *> old;
    for (Operation &op : body.without_terminator())
      old.push_back(&op);
    OpBuilder b(terminator);
    IRMapping values;
    for (BlockArgument argument : body.getArguments())
      values.map(argument, argument);
    // Views and constants are made where they are first read.
    std::function<void(Value)> provide = [&](Value v) {
      if (values.contains(v))
        return;
      Operation *op = v.getDefiningOp();
      for (Value operand : op->getOperands())
        provide(operand);
      b.clone(*op, values);
    };
    for (const Group &group : grouping->groups) {
      for (Value v : group.operands)
        provide(v);
      outline(group, kernels, b, values);
    }
    for (OpOperand &operand : terminator->getOpOperands())
      operand.set(values.lookup(operand.get()));
    for (Operation *op : llvm::reverse(old))
      op->erase();
    return success();
  }

  void runOnOperation() override {
    Kernels kernels(getOperation());
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (!function.isExternal() && failed(form(function, kernels)))
        return signalPassFailure();
  }
};
} // namespace
} // namespace weft::passes
