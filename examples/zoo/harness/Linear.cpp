// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "harness/Linear.h"
#include <cmath>
#include <stdexcept>

using namespace weft;

namespace {
struct Classifier {
  Tensor w, b; // [d, classes], [classes]
};
/// Each row's share of the loss is in `weights`; their sum is 1.
std::pair<Tensor, Classifier> weighted(const Classifier &c, const Tensor &x, const Tensor &labels,
                                       const Tensor &weights) {
  Tensor loss = sum(weights * cross_entropy(matmul(x, c.w) + c.b, labels, Reduction::none));
  return {loss, grad(loss, c)};
}
} // namespace

double zoo::logisticLoss(const Rows &features, const std::vector<int> &labels, int classes, int iterations) {
  const int n = features.count(), d = features.width;
  std::vector<int> count(std::size_t(classes), 0);
  for (int l : labels)
    ++count.at(std::size_t(l));
  std::vector<double> weights;
  for (int l : labels)
    weights.push_back(1.0 / (double(classes) * count[std::size_t(l)]));
  for (int c = 0; c < classes; ++c)
    if (!count[std::size_t(c)])
      throw std::invalid_argument("logistic regression: no row has label " + std::to_string(c));
  Tensor x = tensor(features, f64), y = Tensor::copy(labels, {n}), w = Tensor::copy(weights, {n});
  static const auto compiled = jit(weighted);
  std::vector<double> at(std::size_t((d + 1) * classes), 0.0);
  return minimise(at, iterations, [&](const double *p, double *gradient) {
    Classifier c{Tensor::copy(std::span(p, std::size_t(d * classes)), {d, classes}),
                 Tensor::copy(std::span(p + d * classes, std::size_t(classes)), {classes})};
    auto [loss, g] = compiled(c, x, y, w);
    auto gw = g.w.span<double>(), gb = g.b.span<double>();
    std::copy(gb.begin(), gb.end(), std::copy(gw.begin(), gw.end(), gradient));
    return loss.item<double>();
  });
}
