// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "harness/KMeans.h"
#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <stdexcept>

using namespace weft;
using zoo::Rows;

namespace {
struct Nearest {
  Tensor which, distance; // i32 [n], squared [n]
};
Nearest nearest(const Tensor &x, const Tensor &c) {
  Tensor far = sum(square(c), 1) - 2 * matmul(x, transpose(c)); // less |x|^2, which all centres share
  return {argmin(far, 1), maximum(min(far, 1) + sum(square(x), 1), 0)};
}
/// All rounds as one loop.
Nearest lloyd(Tensor &centres, const Tensor &x, int rounds) {
  scan(centres, rounds, [&](Tensor &c, Tensor) {
    Tensor which = nearest(x, c).which, count = scatter_add(zeros({c.dim(0)}, f64), which, full({x.dim(0)}, 1, f64)),
           total = scatter_add(zeros_like(c), which, x);
    c = select(expand(count, 1) > 0, total / expand(maximum(count, 1), 1), c);
  });
  return nearest(x, centres);
}

/// The first centre is any point; each further one a point drawn by its squared distance to those there are.
Rows start(const Rows &points, int k, std::uint64_t seed) {
  std::mt19937_64 engine(seed);
  auto uniform = [&] { return double(engine() >> 11) * 0x1p-53; };
  const int n = points.count();
  Rows centres{points.width, {}};
  std::vector<double> least(std::size_t(n), std::numeric_limits<double>::infinity());
  int chosen = int(uniform() * n);
  for (int c = 0; c < k; ++c) {
    centres.v.insert(centres.v.end(), points[chosen], points[chosen] + points.width);
    double all = 0;
    for (int i = 0; i < n; ++i) {
      double squared = 0;
      for (int d = 0; d < points.width; ++d)
        squared += (points[i][d] - centres[c][d]) * (points[i][d] - centres[c][d]);
      least[std::size_t(i)] = std::min(least[std::size_t(i)], squared);
      all += least[std::size_t(i)];
    }
    double mark = uniform() * all;
    for (chosen = 0; chosen < n - 1 && mark >= least[std::size_t(chosen)]; ++chosen)
      mark -= least[std::size_t(chosen)];
  }
  return centres;
}
std::vector<int> numbers(const Tensor &x) { return {x.span<int>().begin(), x.span<int>().end()}; }
} // namespace

zoo::Clusters zoo::kMeans(const Rows &points, int k, std::uint64_t seed, int rounds) {
  if (k < 1 || points.count() < k)
    throw std::invalid_argument("k-means: " + std::to_string(k) + " centres of " + std::to_string(points.count()) +
                                " points");
  if (!std::ranges::all_of(points.v, [](double v) { return std::isfinite(v); }))
    throw std::invalid_argument("k-means: a point has a number that is not finite");
  static const auto compiled = jit(lloyd);
  Tensor centres = tensor(start(points, k, seed), f64);
  Nearest found = compiled(centres, tensor(points, f64), rounds);
  double error = 0;
  for (double d : found.distance.span<double>())
    error += d / points.count();
  return {rows(centres), numbers(found.which), error};
}
std::vector<int> zoo::nearestCentres(const Rows &points, const Rows &centres) {
  if (points.width != centres.width)
    throw std::invalid_argument("k-means: points of width " + std::to_string(points.width) + ", centres of width " +
                                std::to_string(centres.width));
  static const auto compiled = jit(nearest);
  return numbers(compiled(tensor(points, f64), tensor(centres, f64)).which);
}
