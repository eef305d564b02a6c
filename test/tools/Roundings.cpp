// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// See Roundings.h.
#include "Roundings.h"
#include "dialects/weft/Weft.h"
#include "llvm/ADT/APFloat.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"
#include <random>

using namespace mlir;
using namespace weft;
using namespace weft::tools;

double tools::unitRoundoff(Type element) {
  return std::ldexp(1.0, -int(cast<FloatType>(element).getFPMantissaWidth()));
}
static double smallest(Type element) {
  return APFloat::getSmallest(cast<FloatType>(element).getFloatSemantics()).convertToDouble();
}

namespace {
/// Moves each number that an op has made by one rounding, up or down.
class Jitter {
public:
  explicit Jitter(unsigned seed) : random(seed) {}

  void operator()(Operation *op, ArrayRef<const HostArray *> operands, std::vector<HostArray> &results) {
    if (operands.empty())
      return; // a constant
    for (unsigned which = 0; which < results.size(); ++which) {
      HostArray &y = results[which];
      if (!y.isFloat())
        continue;
      std::vector<double> given = sizesOf(operands), terms = sumOfSizes(op, operands, which);
      // Of f64 a whole ulp: half of one would be rounded away.
      double unit = unitRoundoff(y.element) * (y.element.isF64() ? 2 : 1), exactBelow = 1 / unit;
      for (int64_t at = 0, n = y.size(); at < n; ++at) {
        double size = std::abs(y.f[at]);
        // What an operand holds was moved or chosen, and whole numbers of no float operand were converted: no rounding.
        bool sum = !terms.empty() && terms[at] > size;
        if (!std::isfinite(size) || (!sum && std::binary_search(given.begin(), given.end(), size)) ||
            (given.empty() && size == std::trunc(size) && size <= exactBelow))
          continue;
        double step = std::uniform_real_distribution<double>(0.5, 1)(random);
        y.f[at] += (random() & 1 ? step : -step) * unit * (sum ? terms[at] : size);
      }
    }
  }

private:
  static std::vector<double> sizesOf(ArrayRef<const HostArray *> operands) {
    std::vector<double> all;
    for (const HostArray *x : operands)
      for (double v : x->f)
        all.push_back(std::abs(v));
    llvm::sort(all);
    return all;
  }
  /// Of an op that adds, the sums of the terms' sizes: it rounds as it adds, whatever cancels.
  static std::vector<double> sumOfSizes(Operation *op, ArrayRef<const HostArray *> operands, unsigned which) {
    if (!isa<ir::ReductionOpInterface, ir::CumulativeOpInterface, ir::ContractOp, ir::ScatterAddOp,
             ir::ScatterAddAlongOp>(op))
      return {};
    std::vector<HostArray> sizes;
    for (const HostArray *x : operands) {
      sizes.push_back(*x);
      for (double &v : sizes.back().f)
        v = std::abs(v);
    }
    SmallVector<const HostArray *> pointers;
    for (const HostArray &x : sizes)
      pointers.push_back(&x);
    std::vector<HostArray> results;
    if (failed(ir::evaluateOp(op, pointers, results)))
      return {};
    return results[which].f;
  }
  std::mt19937_64 random;
};
} // namespace

const std::vector<std::vector<double>> &Reference::moves() {
  if (known)
    return *known;
  known.emplace();
  for (const HostArray &y : values)
    known->emplace_back(size_t(y.size()), 0.0);
  for (unsigned seed = 1; seed <= 3; ++seed) {
    std::vector<HostArray> moved;
    if (!runReference(module, function, inputs, moved, Jitter(seed)))
      break;
    for (auto [most, y, m] : llvm::zip(*known, values, moved))
      for (size_t at = 0; y.isFloat() && at < most.size(); ++at)
        if (m.f[at] != y.f[at] && y.f[at] == y.f[at]) {
          double by = std::abs(m.f[at] - y.f[at]);
          most[at] = std::max(most[at], by == by ? by : std::numeric_limits<double>::infinity());
        }
  }
  return *known;
}

std::string Reference::compare(unsigned which, const HostArray &other, double tolerance) {
  const HostArray &expected = values[which];
  std::string text;
  llvm::raw_string_ostream os(text);
  int64_t bad = 0;
  auto spelled = [](const HostArray &a, int64_t at) {
    std::string digits;
    a.isFloat() ? void(llvm::raw_string_ostream(digits) << llvm::format("%.9g", a.f[at]))
                : void(digits = std::to_string(a.i[at]));
    return digits;
  };
  auto complain = [&](int64_t at, const std::string &more) {
    if (!bad++)
      os << "element " << at << " is " << spelled(other, at) << ", expected " << spelled(expected, at) << more;
  };
  for (int64_t at = 0, n = expected.size(); at < n; ++at) {
    if (!expected.isFloat()) {
      if (other.i[at] != expected.i[at])
        complain(at, "");
      continue;
    }
    double x = other.f[at], y = expected.f[at], off = std::abs(x - y), tiny = smallest(expected.element),
           unit = unitRoundoff(expected.element), roundings = tolerance / unit;
    bool near = std::isfinite(y) && off <= tolerance * std::abs(y) + roundings * tiny;
    if (x == y || (x != x && y != y) || near)
      continue;
    double worth = std::max(moves()[which][at], std::isinf(y) ? 0 : unit * std::abs(y)) + tiny;
    if (off <= roundings * worth)
      continue;
    std::string more;
    if (std::isfinite(off))
      llvm::raw_string_ostream(more) << llvm::format(": off by %.3g, which is %.3g roundings of %.3g, allowed %.3g",
                                                     off, off / worth, worth, roundings);
    complain(at, more);
  }
  if (bad > 1)
    os << " (and " << bad - 1 << " more)";
  return text;
}
