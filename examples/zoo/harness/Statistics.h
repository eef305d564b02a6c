// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Statistics of a few numbers, and of how scores rank what they are given to.
#pragma once
#include <vector>

namespace zoo {

double mean(const std::vector<double> &x);
/// With n - 1 below the sum; 0 of a single number.
double deviation(const std::vector<double> &x);
double median(std::vector<double> x);
/// The share of pairs of a true and a false item in which the true one has the higher score, ties counting half: the
/// area under the receiver's curve. All of one kind have none: std::invalid_argument.
double rocAuc(const std::vector<double> &score, const std::vector<bool> &truth);

} // namespace zoo
