// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The state of a trace, shared by the files that build IR. Frontend only: the headers know detail/Trace.h.
#pragma once
#include "Dims.h"
#include "Value.h"
#include "dialects/weft/Weft.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include <deque>
#include <map>
#include <mutex>

namespace weft::detail {

/// One leaf of an argument, as it was traced. `input` is its place among the function's inputs, -1 if it was empty,
/// `unread` if the program does not need it.
struct InputLeaf {
  static constexpr int unread = -2;
  std::string path;
  DType dtype;
  Shape shape;
  int input = -1;
  Role role = Role::tensor;
  void *handle = nullptr;
};
struct InputArgument {
  bool state = false;
  std::string fixed; // of Walk
  std::vector<std::pair<std::string, std::string>> fixedTexts;
  std::vector<InputLeaf> leaves;
};
/// An output that becomes the new value of a state leaf.
struct StateOutput {
  int argument, leaf;
};
/// A state leaf that becomes another leaf as it was before the call: both hold one array then.
struct StateAlias {
  int argument, leaf;
  int fromArgument, fromLeaf;
};

/// A function that was traced to be compiled with others; see Artefact.cpp.
struct TracedEntry {
  std::string text, signature; // the module with its lines; the function's type
  std::vector<InputArgument> arguments;
  std::vector<StateOutput> stateOutputs;
};

struct Tracing::Impl : mlir::OpBuilder::Listener {
  explicit Impl(std::string name);
  mlir::MLIRContext context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  mlir::func::FuncOp function;
  mlir::OpBuilder builder;
  /// The function's block, then the regions that are open, innermost last.
  std::vector<mlir::Block *> open;
  std::uint64_t number;
  Impl *outer;
  std::string name;
  /// The graph of values outside of traces that this is, if it is one.
  Lazy *lazy = nullptr;
  int building = 0;
  /// Regions of a body that ended in an error: handles of their values may be left.
  std::deque<mlir::Region> abandoned;
  /// Positions of the scans that are open, innermost last.
  std::vector<Tensor> positions;
  /// The checkpoints that are open, each with the block in which it was opened, and how many there were.
  std::vector<std::pair<mlir::Block *, std::int64_t>> checkpoints;
  std::int64_t numCheckpoints = 0;
  /// How often dropout was used at a place.
  std::map<std::string, int> uses;
  std::vector<InputArgument> arguments;
  int numResults = 0;
  std::vector<StateOutput> stateOutputs;
  std::vector<StateAlias> stateAliases;
  bool copiesAliases = false;
  /// Paths of the leaves that began as arguments of the function or of a region, by value.
  std::map<void *, std::string> paths;
  /// What the user should know of; it is among the remarks, and on the standard error stream as soon as it is traced.
  std::vector<std::string> warnings;

  /// What expectUse was told of: the makers of the values.
  struct Expected {
    std::vector<mlir::Operation *> makers;
    const char *what;
    Loc at;
  };
  std::vector<Expected> expected;

  /// An op knows which checkpoints of its block it is in.
  void notifyOperationInserted(mlir::Operation *op, mlir::OpBuilder::InsertPoint) override;
  void warn(Loc at, const std::string &message);
  mlir::Location location(Loc at);
  mlir::RankedTensorType type(DType dtype, const Shape &shape);
  /// The handle of a value of this trace.
  Tensor tensor(mlir::Value value, Loc at, std::string path = {});
  /// The value behind a handle, or an error that says why there is none: empty, a spec, an array, of another trace, of
  /// a closed region.
  mlir::Value value(const Tensor &x, std::string_view op, std::string_view operand, Loc at);
  /// Runs `build`; diagnostics of the dialect become an Error at `at` with notes about the operands.
  void guarded(std::string_view op, std::span<const Tensor> operands, Loc at, llvm::function_ref<bool()> build);
  /// Makes the leaves of a tree arguments of a block.
  void bindLeaves(mlir::Block *block, std::span<Tensor *const> leaves, Loc at);
  std::map<mlir::Block *, std::pair<std::string, Loc>> closedRegions;
};

/// Lives while ops are added to a trace. Outside of traces it holds the lock of what nobody has looked at, and handles
/// of the graph stay good.
struct Building {
  Building(Tracing::Impl &trace, Loc at);
  ~Building();
  Building(const Building &) = delete;
  Building &operator=(const Building &) = delete;
  static std::recursive_mutex &mutex();

  Tracing::Impl &trace;
  std::unique_lock<std::recursive_mutex> lock;
};

/// The innermost trace of this thread; outside of traces, the graph of what nobody has looked at (Lazy.h).
Tracing::Impl &currentTrace(std::string_view op, Loc at);
/// Sorts the operations of a block, and of the blocks in them, depth first from its terminator, left to right; what
/// nobody needs goes.
void orderCanonically(mlir::Block &block);
/// Text of the module, with the paths of arguments.
std::string printModule(mlir::ModuleOp module);

} // namespace weft::detail
