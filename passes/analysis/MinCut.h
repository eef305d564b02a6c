// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The least set of edges whose removal parts a source from a sink: a door to Boost.Graph's maximum flow. Nodes are
// numbers.
#pragma once
#include "llvm/ADT/ArrayRef.h"
#include <cstdint>
#include <vector>

namespace weft::passes {

struct FlowEdge {
  unsigned from, to;
  int64_t capacity;
};
/// A capacity that no cut pays.
inline constexpr int64_t uncuttable = int64_t(1) << 50;

/// For each node whether it is on the sink's side of a minimum cut: the one nearest to the source is chosen. An edge is
/// cut if it leads from the source's side to the sink's.
std::vector<bool> minimumCut(unsigned nodes, llvm::ArrayRef<FlowEdge> edges, unsigned source, unsigned sink);
} // namespace weft::passes
