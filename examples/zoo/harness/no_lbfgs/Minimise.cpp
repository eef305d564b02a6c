// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Stands in for liblbfgs where it is not installed.
#include "harness/Linear.h"
#include <stdexcept>

double zoo::minimise(std::vector<double> &, int, const std::function<double(const double *, double *)> &) {
  throw std::runtime_error("this build has no liblbfgs: install liblbfgs-dev and build again");
}
