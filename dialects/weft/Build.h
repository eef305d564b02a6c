// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The vocabulary in which records write derivatives and decompositions: weft ops on tensors, with the trivial cases
// folded as they are built. A null Value stands for zero wherever a cotangent or tangent is meant.
#pragma once
#include "dialects/weft/Dims.h"
#include "mlir/IR/Builders.h"
#include <optional>

namespace weft::ir {

class Build {
public:
  Build(mlir::OpBuilder &b, mlir::Location loc, mlir::Operation *op = nullptr) : b(b), loc(loc), op(op) {}
  using Value = mlir::Value;

  mlir::OpBuilder &b;
  mlir::Location loc;
  mlir::Operation *op; // the op whose rule this is

  Value x(unsigned i = 0) const;
  Value y(unsigned i = 0) const;

  /// Constants: a value everywhere in the shape and type of `like`.
  Value full(double value, Value like);
  Value full(double value, mlir::RankedTensorType type);
  Value zeros(Value like) { return full(0, like); }

  // elementwise, equal shapes; add treats null as zero
  Value add(Value a, Value b), sub(Value a, Value b), mul(Value a, Value b), div(Value a, Value b),
      pow(Value a, Value b);
  Value maximum(Value a, Value b);
  Value add(Value a, double c), sub(double c, Value a), mul(Value a, double c), div(double c, Value a);
  Value neg(Value a), exp(Value a), log(Value a), sqrt(Value a), rsqrt(Value a), square(Value a), reciprocal(Value a),
      sign(Value a), tanh(Value a);
  Value sin(Value a), cos(Value a), floor(Value a), erfInv(Value a), truncated(Value a);
  /// i1 tensors: a < b etc. by the enumerator's name ("LT").
  Value compare(llvm::StringRef direction, Value a, Value b);
  Value select(Value p, Value a, Value b);
  Value cast(Value a, mlir::Type element);

  /// For maximum and minimum: 1 where x(0) `direction` x(1), 1/2 at ties, else 0.
  Value share(llvm::StringRef direction);

  // shape
  Value reshape(Value a, llvm::ArrayRef<Dim> dims);
  Value transpose(Value a, llvm::ArrayRef<int64_t> permutation);
  /// dims[i] is the result dimension of operand dimension i.
  Value broadcast(Value a, mlir::RankedTensorType type, llvm::ArrayRef<int64_t> dims);
  /// Puts back dimensions that a reduction over `axes` dropped, and broadcasts to the type of `like`.
  Value expandLike(Value reduced, llvm::ArrayRef<int64_t> axes, mlir::RankedTensorType like);
  Value slice(Value a, llvm::ArrayRef<Dim> starts, llvm::ArrayRef<int64_t> strides, llvm::ArrayRef<Dim> sizes);
  Value iota(mlir::RankedTensorType type, int64_t axis);
  Value sum(Value a, llvm::ArrayRef<int64_t> axes);
  Value max(Value a, llvm::ArrayRef<int64_t> axes);
  Value contract(llvm::StringRef spec, Value a, Value b);
};

/// The callbacks of ControlFlowOpInterface.
using IsActive = llvm::function_ref<bool(mlir::Value)>;
using Accumulate = llvm::function_ref<void(mlir::Value of, mlir::Value cotangent)>;
using TangentOf = llvm::function_ref<mlir::Value(mlir::Value)>;
using Later = llvm::function_ref<void(mlir::Operation *)>;

/// The number that a float tensor is everywhere, if a constant, also one that is broadcast, says so.
std::optional<double> splatOf(mlir::Value tensor);
mlir::Type elementOf(mlir::Value tensor);
mlir::RankedTensorType typeOf(mlir::Value tensor);
} // namespace weft::ir
