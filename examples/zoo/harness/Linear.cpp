// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "harness/Linear.h"
#include <cmath>
#include <numeric>
#include <random>
#include <stdexcept>

using namespace weft;

namespace {
struct Classifier {
  Tensor w, b; // [d, classes], [classes]
};
/// Each row's share of the loss is in `weights`; their sum is 1.
std::pair<Tensor, Classifier> weighted(const Classifier &c, const Tensor &x, const Tensor &labels,
                                       const Tensor &weights, const Tensor &penalty) {
  Tensor loss =
      sum(weights * cross_entropy(matmul(x, c.w) + c.b, labels, Reduction::none)) + penalty * sum(square(c.w));
  return {loss, grad(loss, c)};
}

struct Minimum {
  double loss;
  std::vector<double> at; // w, then b
};
Minimum fit(const zoo::Rows &features, const std::vector<int> &labels, int classes, const std::vector<double> &weights,
            double penalty, int iterations) {
  const int n = features.count(), d = features.width;
  Tensor x = zoo::tensor(features, f64), y = Tensor::copy(labels, {n}), w = Tensor::copy(weights, {n}),
         p = Tensor::copy({penalty}, {});
  static const auto compiled = jit(weighted);
  Minimum m{0, std::vector<double>(std::size_t((d + 1) * classes), 0.0)};
  m.loss = zoo::minimise(m.at, iterations, [&](const double *at, double *gradient) {
    Classifier c{Tensor::copy(std::span(at, std::size_t(d * classes)), {d, classes}),
                 Tensor::copy(std::span(at + d * classes, std::size_t(classes)), {classes})};
    auto [loss, g] = compiled(c, x, y, w, p);
    auto gw = g.w.span<double>(), gb = g.b.span<double>();
    std::copy(gb.begin(), gb.end(), std::copy(gw.begin(), gw.end(), gradient));
    return loss.item<double>();
  });
  return m;
}
} // namespace

double zoo::logisticLoss(const Rows &features, const std::vector<int> &labels, int classes, int iterations) {
  std::vector<int> count(std::size_t(classes), 0);
  for (int l : labels)
    ++count.at(std::size_t(l));
  std::vector<double> weights;
  for (int l : labels)
    weights.push_back(1.0 / (double(classes) * count[std::size_t(l)]));
  for (int c = 0; c < classes; ++c)
    if (!count[std::size_t(c)])
      throw std::invalid_argument("logistic regression: no row has label " + std::to_string(c));
  return fit(features, labels, classes, weights, 0, iterations).loss;
}

double zoo::probeAccuracy(const Rows &training, const std::vector<int> &labels, const Rows &test,
                          const std::vector<int> &truth, int classes, double c, int iterations) {
  const int n = training.count(), d = training.width;
  if (n == 0 || test.width != d || labels.size() != std::size_t(n) || truth.size() != std::size_t(test.count()))
    throw std::invalid_argument("probe: " + std::to_string(n) + " rows of width " + std::to_string(d) + " with " +
                                std::to_string(labels.size()) + " labels, tested on " + std::to_string(test.count()) +
                                " of width " + std::to_string(test.width));
  Rows x = training, asked = test;
  for (int k = 0; k < d; ++k) {
    double mean = 0, squares = 0;
    for (int i = 0; i < n; ++i)
      mean += training[i][k] / n;
    for (int i = 0; i < n; ++i)
      squares += (training[i][k] - mean) * (training[i][k] - mean) / n;
    double scale = squares > 0 ? 1 / std::sqrt(squares) : 1;
    for (Rows *r : {&x, &asked})
      for (int i = 0; i < r->count(); ++i)
        (*r)[i][k] = ((*r)[i][k] - mean) * scale;
  }
  Minimum m = fit(x, labels, classes, std::vector<double>(std::size_t(n), 1.0 / n), 1 / (2 * c * n), iterations);
  int right = 0;
  for (int i = 0; i < asked.count(); ++i) {
    int best = 0;
    double most = 0;
    for (int l = 0; l < classes; ++l) {
      double logit = m.at[std::size_t(d * classes + l)];
      for (int k = 0; k < d; ++k)
        logit += asked[i][k] * m.at[std::size_t(k * classes + l)];
      if (l == 0 || logit > most)
        most = logit, best = l;
    }
    right += best == truth[std::size_t(i)];
  }
  return 100.0 * right / asked.count();
}

double zoo::fewLabelsAccuracy(const Rows &training, const std::vector<int> &labels, const Rows &test,
                              const std::vector<int> &truth, int classes, double c, int rows, int draws) {
  const int n = training.count();
  if (rows < 1 || rows > n)
    throw std::invalid_argument("probe: " + std::to_string(rows) + " of " + std::to_string(n) + " rows");
  double sum = 0;
  for (int draw = 0; draw < draws; ++draw) {
    std::mt19937_64 engine{std::uint64_t(draw)};
    std::vector<int> order(static_cast<std::size_t>(n)), some;
    std::iota(order.begin(), order.end(), 0);
    Rows x{training.width, {}};
    for (int i = 0; i < rows; ++i) {
      std::swap(order[std::size_t(i)], order[std::size_t(i) + engine() % std::uint64_t(n - i)]);
      int row = order[std::size_t(i)];
      x.v.insert(x.v.end(), training[row], training[row] + training.width);
      some.push_back(labels[std::size_t(row)]);
    }
    sum += probeAccuracy(x, some, test, truth, classes, c);
  }
  return sum / draws;
}
