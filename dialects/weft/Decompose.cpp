// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// See Decompose.h.
#include "dialects/weft/Decompose.h"

using namespace mlir;
using namespace weft::ir;

LogicalResult weft::ir::decomposeInPlace(DecomposeOpInterface op, OpBuilder &b) {
  b.setInsertionPoint(op);
  Build build(b, NameLoc::get(b.getStringAttr("weft." + userName(op)), op.getLoc()), op);
  SmallVector<Value> results;
  if (failed(op.decompose(build, results)) || results.size() != op->getNumResults())
    return op.emitOpError("does not decompose");
  for (auto [old, value] : llvm::zip(op->getResults(), results))
    if (old.getType() != value.getType())
      return op.emitOpError("decomposes to ") << str(value.getType()) << ", but its result is " << str(old.getType());
  op->replaceAllUsesWith(results);
  op->erase();
  return success();
}
