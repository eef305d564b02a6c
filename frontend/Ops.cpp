// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Named ops: shapes, reductions and indexing in terms of the dialect's ops.
#include "Value.h"
#include <algorithm>
#include <cmath>
#include <numbers>

using namespace weft;
using namespace weft::detail;

// ---- elementwise
Tensor weft::square(const Tensor &x, Loc at) { return Operand(x, at) * Operand(x, at); }
Tensor weft::reciprocal(const Tensor &x, Loc at) { return Operand(1, at) / Operand(x, at); }
Tensor weft::relu(const Tensor &x, Loc at) {
  // No maximum, whose derivative at a tie is one half. A NaN is not below 0 and stays.
  requireValue(x, "relu", "operand", at);
  return select(Operand(x, at) <= Operand(0, at), Operand(0, at), Operand(x, at));
}
Tensor weft::gelu(const Tensor &x, Loc at) {
  Tensor phi = Operand(erf(Operand(x, at) * Operand(1 / std::numbers::sqrt2, at), at), at) + Operand(1, at);
  return Operand(Operand(x, at) * Operand(0.5, at), at) * Operand(phi, at);
}
Tensor weft::gelu_tanh(const Tensor &x, Loc at) {
  Tensor cubic = Operand(square(x, at), at) * Operand(0.044715, at) + Operand(1, at);
  Tensor inner = Operand(Operand(x, at) * Operand(cubic, at), at) * Operand(std::sqrt(2 / std::numbers::pi), at);
  return Operand(Operand(x, at) * Operand(0.5, at), at) * Operand(Operand(tanh(inner, at), at) + Operand(1, at), at);
}
Tensor weft::silu(const Tensor &x, Loc at) { return Operand(x, at) * Operand(sigmoid(x, at), at); }
Tensor weft::leaky_relu(const Tensor &x, double slope, Loc at) {
  requireValue(x, "leaky_relu", "operand", at);
  auto o = [&](const auto &v) { return Operand(v, at); };
  return select(o(x) > o(0), o(x), o(x) * o(slope));
}
Tensor weft::elu(const Tensor &x, double alpha, Loc at) {
  requireValue(x, "elu", "operand", at);
  auto o = [&](const auto &v) { return Operand(v, at); };
  // The exponential of what lies right of 0 might overflow: it is given 0 there.
  Tensor right = o(x) > o(0), left = expm1(select(o(right), o(0), o(x)), at);
  return select(o(right), o(x), o(left) * o(alpha));
}
Tensor weft::hard_swish(const Tensor &x, Loc at) {
  requireValue(x, "hard_swish", "operand", at);
  auto o = [&](const auto &v) { return Operand(v, at); };
  return o(o(x) * o(clamp(o(x) + o(3), o(0), o(6)))) / o(6);
}
Tensor weft::glu(const Tensor &x, int axis, Loc at) {
  requireValue(x, "glu", "operand", at);
  const int a = axisOf("glu", axis, x.rank(), at);
  const Dim size = x.shape()[a], half = size / 2;
  if (!(half * 2 == size))
    fail(at, "glu: axis " + std::to_string(axis) + " of " + x.str() + " has no two halves", {{"operand", x}});
  return Operand(slice(x, a, 0, half, 1, at), at) * Operand(sigmoid(slice(x, a, half, size, 1, at), at), at);
}
Tensor weft::clamp(const Tensor &x, const Operand &low, const Operand &high) {
  return minimum(Operand(maximum(Operand(x, high.at), low), high.at), high);
}
/// Both sides of `op` with floats, and integers too if it takes them; no complex numbers and no truth values.
static std::array<Tensor, 2> realPair(const char *op, const Operand &a, const Operand &b, bool integers) {
  std::array<Tensor, 2> x = together(op, a, b, b.at);
  DType dtype = x[0].dtype();
  if (dtype.isComplex() || dtype == i1 || (dtype.isInteger() && !integers))
    fail(b.at,
         std::string(op) + ": expected " + (integers ? "integers or floats" : "a floating type") + ", found " +
             x[0].str() +
             (dtype.isComplex() ? ""
              : integers        ? ": write cast(x, i32)"
                                : ": write cast(x, f32)"),
         {{"lhs", x[0]}, {"rhs", x[1]}});
  return x;
}
Tensor weft::logaddexp(const Operand &a, const Operand &b) {
  Loc at = b.at;
  auto o = [&](const auto &v) { return Operand(v, at); };
  auto [x, y] = realPair("logaddexp", a, b, false);
  DType dtype = x.dtype();
  x = cast(x, computeType(dtype), at), y = cast(y, computeType(dtype), at);
  // By select, not by maximum, whose derivative at a tie is a constant half: that of softplus there is smooth.
  Tensor first = o(x) >= o(y), high = select(o(first), o(x), o(y)), low = select(o(first), o(y), o(x));
  Tensor same = o(o(high) == o(low)) && o(o(abs(high, at)) == o(infinity));
  Tensor gap = select(o(same), o(0), o(o(low) - o(high))), none = o(same) && o(o(high) < o(0));
  return cast(select(o(none), o(-infinity), o(o(high) + o(softplus(gap, at)))), dtype, at);
}
/// Whether a remainder with the sign of the dividend has not that of the divisor.
static Tensor crosses(const Tensor &rest, const Tensor &divisor, Loc at) {
  auto o = [&](const auto &v) { return Operand(v, at); };
  return o(o(rest) != o(0)) && o(o(o(rest) < o(0)) != o(o(divisor) < o(0)));
}
Tensor weft::floor_divide(const Operand &a, const Operand &b) {
  Loc at = b.at;
  auto o = [&](const auto &v) { return Operand(v, at); };
  auto [x, y] = realPair("floor_divide", a, b, true);
  DType dtype = x.dtype();
  if (dtype.isInteger()) {
    Tensor quotient = o(x) / o(y), rest = o(x) - o(o(quotient) * o(y));
    return o(quotient) - o(cast(crosses(rest, y, at), dtype, at));
  }
  // As NumPy has it: x without its remainder is a multiple of y but for rounding, so the quotient is next to an
  // integer.
  x = stopGradient(cast(x, computeType(dtype), at), at), y = stopGradient(cast(y, computeType(dtype), at), at);
  Tensor rest = o(x) % o(y), ratio = o(x) / o(y);
  Tensor quotient = o(o(o(x) - o(rest)) / o(y)) - o(cast(crosses(rest, y, at), x.dtype(), at));
  Tensor down = floor(quotient, at);
  Tensor nearest = o(down) + o(cast(o(o(quotient) - o(down)) > o(0.5), x.dtype(), at));
  Tensor whole = select(o(o(quotient) == o(0)), o(o(ratio) * o(0)), o(nearest)); // the zero has the ratio's sign
  return cast(select(o(o(y) == o(0)), o(ratio), o(whole)), dtype, at);
}
Tensor weft::mod(const Operand &a, const Operand &b) {
  Loc at = b.at;
  auto o = [&](const auto &v) { return Operand(v, at); };
  auto [x, y] = realPair("mod", a, b, true);
  DType dtype = x.dtype();
  x = cast(x, computeType(dtype), at), y = cast(y, computeType(dtype), at);
  Tensor rest = o(x) % o(y), moved = o(rest) + o(select(o(crosses(rest, y, at)), o(y), o(0)));
  if (dtype.isInteger())
    return moved;
  // A zero has the sign of the divisor, and the derivative of the remainder: what is taken away is 0.
  Tensor zero = select(o(o(y) < o(0)), o(full({}, -0.0, y.dtype(), at)), o(0));
  Tensor signedZero = o(zero) - o(o(stopGradient(rest, at)) - o(rest));
  return cast(select(o(o(rest) == o(0)), o(signedZero), o(moved)), dtype, at);
}
Tensor weft::bitcast(const Tensor &x, DType dtype, Loc at) {
  return emit("weft.bitcast", {x}, {}, ResultType{dtype, x.shape(at)}, at);
}

// ---- complex numbers
Tensor weft::complex(const Operand &re, const Operand &im) {
  auto [x, y] = together("complex", re, im, im.at);
  return emit("weft.complex", {x, y}, {}, im.at);
}
Tensor weft::real(const Tensor &x, Loc at) {
  requireValue(x, "real", "operand", at);
  return x.dtype().isComplex() ? emit("weft.real", {x}, {}, at) : x;
}
Tensor weft::imag(const Tensor &x, Loc at) {
  requireValue(x, "imag", "operand", at);
  return x.dtype().isComplex() ? emit("weft.imag", {x}, {}, at) : zeros_like(x, at);
}
Tensor weft::conj(const Tensor &x, Loc at) {
  requireValue(x, "conj", "operand", at);
  return x.dtype().isComplex() ? complex(Operand(real(x, at), at), Operand(-Operand(imag(x, at), at), at)) : x;
}
Tensor weft::as_real(const Tensor &x, Loc at) {
  requireValue(x, "as_real", "operand", at);
  return x.dtype().isComplex() ? stack({real(x, at), imag(x, at)}, -1, at) : x;
}
Tensor weft::as_complex(const Tensor &x, Loc at) {
  requireValue(x, "as_complex", "operand", at);
  if (x.rank() == 0 || !(x.shape().back() == Dim(2)))
    fail(at, "as_complex: expected a last dimension of 2, the parts, found " + x.str(), {{"operand", x}});
  auto part = [&](int i) { return squeeze(slice(x, -1, i, i + 1, 1, at), -1, at); };
  Tensor re = part(0), im = part(1);
  return emit("weft.complex", {re, im}, {}, at);
}
Tensor weft::abs(const Tensor &x, Loc at) {
  requireValue(x, "abs", "operand", at);
  if (!x.dtype().isComplex())
    return emit("weft.abs", {x}, {}, at);
  // Scaled by the larger part, which cancels, so that no square overflows; and no square root of zero, whose derivative
  // is infinite.
  auto o = [&](const auto &v) { return Operand(v, at); };
  Tensor re = real(x, at), im = imag(x, at), largest = stopGradient(maximum(o(abs(re, at)), o(abs(im, at))), at),
         zero = o(largest) == o(0);
  Tensor scale = select(o(zero), o(1), o(largest)),
         squares = o(square(o(re) / o(scale), at)) + o(square(o(im) / o(scale), at));
  Tensor length = o(scale) * o(sqrt(select(o(zero), o(1), o(squares)), at));
  return select(o(zero), o(0), o(length));
}

// ---- constants
Tensor weft::full(const Shape &shape, const Scalar &value, DType dtype, Loc at) {
  requireTrace("full", at);
  return broadcastTo(number(value, dtype, "full", at), shape, at);
}
Tensor weft::zeros(const Shape &shape, DType dtype, Loc at) { return full(shape, 0, dtype, at); }
Tensor weft::ones(const Shape &shape, DType dtype, Loc at) { return full(shape, 1, dtype, at); }
Tensor weft::zeros_like(const Tensor &x, Loc at) { return zeros(x.shape(at), x.dtype(), at); }
Tensor weft::iota(const Dim &n, DType dtype, Loc at) {
  constexpr std::int64_t mostOfI32 = std::numeric_limits<std::int32_t>::max();
  const std::int64_t last = n.upper() - 1, most = dtype == i8 ? 127 : dtype == i32 ? mostOfI32 : last;
  if (n.isStatic() && last > most)
    fail(at, "iota: the last position is " + std::to_string(last) + ", and " + dtype.name() + " ends at " +
                 std::to_string(most) + ": write iota(n, " + (last > mostOfI32 ? "i64" : "i32") + ")");
  // Counted in 32 bits where they hold every position: vector units convert these.
  DType counted = last > mostOfI32 ? i64 : i32;
  Tensor i = emit("weft.iota", {}, {{"axis", std::int64_t(0)}}, ResultType{counted, {n}}, at);
  return cast(i, dtype, at);
}
Tensor weft::eye(const Dim &n, DType dtype, Loc at) {
  auto along = [&](std::int64_t axis) { return emit("weft.iota", {}, {{"axis", axis}}, ResultType{i32, {n, n}}, at); };
  Tensor rows = along(0), columns = along(1);
  return cast(Operand(rows, at) == Operand(columns, at), dtype, at);
}
Tensor weft::constant(const Tensor &x, Loc at) {
  if (!x.isConcrete())
    fail(at,
         "constant: expected a concrete tensor, found " + x.str() +
             (x.empty() || x.value()->kind == Value::spec ? " without data" : ", which is traced"),
         {{"operand", x}});
  if (!tracing())
    return x;
  settle(x, at);
  const Value &v = *x.value();
  return emit("weft.constant", {}, {{"value", Literal{v.dtype, v.sizes, v.data}}}, at);
}

// ---- shapes
Tensor weft::reshape(const Tensor &x, const Shape &shape, Loc at) {
  requireValue(x, "reshape", "operand", at);
  Shape to = shape, from = x.shape();
  auto open = std::find(to.begin(), to.end(), Dim(-1));
  if (open != to.end()) {
    if (std::count(to.begin(), to.end(), Dim(-1)) > 1)
      fail(at, "reshape: at most one dimension may be -1, found " + str(shape), {{"operand", x}});
    // Dimensions on both sides cancel by name before the rest is divided.
    Shape known(to.begin(), to.end()), rest = from;
    known.erase(known.begin() + (open - to.begin()));
    std::erase_if(known, [&](const Dim &d) {
      auto same = std::find(rest.begin(), rest.end(), d);
      if (same == rest.end())
        return false;
      rest.erase(same);
      return true;
    });
    Dim count = product(rest), other = product(known);
    if (other.lower() <= 0 || !(count % other == Dim(0)))
      fail(at, "reshape: " + x.str() + " does not divide into " + str(shape), {{"operand", x}});
    *open = count / other;
  }
  if (to == from)
    return x;
  return emit("weft.reshape", {x}, {}, ResultType{x.dtype(), to}, at);
}
Tensor weft::expand(const Tensor &x, const Axes &places, Loc at) {
  requireValue(x, "expand", "operand", at);
  std::size_t rank = x.shape().size() + places.axes.size();
  std::vector<bool> isNew(rank);
  for (int place : places.axes)
    isNew[axisOf("expand", place, int(rank), at)] = true;
  Shape shape;
  auto old = x.shape().begin();
  for (std::size_t i = 0; i < rank; ++i) {
    if (!isNew[i] && old == x.shape().end())
      fail(at, "expand: an axis is named twice", {{"operand", x}});
    shape.push_back(isNew[i] ? Dim(1) : *old++);
  }
  return reshape(x, shape, at);
}
Tensor weft::squeeze(const Tensor &x, const Axes &axes, Loc at) {
  requireValue(x, "squeeze", "operand", at);
  std::vector<bool> gone(x.shape().size());
  for (int axis : axes.axes) {
    int a = axisOf("squeeze", axis, x.rank(), at);
    if (!(x.shape()[a] == Dim(1)))
      fail(at, "squeeze: axis " + std::to_string(axis) + " of " + x.str() + " is not of size 1", {{"operand", x}});
    gone[a] = true;
  }
  Shape shape;
  for (std::size_t i = 0; i < gone.size(); ++i)
    if (!gone[i])
      shape.push_back(x.shape()[i]);
  return reshape(x, shape, at);
}
Tensor weft::broadcast_to(const Tensor &x, const Shape &shape, Loc at) {
  requireValue(x, "broadcast_to", "operand", at);
  bool fits = x.shape().size() <= shape.size();
  for (std::size_t i = 0; fits && i < x.shape().size(); ++i) {
    const Dim &d = x.shape()[i];
    fits = d == Dim(1) || d == shape[shape.size() - x.shape().size() + i];
  }
  if (!fits)
    fail(at,
         "broadcast_to: " + x.str() + " does not fit " + str(shape) +
             ": sizes are compared from the right and must be equal, or 1",
         {{"operand", x}});
  return broadcastTo(x, shape, at);
}
Tensor weft::transpose(const Tensor &x, Loc at) {
  requireValue(x, "transpose", "operand", at);
  if (x.rank() < 2)
    fail(at, "transpose: expected two axes or more, found " + x.str(), {{"operand", x}});
  std::vector<int> order(x.shape().size());
  for (std::size_t i = 0; i < order.size(); ++i)
    order[i] = int(i);
  std::swap(order[order.size() - 1], order[order.size() - 2]);
  return transpose(x, order, at);
}
Tensor weft::concat(const std::vector<Tensor> &parts, int axis, Loc at) {
  requireTrace("concat", at);
  if (parts.empty())
    throw Error(at, "concat: nothing to put together");
  for (std::size_t i = 0; i < parts.size(); ++i)
    requireValue(parts[i], "concat", "part " + std::to_string(i), at);
  if (parts.size() == 1)
    return parts[0];
  Attribute along{"axis", std::int64_t(axisOf("concat", axis, parts[0].rank(), at))};
  return emitAll("weft.concatenate", parts, {&along, 1}, {}, at)[0];
}
Tensor weft::stack(const std::vector<Tensor> &parts, int axis, Loc at) {
  requireTrace("stack", at);
  std::vector<Tensor> expanded;
  for (const Tensor &part : parts)
    expanded.push_back(expand(part, axis, at));
  return concat(expanded, axis, at);
}
Tensor weft::slice(const Tensor &x, int axis, const Dim &start, const Dim &limit, int stride, Loc at) {
  requireValue(x, "slice", "operand", at);
  int a = axisOf("slice", axis, x.rank(), at);
  const Dim &size = x.shape()[a];
  Dim from = start.upper() < 0 ? size + start : start, to = limit.upper() < 0 ? size + limit : limit;
  if (stride < 1 || from.upper() > size.upper() || (to - from).upper() < 0 || (size - to).upper() < 0)
    fail(at,
         "slice: expected 0 <= start <= limit <= size, found " + start.str() + ", " + limit.str() + " and " +
             size.str() + " (axis " + std::to_string(axis) + " of " + x.str() + ")",
         {{"operand", x}});
  std::vector<Dim> starts(x.shape().size(), Dim(0));
  std::vector<std::int64_t> strides(x.shape().size(), 1);
  starts[a] = from, strides[a] = stride;
  Shape shape = x.shape();
  shape[a] = stride == 1 ? to - from : (to - from + (stride - 1)) / stride;
  if (shape == x.shape())
    return x;
  return emit("weft.slice", {x}, {{"starts", starts}, {"strides", strides}}, ResultType{x.dtype(), shape}, at);
}
Tensor weft::pad(const Tensor &x, int axis, const Dim &low, const Dim &high, const Operand &value) {
  Loc at = value.at;
  requireValue(x, "pad", "operand", at);
  int a = axisOf("pad", axis, x.rank(), at);
  if (low.upper() < 0 || high.upper() < 0) { // places are taken away
    Dim front = low.upper() < 0 ? Dim(0) - low : Dim(0), back = high.upper() < 0 ? Dim(0) - high : Dim(0);
    if ((x.shape()[a] - front - back).upper() < 0)
      fail(at,
           "pad: " + low.str() + " and " + high.str() + " take more from axis " + std::to_string(axis) + " of " +
               x.str() + " than there is",
           {{"operand", x}});
    Tensor rest = slice(x, a, front, x.shape()[a] - back, 1, at);
    bool adds = low.upper() > 0 || high.upper() > 0;
    return adds ? pad(rest, a, low.upper() < 0 ? Dim(0) : low, high.upper() < 0 ? Dim(0) : high, value) : rest;
  }
  std::vector<Dim> lows(x.shape().size(), Dim(0));
  lows[a] = low;
  Shape shape = x.shape();
  shape[a] = shape[a] + low + high;
  return emit("weft.pad", {x, resolve(value, x.dtype(), "pad", at)},
              {{"low", lows}, {"interior", std::vector<std::int64_t>(x.shape().size(), 0)}},
              ResultType{x.dtype(), shape}, at);
}
// ---- indexing
Tensor weft::pick(const Tensor &x, const Tensor &i, int axis, Loc at) {
  requireValue(x, "pick", "operand", at);
  requireValue(i, "pick", "index", at);
  int a = axisOf("pick", axis, x.rank(), at), extra = i.rank() - a;
  bool fits = extra >= 0;
  for (int k = 0; fits && k < a; ++k)
    fits = i.shape()[extra + k] == x.shape()[k];
  if (!fits)
    fail(at,
         "pick: the index must end in the dimensions in front of axis " + std::to_string(axis) + ": operand " +
             x.str() + " and index " + i.str(),
         {{"operand", x}, {"index", i}});
  // Both sides get all axes: [extra..., front..., (axis), back...].
  Shape wide(i.shape().begin(), i.shape().begin() + extra), narrow = i.shape();
  wide.insert(wide.end(), x.shape().begin(), x.shape().end());
  narrow.insert(narrow.end(), x.shape().size() - a, Dim(1));
  Shape indices = wide;
  indices[extra + a] = 1;
  Tensor found = take_along(broadcastTo(x, wide, at), broadcastTo(reshape(i, narrow, at), indices, at), extra + a, at);
  return squeeze(found, extra + a, at);
}
Tensor weft::one_hot(const Tensor &i, const Dim &n, DType dtype, Loc at) {
  requireValue(i, "one_hot", "operand", at);
  Shape shape = i.shape();
  shape.push_back(n);
  return emit("weft.one_hot", {i}, {}, ResultType{dtype, shape}, at);
}
