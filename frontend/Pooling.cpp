// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Pooling as plain ops: a window is as many slices of the padded operand as it has elements, and all of them are read
// in one kernel. The largest element is found by its place, which has no derivative, and then read at that place: so
// the derivative goes to one element, and what a gradient keeps of the forward pass is the places.
#include "Windows.h"
#include <algorithm>
#include <numeric>

using namespace weft;
using namespace weft::detail;

namespace {
std::vector<Windows> windowsOf(const char *op, const Tensor &x, const PerAxis &kernel, const Pool &how, Loc at) {
  const int space = spaceOf(op, x, at);
  auto each = [&](const char *what, const PerAxis &given, int least) {
    return eachAxis(op, what, given, space, least, at);
  };
  std::vector<int> kernels = each("kernel", kernel, 1), strides = each("stride", how.stride, 0),
                   lows = each("padding", how.padding, 0), highs = each("padding_high", how.padding_high, -1),
                   dilations = each("dilation", how.dilation, 1);
  std::vector<Windows> all;
  for (int i = 0; i < space; ++i) {
    Windows w{i + 2, x.shape()[i + 2], kernels[i], strides[i], lows[i], highs[i], dilations[i], {}};
    w.stride = w.stride == 0 ? w.kernel : w.stride;
    w.high = w.high < 0 ? w.low : w.high;
    std::string along = std::string(op) + ": along axis " + std::to_string(w.axis) + " of " + x.str();
    auto n = [](int v) { return std::to_string(v); };
    std::string formula = countWindows(w, how.ceil, along, x, at);
    if (std::max(w.low, w.high) > w.reach())
      fail(at,
           along + " a window of " + n(w.reach() + 1) + " elements may lie in the padding alone, which is " + n(w.low) +
               " in front and " + n(w.high) + " behind: the result has " + formula + " elements",
           {{"operand", x}});
    all.push_back(w);
  }
  return all;
}

/// All elements of the windows, in row-major order.
std::vector<Tensor> elementsOf(const Tensor &x, const std::vector<Windows> &all, const Operand &fill, Loc at) {
  std::vector<Margin> margins;
  for (const Windows &w : all) {
    Dim behind = w.beyond();
    // Where a window does not reach beyond the operand for every size, the padding has what it may need.
    margins.push_back({w.axis, w.low,
                       behind.upper() <= 0   ? Dim(0)
                       : behind.lower() >= 0 ? behind
                                             : Dim(behind.upper())});
  }
  Tensor padded = pad(x, margins, PadMode::constant, fill);
  std::vector<Tensor> elements;
  std::vector<int> offset(all.size());
  for (;;) {
    elements.push_back(slicesOf(padded, all, offset, at));
    int i = int(all.size()) - 1;
    while (i >= 0 && ++offset[i] == all[i].kernel)
      offset[i--] = 0;
    if (i < 0)
      return elements;
  }
}
/// Numbers that follow from the window's place along its axis, i32, in the shape of a tensor of that rank; constants
/// where the number of windows is one.
Tensor placesOf(const Windows &w, int rank, Loc at) { return alongAxis(iota(w.count, i32, at), w.axis, rank, at); }
constexpr std::int64_t mostConstants = 1 << 16; // more are computed
bool areConstants(const Windows &w) { return w.count.isStatic() && w.count.value() <= mostConstants; }
template <class F> Tensor constantAlong(const Windows &w, int rank, Loc at, F of) {
  std::vector<int> values;
  for (std::int64_t i = 0; i < w.count.value(at); ++i)
    values.push_back(of(int(i)));
  return alongAxis(constant(values, at), w.axis, rank, at);
}
/// So many slices in one kernel; larger windows are pooled axis by axis, the innermost first.
constexpr int mostElements = 32;
/// Windows side by side, without padding: their elements are an axis of their own.
bool tiles(const Windows &w) {
  return w.stride == w.kernel && w.dilation == 1 && !w.pads() && w.count * w.kernel == w.size;
}
/// The axis as [count, kernel].
Tensor tiled(const Tensor &x, const Windows &w, Loc at) {
  Shape shape = x.shape();
  shape[w.axis] = w.count;
  shape.insert(shape.begin() + w.axis + 1, Dim(w.kernel));
  return reshape(x, shape, at);
}

/// The smallest number of a type.
Tensor lowest(DType dtype, Loc at) {
  if (dtype.isFloat())
    return number(Scalar(-std::numeric_limits<double>::infinity()), dtype, "max_pool", at);
  const std::int64_t bits = std::int64_t(dtype.bytes()) * 8;
  return number(Scalar(std::numeric_limits<std::int64_t>::min() >> (64 - bits)), dtype, "max_pool", at);
}
/// The largest elements along an axis, each the first that reaches it.
Tensor largestAlong(const Tensor &x, int axis, Loc at) { return take_along(x, argmax(x, axis, keep, at), axis, at); }

Tensor maxPooled(const Tensor &x, const std::vector<Windows> &all, Loc at) {
  auto o = [&](const auto &v) { return Operand(v, at); };
  const bool floats = x.dtype().isFloat();
  std::vector<Tensor> elements = elementsOf(x, all, o(lowest(x.dtype(), at)), at);
  if (elements.size() == 1)
    return elements[0];
  // The first element of the operand in each window is where the search begins: it is found where all are the lowest.
  Tensor place = Tensor(0, at);
  int inner = int(elements.size());
  for (const Windows &w : all) {
    inner /= w.kernel;
    if (w.low == 0)
      continue;
    if (areConstants(w)) {
      place = o(place) + o(constantAlong(w, x.rank(), at, [&](int i) {
                return std::max(0, w.low - i * w.stride + w.dilation - 1) / w.dilation * inner;
              }));
      continue;
    }
    Tensor ahead = o(w.low + w.dilation - 1) - o(o(placesOf(w, x.rank(), at)) * o(w.stride));
    Tensor first = maximum(o(ahead), o(0));
    if (w.dilation > 1)
      first = o(first) / o(w.dilation);
    place = o(place) + o(o(first) * o(inner));
  }
  Tensor best = elements[0];
  for (std::size_t k = 1; k < elements.size(); ++k) {
    const Tensor &here = elements[k];
    // A NaN is larger than all but a NaN: not (here <= best).
    Tensor larger = floats ? Tensor(o(!o(o(here) <= o(best))) && o(o(best) == o(best))) : Tensor(o(here) > o(best));
    best = select(o(larger), o(here), o(best));
    place = select(o(larger), o(int(k)), o(place));
  }
  Tensor y = elements.back();
  for (std::size_t k = elements.size() - 1; k-- > 0;)
    y = select(o(o(place) == o(int(k))), o(elements[k]), o(y));
  return y;
}

/// How many elements of a window count, along one axis: those from -before on and below the size + behind.
Tensor countedAlong(const Windows &w, int before, int behind, int rank, Loc at) {
  auto o = [&](const auto &v) { return Operand(v, at); };
  if (w.size.isStatic() && areConstants(w))
    return constantAlong(w, rank, at, [&](int i) {
      int count = 0;
      for (int t = 0; t < w.kernel; ++t) {
        const std::int64_t at = std::int64_t(i) * w.stride - w.low + t * w.dilation;
        count += at >= -before && at < w.size.value() + behind;
      }
      return count;
    });
  // The window begins at `start`. Of the steps 0 to kernel - 1 those count that are not in front of the first element
  // that counts, and not behind the last.
  Tensor start = o(o(placesOf(w, rank, at)) * o(w.stride)) - o(w.low);
  Tensor last = minimum(o(o(w.size + (behind - 1)) - o(start)), o(w.reach()));
  Tensor first = maximum(o(o(-before) - o(start)), o(0));
  if (w.dilation > 1) {
    // Rounded down and up; both numerators may be negative where nothing counts.
    last = o(o(o(last) + o(w.dilation)) / o(w.dilation)) - o(1);
    first = o(o(first) + o(w.dilation - 1)) / o(w.dilation);
  }
  return maximum(o(o(o(last) - o(first)) + o(1)), o(0));
}

Tensor sumPooled(const Tensor &x, const std::vector<Windows> &all, Loc at) {
  std::vector<Tensor> elements = elementsOf(x, all, Operand(0, at), at);
  Tensor y = elements[0];
  for (std::size_t k = 1; k < elements.size(); ++k)
    y = Operand(y, at) + Operand(elements[k], at);
  return y;
}

/// Windows of a few elements at once; larger ones axis by axis, for both the sum and the first of the largest elements
/// of a window follow from those of its rows.
Tensor pooled(const Tensor &x, const std::vector<Windows> &all, bool largest, Loc at) {
  auto atOnce = [&](const Tensor &v, const std::vector<Windows> &some) {
    return largest ? maxPooled(v, some, at) : sumPooled(v, some, at);
  };
  const int elements = std::accumulate(all.begin(), all.end(), 1, [](int n, const Windows &w) { return n * w.kernel; });
  if (elements <= mostElements)
    return atOnce(x, all);
  Tensor y = x;
  for (std::size_t i = all.size(); i-- > 0;) {
    const Windows &w = all[i];
    if (!tiles(w))
      y = atOnce(y, {w});
    else if (largest)
      y = squeeze(largestAlong(tiled(y, w, at), w.axis + 1, at), w.axis + 1, at);
    else
      y = sum(tiled(y, w, at), w.axis + 1, {}, at);
  }
  return y;
}

void checkFloat(const char *op, const Tensor &x, Loc at) {
  if (!x.dtype().isFloat())
    fail(at, std::string(op) + ": expected a floating type, found " + x.str() + ": write cast(x, f32)",
         {{"operand", x}});
}
void checkNumber(const char *op, const Tensor &x, Loc at) {
  if (x.dtype().isComplex() || x.dtype() == i1)
    fail(at, std::string(op) + ": expected numbers that have an order, found " + x.str(), {{"operand", x}});
}

/// Along one axis, where the cells of an adaptive pooling begin and how many elements they have; both are vectors.
struct Cells {
  Tensor begin, count;
  int most = 1; // elements of the largest
};
Cells cellsOf(const Dim &from, const Dim &to, Loc at) {
  auto o = [&](const auto &v) { return Operand(v, at); };
  if (from.isStatic() && to.isStatic() && to.value() <= mostConstants) {
    const std::int64_t n = from.value(), m = to.value();
    std::vector<int> begin, count;
    Cells cells;
    for (std::int64_t i = 0; i < m; ++i) {
      begin.push_back(int(i * n / m));
      count.push_back(int(((i + 1) * n + m - 1) / m) - begin.back());
      cells.most = std::max(cells.most, count.back());
    }
    cells.begin = constant(begin, at), cells.count = constant(count, at);
    return cells;
  }
  Tensor place = iota(to, i32, at);
  Tensor begin = o(o(place) * o(from)) / o(to);
  Tensor end = o(o(o(o(place) + o(1)) * o(from)) + o(to - 1)) / o(to);
  const std::int64_t most =
      (from.upper() + std::max<std::int64_t>(to.lower(), 1) - 1) / std::max<std::int64_t>(to.lower(), 1) + 1;
  return {begin, o(end) - o(begin), int(most)};
}
/// The elements of each cell, as one more axis behind `axis`; `counted` says which of them are there.
std::pair<Tensor, Tensor> cellElements(const Tensor &x, const Cells &cells, int axis, Loc at) {
  auto o = [&](const auto &v) { return Operand(v, at); };
  Tensor step = expand(iota(cells.most, i32, at), 0, at);
  Tensor places = o(expand(cells.begin, 1, at)) + o(step);
  Tensor counted = o(step) < o(expand(cells.count, 1, at));
  Tensor elements = takeNearest(x, places, axis, at);
  Shape shape(elements.shape().size(), Dim(1));
  shape[axis] = elements.shape()[axis], shape[axis + 1] = elements.shape()[axis + 1];
  return {elements, reshape(counted, shape, at)};
}
Tensor adaptive(const char *op, const Tensor &given, const Shape &size, bool largest, Loc at) {
  const int space = spaceOf(op, given, at);
  if (int(size.size()) != space)
    fail(at,
         std::string(op) + ": " + str(size) + " are not the sizes of the " + std::to_string(space) +
             " axes of space of " + given.str(),
         {{"operand", given}});
  auto o = [&](const auto &v) { return Operand(v, at); };
  Tensor x = given;
  for (int i = space; i-- > 0;) {
    const int axis = i + 2;
    const Dim from = x.shape()[axis], to = size[i];
    if (from.lower() < 1 || to.lower() < 1)
      fail(at,
           std::string(op) + ": axis " + std::to_string(axis) + " of " + given.str() + " to the sizes " + str(size) +
               ": both sizes must be at least 1 (cell i has the elements floor(i n / m) to ceil((i + 1) n / m) - 1)",
           {{"operand", given}});
    if (double(from.upper()) * (double(to.upper()) + 1) > std::numeric_limits<std::int32_t>::max())
      fail(at, std::string(op) + ": places along axis " + std::to_string(axis) + " do not fit 32 bits",
           {{"operand", given}});
    if (from == to)
      continue;
    if (from % to == Dim(0) && (from / to).isStatic()) { // cells side by side, of one size
      Windows w{axis, from, int((from / to).value()), int((from / to).value()), 0, 0, 1, to};
      x = tiled(x, w, at);
      x = largest ? squeeze(largestAlong(x, axis + 1, at), axis + 1, at) : mean(x, axis + 1, {}, at);
      continue;
    }
    Cells cells = cellsOf(from, to, at);
    auto [elements, counted] = cellElements(x, cells, axis, at);
    if (largest) {
      // The first of the largest, by its place; what is not of the cell is never first.
      Tensor place = argmax(select(o(counted), o(elements), o(lowest(x.dtype(), at))), axis + 1, {}, at);
      place = o(place) + o(alongAxis(cells.begin, axis, x.rank(), at));
      x = take_along(x, place, axis, at);
    } else {
      Tensor total = sum(select(o(counted), o(elements), o(0)), axis + 1, {}, at);
      x = o(total) / o(cast(alongAxis(cells.count, axis, x.rank(), at), x.dtype(), at));
    }
  }
  return x;
}
} // namespace

Tensor weft::max_pool(const Tensor &x, const PerAxis &kernel, const Pool &how, Loc at) {
  std::vector<Windows> all = windowsOf("max_pool", x, kernel, how, at);
  checkNumber("max_pool", x, at);
  return pooled(x, all, true, at);
}
Tensor weft::avg_pool(const Tensor &x, const PerAxis &kernel, const Pool &how, Loc at) {
  auto o = [&](const auto &v) { return Operand(v, at); };
  std::vector<Windows> all = windowsOf("avg_pool", x, kernel, how, at);
  checkFloat("avg_pool", x, at);
  Tensor total = pooled(wideOf(x, at), all, false, at);
  // Windows of which every element counts have one divisor; of the others each axis says how many do.
  int same = 1;
  Tensor counted;
  for (const Windows &w : all) {
    const int behind = how.count_include_pad ? w.high : 0, before = how.count_include_pad ? w.low : 0;
    if (before == w.low && (w.beyond() - behind).upper() <= 0) {
      same *= w.kernel;
      continue;
    }
    Tensor along = countedAlong(w, before, behind, x.rank(), at);
    counted = counted.empty() ? along : Tensor(o(counted) * o(along));
  }
  Tensor y = counted.empty() ? o(total) / o(same) : o(total) / o(cast(o(counted) * o(same), total.dtype(), at));
  return cast(y, x.dtype(), at);
}
Tensor weft::adaptive_avg_pool(const Tensor &x, const Shape &size, Loc at) {
  requireValue(x, "adaptive_avg_pool", "operand", at);
  checkFloat("adaptive_avg_pool", x, at);
  return cast(adaptive("adaptive_avg_pool", wideOf(x, at), size, false, at), x.dtype(), at);
}
Tensor weft::adaptive_max_pool(const Tensor &x, const Shape &size, Loc at) {
  requireValue(x, "adaptive_max_pool", "operand", at);
  checkNumber("adaptive_max_pool", x, at);
  return adaptive("adaptive_max_pool", x, size, true, at);
}
