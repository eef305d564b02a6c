// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Updates.h - results that may be written over the argument whose new value they are ---------------------------------===//
//
//   func.func @step(%w, %g, %x) -> (tensor<4x4xf32> {weft.updates = 0 : i64}, tensor<4x4xf32>) {
//     %y = loom.dispatch @contract_1(%x, %w)
//     %v = loom.dispatch @map_0(%w, %g)
//     return %v, %y
//   }
//
// A caller that keeps no old value gives the program one array for both (weft_runtime.h), and a training step needs no
// second copy of its parameters and moments. For that three things must hold:
//
//   the kernel that makes the new value reads the old one, if it does, element by element at the position that it writes;
//   everybody else who reads the old value has run before, here the contraction;
//   no error can be raised any more: a step that fails leaves its parameters as they were.
//
// `order-dispatches` puts readers and kernels that may raise errors in front of such a write wherever no cycle forbids
// it, and `update-in-place`, which runs when the order is settled, says which updates are made in place and why the
// others are not. A kernel that checks what an earlier one has checked, as the scatter of a gradient does with the
// indices of its gather, raises nothing new.
//
// A branch may make the new value: then the same must hold in each of its regions, and the region that leaves the value
// as it is has no work.
//
//===----------------------------------------------------------------------------------------------------------------===//
#pragma once
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/DenseMap.h"

namespace weft::passes {

/// On a result of a planned function: the argument in whose memory it may be.
inline constexpr llvm::StringLiteral inPlaceMark = "loom.in_place";

struct Update {
  unsigned result, argument;
  /// In one block: the op that writes, and the others of the block that read the old value.
  struct Write {
    mlir::Operation *writer;
    llvm::SmallVector<mlir::Operation *, 2> readers;
  };
  llvm::SmallVector<Write, 1> writes; // of the function's block, then of the regions of the branch that writes
};
/// Why a result cannot be in its argument's memory, whatever the order; `at` is the op to blame.
using Refusal = llvm::function_ref<void(unsigned result, mlir::Operation *at, llvm::StringRef reason)>;

/// The updates of a function whose dispatches are formed, by `weft.updates`.
llvm::SmallVector<Update> findUpdates(mlir::func::FuncOp function, Refusal refuse);
/// The arguments that ops write in place, by the marks.
llvm::DenseMap<mlir::Operation *, llvm::SmallVector<mlir::Value, 1>> findOverwrites(mlir::func::FuncOp function);
/// Ops of the block that may raise an error which no op before them would have raised, in order.
llvm::SmallVector<mlir::Operation *> findRaising(mlir::Block &block);
/// Pairs of ops, the first of which must run before the second so that updates are made in place. An update that would
/// close a cycle is left out.
llvm::SmallVector<std::pair<mlir::Operation *, mlir::Operation *>> orderForUpdates(mlir::func::FuncOp function);
} // namespace weft::passes
