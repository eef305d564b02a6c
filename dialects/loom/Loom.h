// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The scheduled dialect: see LoomOps.td.
#pragma once
#include "dialects/weft/Pointwise.h"
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
