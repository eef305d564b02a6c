// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Figures of merit, in double, of points as rows.
#pragma once
#include <vector>
#include <weft/weft.h>

namespace zoo {

/// Rows of numbers on the host.
struct Rows {
  int width = 0;
  std::vector<double> v;
  int count() const { return width ? int(v.size()) / width : 0; }
  const double *operator[](int i) const { return v.data() + std::size_t(i) * std::size_t(width); }
  double *operator[](int i) { return v.data() + std::size_t(i) * std::size_t(width); }
};
/// A tensor [n, d] or [n] as rows, and back.
Rows rows(const weft::Tensor &x);
weft::Tensor tensor(const Rows &x, weft::DType dtype = weft::f32);

/// ||a - b|| / ||b|| over all elements.
double relativeError(const Rows &a, const Rows &b);
/// The mean over rows of the cosine of the angle between them.
double meanCosine(const Rows &a, const Rows &b);
/// 2 E|X - Y| - E|X - X'| - E|Y - Y'| (Szekely and Rizzo, 2004), over all pairs.
double energyDistance(const Rows &x, const Rows &y);
/// 10 log10(peak^2 / mean squared error), in dB.
double psnr(const Rows &x, const Rows &clean, double peak = 1);
/// Percent of the points whose nearest neighbour among `known` has their label.
double nearestNeighbourAccuracy(const Rows &known, const std::vector<int> &labels, const Rows &asked,
                                const std::vector<int> &truth);

} // namespace zoo
