// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- DeriveStream.cpp - a function that is causal along an axis as a step with a state ---------------------------------===//
//
//   func.func @f(%x: [T, 4]) -> [T, 4]                       func.func @f(%x: [T, 4], %p: i32, %before: [1, 4])
//       attributes {weft.stream = "T"} {                                 -> ([T, 4], i32, [1, 4]) {
//     %s = weft.cumsum %x 0                                    %j = weft.concatenate %before, %x along 0
//     %i = weft.iota 0 : [T]                           ==>     %a = weft.cumsum %j 0
//     %b = weft.broadcast %i [0] : [T, 4]                      %s = weft.slice %a from <(1, 0)>
//     %y = weft.add %s, %b                                     %i = weft.iota 0 : [T]          plus %p
//     return %y                                                %y = ...
//   }                                                          return %y, %p + T, the last of %a
//                                                            }
//
// In the step, T is the number of elements that come at once: any from 1 to its upper bound, or to `weft.stream_most`.
// Behind the function's arguments come the number of elements that came before, and what is kept; behind its results
// their new values, each marked as its argument's (`weft.updates`), so that it is written where the old one was.
// `weft.start` of such an argument is the number that it is everywhere in the begin, `weft.along` the axis of all
// places that have come. T's upper bound is the capacity of what keeps all that has come; with `weft.stream_window`
// masks must hide what came so many places before, and the last ones alone are kept, in a ring: such a stream goes on
// for ever.
//
// The step is made backwards, from the results: Streaming.h tells how. What is asked for and not there yet waits on a
// list, for graphs are deep.
//
//===----------------------------------------------------------------------------------------------------------------===//
#include "dialects/weft/Streaming.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Transforms/RegionUtils.h"
#include "passes/Passes.h"
#include "llvm/ADT/SetVector.h"
#include <map>

namespace weft::passes {
#define GEN_PASS_DEF_DERIVESTREAM
#include "passes/Passes.h.inc"

using namespace mlir;
using namespace ir;

namespace {
class Streamer : public Streaming {
public:
  Streamer(func::FuncOp function, OpBuilder &b, const Dim &time, const Dim &chunk, int64_t window)
      : Streaming(Build(b, function.getLoc()), time, chunk, window), function(function),
        old(&function.getBody().front()) {}

  LogicalResult run();

  Value want(Value whole, const TimeView &view) override;
  bool waits() const override { return waiting || failing; }
  bool depends(Value whole) const override { return dependent.contains(whole); }
  Value position(bool bounded) override;
  Value slots() override;
  Value kept(RankedTensorType type, double start) override;
  void keep(Value kept, Value next) override { updates[kept] = next; }
  void give(unsigned result, const TimeView &view, Value value) override {
    known[keyOf(op->getResult(result), view)] = value;
  }
  LogicalResult fail(const Twine &why, Operation *at = nullptr) override;

private:
  struct Item {
    Value value;
    TimeView view;
    Operation *by; // who asked first
  };
  using Key = std::pair<void *, std::string>;
  static Key keyOf(Value v, const TimeView &view) {
    std::string text;
    for (const TimeAxis &axis : view) {
      text += char('0' + axis.kind);
      text += std::to_string(axis.offset);
      if (axis.inner)
        text += "/" + axis.inner->str();
      text += ' ';
    }
    return {v.getAsOpaquePointer(), text};
  }
  void findDependent();
  LogicalResult attempt(Item item);
  LogicalResult drain();
  Value targets();
  LogicalResult cache(Value whole, unsigned axis);
  LogicalResult delay(Value whole, unsigned axis, int64_t natural);
  void shareDelays();
  bool speaksOfTime(Operation *op) const;
  LogicalResult asItIs(Operation *op);
  std::string nameOf(Value v) const;

  func::FuncOp function;
  Block *old, *fresh = nullptr;
  std::map<Key, Value> known;
  DenseMap<Value, Operation *> askedBy;
  SmallVector<Item> stack;
  DenseSet<Value> dependent;
  Value value; // that is asked for
  bool waiting = false, failing = false;
  Value before, bounded, held, to;
  struct Delay {
    Key of;
    unsigned axis;
    int64_t count;
    Value held;
  };
  SmallVector<Delay> delays;
  DenseMap<Value, unsigned> along; // of what keeps all places: their axis
  SmallVector<Value> states;
  SmallVector<double> starts_;
  DenseMap<Value, Value> updates;
};
} // namespace

void Streamer::findDependent() {
  for (BlockArgument argument : old->getArguments())
    if (hasTime(argument))
      dependent.insert(argument);
  for (Operation &op : old->without_terminator()) {
    llvm::SetVector<Value> captured;
    getUsedValuesDefinedAbove(op.getRegions(), captured);
    auto is = [&](Value v) { return dependent.contains(v); };
    if (llvm::any_of(op.getOperands(), is) || llvm::any_of(captured, is))
      dependent.insert(op.result_begin(), op.result_end());
  }
}

std::string Streamer::nameOf(Value v) const {
  auto argument = dyn_cast<BlockArgument>(v);
  if (!argument)
    return userName(v.getDefiningOp());
  auto name = func::FuncOp(function).getArgAttrOfType<StringAttr>(argument.getArgNumber(), "weft.name");
  return name ? "argument " + name.str() : "argument " + std::to_string(argument.getArgNumber());
}

/// The error stands at the op; notes lead from what comes to it, and from it to what the user asked for.
LogicalResult Streamer::fail(const Twine &why, Operation *blamed) {
  if (failing)
    return failure();
  Operation *reader = blamed && blamed != op ? op : nullptr;
  if (reader)
    op = blamed;
  failing = true;
  constexpr unsigned most = 8;
  std::string name = time_.asSymbol()->name;
  InFlightDiagnostic error = emitError(op ? op->getLoc() : function.getLoc());
  error << "stream: " << (op ? userName(op) : nameOf(value)) << " " << why.str() << " (time is " << name << ")";
  if (!op)
    return failure();
  SmallVector<Value> way;
  for (Operation *at = op; at && way.size() < most;) {
    auto next = llvm::find_if(at->getOperands(), [&](Value v) { return dependent.contains(v); });
    if (next == at->getOperands().end())
      break;
    way.push_back(*next);
    at = (*next).getDefiningOp();
  }
  for (Value v : llvm::reverse(way)) {
    Location loc = v.getDefiningOp() ? v.getDefiningOp()->getLoc() : op->getLoc();
    error.attachNote(loc) << (isa<BlockArgument>(v) ? "what comes is " : "it goes through ") << nameOf(v) << ", "
                          << str(v.getType());
  }
  Operation *at = op;
  if (reader) {
    error.attachNote(reader->getLoc()) << "the result goes into " << userName(reader) << ", at each time";
    at = reader;
  }
  for (unsigned steps = 0; at && steps < most; ++steps) {
    Operation *next = nullptr;
    for (Value r : at->getResults())
      if (auto found = askedBy.find(r); found != askedBy.end() && !next)
        next = found->second;
    if (!next)
      break;
    if (isa<func::ReturnOp>(next)) {
      error.attachNote(at->getLoc()) << "this is a result of the function, at each time";
      break;
    }
    error.attachNote(next->getLoc()) << "the result goes into " << userName(next) << ", at each time";
    at = next;
  }
  return failure();
}

Value Streamer::want(Value whole, const TimeView &of) {
  if (failing)
    return {};
  for (auto [d, dim, axis] : llvm::enumerate(getDims(whole), of)) {
    std::optional<int64_t> beyond = beyondTime(dim);
    if (axis.kind == TimeAxis::plain && hasTime(dim)) {
      (void)fail("needs all elements along time, also those that come later");
      return {};
    }
    if (axis.kind == TimeAxis::now && beyond && axis.offset > *beyond && dependent.contains(whole)) {
      (void)fail("reads elements that come " + Twine(axis.offset - *beyond) + " later along time");
      return {};
    }
    if (axis.kind == TimeAxis::now && !beyond && axis.offset != 0) {
      (void)fail("reads earlier elements of an axis that is time and something else");
      return {};
    }
    if (axis.kind == TimeAxis::all && axis.offset != 0) {
      (void)fail("reads all of time from a place of its own");
      return {};
    }
  }
  auto found = known.find(keyOf(whole, of));
  if (found != known.end())
    return found->second;
  waiting = true;
  stack.push_back({whole, of, op});
  if (op)
    askedBy.try_emplace(whole, op);
  return {};
}

Value Streamer::position(bool checked) {
  if (!checked)
    return before;
  if (!bounded) {
    // In front of all, for whoever asks.
    OpBuilder::InsertionGuard guard(e.b);
    e.b.setInsertionPointToStart(fresh);
    auto type = cast<RankedTensorType>(before.getType());
    Location loc = function.getLoc();
    Value more = DimOp::create(e.b, loc, type, getDimsAttr(e.b.getContext(), {chunk_ - Dim(e.b.getContext(), 1)}));
    Value last = AddOp::create(e.b, loc, type, before, more);
    last = CheckIndexOp::create(e.b, loc, type, last,
                                getDimsAttr(e.b.getContext(), {Dim(e.b.getContext(), time_.upper())}),
                                e.b.getStringAttr("stream: the cache is full"), UnitAttr());
    bounded = SubOp::create(e.b, loc, type, last, more);
  }
  return bounded;
}

/// Slot s of a ring of `size`, in which the last element is in slot r, has the last place but r - s; those behind r one
/// round less.
Value Streamer::slots() {
  if (held)
    return held;
  OpBuilder::InsertionGuard guard(e.b);
  e.b.setInsertionPointToStart(fresh);
  MLIRContext *context = e.b.getContext();
  Location old = std::exchange(e.loc, function.getLoc());
  auto scalar = cast<RankedTensorType>(before.getType());
  auto type = getTensorType({capacity_}, scalar.getElementType());
  Value more = DimOp::create(e.b, e.loc, scalar, getDimsAttr(context, {chunk_ - Dim(context, 1)}));
  Value last = e.add(before, more), size = integer(capacity_.staticSize(), scalar);
  auto wide = [&](Value v) { return e.broadcast(v, type, {}); };
  Value slot = e.iota(type, 0), round = e.sub(last, RemOp::create(e.b, e.loc, scalar, last, size));
  Value at = e.add(slot, wide(round));
  at = e.select(e.compare("GT", at, wide(last)), e.sub(at, wide(size)), at);
  held = e.select(e.compare("LT", at, integer(0, type)), wide(e.add(last, integer(1, scalar))), at);
  e.loc = old;
  return held;
}

/// Where the elements that have just come are written.
Value Streamer::targets() {
  if (!window_)
    return places(0, true);
  if (to)
    return to;
  OpBuilder::InsertionGuard guard(e.b);
  e.b.setInsertionPointToStart(fresh);
  Location old = std::exchange(e.loc, function.getLoc());
  auto scalar = cast<RankedTensorType>(before.getType());
  auto type = getTensorType({chunk_}, scalar.getElementType());
  Value size = integer(capacity_.staticSize(), scalar);
  Value first = RemOp::create(e.b, e.loc, scalar, before, size), all = e.broadcast(size, type, {});
  Value at = e.add(e.iota(type, 0), e.broadcast(first, type, {}));
  to = e.select(e.compare("GE", at, all), e.sub(at, all), at);
  e.loc = old;
  return to;
}

Value Streamer::kept(RankedTensorType type, double start) {
  states.push_back(fresh->addArgument(type, e.loc));
  starts_.push_back(start);
  return states.back();
}

/// All that has come of a value, with what has just come.
LogicalResult Streamer::cache(Value whole, unsigned axis) {
  TimeView of = plainView(whole);
  of[axis].kind = TimeAxis::now;
  Value x = want(whole, of);
  if (waits())
    return success();
  Value held = kept(typeIn(whole.getType(), view), 0);
  Value all = ScatterSetOp::create(e.b, e.loc, held.getType(), held, targets(), x, e.b.getI64IntegerAttr(axis),
                                   e.b.getUnitAttr());
  keep(held, all);
  if (!window_)
    along[held] = axis;
  known[keyOf(whole, view)] = all;
  return success();
}

/// Elements that came some places before.
LogicalResult Streamer::delay(Value whole, unsigned axis, int64_t natural) {
  TimeView of(view);
  of[axis].offset = natural;
  Value x = want(whole, of);
  if (waits())
    return success();
  MLIRContext *context = e.b.getContext();
  Dim count(context, natural - view[axis].offset);
  Dims dims = getDims(x), joined = dims, held = dims, starts(dims.size(), Dim(context, 0));
  joined[axis] = dims[axis] + count, held[axis] = count;
  SmallVector<int64_t> strides(dims.size(), 1);
  Value was = kept(getTensorType(held, elementOf(x)), 0);
  delays.push_back({keyOf(whole, of), axis, count.staticSize(), was});
  Value both = ConcatenateOp::create(e.b, e.loc, getTensorType(joined, elementOf(x)), ValueRange{was, x},
                                     e.b.getI64IntegerAttr(axis));
  known[keyOf(whole, view)] = e.slice(both, starts, strides, dims);
  starts[axis] = chunk_;
  keep(was, e.slice(both, starts, strides, held));
  return success();
}

/// Of several stretches of earlier elements of a value the longest is kept: the others are its last elements.
void Streamer::shareDelays() {
  std::map<Key, Delay *> longest;
  for (Delay &one : delays)
    if (Delay *&most = longest[one.of]; !most || most->count < one.count)
      most = &one;
  e.b.setInsertionPointToStart(fresh);
  e.loc = function.getLoc();
  for (Delay &one : delays) {
    Delay &most = *longest[one.of];
    if (&most == &one)
      continue;
    Dims starts(getDims(one.held).size(), Dim(e.b.getContext(), 0));
    starts[one.axis] = Dim(e.b.getContext(), most.count - one.count);
    one.held.replaceAllUsesWith(e.slice(most.held, starts, SmallVector<int64_t>(starts.size(), 1), getDims(one.held)));
    unsigned place = unsigned(llvm::find(states, one.held) - states.begin());
    states.erase(states.begin() + place);
    starts_.erase(starts_.begin() + place);
    updates.erase(one.held);
    fresh->eraseArgument(cast<BlockArgument>(one.held).getArgNumber());
  }
}

/// Whether an op has anything to do with time.
bool Streamer::speaksOfTime(Operation *top) const {
  bool found = false;
  top->walk([&](Operation *inner) {
    auto is = [&](Value v) { return dependent.contains(v) || hasTime(v); };
    found |= llvm::any_of(inner->getOperands(), is) || llvm::any_of(inner->getResults(), is);
    for (NamedAttribute attribute : inner->getAttrs())
      if (auto dims = dyn_cast<DimsAttr>(attribute.getValue()))
        found |= llvm::any_of(dims.getDims(), [&](const Dim &d) { return hasTime(d); });
  });
  return found;
}
LogicalResult Streamer::asItIs(Operation *same) {
  llvm::SetVector<Value> read(same->operand_begin(), same->operand_end());
  getUsedValuesDefinedAbove(same->getRegions(), read);
  IRMapping map;
  for (Value v : read)
    if (Value now = want(v, plainView(v)))
      map.map(v, now);
  if (waits())
    return success();
  Operation *made = e.b.clone(*same, map);
  for (unsigned r = 0; r < made->getNumResults(); ++r)
    give(r, plainView(made->getResult(r)), made->getResult(r));
  return success();
}

LogicalResult Streamer::attempt(Item item) {
  value = item.value, view = item.view;
  op = value.getDefiningOp();
  e.op = op;
  e.loc = op ? op->getLoc() : function.getLoc();
  result = op ? cast<OpResult>(value).getResultNumber() : 0;
  waiting = false;
  if (op && !speaksOfTime(op))
    return asItIs(op);
  Dims dims = getDims(value);
  std::optional<unsigned> all, now;
  unsigned numAll = 0, numNow = 0;
  for (auto [d, axis] : llvm::enumerate(view)) {
    if (axis.kind == TimeAxis::all)
      all = unsigned(d), ++numAll;
    if (axis.kind == TimeAxis::now)
      now = unsigned(d), ++numNow;
  }
  if (dependent.contains(value)) {
    if (numAll > 1)
      return fail("is needed at all pairs of times, which are not kept");
    if (all && !numNow) {
      // What only moves elements, and makes no fewer, is done behind the cache.
      bool moves = op && op->hasTrait<MovesElements>() && op->getNumOperands() == 1 && !isa<StreamOpInterface>(op);
      if (moves) {
        Dim more = product(e.b.getContext(), dims) - product(e.b.getContext(), getDims(op->getOperand(0)));
        moves = more.lower() >= 0;
      }
      if (!moves) {
        if (view[*all].inner || !(dims[*all] == time_))
          return fail("is needed along all of time, of which it has other places");
        return cache(value, *all);
      }
    } else if (now && numNow == 1 && !all) {
      std::optional<int64_t> natural = beyondTime(dims[*now]);
      bool places = op && op->hasTrait<MovesElements>() && isa<StreamOpInterface>(op);
      if (natural && *natural <= 0 && view[*now].offset < *natural && !places)
        return delay(value, *now, *natural);
    }
  }
  if (!op)
    return fail("is needed at other times than it comes");
  if (auto rule = dyn_cast<StreamOpInterface>(op))
    return rule.stream(*this);
  return byAccess();
}

LogicalResult Streamer::drain() {
  while (!stack.empty()) {
    Item item = stack.back();
    size_t height = stack.size();
    if (known.contains(keyOf(item.value, item.view))) {
      stack.pop_back();
      continue;
    }
    if (failed(attempt(item)) || failing)
      return failure();
    if (stack.size() == height && !known.contains(keyOf(item.value, item.view))) {
      op = item.value.getDefiningOp();
      return fail("has a rule that gives nothing");
    }
  }
  return success();
}

LogicalResult Streamer::run() {
  auto terminator = cast<func::ReturnOp>(old->getTerminator());
  findDependent();
  fresh = new Block;
  function.getBody().push_back(fresh);
  e.b.setInsertionPointToEnd(fresh);
  for (BlockArgument argument : old->getArguments()) {
    TimeView of = plainView(argument);
    for (auto [dim, axis] : llvm::zip(getDims(argument), of))
      if (hasTime(dim)) {
        axis.kind = TimeAxis::now;
        if (!(dim == time_)) {
          value = argument;
          return fail("has a size of " + dim.str() + ": an argument goes along time as it is, or not at all");
        }
      }
    known[keyOf(argument, of)] = fresh->addArgument(typeIn(argument.getType(), of), argument.getLoc());
  }
  unsigned given = fresh->getNumArguments(), results = terminator.getNumOperands();
  before = kept(RankedTensorType::get({}, e.b.getI32Type()), 0);

  SmallVector<TimeView> views;
  for (Value v : terminator.getOperands()) {
    TimeView &of = views.emplace_back(plainView(v));
    for (auto [dim, axis] : llvm::zip(getDims(v), of))
      if (hasTime(dim)) {
        axis.kind = TimeAxis::now;
        if (!(dim == time_)) {
          op = v.getDefiningOp(), value = v;
          return fail("is a result of size " + dim.str() + ": it needs an element for each time");
        }
      }
    op = terminator;
    (void)want(v, of);
    std::swap(stack.back(), stack.front()); // results in their order
    if (failed(drain()))
      return failure();
  }
  shareDelays();
  e.loc = function.getLoc();
  SmallVector<Value> outputs;
  for (auto [v, of] : llvm::zip(terminator.getOperands(), views))
    outputs.push_back(known[keyOf(v, of)]);
  auto scalar = cast<RankedTensorType>(before.getType());
  e.b.setInsertionPointToEnd(fresh);
  keep(before, AddOp::create(e.b, e.loc, scalar, bounded ? bounded : before,
                             DimOp::create(e.b, e.loc, scalar, getDimsAttr(e.b.getContext(), {chunk_}))));
  SmallVector<Type> types;
  for (Value state : states)
    outputs.push_back(updates.lookup(state));
  for (Value v : outputs)
    types.push_back(v.getType());
  func::ReturnOp::create(e.b, terminator.getLoc(), outputs);

  SmallVector<Attribute> argumentAttributes, resultAttributes;
  for (unsigned i = 0; i < given; ++i)
    argumentAttributes.push_back(function.getArgAttrDict(i));
  for (unsigned i = 0; i < results; ++i)
    resultAttributes.push_back(function.getResultAttrDict(i));
  for (auto [i, start] : llvm::enumerate(starts_)) {
    auto name = e.b.getNamedAttr("weft.name", e.b.getStringAttr(i ? "cache." + std::to_string(i - 1) : "cache.length"));
    SmallVector<NamedAttribute> said{name, e.b.getNamedAttr("weft.start", e.b.getF64FloatAttr(start))};
    if (auto axis = along.find(states[i]); axis != along.end())
      said.push_back(e.b.getNamedAttr("weft.along", e.b.getI64IntegerAttr(axis->second)));
    argumentAttributes.push_back(e.b.getDictionaryAttr(said));
    resultAttributes.push_back(
        e.b.getDictionaryAttr({name, e.b.getNamedAttr(updatesMark, e.b.getI64IntegerAttr(int64_t(given + i)))}));
  }
  while (!old->empty())
    old->back().erase();
  old->erase();
  function.setFunctionType(e.b.getFunctionType(fresh->getArgumentTypes(), types));
  function.setAllArgAttrs(argumentAttributes);
  function.setAllResultAttrs(resultAttributes);
  function->removeAttr("weft.stream");
  function->removeAttr("weft.stream_most");
  function->removeAttr("weft.stream_window");
  return success();
}

namespace {
struct DeriveStream : impl::DeriveStreamBase<DeriveStream> {
  void runOnOperation() override {
    func::FuncOp function = getOperation();
    auto name = function->getAttrOfType<StringAttr>("weft.stream");
    if (!name)
      return;
    MLIRContext *context = &getContext();
    std::optional<Symbol> time;
    for (Type type : function.getArgumentTypes())
      for (const Dim &dim : getDims(cast<RankedTensorType>(type)))
        for (const Symbol &symbol : dim.symbols())
          if (symbol.name == name.getValue())
            time = symbol;
    if (!time) {
      function.emitError("stream: no argument goes along ") << name.getValue();
      return signalPassFailure();
    }
    if (!function.getBody().hasOneBlock()) {
      function.emitError("stream: the function has several blocks");
      return signalPassFailure();
    }
    int64_t most = time->upper;
    if (auto asked = function->getAttrOfType<IntegerAttr>("weft.stream_most"))
      most = std::min(most, asked.getInt());
    OpBuilder b(context);
    auto window = function->getAttrOfType<IntegerAttr>("weft.stream_window");
    Streamer streamer(function, b, Dim(context, *time), Dim(context, Symbol{time->name, 1, most}),
                      window ? window.getInt() : 0);
    if (failed(streamer.run()))
      signalPassFailure();
  }
};
} // namespace
} // namespace weft::passes
