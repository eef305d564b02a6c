// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Operands that are read against their grain: the elements for the lanes lie apart in memory, but along another
// dimension they are neighbours. See Transposed.cpp.
#pragma once
#include "codegen/emit/KernelEmitter.h"

namespace weft::codegen {
/// A map of which operands are read across their rows; nothing if there are none.
std::optional<Schedule> emitTransposedMap(KernelEmitter &e, const ir::Dims &dims);

class TransposedReads {
public:
  /// Finds out how elements of `values`, tensors of `dims`, are loaded with `lanes` along dimension v.
  TransposedReads(KernelEmitter &e, ir::Dims dims, int64_t v, int64_t lanes, llvm::ArrayRef<mlir::Value> values);

  /// Whether there are such operands, each is read in one way only, and for all of them u is the same dimension.
  bool any() const { return u >= 0; }
  int64_t u = -1;
  llvm::ArrayRef<KernelEmitter::Access> operands() const { return turned; }

  /// Makes memory for so many elements of each operand. `turn` writes it, `use` reads it.
  void allocate(int64_t elements);
  /// Transposes the square of lanes x lanes positions that begins at `at`. Its row r is stored at to + r * pitch.
  void turn(llvm::SmallVector<ir::Coord> at, mlir::Value to, int64_t pitch);
  /// Until KernelEmitter::endTurned is called, vectors of the operands are read at `from`.
  void use(mlir::Value from);

private:
  KernelEmitter &e;
  ir::Dims dims;
  int64_t v, lanes;
  llvm::SmallVector<mlir::Value> values, memory;
  llvm::SmallVector<KernelEmitter::Access> turned; // the loads of these operands

  std::optional<llvm::SmallVector<KernelEmitter::Access>> readsAlong(int64_t d);
};
} // namespace weft::codegen
