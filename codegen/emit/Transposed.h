// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Operands that are read against their grain: lanes of an element lie apart in memory, but side by side along another
// dimension. See Transposed.cpp.
#pragma once
#include "codegen/emit/KernelEmitter.h"

namespace weft::codegen {
/// A map of which operands are read across their rows; nothing if there are none.
std::optional<Schedule> emitTransposedMap(KernelEmitter &e, const ir::Dims &dims);

class TransposedReads {
public:
  /// Looks at the loads of the elements of `values`, which are tensors of `dims`, with `lanes` along dimension v.
  TransposedReads(KernelEmitter &e, ir::Dims dims, int64_t v, int64_t lanes, llvm::ArrayRef<mlir::Value> values);

  /// Whether there are some, each read in one way, and all lie side by side along one dimension u of `dims`.
  bool any() const { return u >= 0; }
  int64_t u = -1;
  llvm::ArrayRef<KernelEmitter::Access> operands() const { return turned; }

  /// Memory for so many of each operand's elements; turn and use find them there.
  void allocate(int64_t elements);
  /// The square of lanes x lanes positions from `at` along v and u: row r of it comes to lie at to + r * pitch.
  void turn(llvm::SmallVector<ir::Coord> at, mlir::Value to, int64_t pitch);
  /// Until KernelEmitter::endTurned, whole lanes of the operands are read at `from`.
  void use(mlir::Value from);

private:
  KernelEmitter &e;
  ir::Dims dims;
  int64_t v, lanes;
  llvm::SmallVector<mlir::Value> values, memory;
  llvm::SmallVector<KernelEmitter::Access> turned; // as the probe saw them

  std::optional<llvm::SmallVector<KernelEmitter::Access>> readsAlong(int64_t d);
};
} // namespace weft::codegen
