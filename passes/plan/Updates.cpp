// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Which results may be written over arguments; see Updates.h.
#include "passes/plan/Updates.h"
#include "dialects/loom/Loom.h"
#include "dialects/loom/Views.h"
#include "dialects/weft/Weft.h"
#include "mlir/Transforms/RegionUtils.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
namespace weft::passes {

/// The ops of the block that read a value or a view of it, themselves or in their regions.
static void readersOf(Value v, Block &block, llvm::SetVector<Operation *> &readers) {
  for (Operation *user : v.getUsers()) {
    if (loom::isView(user))
      readersOf(user->getResult(0), block, readers);
    else if (Operation *reader = block.findAncestorOpInBlock(*user))
      readers.insert(reader);
  }
}

/// Finds the ops that would write `fresh` over `old`, in this block and in the regions of its ops. If that cannot be,
/// names the op to blame and the reason.
static std::optional<std::pair<Operation *, StringRef>> findWrites(Block &block, Value old, Value fresh,
                                                                   SmallVectorImpl<Update::Write> &writes) {
  Operation *writer = fresh.getDefiningOp();
  if (!writer || writer->getBlock() != &block)
    return std::pair(writer, StringRef("it comes from elsewhere"));
  if (auto dispatch = dyn_cast<loom::DispatchOp>(writer)) {
    auto kernel = SymbolTable::lookupNearestSymbolFrom<loom::KernelOp>(dispatch, dispatch.getKernelAttr());
    unsigned reads = 0;
    bool inPlace = kernel != nullptr;
    for (auto [k, operand] : llvm::enumerate(dispatch.getOperands()))
      if (loom::behindViews(operand) == old) {
        ++reads;
        inPlace = inPlace && kernel.readsInPlace(k, cast<OpResult>(fresh).getResultNumber());
      }
    if (!inPlace || reads > 1)
      return std::pair(writer,
                       StringRef("its kernel reads the old value at other positions than the one that it writes"));
  } else if (auto control = dyn_cast<ir::ControlFlowOpInterface>(writer); !control || control.isLoop()) {
    return std::pair(writer, StringRef("a loop makes it, which may end half-way"));
  }
  llvm::SetVector<Operation *> readers;
  readersOf(old, block, readers);
  readers.remove(writer);
  writes.push_back({writer, llvm::to_vector<2>(readers)});
  for (Region &region : writer->getRegions())
    if (auto refused =
            findWrites(region.front(), old,
                       region.front().getTerminator()->getOperand(cast<OpResult>(fresh).getResultNumber()), writes))
      return refused;
  return std::nullopt;
}

SmallVector<Update> findUpdates(func::FuncOp function, Refusal refuse) {
  SmallVector<Update> updates;
  Block &block = function.getBody().front();
  for (auto [i, value] : llvm::enumerate(block.getTerminator()->getOperands())) {
    auto mark = function.getResultAttrOfType<IntegerAttr>(i, ir::updatesMark);
    if (!mark)
      continue;
    Update update{unsigned(i), unsigned(mark.getInt()), {}};
    if (auto refused = findWrites(block, block.getArgument(mark.getInt()), value, update.writes))
      refuse(i, refused->first, refused->second);
    else
      updates.push_back(update);
  }
  return updates;
}

DenseMap<Operation *, SmallVector<Value, 1>> findOverwrites(func::FuncOp function) {
  DenseMap<Operation *, SmallVector<Value, 1>> overwrites;
  Block &block = function.getBody().front();
  for (OpOperand &result : block.getTerminator()->getOpOperands())
    if (auto argument = function.getResultAttrOfType<IntegerAttr>(result.getOperandNumber(), inPlaceMark)) {
      SmallVector<Value> work{result.get()};
      while (!work.empty()) {
        auto fresh = cast<OpResult>(work.pop_back_val());
        overwrites[fresh.getOwner()].push_back(block.getArgument(argument.getInt()));
        for (Region &region : fresh.getOwner()->getRegions())
          work.push_back(region.front().getTerminator()->getOperand(fresh.getResultNumber()));
      }
    }
  return overwrites;
}

namespace {
/// The value of the function around a dispatch whose elements the kernel checks.
struct Known {
  Value of;
  ir::RuntimeError error;
  std::optional<ir::Dim> inside;
  bool orNegative;
  bool operator==(const Known &) const = default;
};
} // namespace

/// Whether the result consists of all elements of operand 0, in another order or some of them repeated.
static bool keepsElements(Operation *op) {
  if (!op->hasTrait<ir::MovesElements>() || op->getNumOperands() == 0)
    return false;
  return llvm::all_of(ir::accessOf(op).operands[0], [](const ir::Axis &axis) {
    return axis.loop() || axis.kind == ir::Axis::repeated || axis.kind == ir::Axis::linear;
  });
}

/// A check of an array in memory: every element of it.
static std::optional<Known> known(loom::DispatchOp dispatch, const ir::RuntimeCheck &check) {
  Value v = check.of;
  for (Operation *op = v.getDefiningOp(); op && keepsElements(op); op = v.getDefiningOp())
    v = op->getOperand(0);
  auto argument = dyn_cast<BlockArgument>(v);
  if (!argument)
    return std::nullopt;
  return Known{loom::behindViews(dispatch->getOperand(argument.getArgNumber())), check.error, check.inside,
               check.orNegative};
}

SmallVector<Operation *> findRaising(Block &block) {
  SmallVector<Operation *> raising;
  SmallVector<Known> before; // checks by dispatches of the block itself; those in a loop or a branch may not have run
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
  DenseMap<Operation *, SmallVector<Operation *>> later; // the ops of its block that wait for an op
  function.walk([&](Operation *op) {
    for (Operation *user : op->getUsers())
      later[op].push_back(op->getBlock()->findAncestorOpInBlock(*user));
  });
  for (const Update &update : updates) {
    SmallVector<std::pair<Operation *, Operation *>> pairs;
    for (const Update::Write &write : update.writes) {
      for (Operation *reader : write.readers)
        pairs.push_back({reader, write.writer});
      if (write.writer->getBlock() == &block)
        for (Operation *op : raising)
          pairs.push_back({op, write.writer});
    }
    // If one of these ops waits for the new value, it would wait for itself: the update is left out.
    auto closesCycle = [&](const Update::Write &write) {
      llvm::DenseSet<Operation *> first;
      for (auto [before, writer] : pairs)
        if (writer == write.writer)
          first.insert(before);
      llvm::SetVector<Operation *> reached;
      reached.insert(write.writer);
      for (size_t i = 0; i < reached.size(); ++i) {
        if (first.contains(reached[i]))
          return true;
        if (auto found = later.find(reached[i]); found != later.end())
          reached.insert(found->second.begin(), found->second.end());
      }
      return false;
    };
    if (llvm::any_of(update.writes, closesCycle))
      continue;
    for (auto [before, writer] : pairs) {
      order.push_back({before, writer});
      later[before].push_back(writer);
    }
  }
  return order;
}
} // namespace weft::passes
