// Which results may be written over arguments; see Updates.h.
#include "passes/plan/Updates.h"
#include "dialects/loom/Loom.h"
#include "dialects/weft/Weft.h"
#include "mlir/Transforms/RegionUtils.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
namespace weft::passes {

static Value behindViews(Value v) {
  while (auto view = v.getDefiningOp<ir::ReshapeOp>())
    v = view->getOperand(0);
  return v;
}

/// Ops of the block that read a value or a view of it, anywhere in their regions.
static void readersOf(Value v, Block &block, llvm::SetVector<Operation *> &readers) {
  for (Operation *user : v.getUsers()) {
    if (isa<ir::ReshapeOp>(user))
      readersOf(user->getResult(0), block, readers);
    else
      readers.insert(block.findAncestorOpInBlock(*user));
  }
}

SmallVector<Update> findUpdates(func::FuncOp function, Refusal refuse) {
  SmallVector<Update> updates;
  Block &block = function.getBody().front();
  for (auto [i, value] : llvm::enumerate(block.getTerminator()->getOperands())) {
    auto mark = function.getResultAttrOfType<IntegerAttr>(i, ir::updatesMark);
    if (!mark)
      continue;
    BlockArgument old = block.getArgument(mark.getInt());
    auto writer = value.getDefiningOp<loom::DispatchOp>();
    if (!writer || writer->getBlock() != &block) {
      refuse(i, value.getDefiningOp(), "a loop or a branch makes it, which may end half-way");
      continue;
    }
    auto kernel = SymbolTable::lookupNearestSymbolFrom<loom::KernelOp>(writer, writer.getKernelAttr());
    unsigned reads = 0;
    bool inPlace = kernel != nullptr;
    for (auto [k, operand] : llvm::enumerate(writer.getOperands()))
      if (behindViews(operand) == old) {
        ++reads;
        inPlace = inPlace && kernel.readsInPlace(k, cast<OpResult>(value).getResultNumber());
      }
    if (!inPlace || reads > 1) {
      refuse(i, writer, "its kernel reads the old value at other positions than the one that it writes");
      continue;
    }
    llvm::SetVector<Operation *> readers;
    readersOf(old, block, readers);
    readers.remove(writer);
    updates.push_back({unsigned(i), unsigned(mark.getInt()), writer, llvm::to_vector<2>(readers)});
  }
  return updates;
}

namespace {
/// What a kernel checks, as a value of the function around it.
struct Known {
  Value of;
  ir::RuntimeError error;
  std::optional<ir::Dim> inside;
  bool operator==(const Known &) const = default;
};
} // namespace

/// A check of elements of an operand as they lie in memory.
static std::optional<Known> known(loom::DispatchOp dispatch, const ir::RuntimeCheck &check) {
  Value v = check.of;
  for (Operation *op = v.getDefiningOp(); op && (isa<ir::ReshapeOp, ir::BroadcastOp>(op) || op->hasTrait<ir::Identity>()); op = v.getDefiningOp())
    v = op->getOperand(0);
  auto argument = dyn_cast<BlockArgument>(v);
  if (!argument)
    return std::nullopt;
  return Known{behindViews(dispatch->getOperand(argument.getArgNumber())), check.error, check.inside};
}

SmallVector<Operation *> findRaising(Block &block) {
  SmallVector<Operation *> raising;
  SmallVector<Known> before; // by dispatches of the block itself: what stands in a loop or a branch may not have run
  for (Operation &op : block) {
    bool raises = false;
    SmallVector<Known> own;
    op.walk([&](loom::DispatchOp dispatch) {
      auto kernel = SymbolTable::lookupNearestSymbolFrom<loom::KernelOp>(dispatch, dispatch.getKernelAttr());
      for (const ir::RuntimeCheck &check : kernel ? kernel.getChecks() : SmallVector<ir::RuntimeCheck>()) {
        std::optional<Known> asked = known(dispatch, check);
        if (asked && llvm::is_contained(before, *asked))
          continue;
        raises = true;
        if (asked)
          own.push_back(*asked);
      }
    });
    if (isa<loom::DispatchOp>(op))
      before.append(own);
    if (raises)
      raising.push_back(&op);
  }
  return raising;
}

SmallVector<std::pair<Operation *, Operation *>> orderForUpdates(func::FuncOp function) {
  SmallVector<std::pair<Operation *, Operation *>> order;
  SmallVector<Update> updates = findUpdates(function, [](unsigned, Operation *, StringRef) {});
  if (updates.empty())
    return order;
  Block &block = function.getBody().front();
  SmallVector<Operation *> raising = findRaising(block);
  DenseMap<Operation *, SmallVector<Operation *>> later; // who waits for an op
  for (Operation &op : block)
    for (Operation *user : op.getUsers())
      later[&op].push_back(block.findAncestorOpInBlock(*user));
  for (const Update &update : updates) {
    llvm::DenseSet<Operation *> first(update.readers.begin(), update.readers.end());
    first.insert(raising.begin(), raising.end());
    // One of them that waits for the new value would wait for itself.
    llvm::SetVector<Operation *> reached;
    reached.insert(update.writer);
    bool cycle = false;
    for (size_t i = 0; i < reached.size() && !cycle; ++i) {
      cycle = first.contains(reached[i]);
      if (auto found = later.find(reached[i]); found != later.end())
        reached.insert(found->second.begin(), found->second.end());
    }
    if (cycle)
      continue;
    llvm::SetVector<Operation *> all(update.readers.begin(), update.readers.end());
    all.insert(raising.begin(), raising.end());
    for (Operation *op : all) {
      order.push_back({op, update.writer});
      later[op].push_back(update.writer);
    }
  }
  return order;
}
} // namespace weft::passes
