// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Derivatives of branches and of loops that the data end.
#include "dialects/weft/rules/Regions.h"

using namespace mlir;
using namespace weft::ir;

//===- cond ---------------------------------------------------------------------------------------------------------===//

LogicalResult CondOp::reverse(Build &e, ArrayRef<Value> cotangents, IsActive active, Accumulate accumulate, Later later,
                              SmallVectorImpl<Value> &) {
  SmallVector<Value> captured;
  for (Value v : capturedBy(getOperation()->getRegions()))
    if (active(v) && isFloating(v))
      captured.push_back(v);
  if (captured.empty())
    return success();
  CondOp back = makeCond(e.b, getLoc(), getPredicate(), TypeRange(ValueRange(captured)), [&](OpBuilder &b, bool first) {
    Block &block = first ? getYes().front() : getNo().front();
    Copy copy(b, getLoc());
    SmallVector<Value> ys, cts, wrt;
    for (Value v : captured)
      wrt.push_back(copy.alias(v));
    copy.ops(block);
    for (auto [v, ct] : llvm::zip(block.getTerminator()->getOperands(), cotangents))
      if (ct) {
        ys.push_back(copy.of(v));
        cts.push_back(ct);
      }
    return gradInside(b, getLoc(), ys, cts, wrt, later);
  });
  for (auto [v, ct] : llvm::zip(captured, back.getResults()))
    accumulate(v, ct);
  return success();
}

LogicalResult CondOp::forward(Build &e, TangentOf tangentOf, Later later, MutableArrayRef<Value> result,
                              SmallVectorImpl<Value> &again) {
  SmallVector<Value> captured;
  for (Value v : capturedBy(getOperation()->getRegions()))
    if (tangentOf(v))
      captured.push_back(v);
  SmallVector<unsigned> moving;
  SmallVector<Type> types(getResultTypes());
  for (OpResult r : getResults())
    if (isFloating(r)) {
      moving.push_back(r.getResultNumber());
      types.push_back(r.getType());
    }
  CondOp both = makeCond(e.b, getLoc(), getPredicate(), types, [&](OpBuilder &b, bool first) {
    Block &block = first ? getYes().front() : getNo().front();
    Copy copy(b, getLoc());
    SmallVector<Value> ys, wrt, along, values;
    for (Value v : captured) {
      along.push_back(tangentOf(v));
      wrt.push_back(copy.alias(v));
    }
    copy.ops(block);
    for (Value v : block.getTerminator()->getOperands())
      values.push_back(copy.of(v));
    for (unsigned i : moving)
      ys.push_back(values[i]);
    llvm::append_range(values, tangentInside(b, getLoc(), ys, wrt, along, later));
    return values;
  });
  for (auto [n, i] : llvm::enumerate(moving))
    result[i] = both.getResult(getNumResults() + n);
  llvm::append_range(again, both.getResults().take_front(getNumResults()));
  return success();
}

//===- while --------------------------------------------------------------------------------------------------------===//

LogicalResult WhileOp::reverse(Build &e, ArrayRef<Value> cotangents, IsActive active, Accumulate accumulate,
                               Later later, SmallVectorImpl<Value> &replacement) {
  if (!getMax())
    return mlir::emitError(getLoc()) << "loop cannot be differentiated in reverse: how many steps it takes is not "
                                        "bounded; give it {.max = n}, or use jvp";
  // A scan of max steps, each of which goes on as long as the test holds: its derivative is known.
  OpBuilder b(*this);
  Aliases aliases(b, *this, active);
  SmallVector<Value> inits = aliases.of(getInits());
  ScanOp scan = makeScan(b, getLoc(), getMax()->getDims()[0], false, inits, {}, [&](OpBuilder &at, Block &body) {
    auto carries = body.getArguments().drop_front();
    Copy test(at, getLoc());
    aliases.into(test.map);
    test.map.map(getTest().getArguments(), carries);
    test.ops(getTest().front());
    Value goes = test.of(getTest().front().getTerminator()->getOperand(0));
    CondOp step = makeCond(at, getLoc(), goes, getResultTypes(), [&](OpBuilder &deep, bool first) {
      if (!first)
        return llvm::to_vector_of<Value>(carries);
      Copy copy(deep, getLoc());
      aliases.into(copy.map);
      copy.map.map(getBody().getArguments(), carries);
      copy.ops(getBody().front());
      SmallVector<Value> values;
      for (Value v : getBody().front().getTerminator()->getOperands())
        values.push_back(copy.of(v));
      return values;
    });
    return llvm::to_vector_of<Value>(step.getResults());
  });
  SmallVector<Value> results(scan.getResults());
  gradOfReplacement(e, getLoc(), results, cotangents, aliases, accumulate, later);
  replacement = results;
  return success();
}

LogicalResult WhileOp::forward(Build &e, TangentOf tangentOf, Later later, MutableArrayRef<Value> result,
                               SmallVectorImpl<Value> &again) {
  Location loc = getLoc();
  Block &body = getBody().front(), &test = getTest().front();
  unsigned carries = getInits().size();
  SmallVector<Value> captured;
  for (Value v : capturedBy(getOperation()->getRegions()))
    if (tangentOf(v))
      captured.push_back(v);
  Flow flow;
  flow.from.insert(captured.begin(), captured.end());
  for (unsigned k = 0; k < carries; ++k)
    if (tangentOf(getInits()[k]))
      flow.from.insert(body.getArgument(k));
  for (bool grown = true; std::exchange(grown, false);) {
    flow.forward(body);
    for (unsigned k = 0; k < carries; ++k)
      if (flow.from.contains(body.getTerminator()->getOperand(k)))
        grown |= flow.from.insert(body.getArgument(k)).second;
  }
  SmallVector<Value> inits(getInits());
  SmallVector<unsigned> moving;
  for (unsigned k = 0; k < carries; ++k)
    if (flow.from.contains(body.getArgument(k))) {
      moving.push_back(k);
      Value t = tangentOf(getInits()[k]);
      inits.push_back(t ? t : e.zeros(getInits()[k]));
    }
  OperationState state(loc, WhileOp::getOperationName());
  state.addOperands(inits);
  state.addTypes(TypeRange(ValueRange(inits)));
  if (getMax())
    state.addAttribute("max", *getMax());
  for (int i = 0; i < 2; ++i) {
    Block *block = new Block;
    for (Value v : inits)
      block->addArgument(v.getType(), loc);
    state.addRegion()->push_back(block);
  }
  auto both = cast<WhileOp>(e.b.create(state));
  {
    OpBuilder b = OpBuilder::atBlockEnd(&both.getTest().front());
    Copy copy(b, loc);
    copy.map.map(test.getArguments(), both.getTest().getArguments().take_front(carries));
    copy.ops(test);
    YieldOp::create(b, loc, ValueRange{copy.of(test.getTerminator()->getOperand(0))});
  }
  OpBuilder b = OpBuilder::atBlockEnd(&both.getBody().front());
  auto arguments = both.getBody().getArguments();
  Copy copy(b, loc);
  copy.map.map(body.getArguments(), arguments.take_front(carries));
  SmallVector<Value> ys, wrt, along, values;
  for (auto [n, k] : llvm::enumerate(moving)) {
    wrt.push_back(arguments[k]);
    along.push_back(arguments[carries + n]);
  }
  for (Value v : captured) {
    along.push_back(tangentOf(v));
    wrt.push_back(copy.alias(v));
  }
  copy.ops(body);
  for (Value v : body.getTerminator()->getOperands())
    values.push_back(copy.of(v));
  for (unsigned k : moving)
    ys.push_back(values[k]);
  llvm::append_range(values, tangentInside(b, loc, ys, wrt, along, later));
  YieldOp::create(b, loc, values);
  for (auto [n, k] : llvm::enumerate(moving))
    result[k] = both.getResult(carries + n);
  llvm::append_range(again, both.getResults().take_front(carries));
  return success();
}
