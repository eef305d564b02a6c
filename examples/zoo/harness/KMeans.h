// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Clusters of points by their means (S. Lloyd, "Least squares quantization in PCM", 1982).
#pragma once
#include "harness/Metrics.h"
#include <cstdint>

namespace zoo {

struct Clusters {
  Rows centres;
  std::vector<int> nearest; // of each point, the lowest on ties
  double error;             // the mean of the squared distances to them
};
/// k centres of so many points or more, in float64: a start by k-means++ (D. Arthur and S. Vassilvitskii, 2007) that
/// follows from the seed, then so many rounds of Lloyd's. A centre that no point is nearest to stays where it is.
/// Throws std::invalid_argument.
Clusters kMeans(const Rows &points, int k, std::uint64_t seed, int rounds = 30);
/// For each point which of the centres is nearest.
std::vector<int> nearestCentres(const Rows &points, const Rows &centres);

} // namespace zoo
