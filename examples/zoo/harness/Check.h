// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Gradients of any tree against central differences, in the type of its leaves (float64 for figures that mean
// anything).
#pragma once
#include <algorithm>
#include <cmath>
#include <weft/weft.h>

namespace zoo {

/// ||g - d|| / ||d|| over `most` of the tree's numbers, evenly spaced (0: all of them): g is grad(loss(tree, rest...),
/// tree), d the central differences of step `step`. All leaves of the tree are f64 and trained; `rest` is handed on as
/// it is.
template <class T, class Loss, class... Rest>
double gradientError(Loss loss, const T &tree, int most, double step, const Rest &...rest) {
  using namespace weft;
  auto flat = jit([](const T &t) { return ravel(t); }, tree);
  Tensor start = flat(tree);
  auto both = jit(
      [loss](Tensor v, const T &like, const Rest &...rest) {
        Tensor l = loss(unravel(v, like), rest...);
        return std::pair(l, grad(l, v));
      },
      start, tree, rest...);
  auto value = jit([loss](Tensor v, const T &like, const Rest &...rest) { return loss(unravel(v, like), rest...); },
                   start, tree, rest...);
  auto [l, g] = both(start, tree, rest...);
  std::vector<double> at(start.span<double>().begin(), start.span<double>().end());
  auto slope = g.template span<double>();
  std::size_t count = most > 0 ? std::min<std::size_t>(std::size_t(most), at.size()) : at.size();
  double error = 0, size = 0;
  for (std::size_t k = 0; k < count; ++k) {
    std::size_t i = k * at.size() / count;
    double kept = at[i], values[2];
    for (int side = 0; side < 2; ++side) {
      at[i] = kept + (side ? -step : step);
      values[side] = value(Tensor::copy(at, start.shape()), tree, rest...).template item<double>();
    }
    at[i] = kept;
    double difference = (values[0] - values[1]) / (2 * step);
    error += (slope[i] - difference) * (slope[i] - difference), size += difference * difference;
  }
  return std::sqrt(error / size);
}

} // namespace zoo
