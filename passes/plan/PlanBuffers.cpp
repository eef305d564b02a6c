// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- PlanBuffers.cpp - where the results of dispatches live ----------------------------------------------------------===//
//
//   %0 = loom.dispatch @contract_0(%x, %w) : ...            %0 = loom.dispatch @contract_0(%x, %w) places [#loom.arena<0, 2048>] : ...
//   %1 = loom.dispatch @map_1(%0) : ...               ->    %1 = loom.dispatch @map_1(%0) places [#loom.output<0>] : ...
//   return %1                                               return %1
//
// A result that the function returns is written where the caller wants it. All others share one arena: a buffer lives
// from its dispatch to the last dispatch that reads it or a view of it, both included, so that no dispatch writes what
// it reads: but for a result that is computed element by element from an operand that nobody reads later, which takes
// over the operand's buffer (KernelOp::readsInPlace). Sizes are those at the upper bounds of the dimensions. Offsets by
// best fit, largest first: each buffer goes into the tightest gap among those already placed whose lives overlap its
// own. The function says how far that is from the least possible: `loom.arena_bytes` and `loom.arena_lower_bound` (the
// most bytes alive at one time). The dispatches of a fork run at one time. An output that is written over an argument
// says so in its place.
//
// Regions: what a region reads from outside lives until its loop ends, what it makes for itself lives in it. A carry
// has two buffers, so that a step reads the one while it writes the other; what a region yields is written where it is
// wanted (`#loom.yielded`). A stacked result or the result of a branch is an output at once if the function returns it.
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
  SmallVector<OpResult, 1> values; // one after the other
  int64_t bytes;
  unsigned first, last; // dispatches, inclusive
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
    });
    for (auto &[op, own] : controls) {
      SmallVector<Attribute> places;
      for (const Wanted &place : own)
        places.push_back(place.output ? place.output : arena(place.buffer));
      op->setAttr("loom.places", b.getArrayAttr(places));
    }
    SmallVector<int64_t> alive(now);
    for (const Buffer &buffer : buffers)
      for (unsigned t = buffer.first; t <= buffer.last; ++t)
        alive[t] += buffer.bytes;
    function->setAttr("loom.arena_bytes", b.getI64IntegerAttr(size));
    function->setAttr("loom.arena_lower_bound", b.getI64IntegerAttr(alive.empty() ? 0 : *llvm::max_element(alive)));
  }

  /// A place of a loop or branch: an output, or a buffer.
  struct Wanted {
    unsigned buffer = 0;
    Attribute output;
  };
  unsigned now = 0;
  int64_t total = 0, largestBytes = 0;
  std::pair<Operation *, RankedTensorType> largest;  // whose buffer has most bytes
  llvm::DenseMap<Operation *, unsigned> times, ends; // of dispatches, and of loops and branches: first and last
  llvm::DenseMap<Value, Attribute> outputs;          // places that are given: outputs, and what regions yield
  SmallVector<Buffer> buffers;
  llvm::DenseMap<Value, unsigned> bufferOf;
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
    unsigned carries = isa<ir::CondOp>(op)   ? 0
                       : isa<ir::ScanOp>(op) ? cast<ir::ScanOp>(op).numCarries()
                                             : op->getNumResults();
    for (OpResult r : op->getResults()) {
      unsigned last = lastRead(r, ends[op]);
      if (outputs.contains(r) && r.getResultNumber() >= carries) {
        own.push_back({0, outputs[r]});
        continue;
      }
      if (outputs.contains(r))
        return op->emitOpError("result ")
               << r.getResultNumber() << " is a carry, which has no place of its own: dispatches are formed first";
      for (int copies = r.getResultNumber() < carries ? 2 : 1; copies > 0; --copies)
        if (failed(add(r.getType(), last)))
          return failure();
    }
    Builder b(&getContext());
    if (!isa<ir::CondOp>(op) && failed(add(RankedTensorType::get({}, b.getI32Type()), ends[op])))
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

  /// The buffer of an operand that a result may overwrite: dispatch t is the last that reads it, through this operand
  /// alone, in place.
  std::optional<unsigned> bufferToTake(OpResult result, unsigned t, SymbolTableCollection &symbols) {
    auto dispatch = cast<loom::DispatchOp>(result.getOwner());
    auto kernel = symbols.lookupNearestSymbolFrom<loom::KernelOp>(dispatch, dispatch.getKernelAttr());
    if (!kernel)
      return std::nullopt;
    auto behind = [&](Value v) -> std::optional<unsigned> {
      auto found = bufferOf.find(loom::behindViews(v));
      return found == bufferOf.end() ? std::nullopt : std::optional(found->second);
    };
    auto isPart = [](Value v) {
      for (; loom::isView(v.getDefiningOp()); v = v.getDefiningOp()->getOperand(0))
        if (isa<ir::SliceOp>(v.getDefiningOp()))
          return true;
      return false;
    };
    for (auto [i, operand] : llvm::enumerate(dispatch->getOperands()))
      if (std::optional<unsigned> buffer = behind(operand);
          buffer && !isPart(operand) && buffers[*buffer].last == t &&
          kernel.readsInPlace(i, result.getResultNumber()) &&
          times.lookup(buffers[*buffer].values.back().getOwner()) != t &&
          readersAt(buffers[*buffer].values.back(), t) == 1)
        return buffer;
    return std::nullopt;
  }

  /// How often dispatches at a time read a value or views of it.
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

  /// When a value or a view of it is read last. A loop or branch that reads it anywhere in its regions does so until
  /// its end.
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
