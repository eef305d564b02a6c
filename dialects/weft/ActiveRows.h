// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- ActiveRows.h - rows that are computed along with others and dropped ---------------------------------------------===//
//
// Where rows take different ways, all are computed together and what some of them give is dropped: a branch under vmap
// whose predicate differs from slice to slice, a loop under vmap that has ended for some slices, a step of a scan past
// the length of some rows. A row that is dropped must do no harm, as it does none when it is computed alone: raise no
// error (an index outside, a zero divisor), keep no loop going, and bring no 0 * inf = NaN into a gradient.
//
// Which numbers do no harm only the program knows: no number is safe for every op. But the rows that count are
// computed anyway, and whatever goes wrong in them is the program's own. So each row that is dropped is computed on the
// numbers of one that counts, and nothing is computed where no row counts:
//
//   vmap of cond %p then { log %x } else ...        %any = reduce_or %p
//                                             ==>   %a = cond %any then { %r = active_rows %p, %x   // 4, 4 for 4, 0
//                                                                         yield log %r }
//                                                        else { yield 0 } {weft.may_open}
//                                                   %y = select %p, %a, ...
//
// The derivative of `active_rows` is that of its rows where the mask holds, and exactly zero in the others, whatever
// comes back to them. Ops need no rule for this, and it nests: under another vmap the mask is one of the values
// that an outer mask chooses from.
//
// This costs a search for a row and a copy of the inputs. Derivatives are in the graph when they have been expanded, so
// at the end of derive it is known who needs it (passes/derive/SettleRows.h): a branch is opened, and `active_rows` is
// its operand, where nothing can fail, run on or be differentiated.
//
//===----------------------------------------------------------------------------------------------------------------===//
#pragma once
#include "dialects/weft/Weft.h"

namespace weft::ir {
/// On a branch made here: the ops of its first region may as well stand in front of it, if they do no harm.
inline constexpr llvm::StringLiteral mayOpen = "weft.may_open";

/// Whether an op may raise an error or run for ever.
bool canFail(mlir::Operation *op);
/// Whether something in the region can fail, or have a derivative that is not finite.
bool canDoHarm(mlir::Region &region);

bool isActiveRows(mlir::Operation *op);
/// What stands for active_rows at the end: x itself, or where `needed` a choice between that and the first row for
/// which the mask holds.
mlir::Value activeRows(mlir::OpBuilder &b, mlir::Operation *op, bool needed);

/// A branch on whether some row of the mask [rows] counts: what `build` yields, of these types, else zeros.
CondOp ifAnyRow(mlir::OpBuilder &b, mlir::Location loc, mlir::Value mask, mlir::TypeRange types,
                llvm::function_ref<llvm::SmallVector<mlir::Value>(mlir::OpBuilder &)> build);

/// Of a block that is a step of many rows: computes those of `results` whose first dimension is that of the mask [rows]
/// on active rows alone, in a branch behind the mask, which then stands for them behind it. `inputs`: the values that
/// hold numbers of rows. Others of the results are computed as before. Gives nothing, and changes nothing, if nothing
/// in the block can do harm, or if rows are mixed: numbers of one row are then not its own.
CondOp onActiveRows(mlir::Value mask, llvm::ArrayRef<mlir::Value> inputs, llvm::ArrayRef<mlir::Value> results);
} // namespace weft::ir
