// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Registration of the weft dialect.
#include "dialects/weft/Weft.h"
#include "dialects/weft/rules/Partials.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace weft::ir;

#include "dialects/weft/WeftDialect.cpp.inc"
#include "dialects/weft/WeftEnums.cpp.inc"
#include "dialects/weft/WeftInterfaces.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/weft/WeftAttrs.cpp.inc"
#define GET_OP_CLASSES
#include "dialects/weft/WeftOps.cpp.inc"

void WeftDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "dialects/weft/WeftOps.cpp.inc"
      >();
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/weft/WeftAttrs.cpp.inc"
      >();
}

Operation *WeftDialect::materializeConstant(OpBuilder &b, Attribute value, Type type, Location loc) {
  auto elements = dyn_cast<ElementsAttr>(value);
  return elements && elements.getShapedType() == type ? ConstantOp::create(b, loc, elements).getOperation() : nullptr;
}

LogicalResult WeftDialect::verifyRegionResultAttribute(Operation *op, unsigned, unsigned result,
                                                       NamedAttribute attribute) {
  if (attribute.getName() != updatesMark)
    return success();
  auto function = cast<FunctionOpInterface>(op);
  auto argument = dyn_cast<IntegerAttr>(attribute.getValue());
  if (!argument || argument.getInt() < 0 || argument.getInt() >= int64_t(function.getNumArguments()))
    return op->emitOpError("result ") << result << ": " << updatesMark
                                      << " names no argument: " << attribute.getValue();
  Type old = function.getArgumentTypes()[argument.getInt()], fresh = function.getResultTypes()[result];
  if (old != fresh)
    return op->emitOpError("result ") << result << " is " << str(fresh) << " and cannot be the new value of argument "
                                      << argument.getInt() << ", which is " << str(old);
  for (unsigned other = 0; other < result; ++other)
    if (function.getResultAttr(other, updatesMark) == attribute.getValue())
      return op->emitOpError("results ") << other << " and " << result << " are both the new value of argument "
                                         << argument.getInt();
  return success();
}

std::string weft::ir::userName(Operation *op) {
  StringRef name = op->getName().getStringRef();
  if (auto named = dyn_cast<NameLoc>(op->getLoc()))
    if (OperationName semantic(named.getName(), op->getContext()); semantic.isRegistered())
      name = semantic.getStringRef();
  return name.rsplit('.').second.str();
}
