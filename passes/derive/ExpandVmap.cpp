// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- ExpandVmap.cpp - the region of weft.vmap on all slices at once --------------------------------------------------===//
//
//   %y = weft.vmap <(3)> over(%e) {
//   ^bb0(%v: tensor<4xf32>):                                         %b = weft.broadcast %w [1] : tensor<4xf32> to 3x4
//     %p = weft.mul %v, %w : tensor<4xf32>               ==>         %p = weft.mul %e, %b : tensor<3x4xf32>
//     %s = weft.reduce_sum %p [0]                                    %y = weft.reduce_sum %p [1]
//     weft.yield %s
//   }
//
// A value is mapped if it depends on a slice: it gets a leading axis, by the batching rule of its op. What depends on
// none stays as it is and is computed once. In a loop's body the carries that become mapped are found by going round; a
// loop whose end is mapped goes on for as long as any slice does, and the others keep what they have; a branch on a
// mapped predicate computes both sides and chooses. What is computed of slices that do not go that way does no harm:
// see dialects/weft/ActiveRows.h. A rule of a custom_vjp is mapped like its function, so that a derivative taken
// outside finds it. A sampler with mapped keys, as any op without a rule, is a loop over the slices, and a remark says
// so.
//
//===----------------------------------------------------------------------------------------------------------------===//
#include "passes/derive/ExpandVmap.h"
#include "dialects/weft/ActiveRows.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Transforms/RegionUtils.h"
#include "passes/derive/Checkpoints.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
namespace weft::passes {
using namespace ir;

namespace {
class Batcher {
public:
  Batcher(VmapOp asked, const Dim &size) : asked(asked), size(size) {}
  /// Values of the old region: what they are now, and whether that has the leading axis.
  IRMapping map;
  DenseSet<Value> mapped;

  bool isMapped(Value v) const { return mapped.contains(v); }
  Value now(Value v) const { return map.lookupOrDefault(v); }
  /// With the leading axis, repeated if need be.
  Value full(OpBuilder &b, Value v, Location loc) {
    if (isMapped(v))
      return now(v);
    Value x = now(v);
    return Build(b, loc).broadcast(x, stacked(x.getType()),
                                   llvm::to_vector(llvm::seq<int64_t>(1, typeOf(x).getRank() + 1)));
  }
  RankedTensorType stacked(Type type) const {
    auto tensor = cast<RankedTensorType>(type);
    Dims dims{size};
    llvm::append_range(dims, getDims(tensor));
    return getTensorType(dims, tensor.getElementType());
  }

  LogicalResult ops(OpBuilder &b, Block &block) {
    for (Operation &op : block.without_terminator())
      if (failed(one(b, &op)))
        return failure();
    return success();
  }

private:
  bool usesMapped(Operation *op) {
    llvm::SetVector<Value> captured;
    getUsedValuesDefinedAbove(op->getRegions(), captured);
    auto is = [&](Value v) { return isMapped(v); };
    return llvm::any_of(op->getOperands(), is) || llvm::any_of(captured, is);
  }
  LogicalResult none(Operation *op, const Twine &why) {
    auto diagnostic = emitError(op->getLoc()) << "vmap: " << userName(op) << " " << why;
    diagnostic.attachNote(asked.getLoc()) << "mapped here";
    return failure();
  }
  LogicalResult one(OpBuilder &b, Operation *op) {
    SmallVector<int64_t> around(checkpointsOf(asked));
    llvm::append_range(around, checkpointsOf(op));
    InCheckpoints checkpoints(b, around);
    if (!usesMapped(op)) {
      b.clone(*op, map);
      return success();
    }
    if (auto scan = dyn_cast<ScanOp>(op))
      return batchScan(b, scan);
    if (auto loop = dyn_cast<WhileOp>(op))
      return batchWhile(b, loop);
    if (auto cond = dyn_cast<CondOp>(op))
      return batchCond(b, cond);
    if (auto custom = dyn_cast<CustomVjpOp>(op))
      return batchCustom(b, custom);
    Build e(b, op->getLoc(), op);
    Batch batch{e, op, {}, llvm::BitVector(op->getNumOperands()), size};
    for (auto [i, v] : llvm::enumerate(op->getOperands())) {
      batch.operands.push_back(now(v));
      batch.mapped[i] = isMapped(v);
    }
    batch.region = [&](OpBuilder &inside, Block &block, ArrayRef<Value> arguments, const BitVector &which,
                       SmallVectorImpl<Value> &yields) -> LogicalResult {
      for (auto [i, argument] : llvm::enumerate(block.getArguments())) {
        map.map(argument, arguments[i]);
        if (which[i])
          mapped.insert(argument);
      }
      if (failed(ops(inside, block)))
        return failure();
      for (Value v : block.getTerminator()->getOperands())
        yields.push_back(full(inside, v, op->getLoc()));
      return success();
    };
    auto rule = dyn_cast<BatchOpInterface>(op);
    Operation *made = rule ? rule.batch(batch) : op->getNumRegions() ? nullptr : batch.byAccess();
    if (auto semantic = dyn_cast<DecomposeOpInterface>(op); semantic && !made)
      return parts(b, semantic);
    if (!made)
      return op->getNumRegions() ? none(op, "has no batching rule") : sliceBySlice(b, op);
    for (auto [r, n] : llvm::zip(op->getResults(), made->getResults())) {
      map.map(r, n);
      mapped.insert(r);
    }
    return success();
  }

  /// The decomposition of an op in the old region, on all slices. The op stays there without readers.
  LogicalResult parts(OpBuilder &b, DecomposeOpInterface op) {
    Operation *before = op->getPrevNode();
    OpBuilder old(op);
    Build e(old, op.getLoc(), op);
    SmallVector<Value> results;
    if (failed(op.decompose(e, results)))
      return none(op, "has no batching rule and does not decompose");
    op->replaceAllUsesWith(results);
    for (Operation *part = before ? before->getNextNode() : &op->getBlock()->front(); part != op.getOperation();
         part = part->getNextNode())
      if (failed(one(b, part)))
        return failure();
    return success();
  }

  /// Runs `body` while the mapped values that the region reads from outside are those of the slices for which `active`
  /// holds.
  LogicalResult onActive(OpBuilder &b, Region &region, Value active, Location loc,
                         llvm::function_ref<LogicalResult()> body) {
    llvm::SetVector<Value> captured;
    getUsedValuesDefinedAbove(region, region, captured);
    SmallVector<std::pair<Value, Value>> before;
    for (Value v : captured)
      if (isMapped(v)) {
        before.push_back({v, now(v)});
        map.map(v, ActiveRowsOp::create(b, loc, now(v).getType(), active, now(v)).getResult());
      }
    Value around = counting;
    counting = around ? Value(AndOp::create(b, loc, around.getType(), around, active)) : active;
    LogicalResult done = body();
    counting = around;
    for (auto [v, whole] : before)
      map.map(v, whole);
    return done;
  }

  /// The function and its rule on all slices. Results are mapped, and so are their cotangents; an input that is the
  /// same for all slices has the sum of what the rule gives for each that counts: a rule need not give 0 for 0.
  LogicalResult batchCustom(OpBuilder &b, CustomVjpOp custom) {
    Location loc = custom.getLoc();
    OperationState state(loc, CustomVjpOp::getOperationName());
    for (Value v : custom.getInputs())
      state.addOperands(now(v));
    for (Type type : custom.getResultTypes())
      state.types.push_back(stacked(type));
    auto enter = [&](Region &region, Block *fresh) {
      state.addRegion()->push_back(fresh);
      for (BlockArgument argument : region.getArguments()) {
        unsigned i = argument.getArgNumber(), inputs = custom.getInputs().size();
        bool moves = i >= inputs || isMapped(custom.getInputs()[i]);
        map.map(argument, fresh->addArgument(moves ? stacked(argument.getType()) : argument.getType(), loc));
        if (moves)
          mapped.insert(argument);
      }
      return region.front().getTerminator()->getOperands();
    };
    auto *forward = new Block, *backward = new Block;
    SmallVector<Value> values, gradients;
    OpBuilder inside(b.getContext());
    auto results = enter(custom.getForward(), forward);
    inside.setInsertionPointToEnd(forward);
    if (failed(ops(inside, custom.getForward().front())))
      return failure();
    for (Value v : results)
      values.push_back(full(inside, v, loc));
    YieldOp::create(inside, loc, values);
    auto given = enter(custom.getBackward(), backward);
    inside.setInsertionPointToEnd(backward);
    if (failed(ops(inside, custom.getBackward().front())))
      return failure();
    auto floating = llvm::make_filter_range(custom.getInputs(), [](Value v) { return isa<FloatType>(elementOf(v)); });
    for (auto [input, v] : llvm::zip(floating, given)) {
      Build e(inside, loc);
      Value g = full(inside, v, loc);
      if (!isMapped(input) && counting)
        g = e.select(e.broadcast(counting, withElement(typeOf(g), b.getI1Type()), {0}), g, e.zeros(g));
      gradients.push_back(isMapped(input) ? g : e.sum(g, {0}));
    }
    YieldOp::create(inside, loc, gradients);
    Operation *made = b.create(state);
    for (auto [r, n] : llvm::zip(custom.getResults(), made->getResults())) {
      map.map(r, n);
      mapped.insert(r);
    }
    return success();
  }

  /// An op without a rule, a sampler: a loop over the slices.
  LogicalResult sliceBySlice(OpBuilder &b, Operation *op) {
    OperationState state(op->getLoc(), ScanOp::getOperationName());
    auto body = std::make_unique<Block>();
    body->addArgument(RankedTensorType::get({}, b.getI32Type()), op->getLoc());
    IRMapping inner = map;
    int32_t slices = 0;
    for (Value v : llvm::SetVector<Value>(op->operand_begin(), op->operand_end()))
      if (isMapped(v)) {
        state.addOperands(now(v));
        inner.map(v, body->addArgument(v.getType(), op->getLoc()));
        ++slices;
      }
    auto &properties = state.getOrAddProperties<ScanOp::Properties>();
    properties.length = asked.getSize();
    properties.setOperandSegmentSizes({0, slices});
    for (Type type : op->getResultTypes())
      state.types.push_back(stacked(type));
    OpBuilder inside(b.getContext());
    inside.setInsertionPointToEnd(body.get());
    Operation *made = inside.clone(*op, inner);
    YieldOp::create(inside, op->getLoc(), made->getResults());
    state.addRegion()->push_back(body.release());
    Operation *scan = b.create(state);
    for (auto [r, n] : llvm::zip(op->getResults(), scan->getResults())) {
      map.map(r, n);
      mapped.insert(r);
    }
    auto function = op->getParentOfType<func::FuncOp>();
    remark::missed(op->getLoc(), remark::RemarkOpts::name("expand-derivatives")
                                     .category("expand-derivatives")
                                     .function(function ? function.getName() : ""))
        << "vmap: " + userName(op) + " has no batching rule: it is a loop over the slices";
    return success();
  }

  /// For as long as any slice goes on; the others keep what they have.
  LogicalResult batchWhile(OpBuilder &b, WhileOp loop) {
    Location loc = loop.getLoc();
    Block &test = loop.getTest().front(), &body = loop.getBody().front();
    Value verdict = test.getTerminator()->getOperand(0);
    unsigned carries = loop.getInits().size();
    DenseSet<Value> reached;
    auto is = [&](Value v) { return reached.contains(v) || isMapped(v); };
    auto reach = [&](unsigned k) {
      return unsigned(reached.insert(test.getArgument(k)).second) +
             unsigned(reached.insert(body.getArgument(k)).second);
    };
    for (unsigned k = 0; k < carries; ++k)
      if (isMapped(loop.getInits()[k]))
        reach(k);
    for (unsigned grown = 1; std::exchange(grown, 0);) {
      flow(test, reached);
      flow(body, reached);
      for (unsigned k = 0; k < carries; ++k)
        if (is(verdict) || is(body.getTerminator()->getOperand(k)))
          grown += reach(k);
    }
    bool each = is(verdict);
    OperationState state(loc, WhileOp::getOperationName());
    state.getOrAddProperties<WhileOp::Properties>() = loop.getProperties();
    SmallVector<bool> moves;
    for (unsigned k = 0; k < carries; ++k) {
      moves.push_back(is(body.getArgument(k)));
      Value init = moves[k] ? full(b, loop.getInits()[k], loc) : now(loop.getInits()[k]);
      state.addOperands(init);
      state.types.push_back(init.getType());
    }
    /// The old block's ops on new carries.
    auto enter = [&](Block &old, Block &fresh) {
      for (unsigned k = 0; k < carries; ++k) {
        map.map(old.getArgument(k), fresh.getArgument(k));
        if (moves[k])
          mapped.insert(old.getArgument(k));
      }
    };
    auto open = [&] {
      auto *block = new Block;
      state.addRegion()->push_back(block);
      for (Type type : state.types)
        block->addArgument(type, loc);
      return block;
    };
    Block *newTest = open(), *newBody = open();
    OpBuilder inTest(b.getContext()), inBody(b.getContext());
    inTest.setInsertionPointToEnd(newTest);
    enter(test, *newTest);
    if (failed(ops(inTest, test)))
      return failure();
    Value goesOn = now(verdict);
    if (each)
      goesOn = ReduceOrOp::create(inTest, loc, goesOn, ArrayRef<int64_t>{0});
    YieldOp::create(inTest, loc, goesOn);
    inBody.setInsertionPointToEnd(newBody);
    Value active;
    if (each) {
      enter(test, *newBody);
      if (failed(ops(inBody, test)))
        return failure();
      active = now(verdict);
    }
    enter(body, *newBody);
    auto step = [&] { return ops(inBody, body); };
    if (each && canDoHarm(loop.getBody())) {
      for (BlockArgument carry : body.getArguments())
        map.map(carry, ActiveRowsOp::create(inBody, loc, now(carry).getType(), active, now(carry)).getResult());
      if (failed(onActive(inBody, loop.getBody(), active, loc, step)))
        return failure();
    } else if (failed(step())) {
      return failure();
    }
    SmallVector<Value> yields;
    for (unsigned k = 0; k < carries; ++k) {
      Value v = body.getTerminator()->getOperand(k);
      yields.push_back(moves[k] ? full(inBody, v, loc) : now(v));
      if (each) {
        Value p = Build(inBody, loc).broadcast(active, withElement(typeOf(yields[k]), b.getI1Type()), {0});
        yields[k] = Build(inBody, loc).select(p, yields[k], newBody->getArgument(k));
      }
    }
    YieldOp::create(inBody, loc, yields);
    Operation *made = b.create(state);
    for (auto [k, r] : llvm::enumerate(loop.getResults())) {
      map.map(r, made->getResult(unsigned(k)));
      if (moves[k])
        mapped.insert(r);
    }
    return success();
  }

  /// Whether ops of a block pass mapped values on, without making anything.
  void flow(Block &block, DenseSet<Value> &reached) {
    for (Operation &op : block.without_terminator()) {
      llvm::SetVector<Value> captured;
      getUsedValuesDefinedAbove(op.getRegions(), captured);
      auto is = [&](Value v) { return reached.contains(v) || isMapped(v); };
      if (llvm::any_of(op.getOperands(), is) || llvm::any_of(captured, is))
        reached.insert(op.result_begin(), op.result_end());
    }
  }

  LogicalResult batchScan(OpBuilder &b, ScanOp scan) {
    Location loc = scan.getLoc();
    unsigned carries = scan.numCarries();
    DenseSet<Value> reached;
    for (unsigned k = 0; k < carries; ++k)
      if (isMapped(scan.getInits()[k]))
        reached.insert(scan.carry(k));
    for (unsigned j = 0; j < scan.getXs().size(); ++j)
      if (isMapped(scan.getXs()[j]))
        reached.insert(scan.slice(j));
    auto is = [&](Value v) { return reached.contains(v) || isMapped(v); };
    for (bool grown = true; std::exchange(grown, false);) {
      flow(*scan.block(), reached);
      for (unsigned k = 0; k < carries; ++k)
        if (is(scan.yielded()[k]))
          grown |= reached.insert(scan.carry(k)).second;
    }
    SmallVector<Value> inits, xs;
    for (unsigned k = 0; k < carries; ++k)
      inits.push_back(is(scan.carry(k)) ? full(b, scan.getInits()[k], loc) : now(scan.getInits()[k]));
    auto swapped = [&](Value v) { // axes 0 and 1
      SmallVector<int64_t> order = llvm::to_vector(llvm::seq<int64_t>(0, typeOf(v).getRank()));
      std::swap(order[0], order[1]);
      return Build(b, loc).transpose(v, order);
    };
    for (Value x : scan.getXs())
      xs.push_back(isMapped(x) ? swapped(now(x)) : now(x));
    OperationState state(loc, ScanOp::getOperationName());
    state.addOperands(inits);
    state.addOperands(xs);
    state.getOrAddProperties<ScanOp::Properties>() = scan.getProperties();
    Region *region = state.addRegion();
    Block *body = new Block;
    region->push_back(body);
    for (BlockArgument argument : scan.block()->getArguments()) {
      bool moves = reached.contains(argument);
      map.map(argument, body->addArgument(moves ? stacked(argument.getType()) : argument.getType(), argument.getLoc()));
      if (moves)
        mapped.insert(argument);
    }
    OpBuilder inside(b.getContext()); // the block has no parent yet
    inside.setInsertionPointToEnd(body);
    if (failed(ops(inside, *scan.block())))
      return failure();
    SmallVector<Value> yields;
    SmallVector<bool> moves;
    Dim length = scan.getLength().getDims()[0];
    for (auto [i, v] : llvm::enumerate(scan.yielded())) {
      moves.push_back(i < carries ? is(scan.carry(i)) : isMapped(v));
      yields.push_back(moves.back() ? full(inside, v, loc) : now(v));
      Dims dims = getDims(yields.back());
      if (i >= carries)
        dims.insert(dims.begin(), length);
      state.types.push_back(getTensorType(dims, elementOf(yields.back())));
    }
    YieldOp::create(inside, loc, yields);
    Operation *made = b.create(state);
    for (auto [i, r] : llvm::enumerate(scan.getResults())) {
      map.map(r, i >= carries && moves[i] ? swapped(made->getResult(i)) : Value(made->getResult(i)));
      if (moves[i])
        mapped.insert(r);
    }
    return success();
  }

  /// What a side of a branch on a mapped predicate yields, on all slices.
  FailureOr<SmallVector<Value>> side(OpBuilder &b, Region &region, Value predicate, bool negated) {
    Location loc = region.getLoc();
    auto ends = region.front().getTerminator()->getOperands();
    auto yields = [&](OpBuilder &at) {
      return llvm::to_vector(llvm::map_range(ends, [&](Value v) { return full(at, v, loc); }));
    };
    if (!canDoHarm(region)) {
      if (failed(ops(b, region.front())))
        return failure();
      return yields(b);
    }
    Value active = negated ? Value(NotOp::create(b, loc, predicate.getType(), predicate)) : predicate;
    SmallVector<Type> types;
    for (Value v : ends)
      types.push_back(stacked(v.getType()));
    LogicalResult done = success();
    CondOp branch = ifAnyRow(b, loc, active, types, [&](OpBuilder &inside) {
      SmallVector<Value> values;
      done = onActive(inside, region, active, loc, [&] {
        LogicalResult made = ops(inside, region.front());
        if (succeeded(made))
          values = yields(inside);
        return made;
      });
      return values;
    });
    if (failed(done))
      return failure();
    return llvm::to_vector_of<Value>(branch.getResults());
  }

  LogicalResult batchCond(OpBuilder &b, CondOp cond) {
    Location loc = cond.getLoc();
    Operation *ends[2] = {cond.getYes().front().getTerminator(), cond.getNo().front().getTerminator()};
    if (isMapped(cond.getPredicate())) {
      // Both sides, and a choice for each slice.
      Value predicate = now(cond.getPredicate());
      FailureOr<SmallVector<Value>> yes = side(b, cond.getYes(), predicate, false),
                                    no = failed(yes) ? yes : side(b, cond.getNo(), predicate, true);
      if (failed(no))
        return failure();
      for (auto [r, y, n] : llvm::zip(cond.getResults(), *yes, *no)) {
        Value p = Build(b, loc).broadcast(predicate, withElement(typeOf(y), b.getI1Type()), {0});
        map.map(r, Build(b, loc).select(p, y, n));
        mapped.insert(r);
      }
      return success();
    }
    OperationState state(loc, CondOp::getOperationName());
    state.addOperands(now(cond.getPredicate()));
    SmallVector<SmallVector<Value>> yields(2);
    Block *blocks[2] = {new Block, new Block};
    for (int side = 0; side < 2; ++side) {
      state.addRegion()->push_back(blocks[side]);
      OpBuilder inside(b.getContext());
      inside.setInsertionPointToEnd(blocks[side]);
      if (failed(ops(inside, *ends[side]->getBlock())))
        return failure();
      for (Value v : ends[side]->getOperands())
        yields[side].push_back(full(inside, v, loc));
      YieldOp::create(inside, loc, yields[side]);
    }
    for (Type type : cond.getResultTypes())
      state.types.push_back(stacked(type));
    Operation *made = b.create(state);
    if (cond->hasAttr(mayOpen))
      made->setAttr(mayOpen, b.getUnitAttr());
    for (auto [r, n] : llvm::zip(cond.getResults(), made->getResults())) {
      map.map(r, n);
      mapped.insert(r);
    }
    return success();
  }

  VmapOp asked;
  Dim size;
  Value counting; // in a branch or a loop: the slices that go there; null for all
};
} // namespace

LogicalResult expandVmap(VmapOp vmap) {
  OpBuilder b(vmap);
  Batcher batcher(vmap, vmap.getSize().getDims()[0]);
  Block &body = vmap.getBody().front();
  for (auto [argument, x] : llvm::zip(body.getArguments(), vmap.getXs())) {
    batcher.map.map(argument, x);
    batcher.mapped.insert(argument);
  }
  if (failed(batcher.ops(b, body)))
    return failure();
  SmallVector<Value> results;
  for (Value v : body.getTerminator()->getOperands())
    results.push_back(batcher.full(b, v, vmap.getLoc()));
  vmap.replaceAllUsesWith(results);
  vmap.erase();
  return success();
}
} // namespace weft::passes
