// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Reading between the elements: grid_sample.
#include "Value.h"
#include "weft/Image.h"

using namespace weft;
using namespace weft::detail;

namespace {
/// A coordinate within [low, high], beyond which it has no derivative. A NaN stays.
Tensor within(const Tensor &c, const Operand &low, const Operand &high, Loc at) {
  auto o = [&](const auto &v) { return Operand(v, at); };
  Tensor above = select(o(o(c) >= high), high, o(c));
  return select(o(o(c) <= low), low, o(above));
}
/// A coordinate mirrored at both borders until it lies between them.
Tensor mirrored(const Tensor &c, double low, const Tensor &span, Loc at) {
  auto o = [&](const auto &v) { return Operand(v, at); };
  Tensor from = abs(o(c) - o(low), at), turns = floor(o(from) / o(span), at);
  Tensor rest = o(from) - o(o(stop_gradient(turns)) * o(span));
  Tensor odd = o(o(turns) - o(o(floor(o(turns) * o(0.5), at)) * o(2))) > o(0.5);
  return o(select(o(odd), o(o(span) - o(rest)), o(rest))) + o(low);
}
} // namespace

Tensor weft::grid_sample(const Tensor &x, const Tensor &grid, const GridSample &how, Loc at) {
  auto o = [&](const auto &v) { return Operand(v, at); };
  const int space = spaceOf("grid_sample", x, at, 2);
  requireValue(grid, "grid_sample", "grid", at);
  auto refuse = [&](const std::string &why) { fail(at, "grid_sample: " + why, {{"operand", x}, {"grid", grid}}); };
  if (!x.dtype().isFloat() || !grid.dtype().isFloat())
    refuse("expected floating types, operand " + x.str() + " and grid " + grid.str());
  if (grid.rank() < 2 || !(grid.shape().back() == Dim(space)) || !(grid.shape()[0] == x.shape()[0]))
    refuse("expected a grid [" + x.shape()[0].str() + ", ..., " + std::to_string(space) + "] for operand " + x.str() +
           ", found " + grid.str());
  if (how.mode != Interpolation::linear && how.mode != Interpolation::nearest)
    refuse("reads linear or nearest");
  Dim elements = 1, points = 1;
  for (int i = 0; i < space; ++i) {
    if (x.shape()[i + 2].lower() < 1)
      refuse("there must be an element to read, found operand " + x.str());
    elements *= x.shape()[i + 2];
  }
  if (elements.upper() > std::numeric_limits<std::int32_t>::max())
    refuse("places in " + x.str() + " do not fit 32 bits");
  Shape result{x.shape()[0], x.shape()[1]};
  for (int i = 1; i + 1 < grid.rank(); ++i)
    points *= grid.shape()[i], result.push_back(grid.shape()[i]);
  const Dim batch = x.shape()[0], channels = x.shape()[1];
  Tensor flat = reshape(x, {batch, channels, elements}, at),
         places = reshape(wideOf(grid, at), {batch, points, space}, at);
  const DType type = places.dtype();
  const bool linear = how.mode == Interpolation::linear;

  // Of each axis the element in front of the point, and how far behind it the point is.
  struct Along {
    Tensor front, behind, size; // i32 [B, points], float [B, points], i32 scalar
  };
  std::vector<Along> axes;
  Tensor none; // where a coordinate is NaN
  for (int i = 0; i < space; ++i) {
    Tensor size = o(Tensor(0, at)) + o(x.shape()[i + 2]), n = cast(size, type, at);
    Tensor c = squeeze(slice(places, 2, space - 1 - i, space - i, 1, at), 2, at);
    c = how.align_corners ? o(o(o(c) + o(1)) * o(0.5)) * o(o(n) - o(1)) : o(o(o(o(c) + o(1)) * o(n)) - o(1)) * o(0.5);
    if (how.padding ==
        GridPadding::reflection) // of one element between its own centres there is nothing to turn round at
      c = how.align_corners ? mirrored(c, 0, maximum(o(o(n) - o(1)), o(1)), at) : mirrored(c, -0.5, n, at);
    // Outside there is nothing but zeros in that mode: a point far away gives what one next to the border gives.
    if (how.padding == GridPadding::zeros)
      c = within(c, o(-1), o(n), at);
    else
      c = within(c, o(0), o(o(n) - o(1)), at);
    Tensor whole = stop_gradient(linear ? floor(c, at) : round(c, at));
    if (!linear) {
      Tensor here = o(c) != o(c);
      none = none.empty() ? here : Tensor(o(none) || o(here));
    }
    axes.push_back({cast(whole, i32, at), o(c) - o(whole), size});
  }
  // The corners of the cell around the point.
  const DType sums = wideOf(x, at).dtype();
  Tensor y;
  for (int corner = 0; corner < (linear ? 1 << space : 1); ++corner) {
    Tensor place, inside, weight;
    for (int i = 0; i < space; ++i) {
      const bool behind = corner >> (space - 1 - i) & 1;
      const Along &a = axes[i];
      Tensor at0 = behind ? Tensor(o(a.front) + o(1)) : a.front;
      Tensor here = o(o(at0) >= o(0)) && o(o(at0) < o(a.size));
      inside = inside.empty() ? here : Tensor(o(inside) && o(here));
      place = place.empty() ? at0 : Tensor(o(o(place) * o(a.size)) + o(at0));
      Tensor w = behind ? a.behind : Tensor(o(1) - o(a.behind));
      weight = weight.empty() ? w : Tensor(o(weight) * o(w));
    }
    auto wide = [&](const Tensor &v) { return expand(v, 1, at); };
    Tensor index = broadcast_to(wide(select(o(inside), o(place), o(0))), {batch, channels, points}, at);
    Tensor value = emit("weft.take_along", {flat, index}, {{"axis", std::int64_t(2)}, {"clip", std::monostate()}}, at);
    value = select(o(wide(inside)), o(cast(value, sums, at)), o(0));
    if (linear)
      value = o(value) * o(cast(wide(weight), sums, at));
    else
      value = select(o(wide(none)), o(std::numeric_limits<float>::quiet_NaN()), o(value));
    y = y.empty() ? value : Tensor(o(y) + o(value));
  }
  return reshape(cast(y, x.dtype(), at), result, at);
}
