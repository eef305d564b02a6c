// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Minimum cuts by push-relabel; see MinCut.h.
#include "passes/analysis/MinCut.h"
#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/push_relabel_max_flow.hpp>

using namespace weft::passes;

std::vector<bool> weft::passes::minimumCut(unsigned nodes, llvm::ArrayRef<FlowEdge> edges, unsigned source,
                                           unsigned sink) {
  using Traits = boost::adjacency_list_traits<boost::vecS, boost::vecS, boost::directedS>;
  using Edge = Traits::edge_descriptor;
  using Graph = boost::adjacency_list<boost::vecS, boost::vecS, boost::directedS, boost::no_property,
                                      boost::property<boost::edge_capacity_t, int64_t,
                                                      boost::property<boost::edge_residual_capacity_t, int64_t,
                                                                      boost::property<boost::edge_reverse_t, Edge>>>>;
  Graph graph(nodes);
  auto capacity = boost::get(boost::edge_capacity, graph);
  auto residual = boost::get(boost::edge_residual_capacity, graph);
  auto reverse = boost::get(boost::edge_reverse, graph);
  for (const FlowEdge &e : edges) {
    Edge there = boost::add_edge(e.from, e.to, graph).first, back = boost::add_edge(e.to, e.from, graph).first;
    capacity[there] = e.capacity;
    capacity[back] = 0;
    reverse[there] = back;
    reverse[back] = there;
  }
  boost::push_relabel_max_flow(graph, source, sink);
  // What the source still reaches is its side.
  std::vector<bool> reached(nodes);
  std::vector<unsigned> work{source};
  reached[source] = true;
  while (!work.empty()) {
    unsigned node = work.back();
    work.pop_back();
    for (auto [e, end] = boost::out_edges(node, graph); e != end; ++e)
      if (unsigned next = boost::target(*e, graph); residual[*e] > 0 && !reached[next]) {
        reached[next] = true;
        work.push_back(next);
      }
  }
  reached.flip();
  return reached;
}
