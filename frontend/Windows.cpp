// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// How many windows lie along an axis, and their elements as slices of the padded operand.
#include "Windows.h"

using namespace weft;
using namespace weft::detail;

static Dim ceilDivided(const Dim &a, int b) { return (a + (b - 1)) / b; }

std::string detail::countWindows(Windows &w, bool ceil, const std::string &along, const Tensor &operand, Loc at) {
  Dim room = w.size + (w.low + w.high - w.reach() - 1);
  auto n = [](int v) { return std::to_string(v); };
  std::string rounded = ceil ? "ceil" : "floor";
  std::string formula = rounded + "((size + low + high - dilation (kernel - 1) - 1) / stride) + 1 = " + rounded + "((" +
                        w.size.str() + " + " + n(w.low) + " + " + n(w.high) + " - " + n(w.dilation) + " * " +
                        n(w.kernel - 1) + " - 1) / " + n(w.stride) + ") + 1";
  if (room.lower() < 0)
    fail(at,
         along + " a window of " + n(w.reach() + 1) + " elements " +
             (room.upper() < 0 ? "does not fit" : "may not fit, narrow the bounds of the size") + ": the result has " +
             formula + " elements",
         {{"operand", operand}});
  // With `ceil`, as many windows as begin in the operand or in front of it, if that is less.
  w.count = !ceil                                ? room / w.stride + 1
            : w.high + w.stride <= w.reach() + 1 ? ceilDivided(room, w.stride) + 1
                                                 : ceilDivided(w.size + w.low, w.stride);
  return formula;
}

Tensor detail::slicesOf(const Tensor &padded, const std::vector<Windows> &all, const std::vector<int> &offset, Loc at) {
  std::vector<Dim> starts(padded.shape().size(), Dim(0));
  std::vector<std::int64_t> strides(padded.shape().size(), 1);
  Shape shape = padded.shape();
  for (std::size_t i = 0; i < all.size(); ++i) {
    starts[all[i].axis] = offset[i] * all[i].dilation;
    strides[all[i].axis] = all[i].stride;
    shape[all[i].axis] = all[i].count;
  }
  if (shape == padded.shape())
    return padded;
  return emit("weft.slice", {padded}, {{"starts", starts}, {"strides", strides}}, ResultType{padded.dtype(), shape},
              at);
}
