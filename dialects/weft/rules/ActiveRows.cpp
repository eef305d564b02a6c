// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// active_rows, and the branches that hold it: see ActiveRows.h.
#include "dialects/weft/ActiveRows.h"
#include "dialects/weft/rules/Regions.h"

using namespace mlir;
using namespace weft::ir;

//===- the op -------------------------------------------------------------------------------------------------------===//

LogicalResult ActiveRowsOp::verify() {
  Dims mask = getDims(getMask()), dims = getDims(getX());
  if (mask.empty() || mask.size() > dims.size() || ArrayRef(dims).take_front(mask.size()) != ArrayRef(mask))
    return emitOpError("the mask ") << str(getMask().getType()) << " must have the first dimensions of "
                                    << str(getX().getType());
  return success();
}
/// v where the mask holds, else 0.
static Value inActive(Build &e, ActiveRowsOp op, Value v) {
  SmallVector<int64_t> dims = llvm::to_vector(llvm::seq<int64_t>(0, typeOf(op.getMask()).getRank()));
  return e.select(e.broadcast(op.getMask(), withElement(typeOf(v), e.b.getI1Type()), dims), v, e.zeros(v));
}
LogicalResult ActiveRowsOp::vjp(Build &e, ArrayRef<Value> ct, const BitVector &wanted, MutableArrayRef<Value> result) {
  if (ct[0] && wanted[1])
    result[1] = inActive(e, *this, ct[0]);
  return success();
}
LogicalResult ActiveRowsOp::jvp(Build &e, ArrayRef<Value> t, MutableArrayRef<Value> result) {
  if (t[1])
    result[0] = inActive(e, *this, t[1]);
  return success();
}

bool weft::ir::isActiveRows(Operation *op) { return isa<ActiveRowsOp>(op); }
Value weft::ir::activeRows(OpBuilder &b, Operation *asked, bool needed) {
  auto op = cast<ActiveRowsOp>(asked);
  Build e(b, op.getLoc(), op);
  Value mask = op.getMask(), x = op.getX();
  if (!needed)
    return x;
  auto all = [](int64_t from, int64_t to) { return llvm::to_vector(llvm::seq(from, to)); };
  int64_t axis = typeOf(mask).getRank() - 1, rank = typeOf(x).getRank();
  auto places = withElement(typeOf(mask), b.getI32Type());
  Value past = e.full(std::numeric_limits<int32_t>::max(), places);
  Value first = ReduceMinOp::create(b, e.loc, e.select(mask, e.iota(places, axis), past), ArrayRef<int64_t>{axis});
  Value row;
  if (axis == 0) {
    row = TakeOp::create(b, e.loc, x, first, b.getI64IntegerAttr(0), b.getUnitAttr());
    row = e.broadcast(row, typeOf(x), all(1, rank));
  } else {
    Dims dims = getDims(x);
    dims[size_t(axis)] = Dim(op.getContext(), 1);
    Value at = e.broadcast(first, getTensorType(dims, b.getI32Type()), all(0, axis));
    row = TakeAlongOp::create(b, e.loc, x, at, b.getI64IntegerAttr(axis), b.getUnitAttr());
    row = e.broadcast(row, typeOf(x), all(0, rank));
  }
  return e.select(e.broadcast(mask, withElement(typeOf(x), b.getI1Type()), all(0, axis + 1)), x, row);
}

//===- what can do harm -----------------------------------------------------------------------------------------------===//

bool weft::ir::canFail(Operation *op) {
  if (auto checked = dyn_cast<CheckedOpInterface>(op))
    return checked.getCheck().has_value();
  return isa<WhileOp>(op);
}
/// Linear ops pass zeros on as zeros; what makes no floating number has no derivative, nor has what reads nothing.
static bool hasFiniteDerivative(Operation &op) {
  return op.hasTrait<PartWise>() || op.getNumOperands() == 0 || isa<YieldOp, ScanOp, CondOp>(op) ||
         llvm::none_of(op.getResults(), isFloating);
}
bool weft::ir::canDoHarm(Region &region) {
  return region
      .walk([](Operation *op) {
        return canFail(op) || !hasFiniteDerivative(*op) ? WalkResult::interrupt() : WalkResult::advance();
      })
      .wasInterrupted();
}

//===- branches -------------------------------------------------------------------------------------------------------===//

CondOp weft::ir::ifAnyRow(OpBuilder &b, Location loc, Value mask, TypeRange types,
                          llvm::function_ref<SmallVector<Value>(OpBuilder &)> build) {
  Value any = ReduceOrOp::create(b, loc, mask, ArrayRef<int64_t>{0});
  CondOp cond = makeCond(b, loc, any, types, [&](OpBuilder &inside, bool first) {
    if (first)
      return build(inside);
    SmallVector<Value> zeros;
    for (Type type : types)
      zeros.push_back(Build(inside, loc).full(0, cast<RankedTensorType>(type)));
    return zeros;
  });
  cond->setAttr(mayOpen, b.getUnitAttr());
  return cond;
}

namespace {
/// The ops of a block that is a step of many rows, sorted by what needs them.
struct RowStep {
  Block &block;
  const Dim &rows;
  llvm::DenseSet<Value> ofRows;               // depends on numbers of rows
  llvm::DenseSet<Operation *> forRows, other; // needed for results of rows, for other results

  bool leads(Type type) const {
    auto tensor = dyn_cast<RankedTensorType>(type);
    return tensor && tensor.getRank() > 0 && getDims(tensor)[0] == rows;
  }
  void spread(ArrayRef<Value> inputs) {
    ofRows.insert(inputs.begin(), inputs.end());
    for (Operation &op : block)
      if (llvm::any_of(usesOf(op), [&](Value v) { return ofRows.contains(v); }))
        ofRows.insert(op.result_begin(), op.result_end());
  }
  void need(Value result, llvm::DenseSet<Operation *> &needed) const {
    SmallVector<Value> work{result};
    while (!work.empty()) {
      Operation *op = work.pop_back_val().getDefiningOp();
      if (op && op->getBlock() == &block && needed.insert(op).second)
        llvm::append_range(work, usesOf(*op));
    }
  }
  /// Whether an op that results of rows need makes of rows something that has none: a sum over them, another order.
  bool mixes(Operation *op) const {
    if (!ofRows.contains(op->getResult(0)))
      return false;
    auto lost = [&](Type type) { return !leads(type); };
    if (auto scan = dyn_cast<ScanOp>(op);
        scan && llvm::any_of(scan.getXs(), [&](Value x) { return ofRows.contains(x) && leads(x.getType()); }))
      return true; // it goes from row to row
    llvm::DenseSet<Value> inside = ofRows;
    WalkResult walk = op->walk<WalkOrder::PreOrder>([&](Operation *inner) {
      for (Region &region : inner->getRegions())
        for (BlockArgument argument : region.getArguments())
          if (leads(argument.getType()))
            inside.insert(argument);
      if (llvm::none_of(usesOf(*inner), [&](Value v) { return inside.contains(v); }))
        return WalkResult::advance();
      inside.insert(inner->result_begin(), inner->result_end());
      return llvm::any_of(inner->getResultTypes(), lost) ? WalkResult::interrupt() : WalkResult::advance();
    });
    return walk.wasInterrupted();
  }
};
} // namespace

CondOp weft::ir::onActiveRows(Value mask, ArrayRef<Value> inputs, ArrayRef<Value> results) {
  Dims dims = getDims(mask);
  Location loc = mask.getLoc();
  OpBuilder b(mask.getContext());
  b.setInsertionPointAfterValue(mask);
  RowStep step{*mask.getParentBlock(), dims[0], {}, {}, {}};
  step.spread(inputs);
  SmallVector<unsigned> own; // results of rows
  for (auto [i, result] : llvm::enumerate(results)) {
    Value r = result;
    bool ofRows = step.leads(r.getType());
    if (ofRows && r.getParentBlock() == &step.block && r.getDefiningOp()) // not a carry that stays as it is
      own.push_back(unsigned(i));
    step.need(r, ofRows ? step.forRows : step.other);
  }
  step.need(mask, step.other);
  bool harm = false;
  for (Operation *op : step.forRows) {
    if (step.mixes(op))
      return {};
    harm |= canFail(op) || !hasFiniteDerivative(*op);
    for (Region &region : op->getRegions())
      harm |= canDoHarm(region);
  }
  if (!harm)
    return {};
  SmallVector<Type> types;
  for (unsigned i : own)
    types.push_back(results[i].getType());
  // Ops that only results of rows need move into the branch, and with them what reads them and is read by nobody. What
  // both need of numbers of rows is there twice: other results are made of all rows, as they are.
  SmallVector<Operation *> move, copy;
  llvm::DenseSet<Value> moved;
  for (Operation &op : step.block) {
    if (&op == mask.getDefiningOp())
      break;
    bool both = step.other.contains(&op);
    if (both && step.forRows.contains(&op) && step.ofRows.contains(op.getResult(0)))
      copy.push_back(&op);
    if (both || (!step.forRows.contains(&op) && llvm::none_of(usesOf(op), [&](Value v) { return moved.contains(v); })))
      continue;
    move.push_back(&op);
    moved.insert(op.result_begin(), op.result_end());
  }
  CondOp cond = ifAnyRow(b, loc, mask, types, [&](OpBuilder &inside) {
    IRMapping map;
    for (Value v : inputs)
      map.map(v, ActiveRowsOp::create(inside, loc, v.getType(), mask, v).getResult());
    for (Operation *op : copy)
      inside.clone(*op, map);
    for (Operation *op : move) {
      op->moveBefore(inside.getInsertionBlock(), inside.getInsertionPoint());
      op->walk([&](Operation *inner) {
        for (OpOperand &operand : inner->getOpOperands())
          operand.set(map.lookupOrDefault(operand.get()));
      });
    }
    SmallVector<Value> values;
    for (unsigned i : own)
      values.push_back(map.lookupOrDefault(results[i]));
    return values;
  });
  for (auto [i, r] : llvm::zip(own, cond.getResults())) {
    Value result = results[i];
    result.replaceUsesWithIf(r, [&](OpOperand &use) {
      Operation *user = step.block.findAncestorOpInBlock(*use.getOwner());
      return user && cond->isBeforeInBlock(user);
    });
  }
  return cond;
}
