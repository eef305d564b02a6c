// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Probes.h - what the machine can do right now --------------------------------------------------------------------===//
//
// Machines are shared, so no figure of a kernel means anything alone: each stands beside a probe of the same kind that
// ran between its repetitions. A probe does a fixed amount of work on the calling thread.
//
//===----------------------------------------------------------------------------------------------------------------===//
#pragma once
#include <cstddef>
#include <string>
#include <vector>

namespace weft::bench {
/// Work that can be repeated; `amount` of `unit` per call of run().
class Work {
public:
  virtual ~Work() = default;
  virtual void run() = 0;
  double amount = 0;
};

/// CPU time of the calling thread.
double threadSeconds();

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
