// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Margins around an operand, and what all ops over space share.
#include "Value.h"
#include "weft/Image.h"

using namespace weft;
using namespace weft::detail;

int detail::spaceOf(const char *op, const Tensor &x, Loc at, int least, int most) {
  requireValue(x, op, "operand", at);
  int space = x.rank() - 2;
  if (space < least || space > most)
    fail(at,
         std::string(op) + ": expected [B, C, ...] with " + std::to_string(least) +
             (most > least ? " to " + std::to_string(most) : std::string()) + " axes of space, found " + x.str(),
         {{"operand", x}});
  return space;
}
std::vector<int> detail::eachAxis(const char *op, const char *what, const PerAxis &given, int axes, int least, Loc at) {
  std::vector<int> all = given.values;
  if (all.size() == 1)
    all.resize(std::size_t(axes), all[0]);
  if (int(all.size()) != axes)
    throw Error(at, std::string(op) + ": " + what + " has " + std::to_string(all.size()) + " numbers for " +
                        std::to_string(axes) + " axes of space");
  for (int n : all)
    if (n < least)
      throw Error(at, std::string(op) + ": " + what + " must be at least " + std::to_string(least) + ", found " +
                          std::to_string(n));
  return all;
}
Tensor detail::alongAxis(const Tensor &vector, int axis, int rank, Loc at) {
  Shape shape(std::size_t(rank), Dim(1));
  shape[axis] = vector.shape()[0];
  return reshape(vector, shape, at);
}
Tensor detail::takeNearest(const Tensor &x, const Tensor &places, int axis, Loc at) {
  return emit("weft.take", {x, places}, {{"axis", std::int64_t(axis)}, {"clip", std::monostate()}}, at);
}
Tensor detail::wideOf(const Tensor &x, Loc at) { return cast(x, computeType(x.dtype()), at); }

Tensor weft::pad(const Tensor &x, const std::vector<Margin> &margins, PadMode mode, const Operand &value) {
  Loc at = value.at;
  requireValue(x, "pad", "operand", at);
  const std::size_t rank = x.shape().size();
  std::vector<Dim> lows(rank, Dim(0));
  std::vector<bool> named(rank);
  Shape shape = x.shape();
  for (const Margin &margin : margins) {
    int a = axisOf("pad", margin.axis, x.rank(), at);
    if (named[a])
      fail(at, "pad: axis " + std::to_string(margin.axis) + " is named twice", {{"operand", x}});
    named[a] = true;
    if (margin.low.lower() < 0 || margin.high.lower() < 0)
      fail(at,
           "pad: margins must not be negative, found " + margin.low.str() + " and " + margin.high.str() + " of axis " +
               std::to_string(margin.axis) + " of " + x.str() + "; slice cuts",
           {{"operand", x}});
    lows[a] = margin.low;
    shape[a] = shape[a] + margin.low + margin.high;
  }
  if (shape == x.shape())
    return x;
  if (mode == PadMode::constant)
    return emit("weft.pad", {x, resolve(value, x.dtype(), "pad", at)},
                {{"low", lows}, {"interior", std::vector<std::int64_t>(rank, 0)}}, ResultType{x.dtype(), shape}, at);
  std::vector<std::int64_t> axes;
  for (std::size_t a = 0; a < rank; ++a)
    if (!(shape[a] == x.shape()[a]))
      axes.push_back(std::int64_t(a));
  const char *name = mode == PadMode::reflect ? "reflect" : mode == PadMode::edge ? "edge" : "wrap";
  return emit("weft.extend", {x}, {{"mode", std::string(name)}, {"axes", axes}, {"low", lows}},
              ResultType{x.dtype(), shape}, at);
}
