// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Where the values of a planned program live: what loom.dispatch's `places` mean.
#pragma once
#include "dialects/loom/Loom.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace weft::codegen {

struct Place {
  /// moving: an address that loops change, or that the region around it gives: of memory that nothing else has at that
  /// time.
  enum Kind { input, output, arena, constant, moving, yielded } kind;
  int64_t index = 0;                  // of the input, output or yielded value
  int64_t offset = 0, bytes = 0;      // in the arena
  mlir::DenseElementsAttr value = {}; // of the constant
  int64_t over = -1;                  // of an output: the input whose memory it may be
  /// Whether two places may share memory.
  bool overlaps(const Place &other) const;
};
/// What an attribute of a plan says.
std::optional<Place> placeFrom(mlir::Attribute attribute);
/// The place of a value of the planned function; an error on its op if it has none.
mlir::FailureOr<Place> placeOf(mlir::Value value);
/// Bytes of the arena that the dispatches use, aligned to 64.
int64_t arenaBytes(mlir::func::FuncOp function);
/// Operand and result of some dispatch of this kernel in the same memory, in any of the programs: its function may not
/// assume otherwise.
bool runsInPlace(llvm::ArrayRef<mlir::func::FuncOp> programs, llvm::StringRef kernel);
/// The planned functions, which share kernels and constants: those that are no kernels.
llvm::SmallVector<mlir::func::FuncOp> findPrograms(mlir::ModuleOp module);
} // namespace weft::codegen
