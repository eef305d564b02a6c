// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What ops are on the elements that have just come, where their access does not say it all: see Streaming.h.
#include "dialects/weft/Streaming.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Transforms/RegionUtils.h"
#include "llvm/ADT/SetVector.h"
#include <cmath>
#include <limits>

using namespace mlir;
using namespace weft::ir;

//===- generators ---------------------------------------------------------------------------------------------------===//

LogicalResult DimOp::stream(Streaming &s) {
  if (s.hasTime(getSize().getDims()[0]))
    return s.fail("is the length of the whole, which is not known before the end");
  return s.byAccess();
}
LogicalResult IotaOp::stream(Streaming &s) {
  const TimeAxis &axis = s.view[getAxis()];
  RankedTensorType type = s.type();
  if (axis.kind == TimeAxis::all && s.window()) {
    if (axis.inner || !(weft::ir::getDims(getResult())[getAxis()] == s.whole()))
      return s.fail("counts an axis that is time and something else");
    Value slots = s.slots();
    if (type.getElementType() != elementOf(slots))
      slots = s.e.cast(slots, type.getElementType());
    s.give(s.e.broadcast(slots, type, {int64_t(getAxis())}));
    return success();
  }
  Value at = s.e.iota(type, getAxis());
  if (axis.kind != TimeAxis::now) {
    if (axis.inner || (axis.kind == TimeAxis::all && !s.beyondTime(weft::ir::getDims(getResult())[getAxis()])))
      return s.fail("counts an axis that is time and something else");
    s.give(at);
    return success();
  }
  if (axis.inner || !s.beyondTime(weft::ir::getDims(getResult())[getAxis()]))
    return s.fail("counts an axis that is time and something else");
  Value before = s.position();
  if (axis.offset)
    before = s.e.add(before, s.integer(axis.offset, typeOf(before)));
  Type element = type.getElementType();
  if (element != elementOf(before))
    before = s.e.cast(before, element);
  s.give(s.e.add(at, s.e.broadcast(before, type, {})));
  return success();
}

//===- parts --------------------------------------------------------------------------------------------------------===//

/// Slices of what does not go on, at these places along an axis.
static Value read(Streaming &s, Value x, Value places, int64_t axis) {
  Build &e = s.e;
  return TakeOp::create(e.b, e.loc, x, places, e.b.getI64IntegerAttr(axis), e.b.getUnitAttr());
}
LogicalResult SliceOp::stream(Streaming &s) {
  Dims from = getDims(getX()), to = getDims(getResult()), starts = getStarts().getDims();
  SmallVector<int64_t> strides(getStrides());
  TimeView of = s.plainView(getX());
  Dims newStarts(starts), sizes = getDims(s.type());
  Dim zero(getContext(), 0), one(getContext(), 1);
  SmallVector<int64_t> tables; // axes of what does not go on, of which each time reads its place
  for (unsigned d = 0; d < from.size(); ++d) {
    const TimeAxis &axis = s.view[d];
    bool time = s.hasTime(from[d]);
    if (from[d] == to[d] && starts[d] == 0) { // all of it, time or not
      of[d] = axis;
      continue;
    }
    if (axis.kind == TimeAxis::plain) {
      if (!time) {
        if (s.hasTime(starts[d]))
          return s.fail("begins at a place that depends on how long the whole is");
        continue;
      }
      // The last element of what has come.
      auto beyond = s.beyondTime(from[d]);
      if (!beyond || !(to[d] == 1) || !(starts[d] == from[d] - one))
        return s.fail("reads places of an axis that goes on with time; of these the last one alone has come for sure");
      of[d] = {TimeAxis::now, *beyond};
      newStarts[d] = s.chunk() - one;
      continue;
    }
    if (strides[d] != 1 || !starts[d].isConstant() || !s.beyondTime(to[d]) || axis.inner)
      return s.fail("reads along time at places of its own: other steps than 1 would change the rate");
    if (axis.kind == TimeAxis::all) {
      if (time || s.window())
        return s.fail("is needed along all of time, and reads it from a place of its own");
      continue;
    }
    int64_t start = starts[d].staticSize() + axis.offset;
    newStarts[d] = zero;
    if (time) {
      if (!s.beyondTime(from[d]))
        return s.fail("reads along an axis that is time and something else");
      of[d] = {TimeAxis::now, start};
    } else {
      tables.push_back(int64_t(d));
      sizes[d] = from[d];
    }
  }
  if (!tables.empty() && s.depends(getX()))
    return s.fail("gives each time a part of what follows from all times");
  Value x = s.want(getX(), of);
  if (s.waits())
    return success();
  if (sizes != getDims(x) || llvm::any_of(strides, [](int64_t n) { return n != 1; }))
    x = s.e.slice(x, newStarts, strides, sizes);
  for (int64_t d : tables)
    x = read(s, x, s.places(starts[d].staticSize() + s.view[d].offset, true), d);
  s.give(x);
  return success();
}

/// `late` where a place along the axis is from `place` on, else `early`.
static Value chosen(Streaming &s, Value places, int64_t place, int64_t axis, Value late, Value early) {
  Build &e = s.e;
  Value is = e.compare("GE", places, s.integer(place, typeOf(places)));
  return e.select(e.broadcast(is, withElement(typeOf(late), e.b.getI1Type()), {axis}), late, early);
}
LogicalResult PadOp::stream(Streaming &s) {
  Dims from = getDims(getX()), to = getDims(getResult()), low = getLow().getDims();
  SmallVector<int64_t> interior(getInterior());
  TimeView of = s.plainView(getX());
  std::optional<unsigned> along;
  for (unsigned d = 0; d < from.size(); ++d) {
    const TimeAxis &axis = s.view[d];
    if (from[d] == to[d]) {
      of[d] = axis;
      continue;
    }
    if (axis.kind == TimeAxis::plain && !s.hasTime(from[d]) && !s.hasTime(low[d]))
      continue;
    if (axis.kind != TimeAxis::now || axis.inner || interior[d] != 0 || !low[d].isConstant() ||
        !s.beyondTime(from[d]) || !s.beyondTime(to[d]) || along)
      return s.fail("puts elements along time that cannot be told from those that come");
    along = d;
    of[d] = {TimeAxis::now, axis.offset - low[d].staticSize()};
  }
  if (along && s.depends(getValue()))
    return s.fail("puts a number that follows from all times in front of them");
  Value x = s.want(getX(), of), fill = s.want(getValue(), s.plainView(getValue()));
  if (s.waits())
    return success();
  RankedTensorType type = s.type();
  if (!along) {
    s.give(PadOp::create(s.e.b, s.e.loc, type, x, fill, getLowAttr(), getInteriorAttr()));
    return success();
  }
  Dims now = getDims(type);
  if (now != getDims(x)) { // other axes too
    low[*along] = Dim(getContext(), 0);
    x = PadOp::create(s.e.b, s.e.loc, type, x, fill, getDimsAttr(getContext(), low), getInteriorAttr());
  }
  if (int64_t offset = of[*along].offset; offset < 0)
    x = chosen(s, s.places(offset), 0, int64_t(*along), x, s.e.broadcast(fill, type, {}));
  s.give(x);
  return success();
}

LogicalResult ConcatenateOp::stream(Streaming &s) {
  int64_t along = int64_t(getAxis());
  TimeAxis axis = s.view[along];
  if (axis.kind == TimeAxis::plain && !s.hasTime(getDims(getResult())[along]))
    return s.byAccess();
  if (axis.kind != TimeAxis::now || axis.inner || !s.beyondTime(getDims(getResult())[along]))
    return s.fail("joins along time what is needed of all times");
  SmallVector<Value> parts;
  SmallVector<int64_t> firsts;
  SmallVector<bool> tables;
  Dim start(getContext(), 0);
  bool ended = false;
  for (Value input : getInputs()) {
    Dim size = getDims(input)[along];
    bool time = s.hasTime(size);
    if (ended) { // behind what goes on: is it ever read?
      auto beyond = s.beyondTime(start);
      if (!beyond || axis.offset > *beyond)
        return s.fail("puts elements behind what goes on with time: where they stand depends on how long the whole is");
    } else {
      TimeView of(s.view);
      firsts.push_back(start.staticSize());
      tables.push_back(!time);
      of[along] = time ? TimeAxis{TimeAxis::now, axis.offset - firsts.back()} : TimeAxis();
      if (time && !s.beyondTime(size))
        return s.fail("joins along time what goes on at another rate");
      if (!time && s.depends(input))
        return s.fail("puts elements that follow from all times in front of them");
      parts.push_back(s.want(input, of));
      ended = time;
    }
    start = start + size;
  }
  if (s.waits())
    return success();
  Value joined, places = s.places(axis.offset);
  for (auto [part, first, table] : llvm::zip(parts, firsts, tables)) {
    if (table) {
      Value own = first ? s.e.sub(places, s.integer(first, typeOf(places))) : places;
      part = read(s, part, own, along);
    }
    joined = joined ? chosen(s, places, first, along, part, joined) : part;
  }
  s.give(joined);
  return success();
}

//===- reductions ---------------------------------------------------------------------------------------------------===//

static double extremeOf(Value x, bool least) {
  if (auto integer = dyn_cast<IntegerType>(elementOf(x)))
    return (least ? -1 : 1) * std::pow(2.0, integer.getWidth() - 1) - (least ? 0 : 1);
  return (least ? -1 : 1) * std::numeric_limits<double>::infinity();
}
LogicalResult ReduceSumOp::stream(Streaming &s) { return s.byAccess(0.0); }
LogicalResult ReduceMaxOp::stream(Streaming &s) { return s.byAccess(extremeOf(getX(), true)); }
LogicalResult ReduceMinOp::stream(Streaming &s) { return s.byAccess(extremeOf(getX(), false)); }
LogicalResult ReduceProdOp::stream(Streaming &s) { return s.byAccess(1.0); }
LogicalResult ReduceAndOp::stream(Streaming &s) { return s.byAccess(1.0); }
LogicalResult ReduceOrOp::stream(Streaming &s) { return s.byAccess(0.0); }
LogicalResult ContractOp::stream(Streaming &s) { return s.byAccess(0.0); }

LogicalResult SoftmaxOp::stream(Streaming &s) {
  unsigned axis = unsigned(getAxis());
  if (!s.hasTime(getDims(getX())[axis]))
    return s.byAccess();
  std::optional<unsigned> now = s.nowAxis();
  if (s.view[axis].kind != TimeAxis::all || !now)
    return s.fail("needs all elements along time, also those that come later");
  auto later = s.hiddenFrom(getX(), *now, axis);
  if (later && *later < 0 && std::isfinite(*later))
    return s.fail("masks " + s.unseen() + ", with a number, " + std::to_string(*later) +
                  ", which does not hide them for sure: write -infinity");
  if (!later || *later != -std::numeric_limits<double>::infinity())
    return s.fail("goes over all elements along time, and nothing masks " + s.unseen() + ", with -infinity");
  Value x = s.want(getX(), s.view);
  if (!s.waits())
    s.give(s.again({x}, {s.type()})->getResult(0));
  return success();
}

//===- one after the other ------------------------------------------------------------------------------------------===//

/// An op along time, from its begin: what is kept is put in front of what has come, as an element of its own. So the
/// order of all sums is that of the whole.
static LogicalResult streamCumulative(Streaming &s, int64_t axis, bool reverse, bool exclusive, double start) {
  Operation *op = s.op;
  Dims dims = getDims(op->getResult(0));
  if (!s.hasTime(dims[axis]))
    return s.byAccess();
  if (reverse)
    return s.fail("goes along time from its end, which comes last");
  if (s.view[axis].kind != TimeAxis::now || s.view[axis].offset != 0 || s.view[axis].inner ||
      !(dims[axis] == s.whole()))
    return s.fail("goes along time, and is needed at other places than those that have just come");
  SmallVector<Value> operands;
  for (Value x : op->getOperands())
    operands.push_back(s.want(x, s.view));
  if (s.waits())
    return success();
  Build &e = s.e;
  // What is kept has the type in which the op accumulates.
  Type element = elementOf(op->getResult(0)), wide = element;
  if (isa<FloatType>(element) && element.getIntOrFloatBitWidth() < 32)
    wide = e.b.getF32Type();
  Dims one = getDims(s.type()), joined = one;
  one[axis] = Dim(op->getContext(), 1);
  joined[axis] = joined[axis] + one[axis];
  Value before = s.kept(getTensorType(one, wide), start);
  for (auto [i, x] : llvm::enumerate(operands)) {
    if (wide != element)
      x = e.cast(x, wide);
    Value first = i + 1 == operands.size() ? before : e.zeros(before); // a recurrence: 0 times nothing, plus what was
    x = ConcatenateOp::create(e.b, e.loc, getTensorType(joined, wide), ValueRange{first, x},
                              e.b.getI64IntegerAttr(axis));
  }
  OperationState state(op->getLoc(), op->getName(), operands, {getTensorType(joined, wide)},
                       NamedAttrList(op->getAttrs()));
  state.attributes.erase("exclusive");
  Value all = e.b.create(state)->getResult(0);
  SmallVector<int64_t> strides(one.size(), 1);
  auto part = [&](const Dim &from, const Dims &sizes) {
    Dims starts(one.size(), Dim(op->getContext(), 0));
    starts[axis] = from;
    return e.slice(all, starts, strides, sizes);
  };
  s.keep(before, part(s.chunk(), one));
  Value y = part(Dim(op->getContext(), exclusive ? 0 : 1), getDims(s.type()));
  s.give(wide == element ? y : e.cast(y, element));
  return success();
}
LogicalResult CumsumOp::stream(Streaming &s) { return streamCumulative(s, getAxis(), getReverse(), getExclusive(), 0); }
LogicalResult CumprodOp::stream(Streaming &s) {
  return streamCumulative(s, getAxis(), getReverse(), getExclusive(), 1);
}
LogicalResult CummaxOp::stream(Streaming &s) {
  return streamCumulative(s, getAxis(), getReverse(), getExclusive(), extremeOf(getX(), true));
}
LogicalResult CumminOp::stream(Streaming &s) {
  return streamCumulative(s, getAxis(), getReverse(), getExclusive(), extremeOf(getX(), false));
}
LogicalResult LinearRecurrenceOp::stream(Streaming &s) {
  return streamCumulative(s, getAxis(), getReverse(), getExclusive(), 0);
}

LogicalResult ScanOp::stream(Streaming &s) {
  unsigned carries = numCarries();
  if (!(getLength().getDims()[0] == s.whole()))
    return s.fail("is a loop over something else than time, around what comes with time: write its steps out");
  if (getReverse())
    return s.fail("goes along time from its end, which comes last");
  if (s.result >= carries && (s.view[0].kind != TimeAxis::now || s.view[0].offset != 0 || s.view[0].inner))
    return s.fail("goes along time, and is needed at other places than those that have just come");
  for (unsigned d = s.result >= carries ? 1 : 0; d < s.view.size(); ++d)
    if (s.view[d].kind != TimeAxis::plain)
      return s.fail("has a second axis along time");
  SmallVector<Value> inits, xs;
  auto alone = [&](Value v, unsigned from) {
    return llvm::none_of(llvm::drop_begin(getDims(v), from), [&](const Dim &d) { return s.hasTime(d); });
  };
  for (Value x : getXs()) {
    TimeView of = s.plainView(x);
    of[0].kind = TimeAxis::now;
    if (!alone(x, 1))
      return s.fail("reads slices that have a second axis along time");
    xs.push_back(s.want(x, of));
  }
  for (Value init : getInits()) {
    if (!alone(init, 0) || s.depends(init))
      return s.fail("begins with a value that depends on all that comes");
    inits.push_back(s.want(init, s.plainView(init)));
  }
  llvm::SetVector<Value> captured;
  getUsedValuesDefinedAbove(getOperation()->getRegions(), captured);
  IRMapping map;
  bool inside = false;
  for (Value v : captured) {
    if (!alone(v, 0) || s.depends(v))
      return s.fail("has a body that reads a value of all times from outside: give it the slices of that value");
    map.map(v, s.want(v, s.plainView(v)));
  }
  getOperation()->walk([&](Operation *inner) {
    for (Value v : inner->getResults())
      inside |= inner != getOperation() && s.hasTime(v);
    for (NamedAttribute attribute : inner->getAttrs())
      if (auto dims = dyn_cast<DimsAttr>(attribute.getValue()))
        inside |= inner != getOperation() && llvm::any_of(dims.getDims(), [&](const Dim &d) { return s.hasTime(d); });
  });
  if (inside)
    return s.fail("has a body that depends on how long the whole is");
  if (s.waits())
    return success();
  Build &e = s.e;
  SmallVector<Value> kept;
  Value begins;
  for (Value &init : inits) {
    std::optional<double> number = isa<FloatType>(elementOf(init)) ? splatOf(init) : std::nullopt;
    kept.push_back(s.kept(typeOf(init), number.value_or(0)));
    if (number) {
      init = kept.back();
      continue;
    }
    if (!begins)
      begins = e.compare("EQ", s.position(), s.integer(0, typeOf(s.position())));
    Value is = e.broadcast(begins, withElement(typeOf(init), e.b.getI1Type()), {});
    init = e.select(is, init, kept.back());
  }
  SmallVector<Type> types;
  SmallVector<TimeView> views;
  for (auto [r, v] : llvm::enumerate(getResults())) {
    TimeView &of = views.emplace_back(s.plainView(v));
    if (r >= carries)
      of[0].kind = TimeAxis::now;
    types.push_back(s.typeIn(v.getType(), of));
  }
  OperationState state(getLoc(), getOperationName());
  state.addOperands(inits);
  state.addOperands(xs);
  state.addTypes(types);
  auto &properties = state.getOrAddProperties<Properties>();
  properties = getProperties();
  properties.length = getDimsAttr(getContext(), {s.chunk()});
  Value before = index().use_empty() ? Value() : s.position();
  Region *region = state.addRegion();
  getBody().cloneInto(region, map);
  if (before) {
    // Positions go on.
    BlockArgument at = region->front().getArgument(0);
    OpBuilder b(getContext());
    b.setInsertionPointToStart(&region->front());
    Value place = AddOp::create(b, getLoc(), at.getType(), at, before);
    at.replaceAllUsesExcept(place, place.getDefiningOp());
  }
  Operation *made = e.b.create(state);
  for (unsigned k = 0; k < carries; ++k)
    s.keep(kept[k], made->getResult(k));
  for (unsigned r = 0; r < views.size(); ++r)
    s.give(r, views[r], made->getResult(r));
  return success();
}
