// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Which values of a block are in memory: see Roots.h.
#include "passes/plan/Roots.h"
#include "dialects/loom/Views.h"
#include "dialects/weft/Weft.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Transforms/RegionUtils.h"
#include "passes/analysis/Cost.h"

using namespace mlir;
using weft::ir::Dims;
using weft::ir::getDims;
namespace weft::passes {

bool isConstantInMemory(Value value) {
  DenseElementsAttr dense;
  return matchPattern(value, m_Constant(&dense)) ? !dense.isSplat() : value.getDefiningOp<ir::ConstantOp>() != nullptr;
}
bool changesUnitDimsOnly(Operation *reshape) {
  auto kept = [](Value v) {
    Dims dims = getDims(v);
    llvm::erase_if(dims, [](const ir::Dim &d) { return d == 1; });
    return dims;
  };
  return kept(reshape->getOperand(0)) == kept(reshape->getResult(0));
}

bool isControl(Operation *op) { return isa<ir::ControlFlowOpInterface>(op); }
bool isPointwise(Operation *op) { return isa<ir::PointwiseOpInterface>(op); }
static ir::Prologue prologueOf(Operation *op, unsigned operand) {
  if (isPointwise(op))
    return ir::Prologue::fused;
  auto hero = dyn_cast<ir::HeroOpInterface>(op);
  return hero ? hero.getPrologue(operand) : ir::Prologue::memory;
}
bool readsMemory(Operation *op, unsigned operand) {
  return !op->hasTrait<OpTrait::IsTerminator>() && prologueOf(op, operand) != ir::Prologue::fused;
}
SmallVector<Value> readBy(Operation *op) {
  SmallVector<Value> values(op->getOperands());
  llvm::SetVector<Value> captured;
  for (Region &region : op->getRegions())
    getUsedValuesDefinedAbove(region, region, captured);
  llvm::append_range(values, captured);
  return values;
}
static func::FuncOp functionOf(Block &block) {
  auto own = dyn_cast<func::FuncOp>(block.getParentOp());
  return own ? own : block.getParentOp()->getParentOfType<func::FuncOp>();
}
remark::RemarkOpts remarkAt(Block &block) {
  return remark::RemarkOpts::name("form-dispatches").category("form-dispatches").function(functionOf(block).getName());
}

namespace {
constexpr unsigned mostArraysOfPrologue = 3; // that a contraction reads to compute one operand
constexpr int64_t mostComputed = 2;          // times an element is computed in one kernel before it counts as repeated
constexpr unsigned mostRecomputed = 6;       // ops: a longer chain is stored if several kernels read it
constexpr int64_t leastBroadcast = 4;        // an expression of broadcasts has so many times the elements that it reads

/// The value whose memory a contraction reads for an operand. It reads through a layout in panels, and through a
/// conversion from a narrower type whose result nobody else reads.
Value readThrough(Value v) {
  while (Operation *op = v.getDefiningOp()) {
    bool widens = isPointwise(op) && op->getNumOperands() == 1 && op->hasOneUse() &&
                  ir::accessOf(op).readsOwnPosition(0) && isa<FloatType>(ir::elementOf(op->getOperand(0))) &&
                  ir::elementOf(op->getOperand(0)).getIntOrFloatBitWidth() < ir::elementOf(v).getIntOrFloatBitWidth();
    if (!widens && !op->hasTrait<ir::Layout>())
      break;
    v = op->getOperand(0);
  }
  return v;
}

/// Whether a contraction computes an operand itself, while it reads memory. The operand must be the result of a few
/// cheap ops that nobody else reads, on elements of arguments at the same position (or repeated along a dimension). If
/// the ops read the result of another kernel instead of an argument, they become the epilogue of that kernel.
bool isPrologue(Value v) {
  unsigned ops = 0;
  llvm::SmallSetVector<Value, 4> arrays;
  std::function<bool(Value)> follow = [&](Value v) {
    Operation *op = v.getDefiningOp();
    if (!op) {
      arrays.insert(v);
      return true;
    }
    if (op->getNumOperands() == 0)
      return true;
    auto pointwise = dyn_cast<ir::PointwiseOpInterface>(op);
    if (!pointwise || loom::isView(op) || !op->hasOneUse() || !pointwise.isCheap() || ++ops > mostRecomputed)
      return false;
    ir::Access access = ir::accessOf(op);
    return llvm::all_of(llvm::seq(0u, op->getNumOperands()),
                        [&](unsigned i) { return access.isRepeated(i) && follow(op->getOperand(i)); });
  };
  return v.getDefiningOp() && follow(v) && !arrays.empty() && arrays.size() <= mostArraysOfPrologue;
}

/// Whether a view shows all of the memory behind it, for any reader.
bool isWholeView(Operation *op) {
  auto view = dyn_cast_or_null<ir::ViewOpInterface>(op);
  return view && view.isWhole();
}
Value awaitedByView(Operation *op) {
  auto view = dyn_cast_or_null<ir::ViewOpInterface>(op);
  return view ? view.getAwaited() : Value();
}
/// Whether a value is of f16 or bf16, and all its readers accumulate it or widen it first: what it is before it is
/// rounded goes into the sum, as where everything fuses. A square may be beyond f16 where the mean of squares is not.
bool isAccumulatedNarrow(Operation *op) {
  Type element = ir::elementOf(op->getResult(0));
  return (element.isF16() || element.isBF16()) && !op->use_empty() &&
         llvm::all_of(op->getUsers(), [&](Operation *user) {
           return isa<ir::ReductionOpInterface>(user) ||
                  (isPointwise(user) && user->getNumOperands() == 1 &&
                   isa<FloatType>(ir::elementOf(user->getResult(0))) &&
                   ir::elementOf(user->getResult(0)).getIntOrFloatBitWidth() > element.getIntOrFloatBitWidth());
         });
}

/// Whole rows of what is in memory whoever reads it: they are read where they are.
bool isRowsInMemory(Operation *op) {
  if (!loom::isView(op) || !loom::isRows(op))
    return false;
  Value whole = op->getOperand(0);
  while (isWholeView(whole.getDefiningOp()) && !awaitedByView(whole.getDefiningOp()))
    whole = whole.getDefiningOp()->getOperand(0);
  return !whole.getDefiningOp() || !isPointwise(whole.getDefiningOp()) || isConstantInMemory(whole);
}
} // namespace

FailureOr<Roots> Roots::choose(Block &block, bool fuse) {
  Roots roots(block, fuse);
  if (failed(roots.collect()))
    return failure();
  if (fuse)
    roots.late = LateReads(roots.ops, roots.forced, roots.wanted, readBy);
  // Whether a value is expensive to compute again depends on which of its operands are in memory. The first round does
  // not know that yet and stores every value that is computed from something expensive. The second round knows which
  // operands the first one has stored, and stores less.
  roots.chooseRoots();
  roots.chooseRoots();
  roots.report();
  return roots;
}

bool Roots::inMemory(Value v) const {
  Operation *op = v.getDefiningOp();
  return !op || op->getBlock() != block || roots.contains(v) || isView(op) || isConstantInMemory(v);
}
Value Roots::behindViews(Value v) const {
  while (v.getDefiningOp() && isView(v.getDefiningOp()))
    v = v.getDefiningOp()->getOperand(0);
  return v;
}
Value Roots::behindUnitViews(Value v) const {
  for (Operation *op = v.getDefiningOp();
       op && isView(op) && isWholeView(op) && !awaitedByView(op) && changesUnitDimsOnly(op); op = v.getDefiningOp())
    v = op->getOperand(0);
  return v;
}
SmallVector<Value> Roots::awaitedBy(Value v) const {
  SmallVector<Value> awaited;
  while (Operation *op = v.getDefiningOp()) {
    if (!isView(op))
      break;
    if (Value token = awaitedByView(op))
      awaited.push_back(behindViews(token));
    v = op->getOperand(0);
  }
  return awaited;
}
/// Puts a value into memory. A reshape becomes a view, and the value behind it is put into memory.
void Roots::store(Value v, llvm::DenseSet<Value> &stored) {
  Operation *op = v.getDefiningOp();
  while (op && op->getBlock() == block && (isWholeView(op) || isRowsInMemory(op))) {
    views.insert(op);
    if (Value token = awaitedByView(op))
      store(token, stored);
    wanted.insert(v);
    v = op->getOperand(0);
    op = v.getDefiningOp();
  }
  if (op && op->getBlock() == block && !isConstantInMemory(v)) {
    stored.insert(v);
    wanted.insert(v);
  }
}

LogicalResult Roots::collect() {
  llvm::DenseSet<Operation *> live;
  for (Operation &op : llvm::reverse(*block)) {
    bool isReturn = op.hasTrait<OpTrait::IsTerminator>();
    if (!isReturn && llvm::none_of(op.getUsers(),
                                   [&](Operation *user) { return live.contains(block->findAncestorOpInBlock(*user)); }))
      continue;
    live.insert(&op);
    if (isReturn)
      continue;
    if (isControl(&op)) {
      ops.push_back(&op);
      continue;
    }
    if (isa<ir::DecomposeOpInterface>(op) && !isa<ir::HeroOpInterface>(op))
      return op.emitOpError("must be decomposed before dispatches are formed");
    if (!isPointwise(&op) && !isa<ir::HeroOpInterface>(op))
      return op.emitOpError(
          "has no place in a kernel: dispatches are formed of weft ops that are pointwise, or say what "
          "they allow of a kernel (HeroOpInterface)");
    ops.push_back(&op);
  }
  std::reverse(ops.begin(), ops.end());
  // Views come first, because they decide which values have memory of their own.
  for (Operation *op : ops)
    if (isWholeView(op) && (awaitedByView(op) || !fuse || !changesUnitDimsOnly(op)))
      store(op->getResult(0), forced);
  for (Operation *op : ops) {
    if (isControl(op)) {
      forced.insert(op->result_begin(), op->result_end());
      wanted.insert(op->result_begin(), op->result_end());
      for (Value v : readBy(op))
        store(v, forced);
      continue;
    }
    if (isPointwise(op))
      continue;
    forced.insert(op->result_begin(), op->result_end());
    for (OpOperand &operand : op->getOpOperands()) {
      ir::Prologue prologue = prologueOf(op, operand.getOperandNumber());
      Value read = prologue == ir::Prologue::cheap ? readThrough(operand.get()) : operand.get();
      if (prologue == ir::Prologue::memory || (prologue == ir::Prologue::cheap && (!fuse || !isPrologue(read))))
        store(read, forced);
    }
    // A region reads values from outside like operands.
    SmallVector<Value> reads = readBy(op);
    for (Value v : ArrayRef(reads).drop_front(op->getNumOperands()))
      store(v, forced);
  }
  for (Value v : block->getTerminator()->getOperands())
    store(v, forced);
  if (!fuse)
    for (Operation *op : ops)
      if (isPointwise(op) && op->getNumOperands() && !isView(op) && !isAccumulatedNarrow(op))
        forced.insert(op->getResult(0));
  roots = forced;
  return success();
}

/// Finds the values that are expensive to compute again. A value that is not in memory is expensive if its op is, or if
/// an operand is expensive, or if it is computed from several arrays as large as itself (reading them costs more than
/// storing and loading one), or if it is the end of a long chain of ops.
void Roots::findExpensive() {
  struct Cost {
    unsigned ops = 0;
    llvm::SmallSetVector<Value, 4> arrays;
  };
  llvm::DenseMap<Operation *, Cost> costs;
  expensive.clear();
  for (Operation *op : ops) {
    if (!isPointwise(op) || isView(op) || isConstantInMemory(op->getResult(0)))
      continue;
    Cost cost;
    cost.ops = op->getNumOperands() ? 1 : 0;
    bool reads = false;
    for (Value v : op->getOperands()) {
      Operation *def = v.getDefiningOp();
      if (inMemory(v)) {
        cost.arrays.insert(v);
        continue;
      }
      reads |= isExpensive(def);
      cost.ops += costs[def].ops;
      cost.arrays.insert(costs[def].arrays.begin(), costs[def].arrays.end());
    }
    int64_t own = elementsOf(op->getResult(0));
    bool wide = llvm::count_if(cost.arrays, [&](Value v) { return elementsOf(v) >= own; }) > 1;
    if (reads || wide || cost.ops > mostRecomputed || !cast<ir::PointwiseOpInterface>(op).isCheap())
      expensive.insert(op);
    int64_t read = 0;
    for (Value v : cost.arrays)
      read = llvm::SaturatingAdd<uint64_t>(read, elementsOf(v));
    elementsRead[op] = read;
    costs[op] = std::move(cost);
  }
}

/// Whether a value is computed by broadcasting much smaller arrays, and only reductions read it. Each reduction then
/// computes it again, whatever that costs: stored, it might need far more memory than the whole model.
bool Roots::isReducedBroadcast(Operation *op, ArrayRef<Value> readers) const {
  int64_t own = elementsOf(op->getResult(0)), read = elementsRead.lookup(op);
  return read <= own / leastBroadcast && llvm::all_of(readers, [&](Value root) {
           return isa<ir::ReductionOpInterface>(root.getDefiningOp()) && elementsOf(root) <= own / leastBroadcast;
         });
}

/// Whether a value from which several roots are computed is stored for them. For late readers it is stored if the
/// minimum cut keeps it. Otherwise an expensive value is stored if at least two of the roots are not late: these could
/// compute it in the kernel that makes it.
bool Roots::isStored(Operation *op, ArrayRef<Value> readers) const {
  if (isReducedBroadcast(op, readers))
    return false;
  Value v = op->getResult(0);
  if (late.keeps(v))
    return true;
  return isExpensive(op) &&
         llvm::count_if(readers, [&](Value root) { return !late.readsLate(root.getDefiningOp(), v); }) > 1;
}

/// Remarks that say what is stored for kernels that run later, what they compute again, and why.
void Roots::report() const {
  Location loc = functionOf(*block).getLoc();
  std::string kept, again;
  auto add = [](std::string &names, Operation *op) {
    names += (names.empty() ? "" : ", ") + ir::userName(op) + " " + ir::str(op->getResult(0).getType());
  };
  for (Operation *op : ops) {
    if (!isPointwise(op) || isView(op) || !op->getNumOperands() || forced.contains(op->getResult(0)))
      continue;
    Value v = op->getResult(0);
    if (roots.contains(v) ? late.keeps(v) : late.isRead(v) && isExpensive(op))
      add(roots.contains(v) ? kept : again, op);
  }
  if (!kept.empty())
    remark::analysis(loc, remarkAt(*block))
        << "stored for kernels that run later, for that costs less than to compute it again: " + kept;
  if (!again.empty())
    remark::analysis(loc, remarkAt(*block))
        << "computed again in kernels that run later, for that costs less than to store it: " + again;
}

void Roots::chooseRoots() {
  findExpensive();
  roots = forced;
  // For each value, the roots whose kernels compute it, and whether one of those kernels computes an element of it more
  // than once. The readers of a value come before it in this loop, which goes from the last op to the first.
  struct Readers {
    llvm::SmallSetVector<Value, 2> roots;
    bool repeated = false;
    /// The ops that read it, or what is computed of it, at positions of their own, as the slices of a window do; and as
    /// many elements as are read where the result is written.
    llvm::SmallSetVector<Operation *, 4> moves;
    int64_t same = 0;
  };
  llvm::DenseMap<Operation *, Readers> readers;
  llvm::DenseMap<Operation *, int64_t> needs; // elements that an op of `moves` reads
  for (Operation *op : llvm::reverse(ops)) {
    Value v = op->getResult(0);
    Readers mine = readers[op];
    int64_t needed = mine.same;
    for (Operation *move : mine.moves)
      needed = llvm::SaturatingAdd<uint64_t>(needed, needs.lookup(move));
    mine.repeated |= needed > mostComputed * elementsOf(v);
    if (!isView(op) && !roots.contains(v) && (mine.roots.size() > 1 || mine.repeated) &&
        (mine.repeated ? isExpensive(op) : isStored(op, mine.roots.getArrayRef()))) {
      // The next round keeps this view, so the value behind it has to stay in memory.
      if (isWholeView(op))
        store(v, forced), roots.insert(forced.begin(), forced.end());
      else
        roots.insert(v);
    }
    if (isView(op) || isConstantInMemory(v))
      continue;
    if (roots.contains(v)) {
      mine.roots.clear();
      mine.roots.insert(v);
      mine.repeated = false;
    }
    const bool starts = roots.contains(v) || !isPointwise(op);
    if (starts)
      mine.moves.clear(), mine.same = elementsOf(v);
    needs[op] = starts ? elementsOf(v) : needed;
    const ir::Access access = ir::accessOf(op);
    for (auto [i, operand] : llvm::enumerate(op->getOperands())) {
      Operation *def = operand.getDefiningOp();
      if (!def)
        continue;
      Readers &theirs = readers[def];
      theirs.roots.insert(mine.roots.begin(), mine.roots.end());
      theirs.repeated |= mine.repeated || (isPointwise(op) && elementsOf(operand) < elementsOf(v));
      if (!isPointwise(op)) {
        theirs.same = std::max(theirs.same, elementsOf(operand));
      } else if (access.readsOwnPosition(unsigned(i))) {
        theirs.same = std::max(theirs.same, mine.same);
        theirs.moves.insert(mine.moves.begin(), mine.moves.end());
      } else {
        theirs.moves.insert(op);
      }
    }
  }
}
} // namespace weft::passes
