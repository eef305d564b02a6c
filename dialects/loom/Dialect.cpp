// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Registration and verifiers of the scheduled dialect.
#include "dialects/loom/Loom.h"
#include "dialects/weft/Weft.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace weft;
using namespace weft::loom;

#include "dialects/loom/LoomDialect.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/loom/LoomAttrs.cpp.inc"
#define GET_OP_CLASSES
#include "dialects/loom/LoomOps.cpp.inc"

void LoomDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "dialects/loom/LoomOps.cpp.inc"
      >();
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/loom/LoomAttrs.cpp.inc"
      >();
}

SmallVector<Operation *> KernelOp::getHeroes() {
  SmallVector<Operation *> heroes;
  for (Operation &op : getBody().front().without_terminator())
    if (!isa<ir::PointwiseOpInterface>(op))
      heroes.push_back(&op);
  return heroes;
}

std::optional<ir::Dims> KernelOp::getRowSpace() {
  SmallVector<Operation *> heroes = getHeroes();
  std::optional<ir::Dims> space;
  for (Operation *hero : heroes)
    if (!space)
      space = ir::rowSpace(hero);
  if (!space)
    return std::nullopt;
  if (heroes.size() != 1)
    return llvm::all_of(heroes, [&](Operation *hero) { return ir::rowSpace(hero) || ir::rowStretchesOf(hero, *space); })
               ? space
               : std::nullopt;
  ir::Dims own = ir::getDims(heroes[0]->getResult(0));
  return llvm::any_of(getTerminator()->getOperands(), [&](Value v) { return ir::getDims(v) != own; }) ? space
                                                                                                      : std::nullopt;
}

int64_t KernelOp::getWorkspace() {
  uint64_t bytes = 0;
  for (Operation *hero : getHeroes())
    if (auto traits = dyn_cast<ir::HeroOpInterface>(hero))
      bytes = llvm::SaturatingAdd<uint64_t>(bytes, std::max<int64_t>(0, traits.getWorkspace().upper()));
  return std::min<uint64_t>(bytes, std::numeric_limits<int64_t>::max());
}

SmallVector<ir::RuntimeCheck> KernelOp::getChecks() {
  SmallVector<ir::RuntimeCheck> checks;
  for (Operation &op : getBody().front())
    if (auto checked = dyn_cast<ir::CheckedOpInterface>(op))
      if (std::optional<ir::RuntimeCheck> check = checked.getCheck())
        checks.push_back(*check);
  return checks;
}

/// Loops over rows come one after the other, each when the reductions that it needs are known, and numbers of the row
/// are stored last: an operand that is read at its own element or row alone may be read until the loop that stores the
/// result, not after it.
static bool readsInPlaceOverRows(KernelOp kernel, Value argument, Value result) {
  ir::Dims space = *kernel.getRowSpace();
  if (Operation *maker = result.getDefiningOp(); maker && ir::rowStretchesOf(maker, space))
    return false; // read and written for every row of a stretch
  llvm::DenseMap<Value, unsigned> loopOf;
  for (Operation &op : kernel.getBody().front().without_terminator()) {
    unsigned loop = 0;
    for (Value v : op.getOperands())
      loop = std::max(loop, loopOf.lookup(v));
    loopOf[op.getResult(0)] = loop + isa<ir::ReductionOpInterface>(op);
  }
  bool storedLast = ir::getDims(result) != space;
  llvm::DenseSet<Operation *> seen;
  SmallVector<Value> work{argument};
  while (!work.empty()) {
    Value v = work.pop_back_val();
    ir::Position at = ir::positionOf(ir::getDims(v), space);
    for (OpOperand &use : v.getUses()) {
      Operation *op = use.getOwner();
      auto summed =
          op->getNumResults() == 1 && op->hasOneUse() ? ir::rowStretchesOf(*op->user_begin(), space) : std::nullopt;
      bool stretches = summed && summed->elements == v;
      if (stretches || isa<YieldOp, ir::ReductionOpInterface>(op)) {
        if (!storedLast && loopOf.lookup(v) > loopOf.lookup(result))
          return false;
        continue;
      }
      ir::Position next = ir::positionOf(ir::getDims(op->getResult(0)), space);
      if (at == ir::Position::other || ir::positionRead(op, use.getOperandNumber(), next, space) != at)
        return false;
      if (seen.insert(op).second)
        work.push_back(op->getResult(0));
    }
  }
  return true;
}

bool KernelOp::readsInPlace(unsigned operand, unsigned result) {
  BlockArgument argument = getBody().front().getArgument(operand);
  if (argument.getType() != getTerminator()->getOperand(result).getType())
    return false;
  // A hero that takes an epilogue and a map have no element twice, and load all before they store.
  SmallVector<Operation *> heroes = getHeroes();
  if (isOverRows())
    return readsInPlaceOverRows(*this, argument, getTerminator()->getOperand(result));
  if (heroes.size() == 1)
    if (auto traits = dyn_cast<ir::HeroOpInterface>(heroes[0]); !traits || !traits.takesEpilogue()) {
      auto own = dyn_cast<OpResult>(getTerminator()->getOperand(result));
      if (!traits || !own || own.getOwner() != heroes[0] || !argument.hasOneUse())
        return false;
      OpOperand &use = *argument.use_begin();
      return use.getOwner() == heroes[0] && traits.mayOverwrite(use.getOperandNumber(), own.getResultNumber());
    }
  llvm::DenseSet<Operation *> seen;
  SmallVector<Value> work{argument};
  while (!work.empty())
    for (OpOperand &use : work.pop_back_val().getUses()) {
      Operation *op = use.getOwner();
      if (isa<YieldOp>(op))
        continue;
      if (!isa<ir::PointwiseOpInterface>(op) || !ir::accessOf(op).readsOwnPosition(use.getOperandNumber()))
        return false;
      if (seen.insert(op).second)
        work.push_back(op->getResult(0));
    }
  return true;
}

/// Every path from a result or a reduction to another reduction must lead to that of the same row.
static LogicalResult verifyRows(KernelOp kernel, ArrayRef<Operation *> heroes) {
  std::optional<ir::Dims> space = kernel.getRowSpace();
  for (Operation *hero : heroes)
    if (ir::rowSpace(hero) != space && !ir::rowStretchesOf(hero, *space))
      return kernel.emitOpError(
                 "has two ops that are not pointwise, and not reductions of the last dimension of one shape: ")
             << heroes[0]->getName() << " and " << hero->getName();
  llvm::DenseSet<std::pair<Operation *, int>> seen;
  SmallVector<std::pair<Operation *, ir::Position>> work;
  auto visit = [&](Value v, ir::Position at) -> LogicalResult {
    Operation *op = v.getDefiningOp();
    if (!op || !seen.insert({op, int(at)}).second)
      return success();
    if (!llvm::is_contained(heroes, op)) {
      work.push_back({op, at});
      return success();
    }
    return at == ir::Position::row ? success()
                                   : op->emitOpError("is read from another row than its own in a kernel over rows");
  };
  llvm::DenseSet<Value> stretched;
  for (Operation *hero : heroes) {
    auto stretches = ir::rowStretchesOf(hero, *space);
    if (stretches)
      stretched.insert(hero->getResult(0));
    if (failed(visit(stretches ? stretches->elements : hero->getOperand(0), ir::Position::element)))
      return failure();
  }
  for (Value v : kernel.getTerminator()->getOperands()) {
    ir::Position at = ir::positionOf(ir::getDims(v), *space);
    if (stretched.contains(v))
      continue;
    if (at == ir::Position::other)
      return kernel.emitOpError("yields ")
             << ir::str(v.getType()) << ", but its rows are of " << ir::str(ArrayRef<ir::Dim>(*space));
    if (failed(visit(v, at)))
      return failure();
  }
  while (!work.empty()) {
    auto [op, at] = work.pop_back_val();
    for (unsigned i = 0; i < op->getNumOperands(); ++i)
      if (failed(visit(op->getOperand(i), ir::positionRead(op, i, at, *space))))
        return failure();
  }
  return success();
}

/// All must have the loops of the first, and none may need what another computes.
static LogicalResult verifyTogether(KernelOp kernel, ArrayRef<Operation *> heroes) {
  for (Operation *hero : heroes.drop_front())
    if (!ir::shareLoops(heroes[0], hero))
      return kernel.emitOpError(
                 "has two ops that are not pointwise, and no reductions of the same dimensions of one shape: ")
             << heroes[0]->getName() << " and " << hero->getName();
  llvm::DenseSet<Operation *> behind;
  for (Operation &op : kernel.getBody().front().without_terminator()) {
    bool needsHero = llvm::any_of(op.getOperands(),
                                  [&](Value v) { return v.getDefiningOp() && behind.contains(v.getDefiningOp()); });
    bool isHero = llvm::is_contained(heroes, &op);
    if (needsHero && isHero)
      return op.emitOpError("needs the result of another reduction of its kernel");
    if (needsHero || isHero)
      behind.insert(&op);
  }
  return success();
}

LogicalResult KernelOp::verifyRegions() {
  if (!isa<YieldOp>(getBody().front().getTerminator()))
    return emitOpError("must end in loom.yield");
  SmallVector<Operation *> heroes = getHeroes();
  auto results = getTerminator()->getOperands();
  if (results.empty())
    return emitOpError("yields nothing");
  if (isOverRows())
    return verifyRows(*this, heroes);
  if (heroes.size() > 1 && failed(verifyTogether(*this, heroes)))
    return failure();
  Operation *hero = heroes.empty() ? nullptr : heroes[0];
  ir::Dims dims = ir::getDims(hero ? hero->getResult(0) : results[0]);
  for (Value r : results)
    if (ir::getDims(r) != dims && r.getDefiningOp() != hero) // results of the hero itself have shapes of their own
      return emitOpError("yields ") << ir::str(r.getType()) << ", but its loops are over "
                                    << ir::str(ArrayRef<ir::Dim>(dims));
  return success();
}

/// Whether each dimension of `narrow` is the product of one or several of `fine`, in order. Sizes of 0 and 1 may belong
/// to either neighbour.
static bool isProductOf(ArrayRef<ir::Dim> narrow, ArrayRef<ir::Dim> fine) {
  if (narrow.empty() || fine.empty())
    return narrow.empty() && fine.empty();
  ir::Dim product = fine.front();
  for (size_t taken = 1;; ++taken) {
    if (product == narrow.front() && isProductOf(narrow.drop_front(), fine.drop_front(taken)))
      return true;
    // Run-time sizes multiply only with known ones.
    if (taken == fine.size() || (!product.isConstant() && !fine[taken].isConstant()))
      return false;
    product = product * fine[taken];
  }
}

/// Whether a kernel's tensor is the dispatch's memory: neighbouring dimensions may be one for the kernel.
static bool agree(Type ofKernel, Type ofDispatch) {
  if (ofKernel == ofDispatch)
    return true;
  auto narrow = dyn_cast<RankedTensorType>(ofKernel), wide = dyn_cast<RankedTensorType>(ofDispatch);
  if (!narrow || !wide || narrow.getElementType() != wide.getElementType())
    return false;
  return isProductOf(ir::getDims(narrow), ir::getDims(wide));
}

LogicalResult DispatchOp::verifySymbolUses(SymbolTableCollection &symbols) {
  Operation *symbol = symbols.lookupNearestSymbolFrom(*this, getKernelAttr());
  // Once its loops are made, a kernel is a function.
  if (isa_and_nonnull<FunctionOpInterface>(symbol))
    return success();
  auto kernel = dyn_cast_or_null<KernelOp>(symbol);
  if (!kernel)
    return emitOpError("names no kernel: ") << getKernelAttr();
  if (!llvm::equal(kernel.getBody().front().getArgumentTypes(), getOperands().getTypes(), agree))
    return emitOpError("operands differ from the arguments of ") << getKernelAttr();
  if (!llvm::equal(kernel.getTerminator()->getOperandTypes(), getResults().getTypes(), agree))
    return emitOpError("results differ from what ") << getKernelAttr() << " yields";
  if (getPlaces() && getPlaces()->size() != getNumResults())
    return emitOpError("has ") << getPlaces()->size() << " places for " << getNumResults() << " results";
  return success();
}
