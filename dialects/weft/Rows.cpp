// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// See Rows.h.
#include "dialects/weft/Rows.h"
#include "dialects/weft/Weft.h"

using namespace mlir;
using namespace weft::ir;

static Dims withoutUnits(ArrayRef<Dim> dims) {
  Dims kept(dims);
  llvm::erase_if(kept, [](const Dim &d) { return d == 1; });
  return kept;
}

Position weft::ir::positionOf(const Dims &dims, const Dims &space) {
  if (dims == space)
    return Position::element;
  return withoutUnits(dims) == withoutUnits(ArrayRef(space).drop_back()) ? Position::row : Position::other;
}

/// Whether an operand's axes are the first `count` loops of the op, each in its place. Loops of one step and axes of
/// size 1 come and go.
static bool readsFirstLoops(const Access &access, unsigned operand, ArrayRef<Dim> dims, unsigned count) {
  SmallVector<unsigned> loops, read;
  for (unsigned l = 0; l < count; ++l) {
    if (access.results[0][l].loop() != l)
      return false;
    if (!(access.loops[l].size == 1))
      loops.push_back(l);
  }
  for (auto [d, axis] : llvm::enumerate(access.operands[operand])) {
    if (dims[d] == 1)
      continue;
    if (!axis.loop())
      return false;
    read.push_back(*axis.loop());
  }
  return read == loops;
}

Position weft::ir::positionRead(Operation *op, unsigned index, Position at, const Dims &space) {
  if (at == Position::other || !isa<PointwiseOpInterface>(op))
    return Position::other;
  Access access = accessOf(op);
  if (access.readsOwnPosition(index))
    return at;
  Dims operand = getDims(op->getOperand(index)), result = getDims(op->getResult(0));
  unsigned loops = result.size();
  if (access.loops.size() != loops)
    return Position::other;
  if (at == Position::row)
    return readsFirstLoops(access, index, operand, loops) ? Position::row : Position::other;
  // An element's row: all loops but the last one.
  return result == space && readsFirstLoops(access, index, operand, loops - 1) ? Position::row : Position::other;
}

std::optional<Dims> weft::ir::rowSpace(Operation *op) {
  auto reduction = dyn_cast<ReductionOpInterface>(op);
  if (!reduction || reduction.findsPlace())
    return std::nullopt;
  Dims dims = getDims(op->getOperand(0));
  if (reduction.getReducedDims() != SmallVector<int64_t>{int64_t(dims.size()) - 1} || dims.back() == 1)
    return std::nullopt;
  return dims;
}

static bool combinesElements(ReductionOpInterface reduction) {
  auto hero = dyn_cast<HeroOpInterface>(*reduction);
  return hero && hero.combinesParts() && !reduction.findsPlace() && reduction.getExtreme() == Extreme::none &&
         isa<FloatType>(elementOf(reduction->getOperand(0)));
}
bool weft::ir::combinesRows(Operation *op) {
  auto reduction = dyn_cast<ReductionOpInterface>(op);
  if (!reduction || !combinesElements(reduction))
    return false;
  int64_t last = int64_t(getDims(op->getOperand(0)).size()) - 1;
  return last > 0 && reduction.getReducedDims() == llvm::to_vector(llvm::seq<int64_t>(0, last));
}

std::optional<RowStretches> weft::ir::rowStretchesOf(Operation *op, const Dims &space) {
  auto reduction = dyn_cast<ReductionOpInterface>(op);
  auto view = reduction ? op->getOperand(0).getDefiningOp<ReshapeOp>() : ReshapeOp();
  if (!view || !combinesElements(reduction) || getDims(view.getX()) != space)
    return std::nullopt;
  Dims dims = getDims(op->getOperand(0));
  if (dims.size() != 3 || dims.back() != space.back() || !dims[1].isConstant() ||
      reduction.getReducedDims() != SmallVector<int64_t>{1})
    return std::nullopt;
  return RowStretches{view.getX(), dims[1].staticSize()};
}

bool weft::ir::shareLoops(Operation *a, Operation *b) {
  auto first = dyn_cast<ReductionOpInterface>(a), second = dyn_cast<ReductionOpInterface>(b);
  return first && second && !first.findsPlace() && !second.findsPlace() &&
         getDims(a->getOperand(0)) == getDims(b->getOperand(0)) && first.getReducedDims() == second.getReducedDims();
}
