// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Evaluator.h - the host reference of a whole function --------------------------------------------------------===//
//
// Runs a function of weft ops on host arrays, op by op, in float64, rounding every result to its element type. It is
// what compiled code is compared with (`weft-run --target=reference`) and what folds constants. A function with
// run-time dimensions is specialised first: the symbols are read off the arguments' shapes and replaced by their values
// in all types and attributes, so that the reference of an op only ever sees static shapes.
//
//===----------------------------------------------------------------------------------------------------------------===//
#pragma once
#include "dialects/weft/HostArray.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinAttributes.h"
#include <functional>
#include <map>
#include <string>

namespace weft::ir {

/// The values of dimension symbols in one run.
using SymbolValues = std::map<std::string, int64_t>;

class Evaluator {
public:
  /// Sees each op with its results, rounded, and may change these. Ops inside loops and branches are seen step by step.
  using Observer =
      std::function<void(mlir::Operation *, llvm::ArrayRef<const HostArray *>, std::vector<HostArray> &results)>;
  /// `function` must outlive the evaluator; it is not changed. Functions that it calls are found beside it.
  explicit Evaluator(mlir::func::FuncOp function, Observer observe = {})
      : function(function), observe(std::move(observe)) {}

  /// The outputs for these inputs; on failure a diagnostic was emitted at the op, argument or function to blame.
  mlir::FailureOr<std::vector<HostArray>> run(llvm::ArrayRef<HostArray> inputs);

  /// What the inputs' shapes say about the symbols. Every argument must agree and lie within the bounds.
  mlir::FailureOr<SymbolValues> bind(llvm::ArrayRef<HostArray> inputs);

private:
  mlir::func::FuncOp function;
  Observer observe;
};

/// One op with static shapes: its results, rounded. The op must have a reference, or decompose into ops that have one.
mlir::LogicalResult evaluateOp(mlir::Operation *op, llvm::ArrayRef<const HostArray *> operands,
                               std::vector<HostArray> &results);

/// A constant as an array, and back; the type must be static and its element one of the dialect's.
HostArray toHostArray(mlir::ElementsAttr elements);
mlir::DenseElementsAttr toElements(const HostArray &array);
} // namespace weft::ir
