// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "harness/Metrics.h"
#include <cmath>
#include <limits>

using namespace zoo;

Rows zoo::rows(const weft::Tensor &x) {
  Rows r;
  r.width = x.rank() == 2 ? int(x.dim(1).value()) : 1;
  weft::Tensor wide = weft::cast(x, weft::f64);
  r.v.assign(wide.span<double>().begin(), wide.span<double>().end());
  return r;
}
weft::Tensor zoo::tensor(const Rows &x, weft::DType dtype) {
  return weft::cast(weft::Tensor::copy(x.v, {x.count(), x.width}), dtype);
}

double zoo::relativeError(const Rows &a, const Rows &b) {
  double error = 0, size = 0;
  for (std::size_t i = 0; i < b.v.size(); ++i)
    error += (a.v[i] - b.v[i]) * (a.v[i] - b.v[i]), size += b.v[i] * b.v[i];
  return std::sqrt(error / size);
}

double zoo::meanCosine(const Rows &a, const Rows &b) {
  double sum = 0;
  for (int i = 0; i < b.count(); ++i) {
    double ab = 0, aa = 0, bb = 0;
    for (int d = 0; d < b.width; ++d)
      ab += a[i][d] * b[i][d], aa += a[i][d] * a[i][d], bb += b[i][d] * b[i][d];
    sum += aa * bb > 0 ? ab / std::sqrt(aa * bb) : 0;
  }
  return sum / b.count();
}

static double meanDistance(const Rows &x, const Rows &y) {
  double sum = 0;
  for (int i = 0; i < x.count(); ++i)
    for (int j = 0; j < y.count(); ++j) {
      double squared = 0;
      for (int d = 0; d < x.width; ++d)
        squared += (x[i][d] - y[j][d]) * (x[i][d] - y[j][d]);
      sum += std::sqrt(squared);
    }
  return sum / (double(x.count()) * double(y.count()));
}
double zoo::energyDistance(const Rows &x, const Rows &y) {
  return 2 * meanDistance(x, y) - meanDistance(x, x) - meanDistance(y, y);
}

double zoo::psnr(const Rows &x, const Rows &clean, double peak) {
  double error = 0;
  for (std::size_t i = 0; i < x.v.size(); ++i)
    error += (x.v[i] - clean.v[i]) * (x.v[i] - clean.v[i]);
  return 10 * std::log10(peak * peak * double(x.v.size()) / error);
}

double zoo::nearestNeighbourAccuracy(const Rows &known, const std::vector<int> &labels, const Rows &asked,
                                     const std::vector<int> &truth) {
  int right = 0;
  for (int i = 0; i < asked.count(); ++i) {
    double best = std::numeric_limits<double>::infinity();
    int nearest = 0;
    for (int j = 0; j < known.count(); ++j) {
      double squared = 0;
      for (int d = 0; d < known.width && squared < best; ++d)
        squared += (asked[i][d] - known[j][d]) * (asked[i][d] - known[j][d]);
      if (squared < best)
        best = squared, nearest = j;
    }
    right += labels[std::size_t(nearest)] == truth[std::size_t(i)];
  }
  return 100.0 * right / asked.count();
}
