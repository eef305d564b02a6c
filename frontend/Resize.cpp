// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Other sizes: along each axis a result is a sum of a few elements of the operand, whose places and weights follow from
// the sizes. Where both sizes are numbers, places and weights are constants; else they are computed where they are
// read, in integers, so that no rounding moves a place.
#include "Value.h"
#include "weft/Image.h"
#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

using namespace weft;
using namespace weft::detail;

namespace {
/// The k-th element that each result reads, and its weight; both are vectors. No weight: 1.
struct Tap {
  Tensor place, weight;
};

/// The place between elements that result i is read at, as the exact fraction (i * step + first) / by.
struct Fractions {
  Dim step, first, by;
};
Fractions fractionsOf(const Dim &from, const Dim &to, const Resize &how) {
  if (how.mode == Interpolation::nearest)
    return {from, 0, to};
  if (how.align_corners) // one element of the result is the first
    return to == Dim(1) ? Fractions{0, 0, 1} : Fractions{from - 1, 0, to - 1};
  return {from * 2, from - to, to * 2};
}

/// Weights of the neighbours at a distance `t` in [0, 1) behind the element in front: linear 2, cubic 4 of them.
template <class T, class Of> std::vector<T> weightsAt(Interpolation mode, const T &t, Of number) {
  if (mode == Interpolation::linear)
    return {number(1) - t, t};
  // Keys' cubic convolution with a = -3/4, in Horner's form.
  auto near = [&](const T &x) { return ((x * number(1.25) - number(2.25)) * x) * x + number(1); };
  auto far = [&](const T &x) { return ((x * number(-0.75) + number(3.75)) * x - number(6)) * x + number(3); };
  return {far(t + number(1)), near(t), near(number(1) - t), far(number(2) - t)};
}

std::vector<Tap> tapsOfNumbers(std::int64_t n, std::int64_t m, const Resize &how, DType dtype, Loc at) {
  Fractions f = fractionsOf(n, m, how);
  const std::int64_t step = f.step.value(), first = f.first.value(), by = f.by.value();
  const int count = how.mode == Interpolation::nearest ? 1 : how.mode == Interpolation::linear ? 2 : 4;
  std::vector<std::vector<int>> places(count);
  std::vector<std::vector<double>> weights(count);
  for (std::int64_t i = 0; i < m; ++i) {
    std::int64_t at = i * step + first;
    if (how.mode == Interpolation::linear)
      at = std::max<std::int64_t>(at, 0);
    std::int64_t front = at / by - (at % by < 0);
    std::vector<double> w{1};
    if (count > 1)
      w = weightsAt(how.mode, double(at - front * by) / double(by), [](double v) { return v; });
    for (int k = 0; k < count; ++k) {
      places[k].push_back(int(std::clamp<std::int64_t>(front + k - (count == 4), 0, n - 1)));
      weights[k].push_back(w[k]);
    }
  }
  std::vector<Tap> taps;
  for (int k = 0; k < count; ++k)
    taps.push_back({constant(places[k], at), count > 1 ? cast(constant(weights[k], at), dtype, at) : Tensor()});
  return taps;
}
std::vector<Tap> tapsOfDims(const Dim &n, const Dim &m, const Resize &how, DType dtype, Loc at) {
  auto o = [&](const auto &v) { return Operand(v, at); };
  Fractions f = fractionsOf(n, m, how);
  const bool cubic = how.mode == Interpolation::cubic;
  // A cubic's places may lie in front of the first: moved by one element, integers round down.
  Dim first = cubic ? f.first + f.by : f.first;
  Dim by = f.by.lower() < 1 ? Dim(0) : f.by;
  Tensor place = o(o(iota(m, i32, at)) * o(f.step)) + o(first);
  if (how.mode == Interpolation::linear)
    place = maximum(o(place), o(0));
  // m - 1 of align_corners may be 0, where the only place is 0.
  Tensor divisor =
      by == Dim(0) ? Tensor(maximum(o(o(Tensor(0, at)) + o(f.by)), o(1))) : Tensor(o(Tensor(0, at)) + o(by));
  Tensor front = o(place) / o(divisor);
  if (how.mode == Interpolation::nearest)
    return {{front, {}}};
  Tensor t = o(cast(o(place) % o(divisor), dtype, at)) / o(cast(divisor, dtype, at));
  struct Code { // numbers and tensors in one formula
    Tensor v;
    Loc at;
    Code operator+(const Code &b) const { return {Operand(v, at) + Operand(b.v, at), at}; }
    Code operator-(const Code &b) const { return {Operand(v, at) - Operand(b.v, at), at}; }
    Code operator*(const Code &b) const { return {Operand(v, at) * Operand(b.v, at), at}; }
  };
  std::vector<Code> weights =
      weightsAt(how.mode, Code{t, at}, [&](double v) { return Code{number(Scalar(v), dtype, "resize", at), at}; });
  std::vector<Tap> taps;
  for (std::size_t k = 0; k < weights.size(); ++k)
    taps.push_back({o(front) + o(int(k) - (cubic ? 2 : 0)), weights[k].v});
  return taps;
}
/// As Pillow and PyTorch do it: where the result is smaller the filter is as much wider, and its weights sum to 1.
std::vector<Tap> smoothTaps(std::int64_t n, std::int64_t m, Interpolation mode, DType dtype, Loc at) {
  const double scale = double(n) / double(m), wide = std::max(scale, 1.0);
  const bool cubic = mode == Interpolation::cubic;
  const double support = (cubic ? 2 : 1) * wide;
  auto filter = [&](double x) {
    x = std::fabs(x);
    if (!cubic)
      return std::max(0.0, 1 - x);
    const double a = -0.5;
    return x < 1 ? ((a + 2) * x - (a + 3)) * x * x + 1 : x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0.0;
  };
  std::vector<std::vector<int>> places;
  std::vector<std::vector<double>> weights;
  for (std::int64_t i = 0; i < m; ++i) {
    const double centre = scale * (double(i) + 0.5);
    const std::int64_t from = std::max<std::int64_t>(std::int64_t(centre - support + 0.5), 0),
                       to = std::min<std::int64_t>(std::int64_t(centre + support + 0.5), n);
    double sum = 0;
    for (std::int64_t j = from; j < to; ++j)
      sum += filter((double(j) - centre + 0.5) / wide);
    for (std::int64_t j = from; j < to; ++j) {
      const std::size_t k = std::size_t(j - from);
      if (k == places.size()) { // others read their own first element there, with weight 0
        places.emplace_back(std::size_t(m), -1);
        weights.emplace_back(std::size_t(m), 0.0);
      }
      places[k][std::size_t(i)] = int(j);
      weights[k][std::size_t(i)] = filter((double(j) - centre + 0.5) / wide) / sum;
    }
  }
  std::vector<Tap> taps;
  for (std::size_t k = 0; k < places.size(); ++k) {
    for (std::size_t i = 0; i < places[k].size(); ++i)
      if (places[k][i] < 0)
        places[k][i] = places[0][i];
    taps.push_back({constant(places[k], at), cast(constant(weights[k], at), dtype, at)});
  }
  return taps;
}
/// Results along an axis whose places are constants; those of more are computed.
constexpr std::int64_t mostConstants = 1 << 16;

Tensor weighted(const Tensor &x, const std::vector<Tap> &taps, int axis, Loc at) {
  auto o = [&](const auto &v) { return Operand(v, at); };
  Tensor y;
  for (const Tap &tap : taps) {
    Tensor part = takeNearest(x, tap.place, axis, at);
    if (!tap.weight.empty())
      part = o(part) * o(alongAxis(tap.weight, axis, x.rank(), at));
    y = y.empty() ? part : Tensor(o(y) + o(part));
  }
  return y;
}

/// Rearranges channels and squares; `squareFirst`: the square's places are in front of the channels.
Tensor shuffled(const char *op, const Tensor &x, int r, bool up, bool squareFirst, Loc at) {
  const int space = spaceOf(op, x, at);
  if (r < 1)
    fail(at, std::string(op) + ": the factor must be at least 1, found " + std::to_string(r), {{"operand", x}});
  Dim cells = 1;
  for (int i = 0; i < space; ++i)
    cells *= r;
  const Shape &from = x.shape();
  bool fits = up ? from[1] % cells == Dim(0) : true;
  for (int i = 0; i < space && !up; ++i)
    fits &= from[i + 2] % Dim(r) == Dim(0);
  if (!fits)
    fail(at,
         std::string(op) + ": " +
             (up ? "the channels of " + x.str() + " must be a multiple of " + cells.str()
                 : "the sizes of space of " + x.str() + " must be multiples of " + std::to_string(r)) +
             " to give [B, " + (up ? "C / " : "C * ") + cells.str() + ", n " + (up ? "* " : "/ ") + std::to_string(r) +
             "...]",
         {{"operand", x}});
  // Between both: [B, C, r, r, n, m] (or [B, r, r, C, n, m]) and [B, C, n, r, m, r].
  const Dim channels = up ? from[1] / cells : from[1];
  Shape apart{from[0]}, to{from[0], up ? channels : channels * cells};
  std::vector<int> order;
  if (up) {
    if (!squareFirst)
      apart.push_back(channels);
    apart.insert(apart.end(), std::size_t(space), Dim(r));
    if (squareFirst)
      apart.push_back(channels);
    order = {0, squareFirst ? 1 + space : 1};
    for (int i = 0; i < space; ++i) {
      apart.push_back(from[i + 2]);
      order.push_back(2 + space + i), order.push_back((squareFirst ? 1 : 2) + i);
      to.push_back(from[i + 2] * r);
    }
  } else {
    apart.push_back(channels);
    for (int i = 0; i < space; ++i) {
      apart.push_back(from[i + 2] / r), apart.push_back(r);
      to.push_back(from[i + 2] / r);
    }
    order = {0};
    if (!squareFirst)
      order.push_back(1);
    for (int i = 0; i < space; ++i)
      order.push_back(3 + 2 * i);
    if (squareFirst)
      order.push_back(1);
    for (int i = 0; i < space; ++i)
      order.push_back(2 + 2 * i);
  }
  return reshape(transpose(reshape(x, apart, at), order, at), to, at);
}
} // namespace

Tensor weft::resize(const Tensor &given, const Shape &size, const Resize &how, Loc at) {
  const int space = spaceOf("resize", given, at);
  auto refuse = [&](const std::string &why) { fail(at, "resize: " + why, {{"operand", given}}); };
  if (int(size.size()) != space)
    refuse(str(size) + " are not the sizes of the " + std::to_string(space) + " axes of space of " + given.str());
  const bool sums = how.mode != Interpolation::nearest;
  if (sums && !given.dtype().isFloat())
    refuse("expected a floating type, found " + given.str() + ": write cast(x, f32)");
  if (how.align_corners && (!sums || how.mode == Interpolation::area))
    refuse("align_corners is for linear and cubic");
  if (how.antialias && (!sums || how.mode == Interpolation::area || how.align_corners))
    refuse("antialias is for linear and cubic without align_corners; area averages all that a result covers");
  if (how.mode == Interpolation::area)
    return adaptive_avg_pool(given, size, at);
  Tensor x = sums ? wideOf(given, at) : given;
  for (int i = space; i-- > 0;) {
    const int axis = i + 2;
    const Dim from = x.shape()[axis], to = size[i];
    if (from.lower() < 1 || to.lower() < 0)
      refuse("axis " + std::to_string(axis) + " of " + given.str() + " to the sizes " + str(size) +
             ": there must be an element to read, and no size is negative; narrow the bounds");
    if (from == to) // every place is an element
      continue;
    if (how.antialias && !(from.isStatic() && to.isStatic()))
      refuse("antialias needs sizes that are numbers, found " + from.str() + " and " + to.str() + " along axis " +
             std::to_string(axis));
    if (2 * double(from.upper()) * (double(to.upper()) + 2) > std::numeric_limits<std::int32_t>::max())
      refuse("places along axis " + std::to_string(axis) + " of " + given.str() + " do not fit 32 bits");
    std::vector<Tap> taps = how.antialias ? smoothTaps(from.value(at), to.value(at), how.mode, x.dtype(), at)
                            : from.isStatic() && to.isStatic() && to.value() <= mostConstants
                                ? tapsOfNumbers(from.value(), to.value(), how, x.dtype(), at)
                                : tapsOfDims(from, to, how, x.dtype(), at);
    if (taps.empty()) // no result along the axis
      taps = tapsOfDims(from, to, {}, x.dtype(), at);
    x = weighted(x, taps, axis, at);
  }
  return cast(x, given.dtype(), at);
}
Tensor weft::pixel_shuffle(const Tensor &x, int r, Loc at) { return shuffled("pixel_shuffle", x, r, true, false, at); }
Tensor weft::pixel_unshuffle(const Tensor &x, int r, Loc at) {
  return shuffled("pixel_unshuffle", x, r, false, false, at);
}
Tensor weft::depth_to_space(const Tensor &x, int r, Loc at) { return shuffled("depth_to_space", x, r, true, true, at); }
Tensor weft::space_to_depth(const Tensor &x, int r, Loc at) {
  return shuffled("space_to_depth", x, r, false, true, at);
}
