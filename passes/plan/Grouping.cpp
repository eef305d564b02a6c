// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Which ops of a function share a kernel: see Grouping.h.
#include "passes/plan/Grouping.h"
#include "dialects/weft/Weft.h"
#include "passes/analysis/Cost.h"
#include "passes/analysis/DataflowGraph.h"
#include "passes/plan/ColumnSums.h"
#include "passes/plan/Roots.h"
#include "passes/plan/SplitSums.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;
using weft::ir::Dim;
using weft::ir::Dims;
using weft::ir::getDims;
namespace weft::passes {

namespace {
constexpr int64_t mostRowBytes = 32 << 10;    // of all values that a kernel over rows keeps for one row
constexpr int64_t mostColumnBytes = 16 << 10; // of the sums of columns beside them: the nearest cache has to hold both
constexpr int64_t leastForColumns = 64 << 10; // elements: for less, a kernel that combines costs more than is gained
constexpr unsigned mostResults = 12;          // of one kernel: with more of them it runs out of registers
constexpr unsigned mostTogether = 4;          // reductions that share loops, for the same reason
constexpr unsigned mostTried = 16;            // readers of an array with which a reduction tries to share loops

/// Whether the kernel of a hero finishes its result element by element, so that an epilogue can read each of them. A
/// scatter does not: all its elements are finished at the end.
bool takesEpilogue(Operation *hero) {
  auto traits = dyn_cast<ir::HeroOpInterface>(hero);
  return traits && traits.takesEpilogue();
}

/// The values in memory that a root reads. The flag says whether it reads the value only at its own position.
using Reads = llvm::MapVector<Value, bool>;
/// What is known of the expression that a root computes, to decide whether reductions share loops.
struct Expression {
  int64_t elementsRead = 0; // of all arrays that it reads
  unsigned bits = 0;        // of the widest element, which decides how many elements are in a vector
  bool turned = false;      // it reads an array transposed: its lanes may have to run along another dimension
  bool moves = false;       // it depends on positions: it reads at another position than its own, or counts positions
  bool checks = false;      // it may raise an error
};

class Grouper {
public:
  Grouper(Block &body, bool fuse, const Roots &roots) : body(body), fuse(fuse), roots(roots) {}

  Grouping run() {
    findReads();
    mergeRoots();
    return outline();
  }

private:
  void findReads();
  void mergeRoots();
  Grouping outline();

  bool tryMerge(unsigned from, unsigned to, StringRef what, bool quiet = false);
  bool mayShareLoops(ArrayRef<unsigned> group, unsigned n) const;
  bool tryMergeRows(unsigned from, unsigned to);
  bool tryMergeColumns(unsigned rows, unsigned columns);
  bool joinRows(unsigned a, unsigned b, SmallVector<unsigned> all, const Dims &space, unsigned at, StringRef what);
  bool awaitsOwn(ArrayRef<unsigned> group) const;
  bool readsOwnRows(ArrayRef<unsigned> group, const Dims &space);

  Block &body;
  bool fuse;
  const Roots &roots;
  // A node stands for an op whose results are roots; it is named by the first of them.
  SmallVector<Value> nodes;
  auto resultsOf(unsigned n) const { return nodes[n].getDefiningOp()->getResults(); }
  llvm::DenseMap<Value, unsigned> nodeOf;
  SmallVector<Reads> reads;
  SmallVector<Expression> expressions;
  llvm::DenseMap<Value, Value> overwritten; // by root: the argument over which it may be written
  std::unique_ptr<DataflowGraph> graph;
  llvm::DenseMap<unsigned, SmallVector<unsigned>> groupNodes; // by group
};

void Grouper::findReads() {
  for (Operation *op : roots.getOps())
    if (roots.isRoot(op->getResult(0))) {
      for (Value v : op->getResults())
        nodeOf[v] = nodes.size();
      nodes.push_back(op->getResult(0));
    }
  graph = std::make_unique<DataflowGraph>(nodes.size());
  reads.resize(nodes.size());
  expressions.resize(nodes.size());
  if (auto function = dyn_cast<func::FuncOp>(body.getParentOp()))
    for (OpOperand &result : body.getTerminator()->getOpOperands())
      if (auto argument = function.getResultAttrOfType<IntegerAttr>(result.getOperandNumber(), ir::updatesMark))
        overwritten[roots.behindViews(result.get())] = body.getArgument(unsigned(argument.getInt()));
  for (auto [n, root] : llvm::enumerate(nodes)) {
    // Walks from the root to the ops that it is computed from. The bool of a visit says whether all ops on the way keep
    // the position. An op that is reached both with and without that is visited twice.
    using Visit = llvm::PointerIntPair<Operation *, 1, bool>;
    llvm::DenseSet<Visit> seen;
    SmallVector<Visit> work{Visit(root.getDefiningOp(), true)};
    while (!work.empty()) {
      Visit visit = work.pop_back_val();
      if (!seen.insert(visit).second)
        continue;
      Operation *op = visit.getPointer();
      ir::Access access = ir::accessOf(op);
      Expression &expression = expressions[n];
      for (unsigned i = 0; i < op->getNumOperands(); ++i)
        expression.turned |= access.isTurned(i);
      if (op != root.getDefiningOp())
        expression.moves |= op->getNumOperands() ? !access.keepsPosition()
                                                 : llvm::any_of(access.loops, [](auto &loop) { return loop.counted; });
      if (auto checked = dyn_cast<ir::CheckedOpInterface>(op))
        expression.checks |= checked.getCheck().has_value();
      for (auto [i, v] : llvm::enumerate(readBy(op))) {
        // The regions of a loop or a branch read values from outside at any position.
        bool same = visit.getInt() && isPointwise(op) && i < access.operands.size() && access.readsOwnPosition(i);
        expression.bits = std::max(expression.bits, ir::elementOf(v).getIntOrFloatBitWidth());
        if (!roots.inMemory(v)) {
          work.push_back(Visit(v.getDefiningOp(), same));
          continue;
        }
        auto [entry, fresh] = reads[n].insert({v, same});
        if (!fresh)
          entry->second &= same;
      }
    }
    for (auto &[v, same] : reads[n]) {
      expressions[n].elementsRead = llvm::SaturatingAdd<uint64_t>(expressions[n].elementsRead, elementsOf(v));
      if (auto from = nodeOf.find(roots.behindViews(v)); from != nodeOf.end())
        graph->addEdge(from->second, n);
      for (Value token : roots.awaitedBy(v))
        if (auto from = nodeOf.find(token); from != nodeOf.end())
          graph->addEdge(from->second, n);
    }
  }
  for (unsigned n = 0; n < nodes.size(); ++n)
    groupNodes[n] = {n};
}

/// Whether a reduction can share the loops of the reductions in a group, and gains by that: one of them reads at least
/// half of what it reads. It must not change numbers or cost threads: all of them have equally many lanes, along the
/// same dimension, and a long sum can still be cut into parts. Reductions of rows join by other rules (tryMergeRows).
bool Grouper::mayShareLoops(ArrayRef<unsigned> group, unsigned n) const {
  Operation *op = nodes[n].getDefiningOp();
  const Expression &own = expressions[n];
  unsigned others = 0;
  bool shares = false;
  for (unsigned m : group) {
    Operation *other = nodes[m].getDefiningOp();
    if (isPointwise(other))
      continue;
    const Expression &its = expressions[m];
    if (!ir::shareLoops(other, op) || ir::rowSpace(op) || own.bits != its.bits || own.turned || its.turned ||
        (isLongSum(op) && (own.moves || its.moves)))
      return false;
    int64_t common = 0;
    for (auto &[v, same] : reads[n])
      if (reads[m].contains(v))
        common = llvm::SaturatingAdd<uint64_t>(common, elementsOf(v));
    shares |= common >= std::max(own.elementsRead, its.elementsRead) / 2;
    ++others;
  }
  return shares && others < mostTogether;
}

/// Joins the groups of two roots if one kernel can compute both. If not, and a user might expect it, a remark says why.
bool Grouper::tryMerge(unsigned from, unsigned to, StringRef what, bool quiet) {
  unsigned a = graph->groupOf(from), b = graph->groupOf(to);
  if (a == b)
    return false;
  SmallVector<unsigned> all(groupNodes[a]);
  llvm::append_range(all, groupNodes[b]);
  if (getDims(nodes[from]) != getDims(nodes[to]) || all.size() > mostResults)
    return false;
  auto missed = [&](const char *reason) {
    if (!quiet)
      remark::missed(nodes[to].getLoc(), remarkAt(body)) << what << remark::reason("{0}", reason);
    return false;
  };
  SmallVector<Operation *> heroes;
  bool together = false;
  for (auto [i, n] : llvm::enumerate(all))
    if (Operation *op = nodes[n].getDefiningOp(); !isPointwise(op)) {
      if (!takesEpilogue(op))
        return false;
      if (heroes.empty() || i < groupNodes[a].size()) { // reductions of the first group share their loops already
        heroes.push_back(op);
        continue;
      }
      if (!mayShareLoops(ArrayRef(all).take_front(i), n))
        return false;
      heroes.push_back(op);
      together = true;
    }
  // A kernel can write state in place only if it reads the old value at its own position alone and raises no error.
  if (together)
    for (unsigned n : all)
      for (Value result : resultsOf(n))
        if (Value old = overwritten.lookup(result))
          for (unsigned m : all) {
            auto read = reads[m].find(old);
            if (expressions[m].checks || (read != reads[m].end() && !read->second))
              return missed("state could not be updated in place");
          }
  llvm::DenseSet<Value> own;
  for (unsigned n : all)
    own.insert_range(resultsOf(n));
  for (unsigned n : all)
    for (auto &[v, same] : reads[n])
      if (own.contains(roots.behindViews(v)) && !(same && own.contains(v)))
        return missed("one reads the other at other positions than its own");
  if (awaitsOwn(all))
    return missed("one waits for the other");
  if (graph->mergeMakesCycle(a, b))
    return missed("another kernel has to run in between");
  unsigned merged = graph->merge(a, b);
  llvm::sort(all);
  groupNodes[merged] = all;
  remark::passed(nodes[to].getLoc(), remarkAt(body))
      << what
      << remark::metric("kernel of",
                        (heroes.empty() ? nodes[all.front()].getDefiningOp() : heroes[0])->getName().getStringRef());
  return true;
}

/// Whether a node of the group has to wait until another one has run.
bool Grouper::awaitsOwn(ArrayRef<unsigned> group) const {
  for (unsigned n : group)
    for (auto &[v, same] : reads[n])
      for (Value token : roots.awaitedBy(v))
        if (llvm::any_of(group, [&](unsigned m) { return nodes[m].getDefiningOp() == token.getDefiningOp(); }))
          return true;
  return false;
}

/// Whether the nodes read of each other only the row that they compute, or only the element.
bool Grouper::readsOwnRows(ArrayRef<unsigned> group, const Dims &space) {
  llvm::DenseSet<Value> own;
  for (unsigned n : group)
    own.insert_range(resultsOf(n));
  for (unsigned n : group) {
    llvm::DenseSet<std::pair<Operation *, int>> seen;
    SmallVector<std::pair<Operation *, ir::Position>> work;
    // False if `v` belongs to the group and is read at a position that is not its own.
    auto visit = [&](Value v, ir::Position at) {
      if (!roots.inMemory(v))
        work.push_back({v.getDefiningOp(), at});
      else if (own.contains(roots.behindViews(v))) {
        Value root = roots.behindUnitViews(v);
        return own.contains(root) && at != ir::Position::other && at == ir::positionOf(getDims(v), space) &&
               at == ir::positionOf(getDims(root), space);
      }
      return true;
    };
    auto visitOperands = [&](Operation *op, ir::Position at) {
      for (unsigned i = 0; i < op->getNumOperands(); ++i)
        if (!visit(op->getOperand(i), ir::positionRead(op, i, at, space)))
          return false;
      return true;
    };
    Operation *root = nodes[n].getDefiningOp(); // of a reduction the elements of the space are read
    if (isPointwise(root) ? !visitOperands(root, ir::positionOf(getDims(nodes[n]), space))
                          : !visit(root->getOperand(0), ir::Position::element))
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
  return rowBytes <= mostRowBytes && joinRows(a, b, all, *space, to, "computed row by row with what it reads");
}

/// Joins two groups into one over rows of the space, if nothing is in the way.
bool Grouper::joinRows(unsigned a, unsigned b, SmallVector<unsigned> all, const Dims &space, unsigned at,
                       StringRef what) {
  if (awaitsOwn(all) || !readsOwnRows(all, space))
    return false;
  if (graph->mergeMakesCycle(a, b)) {
    remark::missed(nodes[at].getLoc(), remarkAt(body))
        << what << remark::reason("{0}", "another kernel has to run in between");
    return false;
  }
  unsigned merged = graph->merge(a, b);
  llvm::sort(all);
  groupNodes[merged] = all;
  remark::passed(nodes[at].getLoc(), remarkAt(body)) << what;
  return true;
}

/// Joins a group of sums over all rows (ColumnSums.h) with one over rows that has in hand what they add up.
bool Grouper::tryMergeColumns(unsigned rows, unsigned columns) {
  unsigned a = graph->groupOf(rows), b = graph->groupOf(columns);
  if (a == b)
    return false;
  std::optional<Dims> space;
  unsigned sums = 0;
  for (unsigned n : groupNodes[a])
    if (Operation *op = nodes[n].getDefiningOp(); ir::rowSpace(op))
      space = ir::rowSpace(op);
    else if (ir::combinesRows(op))
      ++sums;
  if (!space || !llvm::all_of(*space, [](const Dim &d) { return d.isConstant(); }))
    return false;
  int64_t count = 1, bytes = 0;
  for (const Dim &d : ArrayRef(*space).drop_back())
    count *= d.staticSize();
  llvm::DenseSet<Value> inHand;
  for (unsigned n : groupNodes[a]) {
    if (expressions[n].turned)
      return false;
    for (auto &[v, same] : reads[n])
      inHand.insert(v);
    inHand.insert_range(resultsOf(n));
  }
  for (unsigned n : groupNodes[b]) {
    Operation *op = nodes[n].getDefiningOp();
    if (!ir::combinesRows(op) || ir::rowSpace(op) || getDims(op->getOperand(0)) != *space || expressions[n].turned ||
        expressions[n].moves || expressions[n].checks)
      return false;
    int64_t common = 0;
    for (auto &[v, same] : reads[n])
      if (inHand.contains(v))
        common = llvm::SaturatingAdd<uint64_t>(common, elementsOf(v));
    if (2 * common < expressions[n].elementsRead)
      return false;
    ++sums;
  }
  bytes = int64_t(sums) * space->back().staticSize() * 4;
  SmallVector<unsigned> all(groupNodes[a]);
  llvm::append_range(all, groupNodes[b]);
  if (all.size() > mostResults || bytes > mostColumnBytes || count * space->back().staticSize() < leastForColumns ||
      !rowsOfStretch(count))
    return false;
  return joinRows(a, b, all, *space, columns, "added up where its rows are computed");
}

void Grouper::mergeRoots() {
  if (!fuse)
    return;
  // First, readers join what they read. Of several values that a root reads, it tries the latest first: the others are
  // in memory by the time when that one is computed.
  for (unsigned n = 0; n < nodes.size(); ++n) {
    SmallVector<unsigned> sources;
    for (auto &[v, same] : reads[n])
      if (auto from = nodeOf.find(v); same && from != nodeOf.end())
        sources.push_back(from->second);
    llvm::sort(sources, std::greater<>());
    for (unsigned source : sources)
      tryMerge(source, n, "computed where its operand is made");
  }
  // Then neighbours that read one array at the same position. Kernels with heroes take none of them, because their
  // loops are the hero's.
  llvm::MapVector<Value, SmallVector<unsigned>> readersOf;
  for (unsigned n = 0; n < nodes.size(); ++n)
    for (auto &[v, same] : reads[n])
      if (same)
        readersOf[v].push_back(n);
  auto hasHero = [&](unsigned n) {
    return llvm::any_of(groupNodes[graph->groupOf(n)],
                        [&](unsigned m) { return !isPointwise(nodes[m].getDefiningOp()); });
  };
  for (auto &[v, readers] : readersOf)
    for (unsigned i = 1; i < readers.size(); ++i)
      if (!hasHero(readers[i - 1]) && !hasHero(readers[i]))
        tryMerge(readers[i - 1], readers[i], "computed with a neighbour that reads the same");
  // Then reductions that gain by sharing loops.
  llvm::MapVector<Value, SmallVector<unsigned>> summedFrom;
  for (unsigned n = 0; n < nodes.size(); ++n)
    if (isa<ir::ReductionOpInterface>(nodes[n].getDefiningOp()))
      for (auto &[v, same] : reads[n])
        summedFrom[v].push_back(n);
  for (auto &[v, readers] : summedFrom)
    for (unsigned i = 1; i < readers.size(); ++i)
      for (unsigned j = i; j > 0 && i - j < mostTried; --j)
        if (tryMerge(readers[j - 1], readers[i], "computed in the loops of a reduction that reads the same",
                     /*quiet=*/true))
          break;
  // Then kernels over rows: a reduction of rows joins what it reads and what reads it, and after that the reductions
  // that read the same values.
  for (unsigned n = 0; n < nodes.size(); ++n) {
    SmallVector<unsigned> sources;
    for (auto &[v, same] : reads[n])
      if (auto from = nodeOf.find(roots.behindUnitViews(v)); from != nodeOf.end())
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
  // And last the sums over all rows, with a kernel over rows that has what they add up.
  llvm::DenseMap<Value, SmallVector<unsigned>> nodesReading;
  for (unsigned n = 0; n < nodes.size(); ++n)
    for (auto &[v, same] : reads[n])
      nodesReading[v].push_back(n);
  for (unsigned n = 0; n < nodes.size(); ++n) {
    if (!ir::combinesRows(nodes[n].getDefiningOp()))
      continue;
    llvm::SetVector<unsigned> candidates;
    for (auto &[v, same] : reads[n]) {
      if (auto maker = nodeOf.find(v); maker != nodeOf.end())
        candidates.insert(maker->second);
      candidates.insert_range(nodesReading[v]);
    }
    for (unsigned m : candidates.getArrayRef().take_front(mostTried))
      if (tryMergeColumns(m, n))
        break;
  }
}

Grouping Grouper::outline() {
  Grouping result;
  result.views = roots.getViews();
  SmallVector<unsigned> priority(nodes.size());
  for (unsigned n = 0; n < nodes.size(); ++n)
    priority[n] = groupNodes[graph->groupOf(n)].back();
  for (unsigned g : graph->topologicalOrder(priority)) {
    Group group;
    llvm::DenseSet<Value> own;
    for (unsigned n : groupNodes[g]) {
      own.insert_range(resultsOf(n));
      llvm::append_range(group.roots, resultsOf(n));
      if (Operation *op = nodes[n].getDefiningOp(); !isPointwise(op)) {
        group.hero = group.hero ? group.hero : op;
      }
    }
    // The members are listed depth first from the roots, operands in their order. So groups that compute the same list
    // the same ops in the same order, however the program orders them. (An op that two layers share, for example, comes
    // before the first layer and not before the second.)
    if (group.hero && isControl(group.hero))
      group.operands.insert_range(readBy(group.hero));
    struct Visit {
      Operation *op;
      SmallVector<Value, 4> reads;
      unsigned next = 0;
    };
    llvm::DenseSet<Operation *> seen;
    SmallVector<Visit> path;
    auto visit = [&](Operation *op) {
      if (seen.insert(op).second)
        path.push_back({op, isControl(op) ? SmallVector<Value, 4>() : SmallVector<Value, 4>(readBy(op))});
    };
    for (Value root : group.roots) {
      visit(root.getDefiningOp());
      while (!path.empty()) {
        Visit &here = path.back();
        if (here.next == here.reads.size()) {
          group.members.insert(here.op);
          path.pop_back();
          continue;
        }
        Value v = here.reads[here.next++];
        if (roots.inMemory(v) && !own.contains(roots.behindUnitViews(v)))
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
      remark::analysis(at, remarkAt(body))
          << "one kernel of " + std::to_string(group.members.size()) + " ops: " + names;
    }
    result.groups.push_back(std::move(group));
  }
  llvm::DenseSet<Value> read(body.getTerminator()->operand_begin(), body.getTerminator()->operand_end());
  for (const Group &group : result.groups)
    for (Value v : group.operands) {
      read.insert(roots.behindViews(v));
      read.insert_range(roots.awaitedBy(v));
    }
  for (Group &group : result.groups) {
    if (group.hero && isControl(group.hero)) {
      group.results.assign(group.hero->result_begin(), group.hero->result_end());
      continue;
    }
    // A hero without an epilogue writes all of its results, whether they are read or not.
    llvm::copy_if(group.roots, std::back_inserter(group.results), [&](Value root) {
      return read.contains(root) || (root.getDefiningOp() == group.hero && !takesEpilogue(group.hero));
    });
  }
  return result;
}
} // namespace

FailureOr<Grouping> groupOps(Block &block, bool fuse) {
  FailureOr<Roots> roots = Roots::choose(block, fuse);
  if (failed(roots))
    return failure();
  return Grouper(block, fuse, *roots).run();
}
} // namespace weft::passes
