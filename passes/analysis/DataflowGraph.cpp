// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The graph of groups, condensed as merges happen: edges of a merged node move to the group's representative.
#include "passes/analysis/DataflowGraph.h"
#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/depth_first_search.hpp>
#include <boost/pending/disjoint_sets.hpp>
#include <queue>
#include <vector>

using namespace weft::passes;

namespace {
using Graph = boost::adjacency_list<boost::setS, boost::vecS, boost::bidirectionalS>;
}

struct DataflowGraph::Implementation {
  explicit Implementation(unsigned nodes) : graph(nodes), rank(nodes), parent(nodes), sets(rank.data(), parent.data()) {
    for (unsigned n = 0; n < nodes; ++n)
      sets.make_set(n);
  }
  Graph graph; // edges between representatives only
  std::vector<unsigned> rank, parent;
  mutable boost::disjoint_sets<unsigned *, unsigned *> sets;

  /// Whether `to` can be reached from `from`, over no direct edge if `indirect`.
  bool path(unsigned from, unsigned to, bool indirect) const {
    std::vector<boost::default_color_type> colors(boost::num_vertices(graph), boost::white_color);
    auto color = boost::make_iterator_property_map(colors.begin(), boost::get(boost::vertex_index, graph));
    bool found = false;
    // Once found, expand nothing more.
    auto stop = [&](unsigned v, const Graph &) { return found |= v == to; };
    colors[from] = boost::black_color;
    for (auto [e, end] = boost::out_edges(from, graph); e != end && !found; ++e) {
      unsigned next = boost::target(*e, graph);
      if (indirect && next == to)
        continue;
      if (colors[next] == boost::white_color)
        boost::depth_first_visit(graph, next, boost::default_dfs_visitor(), color, stop);
    }
    return found;
  }
};

DataflowGraph::DataflowGraph(unsigned nodes) : impl(std::make_unique<Implementation>(nodes)) {}
DataflowGraph::~DataflowGraph() = default;

unsigned DataflowGraph::groupOf(unsigned node) const { return impl->sets.find_set(node); }

void DataflowGraph::addEdge(unsigned from, unsigned to) {
  if (groupOf(from) != groupOf(to))
    boost::add_edge(groupOf(from), groupOf(to), impl->graph);
}

bool DataflowGraph::reaches(unsigned from, unsigned to) const {
  from = groupOf(from), to = groupOf(to);
  return from == to || impl->path(from, to, false);
}

bool DataflowGraph::mergeMakesCycle(unsigned a, unsigned b) const {
  a = groupOf(a), b = groupOf(b);
  return a != b && (impl->path(a, b, true) || impl->path(b, a, true));
}

unsigned DataflowGraph::merge(unsigned a, unsigned b) {
  a = groupOf(a), b = groupOf(b);
  if (a == b)
    return a;
  impl->sets.link(a, b);
  unsigned kept = groupOf(a), gone = kept == a ? b : a;
  Graph &graph = impl->graph;
  for (auto [e, end] = boost::out_edges(gone, graph); e != end; ++e)
    if (boost::target(*e, graph) != kept)
      boost::add_edge(kept, boost::target(*e, graph), graph);
  for (auto [e, end] = boost::in_edges(gone, graph); e != end; ++e)
    if (boost::source(*e, graph) != kept)
      boost::add_edge(boost::source(*e, graph), kept, graph);
  boost::clear_vertex(gone, graph);
  return kept;
}

llvm::SmallVector<unsigned> DataflowGraph::topologicalOrder(llvm::ArrayRef<unsigned> priority) const {
  const Graph &graph = impl->graph;
  unsigned nodes = boost::num_vertices(graph);
  auto later = [&](unsigned a, unsigned b) { return std::pair(priority[a], a) > std::pair(priority[b], b); };
  std::priority_queue<unsigned, std::vector<unsigned>, decltype(later)> ready(later);
  std::vector<unsigned> waiting(nodes);
  for (unsigned n = 0; n < nodes; ++n) {
    waiting[n] = boost::in_degree(n, graph);
    if (groupOf(n) == n && waiting[n] == 0)
      ready.push(n);
  }
  llvm::SmallVector<unsigned> order;
  while (!ready.empty()) {
    order.push_back(ready.top());
    ready.pop();
    for (auto [e, end] = boost::out_edges(order.back(), graph); e != end; ++e)
      if (--waiting[boost::target(*e, graph)] == 0)
        ready.push(boost::target(*e, graph));
  }
  return order;
}
