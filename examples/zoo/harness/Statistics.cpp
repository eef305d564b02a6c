// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "harness/Statistics.h"
#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

double zoo::mean(const std::vector<double> &x) {
  double sum = 0;
  for (double v : x)
    sum += v;
  return sum / double(x.size());
}
double zoo::deviation(const std::vector<double> &x) {
  double m = mean(x), sum = 0;
  for (double v : x)
    sum += (v - m) * (v - m);
  return x.size() < 2 ? 0 : std::sqrt(sum / double(x.size() - 1));
}
double zoo::median(std::vector<double> x) {
  std::sort(x.begin(), x.end());
  std::size_t half = x.size() / 2;
  return x.size() % 2 ? x.at(half) : (x.at(half - 1) + x.at(half)) / 2;
}
double zoo::rocAuc(const std::vector<double> &score, const std::vector<bool> &truth) {
  if (score.size() != truth.size())
    throw std::invalid_argument("AUC: " + std::to_string(score.size()) + " scores and " + std::to_string(truth.size()) +
                                " labels");
  double won = 0, pairs = 0;
  for (std::size_t i = 0; i < score.size(); ++i)
    for (std::size_t j = 0; j < score.size(); ++j)
      if (truth[i] && !truth[j])
        ++pairs, won += score[i] > score[j] ? 1 : score[i] == score[j] ? 0.5 : 0;
  if (pairs == 0)
    throw std::invalid_argument("AUC: the labels are all of one class, so there is nothing to rank");
  return won / pairs;
}
