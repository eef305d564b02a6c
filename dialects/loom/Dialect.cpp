// Registration and verifiers of the scheduled dialect.
#include "dialects/loom/Loom.h"
#include "dialects/weft/Weft.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace weft::loom;

#include "dialects/loom/LoomDialect.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/loom/LoomAttrs.cpp.inc"
#define GET_OP_CLASSES
#include "dialects/loom/LoomOps.cpp.inc"

void LoomDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "dialects/loom/LoomOps.cpp.inc"
      >();
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/loom/LoomAttrs.cpp.inc"
      >();
}

Operation *KernelOp::getHero() {
  for (Operation &op : getBody().front().without_terminator())
    if (!isa<ir::PointwiseOpInterface>(op))
      return &op;
  return nullptr;
}

LogicalResult KernelOp::verify() {
  if (!isa<YieldOp>(getBody().front().getTerminator()))
    return emitOpError("must end in loom.yield");
  Operation *hero = getHero();
  for (Operation &op : getBody().front().without_terminator())
    if (&op != hero && !isa<ir::PointwiseOpInterface>(op))
      return emitOpError("has two ops that are not pointwise: ") << hero->getName() << " and " << op.getName();
  auto results = getTerminator()->getOperands();
  if (results.empty())
    return emitOpError("yields nothing");
  ir::Dims dims = ir::getDims(hero ? hero->getResult(0) : results[0]);
  for (Value r : results)
    if (ir::getDims(r) != dims)
      return emitOpError("yields ") << ir::str(r.getType()) << ", but its loops are over " << ir::str(ArrayRef<ir::Dim>(dims));
  return success();
}

LogicalResult DispatchOp::verifySymbolUses(SymbolTableCollection &symbols) {
  Operation *symbol = symbols.lookupNearestSymbolFrom(*this, getKernelAttr());
  // Once its loops are made, a kernel is a function.
  if (isa_and_nonnull<FunctionOpInterface>(symbol))
    return success();
  auto kernel = dyn_cast_or_null<KernelOp>(symbol);
  if (!kernel)
    return emitOpError("names no kernel: ") << getKernelAttr();
  if (kernel.getBody().front().getArgumentTypes() != getOperands().getTypes())
    return emitOpError("operands differ from the arguments of ") << getKernelAttr();
  if (kernel.getTerminator()->getOperandTypes() != getResults().getTypes())
    return emitOpError("results differ from what ") << getKernelAttr() << " yields";
  if (getPlaces() && getPlaces()->size() != getNumResults())
    return emitOpError("has ") << getPlaces()->size() << " places for " << getNumResults() << " results";
  return success();
}
