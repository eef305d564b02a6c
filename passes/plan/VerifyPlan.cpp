// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- VerifyPlan.cpp - what must hold of a planned program ------------------------------------------------------------===//
//
// After the plan a function is a list of dispatches with places, and the pass `verify-plan` asks of it, op by op:
//
//   there are dispatches, loops and branches, views and constants, and nothing else
//   a dispatch has a kernel, a place for each result and a workspace if its kernel needs one, each inside of the arena and
//     large enough at the upper bounds of the dimensions; what the function returns lies in its output
//   what is read is there: nothing has been written over it since it was made, in a loop not by the step before either; a
//     result takes the memory of an operand only where its kernel reads that in place
//   dispatches of a fork neither read nor write what another of them writes
//   an argument whose new value lies in its place is read by nobody after that
//
// The check knows nothing of how places are chosen: it runs the program once, loops twice, with the names of values in
// the place of their numbers.
//
//===----------------------------------------------------------------------------------------------------------------===//
#include "dialects/loom/Loom.h"
#include "dialects/loom/Views.h"
#include "dialects/weft/Weft.h"
#include "passes/Passes.h"
#include "llvm/ADT/ScopeExit.h"

using namespace mlir;
namespace weft::passes {
#define GEN_PASS_DEF_VERIFYPLAN
#include "passes/Passes.h.inc"

namespace {
struct Range {
  int64_t begin = 0, end = 0;
  bool overlaps(const Range &other) const { return begin < other.end && other.begin < end; }
  bool operator==(const Range &) const = default;
};
Range rangeOf(loom::ArenaAttr place) { return {place.getOffset(), place.getOffset() + place.getBytes()}; }

/// Bytes at the upper bounds of the dimensions.
int64_t bytesOf(Type of) {
  auto type = cast<RankedTensorType>(of);
  int64_t bytes = std::max<int64_t>(1, type.getElementTypeBitWidth() / 8);
  for (const ir::Dim &d : ir::getDims(type))
    bytes = llvm::SaturatingMultiply<uint64_t>(bytes, std::max<int64_t>(d.upper(), 0));
  return bytes;
}

/// Of a loop or a branch: a carry has two places, between which it moves.
ArrayRef<Attribute> placesOfResult(OpResult result) {
  Operation *op = result.getOwner();
  unsigned carries = cast<ir::ControlFlowOpInterface>(op).getNumCarries();
  ArrayRef<Attribute> places = loom::placesOf(op).getValue();
  unsigned number = result.getResultNumber();
  return number < carries ? places.slice(2 * number, 2) : places.slice(carries + number, 1);
}

struct VerifyPlan : impl::VerifyPlanBase<VerifyPlan> {
  /// A stretch of the arena and the value in it; of a loop or a branch, the op whose own it is.
  struct Content {
    Range range;
    Value value;
    Operation *owner = nullptr;
  };
  /// What the dispatches of a fork write.
  struct Write {
    Range range;
    loom::DispatchOp by;
    unsigned result;
  };

  SmallVector<Content> contents;
  llvm::DenseMap<Value, Operation *> overwritten; // arguments whose new value is in their place, and who made it
  SmallVector<Operation *> open;                  // loops and branches around what is looked at
  int64_t arenaBytes = 0;

  void runOnOperation() override {
    func::FuncOp function = getOperation();
    if (function.isExternal())
      return;
    contents.clear();
    overwritten.clear();
    open.clear();
    if (failed(verify(function)))
      signalPassFailure();
    markAllAnalysesPreserved();
  }

  LogicalResult verify(func::FuncOp function) {
    loom::PlanAttr plan = loom::planOf(function);
    if (!plan)
      return function.emitOpError("has no ") << loom::planMark << ": the plan comes first";
    arenaBytes = plan.getArena();
    Block &body = function.getBody().front();
    if (failed(verifyBlock(body)))
      return failure();
    for (auto [i, v] : llvm::enumerate(body.getTerminator()->getOperands()))
      if (failed(verifyResult(body.getTerminator(), i, v)))
        return failure();
    return success();
  }

  /// Result i of the function lies in output i.
  LogicalResult verifyResult(Operation *end, unsigned i, Value v) {
    auto result = dyn_cast<OpResult>(v);
    ArrayAttr places = result ? loom::placesOf(result.getOwner()) : ArrayAttr();
    if (!places)
      return end->emitOpError("returns as result ") << i << " what is made by no dispatch, loop or branch";
    bool there = isa<loom::DispatchOp>(result.getOwner())
                     ? isOutput(places[result.getResultNumber()], i)
                     : llvm::any_of(places, [&](Attribute place) { return isOutput(place, i); });
    if (!there)
      return result.getOwner()->emitOpError("makes result ") << i << " of the function, but not in output " << i;
    return success();
  }
  static bool isOutput(Attribute place, unsigned i) {
    auto output = dyn_cast<loom::OutputAttr>(place);
    return output && output.getIndex() == int64_t(i);
  }

  LogicalResult verifyBlock(Block &block) {
    SmallVector<loom::DispatchOp> fork;
    auto flush = [&] {
      LogicalResult result = fork.empty() ? success() : verifyFork(fork);
      fork.clear();
      return result;
    };
    for (Operation &op : block.without_terminator()) {
      if (isa<ir::ConstantOp>(op) || loom::isView(&op))
        continue;
      auto dispatch = dyn_cast<loom::DispatchOp>(op);
      bool together =
          dispatch && !fork.empty() && dispatch.getForkAttr() && dispatch.getForkAttr() == fork.back().getForkAttr();
      if (!together && failed(flush()))
        return failure();
      if (dispatch)
        fork.push_back(dispatch);
      else if (!isa<ir::ControlFlowOpInterface>(op))
        return op.emitOpError("is no dispatch, loop, branch, constant or view, and a planned program has nothing else");
      else if (failed(verifyControl(&op)))
        return failure();
    }
    return flush();
  }

  //===- places -----------------------------------------------------------------------------------------------------===//

  LogicalResult verifyRange(Operation *op, loom::ArenaAttr place, int64_t least, const Twine &what) {
    Range range = rangeOf(place);
    if (range.begin < 0 || range.begin % 64 || place.getBytes() < 0 || range.end > arenaBytes)
      return op->emitOpError() << "has " << what << " in bytes " << range.begin << " to " << range.end
                               << " of an arena of " << arenaBytes << ", or not at a multiple of 64";
    if (place.getBytes() < least)
      return op->emitOpError() << "has " << what << " in " << place.getBytes() << " bytes, but it may need " << least;
    return success();
  }

  LogicalResult verifyPlaces(loom::DispatchOp dispatch, loom::KernelOp kernel) {
    ArrayAttr places = dispatch.getPlacesAttr();
    if (!places || places.size() != dispatch.getNumResults())
      return dispatch.emitOpError("has ")
             << (places ? places.size() : 0) << " places for " << dispatch.getNumResults() << " results";
    for (auto [result, place] : llvm::zip(dispatch.getResults(), places)) {
      unsigned number = cast<OpResult>(result).getResultNumber();
      if (auto arena = dyn_cast<loom::ArenaAttr>(place)) {
        if (failed(verifyRange(dispatch, arena, bytesOf(result.getType()), "result " + Twine(number))))
          return failure();
        continue;
      }
      Operation *end = dispatch->getBlock()->getTerminator();
      auto output = dyn_cast<loom::OutputAttr>(place);
      auto yielded = dyn_cast<loom::YieldedAttr>(place);
      int64_t index = output ? output.getIndex() : yielded ? yielded.getIndex() : -1;
      bool inFunction = isa<func::FuncOp>(dispatch->getParentOp());
      if (index < 0 || index >= int64_t(end->getNumOperands()) || bool(output) != inFunction ||
          end->getOperand(unsigned(index)) != result)
        return dispatch.emitOpError("has result ")
               << number << " in " << place << ", which is no place of it: its block ends with another value there";
    }
    int64_t workspace = kernel.getWorkspace();
    if (loom::ArenaAttr own = dispatch.getWorkspaceAttr())
      return verifyRange(dispatch, own, workspace, "its workspace");
    return workspace ? dispatch.emitOpError("has no workspace, but its kernel needs ") << workspace << " bytes"
                     : LogicalResult(success());
  }

  //===- what is where ----------------------------------------------------------------------------------------------===//

  /// Whether a value is where it was made.
  LogicalResult verifyRead(Operation *reader, Value operand) {
    Value v = loom::behindViews(operand);
    if (auto by = overwritten.find(v); by != overwritten.end())
      return reader->emitOpError("reads an argument that ")
             << by->second->getName() << " has written its new value over: "
             << "all that reads the old one comes first";
    Operation *maker = v.getDefiningOp();
    if (!maker || isa<ir::ConstantOp>(maker))
      return success();
    auto lost = [&](Range range) {
      InFlightDiagnostic error = reader->emitOpError("reads a value that is not in bytes ")
                                 << range.begin << " to " << range.end << " of the arena any more";
      error.attachNote(maker->getLoc()) << "it was made here";
      for (const Content &other : contents)
        if (other.range.overlaps(range))
          error.attachNote(other.value ? other.value.getLoc() : other.owner->getLoc()) << "this was written over it";
      return LogicalResult(failure());
    };
    if (auto dispatch = dyn_cast<loom::DispatchOp>(maker)) {
      auto place = dyn_cast<loom::ArenaAttr>(dispatch.getPlacesAttr()[cast<OpResult>(v).getResultNumber()]);
      if (place && llvm::none_of(contents, [&](const Content &c) { return c.value == v; }))
        return lost(rangeOf(place));
      return success();
    }
    for (Attribute attribute : placesOfResult(cast<OpResult>(v)))
      if (auto place = dyn_cast<loom::ArenaAttr>(attribute))
        if (llvm::none_of(contents, [&](const Content &c) { return c.owner == maker && c.range == rangeOf(place); }))
          return lost(rangeOf(place));
    return success();
  }

  /// What was in a stretch of the arena is gone; an error if it belongs to a loop or a branch that has not ended.
  LogicalResult write(Operation *writer, Range range, Value value, Operation *owner) {
    for (const Content &c : contents)
      if (c.owner && c.range.overlaps(range) && llvm::is_contained(open, c.owner)) {
        InFlightDiagnostic error = writer->emitOpError("writes bytes ")
                                   << range.begin << " to " << range.end
                                   << " of the arena, which belong to a loop or a branch around it";
        error.attachNote(c.owner->getLoc()) << "this one";
        return failure();
      }
    llvm::erase_if(contents, [&](const Content &c) { return c.range.overlaps(range); });
    if (value || owner)
      contents.push_back({range, value, owner});
    return success();
  }

  /// Where an operand lies, if that is known and in the arena.
  static std::optional<Range> whereIs(Value operand) {
    Value v = loom::behindViews(operand);
    auto dispatch = v.getDefiningOp<loom::DispatchOp>();
    auto place = dispatch ? dyn_cast<loom::ArenaAttr>(dispatch.getPlacesAttr()[cast<OpResult>(v).getResultNumber()])
                          : loom::ArenaAttr();
    return place ? std::optional(rangeOf(place)) : std::nullopt;
  }

  LogicalResult verifyFork(ArrayRef<loom::DispatchOp> fork) {
    SmallVector<Write> writes;
    for (loom::DispatchOp dispatch : fork) {
      auto kernel = SymbolTable::lookupNearestSymbolFrom<loom::KernelOp>(dispatch, dispatch.getKernelAttr());
      if (!kernel)
        return dispatch.emitOpError("names no kernel: ") << dispatch.getKernelAttr();
      if (failed(verifyPlaces(dispatch, kernel)))
        return failure();
      for (Value operand : dispatch.getOperands())
        if (failed(verifyRead(dispatch, operand)))
          return failure();
      for (auto [i, place] : llvm::enumerate(dispatch.getPlacesAttr()))
        if (auto arena = dyn_cast<loom::ArenaAttr>(place))
          writes.push_back({rangeOf(arena), dispatch, unsigned(i)});
      if (loom::ArenaAttr own = dispatch.getWorkspaceAttr())
        writes.push_back({rangeOf(own), dispatch, dispatch.getNumResults()});
    }
    for (auto [i, own] : llvm::enumerate(writes))
      for (const Write &other : ArrayRef(writes).drop_front(i + 1))
        if (own.range.overlaps(other.range)) {
          InFlightDiagnostic error = loom::DispatchOp(other.by).emitOpError("writes bytes ")
                                     << other.range.begin << " to " << other.range.end
                                     << " of the arena, as does what runs at the same time";
          error.attachNote(loom::DispatchOp(own.by).getLoc()) << "this";
          return failure();
        }
    for (loom::DispatchOp dispatch : fork)
      for (auto [i, operand] : llvm::enumerate(dispatch.getOperands()))
        if (std::optional<Range> at = whereIs(operand))
          for (const Write &w : writes)
            if (w.range.overlaps(*at) && !mayOverwrite(w, dispatch, unsigned(i), *at)) {
              InFlightDiagnostic error = loom::DispatchOp(w.by).emitOpError("writes bytes ")
                                         << w.range.begin << " to " << w.range.end
                                         << " of the arena, which it or what runs with it still reads there";
              error.attachNote(dispatch.getLoc()) << "operand " << i << " of this";
              return failure();
            }
    for (const Write &w : writes)
      if (failed(write(w.by, w.range,
                       w.result < loom::DispatchOp(w.by).getNumResults() ? loom::DispatchOp(w.by).getResult(w.result)
                                                                         : Value(),
                       nullptr)))
        return failure();
    for (loom::DispatchOp dispatch : fork)
      noteUpdates(dispatch, dispatch.getPlacesAttr());
    return success();
  }
  /// Whether a write may be of memory that an operand of a dispatch lies in: the dispatch's own, element by element.
  static bool mayOverwrite(const Write &w, loom::DispatchOp dispatch, unsigned operand, Range at) {
    if (w.by != dispatch || w.result >= dispatch.getNumResults() || w.range.begin != at.begin)
      return false;
    if (loom::isPart(dispatch.getOperand(operand))) // its elements lie elsewhere in that memory
      return false;
    auto kernel = SymbolTable::lookupNearestSymbolFrom<loom::KernelOp>(dispatch, dispatch.getKernelAttr());
    return kernel.readsInPlace(operand, w.result);
  }
  void noteUpdates(Operation *writer, ArrayAttr places) {
    for (Attribute place : places)
      if (auto output = dyn_cast<loom::OutputAttr>(place); output && output.getInput() >= 0)
        overwritten[getOperation().getArgument(unsigned(output.getInput()))] = writer;
  }

  //===- loops and branches -----------------------------------------------------------------------------------------===//

  LogicalResult verifyControl(Operation *op) {
    ArrayAttr places = loom::placesOf(op);
    if (!places)
      return op->emitOpError("has no places: the plan comes first");
    for (Value operand : op->getOperands())
      if (failed(verifyRead(op, operand)))
        return failure();
    for (Attribute place : places) {
      if (auto arena = dyn_cast<loom::ArenaAttr>(place)) {
        if (failed(verifyRange(op, arena, 0, "a place")) || failed(write(op, rangeOf(arena), Value(), op)))
          return failure();
      } else if (!isa<loom::OutputAttr>(place)) {
        return op->emitOpError("has an unknown place: ") << place;
      }
    }
    open.push_back(op);
    llvm::scope_exit close([&] { open.pop_back(); });
    // Twice: the second step finds what the first one has left. Of a branch one region runs, and what was there before
    // it is gone wherever either of them has written.
    SmallVector<Content> before(contents), kept(contents);
    bool isBranch = !cast<ir::ControlFlowOpInterface>(op).isLoop();
    for (int step = 0; step < (isBranch ? 1 : 2); ++step)
      for (Region &region : op->getRegions()) {
        if (isBranch)
          contents = before;
        if (failed(verifyBlock(region.front())))
          return failure();
        for (Value operand : op->getOperands())
          if (failed(verifyRead(op, operand)))
            return failure();
        llvm::erase_if(kept, [&](const Content &c) {
          return llvm::none_of(contents, [&](const Content &now) {
            return now.range == c.range && now.value == c.value && now.owner == c.owner;
          });
        });
      }
    contents = kept;
    noteUpdates(op, places);
    return success();
  }
};
} // namespace
} // namespace weft::passes
