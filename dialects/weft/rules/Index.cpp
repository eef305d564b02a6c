// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Rules of gather and scatter by integer tensors. take and scatter_add are adjoint to each other, and so are their
// _along forms.
#include "dialects/weft/rules/Checks.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Matchers.h"
#include <cmath>

using namespace mlir;
using namespace weft::ir;

//===- shape --------------------------------------------------------------------------------------------------------===//

namespace {
/// The operands and the attribute that all these ops have: data (or init), indices, an axis.
struct Gather {
  RankedTensorType data, indices;
  int64_t axis = 0;
  Dims dims, places; // of data and of indices
};
} // namespace
template <class Op>
static std::optional<Gather> readGather(StringRef op, std::optional<Location> location, ValueRange operands,
                                        DictionaryAttr attributes, OpaqueProperties properties, RegionRange regions) {
  typename Op::Adaptor adaptor(operands, attributes, properties, regions);
  Gather g;
  g.data = tensorOperand(op, location, operands[0]);
  g.indices = tensorOperand(op, location, operands[1]);
  if (!g.data || !g.indices || failed(checkAttributes<Op>(location, operands, attributes, properties)))
    return std::nullopt;
  if (Type element = g.indices.getElementType();
      !element.isInteger(8) && !element.isInteger(32) && !element.isInteger(64)) {
    (void)emitOptionalError(location, op, ": indices must be i8, i32 or i64, got ", str(g.indices),
                            "; write cast(indices, i32)");
    return std::nullopt;
  }
  g.axis = given(adaptor.getAxisAttr(), attributes, "axis").getInt();
  g.dims = getDims(g.data);
  g.places = getDims(g.indices);
  return g;
}
/// data[:axis] + indices + data[axis+1:].
static RankedTensorType takenType(const Gather &g) {
  Dims dims(ArrayRef(g.dims).take_front(g.axis));
  dims.append(g.places);
  dims.append(g.dims.begin() + g.axis + 1, g.dims.end());
  return getTensorType(dims, g.data.getElementType());
}
static LogicalResult checkAlong(StringRef op, std::optional<Location> location, const Gather &g) {
  if (g.places.size() == g.dims.size() && without(g.places, {g.axis}) == without(g.dims, {g.axis}))
    return success();
  return emitOptionalError(location, op, ": dimensions other than axis ", g.axis, " differ: data ", str(g.data),
                           " and indices ", str(g.indices));
}
static LogicalResult checkUpdates(StringRef op, std::optional<Location> location, Value updates,
                                  RankedTensorType expected) {
  if (updates.getType() == expected)
    return success();
  return emitOptionalError(location, op, ": updates are ", str(updates.getType()), ", but init and indices ask for ",
                           str(expected));
}

LogicalResult TakeOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, ValueRange operands,
                                       DictionaryAttr attributes, OpaqueProperties properties, RegionRange regions,
                                       SmallVectorImpl<Type> &types) {
  std::optional<Gather> g = readGather<TakeOp>("take", location, operands, attributes, properties, regions);
  if (!g)
    return failure();
  types.push_back(takenType(*g));
  return success();
}
LogicalResult TakeAlongOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, ValueRange operands,
                                            DictionaryAttr attributes, OpaqueProperties properties, RegionRange regions,
                                            SmallVectorImpl<Type> &types) {
  std::optional<Gather> g = readGather<TakeAlongOp>("take_along", location, operands, attributes, properties, regions);
  if (!g || failed(checkAlong("take_along", location, *g)))
    return failure();
  types.push_back(getTensorType(g->places, g->data.getElementType()));
  return success();
}
template <class Op>
static LogicalResult inferScatter(bool along, std::optional<Location> location, ValueRange operands,
                                  DictionaryAttr attributes, OpaqueProperties properties, RegionRange regions,
                                  SmallVectorImpl<Type> &types) {
  StringRef op = Op::getOperationName();
  op.consume_front("weft.");
  std::optional<Gather> g = readGather<Op>(op, location, operands, attributes, properties, regions);
  if (!g || (along && failed(checkAlong(op, location, *g))) ||
      failed(checkUpdates(op, location, operands[2],
                          along ? getTensorType(g->places, g->data.getElementType()) : takenType(*g))))
    return failure();
  types.push_back(g->data);
  return success();
}
#define WEFT_SCATTERS(each)                                                                                            \
  each(ScatterAddOp, ScatterAddAlongOp) each(ScatterSetOp, ScatterSetAlongOp) each(ScatterMaxOp, ScatterMaxAlongOp)    \
      each(ScatterMinOp, ScatterMinAlongOp)
#define WEFT_INFER(Op, along)                                                                                          \
  LogicalResult Op::inferReturnTypes(MLIRContext *, std::optional<Location> location, ValueRange operands,             \
                                     DictionaryAttr attributes, OpaqueProperties properties, RegionRange regions,      \
                                     SmallVectorImpl<Type> &types) {                                                   \
    return inferScatter<Op>(along, location, operands, attributes, properties, regions, types);                        \
  }
#define WEFT_INFER_BOTH(Rows, Along) WEFT_INFER(Rows, false) WEFT_INFER(Along, true)
WEFT_SCATTERS(WEFT_INFER_BOTH)
#undef WEFT_INFER_BOTH
#undef WEFT_INFER

//===- reference ----------------------------------------------------------------------------------------------------===//

/// Checks an index, or with `clip` moves it to the nearest place.
static LogicalResult checkIndex(Operation *op, int64_t &index, int64_t size, int64_t at) {
  if (op->hasAttr("clip"))
    index = std::clamp<int64_t>(index, 0, size - 1);
  if (index >= 0 && index < size)
    return success();
  return op->emitOpError("index ") << index << " at element " << at << " is outside dimension of size " << size;
}
/// Whether an index means no place, and that is no error.
static bool isSkipped(Operation *op, int64_t index, int64_t size) {
  return op->hasAttr("skip") && (index < 0 || index >= size);
}
/// A dimension of no element has no nearest place: a clipped read of it gives 0.
static bool readsNothing(Operation *op, const HostArray &data, int64_t axis) {
  return op->hasAttr("clip") && data.shape[axis] == 0;
}
/// Calls body(place in data, place in the taken shape) for every pair that the indices join, in row-major order of the
/// taken shape.
static LogicalResult walkTaken(Operation *op, const HostArray &data, const HostArray &indices, int64_t axis,
                               llvm::function_ref<void(int64_t, int64_t)> body) {
  if (readsNothing(op, data, axis))
    return success();
  std::vector<int64_t> strides = data.strides();
  SmallVector<int64_t> shape(data.shape.begin(), data.shape.begin() + axis);
  shape.append(indices.shape.begin(), indices.shape.end());
  shape.append(data.shape.begin() + axis + 1, data.shape.end());
  std::vector<int64_t> among = indices.strides();
  LogicalResult result = success();
  forEachIndex(shape, [&](ArrayRef<int64_t> at, int64_t n) {
    int64_t place = linear(at.slice(axis, indices.rank()), among), index = indices.i[place];
    if (failed(result) || isSkipped(op, index, data.shape[axis]) ||
        failed(result = checkIndex(op, index, data.shape[axis], place)))
      return;
    int64_t from = index * strides[axis];
    for (int64_t d = 0; d < data.rank(); ++d)
      if (d != axis)
        from += at[d < axis ? d : d + indices.rank() - 1] * strides[d];
    body(from, n);
  });
  return result;
}
static LogicalResult walkAlong(Operation *op, const HostArray &data, const HostArray &indices, int64_t axis,
                               llvm::function_ref<void(int64_t, int64_t)> body) {
  if (readsNothing(op, data, axis))
    return success();
  std::vector<int64_t> strides = data.strides();
  LogicalResult result = success();
  forEachIndex(indices.shape, [&](ArrayRef<int64_t> at, int64_t n) {
    int64_t index = indices.i[n];
    if (failed(result) || isSkipped(op, index, data.shape[axis]) ||
        failed(result = checkIndex(op, index, data.shape[axis], n)))
      return;
    body(linear(at, strides) + (index - at[axis]) * strides[axis], n);
  });
  return result;
}
LogicalResult TakeOp::evaluate(ArrayRef<const HostArray *> x, MutableArrayRef<HostArray> results) {
  return walkTaken(*this, *x[0], *x[1], getAxis(),
                   [&](int64_t data, int64_t taken) { results[0].set(taken, *x[0], data); });
}
LogicalResult TakeAlongOp::evaluate(ArrayRef<const HostArray *> x, MutableArrayRef<HostArray> results) {
  return walkAlong(*this, *x[0], *x[1], getAxis(),
                   [&](int64_t data, int64_t taken) { results[0].set(taken, *x[0], data); });
}
/// An update meets what is at its place.
static void meet(Operation *op, HostArray &y, int64_t to, const HostArray &updates, int64_t from) {
  if (isa<ScatterSetOp, ScatterSetAlongOp>(op))
    return y.set(to, updates, from);
  if (isa<ScatterAddOp, ScatterAddAlongOp>(op)) {
    if (y.isFloat())
      y.f[to] += updates.f[from];
    else
      y.i[to] = int64_t(uint64_t(y.i[to]) + uint64_t(updates.i[from]));
    return;
  }
  bool larger = isa<ScatterMaxOp, ScatterMaxAlongOp>(op);
  auto extreme = [&](auto a, auto b) { return a != a ? a : b != b ? b : larger ? std::max(a, b) : std::min(a, b); };
  if (!y.isFloat())
    y.i[to] = extreme(y.i[to], updates.i[from]);
  else if (double a = y.f[to], b = updates.f[from]; a == 0 && b == 0) // -0 is less than 0
    y.f[to] = (larger ? std::signbit(a) && std::signbit(b) : std::signbit(a) || std::signbit(b)) ? -0.0 : 0.0;
  else
    y.f[to] = extreme(a, b);
}
#define WEFT_EVALUATE(Op, walk)                                                                                        \
  LogicalResult Op::evaluate(ArrayRef<const HostArray *> x, MutableArrayRef<HostArray> results) {                      \
    results[0] = *x[0];                                                                                                \
    return walk(*this, *x[0], *x[1], getAxis(),                                                                        \
                [&](int64_t data, int64_t taken) { meet(*this, results[0], data, *x[2], taken); });                    \
  }
#define WEFT_EVALUATE_BOTH(Rows, Along) WEFT_EVALUATE(Rows, walkTaken) WEFT_EVALUATE(Along, walkAlong)
WEFT_SCATTERS(WEFT_EVALUATE_BOTH)
#undef WEFT_EVALUATE_BOTH
#undef WEFT_EVALUATE

//===- code ---------------------------------------------------------------------------------------------------------===//

/// The coordinate that an index element names, after the error word was told if it is outside. Outside it is 0, so that
/// the load that follows stays in bounds; with `clip` it is the nearest place, and no error.
static Coord indexed(ElementEmitter &e, Operation *op, Value indices, ArrayRef<Coord> at, const Dim &dim, bool clip) {
  Value index = e.indexNumber(e.element(indices, at));
  Value size = e.splat(toInteger(e, e.size(dim), e.b.getI32Type()));
  bool sameForAllLanes = llvm::none_of(at, [](const Coord &c) { return c.varying || c.stride != 0; });
  Value zero = e.constantInt(e.b.getI32Type(), 0);
  if (clip) { // 0 last: it is what a dimension of no element gives
    Value last = arith::SubIOp::create(e.b, e.loc, size, e.constantInt(e.b.getI32Type(), 1));
    Value low = arith::MinSIOp::create(e.b, e.loc, index, last);
    return e.fromValue(arith::MaxSIOp::create(e.b, e.loc, low, zero), sameForAllLanes);
  }
  // Unsigned: a negative index is a large one.
  Value ok = arith::CmpIOp::create(e.b, e.loc, arith::CmpIPredicate::ult, index, size);
  e.require(ok, RuntimeError::outOfRange, index, userName(op) + ": index %d is outside dimension of size " + dim.str());
  Value safe = arith::SelectOp::create(e.b, e.loc, ok, index, zero);
  return e.fromValue(safe, sameForAllLanes);
}
static RuntimeCheck checkOf(Value data, Value indices, int64_t axis) {
  return {indices, RuntimeError::outOfRange, getDims(data)[axis]};
}
template <class Take> static std::optional<RuntimeCheck> checkUnlessClipped(Take take) {
  if (take.getClip())
    return std::nullopt;
  return checkOf(take.getData(), take.getIndices(), take.getAxis());
}
std::optional<RuntimeCheck> TakeOp::getCheck() { return checkUnlessClipped(*this); }
std::optional<RuntimeCheck> TakeAlongOp::getCheck() { return checkUnlessClipped(*this); }
template <class Scatter> static std::optional<RuntimeCheck> checkUnlessSkipped(Scatter scatter) {
  if (scatter->hasAttr("skip"))
    return std::nullopt;
  return checkOf(scatter.getInit(), scatter.getIndices(), scatter.getAxis());
}
#define WEFT_CHECK(Rows, Along)                                                                                        \
  std::optional<RuntimeCheck> Rows::getCheck() { return checkUnlessSkipped(*this); }                                   \
  std::optional<RuntimeCheck> Along::getCheck() { return checkUnlessSkipped(*this); }
WEFT_SCATTERS(WEFT_CHECK)
#undef WEFT_CHECK
#define WEFT_MEET(Op, meets)                                                                                           \
  Value Op::emitMeet([[maybe_unused]] ElementEmitter &e, [[maybe_unused]] llvm::function_ref<Value()> old,             \
                     Value update) {                                                                                   \
    return meets;                                                                                                      \
  }
#define WEFT_MEET_BOTH(op, meets) WEFT_MEET(Scatter##op##Op, meets) WEFT_MEET(Scatter##op##AlongOp, meets)
WEFT_MEET_BOTH(Add, scalar::Code{e}.add(old(), update))
WEFT_MEET_BOTH(Set, update)
WEFT_MEET_BOTH(Max, scalar::Code{e}.maximum(old(), update))
WEFT_MEET_BOTH(Min, scalar::Code{e}.minimum(old(), update))
#undef WEFT_MEET_BOTH
#undef WEFT_MEET

Value TakeOp::emitElement(ElementEmitter &e, ArrayRef<Coord> at) {
  int64_t axis = getAxis(), count = typeOf(getIndices()).getRank();
  SmallVector<Coord> source(at.take_front(axis));
  source.push_back(indexed(e, *this, getIndices(), at.slice(axis, count), getDims(getData())[axis], getClip()));
  source.append(at.begin() + axis + count, at.end());
  return e.elementWithin(getDims(getData())[getAxis()], getData(), source);
}
Value TakeAlongOp::emitElement(ElementEmitter &e, ArrayRef<Coord> at) {
  SmallVector<Coord> source(at);
  source[getAxis()] = indexed(e, *this, getIndices(), at, getDims(getData())[getAxis()], getClip());
  return e.elementWithin(getDims(getData())[getAxis()], getData(), source);
}

std::optional<RuntimeCheck> CheckIndexOp::getCheck() {
  return RuntimeCheck{getIndices(), RuntimeError::outOfRange, getSize().getDims()[0], getOrNegative()};
}
LogicalResult CheckIndexOp::verify() {
  if (getSize().getDims().size() != 1)
    return emitOpError("takes one dimension, got ") << str(ArrayRef<Dim>(getSize().getDims()));
  return success();
}
LogicalResult CheckIndexOp::evaluate(ArrayRef<const HostArray *> x, MutableArrayRef<HostArray> results) {
  std::optional<int64_t> size = sizeFromShapes(getSize().getDims()[0], {getDims(getIndices())}, {x[0]->shape});
  for (auto [n, index] : llvm::enumerate(x[0]->i))
    if (size && (index >= *size || (index < 0 && !getOrNegative())))
      return emitOpError() << getName() << ": index " << index << " at element " << n
                           << " is outside dimension of size " << *size;
  results[0] = *x[0];
  return success();
}
Value CheckIndexOp::emitElement(ElementEmitter &e, ArrayRef<Coord> at) {
  Value given = e.element(getIndices(), at), index = e.indexNumber(given);
  Dim dim = getSize().getDims()[0];
  Value size = e.splat(toInteger(e, e.size(dim), e.b.getI32Type()));
  auto below = getOrNegative() ? arith::CmpIPredicate::slt : arith::CmpIPredicate::ult;
  Value ok = arith::CmpIOp::create(e.b, e.loc, below, index, size);
  e.require(ok, RuntimeError::outOfRange, index,
            getName().str() + ": index %d is outside dimension of size " + dim.str());
  return given;
}

//===- derivatives --------------------------------------------------------------------------------------------------===//

template <class Op> static Value gather(Build &e, Value data, Value indices, IntegerAttr axis, RankedTensorType like) {
  return Op::create(e.b, e.loc, withElement(like, elementOf(data)), data, indices, axis);
}
template <class Op> static Value scatter(Build &e, Value init, Value indices, Value updates, IntegerAttr axis) {
  return Op::create(e.b, e.loc, init.getType(), init, indices, updates, axis);
}
/// The indices of a gather as places that are inside.
template <class Take> static Value placesOf(Build &e, Take take) {
  Value indices = take.getIndices();
  if (!take.getClip())
    return indices;
  if (elementOf(indices).isInteger(8)) // which may hold no last place
    indices = e.cast(indices, e.b.getI32Type());
  Dim size = getDims(take.getData())[take.getAxis()];
  Type scalar = RankedTensorType::get({}, e.b.getI32Type());
  Value last = DimOp::create(e.b, e.loc, scalar, getDimsAttr(e.b.getContext(), {size - Dim(e.b.getContext(), 1)}));
  last = e.cast(last, elementOf(indices));
  Value low = MinimumOp::create(e.b, e.loc, indices.getType(), indices, e.broadcast(last, typeOf(indices), {}));
  return e.maximum(low, e.zeros(indices));
}
/// Where the places are constants, who reads an element is known beforehand: its cotangent is the sum of a few elements
/// of the result's, which are read at constant places and in their order. So the adjoint fuses as the gather does, and
/// nothing is scattered. Null where that is not so, or where too many read one element, or too few elements are read.
static Value gatheredBack(Build &e, TakeOp take, Value ct) {
  constexpr int64_t mostReaders = 8, mostPlaces = 1 << 16;
  DenseIntElementsAttr constant;
  const Dim dim = getDims(take.getData())[take.getAxis()];
  if (!matchPattern(take.getIndices(), m_Constant(&constant)) || constant.getType().getRank() != 1 ||
      !dim.isConstant() || dim.staticSize() > mostPlaces || constant.getNumElements() > mostPlaces ||
      constant.getNumElements() * 2 < dim.staticSize() || constant.getNumElements() == 0)
    return {};
  const int64_t size = dim.staticSize(), axis = take.getAxis();
  std::vector<SmallVector<int64_t, 4>> readers(size);
  size_t most = 0;
  for (auto [i, value] : llvm::enumerate(constant.getValues<APInt>())) {
    int64_t place = value.getSExtValue();
    if (take.getClip())
      place = std::clamp<int64_t>(place, 0, size - 1);
    if (place < 0 || place >= size) // an error of the call, which the scatter raises too
      return {};
    readers[place].push_back(int64_t(i));
    most = std::max(most, readers[place].size());
  }
  if (int64_t(most) > mostReaders)
    return {};
  auto type = typeOf(take.getData());
  Value sum;
  for (size_t k = 0; k < most; ++k) {
    SmallVector<APInt> places;
    SmallVector<bool> there;
    unsigned bits = elementOf(take.getIndices()).getIntOrFloatBitWidth();
    for (const auto &of : readers) {
      there.push_back(k < of.size());
      places.push_back(APInt(bits, uint64_t(of.empty() ? 0 : of[std::min(k, of.size() - 1)])));
    }
    auto listed = [&](Type element) { return RankedTensorType::get({size}, element); };
    Value at = ConstantOp::create(e.b, e.loc, DenseElementsAttr::get(listed(elementOf(take.getIndices())), places));
    Value part = gather<TakeOp>(e, ct, at, take.getAxisAttr(), type);
    if (llvm::is_contained(there, false)) {
      Value is = ConstantOp::create(e.b, e.loc, DenseElementsAttr::get(listed(e.b.getI1Type()), there));
      Value mask = e.broadcast(is, withElement(typeOf(part), e.b.getI1Type()), {axis});
      part = e.select(mask, part, e.zeros(part));
    }
    sum = sum ? e.add(sum, part) : part;
  }
  return sum;
}
static Value gatheredBack(Build &, TakeAlongOp, Value) { return {}; }

#define WEFT_ADJOINTS(Take, Scatter)                                                                                   \
  LogicalResult Take::vjp(Build &e, ArrayRef<Value> ct, const BitVector &wanted, MutableArrayRef<Value> result) {      \
    if (ct[0] && wanted[0] && !(result[0] = gatheredBack(e, *this, ct[0])))                                            \
      result[0] = scatter<Scatter>(e, e.zeros(getData()), placesOf(e, *this), ct[0], getAxisAttr());                   \
    return success();                                                                                                  \
  }                                                                                                                    \
  LogicalResult Take::jvp(Build &e, ArrayRef<Value> t, MutableArrayRef<Value> result) {                                \
    if (t[0])                                                                                                          \
      result[0] = gather<Take>(e, t[0], placesOf(e, *this), getAxisAttr(), typeOf(getResult()));                       \
    return success();                                                                                                  \
  }                                                                                                                    \
  LogicalResult Scatter::vjp(Build &e, ArrayRef<Value> ct, const BitVector &wanted, MutableArrayRef<Value> result) {   \
    if (ct[0] && wanted[0])                                                                                            \
      result[0] = ct[0];                                                                                               \
    if (ct[0] && wanted[2])                                                                                            \
      result[2] = gather<Take>(e, ct[0], getIndices(), getAxisAttr(), typeOf(getUpdates()));                           \
    return success();                                                                                                  \
  }                                                                                                                    \
  LogicalResult Scatter::jvp(Build &e, ArrayRef<Value> t, MutableArrayRef<Value> result) {                             \
    result[0] = t[0];                                                                                                  \
    if (t[2])                                                                                                          \
      result[0] = scatter<Scatter>(e, t[0] ? t[0] : e.zeros(getInit()), getIndices(), t[2], getAxisAttr());            \
    return success();                                                                                                  \
  }
WEFT_ADJOINTS(TakeOp, ScatterAddOp)
WEFT_ADJOINTS(TakeAlongOp, ScatterAddAlongOp)
#undef WEFT_ADJOINTS

/// data at the indices; with `clip` those outside read the nearest place.
static Value takeAt(Build &e, Operation *scatter, Value data, bool clip) {
  auto axis = scatter->getAttrOfType<IntegerAttr>("axis");
  RankedTensorType type = withElement(typeOf(scatter->getOperand(2)), elementOf(data));
  UnitAttr clipped = clip ? e.b.getUnitAttr() : UnitAttr();
  Value indices = scatter->getOperand(1);
  if (isa<ScatterSetAlongOp, ScatterMaxAlongOp, ScatterMinAlongOp>(scatter))
    return TakeAlongOp::create(e.b, e.loc, type, data, indices, axis, clipped);
  return TakeOp::create(e.b, e.loc, type, data, indices, axis, clipped);
}
/// The same scatter_set of other values.
template <class Op> static Value setAt(Build &e, Op op, Value init, Value updates) {
  return Op::create(e.b, e.loc, init.getType(), init, op.getIndices(), updates, op.getAxisAttr(), op.getSkipAttr());
}

/// Which updates stay, in their shape: i1. Every update writes its number along the axis, and looks whether it is there
/// in the end.
static Value winners(Build &e, ScatterSetOp op) {
  Type i32 = e.b.getI32Type();
  RankedTensorType places = withElement(typeOf(op.getIndices()), i32);
  Dims flat{product(op.getContext(), getDims(op.getIndices()))}, dims = getDims(op.getInit());
  Value number = e.reshape(e.iota(getTensorType(flat, i32), 0), getDims(op.getIndices()));
  Value none = e.full(-1, getTensorType({dims[op.getAxis()]}, i32));
  IntegerAttr first = e.b.getI64IntegerAttr(0);
  Value last = ScatterSetOp::create(e.b, e.loc, none.getType(), none, op.getIndices(), number, first, op.getSkipAttr());
  Value found = TakeOp::create(e.b, e.loc, places, last, op.getIndices(), first, op.getSkipAttr());
  SmallVector<int64_t> at = llvm::to_vector(
      llvm::seq<int64_t>(int64_t(op.getAxis()), int64_t(op.getAxis()) + typeOf(op.getIndices()).getRank()));
  return e.broadcast(e.compare("EQ", found, number), withElement(typeOf(op.getUpdates()), e.b.getI1Type()), at);
}
static Value winners(Build &e, ScatterSetAlongOp op) {
  Type i32 = e.b.getI32Type();
  Value number = e.iota(withElement(typeOf(op.getIndices()), i32), int64_t(op.getAxis()));
  Value none = e.full(-1, withElement(typeOf(op.getInit()), i32));
  Value last = setAt(e, op, none, number);
  return e.compare("EQ", takeAt(e, op, last, op.getSkip()), number);
}
#define WEFT_SET(Op)                                                                                                   \
  LogicalResult Op::vjp(Build &e, ArrayRef<Value> ct, const BitVector &wanted, MutableArrayRef<Value> result) {        \
    if (ct[0] && wanted[0])                                                                                            \
      result[0] = setAt(e, *this, ct[0], e.zeros(getUpdates()));                                                       \
    if (ct[0] && wanted[2])                                                                                            \
      result[2] = e.select(winners(e, *this), takeAt(e, *this, ct[0], getSkip()), e.zeros(getUpdates()));              \
    return success();                                                                                                  \
  }                                                                                                                    \
  LogicalResult Op::jvp(Build &e, ArrayRef<Value> t, MutableArrayRef<Value> result) {                                  \
    if (t[0] || t[2])                                                                                                  \
      result[0] = setAt(e, *this, t[0] ? t[0] : e.zeros(getInit()), t[2] ? t[2] : e.zeros(getUpdates()));              \
    return success();                                                                                                  \
  }
WEFT_SET(ScatterSetOp)
WEFT_SET(ScatterSetAlongOp)
#undef WEFT_SET

namespace {
/// What reaches the extreme of its place: elements of init and updates, and how many these are, at least one.
struct Reaching {
  Value init, updates, count;
};
} // namespace
template <class Add, class Op> static Reaching reaching(Build &e, Op op) {
  Value y = e.y();
  Value init = e.compare("EQ", op.getInit(), y);
  Value updates = e.compare("EQ", op.getUpdates(), takeAt(e, op, y, false));
  Type computed = ElementEmitter::computeType(elementOf(y));
  Value count = scatter<Add>(e, e.cast(init, computed), op.getIndices(), e.cast(updates, computed), op.getAxisAttr());
  return {init, updates, e.maximum(count, e.full(1, count))};
}
#define WEFT_EXTREME(Op, Add)                                                                                          \
  LogicalResult Op::vjp(Build &e, ArrayRef<Value> ct, const BitVector &wanted, MutableArrayRef<Value> result) {        \
    if (!ct[0])                                                                                                        \
      return success();                                                                                                \
    Reaching reach = reaching<Add>(e, *this);                                                                          \
    Value share = e.cast(e.div(e.cast(ct[0], elementOf(reach.count)), reach.count), elementOf(ct[0]));                 \
    if (wanted[0])                                                                                                     \
      result[0] = e.select(reach.init, share, e.zeros(getInit()));                                                     \
    if (wanted[2])                                                                                                     \
      result[2] = e.select(reach.updates, takeAt(e, *this, share, false), e.zeros(getUpdates()));                      \
    return success();                                                                                                  \
  }                                                                                                                    \
  LogicalResult Op::jvp(Build &e, ArrayRef<Value> t, MutableArrayRef<Value> result) {                                  \
    if (!t[0] && !t[2])                                                                                                \
      return success();                                                                                                \
    Reaching reach = reaching<Add>(e, *this);                                                                          \
    Type computed = elementOf(reach.count);                                                                            \
    auto part = [&](Value reached, Value tangent, Value like) {                                                        \
      Value zeros = e.zeros(like);                                                                                     \
      return e.cast(tangent ? e.select(reached, tangent, zeros) : zeros, computed);                                    \
    };                                                                                                                 \
    Value sum = scatter<Add>(e, part(reach.init, t[0], getInit()), getIndices(),                                       \
                             part(reach.updates, t[2], getUpdates()), getAxisAttr());                                  \
    result[0] = e.cast(e.div(sum, reach.count), elementOf(getResult()));                                               \
    return success();                                                                                                  \
  }
WEFT_EXTREME(ScatterMaxOp, ScatterAddOp)
WEFT_EXTREME(ScatterMinOp, ScatterAddOp)
WEFT_EXTREME(ScatterMaxAlongOp, ScatterAddAlongOp)
WEFT_EXTREME(ScatterMinAlongOp, ScatterAddAlongOp)
#undef WEFT_EXTREME

//===- one_hot ------------------------------------------------------------------------------------------------------===//

LogicalResult OneHotOp::verify() {
  Dims from = getDims(getIndices()), to = getDims(getResult());
  if (to.empty() || ArrayRef(to).drop_back() != ArrayRef(from))
    return emitOpError("adds one dimension behind those of its indices: ")
           << str(getIndices().getType()) << " to " << str(getType());
  return success();
}
LogicalResult OneHotOp::evaluate(ArrayRef<const HostArray *> x, MutableArrayRef<HostArray> results) {
  HostArray &y = results[0];
  for (int64_t n = 0, classes = y.shape.back(); n < y.size(); ++n) {
    bool hot = x[0]->i[n / classes] == n % classes;
    if (y.isFloat())
      y.f[n] = hot;
    else
      y.i[n] = hot;
  }
  return success();
}
Value OneHotOp::emitElement(ElementEmitter &e, ArrayRef<Coord> at) {
  Value index = e.indexNumber(e.element(getIndices(), at.drop_back()));
  Value place = e.splat(toInteger(e, e.positions(at.back()), e.b.getI32Type()));
  Value hot = arith::CmpIOp::create(e.b, e.loc, arith::CmpIPredicate::eq, index, place);
  Type element = elementOf(getResult());
  return arith::SelectOp::create(e.b, e.loc, hot, e.constant(element, 1), e.constant(element, 0));
}
