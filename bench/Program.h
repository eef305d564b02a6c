// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The graph of a function as text, compiled, with inputs of its own: Work for the bench.
#pragma once
#include "bench/Probes.h"
#include "codegen/Driver.h"
#include <memory>

namespace weft::bench {
/// Compiles the one function of `text` and fills its inputs with small random numbers (i32: of 0 up to `below`).
/// Symbols take their upper bounds. Input `bound`, if there is one, keeps its values: what follows from it is prepared
/// before, as Fn::bind does. `rotate` sets of inputs and outputs take turns, so that data come from memory and not from
/// a cache. Throws std::runtime_error.
std::unique_ptr<Work> makeProgram(const std::string &text, double amount, int threads = 1, int rotate = 1,
                                  int bound = -1, int64_t below = 1);
} // namespace weft::bench
