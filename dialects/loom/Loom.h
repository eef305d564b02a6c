// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The scheduled dialect: see LoomOps.td.
#pragma once
#include "dialects/weft/Weft.h"
#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "dialects/loom/LoomDialect.h.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/loom/LoomAttrs.h.inc"
#define GET_OP_CLASSES
#include "dialects/loom/LoomOps.h.inc"

namespace weft::loom {
/// On a planned function.
inline constexpr llvm::StringLiteral planMark = "loom.plan";
inline PlanAttr planOf(mlir::Operation *function) { return function->getAttrOfType<PlanAttr>(planMark); }
/// On the function of a kernel whose code is made.
inline constexpr llvm::StringLiteral taskMark = "loom.task";
inline TaskAttr taskOf(mlir::Operation *function) { return function->getAttrOfType<TaskAttr>(taskMark); }
/// On the module: an array of MessageAttr, in the order of their numbers in the error word.
inline constexpr llvm::StringLiteral messagesMark = "loom.messages";
/// On a loop or a branch.
inline constexpr llvm::StringLiteral placesMark = "loom.places";
/// Where results lie: of a dispatch one place each; of a loop or a branch see LoomOps.td. Null before the plan.
inline mlir::ArrayAttr placesOf(mlir::Operation *op) {
  auto dispatch = llvm::dyn_cast<DispatchOp>(op);
  return dispatch ? dispatch.getPlacesAttr() : op->getAttrOfType<mlir::ArrayAttr>(placesMark);
}
} // namespace weft::loom
