// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Loops and branches: what their regions must look like. Their derivatives are in ControlDerivatives.cpp.
#include "dialects/weft/rules/Checks.h"

using namespace mlir;
using namespace weft::ir;

static LogicalResult verifyTypes(Operation *op, TypeRange found, TypeRange expected, const Twine &what,
                                 StringRef like) {
  if (found.size() != expected.size())
    return op->emitOpError() << what << ": there are " << found.size() << ", expected " << expected.size() << " like "
                             << like;
  for (auto [i, types] : llvm::enumerate(llvm::zip(found, expected)))
    if (auto [f, e] = types; f != e)
      return op->emitOpError() << what << ": " << i << " is " << str(f) << " where " << like << " has " << str(e);
  return success();
}
static LogicalResult verifyEnd(Operation *op, Region &region) {
  return isa<YieldOp>(region.front().getTerminator()) ? success() : op->emitOpError("regions must end in weft.yield");
}

LogicalResult ScanOp::verifyRegions() {
  if (failed(verifyEnd(*this, getBody())))
    return failure();
  if (getLength().getDims().size() != 1)
    return emitOpError("length is one dimension");
  Dim length = getLength().getDims()[0];
  SmallVector<Type> arguments{RankedTensorType::get({}, IntegerType::get(getContext(), 32))},
      results(getInits().getTypes());
  llvm::append_range(arguments, getInits().getTypes());
  for (auto [j, x] : llvm::enumerate(getXs())) {
    Dims dims = getDims(x);
    if (dims.empty() || !(dims[0] == length))
      return emitOpError("input ") << j << " is " << str(x.getType()) << ", but the scan has " << length.str()
                                   << " steps along axis 0";
    arguments.push_back(sliceType(x.getType()));
  }
  if (failed(verifyTypes(*this, block()->getArgumentTypes(), arguments, "arguments of the body",
                         "position, carries and slices")))
    return failure();
  if (yielded().size() < numCarries())
    return emitOpError("body yields ") << yielded().size() << " values for " << numCarries() << " carries";
  if (failed(verifyTypes(*this, yielded().take_front(numCarries()).getTypes(), getInits().getTypes(),
                         "carries that the body yields", "their first values")))
    return failure();
  for (Value y : yielded().drop_front(numCarries()))
    results.push_back(stackedType(length, y.getType()));
  return verifyTypes(*this, getResultTypes(), results, "results", "carries and stacked slices");
}
LogicalResult WhileOp::verifyRegions() {
  Block &test = getTest().front(), &body = getBody().front();
  if (failed(verifyEnd(*this, getTest())) || failed(verifyEnd(*this, getBody())))
    return failure();
  if (getMax() && getMax()->getDims().size() != 1)
    return emitOpError("max is one dimension");
  if (test.getTerminator()->getNumOperands() != 1 ||
      test.getTerminator()->getOperand(0).getType() != RankedTensorType::get({}, IntegerType::get(getContext(), 1)))
    return emitOpError("the test yields one i1 scalar");
  for (Block *block : {&test, &body})
    if (failed(verifyTypes(*this, block->getArgumentTypes(), getInits().getTypes(), "arguments of a region",
                           "the carries")))
      return failure();
  if (failed(verifyTypes(*this, body.getTerminator()->getOperandTypes(), getInits().getTypes(),
                         "carries that the body yields", "their first values")))
    return failure();
  return verifyTypes(*this, getResultTypes(), getInits().getTypes(), "results", "the carries");
}
LogicalResult CondOp::verifyRegions() {
  if (typeOf(getPredicate()).getRank() != 0)
    return emitOpError("the predicate is an i1 scalar, found ") << str(getPredicate().getType());
  for (Region *region : {&getYes(), &getNo()}) {
    if (failed(verifyEnd(*this, *region)))
      return failure();
    if (region->getNumArguments())
      return emitOpError("regions have no arguments");
    if (failed(verifyTypes(*this, region->front().getTerminator()->getOperandTypes(), getResultTypes(),
                           "values of a region", "the results")))
      return failure();
  }
  return success();
}

LogicalResult VmapOp::verifyRegions() {
  if (failed(verifyEnd(*this, getBody())))
    return failure();
  if (getSize().getDims().size() != 1)
    return emitOpError("size is one dimension");
  Dim size = getSize().getDims()[0];
  SmallVector<Type> arguments, results;
  for (auto [j, x] : llvm::enumerate(getXs())) {
    Dims dims = getDims(x);
    if (dims.empty() || !(dims[0] == size))
      return emitOpError("operand ") << j << " is " << str(x.getType()) << ", but " << size.str()
                                     << " slices are mapped along axis 0";
    arguments.push_back(sliceType(x.getType()));
  }
  for (Value y : getBody().front().getTerminator()->getOperands())
    results.push_back(stackedType(size, y.getType()));
  if (failed(verifyTypes(*this, getBody().getArgumentTypes(), arguments, "arguments of the region", "the slices")))
    return failure();
  return verifyTypes(*this, getResultTypes(), results, "results", "stacked values of the region");
}

//===- what runs ----------------------------------------------------------------------------------------------------===//

bool ScanOp::isLoop() { return true; }
unsigned ScanOp::getNumCarries() { return getInits().size(); }
std::string ScanOp::describe() {
  return getLength().getDims()[0].str() + " steps, " + std::to_string(getNumCarries()) + " carries";
}
bool WhileOp::isLoop() { return true; }
unsigned WhileOp::getNumCarries() { return getInits().size(); }
std::string WhileOp::describe() {
  return (getMax() ? "at most " + getMax()->getDims()[0].str() + " steps, " : std::string()) +
         std::to_string(getNumCarries()) + " carries";
}
bool CondOp::isLoop() { return false; }
unsigned CondOp::getNumCarries() { return 0; }
std::string CondOp::describe() { return "one of two"; }
