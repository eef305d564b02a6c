// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "harness/Info.h"
#include "harness/Linear.h"
#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <stdexcept>

using namespace zoo;

namespace {
constexpr int bins = 20;

std::vector<double> column(const Rows &r, int i) {
  std::vector<double> c;
  for (int k = 0; k < r.count(); ++k)
    c.push_back(r[k][i]);
  return c;
}

/// Numbers as classes 0, 1 ...: equal numbers are one class.
std::vector<int> classesOf(const std::vector<double> &x, int &count) {
  std::map<double, int> known;
  for (double v : x)
    known.emplace(v, 0);
  count = 0;
  for (auto &[v, id] : known)
    id = count++;
  std::vector<int> ids;
  for (double v : x)
    ids.push_back(known[v]);
  return ids;
}

/// The same in bins of equal mass, by rank; equal numbers may be parted only by a bin's border.
std::vector<int> binned(const std::vector<double> &x) {
  std::vector<int> order(x.size()), bin(x.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return x[std::size_t(a)] < x[std::size_t(b)]; });
  for (std::size_t k = 0; k < order.size(); ++k)
    bin[std::size_t(order[k])] = int(k * bins / order.size());
  return bin;
}

double entropy(const std::vector<double> &mass) {
  double h = 0;
  for (double p : mass)
    h -= p > 0 ? p * std::log(p) : 0;
  return h;
}
double mutualInformation(const std::vector<int> &a, int na, const std::vector<int> &b, int nb) {
  std::vector<double> both(std::size_t(na * nb), 0), pa(std::size_t(na), 0), pb(std::size_t(nb), 0);
  const double each = 1.0 / double(a.size());
  for (std::size_t i = 0; i < a.size(); ++i)
    both[std::size_t(a[i] * nb + b[i])] += each, pa[std::size_t(a[i])] += each, pb[std::size_t(b[i])] += each;
  return std::max(0.0, entropy(pa) + entropy(pb) - entropy(both));
}

/// mean over rows of max / sum, from chance (1 / width) to 1; rows without a sum are left out.
double concentration(const std::vector<std::vector<double>> &rows) {
  double total = 0;
  int counted = 0;
  const double chance = 1.0 / double(rows[0].size());
  for (const auto &r : rows) {
    double sum = std::accumulate(r.begin(), r.end(), 0.0);
    if (sum <= 1e-12)
      continue;
    total += *std::max_element(r.begin(), r.end()) / sum, ++counted;
  }
  if (!counted)
    return 0;
  return chance < 1 ? (total / counted - chance) / (1 - chance) : 1;
}
} // namespace

InfoMec zoo::infoMec(const Rows &latents, bool discrete, const Rows &sources) {
  const int n = latents.count(), ns = sources.width;
  if (sources.count() != n || !n)
    throw std::invalid_argument("InfoMEC: " + std::to_string(n) + " rows of latents and " +
                                std::to_string(sources.count()) + " of sources");
  std::vector<std::vector<int>> s;
  std::vector<int> values;
  for (int i = 0; i < ns; ++i) {
    std::vector<double> c = column(sources, i);
    for (double v : c)
      if (v != std::floor(v) || v < 0)
        throw std::invalid_argument("InfoMEC: source " + std::to_string(i) +
                                    " is no whole number: " + std::to_string(v));
    int count = 0;
    s.push_back(classesOf(c, count));
    values.push_back(count);
    if (count < 2)
      throw std::invalid_argument("InfoMEC: source " + std::to_string(i) + " has a single value, so no entropy");
  }

  std::vector<double> range;
  for (int j = 0; j < latents.width; ++j) {
    std::vector<double> c = column(latents, j);
    for (double v : c)
      if (!std::isfinite(v))
        throw std::invalid_argument("InfoMEC: latent " + std::to_string(j) + " is not finite");
    auto [low, high] = std::minmax_element(c.begin(), c.end());
    range.push_back(*high - *low);
  }
  const double least = discrete || range.empty() ? 0 : *std::max_element(range.begin(), range.end()) / bins;
  std::vector<int> active;
  for (int j = 0; j < latents.width; ++j)
    if (range[std::size_t(j)] > least)
      active.push_back(j);
  if (active.empty())
    throw std::invalid_argument("InfoMEC: none of the " + std::to_string(latents.width) + " latents varies");

  const std::size_t na = active.size();
  InfoMec m{0, 0, 0, int(na), {int(na), std::vector<double>(std::size_t(ns) * na)}};
  std::vector<std::vector<double>> bySource, byLatent;
  bySource.resize(std::size_t(ns), std::vector<double>(na));
  byLatent.resize(na, std::vector<double>(std::size_t(ns)));
  Rows features;
  std::vector<std::vector<double>> columns; // of the features
  for (std::size_t k = 0; k < na; ++k) {
    std::vector<double> c = column(latents, active[k]);
    int count = bins;
    std::vector<int> z = discrete ? classesOf(c, count) : binned(c);
    for (int i = 0; i < ns; ++i) {
      std::vector<double> mass(std::size_t(values[std::size_t(i)]), 0);
      for (int label : s[std::size_t(i)])
        mass[std::size_t(label)] += 1.0 / n;
      double nmi = mutualInformation(s[std::size_t(i)], values[std::size_t(i)], z, count) / entropy(mass);
      bySource[std::size_t(i)][k] = byLatent[k][std::size_t(i)] = m.nmi[i][k] = nmi;
    }
    if (discrete) {
      for (int v = 0; v < count; ++v) {
        columns.emplace_back();
        for (int id : z)
          columns.back().push_back(id == v);
      }
    } else {
      double mean = std::accumulate(c.begin(), c.end(), 0.0) / n, variance = 0;
      for (double v : c)
        variance += (v - mean) * (v - mean) / n;
      for (double &v : c)
        v = (v - mean) / std::sqrt(variance);
      columns.push_back(c);
    }
  }
  m.modularity = concentration(byLatent);
  m.compactness = concentration(bySource);

  features.width = int(columns.size());
  for (int r = 0; r < n; ++r)
    for (const auto &c : columns)
      features.v.push_back(c[std::size_t(r)]);
  for (int i = 0; i < ns; ++i) {
    double nothing = std::log(double(values[std::size_t(i)])); // of features that are zero, classes balanced
    m.explicitness += (nothing - logisticLoss(features, s[std::size_t(i)], values[std::size_t(i)])) / nothing / ns;
  }
  return m;
}
