// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What attention looks like: how far it reaches, and whether queries differ in what they attend to.
#pragma once
#include <algorithm>
#include <cmath>
#include <vector>

namespace hybrid {

/// Attention maps of one block without the class token, rows made to sum to one: weights [maps, N, N].
struct Maps {
  int heads, n, grid; // n = grid * grid tokens
  std::vector<double> a;
  int count() const { return int(a.size()) / (n * n); }
  const double *operator[](int i) const { return a.data() + std::size_t(i) * std::size_t(n * n); }
};

/// I(q; k) / sqrt(H(q) H(k)) with p(q) = 1 / N and p(q, k) = a_qk / N: 0 where all queries attend alike, 1 where each
/// has a key of its own. Of keys that are certain (H(k) = 0) it is 0.
inline double nmi(const double *a, int n) {
  std::vector<double> p(std::size_t(n), 0.0);
  for (int q = 0; q < n; ++q)
    for (int k = 0; k < n; ++k)
      p[std::size_t(k)] += a[q * n + k] / n;
  double information = 0, keys = 0, queries = std::log(double(n));
  for (int q = 0; q < n; ++q)
    for (int k = 0; k < n; ++k)
      if (double w = a[q * n + k]; w > 0)
        information += w / n * std::log(w / p[std::size_t(k)]);
  for (double w : p)
    if (w > 0)
      keys -= w * std::log(w);
  return keys > 1e-12 ? std::max(0.0, information) / std::sqrt(queries * keys) : 0;
}
/// The mean over queries of sum_k a_qk |place of q - place of k|, in patches.
inline double distance(const double *a, int grid) {
  const int n = grid * grid;
  double sum = 0;
  for (int q = 0; q < n; ++q)
    for (int k = 0; k < n; ++k)
      sum += a[q * n + k] / n * std::hypot(q / grid - k / grid, q % grid - k % grid);
  return sum;
}
struct Attention {
  double nmi, reach, spread; // means over pictures and heads, and the deviation of heads' mean reach
};
inline Attention describe(const Maps &m) {
  std::vector<double> reach(std::size_t(m.heads), 0.0);
  Attention d{0, 0, 0};
  for (int i = 0; i < m.count(); ++i) {
    d.nmi += nmi(m[i], m.n) / m.count();
    reach[std::size_t(i % m.heads)] += distance(m[i], m.grid) * m.heads / m.count();
  }
  for (double r : reach)
    d.reach += r / m.heads;
  for (double r : reach)
    d.spread += (r - d.reach) * (r - d.reach) / m.heads;
  d.spread = std::sqrt(d.spread);
  return d;
}

} // namespace hybrid
