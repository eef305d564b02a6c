// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Rules of gather and scatter by integer tensors. take and scatter_add are adjoint to each other, and so are their
// _along forms.
#include "dialects/weft/rules/Checks.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace weft::ir;

//===- shape --------------------------------------------------------------------------------------------------------===//

namespace {
/// The operands and the attribute that all four ops have: data (or init), i32 indices, an axis.
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
  if (!g.indices.getElementType().isInteger(32)) {
    (void)emitOptionalError(location, op, ": indices must be i32, got ", str(g.indices), "; write cast(indices, i32)");
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
LogicalResult ScatterAddOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, ValueRange operands,
                                             DictionaryAttr attributes, OpaqueProperties properties,
                                             RegionRange regions, SmallVectorImpl<Type> &types) {
  std::optional<Gather> g =
      readGather<ScatterAddOp>("scatter_add", location, operands, attributes, properties, regions);
  if (!g || failed(checkUpdates("scatter_add", location, operands[2], takenType(*g))))
    return failure();
  types.push_back(g->data);
  return success();
}
LogicalResult ScatterAddAlongOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, ValueRange operands,
                                                  DictionaryAttr attributes, OpaqueProperties properties,
                                                  RegionRange regions, SmallVectorImpl<Type> &types) {
  std::optional<Gather> g =
      readGather<ScatterAddAlongOp>("scatter_add_along", location, operands, attributes, properties, regions);
  if (!g || failed(checkAlong("scatter_add_along", location, *g)) ||
      failed(
          checkUpdates("scatter_add_along", location, operands[2], getTensorType(g->places, g->data.getElementType()))))
    return failure();
  types.push_back(g->data);
  return success();
}

//===- reference ----------------------------------------------------------------------------------------------------===//

/// Checks an index, or with `clip` moves it to the nearest place.
static LogicalResult checkIndex(Operation *op, int64_t &index, int64_t size, int64_t at) {
  if (op->hasAttr("clip"))
    index = std::clamp<int64_t>(index, 0, size - 1);
  if (index >= 0 && index < size)
    return success();
  return op->emitOpError("index ") << index << " at element " << at << " is outside dimension of size " << size;
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
    if (failed(result) || failed(result = checkIndex(op, index, data.shape[axis], place)))
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
    if (failed(result) || failed(result = checkIndex(op, index, data.shape[axis], n)))
      return;
    body(linear(at, strides) + (index - at[axis]) * strides[axis], n);
  });
  return result;
}
static void addAt(HostArray &y, int64_t to, const HostArray &updates, int64_t from) {
  if (y.isFloat())
    y.f[to] += updates.f[from];
  else
    y.i[to] = int64_t(uint64_t(y.i[to]) + uint64_t(updates.i[from]));
}
LogicalResult TakeOp::evaluate(ArrayRef<const HostArray *> x, MutableArrayRef<HostArray> results) {
  return walkTaken(*this, *x[0], *x[1], getAxis(),
                   [&](int64_t data, int64_t taken) { results[0].set(taken, *x[0], data); });
}
LogicalResult TakeAlongOp::evaluate(ArrayRef<const HostArray *> x, MutableArrayRef<HostArray> results) {
  return walkAlong(*this, *x[0], *x[1], getAxis(),
                   [&](int64_t data, int64_t taken) { results[0].set(taken, *x[0], data); });
}
LogicalResult ScatterAddOp::evaluate(ArrayRef<const HostArray *> x, MutableArrayRef<HostArray> results) {
  results[0] = *x[0];
  return walkTaken(*this, *x[0], *x[1], getAxis(),
                   [&](int64_t data, int64_t taken) { addAt(results[0], data, *x[2], taken); });
}
LogicalResult ScatterAddAlongOp::evaluate(ArrayRef<const HostArray *> x, MutableArrayRef<HostArray> results) {
  results[0] = *x[0];
  return walkAlong(*this, *x[0], *x[1], getAxis(),
                   [&](int64_t data, int64_t taken) { addAt(results[0], data, *x[2], taken); });
}

//===- code ---------------------------------------------------------------------------------------------------------===//

/// The coordinate that an index element names, after the error word was told if it is outside. Outside it is 0, so that
/// the load that follows stays in bounds; with `clip` it is the nearest place, and no error.
static Coord indexed(ElementEmitter &e, Operation *op, Value indices, ArrayRef<Coord> at, const Dim &dim, bool clip) {
  Value index = e.element(indices, at);
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
std::optional<RuntimeCheck> ScatterAddOp::getCheck() { return checkOf(getInit(), getIndices(), getAxis()); }
std::optional<RuntimeCheck> ScatterAddAlongOp::getCheck() { return checkOf(getInit(), getIndices(), getAxis()); }

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
  Dim size = getDims(take.getData())[take.getAxis()];
  Type scalar = RankedTensorType::get({}, e.b.getI32Type());
  Value last = DimOp::create(e.b, e.loc, scalar, getDimsAttr(e.b.getContext(), {size - Dim(e.b.getContext(), 1)}));
  Value low = MinimumOp::create(e.b, e.loc, indices.getType(), indices, e.broadcast(last, typeOf(indices), {}));
  return e.maximum(low, e.zeros(indices));
}
#define WEFT_ADJOINTS(Take, Scatter)                                                                                   \
  LogicalResult Take::vjp(Build &e, ArrayRef<Value> ct, const BitVector &wanted, MutableArrayRef<Value> result) {      \
    if (ct[0] && wanted[0])                                                                                            \
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
  Value index = e.element(getIndices(), at.drop_back());
  Value place = e.splat(toInteger(e, e.positions(at.back()), e.b.getI32Type()));
  Value hot = arith::CmpIOp::create(e.b, e.loc, arith::CmpIPredicate::eq, index, place);
  Type element = elementOf(getResult());
  return arith::SelectOp::create(e.b, e.loc, hot, e.constant(element, 1), e.constant(element, 0));
}
