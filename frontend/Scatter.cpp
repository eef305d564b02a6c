// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Places that run-time integers name: set, read from, counted, compacted.
#include "Value.h"

using namespace weft;
using namespace weft::detail;

/// Indices as they stand, after the call's error was raised for one outside. State is written only when no error can be
/// raised any more, so the check is an op in front of the one that writes.
static Tensor checked(const char *op, const Tensor &i, const Dim &size, bool orNegative, Loc at) {
  std::vector<Attribute> attributes{{"size", size}, {"name", std::string(op)}};
  if (orNegative)
    attributes.push_back({"or_negative", std::monostate()});
  ResultType same{i.dtype(), i.shape()};
  return emitAll("weft.check_index", std::array{i}, attributes, {&same, 1}, at)[0];
}
static Tensor indexOf(const char *op, const Tensor &x, const Operand &index, Loc at) {
  Tensor i = resolve(index, i32, op, at);
  if (!i.dtype().isInteger() || i.dtype() == i1)
    fail(at, std::string(op) + ": an index is i8, i32 or i64, found " + i.str() + ": write cast(i, i32)",
         {{"operand", x}, {"index", i}});
  return i;
}
/// start, start + 1 ...: as many as `size`; a negative start stays one with `orNegative`.
static Tensor placesFrom(const Tensor &start, const Dim &size, bool orNegative, Loc at) {
  auto o = [&](auto &&v) { return Operand(v, at); };
  Tensor from = start.dtype() == i8 ? cast(start, i32, at) : start;
  if (size == Dim(1))
    return reshape(from, {1}, at);
  Tensor places = o(from) + o(iota(size, from.dtype(), at));
  return orNegative ? select(o(o(from) < o(0)), o(-1), o(places)) : places;
}

Tensor weft::update(const Tensor &x, const Operand &index, const Tensor &v, int axis, UpdateOptions options, Loc at) {
  requireValue(x, "update", "operand", at);
  requireValue(v, "update", "value", at);
  std::size_t a = std::size_t(axisOf("update", axis, x.rank(), at));
  Tensor i = indexOf("update", x, index, at), value = v;
  const Dim size = x.shape()[a];
  auto refuse = [&](const std::string &expected) {
    fail(at,
         "update: the value is " + v.str() + ", expected " + expected + " for axis " + std::to_string(a) + " of " +
             x.str() + " and an index " + i.str(),
         {{"operand", x}, {"index", i}, {"value", v}});
  };
  if (v.dtype() != x.dtype())
    fail(at,
         "update: the elements are " + std::string(x.dtype().name()) + ", the value is " + v.str() +
             ": write cast(v, " + x.dtype().name() + ")",
         {{"operand", x}, {"value", v}});
  Shape expected(x.shape().begin(), x.shape().begin() + std::ptrdiff_t(a));
  auto behind = [&](Shape middle) {
    Shape shape = expected;
    shape.insert(shape.end(), middle.begin(), middle.end());
    shape.insert(shape.end(), x.shape().begin() + std::ptrdiff_t(a) + 1, x.shape().end());
    return shape;
  };
  Tensor places = i;
  if (i.rank() == 0) {
    if (v.rank() == x.rank() - 1)
      value = expand(v, int(a), at);
    const Dim count = value.rank() == x.rank() ? value.shape()[a] : Dim(1);
    if (value.rank() != x.rank() || !(value.shape() == behind({count})))
      refuse(str(behind({})) + ", or a slice of " + str(x.shape()));
    if ((size - count).upper() < 0)
      refuse("at most " + size.str() + " places");
    places = placesFrom(i, count, options.skip_negative, at);
  } else if (!(v.shape() == behind(i.shape()))) {
    refuse(str(behind(i.shape())));
  }
  return emit("weft.scatter_set", {x, checked("update", places, size, options.skip_negative, at), value},
              {{"axis", std::int64_t(a)}, {"skip", std::monostate()}}, at);
}
Tensor weft::scatter_set_along(const Tensor &x, const Tensor &i, const Tensor &v, int axis, Loc at) {
  requireValue(x, "scatter_set_along", "operand", at);
  return emit("weft.scatter_set_along", {x, i, v},
              {{"axis", std::int64_t(axisOf("scatter_set_along", axis, x.rank(), at))}}, at);
}

Tensor weft::dynamic_slice(const Tensor &x, const Operand &start, const Dim &size, int axis, Loc at) {
  requireValue(x, "dynamic_slice", "operand", at);
  int a = axisOf("dynamic_slice", axis, x.rank(), at);
  const Dim whole = x.shape()[std::size_t(a)];
  Tensor i = indexOf("dynamic_slice", x, start, at);
  if (i.rank() != 0)
    fail(at, "dynamic_slice: a start is one number, found " + i.str() + ": take(x, i, axis) reads a place for each",
         {{"operand", x}, {"start", i}});
  if (size.upper() < 0 || (whole - size).upper() < 0)
    fail(at,
         "dynamic_slice: the size is " + size.str() + ", expected 0 to " + whole.str() + ", that of axis " +
             std::to_string(a) + " of " + x.str(),
         {{"operand", x}});
  Tensor places = checked("dynamic_slice", placesFrom(i, size, false, at), whole, false, at);
  return emit("weft.take", {x, places}, {{"axis", std::int64_t(a)}, {"clip", std::monostate()}}, at);
}
Tensor weft::dynamic_slice(const Tensor &x, const std::vector<Operand> &starts, const Shape &sizes, Loc at) {
  requireValue(x, "dynamic_slice", "operand", at);
  if (int(starts.size()) != x.rank() || int(sizes.size()) != x.rank())
    fail(at,
         "dynamic_slice: expected a start and a size for each axis of " + x.str() + ", found " +
             std::to_string(starts.size()) + " and " + std::to_string(sizes.size()),
         {{"operand", x}});
  Tensor y = x;
  for (int a = 0; a < x.rank(); ++a) {
    const Operand &start = starts[std::size_t(a)];
    bool fromFront = start.kind == Operand::number_ && start.number.kind != Scalar::real && start.number.whole == 0;
    if (!(fromFront && sizes[std::size_t(a)] == x.shape()[std::size_t(a)]))
      y = dynamic_slice(y, start, sizes[std::size_t(a)], a, at);
  }
  return y;
}

Tensor weft::bincount(const Tensor &i, const Dim &n, Loc at) {
  requireValue(i, "bincount", "operand", at);
  return bincount(i, n, ones(i.shape(), i32, at), at);
}
Tensor weft::bincount(const Tensor &i, const Dim &n, const Tensor &weights, Loc at) {
  requireValue(i, "bincount", "operand", at);
  requireValue(weights, "bincount", "weights", at);
  if (!(weights.shape() == i.shape()))
    fail(at, "bincount: the weights are " + weights.str() + ", the indices " + i.str(),
         {{"indices", i}, {"weights", weights}});
  checkSizes("bincount", {n}, at);
  return scatter_add(zeros({n}, weights.dtype(), at), reshape(indexOf("bincount", i, Operand(i, at), at), {-1}, at),
                     reshape(weights, {-1}, at), 0, at);
}

/// Where the slices of each id go: x with n places along the axis, all of them `empty`.
static Tensor segments(const char *op, const Tensor &x, const Tensor &ids, const Dim &n, int axis, const Scalar &empty,
                       Loc at) {
  requireValue(x, op, "operand", at);
  requireValue(ids, op, "ids", at);
  std::size_t a = std::size_t(axisOf(op, axis, x.rank(), at));
  indexOf(op, x, Operand(ids, at), at);
  if (!(ids.shape() == Shape{x.shape()[a]}))
    fail(at,
         std::string(op) + ": one id for each slice along axis " + std::to_string(a) + " of " + x.str() +
             " is expected, found " + ids.str(),
         {{"operand", x}, {"ids", ids}});
  checkSizes(op, {n}, at);
  Shape shape = x.shape();
  shape[a] = n;
  return full(shape, empty, x.dtype(), at);
}
/// The extreme of no element: an infinity, or the last integer.
static Scalar extremeOf(DType dtype, bool least) {
  if (!dtype.isInteger())
    return least ? -infinity : infinity;
  const std::int64_t top = std::int64_t((std::uint64_t(1) << (dtype.bytes() * 8 - 1)) - 1);
  return least ? -top - 1 : top;
}
Tensor weft::segment_sum(const Tensor &x, const Tensor &ids, const Dim &n, int axis, Loc at) {
  return scatter_add(segments("segment_sum", x, ids, n, axis, 0, at), ids, x, axis, at);
}
Tensor weft::segment_mean(const Tensor &x, const Tensor &ids, const Dim &n, int axis, Loc at) {
  auto o = [&](auto &&v) { return Operand(v, at); };
  Tensor none = segments("segment_mean", x, ids, n, axis, 0, at);
  if (!x.dtype().isInexact())
    fail(at, "segment_mean: expected a floating type, found " + x.str() + ": write cast(x, f32)", {{"operand", x}});
  // The sum and the count may be beyond a narrow type where the mean is not.
  DType accumulated = computeType(x.dtype());
  Tensor total = scatter_add(cast(none, accumulated, at), ids, cast(x, accumulated, at), axis, at);
  Shape along(x.shape().size(), Dim(1));
  along[std::size_t(axisOf("segment_mean", axis, x.rank(), at))] = n;
  Tensor count = maximum(o(bincount(ids, n, at)), o(1));
  return cast(o(total) / o(reshape(cast(count, accumulated.real(), at), along, at)), x.dtype(), at);
}
Tensor weft::segment_max(const Tensor &x, const Tensor &ids, const Dim &n, int axis, Loc at) {
  requireValue(x, "segment_max", "operand", at);
  return scatter_max(segments("segment_max", x, ids, n, axis, extremeOf(x.dtype(), true), at), ids, x, axis, at);
}
Tensor weft::segment_min(const Tensor &x, const Tensor &ids, const Dim &n, int axis, Loc at) {
  requireValue(x, "segment_min", "operand", at);
  return scatter_min(segments("segment_min", x, ids, n, axis, extremeOf(x.dtype(), false), at), ids, x, axis, at);
}

Compacted weft::compact(const Tensor &x, const Tensor &mask, const Dim &capacity, Loc at) {
  auto o = [&](auto &&v) { return Operand(v, at); };
  requireValue(x, "compact", "operand", at);
  requireValue(mask, "compact", "mask", at);
  if (mask.dtype() != i1 || !(mask.shape() == x.shape()))
    fail(at, "compact: the mask is " + mask.str() + ", expected i1 of the shape of " + x.str(),
         {{"operand", x}, {"mask", mask}});
  checkSizes("compact", {capacity}, at);
  Tensor kept = reshape(mask, {-1}, at), one = cast(kept, i32, at);
  Tensor place = cumsum(one, 0, {.exclusive = true}, at), number = iota(kept.shape()[0], i32, at);
  // What is dropped and what has no room any more goes nowhere.
  Tensor room = o(place) < Operand(capacity, at);
  Tensor to = select(o(o(kept) && o(room)), o(place), o(-1));
  Tensor indices = emit("weft.scatter_set", {zeros({capacity}, i32, at), to, number},
                        {{"axis", std::int64_t(0)}, {"skip", std::monostate()}}, at);
  Tensor count = sum(one, at);
  Tensor held = o(iota(capacity, i32, at)) < o(count);
  // With `clip`, for x may have no element.
  Tensor taken =
      emit("weft.take", {reshape(x, {-1}, at), indices}, {{"axis", std::int64_t(0)}, {"clip", std::monostate()}}, at);
  return {select(o(held), o(taken), o(0)), indices, count};
}
Compacted weft::nonzero(const Tensor &x, const Dim &capacity, Loc at) {
  requireValue(x, "nonzero", "operand", at);
  Tensor mask = x.dtype() == i1 ? x : Tensor(Operand(x, at) != Operand(0, at));
  return compact(x, mask, capacity, at);
}
