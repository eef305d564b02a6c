// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A compiled function with what its calls must know: shared by Function.cpp (calls) and Bind.cpp (models that are
// bound).
#pragma once
#include "Tracer.h"
#include "codegen/Driver.h"
#include <mutex>

namespace weft::detail {

/// An input that is not given with each call.
struct Held {
  int input;
  Tensor tensor;
};

/// A compiled function with what its calls must know.
struct Executable {
  std::shared_ptr<codegen::Executable> code;
  weft_pool *pool = nullptr; // null: the process-wide one
  std::vector<InputArgument> arguments;
  int numInputs = 0, numResults = 0;
  std::vector<StateOutput> stateOutputs;
  std::vector<StateAlias> stateAliases;
  bool keepState = false;
  std::vector<Held> held;   // of a function whose first argument is bound
  std::string name, traced; // the graph as it was traced, with lines
  std::string ir, plan, remarks;
  Options options;
  /// Instances that no call uses now; there are as many as calls were in flight at once.
  mutable std::mutex mutex;
  mutable std::vector<weft_instance *> idle;

  /// Fills in code, texts and pool. Throws Error.
  void compile(mlir::ModuleOp module, const std::string &name);
  ~Executable() {
    for (weft_instance *instance : idle)
      weft_instance_destroy(instance);
    if (pool)
      weft_pool_destroy(pool);
  }
};

/// An error unless the compile-time values of an argument are those that it was compiled for.
void checkFixed(const InputArgument &expected, const Walk &given, std::size_t argument, Loc at);
/// The array of a leaf that a program reads, null if it reads none; an error if it is not what it was compiled for.
const Value *valueFor(const InputLeaf &want, const Tensor &leaf, Loc at);
/// Whether a call is one of a function that is being traced, and what it becomes there (Inline.cpp).
bool callsInTrace(std::span<ArgumentRef> arguments);
std::vector<Tensor> callInTrace(const Executable &executable, std::span<ArgumentRef> arguments, Loc at);
/// The compiler's error as the user's.
[[noreturn]] void raise(const codegen::CompileError &error);
} // namespace weft::detail
