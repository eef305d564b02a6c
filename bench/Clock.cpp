// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The suite `clock`: whether the processor multiplies as fast right after a kernel as after multiplying alone. A
// processor that does not, holds a lower clock while such kernels run, and a probe that runs long enough to recover
// shows more than the kernel ever had.
#include "bench/Program.h"
#include "bench/Suite.h"
#include <algorithm>
#include <array>
#include <weft/weft.h>

namespace weft::bench {
namespace {
constexpr int slices = 12;         // of a millisecond each
constexpr double leastKept = 0.95; // below, fractions of the probe read too low

void runFor(Work &work, double least) {
  for (double end = threadSeconds() + least; threadSeconds() < end;)
    work.run();
}
/// Speed of the probe in each of the milliseconds after `before` has run for 30.
std::vector<double> speedsAfter(Work &before, Work &probe) {
  runFor(before, 0.03);
  std::vector<double> speeds;
  for (int s = 0; s < slices; ++s) {
    double start = threadSeconds(), took;
    int64_t runs = 0;
    do {
      probe.run();
      ++runs;
      took = threadSeconds() - start;
    } while (took < 1e-3);
    speeds.push_back(probe.amount * double(runs) / took);
  }
  return speeds;
}
double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + values.size() / 2, values.end());
  return values[values.size() / 2];
}

Figure slice(int64_t m, int64_t k, int64_t n, int which, int repetitions) {
  auto product = [](Tensor x, Tensor w) { return matmul(x, w); };
  std::unique_ptr<Work> kernel =
      makeProgram(trace_ir(product, f32({m, k}), f32({k, n})), 2.0 * double(m * k * n), 1, 1, 1);
  Work &probe = *variantsOf(Probe::fma).front();
  std::vector<double> ratios;
  for (int i = 0; i < repetitions; ++i) {
    double alone = speedsAfter(probe, probe)[which], after = speedsAfter(*kernel, probe)[which];
    ratios.push_back(after / alone);
  }
  return {median(ratios)};
}
} // namespace

std::vector<Row> clockSuite() {
  std::vector<Row> rows;
  for (auto [m, k, n] : {std::array<int64_t, 3>{256, 256, 256}, {1024, 1024, 1024}, {128, 768, 3072}})
    for (int which : {0, 2, 5, slices - 1})
      rows.push_back({"fma_f32/ms_" + std::to_string(which + 1) + "_after_" + std::to_string(m) + "x" +
                          std::to_string(k) + "x" + std::to_string(n),
                      "of it alone",
                      leastKept,
                      false,
                      {},
                      {},
                      {},
                      [m = m, k = k, n = n, which](int repetitions) { return slice(m, k, n, which, repetitions); }});
  return rows;
}
} // namespace weft::bench
