// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- SplitSums.cpp - long sums with small results ------------------------------------------------------------------------===//
//
//   ^bb0(%x: tensor<1x4096xf32>, %w: tensor<4096x4096xf32>, %b: ...):    parts        ^bb0(%x: tensor<1x8x512xf32>, %w: tensor<8x512x4096xf32>):
//     %0 = weft.contract "mk,kn->mn", %x, %w                        ==>                 %0 = weft.contract "mpk,pkn->pmn", %x, %w
//     %1 = weft.add %0, %b                                                            loom.yield %0
//     loom.yield %1                                                      combination  ^bb0(%p: tensor<8x1x4096xf32>, %b: ...):
//                                                                                       %0 = weft.reduce_sum %p [0]
//                                                                                       %1 = weft.add %0, %b
//                                                                                       loom.yield %1
//
// Threads share the positions of a result. A sum of ten million elements has only one position. A product of one row
// has so few that each thread would read pieces of the rows of its matrix. Cut into parts, both have work for all
// threads. The number of parts follows from the shape alone, so that the numbers do not depend on threads. A part is a
// stretch of memory: a view of the argument and no copy. Parts of sums in bf16 and f16 are f32, and are rounded after
// they have been combined.
//
//===----------------------------------------------------------------------------------------------------------------===//
#include "passes/plan/SplitSums.h"
#include "dialects/weft/Build.h"
#include "dialects/weft/Weft.h"
#include "mlir/IR/IRMapping.h"
#include "passes/analysis/Cost.h"

using namespace mlir;
using weft::ir::Dim;
using weft::ir::Dims;
using weft::ir::getDims;
namespace weft::passes {

namespace {
constexpr int64_t longest =
    1 << 20; // elements that are summed in one piece: for less, a second kernel costs more than it gains
constexpr int64_t elementsOfPart =
    64; // that are summed for each element of a part's result, at least: this is written and read again
constexpr int64_t fewUnits = 8; // units that occupy the threads
constexpr int64_t columnsOfUnit =
    64; // of a reduction whose result's last dimension is that of what it reads, about; or half as many
constexpr int64_t leastExtent = 64; // of a part
constexpr int64_t rowsOfPairs = 16; // products of bf16 with as many have instructions of their own, and stay whole

/// The number of parts into which a dimension is cut: about eight, at most `most`, all of one size; 0 if that is
/// impossible.
int64_t partsOf(const Dim &d, int64_t most) {
  if (d.isConstant())
    for (int64_t parts : {8, 7, 9, 6, 10, 5, 12, 4})
      if (parts <= most && d.staticSize() % parts == 0 && d.staticSize() / parts >= leastExtent)
        return parts;
  return 0;
}

class Splitter {
public:
  explicit Splitter(loom::KernelOp kernel) : kernel(kernel), body(kernel.getBody().front()) {}

  FailureOr<std::optional<SplitSum>> run() {
    heroes = kernel.getHeroes();
    if (heroes.empty() || kernel.isOverRows())
      return std::optional<SplitSum>();
    hero = heroes[0];
    for (Operation *each : heroes)
      llvm::append_range(operands, each->getOperands());
    access = ir::accessOf(hero);
    if (!(isa<ir::ReductionOpInterface>(hero) ? chooseOfReduction() : chooseOfProduct()) || !isCutThrough())
      return std::optional<SplitSum>();
    SplitSum split;
    if (failed(makeParts(split)))
      return failure();
    makeCombination(split);
    return std::optional(split);
  }

private:
  // ---- what is cut ----
  /// Chooses the loop to cut, for an op that reads matrices from memory. It should run over the outermost dimension of
  /// the larger matrix, so that a part is one stretch of memory. If the result is very small, any summed loop will do.
  bool chooseOfProduct() {
    if (hero->getNumOperands() != 2 || hero->getNumResults() != 1 || !combines(hero))
      return false;
    Value result = hero->getResult(0);
    unsigned large = elementsOf(hero->getOperand(0)) > elementsOf(hero->getOperand(1)) ? 0 : 1;
    int64_t all = elementsOf(hero->getOperand(large)), kept = elementsOf(result);
    if (all <= longest)
      return false;
    int64_t columns = 1;
    for (const Dim &d : getDims(result))
      columns = std::max(columns, d.upper());
    if (ir::elementOf(result).getIntOrFloatBitWidth() == 16 && kept / columns >= rowsOfPairs)
      return false;
    bool outermost = true;
    for (const ir::Axis &axis : access.operands[large]) {
      if (!axis.loop())
        return false;
      const ir::Loop &each = access.loops[*axis.loop()];
      if (each.size == 1)
        continue;
      if (each.kind == ir::LoopKind::reduced && (outermost || kept < fewUnits) &&
          (parts = partsOf(each.size, all / kept / elementsOfPart))) {
        loop = *axis.loop();
        break;
      }
      outermost = false;
    }
    return parts && cutOperands(hero, access);
  }
  bool chooseOfReduction() {
    if (!isLongSum(hero) || !llvm::all_of(heroes, combines))
      return false;
    int64_t all = elementsOf(hero->getOperand(0)), kept = elementsOf(hero->getResult(0));
    for (auto [l, each] : llvm::enumerate(access.loops))
      if (each.kind == ir::LoopKind::reduced && !parts && (parts = partsOf(each.size, all / kept / elementsOfPart)))
        loop = unsigned(l);
    return parts && llvm::all_of(heroes, [&](Operation *each) { return cutOperands(each, ir::accessOf(each)); });
  }
  static bool combines(Operation *op) {
    auto traits = dyn_cast<ir::HeroOpInterface>(op);
    return traits && traits.combinesParts();
  }
  /// The axes of the operands along which the loop runs.
  bool cutOperands(Operation *op, const ir::Access &own) {
    return own.canSplit(loop) && llvm::all_of(llvm::seq(0u, op->getNumOperands()), [&](unsigned o) {
             int64_t d = ir::Access::find(own.operands[o], loop);
             return d < 0 || cut(op->getOperand(o), d);
           });
  }
  /// Cuts dimension d of a value in two, (parts, extent of a part), and does the same in everything that it is computed
  /// from.
  bool cut(Value v, int64_t d) {
    auto [known, fresh] = cuts.try_emplace(v, d);
    if (!fresh)
      return known->second == d;
    Operation *op = v.getDefiningOp();
    if (!op)
      return true;
    ir::Access own = ir::accessOf(op);
    std::optional<unsigned> along = own.results[0][d].loop();
    return along && own.canSplit(*along) && llvm::all_of(llvm::seq(0u, op->getNumOperands()), [&](unsigned o) {
             int64_t at = ir::Access::find(own.operands[o], *along);
             return own.isRepeated(o) && (at < 0 || cut(op->getOperand(o), at));
           });
  }
  /// Whether every op that reads a cut value knows that it is cut.
  bool isCutThrough() {
    auto isReadAsItIs = [&](Operation *op, std::optional<unsigned> along) {
      ir::Access own = ir::accessOf(op);
      return llvm::all_of(llvm::seq(0u, op->getNumOperands()), [&](unsigned o) {
        return (along && ir::Access::find(own.operands[o], *along) >= 0) == cuts.contains(op->getOperand(o));
      });
    };
    return isReadAsItIs(hero, loop) && llvm::all_of(behind(operands), [&](Operation *op) {
             auto at = cuts.find(op->getResult(0));
             return isReadAsItIs(op, at == cuts.end() ? std::nullopt : ir::accessOf(op).results[0][at->second].loop());
           });
  }
  /// The ops that compute these values, in program order: those in front of the heroes, or those behind them.
  SmallVector<Operation *> behind(ArrayRef<Value> values) {
    llvm::DenseSet<Operation *> needed;
    SmallVector<Value> work(values);
    while (!work.empty())
      if (Operation *op = work.pop_back_val().getDefiningOp();
          op && !llvm::is_contained(heroes, op) && needed.insert(op).second)
        work.append(op->operand_begin(), op->operand_end());
    SmallVector<Operation *> ops;
    for (Operation &op : body)
      if (needed.contains(&op))
        ops.push_back(&op);
    return ops;
  }

  // ---- the kernels ----
  RankedTensorType typeOf(Value v) {
    auto at = cuts.find(v);
    return at == cuts.end() ? ir::typeOf(v) : ir::getTensorType(cutDims(getDims(v), at->second), ir::elementOf(v));
  }
  Dims cutDims(Dims dims, int64_t d) {
    MLIRContext *context = kernel.getContext();
    int64_t extent = dims[d].staticSize() / parts;
    dims[d] = Dim(context, extent);
    dims.insert(dims.begin() + d, Dim(context, parts));
    return dims;
  }
  loom::KernelOp makeKernel(ArrayRef<Operation *> ops, ArrayRef<Value> values, SmallVector<unsigned> &read,
                            IRMapping &map) {
    OpBuilder detached(kernel.getContext());
    auto made = loom::KernelOp::create(detached, kernel.getLoc(), "kernel");
    Block &block = made.getBody().emplaceBlock();
    llvm::DenseSet<Value> used(values.begin(), values.end());
    for (Operation *op : ops)
      used.insert(op->operand_begin(), op->operand_end());
    for (BlockArgument argument : body.getArguments())
      if (used.contains(argument)) {
        map.map(argument, block.addArgument(typeOf(argument), argument.getLoc()));
        read.push_back(argument.getArgNumber());
      }
    return made;
  }
  LogicalResult makeParts(SplitSum &split) {
    IRMapping map;
    SmallVector<Operation *> ops = behind(operands);
    split.parts = makeKernel(ops, operands, split.readByParts, map);
    OpBuilder b = OpBuilder::atBlockEnd(&split.parts.getBody().front());
    for (Operation *op : ops)
      if (failed(cloneCut(b, op, map)))
        return failure();
    SmallVector<Value> yielded;
    for (Operation *each : heroes) {
      Value ofParts = heroOfParts(b, each, map);
      if (!ofParts)
        return each->emitOpError("cannot be split along a loop that its access lets split: ") << ir::str(access);
      yielded.push_back(ofParts);
    }
    loom::YieldOp::create(b, hero->getLoc(), yielded);
    return success();
  }
  static Type accumulatorOf(Operation *hero) {
    Type element = ir::elementOf(hero->getResult(0));
    return element.isBF16() || element.isF16() ? Type(Float32Type::get(hero->getContext())) : element;
  }
  Dim extent(unsigned along, const ir::Access &own) {
    return Dim(kernel.getContext(), own.loops[along].size.staticSize() / parts);
  }
  LogicalResult cloneCut(OpBuilder &b, Operation *op, IRMapping &map) {
    Value result = op->getResult(0);
    Operation *clone = b.clone(*op, map);
    auto at = cuts.find(result);
    if (at == cuts.end())
      return success();
    clone->getResult(0).setType(typeOf(result));
    ir::Access own = ir::accessOf(op);
    unsigned along = *own.results[0][at->second].loop();
    if (failed(cast<ir::AccessOpInterface>(clone).setAccess(
            own.split(along, Dim(kernel.getContext(), parts), extent(along, own)))))
      return op->emitOpError("cannot be split along a loop that its access lets split: ") << ir::str(own);
    return success();
  }
  /// The hero as it computes parts: it does not sum over the loop of the parts. That axis of its result is the first
  /// one if the op allows it, else it stands where the order of the loops puts it.
  Value heroOfParts(OpBuilder &b, Operation *op, IRMapping &map) {
    ir::Build e(b, op->getLoc());
    Type accumulator = accumulatorOf(op);
    ir::Access own = ir::accessOf(op);
    ir::Access now = own.split(loop, Dim(kernel.getContext(), parts), extent(loop, own));
    now.loops[loop].kind = ir::LoopKind::parallel;
    Operation *made = b.clone(*op, map);
    for (OpOperand &operand : made->getOpOperands())
      if (Value v = operand.get(); ir::elementOf(v) != accumulator) {
        b.setInsertionPoint(made);
        operand.set(e.cast(v, accumulator));
        b.setInsertionPointAfter(made);
      }
    ir::Axes whole = now.results[0];
    int64_t inOrder = llvm::count_if(whole, [&](const ir::Axis &axis) { return axis.loop() && *axis.loop() < loop; });
    for (int64_t at : {int64_t(0), inOrder}) {
      now.results[0] = whole;
      now.results[0].insert(now.results[0].begin() + at, ir::Axis::at(kernel.getContext(), loop));
      Dims dims;
      for (const ir::Axis &axis : now.results[0])
        dims.push_back(now.loops[*axis.loop()].size);
      made->getResult(0).setType(ir::getTensorType(dims, accumulator));
      if (succeeded(cast<ir::AccessOpInterface>(made).setAccess(now))) {
        partsAxis = at;
        return made->getResult(0);
      }
    }
    return {};
  }
  void makeCombination(SplitSum &split) {
    cuts.clear(); // values behind the hero are not cut
    IRMapping map;
    SmallVector<Value> results(body.getTerminator()->operand_begin(), body.getTerminator()->operand_end());
    SmallVector<Operation *> ops = behind(results);
    split.combination = makeKernel(ops, results, split.readByCombination, map);
    Block &block = split.combination.getBody().front();
    OpBuilder b = OpBuilder::atBlockEnd(&block);
    for (auto [n, each] : llvm::enumerate(heroes)) {
      Value all =
          block.insertArgument(unsigned(n), split.parts.getTerminator()->getOperand(n).getType(), each->getLoc());
      ir::Build e(b, each->getLoc(), each);
      Value whole = cast<ir::HeroOpInterface>(each).combineParts(e, all, partsAxis);
      map.map(each->getResult(0), e.cast(whole, ir::elementOf(each->getResult(0))));
    }
    for (Operation *op : ops)
      b.clone(*op, map);
    loom::YieldOp::create(b, kernel.getLoc(), llvm::map_to_vector(results, [&](Value v) { return map.lookup(v); }));
  }

  loom::KernelOp kernel;
  Block &body;
  SmallVector<Operation *> heroes;     // one contraction, or reductions in the same loops
  Operation *hero = nullptr;           // the first
  SmallVector<Value> operands;         // of all
  ir::Access access;                   // of the first
  unsigned loop = 0;                   // that is cut
  int64_t parts = 0, partsAxis = 0;    // how many; which axis of their results
  llvm::DenseMap<Value, int64_t> cuts; // the dimension
};
} // namespace

bool isLongSum(Operation *op) {
  auto reduction = dyn_cast<ir::ReductionOpInterface>(op);
  if (!reduction || reduction.findsPlace())
    return false;
  int64_t last = int64_t(getDims(op->getOperand(0)).size()) - 1, units = elementsOf(op->getResult(0));
  if (!llvm::is_contained(reduction.getReducedDims(), last))
    units = llvm::divideCeil(units, columnsOfUnit);
  return elementsOf(op->getOperand(0)) > longest && units < fewUnits;
}
FailureOr<std::optional<SplitSum>> splitSum(loom::KernelOp kernel) { return Splitter(kernel).run(); }
} // namespace weft::passes
