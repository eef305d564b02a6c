// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- DataflowGraph.h - which groups of values need which --------------------------------------------------------===//
//
// Dispatch formation merges nodes of the dataflow graph into groups. A merge is sound as long as the graph of groups
// has no cycle: with
//
//   a -> b -> c   and   a -> c
//
// a and c may not become one group without b, for the group would need b and b the group. Nodes are numbers; what they
// stand for is the caller's business. The one door to Boost.Graph.
//
//===----------------------------------------------------------------------------------------------------------------===//
#pragma once
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include <memory>

namespace weft::passes {

class DataflowGraph {
public:
  /// Nodes 0 .. nodes - 1, each a group of its own.
  explicit DataflowGraph(unsigned nodes);
  ~DataflowGraph();

  /// `to` reads what `from` makes.
  void addEdge(unsigned from, unsigned to);

  /// The group of a node: one of its members.
  unsigned groupOf(unsigned node) const;
  /// Whether a path leads from the group of `from` to the group of `to`.
  bool reaches(unsigned from, unsigned to) const;
  /// Whether some third group lies on a path between the groups of a and b, in either direction.
  bool mergeMakesCycle(unsigned a, unsigned b) const;
  /// Joins the groups of a and b, which must make no cycle; returns the joint group.
  unsigned merge(unsigned a, unsigned b);

  /// The groups, each after all that it reads; among those that are ready, the one with the lowest priority value
  /// first. `priority` has one entry per node and is read at the groups.
  llvm::SmallVector<unsigned> topologicalOrder(llvm::ArrayRef<unsigned> priority) const;

private:
  struct Implementation;
  std::unique_ptr<Implementation> impl;
};
} // namespace weft::passes
