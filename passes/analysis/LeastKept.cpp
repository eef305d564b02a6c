// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Values to keep by a minimum cut; see LeastKept.h.
#include "passes/analysis/LeastKept.h"
#include "passes/analysis/MinCut.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;

SmallVector<Value> weft::passes::leastKept(ArrayRef<Value> read,
                                           llvm::function_ref<std::optional<Choices>(Value)> choices) {
  constexpr unsigned source = 0, sink = 1;
  unsigned nodes = 2;
  llvm::MapVector<Value, std::pair<unsigned, Choices>> known; // the number of v_in; v_out is the next
  SmallVector<Value> work(read);
  while (!work.empty()) {
    Value v = work.pop_back_val();
    if (known.contains(v))
      continue;
    std::optional<Choices> choice = choices(v);
    if (!choice)
      continue;
    llvm::append_range(work, choice->operands);
    known.insert({v, {nodes, std::move(*choice)}});
    nodes += 2;
  }
  SmallVector<FlowEdge> edges;
  auto connect = [&](Value v, unsigned to) {
    if (auto from = known.find(v); from != known.end())
      edges.push_back({from->second.first + 1, to, uncuttable});
  };
  for (auto &[v, entry] : known) {
    auto &[in, choice] = entry;
    edges.push_back({source, in, choice.computing});
    edges.push_back({in, in + 1, choice.keeping});
    for (Value operand : choice.operands)
      connect(operand, in);
  }
  for (Value v : read)
    connect(v, sink);
  std::vector<bool> onSinkSide = minimumCut(nodes, edges, source, sink);
  SmallVector<Value> kept;
  for (auto &[v, entry] : known)
    if (!onSinkSide[entry.first] && onSinkSide[entry.first + 1])
      kept.push_back(v);
  return kept;
}
