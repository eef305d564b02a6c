//===- PlanBuffers.cpp - where the results of dispatches live ----------------------------------------------------------===//
//
//   %0 = loom.dispatch @contract_0(%x, %w) : ...            %0 = loom.dispatch @contract_0(%x, %w) places [#loom.arena<0, 2048>] : ...
//   %1 = loom.dispatch @map_1(%0) : ...               ->    %1 = loom.dispatch @map_1(%0) places [#loom.output<0>] : ...
//   return %1                                               return %1
//
// A result that the function returns is written where the caller wants it. All others share one arena: a buffer lives from its dispatch to
// the last dispatch that reads it or a view of it, both included, so that no dispatch writes what it reads: but for a result that is computed
// element by element from an operand that nobody reads later, which takes over the operand's buffer (KernelOp::readsInPlace). Sizes are those at the upper
// bounds of the dimensions. Offsets by best fit, largest first: each buffer goes into the tightest gap among those already placed whose
// lives overlap its own. The function says how far that is from the least possible: `loom.arena_bytes` and `loom.arena_lower_bound` (the
// most bytes alive at one time).
//
//===----------------------------------------------------------------------------------------------------------------===//
#include "dialects/loom/Loom.h"
#include "dialects/weft/Weft.h"
#include "passes/Passes.h"
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

/// Nothing if it does not fit 64 bits.
std::optional<int64_t> bytesOf(Value v) {
  auto type = cast<RankedTensorType>(v.getType());
  int64_t bytes = std::max<int64_t>(1, type.getElementTypeBitWidth() / 8);
  for (const ir::Dim &d : ir::getDims(type))
    if (llvm::MulOverflow(bytes, std::max<int64_t>(d.upper(), 0), bytes))
      return std::nullopt;
  if (bytes > std::numeric_limits<int64_t>::max() - alignment)
    return std::nullopt;
  return int64_t(llvm::alignTo(uint64_t(std::max<int64_t>(bytes, 1)), alignment));
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

struct PlanBuffers : impl::PlanBuffersBase<PlanBuffers> {
  void runOnOperation() override {
    func::FuncOp function = getOperation();
    if (function.isExternal())
      return;
    Block &body = function.getBody().front();
    SmallVector<loom::DispatchOp> dispatches(body.getOps<loom::DispatchOp>());
    llvm::DenseMap<Operation *, unsigned> time;
    for (auto [t, dispatch] : llvm::enumerate(dispatches))
      time[dispatch] = t;
    llvm::DenseMap<Value, int64_t> outputs;
    for (auto [i, v] : llvm::enumerate(body.getTerminator()->getOperands()))
      if (!v.getDefiningOp<loom::DispatchOp>() || !outputs.insert({v, i}).second) {
        function.emitOpError("result ") << i << " is not the result of a dispatch of its own: dispatches are formed first";
        return signalPassFailure();
      }

    SymbolTableCollection symbols;
    SmallVector<Buffer> buffers;
    llvm::DenseMap<Value, unsigned> bufferOf;
    int64_t total = 0;
    for (auto [t, dispatch] : llvm::enumerate(dispatches))
      for (OpResult v : dispatch->getResults()) {
        if (outputs.contains(v))
          continue;
        unsigned last = lastRead(v, t, time);
        if (std::optional<unsigned> taken = bufferToTake(v, t, buffers, bufferOf, symbols)) {
          buffers[*taken].values.push_back(v);
          buffers[*taken].last = last;
          bufferOf[v] = *taken;
          continue;
        }
        std::optional<int64_t> bytes = bytesOf(v);
        if (!bytes || llvm::AddOverflow(total, *bytes, total)) {
          dispatch.emitOpError("has a result too large for any memory: ") << ir::str(v.getType());
          return signalPassFailure();
        }
        bufferOf[v] = buffers.size();
        buffers.push_back({{v}, *bytes, unsigned(t), last});
      }
    int64_t size = placeByBestFit(buffers);

    OpBuilder b(&getContext());
    llvm::DenseMap<Operation *, SmallVector<Attribute>> places;
    for (loom::DispatchOp dispatch : dispatches)
      for (Value v : dispatch->getResults())
        places[dispatch].push_back(outputs.contains(v) ? Attribute(loom::OutputAttr::get(&getContext(), outputs[v])) : Attribute());
    for (const Buffer &buffer : buffers)
      for (OpResult v : buffer.values)
        places[v.getOwner()][v.getResultNumber()] = loom::ArenaAttr::get(&getContext(), buffer.offset, buffer.bytes);
    for (loom::DispatchOp dispatch : dispatches)
      dispatch.setPlacesAttr(b.getArrayAttr(places[dispatch]));
    SmallVector<int64_t> alive(dispatches.size());
    for (const Buffer &buffer : buffers)
      for (unsigned t = buffer.first; t <= buffer.last; ++t)
        alive[t] += buffer.bytes;
    function->setAttr("loom.arena_bytes", b.getI64IntegerAttr(size));
    function->setAttr("loom.arena_lower_bound", b.getI64IntegerAttr(alive.empty() ? 0 : *llvm::max_element(alive)));
  }

  /// The buffer of an operand that a result may overwrite: dispatch t is the last that reads it, through this operand alone, in place.
  static std::optional<unsigned> bufferToTake(OpResult result, unsigned t, ArrayRef<Buffer> buffers, const llvm::DenseMap<Value, unsigned> &bufferOf,
                                              SymbolTableCollection &symbols) {
    auto dispatch = cast<loom::DispatchOp>(result.getOwner());
    auto kernel = symbols.lookupNearestSymbolFrom<loom::KernelOp>(dispatch, dispatch.getKernelAttr());
    if (!kernel)
      return std::nullopt;
    auto behind = [&](Value v) -> std::optional<unsigned> {
      while (auto view = v.getDefiningOp<ir::ReshapeOp>())
        v = view->getOperand(0);
      auto found = bufferOf.find(v);
      return found == bufferOf.end() ? std::nullopt : std::optional(found->second);
    };
    for (auto [i, operand] : llvm::enumerate(dispatch->getOperands()))
      if (std::optional<unsigned> buffer = behind(operand); buffer && buffers[*buffer].last == t && kernel.readsInPlace(i, result.getResultNumber()) &&
                                                            buffers[*buffer].values.back().getOwner() != dispatch &&
                                                            llvm::count_if(dispatch->getOperands(), [&](Value v) { return behind(v) == buffer; }) == 1)
        return buffer;
    return std::nullopt;
  }

  /// The last dispatch that reads a value or a view of it.
  static unsigned lastRead(Value v, unsigned from, const llvm::DenseMap<Operation *, unsigned> &time) {
    unsigned last = from;
    SmallVector<Value> names{v};
    while (!names.empty())
      for (Operation *user : names.pop_back_val().getUsers()) {
        if (auto t = time.find(user); t != time.end())
          last = std::max(last, t->second);
        else if (isa<ir::ReshapeOp>(user))
          names.push_back(user->getResult(0));
      }
    return last;
  }
};
} // namespace
} // namespace weft::passes
