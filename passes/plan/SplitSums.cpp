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
// A thread takes positions of the result. A sum of ten million elements has one position, and a product of one row too
// few for the rows of its matrix to be read whole; of their parts there are several. How many follows from the shape
// alone, so the numbers do not depend on threads. Parts are stretches of memory: views of the arguments, no copies.
// Sums of bf16 and f16 stay f32 until they are combined.
//
//===----------------------------------------------------------------------------------------------------------------===//
#include "passes/plan/SplitSums.h"
#include "dialects/weft/Build.h"
#include "dialects/weft/Weft.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
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

/// Into how many parts a dimension is cut: about eight, and at most so many, of one size; 0 if it cannot be.
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

  std::optional<SplitSum> run() {
    heroes = kernel.getHeroes();
    if (heroes.empty() || kernel.isOverRows())
      return std::nullopt;
    hero = heroes[0];
    for (Operation *each : heroes)
      llvm::append_range(operands, each->getOperands());
    if (!(isa<ir::ContractOp>(hero) ? chooseLabel() : chooseDim()) || !isCutThrough())
      return std::nullopt;
    SplitSum split;
    split.parts = makeParts(split.readByParts);
    split.combination = makeCombination(split.parts, split.readByCombination);
    return split;
  }

private:
  // ---- what is cut ----
  /// A label whose positions are the outermost of the larger operand, so that a part is one stretch of it; any, if the
  /// result is next to nothing.
  bool chooseLabel() {
    auto op = cast<ir::ContractOp>(hero);
    auto [in, result] = op.getSpec().split("->");
    auto [lhs, rhs] = in.split(',');
    labels[0] = lhs.trim(), labels[1] = rhs.trim(), labels[2] = result.trim();
    int large = elementsOf(op.getLhs()) > elementsOf(op.getRhs()) ? 0 : 1;
    Value operand = hero->getOperand(large);
    Dims dims = getDims(operand);
    int64_t all = elementsOf(operand), kept = elementsOf(op.getResult());
    if (all <= longest)
      return false;
    int64_t columns = 1;
    for (const Dim &d : getDims(op.getResult()))
      columns = std::max(columns, d.upper());
    if (ir::elementOf(op.getResult()).getIntOrFloatBitWidth() == 16 && kept / columns >= rowsOfPairs)
      return false;
    bool outermost = true;
    for (auto [d, c] : llvm::enumerate(labels[large])) {
      if (dims[d] == 1)
        continue;
      if (!labels[2].contains(c) && (outermost || kept < fewUnits) &&
          (parts = partsOf(dims[d], all / kept / elementsOfPart))) {
        label = c;
        break;
      }
      outermost = false;
    }
    return parts && llvm::all_of(llvm::seq(0, 2), [&](int o) {
             size_t d = labels[o].find(label);
             return d == StringRef::npos || cut(hero->getOperand(o), int64_t(d));
           });
  }
  bool chooseDim() {
    auto op = dyn_cast<ir::ReductionOpInterface>(hero);
    if (!op || op.findsPlace())
      return false;
    Dims dims = getDims(hero->getOperand(0));
    SmallVector<int64_t> reduced = op.getReducedDims();
    int64_t all = elementsOf(hero->getOperand(0)), kept = elementsOf(hero->getResult(0));
    if (!isLongSum(hero))
      return false;
    for (int64_t d : reduced)
      if (!parts && (parts = partsOf(dims[d], all / kept / elementsOfPart)))
        dim = d;
    return parts && llvm::all_of(operands, [&](Value v) { return cut(v, dim); });
  }
  /// Dimension d of a value becomes two, (parts, extent of a part), and so in all that it is computed from.
  bool cut(Value v, int64_t d) {
    auto [known, fresh] = cuts.try_emplace(v, d);
    if (!fresh)
      return known->second == d;
    Operation *op = v.getDefiningOp();
    if (!op)
      return true;
    if (op->hasTrait<OpTrait::Elementwise>() || op->hasTrait<ir::Identity>())
      return llvm::all_of(op->getOperands(), [&](Value operand) { return cut(operand, d); });
    if (auto broadcast = dyn_cast<ir::BroadcastOp>(op)) {
      int64_t j = sourceOf(broadcast, d);
      return j < 0 || cut(broadcast.getX(), j);
    }
    DenseElementsAttr value;
    return matchPattern(op, m_Constant(&value)) && value.isSplat();
  }
  /// The operand's dimension that is not repeated along dimension d of a broadcast; -1 if there is none.
  static int64_t sourceOf(ir::BroadcastOp op, int64_t d) {
    for (auto [j, at] : llvm::enumerate(op.getDims()))
      if (at == d)
        return getDims(op.getX())[j] == getDims(op.getResult())[d] ? int64_t(j) : -1;
    return -1;
  }
  /// Whether nothing reads a value that is cut as if it were whole.
  bool isCutThrough() {
    auto isCut = [&](Value v) { return cuts.contains(v); };
    auto isReadAsItIs = [&](Operation *op) {
      auto at = cuts.find(op->getResult(0));
      auto broadcast = dyn_cast<ir::BroadcastOp>(op);
      bool readsWhole =
          at == cuts.end() || (broadcast && sourceOf(broadcast, at->second) < 0); // it is repeated along what is cut
      return !readsWhole || llvm::none_of(op->getOperands(), isCut);
    };
    return llvm::all_of(behind(operands), isReadAsItIs) &&
           llvm::all_of(llvm::seq(0u, hero->getNumOperands()), [&](unsigned o) {
             return !isa<ir::ContractOp>(hero) || labels[o].contains(label) == isCut(hero->getOperand(o));
           });
  }
  /// The ops, in order, that values are computed by in front of the heroes or behind them.
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
  loom::KernelOp makeParts(SmallVector<unsigned> &read) {
    IRMapping map;
    SmallVector<Operation *> ops = behind(operands);
    loom::KernelOp made = makeKernel(ops, operands, read, map);
    OpBuilder b = OpBuilder::atBlockEnd(&made.getBody().front());
    for (Operation *op : ops)
      cloneCut(b, op, map);
    ir::Build e(b, hero->getLoc());
    SmallVector<Value> yielded;
    for (Operation *each : heroes) {
      Type accumulator = accumulatorOf(each);
      auto widened = [&](Value v) {
        return ir::elementOf(v) == accumulator ? map.lookup(v) : e.cast(map.lookup(v), accumulator);
      };
      yielded.push_back(isa<ir::ContractOp>(each) ? partsOfProduct(e, widened)
                                                  : partsOfReduction(b, each, widened(each->getOperand(0))));
    }
    loom::YieldOp::create(b, hero->getLoc(), yielded);
    return made;
  }
  static Type accumulatorOf(Operation *hero) {
    Type element = ir::elementOf(hero->getResult(0));
    return element.isBF16() || element.isF16() ? Type(Float32Type::get(hero->getContext())) : element;
  }
  void cloneCut(OpBuilder &b, Operation *op, IRMapping &map) {
    Value result = op->getResult(0);
    Operation *clone = b.clone(*op, map);
    auto at = cuts.find(result);
    if (at == cuts.end())
      return;
    clone->getResult(0).setType(typeOf(result));
    if (auto broadcast = dyn_cast<ir::BroadcastOp>(clone)) {
      SmallVector<int64_t> dims;
      for (int64_t d : broadcast.getDims()) {
        if (d == at->second && sourceOf(cast<ir::BroadcastOp>(op), d) >= 0)
          dims.push_back(d);
        dims.push_back(d < at->second ? d : d + 1);
      }
      broadcast.setDims(dims);
    } else if (auto constant = dyn_cast<ir::ConstantOp>(clone)) {
      constant.setValueAttr(
          cast<DenseElementsAttr>(constant.getValue())
              .resizeSplat(cast<ShapedType>(RankedTensorType::get(typeOf(result).getShape(), ir::elementOf(result)))));
    }
  }
  Value partsOfProduct(ir::Build &e, llvm::function_ref<Value(Value)> operand) {
    char part = 'a'; // a label that is free
    while (labels[0].contains(part) || labels[1].contains(part))
      ++part;
    auto with = [&](StringRef own) {
      size_t at = own.find(label);
      return at == StringRef::npos ? own.str() : (own.take_front(at) + Twine(part) + own.drop_front(at)).str();
    };
    return e.contract(with(labels[0]) + "," + with(labels[1]) + "->" + part + labels[2].str(),
                      operand(hero->getOperand(0)), operand(hero->getOperand(1)));
  }
  static Value reduced(OpBuilder &b, Operation *hero, Value x, ArrayRef<int64_t> axes, ArrayRef<Dim> dims) {
    Operation *op = b.clone(*hero);
    op->setOperand(0, x);
    op->setAttr("axes", b.getDenseI64ArrayAttr(axes));
    op->getResult(0).setType(ir::getTensorType(dims, ir::elementOf(x)));
    return op->getResult(0);
  }
  Value partsOfReduction(OpBuilder &b, Operation *reduction, Value x) {
    SmallVector<int64_t> axes = cast<ir::ReductionOpInterface>(reduction).getReducedDims();
    for (int64_t &d : axes)
      d += d >= dim;
    Dims dims;
    for (auto [d, size] : llvm::enumerate(getDims(x)))
      if (!llvm::is_contained(axes, int64_t(d)))
        dims.push_back(size);
    return reduced(b, reduction, x, axes, dims);
  }
  loom::KernelOp makeCombination(loom::KernelOp partsKernel, SmallVector<unsigned> &read) {
    cuts.clear(); // what comes behind the hero is whole
    IRMapping map;
    SmallVector<Value> results(body.getTerminator()->operand_begin(), body.getTerminator()->operand_end());
    SmallVector<Operation *> ops = behind(results);
    loom::KernelOp made = makeKernel(ops, results, read, map);
    Block &block = made.getBody().front();
    OpBuilder b = OpBuilder::atBlockEnd(&block);
    ir::Build e(b, hero->getLoc());
    int64_t at = 0; // of the parts, in what they yield
    if (!isa<ir::ContractOp>(hero))
      at = dim -
           llvm::count_if(cast<ir::ReductionOpInterface>(hero).getReducedDims(), [&](int64_t d) { return d < dim; });
    for (auto [n, each] : llvm::enumerate(heroes)) {
      Value all =
          block.insertArgument(unsigned(n), partsKernel.getTerminator()->getOperand(n).getType(), each->getLoc());
      Value sum =
          isa<ir::ContractOp>(each) ? e.sum(all, {at}) : reduced(b, each, all, {at}, getDims(each->getResult(0)));
      map.map(each->getResult(0), e.cast(sum, ir::elementOf(each->getResult(0))));
    }
    for (Operation *op : ops)
      b.clone(*op, map);
    loom::YieldOp::create(b, kernel.getLoc(), llvm::map_to_vector(results, [&](Value v) { return map.lookup(v); }));
    return made;
  }

  loom::KernelOp kernel;
  Block &body;
  SmallVector<Operation *> heroes; // one contraction, or reductions in the same loops
  Operation *hero = nullptr;       // the first
  SmallVector<Value> operands;     // of all
  int64_t parts = 0, dim = 0;      // of a reduction
  StringRef labels[3];             // of a contraction: operands, result
  char label = 0;
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
std::optional<SplitSum> splitSum(loom::KernelOp kernel) { return Splitter(kernel).run(); }
} // namespace weft::passes
