// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Values outside of traces. An op on arrays of the host is recorded and not computed; the graph that has grown is
// compiled and run when somebody looks at one of its values. Frontend only.
//
//   Tensor y = mean(x * x);            a graph of two ops that reads the array x
//   std::cout << y.item<float>();      "main" is made of it, compiled, called; y is an array now
//
// One graph belongs to one thread, and one lock to all graphs: threads take turns here, those that call a Fn do not. A
// look computes all values of the graph that somebody still holds, in one program, and the graph is empty again. So a
// loop that looks once in each round makes the same graph in each round, and the program of the first round serves the
// others: programs are known by the text of their IR.
//
// A look cuts: a value that was computed is an array, and no path leads through it. A gradient that would need such a
// path is an error that names the look (`checkCuts`), never a zero.
#pragma once
#include "Tracer.h"
#include "llvm/ADT/BitVector.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/DenseSet.h"

namespace weft::detail {

/// What a computed value was made of: a derivative of it by one of these would need the path that is gone.
struct Cut {
  Loc at;                                          // the look
  std::vector<std::weak_ptr<const Value>> sources; // those that somebody holds
};

class Lazy : public std::enable_shared_from_this<Lazy> {
public:
  Lazy();
  /// The graph of this thread.
  static const std::shared_ptr<Lazy> &ofThread();

  Tracing::Impl trace;

  /// The value of the graph for an array.
  mlir::Value argument(const Tensor &array);
  /// A value was made by an op of the graph itself, outside of loops and branches.
  void made(const std::shared_ptr<Value> &value);
  /// Computes what a value of this graph is; it is an array afterwards.
  void look(const Value &value, Loc at);
  /// An error if a derivative by one of these leaves would need a path through a value that was looked at.
  void checkCuts(const char *what, const llvm::DenseSet<mlir::Value> &reached, std::span<const LeafRef *const> leaves,
                 Loc at);
  /// Graphs that are never looked at end, too: called where nobody holds a value of the graph by its handle alone.
  void bound(Loc at);

private:
  using Pending = std::vector<std::shared_ptr<Value>>;
  Pending held() const;
  void compute(const Pending &values, Loc at);
  std::vector<std::shared_ptr<const Cut>> cutsOf(const Pending &values, Loc at) const;
  void clear();

  std::vector<std::weak_ptr<Value>> pending_;
  std::vector<Tensor> arrays_; // one for each argument of the graph
  llvm::DenseMap<const Value *, mlir::Value> known_;
  std::size_t ops_ = 0, everMade_ = 0;
};

} // namespace weft::detail
