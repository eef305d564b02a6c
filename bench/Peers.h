// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Kernels of other libraries, on the shapes of our rows. Null where the library was not found when the bench was built.
#pragma once
#include "bench/Probes.h"
#include <memory>

namespace weft::bench {
const char *peerName(); // "oneDNN 2.6.3", or "" without one
std::unique_ptr<Work> peerMatmul(int64_t m, int64_t k, int64_t n, bool packedWeights);
/// Attention as a chain of products and a softmax over all scores.
std::unique_ptr<Work> peerAttention(int64_t heads, int64_t positions, int64_t depth);
std::unique_ptr<Work> peerSoftmax(int64_t rows, int64_t columns);
std::unique_ptr<Work> peerLayerNorm(int64_t rows, int64_t columns);
} // namespace weft::bench
