// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
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
// Grouping.h says which ops share a kernel. Kernels that compute the same become one symbol, so that a stack of equal
// layers is compiled once. Every result of the function has to have memory of its own. So it must be the result of
// exactly one dispatch, and a result that is none is copied.
//
//===----------------------------------------------------------------------------------------------------------------===//
#include "dialects/loom/Loom.h"
#include "dialects/loom/Views.h"
#include "dialects/weft/Weft.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Transforms/RegionUtils.h"
#include "passes/Passes.h"
#include "passes/plan/CollapseDims.h"
#include "passes/plan/ColumnSums.h"
#include "passes/plan/Grouping.h"
#include "passes/plan/Roots.h"
#include "passes/plan/SplitSums.h"

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

  /// Takes a kernel that is not in the module yet. Returns the kernel to dispatch: an equal one that is in the module,
  /// or this one, which it then adds.
  loom::KernelOp unify(loom::KernelOp kernel, StringRef kind) {
    auto &candidates = known[fingerprint(kernel)];
    for (loom::KernelOp other : candidates)
      if (OperationEquivalence::isRegionEquivalentTo(&kernel.getBody(), &other.getBody(),
                                                     OperationEquivalence::IgnoreLocations)) {
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
  /// A hash that equal kernels have in common.
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

/// The location of a dispatch, for messages: the line of the hero if there is one, else the lines of the results.
Location locationOf(const Group &group) {
  if (group.hero)
    return group.hero->getLoc();
  SmallVector<Location> locations;
  for (Value root : group.roots)
    if (!llvm::is_contained(locations, root.getLoc()))
      locations.push_back(root.getLoc());
  return locations.size() == 1 ? locations.front() : FusedLoc::get(group.roots.front().getContext(), locations);
}

/// Adds a copy where a value needs memory of its own and would have none. That is a result which is an argument, a
/// view, a constant, a carry, or the same value as an earlier result. It is also a generator (iota, a constant of one
/// number) that an op reads from memory: the copy is in memory, and all other readers generate the elements in their
/// kernels.
void insertCopies(Block &body) {
  auto generates = [](Value v) {
    return v.getDefiningOp() && v.getDefiningOp()->getNumOperands() == 0 && !v.getDefiningOp()->getNumRegions();
  };
  auto copy = [](OpOperand &operand) {
    OpBuilder b(operand.getOwner());
    Value v = operand.get();
    operand.set(ir::CopyOp::create(b, v.getDefiningOp() ? v.getLoc() : operand.getOwner()->getLoc(), v.getType(), v));
  };
  for (Operation &op : body)
    for (OpOperand &operand : op.getOpOperands())
      if (readsMemory(&op, operand.getOperandNumber()) && generates(operand.get()) &&
          !isConstantInMemory(operand.get()))
        copy(operand);
  llvm::DenseSet<Value> returned;
  for (OpOperand &operand : body.getTerminator()->getOpOperands()) {
    Operation *op = operand.get().getDefiningOp();
    bool isOutput = isa<func::FuncOp>(body.getParentOp());
    auto control = dyn_cast_or_null<ir::ControlFlowOpInterface>(op);
    bool hasPlace =
        !control || (isOutput && cast<OpResult>(operand.get()).getResultNumber() >= control.getNumCarries());
    if (!op || op->getBlock() != &body || loom::isView(op) || !hasPlace || generates(operand.get()) ||
        !returned.insert(operand.get()).second)
      copy(operand);
  }
}

/// Copies generators that a region reads from outside into the region, so that its kernels generate the elements.
void sinkGenerators(Operation *op) {
  for (Region &region : op->getRegions()) {
    llvm::SetVector<Value> captured;
    getUsedValuesDefinedAbove(region, region, captured);
    for (Value v : captured) {
      Operation *maker = v.getDefiningOp();
      if (!maker || maker->getNumRegions() || isa<loom::DispatchOp>(maker) ||
          isConstantInMemory(v)) // its elements are in memory already
        continue;
      // A number that is broadcast is a generator as well.
      bool repeats = maker->getNumOperands() == 1 && maker->hasTrait<ir::MovesElements>() &&
                     ir::accessOf(maker).isRepeated(0) && !loom::isView(maker);
      Value from = repeats ? maker->getOperand(0) : v;
      if (!from.getDefiningOp() || from.getDefiningOp()->getNumOperands() ||
          isa<loom::DispatchOp>(from.getDefiningOp()) || isConstantInMemory(from))
        continue;
      OpBuilder b = OpBuilder::atBlockBegin(&region.front());
      IRMapping map;
      if (from != v)
        b.clone(*from.getDefiningOp(), map);
      Value own = b.clone(*maker, map)->getResult(0);
      v.replaceUsesWithIf(own, [&](OpOperand &use) { return region.isAncestor(use.getOwner()->getParentRegion()); });
    }
  }
}

struct FormDispatches : impl::FormDispatchesBase<FormDispatches> {
  using FormDispatchesBase::FormDispatchesBase;

  /// Makes a kernel of a group, and its dispatch at `b`. `values` maps values of the old function to those of the new
  /// one.
  LogicalResult outline(const Group &group, Kernels &kernels, OpBuilder &b, IRMapping &values) {
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
    FailureOr<std::optional<ColumnSums>> columns = cutColumnSums(kernel);
    if (failed(columns) || failed(collapseDims(kernel)))
      return failure();
    FailureOr<std::optional<SplitSum>> splits = fuse ? splitSum(kernel) : std::optional<SplitSum>();
    if (failed(splits))
      return failure();
    if (std::optional<SplitSum> &split = *splits) {
      // The kernel of the parts reads views of the operands.
      SmallVector<Value> viewed, combined;
      for (auto [index, argument] : llvm::zip(split->readByParts, split->parts.getBody().front().getArguments()))
        viewed.push_back(argument.getType() == block->getArgument(index).getType()
                             ? operands[index]
                             : Value(ir::ReshapeOp::create(b, loc, argument.getType(), operands[index])));
      SmallVector<Type> ofParts(
          split->parts.getTerminator()->getOperandTypes()); // read first: an equal kernel may replace this one
      llvm::append_range(combined, dispatch(kernels, split->parts, ofParts, viewed, b).getResults());
      for (unsigned index : split->readByCombination)
        combined.push_back(operands[index]);
      kernel.erase();
      kernel = split->combination;
      operands = combined;
    }
    if (*columns)
      types = SmallVector<Type>(kernel.getTerminator()->getOperandTypes());
    auto last = dispatch(kernels, kernel, types, operands, b);
    SmallVector<Value> results(last.getResults());
    if (*columns) {
      SmallVector<Value> parts;
      SmallVector<Type> whole;
      for (unsigned index : (*columns)->results) {
        parts.push_back(results[index]);
        whole.push_back(group.results[index].getType());
      }
      auto combined = dispatch(kernels, (*columns)->combination, whole, parts, b);
      for (auto [index, sum] : llvm::zip((*columns)->results, combined.getResults()))
        results[index] = sum;
    }
    for (auto [old, fresh] : llvm::zip(group.results, results))
      values.map(old, fresh);
    return success();
  }
  static loom::DispatchOp dispatch(Kernels &kernels, loom::KernelOp kernel, TypeRange types, ValueRange operands,
                                   OpBuilder &b) {
    SmallVector<Operation *> heroes = kernel.getHeroes();
    std::string kind = kernel.isOverRows() ? "rows"
                       : heroes.empty()    ? "map"
                                           : heroes[0]->getName().stripDialect().str();
    Location loc = kernel.getLoc();
    return loom::DispatchOp::create(b, loc, types, FlatSymbolRefAttr::get(kernels.unify(kernel, kind)), operands,
                                    ArrayAttr(), loom::ArenaAttr(), IntegerAttr(), UnitAttr());
  }

  LogicalResult form(Block &body, Kernels &kernels) {
    for (Operation &op : body)
      sinkGenerators(&op);
    insertCopies(body);
    FailureOr<Grouping> grouping = groupOps(body, fuse);
    if (failed(grouping))
      return failure();
    Operation *terminator = body.getTerminator();
    // The old ops stay until everything is cloned. The new ones are inserted between them and the end of the block.
    SmallVector<Operation *> old;
    for (Operation &op : body.without_terminator())
      old.push_back(&op);
    OpBuilder b(terminator);
    IRMapping values;
    // A view or a constant is cloned in front of its first reader. A value from outside of the block is used as it is.
    std::function<void(Value)> provide = [&](Value v) {
      Operation *op = v.getDefiningOp();
      if (values.contains(v))
        return;
      if (!op || op->getBlock() != &body) {
        values.map(v, v);
        return;
      }
      for (Value operand : op->getOperands())
        provide(operand);
      b.clone(*op, values);
    };
    SmallVector<Operation *> inner;
    for (const Group &group : grouping->groups) {
      for (Value v : group.operands)
        provide(v);
      if (group.hero && isa<ir::ControlFlowOpInterface>(group.hero))
        inner.push_back(b.clone(*group.hero, values));
      else if (failed(outline(group, kernels, b, values)))
        return failure();
    }
    for (OpOperand &operand : terminator->getOpOperands()) {
      provide(operand.get());
      operand.set(values.lookup(operand.get()));
    }
    for (Operation *op : llvm::reverse(old))
      op->erase();
    for (Operation *op : inner)
      for (Region &region : op->getRegions())
        if (failed(form(region.front(), kernels)))
          return failure();
    return success();
  }

  LogicalResult formFunction(func::FuncOp function, Kernels &kernels) {
    if (!function.getBody().hasOneBlock())
      return function.emitOpError("dispatches are formed of straight-line code");
    return form(function.getBody().front(), kernels);
  }

  void runOnOperation() override {
    Kernels kernels(getOperation());
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (!function.isExternal() && failed(formFunction(function, kernels)))
        return signalPassFailure();
  }
};
} // namespace
} // namespace weft::passes
