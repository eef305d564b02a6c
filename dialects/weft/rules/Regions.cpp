// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// See Regions.h.
#include "dialects/weft/rules/Regions.h"
#include "mlir/Transforms/RegionUtils.h"

using namespace mlir;
using namespace weft::ir;

//===- what depends on what -----------------------------------------------------------------------------------------===//

bool weft::ir::isFloating(Value v) { return isa<FloatType>(elementOf(v)); }
llvm::SetVector<Value> weft::ir::capturedBy(MutableArrayRef<Region> regions) {
  llvm::SetVector<Value> captured;
  for (Region &region : regions)
    getUsedValuesDefinedAbove(region, region, captured);
  return captured;
}
SmallVector<Value> weft::ir::usesOf(Operation &op) {
  SmallVector<Value> uses(op.getOperands());
  llvm::append_range(uses, capturedBy(op.getRegions()));
  return uses;
}

void Flow::forward(Block &block) {
  for (Operation &op : block.without_terminator())
    if (!op.hasTrait<StopsDerivative>() && llvm::any_of(usesOf(op), [&](Value v) { return from.contains(v); }))
      for (Value r : op.getResults())
        if (isFloating(r))
          from.insert(r);
}
void Flow::backward(Block &block) {
  for (Operation &op : llvm::reverse(block.without_terminator()))
    if (!op.hasTrait<StopsDerivative>() && llvm::any_of(op.getResults(), [&](Value r) { return to.contains(r); }))
      for (Value v : usesOf(op))
        if (isFloating(v))
          to.insert(v);
}

//===- copies and derivatives inside ----------------------------------------------------------------------------------===//

Value Copy::alias(Value outside) {
  Value own = MarkOp::create(b, loc, outside.getType(), outside, b.getStringAttr("captured"));
  map.map(outside, own);
  return own;
}
void Copy::ops(Block &block) {
  for (Operation &op : block.without_terminator())
    b.clone(op, map);
}

SmallVector<Value> weft::ir::gradInside(OpBuilder &b, Location loc, ArrayRef<Value> ys, ArrayRef<Value> cotangents,
                                        ArrayRef<Value> xs, Later later) {
  if (ys.empty() || xs.empty()) {
    SmallVector<Value> zeros;
    for (Value x : xs)
      zeros.push_back(Build(b, loc).zeros(x));
    return zeros;
  }
  auto grad = GradOp::create(b, loc, TypeRange(ValueRange(xs)), ys, cotangents, xs);
  grad->setAttr("allow_zero", b.getUnitAttr());
  grad->setAttr("local", b.getUnitAttr());
  later(grad);
  return llvm::to_vector_of<Value>(grad.getResults());
}
SmallVector<Value> weft::ir::tangentInside(OpBuilder &b, Location loc, ArrayRef<Value> ys, ArrayRef<Value> xs,
                                           ArrayRef<Value> tangents, Later later) {
  if (ys.empty())
    return {};
  auto tangent = TangentOp::create(b, loc, TypeRange(ValueRange(ys)), ys, xs, tangents);
  tangent->setAttr("allow_zero", b.getUnitAttr());
  tangent->setAttr("local", b.getUnitAttr());
  later(tangent);
  return llvm::to_vector_of<Value>(tangent.getResults());
}

Aliases::Aliases(OpBuilder &b, Operation *op, IsActive active) {
  llvm::SetVector<Value> used(op->operand_begin(), op->operand_end());
  used.insert_range(capturedBy(op->getRegions()));
  for (Value v : used)
    if (active(v) && isFloating(v)) {
      Value own = MarkOp::create(b, op->getLoc(), v.getType(), v, b.getStringAttr("captured"));
      map.map(v, own);
      pairs.push_back({v, own});
    }
}
SmallVector<Value> Aliases::of(ValueRange values) const {
  return llvm::to_vector(llvm::map_range(values, [&](Value v) { return of(v); }));
}
void Aliases::into(IRMapping &other) const {
  for (auto [outside, own] : pairs)
    other.map(outside, own);
}

void weft::ir::gradOfReplacement(Build &e, Location loc, ArrayRef<Value> results, ArrayRef<Value> cotangents,
                                 const Aliases &aliases, Accumulate accumulate, Later later) {
  SmallVector<Value> ys, cts, xs;
  for (auto [r, ct] : llvm::zip(results, cotangents))
    if (ct) {
      ys.push_back(r);
      cts.push_back(ct);
    }
  for (auto [outside, own] : aliases.pairs)
    xs.push_back(own);
  auto grad = GradOp::create(e.b, loc, TypeRange(ValueRange(xs)), ys, cts, xs);
  grad->setAttr("allow_zero", e.b.getUnitAttr());
  later(grad);
  for (auto [pair, g] : llvm::zip(aliases.pairs, grad.getResults()))
    accumulate(pair.first, g);
}

//===- making loops and branches ------------------------------------------------------------------------------------===//

ScanOp weft::ir::makeScan(OpBuilder &b, Location loc, const Dim &length, bool reverse, ArrayRef<Value> inits,
                          ArrayRef<Value> xs, llvm::function_ref<SmallVector<Value>(OpBuilder &, Block &)> build) {
  OperationState state(loc, ScanOp::getOperationName());
  Region *region = state.addRegion();
  Block *block = new Block;
  region->push_back(block);
  block->addArgument(RankedTensorType::get({}, b.getI32Type()), loc);
  for (Value v : inits)
    block->addArgument(v.getType(), loc);
  for (Value v : xs)
    block->addArgument(sliceType(v.getType()), loc);
  // The op exists before its body is filled: rules inside look up what surrounds them.
  SmallVector<Value> operands(inits);
  llvm::append_range(operands, xs);
  state.addOperands(operands);
  auto &properties = state.getOrAddProperties<ScanOp::Properties>();
  properties.setOperandSegmentSizes({int32_t(inits.size()), int32_t(xs.size())});
  properties.setLength(getDimsAttr(b.getContext(), {length}));
  if (reverse)
    properties.setReverse(b.getUnitAttr());
  // Results are not known yet: the body is built in a shell that is replaced.
  auto shell = cast<ScanOp>(b.create(state));
  OpBuilder inside = OpBuilder::atBlockEnd(shell.block());
  SmallVector<Value> yields = build(inside, *shell.block());
  YieldOp::create(inside, loc, yields);
  OperationState full(loc, ScanOp::getOperationName());
  full.addOperands(operands);
  full.getOrAddProperties<ScanOp::Properties>() = shell.getProperties();
  for (auto [i, y] : llvm::enumerate(yields))
    full.types.push_back(i < inits.size() ? y.getType() : stackedType(length, y.getType()));
  full.addRegion()->takeBody(shell.getBody());
  auto scan = cast<ScanOp>(b.create(full));
  shell.erase();
  return scan;
}

CondOp weft::ir::makeCond(OpBuilder &b, Location loc, Value predicate, TypeRange types,
                          llvm::function_ref<SmallVector<Value>(OpBuilder &, bool)> build) {
  OperationState state(loc, CondOp::getOperationName());
  state.addOperands(predicate);
  state.addTypes(types);
  for (int i = 0; i < 2; ++i)
    state.addRegion()->push_back(new Block);
  auto cond = cast<CondOp>(b.create(state));
  for (bool first : {true, false}) {
    OpBuilder inside = OpBuilder::atBlockEnd(first ? &cond.getYes().front() : &cond.getNo().front());
    YieldOp::create(inside, loc, build(inside, first));
  }
  return cond;
}
