// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The weft dialect: ops on tensors with value semantics. See WeftBase.td for what a record says, Dims.h for dimensions,
// Access.h for where ops read, Pointwise.h for how elements are computed, Build.h for how rules write derivatives.
#pragma once
#include "dialects/weft/Access.h"
#include "dialects/weft/Attributes.h"
#include "dialects/weft/Batch.h"
#include "dialects/weft/Build.h"
#include "dialects/weft/Complex.h"
#include "dialects/weft/Dims.h"
#include "dialects/weft/Elementwise.h"
#include "dialects/weft/HostArray.h"
#include "dialects/weft/Pointwise.h"
#include "dialects/weft/Rows.h"
#include "dialects/weft/RuntimeCall.h"
#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/IR/TensorEncoding.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/ADT/BitVector.h"

namespace weft::ir {
class Streaming; // Streaming.h
}
#include "dialects/weft/WeftEnums.h.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/weft/WeftAttrs.h.inc"
#include "dialects/weft/WeftDialect.h.inc"
#include "dialects/weft/WeftInterfaces.h.inc"
#define GET_OP_CLASSES
#include "dialects/weft/WeftOps.h.inc"

namespace weft::ir {
#define WEFT_FAMILY(name) void register##name##Ops(WeftDialect &dialect);
#include "dialects/weft/Families.inc"

/// On a result of a function: the number of the argument whose new value it is. A caller may then give both the same
/// memory.
inline constexpr llvm::StringLiteral updatesMark = "weft.updates";
/// What messages call an op: its name without the dialect, or that of the semantic op which it was made of
/// (Decompose.cpp says so in the location).
std::string userName(mlir::Operation *op);
} // namespace weft::ir
