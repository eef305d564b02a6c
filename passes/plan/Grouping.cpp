// Which ops of a function share a kernel: see Grouping.h.
#include "passes/plan/Grouping.h"
#include "dialects/loom/Views.h"
#include "dialects/weft/Weft.h"
#include "passes/analysis/DataflowGraph.h"
#include "passes/plan/LateReads.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Transforms/RegionUtils.h"
#include "llvm/ADT/MapVector.h"

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

namespace {
constexpr unsigned mostArraysOfPrologue = 3; // that a contraction reads for one operand
constexpr unsigned mostRecomputed = 6; // ops; longer cheap chains are stored when several kernels read them
constexpr int64_t mostRowBytes = 32 << 10; // of the values that a kernel over rows may keep of one row
constexpr int64_t leastBroadcast = 4;      // elements of an expression for each that it reads, to be one of broadcasts
constexpr unsigned mostResults = 12;   // of one kernel: more would run out of registers and pointers

/// Elements at the upper bounds: the measure of work.
int64_t elements(Value v) {
  int64_t n = 1;
  for (const ir::Dim &d : getDims(v))
    n *= std::max<int64_t>(d.upper(), 1);
  return n;
}
bool isControl(Operation *op) { return isa<ir::ControlFlowOpInterface>(op); }
bool isPointwise(Operation *op) { return isa<ir::PointwiseOpInterface>(op); }
/// Whether the element at a position needs the operands' elements at that very position, and no others.
bool keepsPosition(Operation *op) { return op->hasTrait<OpTrait::Elementwise>() || op->hasTrait<ir::Identity>(); }
/// Reductions and contractions have the finished element in hand; a scatter finishes all elements at once.
bool takesEpilogue(Operation *hero) { return isa<ir::ReductionOpInterface, ir::ContractOp>(hero); }

/// The value whose memory a contraction reads for an operand: behind another order of the same elements, and behind the conversion of a value of
/// fewer bytes that nobody else reads.
Value readThrough(Value v) {
  while (Operation *op = v.getDefiningOp()) {
    auto cast = dyn_cast<ir::CastOp>(op);
    bool widens = cast && cast->hasOneUse() && ir::elementOf(cast.getX()).getIntOrFloatBitWidth() < ir::elementOf(v).getIntOrFloatBitWidth() && isa<FloatType>(ir::elementOf(cast.getX()));
    if (!widens && !isa<ir::UnpackOp>(op))
      break;
    v = op->getOperand(0);
  }
  return v;
}

/// Whether a contraction computes an operand while it reads it: a few cheap ops on elements of arguments, whose result nobody else needs. What another
/// kernel computes is no argument: such ops are its epilogue.
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
    return known && op->hasOneUse() && cast<ir::PointwiseOpInterface>(op).isCheap() && ++ops <= mostRecomputed && llvm::all_of(op->getOperands(), follow);
  };
  return v.getDefiningOp() && follow(v) && !arrays.empty() && arrays.size() <= mostArraysOfPrologue;
}

remark::RemarkOpts remarkAt(func::FuncOp function) {
  return remark::RemarkOpts::name("form-dispatches").category("form-dispatches").function(function.getName());
}

/// What a root reads from memory; the flag says that it reads it at its own position only.
using Reads = llvm::MapVector<Value, bool>;

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

/// What an op reads: its operands, and what its regions take from outside.
SmallVector<Value> readBy(Operation *op) {
  SmallVector<Value> values(op->getOperands());
  llvm::SetVector<Value> captured;
  for (Region &region : op->getRegions())
    getUsedValuesDefinedAbove(region, region, captured);
  llvm::append_range(values, captured);
  return values;
}

class Grouper {
public:
  Grouper(Block &body, bool fuse) : function(body.getParentOp()->getParentOfType<func::FuncOp>()), body(body), fuse(fuse) {
    if (auto own = dyn_cast<func::FuncOp>(body.getParentOp()))
      function = own;
  }

  FailureOr<Grouping> run() {
    if (failed(collect()))
      return failure();
    // Two rounds: what is expensive depends on what is in memory. The first round stores every value whose operands are expensive; the
    // second sees that some of those operands are stored themselves.
    if (fuse)
      late = LateReads(ops, forced, wanted, readBy);
    chooseRoots();
    chooseRoots();
    report();
    findReads();
    mergeRoots();
    return outline();
  }

private:
  LogicalResult collect();
  void chooseRoots();
  void findReads();
  void mergeRoots();
  Grouping outline();

  bool isView(Operation *op) const { return result.views.contains(op); }
  /// In memory, as far as is known: an argument, a constant, a view, a root.
  bool inMemory(Value v) const {
    Operation *op = v.getDefiningOp();
    return !op || op->getBlock() != &body || roots.contains(v) || isView(op) || isConstantInMemory(v);
  }
  /// The root or argument whose memory this is.
  Value behindViews(Value v) const {
    while (v.getDefiningOp() && isView(v.getDefiningOp()))
      v = v.getDefiningOp()->getOperand(0);
    return v;
  }
  /// The same, as long as views only add or drop dimensions of size 1: such a value lies where the root's does.
  Value behindUnitViews(Value v) const {
    while (v.getDefiningOp<ir::ReshapeOp>() && isView(v.getDefiningOp()) && changesUnitDimsOnly(v.getDefiningOp()))
      v = v.getDefiningOp()->getOperand(0);
    return v;
  }
  /// The roots and arguments that have to be there before what stands for this memory is read.
  SmallVector<Value> awaitedBy(Value v) const {
    SmallVector<Value> roots;
    while (Operation *op = v.getDefiningOp()) {
      if (!isView(op))
        break;
      if (auto after = dyn_cast<ir::AfterOp>(op))
        roots.push_back(behindViews(after.getToken()));
      v = op->getOperand(0);
    }
    return roots;
  }
  /// Makes a value one that is in memory: a reshape becomes a view of a value in memory.
  void store(Value v, llvm::DenseSet<Value> &stored) {
    Operation *op = v.getDefiningOp();
    while (op && op->getBlock() == &body && (isa<ir::ReshapeOp, ir::AfterOp>(op) || isRowsInMemory(op))) {
      result.views.insert(op);
      if (auto after = dyn_cast<ir::AfterOp>(op))
        store(after.getToken(), stored);
      wanted.insert(v);
      v = op->getOperand(0);
      op = v.getDefiningOp();
    }
    if (op && op->getBlock() == &body && !isConstantInMemory(v)) {
      stored.insert(v);
      wanted.insert(v);
    }
  }
  bool isExpensive(Operation *op) const { return expensive.contains(op); }
  void findExpensive();
  bool isStored(Operation *op, ArrayRef<Value> readers) const;
  void report();
  bool isReducedBroadcast(Operation *op, ArrayRef<Value> readers) const;
  bool tryMerge(unsigned from, unsigned to, StringRef what);
  bool tryMergeRows(unsigned from, unsigned to);
  bool awaitsOwn(ArrayRef<unsigned> group) const;
  bool readsOwnRows(ArrayRef<unsigned> group, const Dims &space);

  func::FuncOp function;
  Block &body;
  bool fuse;
  Grouping result;
  SmallVector<Operation *> ops; // live, in program order, without the return
  llvm::DenseSet<Value> forced, roots;
  llvm::DenseSet<Value> wanted; // of the forced ones those that somebody reads from memory; a hero's result may be its kernel's own
  LateReads late;
  llvm::DenseSet<Operation *> expensive;
  llvm::DenseMap<Operation *, int64_t> elementsRead; // of the arrays in memory that a value that is not is computed from
  // One node per root.
  SmallVector<Value> nodes;
  llvm::DenseMap<Value, unsigned> nodeOf;
  SmallVector<Reads> reads;
  std::unique_ptr<DataflowGraph> graph;
  llvm::DenseMap<unsigned, SmallVector<unsigned>> groupNodes; // by group
};

LogicalResult Grouper::collect() {
  llvm::DenseSet<Operation *> live;
  for (Operation &op : llvm::reverse(body)) {
    bool isReturn = op.hasTrait<OpTrait::IsTerminator>();
    if (!isReturn && llvm::none_of(op.getUsers(), [&](Operation *user) { return live.contains(body.findAncestorOpInBlock(*user)); }))
      continue;
    live.insert(&op);
    if (isReturn)
      continue;
    if (isControl(&op)) {
      ops.push_back(&op);
      continue;
    }
    if (op.getNumRegions() || op.getNumResults() != 1 || op.getDialect() != function.getContext()->getLoadedDialect<ir::WeftDialect>())
      return op.emitOpError("has no place in a kernel: dispatches are formed of weft ops with one result and no region");
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
    bool generates = op->getNumOperands() == 0;
    if (isControl(op)) {
      forced.insert(op->result_begin(), op->result_end());
      wanted.insert(op->result_begin(), op->result_end());
      for (Value v : readBy(op))
        store(v, forced);
      continue;
    }
    if (!isPointwise(op))
      forced.insert(op->getResult(0));
    else if (!fuse && !generates && !isView(op))
      forced.insert(op->getResult(0));
    if (isa<ir::ContractOp>(op))
      for (Value v : op->getOperands())
        if (Value read = readThrough(v); !fuse || !isPrologue(read))
          store(read, forced);
  }
  for (Value v : body.getTerminator()->getOperands())
    store(v, forced);
  roots = forced;
  return success();
}

/// Expensive: not in memory, and either an expensive op itself, or reads something expensive, or several arrays as large as itself (to
/// store and load one is less), or the top of a long chain.
void Grouper::findExpensive() {
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
    int64_t own = elements(op->getResult(0));
    bool wide = llvm::count_if(cost.arrays, [&](Value v) { return elements(v) >= own; }) > 1;
    if (reads || wide || cost.ops > mostRecomputed || !cast<ir::PointwiseOpInterface>(op).isCheap())
      expensive.insert(op);
    int64_t read = 0;
    for (Value v : cost.arrays)
      read = llvm::SaturatingAdd<uint64_t>(read, elements(v));
    elementsRead[op] = read;
    costs[op] = std::move(cost);
  }
}

/// Whether a value is an expression of arrays that are all much smaller, and only read by ops that reduce it: then it is computed again in
/// each of them, whatever that costs, for its memory may be far more than the model's.
bool Grouper::isReducedBroadcast(Operation *op, ArrayRef<Value> readers) const {
  int64_t own = elements(op->getResult(0)), read = elementsRead.lookup(op);
  return read <= own / leastBroadcast && llvm::all_of(readers, [&](Value root) {
           return isa<ir::ReductionOpInterface>(root.getDefiningOp()) && elements(root) <= own / leastBroadcast;
         });
}

/// Whether a value that several roots are computed from is in memory for them. One that is expensive is, if more than one of them may share its maker's
/// kernel; of what is read later, what the least cut keeps.
bool Grouper::isStored(Operation *op, ArrayRef<Value> readers) const {
  if (isReducedBroadcast(op, readers))
    return false;
  Value v = op->getResult(0);
  if (late.keeps(v))
    return true;
  return isExpensive(op) && llvm::count_if(readers, [&](Value root) { return !late.readsLate(root.getDefiningOp(), v); }) > 1;
}

/// What is stored for kernels that run later, and why.
void Grouper::report() {
  std::string kept, again;
  auto add = [](std::string &names, Operation *op) { names += (names.empty() ? "" : ", ") + ir::userName(op) + " " + ir::str(op->getResult(0).getType()); };
  for (Operation *op : ops) {
    if (!isPointwise(op) || isView(op) || !op->getNumOperands() || forced.contains(op->getResult(0)))
      continue;
    Value v = op->getResult(0);
    if (roots.contains(v) ? late.keeps(v) : late.isRead(v) && isExpensive(op))
      add(roots.contains(v) ? kept : again, op);
  }
  if (!kept.empty())
    remark::analysis(function.getLoc(), remarkAt(function)) << "stored for kernels that run later, for that costs less than to compute it again: " + kept;
  if (!again.empty())
    remark::analysis(function.getLoc(), remarkAt(function)) << "computed again in kernels that run later, for that costs less than to store it: " + again;
}

void Grouper::chooseRoots() {
  findExpensive();
  roots = forced;
  // Who computes a value, from the last reader to the first: the roots in whose kernels it is part, and whether one of them computes it
  // more than once for each of its elements.
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
      theirs.repeated |= mine.repeated || (isPointwise(op) && elements(operand) < elements(v));
    }
  }
}

void Grouper::findReads() {
  for (Operation *op : ops)
    if (roots.contains(op->getResult(0))) {
      for (Value v : op->getResults())
        nodeOf[v] = nodes.size();
      nodes.push_back(op->getResult(0));
    }
  graph = std::make_unique<DataflowGraph>(nodes.size());
  reads.resize(nodes.size());
  for (auto [n, root] : llvm::enumerate(nodes)) {
    // From the root towards its operands; a value that is reached both ways is visited both ways.
    using Visit = llvm::PointerIntPair<Operation *, 1, bool>; // the bool: only through ops that keep the position
    llvm::DenseSet<Visit> seen;
    SmallVector<Visit> work{Visit(root.getDefiningOp(), true)};
    while (!work.empty()) {
      Visit visit = work.pop_back_val();
      if (!seen.insert(visit).second)
        continue;
      Operation *op = visit.getPointer();
      bool same = visit.getInt() && keepsPosition(op);
      for (Value v : readBy(op)) {
        if (!inMemory(v)) {
          work.push_back(Visit(v.getDefiningOp(), same));
          continue;
        }
        auto [entry, fresh] = reads[n].insert({v, same});
        if (!fresh)
          entry->second &= same;
      }
    }
    for (auto &[v, same] : reads[n]) {
      if (auto from = nodeOf.find(behindViews(v)); from != nodeOf.end())
        graph->addEdge(from->second, n);
      for (Value token : awaitedBy(v))
        if (auto from = nodeOf.find(token); from != nodeOf.end())
          graph->addEdge(from->second, n);
    }
  }
  for (unsigned n = 0; n < nodes.size(); ++n)
    groupNodes[n] = {n};
}

/// Joins the groups of two roots if one kernel can compute both; says why not where that would surprise.
bool Grouper::tryMerge(unsigned from, unsigned to, StringRef what) {
  unsigned a = graph->groupOf(from), b = graph->groupOf(to);
  if (a == b)
    return false;
  SmallVector<unsigned> all(groupNodes[a]);
  llvm::append_range(all, groupNodes[b]);
  if (getDims(nodes[from]) != getDims(nodes[to]) || all.size() > mostResults)
    return false;
  auto missed = [&](const char *reason) {
    remark::missed(nodes[to].getLoc(), remarkAt(function)) << what << remark::reason("{0}", reason);
    return false;
  };
  Operation *hero = nullptr;
  for (unsigned n : all)
    if (Operation *op = nodes[n].getDefiningOp(); !isPointwise(op)) {
      if (hero || !takesEpilogue(op))
        return false;
      hero = op;
    }
  llvm::DenseSet<Value> own;
  for (unsigned n : all)
    own.insert(nodes[n]);
  for (unsigned n : all)
    for (auto &[v, same] : reads[n])
      if (own.contains(behindViews(v)) && !(same && own.contains(v)))
        return missed("one reads the other at other positions than its own");
  if (awaitsOwn(all))
    return missed("one waits for the other");
  if (graph->mergeMakesCycle(a, b))
    return missed("another kernel has to run in between");
  unsigned merged = graph->merge(a, b);
  llvm::sort(all);
  groupNodes[merged] = all;
  remark::passed(nodes[to].getLoc(), remarkAt(function)) << what << remark::metric("kernel of", (hero ? hero : nodes[all.front()].getDefiningOp())->getName().getStringRef());
  return true;
}

/// Whether one of the nodes may only run when another is done.
bool Grouper::awaitsOwn(ArrayRef<unsigned> group) const {
  for (unsigned n : group)
    for (auto &[v, same] : reads[n])
      for (Value token : awaitedBy(v))
        if (llvm::any_of(group, [&](unsigned m) { return nodes[m] == token; }))
          return true;
  return false;
}

/// Whether all that the nodes read of each other lies in the row, or at the element, that they compute.
bool Grouper::readsOwnRows(ArrayRef<unsigned> group, const Dims &space) {
  llvm::DenseSet<Value> own;
  for (unsigned n : group)
    own.insert(nodes[n]);
  for (unsigned n : group) {
    llvm::DenseSet<std::pair<Operation *, int>> seen;
    SmallVector<std::pair<Operation *, ir::Position>> work;
    // True unless a value of the group is read at another position than its own.
    auto visit = [&](Value v, ir::Position at) {
      if (!inMemory(v))
        work.push_back({v.getDefiningOp(), at});
      else if (own.contains(behindViews(v))) {
        Value root = behindUnitViews(v);
        return own.contains(root) && at != ir::Position::other && at == ir::positionOf(getDims(v), space) && at == ir::positionOf(getDims(root), space);
      }
      return true;
    };
    auto visitOperands = [&](Operation *op, ir::Position at) {
      for (unsigned i = 0; i < op->getNumOperands(); ++i)
        if (!visit(op->getOperand(i), ir::positionRead(op, i, at, space)))
          return false;
      return true;
    };
    Operation *root = nodes[n].getDefiningOp();
    if (isPointwise(root) ? !visitOperands(root, ir::positionOf(getDims(nodes[n]), space)) : !visit(root->getOperand(0), ir::Position::element))
      return false;
    while (!work.empty()) {
      auto [op, at] = work.pop_back_val();
      if (seen.insert({op, int(at)}).second && !visitOperands(op, at))
        return false;
    }
  }
  return true;
}

/// Joins the groups of two roots if one kernel over rows can compute both.
bool Grouper::tryMergeRows(unsigned from, unsigned to) {
  unsigned a = graph->groupOf(from), b = graph->groupOf(to);
  if (a == b)
    return false;
  SmallVector<unsigned> all(groupNodes[a]);
  llvm::append_range(all, groupNodes[b]);
  if (all.size() > mostResults)
    return false;
  std::optional<Dims> space;
  for (unsigned n : all)
    if (Operation *op = nodes[n].getDefiningOp(); !isPointwise(op)) {
      std::optional<Dims> own = ir::rowSpace(op);
      if (!own || (space && *space != *own))
        return false;
      space = own;
    }
  if (!space)
    return false;
  int64_t rowBytes = 0;
  for (unsigned n : all) {
    ir::Position at = ir::positionOf(getDims(nodes[n]), *space);
    if (at == ir::Position::other)
      return false;
    if (at == ir::Position::element)
      rowBytes += space->back().upper() * std::max(32u, ir::elementOf(nodes[n]).getIntOrFloatBitWidth()) / 8;
  }
  if (rowBytes > mostRowBytes || awaitsOwn(all) || !readsOwnRows(all, *space))
    return false;
  if (graph->mergeMakesCycle(a, b)) {
    remark::missed(nodes[to].getLoc(), remarkAt(function)) << "computed row by row with what it reads" << remark::reason("{0}", "another kernel has to run in between");
    return false;
  }
  unsigned merged = graph->merge(a, b);
  llvm::sort(all);
  groupNodes[merged] = all;
  remark::passed(nodes[to].getLoc(), remarkAt(function)) << "computed row by row with what it reads";
  return true;
}

void Grouper::mergeRoots() {
  if (!fuse)
    return;
  // Readers into what they read, the latest first: its other operands are in memory by then.
  for (unsigned n = 0; n < nodes.size(); ++n) {
    SmallVector<unsigned> sources;
    for (auto &[v, same] : reads[n])
      if (auto from = nodeOf.find(v); same && from != nodeOf.end())
        sources.push_back(from->second);
    llvm::sort(sources, std::greater<>());
    for (unsigned source : sources)
      tryMerge(source, n, "computed where its operand is made");
  }
  // Neighbours that read one array at the same position. Heroes take none: their kernels have loops of their own.
  llvm::MapVector<Value, SmallVector<unsigned>> readersOf;
  for (unsigned n = 0; n < nodes.size(); ++n)
    for (auto &[v, same] : reads[n])
      if (same)
        readersOf[v].push_back(n);
  auto hasHero = [&](unsigned n) {
    return llvm::any_of(groupNodes[graph->groupOf(n)], [&](unsigned m) { return !isPointwise(nodes[m].getDefiningOp()); });
  };
  for (auto &[v, readers] : readersOf)
    for (unsigned i = 1; i < readers.size(); ++i)
      if (!hasHero(readers[i - 1]) && !hasHero(readers[i]))
        tryMerge(readers[i - 1], readers[i], "computed with a neighbour that reads the same");
  // Reductions of rows: what they read and what reads them, then those that read the same.
  for (unsigned n = 0; n < nodes.size(); ++n) {
    SmallVector<unsigned> sources;
    for (auto &[v, same] : reads[n])
      if (auto from = nodeOf.find(behindUnitViews(v)); from != nodeOf.end())
        sources.push_back(from->second);
    llvm::sort(sources, std::greater<>());
    for (unsigned source : sources)
      tryMergeRows(source, n);
  }
  llvm::MapVector<Value, SmallVector<unsigned>> reductionsOf;
  for (unsigned n = 0; n < nodes.size(); ++n)
    if (ir::rowSpace(nodes[n].getDefiningOp()))
      for (auto &[v, same] : reads[n])
        reductionsOf[v].push_back(n);
  for (auto &[v, readers] : reductionsOf)
    for (unsigned i = 1; i < readers.size(); ++i)
      tryMergeRows(readers[i - 1], readers[i]);
}

Grouping Grouper::outline() {
  SmallVector<unsigned> priority(nodes.size());
  for (unsigned n = 0; n < nodes.size(); ++n)
    priority[n] = groupNodes[graph->groupOf(n)].back();
  for (unsigned g : graph->topologicalOrder(priority)) {
    Group group;
    llvm::DenseSet<Value> own;
    for (unsigned n : groupNodes[g]) {
      own.insert(nodes[n]);
      group.roots.push_back(nodes[n]);
      if (Operation *op = nodes[n].getDefiningOp(); !isPointwise(op)) {
        group.hero = group.hero ? group.hero : op;
      }
    }
    // Depth first from the roots, operands in order: equal groups list equal ops in equal order, whatever stands between them in the
    // program (an op that two layers share stands in front of the first).
    if (group.hero && isControl(group.hero))
      group.operands.insert_range(readBy(group.hero));
    llvm::DenseSet<Operation *> seen;
    SmallVector<std::pair<Operation *, unsigned>> path;
    auto visit = [&](Operation *op) {
      if (seen.insert(op).second)
        path.push_back({op, 0});
    };
    for (Value root : group.roots) {
      visit(root.getDefiningOp());
      while (!path.empty()) {
        auto &[op, next] = path.back();
        if (next == (isControl(op) ? 0 : op->getNumOperands())) {
          group.members.insert(op);
          path.pop_back();
          continue;
        }
        Value v = op->getOperand(next++);
        if (inMemory(v) && !own.contains(behindUnitViews(v)))
          group.operands.insert(v);
        else
          visit(v.getDefiningOp());
      }
    }
    if (group.members.size() > 1) {
      std::string names;
      for (Operation *op : group.members)
        names += (names.empty() ? "" : ", ") + op->getName().stripDialect().str();
      Location at = group.hero ? group.hero->getLoc() : group.roots.back().getLoc();
      remark::analysis(at, remarkAt(function)) << "one kernel of " + std::to_string(group.members.size()) + " ops: " + names;
    }
    result.groups.push_back(std::move(group));
  }
  llvm::DenseSet<Value> read(body.getTerminator()->operand_begin(), body.getTerminator()->operand_end());
  for (const Group &group : result.groups)
    for (Value v : group.operands) {
      read.insert(behindViews(v));
      read.insert_range(awaitedBy(v));
    }
  for (Group &group : result.groups) {
    if (group.hero && isControl(group.hero)) {
      group.results.assign(group.hero->result_begin(), group.hero->result_end());
      continue;
    }
    llvm::copy_if(group.roots, std::back_inserter(group.results), [&](Value root) { return read.contains(root); });
  }
  return std::move(result);
}
} // namespace

FailureOr<Grouping> groupOps(Block &block, bool fuse) { return Grouper(block, fuse).run(); }
} // namespace weft::passes
