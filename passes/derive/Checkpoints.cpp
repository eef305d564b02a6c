// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Parts of a graph that a derivative computes again; see Checkpoints.h.
#include "passes/derive/Checkpoints.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Transforms/RegionUtils.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
namespace weft::passes {
using namespace ir;

constexpr StringLiteral attribute = "weft.checkpoint";

ArrayRef<int64_t> checkpointsOf(Operation *op) {
  auto numbers = op->getAttrOfType<DenseI64ArrayAttr>(attribute);
  return numbers ? numbers.asArrayRef() : ArrayRef<int64_t>();
}

void leaveCheckpoints(Operation *op) { op->removeAttr(attribute); }

InCheckpoints::InCheckpoints(OpBuilder &b, ArrayRef<int64_t> checkpoints)
    : b(b), outer(b.getListener()), block(b.getInsertionBlock()), checkpoints(checkpoints.begin(), checkpoints.end()) {
  b.setListener(this);
}
InCheckpoints::~InCheckpoints() { b.setListener(outer); }
void InCheckpoints::notifyOperationInserted(Operation *op, OpBuilder::InsertPoint before) {
  if (!checkpoints.empty() && op->getBlock() == block && !op->hasAttr(attribute))
    op->setAttr(attribute, DenseI64ArrayAttr::get(op->getContext(), checkpoints));
  if (outer)
    outer->notifyOperationInserted(op, before);
}

static unsigned common(ArrayRef<int64_t> a, ArrayRef<int64_t> b) {
  unsigned n = 0;
  while (n < a.size() && n < b.size() && a[n] == b[n])
    ++n;
  return n;
}
unsigned ComputedAgain::shared(ArrayRef<int64_t> path) const { return common(path, checkpointsOf(asked)); }

Value ComputedAgain::original(Value v) const {
  auto found = originals.find(v);
  return found == originals.end() ? v : found->second;
}

/// The value as an op in the first `depth` checkpoints of the path reads it.
Value ComputedAgain::at(Value v, ArrayRef<int64_t> path, unsigned depth, OpBuilder &b) {
  Operation *op = v.getDefiningOp();
  if (depth <= shared(path) || (op && op->getNumOperands() == 0 && op->getNumRegions() == 0))
    return v;
  int64_t checkpoint = path[depth - 1];
  if (op)
    if (auto copy = copies.find({op, checkpoint}); copy != copies.end())
      return copy->second->getResult(cast<OpResult>(v).getResultNumber());
  Value &input = inputs[{v, checkpoint}];
  if (!input) {
    Value outside = at(v, path, depth - 1, b);
    input = AfterOp::create(b, v.getLoc(), v.getType(), outside, tokens.lookup(checkpoint));
    originals[input] = v;
  }
  return input;
}

/// Copies all ops in the first `depth` checkpoints of the path.
void ComputedAgain::enter(ArrayRef<int64_t> path, unsigned depth, OpBuilder &b) {
  if (depth <= shared(path) || !tokens.insert({path[depth - 1], token}).second)
    return;
  enter(path, depth - 1, b);
  for (Operation *op : order) {
    if (common(checkpointsOf(op), path) < depth || (op->getNumOperands() == 0 && op->getNumRegions() == 0))
      continue;
    llvm::SetVector<Value> read(op->operand_begin(), op->operand_end());
    getUsedValuesDefinedAbove(op->getRegions(), read);
    IRMapping map;
    for (Value v : read)
      map.map(v, at(v, path, depth, b));
    Operation *copy = op->cloneWithoutRegions(map);
    copy->removeAttr(attribute);
    for (auto [from, to] : llvm::zip(op->getRegions(), copy->getRegions()))
      from.cloneInto(&to, map);
    b.insert(copy);
    copies[{op, path[depth - 1]}] = copy;
    for (auto [result, made] : llvm::zip(op->getResults(), copy->getResults()))
      originals[made] = result;
  }
}

Operation *ComputedAgain::of(Operation *op, Value cotangent, OpBuilder &b) {
  SmallVector<int64_t> path(checkpointsOf(op));
  if (path.size() <= shared(path))
    return op;
  // A cotangent that is a constant is there from the start: the copies wait for the op's own result.
  llvm::SmallVector<Value> work{cotangent};
  bool constant = true;
  for (unsigned i = 0; i < work.size() && constant; ++i) {
    Operation *maker = work[i].getDefiningOp();
    constant = maker && i < 16;
    if (maker)
      llvm::append_range(work, maker->getOperands());
  }
  token = constant ? op->getResult(0) : cotangent;
  InCheckpoints in(b, checkpointsFor(op));
  enter(path, path.size(), b);
  auto copy = copies.find({op, path.back()});
  return copy == copies.end() ? op : copy->second;
}

SmallVector<int64_t> ComputedAgain::checkpointsFor(Operation *op) {
  ArrayRef<int64_t> path = checkpointsOf(op);
  SmallVector<int64_t> result(checkpointsOf(asked));
  if (path.size() <= shared(path))
    return result;
  int64_t outermost = path[shared(path)];
  auto [number, fresh] = numbers.insert({outermost, 0});
  if (fresh) { // the next that is free in the function
    int64_t most = 0;
    asked->getParentOfType<func::FuncOp>()->walk([&](Operation *other) {
      for (int64_t n : checkpointsOf(other))
        most = std::max(most, n);
    });
    number->second = most + 1;
  }
  result.push_back(number->second);
  return result;
}
} // namespace weft::passes
