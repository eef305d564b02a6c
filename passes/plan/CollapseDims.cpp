// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- CollapseDims.cpp - neighbouring dimensions that no op tells apart ---------------------------------------------------===//
//
//   ^bb0(%x: tensor<8x128x256xf32>, %w: tensor<256x512xf32>, %b: tensor<512xf32>):         ^bb0(%x: tensor<1024x256xf32>, %w: tensor<256x512xf32>, %b: ...):
//     %0 = weft.contract "Amk,kn->Amn", %x, %w                                     ==>       %0 = weft.contract "mk,kn->mn", %x, %w
//     %1 = weft.broadcast %b [2] : ... -> tensor<8x128x512xf32>                              %1 = weft.broadcast %b [1] : ... -> tensor<1024x512xf32>
//
// Memory is flat, so a kernel may see a batch of texts as one matrix: a product of 1024 rows packs its panels once and
// not 8 times, and a sum over [8, 128] is one loop of 1024. The dispatch keeps the shapes of the graph (DispatchOp:
// shapes agree up to this).
//
// Between two dimensions of a value there is a boundary. Each op says which boundaries of its operands and its result
// are the same one, and which must stay; what no op holds goes.
//
//===----------------------------------------------------------------------------------------------------------------===//
#include "passes/plan/CollapseDims.h"
#include "dialects/weft/Weft.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/EquivalenceClasses.h"

using namespace mlir;
using weft::ir::Dim;
using weft::ir::Dims;
using weft::ir::getDims;
namespace weft::passes {

namespace {
class Boundaries {
public:
  explicit Boundaries(loom::KernelOp kernel) : kernel(kernel) {
    Block &body = kernel.getBody().front();
    llvm::append_range(values, body.getArguments());
    for (Operation &op : body.without_terminator())
      llvm::append_range(values, op.getResults());
    for (Value v : values) {
      Dims dims = getDims(v);
      first[v] = count;
      for (size_t d = 0; d + 1 < dims.size(); ++d)
        same.insert(count++);
    }
    for (Operation &op : body.without_terminator())
      ask(&op);
    holdProducts();
  }

  bool goes(Value v, int64_t d) const { return !held(v, d); }
  bool any() const {
    return llvm::any_of(values, [&](Value v) {
      for (int64_t d = 0; d + 1 < int64_t(getDims(v).size()); ++d)
        if (goes(v, d))
          return true;
      return false;
    });
  }

  /// Which dimension each one of a value becomes part of.
  SmallVector<int64_t> place(Value v) const {
    SmallVector<int64_t> at;
    for (int64_t d = 0, rank = int64_t(getDims(v).size()); d < rank; ++d)
      at.push_back(d == 0 ? 0 : at.back() + (goes(v, d - 1) ? 0 : 1));
    return at;
  }

private:
  unsigned id(Value v, int64_t d) const { return first.lookup(v) + unsigned(d); }
  bool held(Value v, int64_t d) const { return holds.contains(same.getLeaderValue(id(v, d))); }
  void hold(Value v, int64_t d) {
    if (d >= 0 && d + 1 < int64_t(getDims(v).size()))
      held_.push_back(id(v, d));
  }
  void holdAll(Value v) {
    for (int64_t d = 0; d + 1 < int64_t(getDims(v).size()); ++d)
      hold(v, d);
  }
  void tie(Value a, int64_t i, Value b, int64_t j) { same.unionSets(id(a, i), id(b, j)); }

  void ask(Operation *op) {
    Value result = op->getResult(0);
    int64_t rank = int64_t(getDims(result).size());
    if (op->getNumOperands() == 0) {
      DenseElementsAttr value;
      if (!matchPattern(op, m_Constant(&value)) || !value.isSplat())
        holdAll(result);
    } else if (op->hasTrait<OpTrait::Elementwise>() || op->hasTrait<ir::Identity>()) {
      for (Value v : op->getOperands())
        for (int64_t d = 0; d + 1 < rank; ++d)
          tie(v, d, result, d);
    } else if (auto broadcast = dyn_cast<ir::BroadcastOp>(op)) {
      askBroadcast(broadcast);
    } else if (auto contract = dyn_cast<ir::ContractOp>(op)) {
      askContract(contract);
    } else {
      holdAll(result);
      for (Value v : op->getOperands())
        holdAll(v);
    }
  }
  void askBroadcast(ir::BroadcastOp op) {
    Value x = op.getX(), result = op.getResult();
    Dims from = getDims(x), to = getDims(result);
    SmallVector<int64_t> source(to.size(), -1);
    for (auto [j, d] : llvm::enumerate(op.getDims())) {
      source[d] = int64_t(j);
      if (from[j] == to[d])
        continue;
      for (int64_t side : {-1, 0}) // repeated along a dimension of its own
        hold(x, int64_t(j) + side), hold(result, d + side);
    }
    llvm::DenseSet<int64_t> tied;
    for (int64_t d = 0; d + 1 < int64_t(to.size()); ++d) {
      bool left = source[d] >= 0, right = source[d + 1] >= 0;
      if (left && right && source[d + 1] == source[d] + 1) {
        tie(x, source[d], result, d);
        tied.insert(source[d]);
      } else if (left || right) {
        hold(result, d);
      }
    }
    for (int64_t j = 0; j + 1 < int64_t(from.size()); ++j)
      if (!tied.contains(j))
        hold(x, j);
  }
  void askContract(ir::ContractOp op) {
    auto [in, result] = op.getSpec().split("->");
    auto [lhs, rhs] = in.split(',');
    std::pair<Value, StringRef> all[] = {
        {op.getLhs(), lhs.trim()}, {op.getRhs(), rhs.trim()}, {op.getResult(), result.trim()}};
    for (auto &[value, labels] : all)
      for (size_t d = 0; d + 1 < labels.size(); ++d) {
        StringRef pair = labels.substr(d, 2);
        bool together = llvm::all_of(all, [&](auto &other) {
          return other.second.contains(pair) || (!other.second.contains(pair[0]) && !other.second.contains(pair[1]));
        });
        if (!together) {
          hold(value, int64_t(d));
          continue;
        }
        for (auto &[other, names] : all)
          if (size_t at = names.find(pair); at != StringRef::npos)
            tie(value, int64_t(d), other, int64_t(at));
      }
  }
  /// A product of two dimensions that are known at run time only is no dimension.
  void holdProducts() {
    for (bool changed = true; changed;) {
      holds.clear();
      for (unsigned b : held_)
        holds.insert(same.getLeaderValue(b));
      changed = false;
      for (Value v : values) {
        Dims dims = getDims(v);
        int unknown = 0;
        for (size_t d = 0; d < dims.size() && !changed; ++d) {
          if (d == 0 || !goes(v, int64_t(d) - 1))
            unknown = 0;
          if (!dims[d].isConstant() && unknown++) {
            hold(v, int64_t(d) - 1);
            changed = true;
          }
        }
      }
    }
  }

  loom::KernelOp kernel;
  SmallVector<Value> values;
  llvm::DenseMap<Value, unsigned> first;
  unsigned count = 0;
  llvm::EquivalenceClasses<unsigned> same;
  SmallVector<unsigned> held_;
  llvm::DenseSet<unsigned> holds; // leaders of classes that stay
};

void collapse(Value v, ArrayRef<int64_t> place) {
  Dims dims;
  for (auto [d, at] : llvm::enumerate(place)) {
    Dim own = getDims(v)[d];
    if (at < int64_t(dims.size()))
      dims[at] = dims[at] * own;
    else
      dims.push_back(own);
  }
  v.setType(ir::getTensorType(dims, ir::elementOf(v)));
}
/// Each label that its neighbour on the left has taken in is gone.
std::string collapse(StringRef labels, ArrayRef<int64_t> place) {
  std::string left;
  for (auto [d, at] : llvm::enumerate(place))
    if (d == 0 || at != place[d - 1])
      left += labels[d];
  return left;
}
} // namespace

void collapseDims(loom::KernelOp kernel) {
  SmallVector<Operation *> heroes = kernel.getHeroes();
  if (heroes.size() != 1 || !isa<ir::ContractOp>(heroes[0]))
    return;
  Boundaries boundaries(kernel);
  if (!boundaries.any())
    return;
  Block &body = kernel.getBody().front();
  llvm::DenseMap<Value, SmallVector<int64_t>> places;
  for (Value v : body.getArguments())
    places[v] = boundaries.place(v);
  for (Operation &op : body.without_terminator())
    places[op.getResult(0)] = boundaries.place(op.getResult(0));
  for (Value v : body.getArguments())
    collapse(v, places[v]);
  Builder b(kernel.getContext());
  for (Operation &op : body.without_terminator()) {
    Value result = op.getResult(0);
    collapse(result, places[result]);
    if (auto contract = dyn_cast<ir::ContractOp>(op)) {
      auto [in, out] = contract.getSpec().split("->");
      auto [lhs, rhs] = in.split(',');
      contract.setSpec(collapse(lhs.trim(), places[contract.getLhs()]) + "," +
                       collapse(rhs.trim(), places[contract.getRhs()]) + "->" + collapse(out.trim(), places[result]));
    } else if (auto broadcast = dyn_cast<ir::BroadcastOp>(op)) {
      SmallVector<int64_t> dims;
      ArrayRef<int64_t> from = places[broadcast.getX()], to = places[result];
      for (auto [j, d] : llvm::enumerate(broadcast.getDims()))
        if (j == 0 || from[j] != from[j - 1])
          dims.push_back(to[d]);
      broadcast.setDims(dims);
    } else if (auto constant = dyn_cast<ir::ConstantOp>(op)) {
      auto splat = cast<DenseElementsAttr>(constant.getValue());
      if (splat.isSplat())
        constant.setValueAttr(splat.resizeSplat(cast<ShapedType>(
            RankedTensorType::get(cast<RankedTensorType>(result.getType()).getShape(), splat.getElementType()))));
    }
  }
}
} // namespace weft::passes
