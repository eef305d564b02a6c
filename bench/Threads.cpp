// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Rows that need more than one thread, in wall time. They tell nothing unless two threads of the FMA probe are nearly
// twice as fast as one.
#include "bench/Program.h"
#include "bench/Suite.h"
#include "runtime/weft_runtime.h"
#include <algorithm>
#include <chrono>
#include <limits>
#include <thread>
#include <weft/weft.h>
#ifdef _OPENMP
#include <omp.h>
#endif

namespace weft::bench {
namespace {
double seconds(int runs, const std::function<void()> &work) {
  auto before = std::chrono::steady_clock::now();
  for (int i = 0; i < runs; ++i)
    work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - before).count() / runs;
}

/// How much more the FMA probe does on two threads than on one, at this moment.
double twoCores() {
  Work *probe = variantsOf(Probe::fma).front();
  auto some = [&] {
    for (int i = 0; i < 20; ++i)
      probe->run();
  };
  some();
  double one = seconds(1, some), two = seconds(1, [&] {
                                   std::thread other(some);
                                   some();
                                   other.join();
                                 });
  return 2 * one / two;
}
bool isQuiet() { return twoCores() >= 1.9; }

Tensor product(Tensor x, Tensor w) { return matmul(x, w); }
Tensor sumOfSquares(Tensor x) { return sum(square(x)); }

} // namespace

Figure scaling(const std::string &text, double operations, int repetitions) {
  std::unique_ptr<Work> one = makeProgram(text, operations, 1), two = makeProgram(text, operations, 2);
  one->run(), two->run();
  double a = std::numeric_limits<double>::infinity(), b = a;
  bool quiet = isQuiet();
  int runs = std::max(1, int(2e9 / one->amount));
  for (int i = 0; i < repetitions; ++i) {
    a = std::min(a, seconds(runs, [&] { one->run(); }));
    b = std::min(b, seconds(runs, [&] { two->run(); }));
  }
  return {a / b, quiet && isQuiet(), {}};
}

namespace {
// ---- a fork and a join with nothing between
void forkJoins(weft_context *context, const void *const *, void *const *, const int64_t *, void *) {
  for (int i = 0; i < 1000; ++i)
    weft_parallel_for(context, [](void *, int64_t, int64_t) {}, nullptr, 2, 1);
}
Figure forkJoin(int repetitions) {
  weft_program program{};
  program.abi_version = WEFT_ABI_VERSION;
  program.name = "fork_join";
  program.shapes = [](const int64_t *, int64_t *) {};
  program.run = forkJoins;
  weft_error error{};
  weft_pool *pool = weft_pool_create(2, &error);
  weft_instance *instance = weft_instance_create(&program, pool, &error);
  double ours = std::numeric_limits<double>::infinity();
  [[maybe_unused]] double theirs = ours;
  for (int i = 0; i < repetitions; ++i) {
    ours = std::min(ours, seconds(1, [&] { weft_instance_run(instance, nullptr, nullptr, nullptr, &error); }) / 1000);
#ifdef _OPENMP
    theirs = std::min(theirs, seconds(1000, [] {
#pragma omp parallel num_threads(2)
                        {
                          asm volatile("");
                        }
                      }));
#endif
  }
  weft_instance_destroy(instance);
  weft_pool_destroy(pool);
  Figure figure{ours * 1e6, true, {}};
#ifdef _OPENMP
  figure.peer = theirs / ours;
#endif
  return figure;
}
} // namespace

std::vector<Row> threadRows() {
  std::vector<Row> rows;
  auto add = [&](std::string name, std::string unit, double floor, bool atMost, std::function<Figure(int)> measure) {
    rows.push_back({std::move(name), std::move(unit), floor, atMost, {}, {}, {}, std::move(measure)});
  };
  add("fork_join/2 (peer: libgomp)", "us", 3.0, true, forkJoin);
  for (auto [m, k, n] : {std::array<int64_t, 3>{256, 256, 256}, {1024, 1024, 1024}, {128, 768, 3072}, {1, 768, 3072}})
    add("two_cores/" + std::to_string(m) + "x" + std::to_string(k) + "x" + std::to_string(n), "of one core",
        m == 1 ? 1.5 : 1.75, false, [m = m, k = k, n = n](int repetitions) {
          return scaling(trace_ir(product, f32({m, k}), f32({k, n})), 2.0 * double(m * k * n), repetitions);
        });
  // In parts, from a cache that both share.
  add("two_cores/sum_of_squares/2e6", "of one core", 1.5, false,
      [](int repetitions) { return scaling(trace_ir(sumOfSquares, f32({2000000})), 4e6, repetitions); });
  return rows;
}
} // namespace weft::bench
