// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What ops allow of the kernels that they are part of: HeroOpInterface and ViewOpInterface.
#include "dialects/weft/Sizes.h"
#include "dialects/weft/Weft.h"
#include <limits>

using namespace mlir;
using namespace weft::ir;

//===- reductions ---------------------------------------------------------------------------------------------------===//
// They compute what they read element by element, and have the finished element in hand.

/// The reduction once more, of what its parts gave.
static Value reduceParts(Build &e, Value parts, int64_t axis) {
  Dims dims = getDims(parts);
  dims.erase(dims.begin() + axis);
  OperationState state(e.loc, e.op->getName(), parts, getTensorType(dims, elementOf(parts)), e.op->getAttrs());
  Operation *made = e.b.create(state);
  made->setAttr("axes", e.b.getDenseI64ArrayAttr(axis));
  return made->getResult(0);
}
#define WEFT_REDUCTION(Op)                                                                                             \
  Prologue Op::getPrologue(unsigned) { return Prologue::fused; }                                                       \
  bool Op::takesEpilogue() { return true; }
#define WEFT_COMBINED(Op)                                                                                              \
  WEFT_REDUCTION(Op)                                                                                                   \
  bool Op::combinesParts() { return true; }                                                                            \
  Value Op::combineParts(Build &e, Value parts, int64_t axis) { return reduceParts(e, parts, axis); }
WEFT_COMBINED(ReduceSumOp)
WEFT_COMBINED(ReduceMaxOp)
WEFT_COMBINED(ReduceMinOp)
WEFT_COMBINED(ReduceProdOp)
WEFT_COMBINED(ReduceAndOp)
WEFT_COMBINED(ReduceOrOp)
WEFT_REDUCTION(ArgmaxOp)
WEFT_REDUCTION(ArgminOp)
#undef WEFT_COMBINED
#undef WEFT_REDUCTION

//===- products -----------------------------------------------------------------------------------------------------===//

/// Each element of an operand is read many times.
Prologue ContractOp::getPrologue(unsigned) { return Prologue::cheap; }
bool ContractOp::takesEpilogue() { return true; }
bool ContractOp::combinesParts() { return true; }
Value ContractOp::combineParts(Build &e, Value parts, int64_t axis) { return e.sum(parts, {axis}); }

//===- scatters -----------------------------------------------------------------------------------------------------===//
// Sums grow in the result's memory, so that there is no moment for an epilogue.

Prologue ScatterAddOp::getPrologue(unsigned) { return Prologue::fused; }
Prologue ScatterAddAlongOp::getPrologue(unsigned) { return Prologue::fused; }

// What replaces elements may be written over its init: there is one element in hand at a time. Updates are in memory or
// cheap, so that what makes them, which may read init and raise errors, has run before.
#define WEFT_REPLACES(Op)                                                                                              \
  Prologue Op::getPrologue(unsigned) { return Prologue::cheap; }                                                       \
  bool Op::mayOverwrite(unsigned operand, unsigned) { return operand == 0; }
WEFT_REPLACES(ScatterSetOp)
WEFT_REPLACES(ScatterSetAlongOp)
WEFT_REPLACES(ScatterMaxOp)
WEFT_REPLACES(ScatterMaxAlongOp)
WEFT_REPLACES(ScatterMinOp)
WEFT_REPLACES(ScatterMinAlongOp)
#undef WEFT_REPLACES

/// Where an index means a row of the result, updates are sorted by rows first: for each position of the other
/// dimensions, an i32 for each index and two for each slice (codegen/emit/scatter/Scatter.cpp). None where a slice has
/// no row of elements side by side, or where numbers of updates do not fit.
static Dim workspaceOfRows(Operation *op, int64_t axis) {
  constexpr int64_t mostEntries = std::numeric_limits<int32_t>::max();
  Dims dims = getDims(op->getResult(0));
  MLIRContext *context = op->getContext();
  int64_t positions = 1, updates = 1;
  for (auto [d, size] : llvm::enumerate(ArrayRef(dims).drop_back()))
    if (int64_t(d) != axis)
      positions = saturatingProduct({positions, size.upper()});
  for (const Dim &d : getDims(op->getOperand(1)))
    updates = saturatingProduct({updates, d.upper()});
  int64_t entries = std::min(updates, mostEntries) + std::min(2 * dims[axis].upper(), mostEntries);
  if (axis + 1 == int64_t(dims.size()) || entries > mostEntries)
    return Dim(context, 0);
  return Dim(context, saturatingProduct({positions, entries, 4}));
}
Dim ScatterAddOp::getWorkspace() { return workspaceOfRows(*this, getAxis()); }
Dim ScatterMaxOp::getWorkspace() { return workspaceOfRows(*this, getAxis()); }
Dim ScatterMinOp::getWorkspace() { return workspaceOfRows(*this, getAxis()); }

//===- views --------------------------------------------------------------------------------------------------------===//

bool SliceOp::isWhole() { return false; }
Value AfterOp::getAwaited() { return getToken(); }
