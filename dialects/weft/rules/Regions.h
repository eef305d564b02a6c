// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What rules of loops and branches are written in: what depends on what in a region, copies of regions, derivatives
// asked for inside of them.
#pragma once
#include "dialects/weft/rules/Checks.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/SetVector.h"

namespace weft::ir {
bool isFloating(mlir::Value v);
/// Values from outside that the regions read.
llvm::SetVector<mlir::Value> capturedBy(llvm::MutableArrayRef<mlir::Region> regions);
/// Operands, and what regions read.
llvm::SmallVector<mlir::Value> usesOf(mlir::Operation &op);

/// Floating values of a block that depend on some seeds, and those that some ends depend on.
struct Flow {
  llvm::DenseSet<mlir::Value> from, to;
  /// What the seeds reach, added to `from`.
  void forward(mlir::Block &block);
  /// What leads to the ends, added to `to`.
  void backward(mlir::Block &block);
};

/// Copies of a region's ops in which values from outside have names of their own, so that a derivative by them ends at
/// the region.
class Copy {
public:
  Copy(mlir::OpBuilder &b, mlir::Location loc) : b(b), loc(loc) {}
  mlir::IRMapping map;
  mlir::Value alias(mlir::Value outside);
  void ops(mlir::Block &block);
  mlir::Value of(mlir::Value v) const { return map.lookupOrDefault(v); }

private:
  mlir::OpBuilder &b;
  mlir::Location loc;
};

/// The derivative asked for inside a region that a rule makes; its slice ends at the region.
llvm::SmallVector<mlir::Value> gradInside(mlir::OpBuilder &b, mlir::Location loc, llvm::ArrayRef<mlir::Value> ys,
                                          llvm::ArrayRef<mlir::Value> cotangents, llvm::ArrayRef<mlir::Value> xs,
                                          Later later);
llvm::SmallVector<mlir::Value> tangentInside(mlir::OpBuilder &b, mlir::Location loc, llvm::ArrayRef<mlir::Value> ys,
                                             llvm::ArrayRef<mlir::Value> xs, llvm::ArrayRef<mlir::Value> tangents,
                                             Later later);

/// Names of their own for the active values that an op uses, in front of it: what stands for the op reads these, so
/// that a derivative by them ends there, even where one of the values is computed from another.
struct Aliases {
  mlir::IRMapping map;
  llvm::SmallVector<std::pair<mlir::Value, mlir::Value>> pairs; // outside, own
  Aliases(mlir::OpBuilder &b, mlir::Operation *op, IsActive active);
  mlir::Value of(mlir::Value v) const { return map.lookupOrDefault(v); }
  llvm::SmallVector<mlir::Value> of(mlir::ValueRange values) const;
  void into(mlir::IRMapping &other) const;
};

/// The derivative of values that stand for an op, computed from aliases.
void gradOfReplacement(Build &e, mlir::Location loc, llvm::ArrayRef<mlir::Value> results,
                       llvm::ArrayRef<mlir::Value> cotangents, const Aliases &aliases, Accumulate accumulate,
                       Later later);

/// A scan whose body is filled by `build`, which returns what it yields.
ScanOp makeScan(mlir::OpBuilder &b, mlir::Location loc, const Dim &length, bool reverse,
                llvm::ArrayRef<mlir::Value> inits, llvm::ArrayRef<mlir::Value> xs,
                llvm::function_ref<llvm::SmallVector<mlir::Value>(mlir::OpBuilder &, mlir::Block &)> build);
/// A branch whose regions are filled by `build`, which returns what they yield.
CondOp makeCond(mlir::OpBuilder &b, mlir::Location loc, mlir::Value predicate, mlir::TypeRange types,
                llvm::function_ref<llvm::SmallVector<mlir::Value>(mlir::OpBuilder &, bool)> build);

/// Reverse mode of a scan with `checkpoint = chunk`; see ScanChunks.cpp.
llvm::LogicalResult reverseByChunks(ScanOp op, int64_t chunk, llvm::ArrayRef<mlir::Value> cotangents, IsActive active,
                                    Accumulate accumulate, Later later, Build &e,
                                    llvm::SmallVectorImpl<mlir::Value> &replacement);
} // namespace weft::ir
