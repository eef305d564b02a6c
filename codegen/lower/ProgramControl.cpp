// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Loops and branches of a program: blocks of the run function around the dispatches of their regions.
#include "codegen/lower/ProgramBuilder.h"

using namespace mlir;
using namespace weft;
using namespace weft::codegen;
using ir::Dim;

LogicalResult ProgramBuilder::buildRegion(Block &block, ArrayRef<Value> wanted) {
  yields.emplace_back(wanted);
  LogicalResult built = buildBlock(block);
  yields.pop_back();
  return built;
}

FailureOr<SmallVector<Value>> ProgramBuilder::placesOf(Operation *op) {
  ArrayAttr places = loom::placesOf(op);
  if (!places)
    return op->emitOpError("has no places: the plan comes first");
  SmallVector<Value> addresses;
  for (Attribute attribute : places) {
    std::optional<Place> place = placeFrom(attribute);
    Value at = place ? addressOf(*place) : Value();
    if (!at)
      return op->emitOpError("has an unknown place: ") << attribute;
    addresses.push_back(at);
  }
  return addresses;
}
Value ProgramBuilder::bytes(ArrayRef<Dim> dims, Type element) {
  return LLVM::MulOp::create(b, loc, expand(ir::product(b.getContext(), dims)),
                             number(std::max<int64_t>(1, element.getIntOrFloatBitWidth() / 8)));
}
Value ProgramBuilder::sliceBytes(Value stacked) {
  ir::Dims dims = ir::getDims(stacked);
  return bytes(ArrayRef<Dim>(dims).drop_front(), ir::elementOf(stacked));
}
LogicalResult ProgramBuilder::buildControl(Operation *op) {
  loc = op->getLoc();
  if (ArrayAttr places = loom::placesOf(op); places && writesState(places))
    beginUpdate();
  if (auto scan = dyn_cast<ir::ScanOp>(op))
    return buildScan(scan);
  if (auto loop = dyn_cast<ir::WhileOp>(op))
    return buildWhile(loop);
  if (auto cond = dyn_cast<ir::CondOp>(op))
    return buildCond(cond);
  return op->emitOpError("has no lowering");
}

Value ProgramBuilder::isSet(Value predicateAt) {
  Value byte = LLVM::LoadOp::create(b, loc, b.getI8Type(), predicateAt),
        zero = LLVM::ConstantOp::create(b, loc, b.getI8Type(), 0);
  return LLVM::ICmpOp::create(b, loc, LLVM::ICmpPredicate::ne, byte, zero);
}

// A carry is at one of three addresses: where it came from, or one of its two buffers. The loop hands on (where it is,
// where the next one goes, where that after it goes): the first value is never written. After no step at all the result
// is a copy of it, for its memory may be another's by the time that the result is read.
FailureOr<ProgramBuilder::Carried> ProgramBuilder::beginLoop(OperandRange inits, ArrayRef<Value> buffers, Value most) {
  unsigned carries = inits.size();
  SmallVector<Value> start{number(0)};
  for (unsigned k = 0; k < carries; ++k) {
    FailureOr<Value> first = address(inits[k]);
    if (failed(first))
      return failure();
    start.append({*first, buffers[2 * k], buffers[2 * k + 1]});
  }
  Block *before = b.getBlock();
  SmallVector<Type> types{i64};
  types.append(3 * carries, pointer);
  Block *header = newBlock(types);
  Carried loop{carries, header, newBlock(), newBlock(), header->getArgument(0)};
  b.setInsertionPointToEnd(before);
  LLVM::BrOp::create(b, loc, start, header);
  b.setInsertionPointToEnd(header);
  Value more = LLVM::ICmpOp::create(b, loc, LLVM::ICmpPredicate::slt, loop.count, most);
  LLVM::CondBrOp::create(b, loc, LLVM::AndOp::create(b, loc, more, goesOn()), loop.step, ValueRange(), loop.after,
                         ValueRange());
  b.setInsertionPointToEnd(loop.step);
  return loop;
}

void ProgramBuilder::endLoop(const Carried &loop, ResultRange results, bool maybeNoStep) {
  SmallVector<Value> next{LLVM::AddOp::create(b, loc, loop.count, number(1))};
  for (unsigned k = 0; k < loop.carries; ++k)
    next.append({loop.wanted(k), loop.spare(k), loop.wanted(k)});
  LLVM::BrOp::create(b, loc, next, loop.header);
  b.setInsertionPointToEnd(loop.after);
  for (unsigned k = 0; k < loop.carries; ++k)
    moving[results[k]] = loop.value(k);
  if (!maybeNoStep)
    return;
  SmallVector<unsigned> read;
  SmallVector<Value> last, copied;
  for (unsigned k = 0; k < loop.carries; ++k)
    if (!results[k].use_empty())
      read.push_back(k), last.push_back(loop.value(k));
  Value none = LLVM::ICmpOp::create(b, loc, LLVM::ICmpPredicate::eq, loop.count, number(0));
  Block *untouched = newBlock(), *done = newBlock(SmallVector<Type>(read.size(), pointer));
  b.setInsertionPointToEnd(loop.after);
  LLVM::CondBrOp::create(b, loc, none, untouched, ValueRange(), done, last);
  b.setInsertionPointToEnd(untouched);
  for (unsigned k : read) {
    LLVM::MemcpyOp::create(b, loc, loop.wanted(k), loop.value(k),
                           bytes(ir::getDims(results[k]), ir::elementOf(results[k])), /*isVolatile=*/false);
    copied.push_back(loop.wanted(k));
  }
  LLVM::BrOp::create(b, loc, copied, done);
  b.setInsertionPointToEnd(done);
  for (auto [k, at] : llvm::zip(read, done->getArguments()))
    moving[results[k]] = at;
}

LogicalResult ProgramBuilder::buildScan(ir::ScanOp scan) {
  FailureOr<SmallVector<Value>> places = placesOf(scan);
  if (failed(places))
    return failure();
  unsigned carries = scan.numCarries(), stacked = scan.getNumResults() - carries;
  ArrayRef<Value> results = ArrayRef(*places).drop_front(2 * carries).take_front(stacked);
  Value positionAt = places->back(), length = expand(scan.getLength().getDims()[0]);
  SmallVector<Value> sources, steps;
  for (Value x : scan.getXs()) {
    FailureOr<Value> at = address(x);
    if (failed(at))
      return failure();
    sources.push_back(*at);
    steps.push_back(sliceBytes(x));
  }
  for (OpResult r : scan.getResults().drop_front(carries))
    steps.push_back(sliceBytes(r));
  FailureOr<Carried> loop = beginLoop(scan.getInits(), *places, length);
  if (failed(loop))
    return failure();
  Value position = loop->count;
  if (scan.getReverse())
    position = LLVM::SubOp::create(b, loc, LLVM::SubOp::create(b, loc, length, position), number(1));
  LLVM::StoreOp::create(b, loc, LLVM::TruncOp::create(b, loc, b.getI32Type(), position), positionAt);
  moving[scan.index()] = positionAt;
  SmallVector<Value> wanted;
  for (unsigned k = 0; k < carries; ++k) {
    moving[scan.carry(k)] = loop->value(k);
    wanted.push_back(loop->wanted(k));
  }
  for (unsigned j = 0; j < sources.size(); ++j)
    moving[scan.slice(j)] = ahead(sources[j], LLVM::MulOp::create(b, loc, position, steps[j]));
  for (unsigned i = 0; i < stacked; ++i)
    wanted.push_back(ahead(results[i], LLVM::MulOp::create(b, loc, position, steps[sources.size() + i])));
  if (failed(buildRegion(*scan.block(), wanted)))
    return failure();
  loc = scan.getLoc();
  endLoop(*loop, scan.getResults(), scan.getLength().getDims()[0].lower() < 1);
  for (unsigned i = 0; i < stacked; ++i)
    moving[scan.getResult(carries + i)] = results[i];
  return success();
}

LogicalResult ProgramBuilder::buildWhile(ir::WhileOp op) {
  FailureOr<SmallVector<Value>> places = placesOf(op);
  if (failed(places))
    return failure();
  Value most = op.getMax() ? expand(op.getMax()->getDims()[0]) : number(std::numeric_limits<int64_t>::max());
  FailureOr<Carried> loop = beginLoop(op.getInits(), *places, most);
  if (failed(loop))
    return failure();
  SmallVector<Value> wanted;
  for (unsigned k = 0; k < loop->carries; ++k) {
    // Not as one assignment: the second entry may move the first one, which it would be read from.
    Value carry = loop->value(k);
    moving[op.getTest().getArgument(k)] = carry;
    moving[op.getBody().getArgument(k)] = carry;
    wanted.push_back(loop->wanted(k));
  }
  if (failed(buildRegion(op.getTest().front(), {places->back()})))
    return failure();
  loc = op.getLoc();
  Block *tested = b.getBlock(), *body = newBlock();
  b.setInsertionPointToEnd(tested);
  // Asked again: a test that was left out says nothing.
  LLVM::CondBrOp::create(b, loc, LLVM::AndOp::create(b, loc, isSet(places->back()), goesOn()), body, ValueRange(),
                         loop->after, ValueRange());
  b.setInsertionPointToEnd(body);
  if (failed(buildRegion(op.getBody().front(), wanted)))
    return failure();
  loc = op.getLoc();
  endLoop(*loop, op.getResults(), /*maybeNoStep=*/true);
  return success();
}

LogicalResult ProgramBuilder::buildCond(ir::CondOp cond) {
  FailureOr<SmallVector<Value>> places = placesOf(cond);
  FailureOr<Value> predicate = address(cond.getPredicate());
  if (failed(places) || failed(predicate))
    return failure();
  Value holds = isSet(*predicate);
  Block *before = b.getBlock();
  Block *yes = newBlock(), *no = newBlock(), *after = newBlock();
  b.setInsertionPointToEnd(before);
  LLVM::CondBrOp::create(b, loc, holds, yes, ValueRange(), no, ValueRange());
  for (auto [block, region] : {std::pair(yes, &cond.getYes()), std::pair(no, &cond.getNo())}) {
    b.setInsertionPointToEnd(block);
    if (failed(buildRegion(region->front(), *places)))
      return failure();
    LLVM::BrOp::create(b, loc, ValueRange(), after);
  }
  b.setInsertionPointToEnd(after);
  for (auto [r, at] : llvm::zip(cond.getResults(), *places))
    moving[r] = at;
  return success();
}
