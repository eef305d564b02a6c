// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Suite.h - rows of a bench: what runs, beside what, and how fast it has to be -------------------------------------===//
//
// A row's value is a fraction of its probe (0.85: 85 % of what the machine can do just now), a fraction of its peer's
// speed, or, without either, microseconds; or nanoseconds for each of the work's elements. What takes more than turns
// of one thread (a compilation, two threads) measures itself. Work is made only for the rows that run.
//
//===----------------------------------------------------------------------------------------------------------------===//
#pragma once
#include "bench/Probes.h"
#include <functional>
#include <memory>
#include <optional>

namespace weft::bench {
using Maker = std::function<std::unique_ptr<Work>()>;

/// What a row that measures itself found.
struct Figure {
  double value;
  bool quiet = true;               // whether the machine was quiet enough to tell
  std::optional<double> peer = {}; // our speed, as a multiple of the peer's
};

struct Row {
  std::string name, unit; // unit: "of fma_f32", "of oneDNN", "us"
  double floor;           // at least; for microseconds and ratios of times: at most
  bool atMost = false;
  Maker ours;
  std::optional<Probe> probe; // what the value is a fraction of
  Maker peer;                 // what it is a fraction of without a probe; runs beside it in any case
  std::function<Figure(int repetitions)> measure = {}; // instead of all of these
  bool perElement = false; // the value is nanoseconds for each of the work's amount; a peer runs beside it
};
std::vector<Row> clockSuite(); // the multiply-add probe right after kernels
std::vector<Row> floorsSuite();
std::vector<Row> fusionsSuite(); // attention
std::vector<Row> mathSuite();    // functions beside libm
std::vector<Row> kernelsSuite(); // maps, rows and reductions of training
std::vector<Row> trainingRows(); // a transformer's training step
std::vector<Row> threadRows();   // forks, two cores

/// How many times as fast a program runs on two threads as on one.
Figure scaling(const std::string &text, double operations, int repetitions);
} // namespace weft::bench
