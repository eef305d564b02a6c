// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Verifiers of the ops that ask for derivatives; passes/derive expands them.
#include "dialects/weft/Weft.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;
using namespace weft::ir;

/// Two lists of values (or types) that must agree one by one.
static LogicalResult verifyPairs(Operation *op, TypeRange a, TypeRange b, StringRef what, StringRef like) {
  if (a.size() != b.size())
    return op->emitOpError("has ") << a.size() << " " << what << " for " << b.size() << " " << like;
  for (auto [i, types] : llvm::enumerate(llvm::zip(a, b)))
    if (auto [x, y] = types; x != y)
      return op->emitOpError() << what << " " << i << " is " << str(x) << " where " << like << " " << i << " is "
                               << str(y);
  return success();
}

LogicalResult GradOp::verify() {
  if (failed(verifyPairs(*this, getCotangents().getTypes(), getYs().getTypes(), "cotangents", "values")))
    return failure();
  return verifyPairs(*this, getResults().getTypes(), getXs().getTypes(), "results", "values differentiated by");
}
LogicalResult TangentOp::verify() {
  if (failed(verifyPairs(*this, getTangents().getTypes(), getXs().getTypes(), "tangents", "values differentiated by")))
    return failure();
  return verifyPairs(*this, getResults().getTypes(), getYs().getTypes(), "results", "values");
}

static SmallVector<Type> floatsOf(TypeRange types) {
  return llvm::to_vector(llvm::make_filter_range(types, [](Type t) { return isInexact(t); }));
}

LogicalResult CustomVjpOp::verifyRegions() {
  Block &forward = getForward().front(), &backward = getBackward().front();
  if (!isa<YieldOp>(forward.getTerminator()) || !isa<YieldOp>(backward.getTerminator()))
    return emitOpError("regions must end in weft.yield");
  if (failed(verifyPairs(*this, forward.getArgumentTypes(), getInputs().getTypes(), "arguments of the forward region",
                         "inputs")) ||
      failed(verifyPairs(*this, forward.getTerminator()->getOperandTypes(), getResultTypes(),
                         "values of the forward region", "results")))
    return failure();
  SmallVector<Type> expected(getInputs().getTypes());
  llvm::append_range(expected, floatsOf(getResultTypes()));
  if (failed(verifyPairs(*this, backward.getArgumentTypes(), expected, "arguments of the backward region",
                         "inputs and cotangents of results")))
    return failure();
  return verifyPairs(*this, backward.getTerminator()->getOperandTypes(), floatsOf(getInputs().getTypes()),
                     "values of the backward region", "floating inputs");
}

/// Operands and results of weft.vjp (reverse) and weft.jvp (forward) of @f: what extends the function's own.
static LogicalResult verifyOfSymbol(Operation *op, FlatSymbolRefAttr callee, SymbolTableCollection &symbols,
                                    bool reverse) {
  auto f = symbols.lookupNearestSymbolFrom<func::FuncOp>(op, callee);
  if (!f)
    return op->emitOpError("names no function: ") << callee;
  SmallVector<Type> operands(f.getArgumentTypes()), results(f.getResultTypes());
  SmallVector<Type> arguments = floatsOf(f.getArgumentTypes()), values = floatsOf(f.getResultTypes());
  llvm::append_range(operands, reverse ? values : arguments);
  llvm::append_range(results, reverse ? arguments : values);
  if (failed(verifyPairs(op, op->getOperandTypes(), operands, "operands",
                         reverse ? "arguments and cotangents of results" : "arguments and their tangents")))
    return failure();
  return verifyPairs(op, op->getResultTypes(), results, "results",
                     reverse ? "results and cotangents of arguments" : "results and their tangents");
}
LogicalResult VjpOp::verifySymbolUses(SymbolTableCollection &symbols) {
  return verifyOfSymbol(*this, getCalleeAttr(), symbols, true);
}
LogicalResult JvpOp::verifySymbolUses(SymbolTableCollection &symbols) {
  return verifyOfSymbol(*this, getCalleeAttr(), symbols, false);
}

/// The backward region, copied to where the cotangents are.
LogicalResult CustomVjpOp::vjp(Build &e, ArrayRef<Value> cotangents, const BitVector &wanted,
                               MutableArrayRef<Value> result) {
  Block &backward = getBackward().front();
  IRMapping map;
  map.map(backward.getArguments().take_front(getInputs().size()), getInputs());
  unsigned next = getInputs().size();
  for (auto [r, ct] : llvm::zip(getResults(), cotangents))
    if (isa<FloatType>(elementOf(r)))
      map.map(backward.getArgument(next++), ct ? ct : e.zeros(r));
  for (Operation &op : backward.without_terminator())
    e.b.clone(op, map);
  unsigned given = 0;
  for (auto [i, input] : llvm::enumerate(getInputs()))
    if (isa<FloatType>(elementOf(input))) {
      Value ct = map.lookupOrDefault(backward.getTerminator()->getOperand(given++));
      if (wanted[i])
        result[i] = ct;
    }
  return success();
}
LogicalResult CustomVjpOp::jvp(Build &e, ArrayRef<Value>, MutableArrayRef<Value>) {
  return mlir::emitError(getLoc())
         << "custom_vjp cannot be differentiated forwards: it states a reverse derivative only; use grad or vjp";
}
