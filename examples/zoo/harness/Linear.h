// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Linear models that measure what a representation says plainly.
#pragma once
#include "harness/Metrics.h"
#include <functional>

namespace zoo {

/// Multinomial logistic regression without a penalty, in float64: the mean cross entropy in nats after at most
/// `iterations` steps of L-BFGS from zero weights. Classes are weighted by the inverse of their frequency, so that
/// features which say nothing give log(classes). Every label lies in 0 ... classes - 1 and every class occurs. The loss
/// and its gradient are a compiled function; the steps are liblbfgs's (without it: an error that says so).
double logisticLoss(const Rows &features, const std::vector<int> &labels, int classes, int iterations = 100);

/// Percent of test rows that multinomial logistic regression labels rightly: features standardised by the training
/// rows, the sum of cross entropies plus |W|^2 / (2 c), biases free, minimised by L-BFGS from zero. Every label lies in
/// 0 ... classes - 1.
double probeAccuracy(const Rows &training, const std::vector<int> &labels, const Rows &test,
                     const std::vector<int> &truth, int classes, double c, int iterations = 300);
/// The same of so many rows drawn by seeds, the mean of so many draws.
double fewLabelsAccuracy(const Rows &training, const std::vector<int> &labels, const Rows &test,
                         const std::vector<int> &truth, int classes, double c, int rows, int draws);

/// Minimises a function of n numbers by L-BFGS, in place; `evaluate` returns the value and fills the gradient.
/// lbfgs/Minimise.cpp, or no_lbfgs/ where the library is missing.
double minimise(std::vector<double> &x, int iterations,
                const std::function<double(const double *x, double *gradient)> &evaluate);

} // namespace zoo
