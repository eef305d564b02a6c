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
constexpr unsigned mostArraysOfPrologue = 3; // that a contraction reads for one operand
constexpr unsigned mostRecomputed = 6;       // ops; longer cheap chains are stored when several kernels read them
constexpr int64_t leastBroadcast = 4; // elements of an expression for each that it reads, to be one of broadcasts

/// The value whose memory a contraction reads for an operand: behind another order of the same elements, and behind the
/// conversion of a value of fewer bytes that nobody else reads.
Value readThrough(Value v) {
  while (Operation *op = v.getDefiningOp()) {
    auto cast = dyn_cast<ir::CastOp>(op);
    bool widens = cast && cast->hasOneUse() &&
                  ir::elementOf(cast.getX()).getIntOrFloatBitWidth() < ir::elementOf(v).getIntOrFloatBitWidth() &&
                  isa<FloatType>(ir::elementOf(cast.getX()));
    if (!widens && !isa<ir::UnpackOp>(op))
      break;
    v = op->getOperand(0);
  }
  return v;
}

/// Whether a contraction computes an operand while it reads it: a few cheap ops on elements of arguments, whose result
/// nobody else needs. What another kernel computes is no argument: such ops are its epilogue.
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
    bool known = op->hasTrait<OpTrait::Elementwise>() || isa<ir::CastOp, ir::BroadcastOp>(op);
    return known && op->hasOneUse() && cast<ir::PointwiseOpInterface>(op).isCheap() && ++ops <= mostRecomputed &&
           llvm::all_of(op->getOperands(), follow);
  };
  return v.getDefiningOp() && follow(v) && !arrays.empty() && arrays.size() <= mostArraysOfPrologue;
}

/// Whether a value is of f16 or bf16, and all its readers accumulate it or widen it first: what it is before it is
/// rounded goes into the sum, as where everything fuses. A square may be beyond f16 where the mean of squares is not.
bool isAccumulatedNarrow(Operation *op) {
  Type element = ir::elementOf(op->getResult(0));
  return (element.isF16() || element.isBF16()) && !op->use_empty() &&
         llvm::all_of(op->getUsers(), [&](Operation *user) {
           return isa<ir::ReductionOpInterface>(user) ||
                  (isa<ir::CastOp>(user) && isa<FloatType>(ir::elementOf(user->getResult(0))) &&
                   ir::elementOf(user->getResult(0)).getIntOrFloatBitWidth() > element.getIntOrFloatBitWidth());
         });
}

/// Whole rows of what is in memory whoever reads it: they are read where they are.
bool isRowsInMemory(Operation *op) {
  auto slice = dyn_cast<ir::SliceOp>(op);
  if (!slice || !loom::isRows(slice))
    return false;
  Value whole = slice.getX();
  while (auto view = whole.getDefiningOp<ir::ReshapeOp>())
    whole = view.getX();
  return !whole.getDefiningOp() || !isPointwise(whole.getDefiningOp()) || isConstantInMemory(whole);
}
} // namespace

FailureOr<Roots> Roots::choose(Block &block, bool fuse) {
  Roots roots(block, fuse);
  if (failed(roots.collect()))
    return failure();
  if (fuse)
    roots.late = LateReads(roots.ops, roots.forced, roots.wanted, readBy);
  // Two rounds: what is expensive depends on what is in memory. The first round stores every value whose operands are
  // expensive; the second sees that some of those operands are stored themselves.
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
  while (v.getDefiningOp<ir::ReshapeOp>() && isView(v.getDefiningOp()) && changesUnitDimsOnly(v.getDefiningOp()))
    v = v.getDefiningOp()->getOperand(0);
  return v;
}
SmallVector<Value> Roots::awaitedBy(Value v) const {
  SmallVector<Value> awaited;
  while (Operation *op = v.getDefiningOp()) {
    if (!isView(op))
      break;
    if (auto after = dyn_cast<ir::AfterOp>(op))
      awaited.push_back(behindViews(after.getToken()));
    v = op->getOperand(0);
  }
  return awaited;
}
/// Makes a value one that is in memory: a reshape becomes a view of a value in memory.
void Roots::store(Value v, llvm::DenseSet<Value> &stored) {
  Operation *op = v.getDefiningOp();
  while (op && op->getBlock() == block && (isa<ir::ReshapeOp, ir::AfterOp>(op) || isRowsInMemory(op))) {
    views.insert(op);
    if (auto after = dyn_cast<ir::AfterOp>(op))
      store(after.getToken(), stored);
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
    if (op.getNumRegions() || op.getNumResults() != 1 ||
        op.getDialect() != block->getParentOp()->getContext()->getLoadedDialect<ir::WeftDialect>())
      return op.emitOpError(
          "has no place in a kernel: dispatches are formed of weft ops with one result and no region");
    if (isa<ir::DecomposeOpInterface>(op))
      return op.emitOpError("must be decomposed before dispatches are formed");
    ops.push_back(&op);
  }
  std::reverse(ops.begin(), ops.end());
  // Views first: they decide what memory is.
  for (Operation *op : ops)
    if (isa<ir::AfterOp>(op) || (isa<ir::ReshapeOp>(op) && (!fuse || !changesUnitDimsOnly(op))))
      store(op->getResult(0), forced);
  for (Operation *op : ops) {
    if (isControl(op)) {
      forced.insert(op->result_begin(), op->result_end());
      wanted.insert(op->result_begin(), op->result_end());
      for (Value v : readBy(op))
        store(v, forced);
      continue;
    }
    if (!isPointwise(op))
      forced.insert(op->getResult(0));
    if (isa<ir::ContractOp>(op))
      for (Value v : op->getOperands())
        if (Value read = readThrough(v); !fuse || !isPrologue(read))
          store(read, forced);
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

/// Expensive: not in memory, and either an expensive op itself, or reads something expensive, or several arrays as
/// large as itself (to store and load one is less), or the top of a long chain.
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

/// Whether a value is an expression of arrays that are all much smaller, and only read by ops that reduce it: then it
/// is computed again in each of them, whatever that costs, for its memory may be far more than the model's.
bool Roots::isReducedBroadcast(Operation *op, ArrayRef<Value> readers) const {
  int64_t own = elementsOf(op->getResult(0)), read = elementsRead.lookup(op);
  return read <= own / leastBroadcast && llvm::all_of(readers, [&](Value root) {
           return isa<ir::ReductionOpInterface>(root.getDefiningOp()) && elementsOf(root) <= own / leastBroadcast;
         });
}

/// Whether a value that several roots are computed from is in memory for them. One that is expensive is, if more than
/// one of them may share its maker's kernel; of what is read later, what the least cut keeps.
bool Roots::isStored(Operation *op, ArrayRef<Value> readers) const {
  if (isReducedBroadcast(op, readers))
    return false;
  Value v = op->getResult(0);
  if (late.keeps(v))
    return true;
  return isExpensive(op) &&
         llvm::count_if(readers, [&](Value root) { return !late.readsLate(root.getDefiningOp(), v); }) > 1;
}

/// What is stored for kernels that run later, and why.
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
  // Who computes a value, from the last reader to the first: the roots in whose kernels it is part, and whether one of
  // them computes it more than once for each of its elements.
  struct Readers {
    llvm::SmallSetVector<Value, 2> roots;
    bool repeated = false;
  };
  llvm::DenseMap<Operation *, Readers> readers;
  for (Operation *op : llvm::reverse(ops)) {
    Value v = op->getResult(0);
    Readers mine = readers[op];
    if (!isView(op) && !roots.contains(v) && (mine.roots.size() > 1 || mine.repeated) &&
        (mine.repeated ? isExpensive(op) : isStored(op, mine.roots.getArrayRef()))) {
      // A view stays one in the next round, so what is behind it stays in memory.
      if (isa<ir::ReshapeOp>(op))
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
    for (Value operand : op->getOperands()) {
      Operation *def = operand.getDefiningOp();
      if (!def)
        continue;
      Readers &theirs = readers[def];
      theirs.roots.insert(mine.roots.begin(), mine.roots.end());
      theirs.repeated |= mine.repeated || (isPointwise(op) && elementsOf(operand) < elementsOf(v));
    }
  }
}
} // namespace weft::passes
