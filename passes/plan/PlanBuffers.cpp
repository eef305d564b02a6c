// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- PlanBuffers.cpp - where the results of dispatches live ----------------------------------------------------------===//
//
//   %0 = loom.dispatch @contract_0(%x, %w) : ...            %0 = loom.dispatch @contract_0(%x, %w) places [#loom.arena<0, 2048>] : ...
//   %1 = loom.dispatch @map_1(%0) : ...               ->    %1 = loom.dispatch @map_1(%0) places [#loom.output<0>] : ...
//   return %1                                               return %1
//
// A result that the function returns is written to memory of the caller. All other results share one arena. A buffer of
// the arena is alive from the dispatch that writes it to the last dispatch that reads it or a view of it, both
// included, so that no dispatch writes memory that it reads. There is one exception: a result that is computed element
// by element from an operand which nobody reads later takes over the buffer of that operand (KernelOp::readsInPlace).
// Buffers have the sizes that the upper bounds of the dimensions give. The largest buffer is placed first. Each goes
// into the tightest gap between the buffers that are placed already and alive at the same time. `loom.plan =
// #loom.plan<arena = 2048, least = 2048>` on the function has the size of the arena, and the least that any layout
// needs: the most bytes that are alive at one time. The dispatches of a fork count as one moment. An output that is
// written over an argument says so in its place.
//
// In regions: a value that a region reads from outside is alive until the end of its loop. A value that the region
// makes for itself is alive inside it. A carry has two buffers, so that a step reads the one while it writes the other;
// they are one if the step sets places of the old value, which nobody reads later, as a loop does that fills a cache.
// A value that a region yields is written to where the op wants it (`#loom.yielded`). A stacked result, or the result
// of a branch, is written to the output directly if the function returns it.
//
//===----------------------------------------------------------------------------------------------------------------===//
#include "dialects/loom/Loom.h"
#include "dialects/loom/Views.h"
#include "dialects/weft/Sizes.h"
#include "dialects/weft/Weft.h"
#include "passes/Passes.h"
#include "passes/Pipelines.h"
#include "passes/plan/Updates.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
namespace weft::passes {
#define GEN_PASS_DEF_PLANBUFFERS
#include "passes/Passes.h.inc"

namespace {
constexpr int64_t alignment = 64;

struct Buffer {
  SmallVector<OpResult, 1> values; // that have the buffer one after the other
  int64_t bytes;
  unsigned first, last; // dispatches between which it is alive, inclusive
  int64_t offset = 0;
  bool overlaps(const Buffer &other) const { return first <= other.last && other.first <= last; }
};

/// What a value takes in the arena; nothing if no memory has that much.
std::optional<int64_t> placeBytes(Type type) {
  std::optional<int64_t> bytes = ir::bytesAtMost(cast<RankedTensorType>(type));
  return bytes ? std::optional(int64_t(llvm::alignTo(uint64_t(*bytes), alignment))) : std::nullopt;
}

/// Places all buffers; returns the arena's size.
int64_t placeByBestFit(MutableArrayRef<Buffer> buffers) {
  SmallVector<Buffer *> queue;
  for (Buffer &b : buffers)
    queue.push_back(&b);
  llvm::stable_sort(queue, [](Buffer *a, Buffer *b) { return a->bytes > b->bytes; });
  SmallVector<Buffer *> placed; // by offset
  int64_t size = 0;
  for (Buffer *b : queue) {
    int64_t end = 0, best = -1, slack = std::numeric_limits<int64_t>::max();
    for (Buffer *other : placed) {
      if (!b->overlaps(*other))
        continue;
      int64_t gap = other->offset - end;
      if (gap >= b->bytes && gap - b->bytes < slack) {
        best = end;
        slack = gap - b->bytes;
      }
      end = std::max(end, other->offset + other->bytes);
    }
    b->offset = best >= 0 ? best : end;
    size = std::max(size, b->offset + b->bytes);
    placed.insert(llvm::upper_bound(placed, b, [](Buffer *x, Buffer *y) { return x->offset < y->offset; }), b);
  }
  return size;
}

bool isControl(Operation *op) { return isa<ir::ControlFlowOpInterface>(op); }

struct PlanBuffers : impl::PlanBuffersBase<PlanBuffers> {
  using PlanBuffersBase::PlanBuffersBase;
  void runOnOperation() override {
    func::FuncOp function = getOperation();
    if (function.isExternal())
      return;
    times.clear();
    ends.clear();
    outputs.clear();
    buffers.clear();
    bufferOf.clear();
    controls.clear();
    workspaces.clear();
    now = 0;
    total = largestBytes = 0;
    Block &body = function.getBody().front();
    number(body);
    for (auto [i, v] : llvm::enumerate(body.getTerminator()->getOperands())) {
      Operation *op = v.getDefiningOp();
      bool own = op && (isa<loom::DispatchOp>(op) || isControl(op));
      auto input = function.getResultAttrOfType<IntegerAttr>(i, inPlaceMark);
      if (!own || !outputs.insert({v, loom::OutputAttr::get(&getContext(), i, input ? input.getInt() : -1)}).second) {
        function.emitOpError("result ") << i
                                        << " is not the result of a dispatch of its own: dispatches are formed first";
        return signalPassFailure();
      }
    }
    SymbolTableCollection symbols;
    if (failed(collect(body, symbols)))
      return signalPassFailure();
    int64_t size = placeByBestFit(buffers);
    int64_t most = mostBytes ? mostBytes : ir::mostBytes;
    if (size > most)
      return tooLarge(size, most), signalPassFailure();

    OpBuilder b(&getContext());
    auto arena = [&](unsigned buffer) -> Attribute {
      return loom::ArenaAttr::get(&getContext(), buffers[buffer].offset, buffers[buffer].bytes);
    };
    function.walk([&](loom::DispatchOp dispatch) {
      SmallVector<Attribute> places;
      for (Value v : dispatch->getResults())
        places.push_back(outputs.contains(v) ? outputs[v] : arena(bufferOf[v]));
      dispatch.setPlacesAttr(b.getArrayAttr(places));
      if (auto own = workspaces.find(dispatch); own != workspaces.end())
        dispatch.setWorkspaceAttr(cast<loom::ArenaAttr>(arena(own->second)));
    });
    for (auto &[op, own] : controls) {
      SmallVector<Attribute> places;
      for (const Wanted &place : own)
        places.push_back(place.output ? place.output : arena(place.buffer));
      op->setAttr(loom::placesMark, b.getArrayAttr(places));
    }
    SmallVector<int64_t> alive(now);
    for (const Buffer &buffer : buffers)
      for (unsigned t = buffer.first; t <= buffer.last; ++t)
        alive[t] += buffer.bytes;
    function->setAttr(loom::planMark,
                      loom::PlanAttr::get(&getContext(), size, alive.empty() ? 0 : *llvm::max_element(alive)));
  }

  /// The place of a result of a loop or a branch: an output, or a buffer.
  struct Wanted {
    unsigned buffer = 0;
    Attribute output;
  };
  unsigned now = 0;
  int64_t total = 0, largestBytes = 0;
  std::pair<Operation *, RankedTensorType> largest;  // whose buffer has most bytes
  llvm::DenseMap<Operation *, unsigned> times, ends; // of dispatches, and of loops and branches: first and last
  llvm::DenseMap<Value, Attribute> outputs;          // places that are given: of outputs, and of what regions yield
  SmallVector<Buffer> buffers;
  llvm::DenseMap<Value, unsigned> bufferOf;
  llvm::DenseMap<Operation *, unsigned> workspaces; // of dispatches: buffers
  SmallVector<std::pair<Operation *, SmallVector<Wanted>>> controls;

  void number(Block &block) {
    IntegerAttr fork;
    for (Operation &op : block) {
      if (auto dispatch = dyn_cast<loom::DispatchOp>(op)) {
        bool together = fork && dispatch.getForkAttr() == fork;
        times[&op] = together ? now - 1 : now++;
        fork = dispatch.getForkAttr();
      }
      if (!isControl(&op))
        continue;
      fork = {};
      times[&op] = now++;
      for (Region &region : op.getRegions())
        number(region.front());
      ends[&op] = now++;
    }
  }

  FailureOr<unsigned> buffer(Operation *op, Type type, unsigned first, unsigned last) {
    std::optional<int64_t> bytes = placeBytes(type);
    if (!bytes || llvm::AddOverflow(total, *bytes, total)) {
      getOperation()->setAttr(tooLargeMark, UnitAttr::get(&getContext()));
      return op->emitOpError("has a result too large for any memory: ") << ir::sizeAtMost(cast<RankedTensorType>(type));
    }
    if (*bytes > largestBytes) {
      largest = {op, cast<RankedTensorType>(type)};
      largestBytes = *bytes;
    }
    buffers.push_back({{}, *bytes, first, last});
    return buffers.size() - 1;
  }

  /// Memory that a dispatch has for itself while it runs.
  LogicalResult collectWorkspace(loom::DispatchOp dispatch, unsigned t, SymbolTableCollection &symbols) {
    auto kernel = symbols.lookupNearestSymbolFrom<loom::KernelOp>(dispatch, dispatch.getKernelAttr());
    int64_t bytes = kernel ? kernel.getWorkspace() : 0;
    if (bytes == 0)
      return success();
    if (bytes > std::numeric_limits<int64_t>::max() - alignment || llvm::AddOverflow(total, bytes, total))
      return dispatch.emitOpError("needs a workspace too large for any memory");
    workspaces[dispatch] = buffers.size();
    buffers.push_back({{}, int64_t(llvm::alignTo(uint64_t(bytes), alignment)), t, t});
    return success();
  }

  void tooLarge(int64_t size, int64_t most) {
    getOperation()->setAttr(tooLargeMark, UnitAttr::get(&getContext()));
    InFlightDiagnostic error = emitError(largest.first->getLoc())
                               << "the memory of a call would have " << size << " bytes, and there are " << most
                               << ": the largest value, " << ir::sizeAtMost(largest.second);
    if (!largest.second.hasStaticShape())
      error.attachNote() << "memory is planned for the largest sizes: give the dimensions smaller bounds";
  }

  LogicalResult collect(Block &block, SymbolTableCollection &symbols) {
    for (Operation &op : block) {
      if (isControl(&op)) {
        if (failed(collectControl(&op, symbols)))
          return failure();
        continue;
      }
      auto dispatch = dyn_cast<loom::DispatchOp>(op);
      if (!dispatch)
        continue;
      unsigned t = times[dispatch];
      if (failed(collectWorkspace(dispatch, t, symbols)))
        return failure();
      for (OpResult v : dispatch->getResults()) {
        if (outputs.contains(v))
          continue;
        unsigned last = lastRead(v, t);
        if (std::optional<unsigned> taken = bufferToTake(v, t, symbols)) {
          buffers[*taken].values.push_back(v);
          buffers[*taken].last = last;
          bufferOf[v] = *taken;
          continue;
        }
        FailureOr<unsigned> own = buffer(dispatch, v.getType(), t, last);
        if (failed(own))
          return failure();
        buffers[*own].values.push_back(v);
        bufferOf[v] = *own;
      }
    }
    return success();
  }

  LogicalResult collectControl(Operation *op, SymbolTableCollection &symbols) {
    SmallVector<Wanted> own;
    unsigned first = times[op];
    auto add = [&](Type type, unsigned last) -> LogicalResult {
      FailureOr<unsigned> made = buffer(op, type, first, last);
      if (succeeded(made))
        own.push_back({*made, {}});
      return made;
    };
    auto control = cast<ir::ControlFlowOpInterface>(op);
    unsigned carries = control.getNumCarries();
    for (OpResult r : op->getResults()) {
      unsigned last = lastRead(r, ends[op]);
      if (outputs.contains(r) && r.getResultNumber() >= carries) {
        own.push_back({0, outputs[r]});
        continue;
      }
      if (outputs.contains(r))
        return op->emitOpError("result ")
               << r.getResultNumber() << " is a carry, which has no place of its own: dispatches are formed first";
      if (failed(add(r.getType(), last)))
        return failure();
      if (r.getResultNumber() >= carries)
        continue;
      if (control.isLoop() && isSetInPlace(op, r.getResultNumber(), symbols))
        own.push_back(own.back());
      else if (failed(add(r.getType(), last)))
        return failure();
    }
    Builder b(&getContext());
    if (control.isLoop() && failed(add(RankedTensorType::get({}, b.getI32Type()), ends[op])))
      return failure();
    for (Region &region : op->getRegions()) {
      for (auto [i, v] : llvm::enumerate(region.front().getTerminator()->getOperands()))
        if (!v.getDefiningOp<loom::DispatchOp>() || v.getParentBlock() != &region.front() ||
            !outputs.insert({v, loom::YieldedAttr::get(&getContext(), i)}).second)
          return op->emitOpError("yields value ")
                 << i << ", which is not the result of a dispatch of its own: dispatches are formed first";
      if (failed(collect(region.front(), symbols)))
        return failure();
    }
    controls.push_back({op, own});
    return success();
  }

  /// Whether a step of a loop makes its next carry by setting places of the old one, of which it needs nothing later.
  bool isSetInPlace(Operation *loop, unsigned carry, SymbolTableCollection &symbols) {
    Block &body = loop->getRegions().back().front();
    // In front of the carries a scan has the number of the step, and behind them the slices of what it goes over.
    Value old = body.getArgument(body.getNumArguments() - loop->getNumOperands() + carry);
    auto fresh = dyn_cast<OpResult>(body.getTerminator()->getOperand(carry));
    auto dispatch = fresh ? dyn_cast<loom::DispatchOp>(fresh.getOwner()) : loom::DispatchOp();
    if (!dispatch || dispatch->getBlock() != &body)
      return false;
    auto kernel = symbols.lookupNearestSymbolFrom<loom::KernelOp>(dispatch, dispatch.getKernelAttr());
    if (!kernel || kernel.getHeroes().size() != 1)
      return false;
    unsigned reads = 0;
    for (auto [i, operand] : llvm::enumerate(dispatch->getOperands()))
      if (loom::behindViews(operand) == old) {
        ++reads;
        if (operand != old || !kernel.readsInPlace(i, fresh.getResultNumber()))
          return false;
      }
    // Of others, a buffer less would be all that is gained.
    auto hero = dyn_cast<ir::HeroOpInterface>(kernel.getHeroes()[0]);
    return hero && !hero.takesEpilogue() && reads == 1 && readersAt(old, times[dispatch]) == 1 &&
           lastRead(old, 0) == times[dispatch];
  }

  /// The buffer of an operand over which a result may be written. Dispatch t must be the last to read it, only through
  /// this operand, and each element only where it computes the same element of the result.
  std::optional<unsigned> bufferToTake(OpResult result, unsigned t, SymbolTableCollection &symbols) {
    auto dispatch = cast<loom::DispatchOp>(result.getOwner());
    auto kernel = symbols.lookupNearestSymbolFrom<loom::KernelOp>(dispatch, dispatch.getKernelAttr());
    if (!kernel)
      return std::nullopt;
    auto behind = [&](Value v) -> std::optional<unsigned> {
      auto found = bufferOf.find(loom::behindViews(v));
      return found == bufferOf.end() ? std::nullopt : std::optional(found->second);
    };
    for (auto [i, operand] : llvm::enumerate(dispatch->getOperands()))
      if (std::optional<unsigned> buffer = behind(operand);
          buffer && !loom::isPart(operand) && buffers[*buffer].last == t &&
          kernel.readsInPlace(i, result.getResultNumber()) &&
          times.lookup(buffers[*buffer].values.back().getOwner()) != t &&
          readersAt(buffers[*buffer].values.back(), t) == 1)
        return buffer;
    return std::nullopt;
  }

  /// How often the dispatches of one moment read a value or a view of it.
  unsigned readersAt(Value v, unsigned t) {
    unsigned count = 0;
    for (Operation *user : v.getUsers()) {
      if (loom::isView(user))
        count += readersAt(user->getResult(0), t);
      else if (auto time = times.find(user); time != times.end() && time->second == t)
        ++count;
    }
    return count;
  }

  /// The time at which a value or a view of it is read last. A loop or a branch that reads it in its regions counts as
  /// reading it until the end.
  unsigned lastRead(Value v, unsigned last) {
    Block *home = v.getParentBlock();
    SmallVector<Value> names{v};
    while (!names.empty())
      for (Operation *user : names.pop_back_val().getUsers()) {
        Operation *here = home->findAncestorOpInBlock(*user);
        if (isControl(here))
          last = std::max(last, ends[here]);
        else if (auto t = times.find(here); t != times.end())
          last = std::max(last, t->second);
        if (loom::isView(user))
          names.push_back(user->getResult(0));
      }
    return last;
  }
};
} // namespace
} // namespace weft::passes
