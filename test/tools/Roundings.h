// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Roundings.h - how far from the reference an element may be ----------------------------------------------------===//
//
// Compiled code and the reference round at different places and add in different orders, so their results differ. By
// how much they may differ is no number of a tensor, but of each element: 1e-9 beside 1000 is as wrong by 1e-9 as 1000
// by 1000, and yet x - x of long sums is rightly some ulps of the sums. So an element is first held to a multiple of
// its own ulp. Where that does not do, the reference is run again a few times, each with every intermediate result
// moved by one rounding up or down (of sums by one rounding of the sum of the terms' sizes): how far an element of the
// result moves is what one rounding is worth there, and it may differ by so many of these as it may by ulps.
//
//   x = [1000, 1e-9], y = softplus(x):   y[1] may be off by some ulps of 1e-9
//   z = reduce_sum(x * x) - 1e6:         z may be off by some ulps of 1e6, for x * x and the sum are rounded to such
//
//===--------------------------------------------------------------------------------------------------------------------===//
#pragma once
#include "tools/RunFunction.h"
#include <optional>

namespace weft::tools {

/// Half an ulp relative to the number, at worst: 2^-53 for f64.
double unitRoundoff(mlir::Type element);

class Reference {
public:
  /// Of a function of the module, which must outlive the reference, for these inputs.
  Reference(mlir::ModuleOp module, std::string function, std::vector<HostArray> inputs)
      : inputs(std::move(inputs)), module(module), function(std::move(function)) {}
  /// False if it fails; a diagnostic says why.
  bool run() { return runReference(module, function, inputs, values); }
  /// What is wrong with result `which` of another computation, of which each element may be off by `tolerance`,
  /// relative to the element or to what one rounding is worth for it, as above; "" if nothing is. Integers must be
  /// equal.
  std::string compare(unsigned which, const HostArray &other, double tolerance);

  std::vector<HostArray> inputs, values;

private:
  /// For each result and element, the largest move that a rounding of everything made.
  const std::vector<std::vector<double>> &moves();
  mlir::ModuleOp module;
  std::string function;
  std::optional<std::vector<std::vector<double>>> known;
};
} // namespace weft::tools
