// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- CollapseDims.cpp - neighbouring dimensions that no op tells apart ---------------------------------------------------===//
//
//   ^bb0(%x: tensor<8x128x256xf32>, %w: tensor<256x512xf32>, %b: tensor<512xf32>):         ^bb0(%x: tensor<1024x256xf32>, %w: tensor<256x512xf32>, %b: ...):
//     %0 = weft.contract "Amk,kn->Amn", %x, %w                                     ==>       %0 = weft.contract "mk,kn->mn", %x, %w
//     %1 = weft.broadcast %b [2] : ... -> tensor<8x128x512xf32>                              %1 = weft.broadcast %b [1] : ... -> tensor<1024x512xf32>
//
// Memory is flat, so a kernel can treat a batch of texts as one matrix. A product of 1024 rows packs its panels once,
// not 8 times, and a sum over [8, 128] is one loop of 1024 steps. The dispatch keeps the shapes of the graph: its types
// and those of the kernel differ in that neighbouring dimensions may be one for the kernel.
//
// There is a boundary between any two neighbouring dimensions of a value. A boundary can be removed if, in every op
// that reads or makes the value, the loops on its two sides can be joined (dialects/weft/Access.h). Then it is removed
// from all tensors of these ops.
//
//===----------------------------------------------------------------------------------------------------------------===//
#include "passes/plan/CollapseDims.h"
#include "dialects/weft/Weft.h"
#include "mlir/Transforms/RegionUtils.h"
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

  /// For each dimension of a value, the new dimension that it becomes part of.
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
  void tie(Value a, int64_t i, Value b, int64_t j) { same.unionSets(id(a, i), id(b, j)); }

  /// A boundary lies between two loops of the op. It can be removed if the loops can be joined; then it is removed from
  /// all of the op's tensors.
  void ask(Operation *op) {
    ir::Access access = ir::accessOf(op);
    llvm::SetVector<Value> captured;
    getUsedValuesDefinedAbove(op->getRegions(), captured);
    for (Value v : captured)
      for (int64_t d = 0; d + 1 < int64_t(getDims(v).size()); ++d)
        hold(v, d);
    SmallVector<std::pair<Value, const ir::Axes *>> tensors;
    for (auto [v, axes] : llvm::zip(op->getOperands(), access.operands))
      tensors.push_back({v, &axes});
    for (auto [v, axes] : llvm::zip(op->getResults(), access.results))
      tensors.push_back({v, &axes});
    llvm::DenseMap<std::pair<unsigned, unsigned>, std::pair<Value, int64_t>> known;
    for (auto &[v, axes] : tensors)
      for (int64_t d = 0; d + 1 < int64_t(axes->size()); ++d) {
        std::optional<unsigned> outer = (*axes)[d].loop(), inner = (*axes)[d + 1].loop();
        if (!outer || !inner || !access.canJoin(*outer, *inner)) {
          hold(v, d);
          continue;
        }
        auto [first, fresh] = known.try_emplace({*outer, *inner}, v, d);
        if (!fresh)
          tie(v, d, first->second.first, first->second.second);
      }
  }
  /// Two dimensions that are both known only at run time are not joined: their product is not affine, so it is no
  /// dimension.
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
  llvm::DenseSet<unsigned> holds; // the classes of boundaries that stay, by their leaders
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
/// The loops of an op that become part of the loop in front: that of the neighbouring axis.
llvm::BitVector taken(Operation *op, const ir::Access &access,
                      const llvm::DenseMap<Value, SmallVector<int64_t>> &places) {
  llvm::BitVector inner(access.loops.size());
  auto look = [&](Value v, const ir::Axes &axes) {
    ArrayRef<int64_t> place = places.find(v)->second;
    for (size_t d = 1; d < axes.size(); ++d)
      if (place[d] == place[d - 1])
        inner.set(*axes[d].loop());
  };
  for (auto [v, axes] : llvm::zip(op->getOperands(), access.operands))
    look(v, axes);
  for (auto [v, axes] : llvm::zip(op->getResults(), access.results))
    look(v, axes);
  return inner;
}
} // namespace

LogicalResult collapseDims(loom::KernelOp kernel) {
  SmallVector<Operation *> heroes = kernel.getHeroes();
  auto traits = heroes.size() == 1 ? dyn_cast<ir::HeroOpInterface>(heroes[0]) : ir::HeroOpInterface();
  if (!traits || !heroes[0]->getNumOperands() || traits.getPrologue(0) == ir::Prologue::fused)
    return success();
  Boundaries boundaries(kernel);
  if (!boundaries.any())
    return success();
  Block &body = kernel.getBody().front();
  llvm::DenseMap<Value, SmallVector<int64_t>> places;
  for (Value v : body.getArguments())
    places[v] = boundaries.place(v);
  std::vector<std::pair<Operation *, ir::Access>> ops;
  for (Operation &op : body.without_terminator()) {
    for (Value v : op.getResults())
      places[v] = boundaries.place(v);
    ir::Access access = ir::accessOf(&op);
    if (llvm::BitVector inner = taken(&op, access, places); inner.any())
      ops.push_back({&op, access.joined(inner)});
  }
  for (auto &[v, place] : places)
    collapse(v, place);
  for (auto &[op, access] : ops)
    if (failed(cast<ir::AccessOpInterface>(op).setAccess(access)))
      return op->emitOpError("cannot join loops that its access lets join: ") << ir::str(ir::accessOf(op));
  return success();
}
} // namespace weft::passes
