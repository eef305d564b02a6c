// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "harness/Linear.h"
#include <lbfgs.h>
#include <stdexcept>

static lbfgsfloatval_t evaluateAt(void *instance, const lbfgsfloatval_t *x, lbfgsfloatval_t *g, int, lbfgsfloatval_t) {
  return (*static_cast<const std::function<double(const double *, double *)> *>(instance))(x, g);
}

double zoo::minimise(std::vector<double> &x, int iterations,
                     const std::function<double(const double *, double *)> &evaluate) {
  lbfgs_parameter_t options;
  lbfgs_parameter_init(&options);
  options.max_iterations = iterations;
  double least = 0;
  int status = lbfgs(int(x.size()), x.data(), &least, evaluateAt, nullptr,
                     const_cast<std::function<double(const double *, double *)> *>(&evaluate), &options);
  // A function without a minimum (classes that can be told apart) ends by the number of steps, a flat one by its line
  // search.
  bool ended = status == LBFGS_SUCCESS || status == LBFGS_STOP || status == LBFGS_ALREADY_MINIMIZED ||
               status == LBFGSERR_MAXIMUMITERATION || status == LBFGSERR_ROUNDING_ERROR ||
               status == LBFGSERR_MAXIMUMLINESEARCH || status == LBFGSERR_MINIMUMSTEP ||
               status == LBFGSERR_WIDTHTOOSMALL;
  if (!ended)
    throw std::runtime_error("L-BFGS ended with status " + std::to_string(status));
  return least;
}
