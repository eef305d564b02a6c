// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Probes.h - what the machine can do right now --------------------------------------------------------------------===//
//
// Machines are shared, so no figure of a kernel means anything alone: each stands beside a probe of the same kind that
// ran between its repetitions. A probe does a fixed amount of work on the calling thread.
//
//===----------------------------------------------------------------------------------------------------------------===//
#pragma once
#include "dialects/weft/HostArray.h"
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace weft::bench {
/// CPU time of the calling thread.
double threadSeconds();

/// What a program was given, and what it made of it.
struct Exchange {
  std::vector<ir::HostArray> inputs, outputs;
};

/// Work that can be repeated; `amount` of `unit` per call of run().
class Work {
public:
  virtual ~Work() = default;
  virtual void run() = 0;
  /// CPU time of so many runs.
  virtual double seconds(int runs) {
    double before = threadSeconds();
    for (int i = 0; i < runs; ++i)
      run();
    return threadSeconds() - before;
  }
  /// For another library to do the same; nothing where the work is no program of ours.
  virtual std::optional<Exchange> exchange() { return {}; }
  double amount = 0;
};

enum class Probe {
  fma,   // FLOP: independent f32 fused multiply-adds in registers
  read,  // bytes read from memory, the best of several numbers of streams
  copy,  // bytes read and written, without reading what is overwritten
  mixed, // bytes of an optimiser's streams: four arrays read, three of them written in place
};
const char *nameOf(Probe probe);
/// Variants of a probe: the ceiling is the fastest of them.
std::vector<Work *> variantsOf(Probe probe);
} // namespace weft::bench
