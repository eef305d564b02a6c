// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- DeriveSymbols.cpp - calls, weft.vjp @f and weft.jvp @f become values and derivatives of values --------------------===//
//
//   %y, %dx = weft.vjp @f(%x, %ct)     ==>     <body of f on %x>                       // inlined: the forward is computed once
//                                              %dx = weft.grad of %y with %ct wrt %x
//
// What the function asks for itself comes first, so a derivative of a function that asks for derivatives works. A call,
// `func.call @f`, is its body: equal kernels are one (plan/FormDispatches.cpp), so a function called often is compiled
// once.
//
//===----------------------------------------------------------------------------------------------------------------===//
#include "dialects/weft/Weft.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "passes/Passes.h"

namespace weft::passes {
#define GEN_PASS_DEF_DERIVESYMBOLS
#include "passes/Passes.h.inc"

using namespace mlir;
using namespace ir;

namespace {
struct DeriveSymbols : impl::DeriveSymbolsBase<DeriveSymbols> {
  static SmallVector<Value> floating(ValueRange values) {
    return llvm::to_vector(llvm::make_filter_range(values, [](Value v) { return isInexact(v.getType()); }));
  }

  /// The callee's values on these arguments, its ops in front of `op`.
  static FailureOr<SmallVector<Value>> inlined(Operation *op, func::FuncOp f, ValueRange arguments) {
    if (!f.getBody().hasOneBlock())
      return op->emitOpError("needs a function of one block: @") << f.getSymName();
    OpBuilder b(op);
    IRMapping map;
    map.map(f.getArguments(), arguments);
    for (Operation &inner : f.getBody().front().without_terminator())
      b.clone(inner, map);
    SmallVector<Value> values;
    for (Value v : f.getBody().front().getTerminator()->getOperands())
      values.push_back(map.lookupOrDefault(v));
    return values;
  }
  static LogicalResult call(Operation *op, func::FuncOp f) {
    FailureOr<SmallVector<Value>> values = inlined(op, f, op->getOperands());
    if (failed(values))
      return failure();
    op->replaceAllUsesWith(*values);
    op->erase();
    return success();
  }

  /// Inlines the callee on the first operands and puts the derivative of values behind it.
  static LogicalResult expand(Operation *op, func::FuncOp f, bool reverse) {
    OpBuilder b(op);
    ValueRange arguments = op->getOperands().take_front(f.getNumArguments()),
               seeds = op->getOperands().drop_front(f.getNumArguments());
    // Arguments get an identity of their own: one value passed twice is two arguments.
    SmallVector<Value> own;
    for (Value v : arguments)
      own.push_back(MarkOp::create(b, op->getLoc(), v.getType(), v, b.getStringAttr("argument")));
    FailureOr<SmallVector<Value>> inside = inlined(op, f, own);
    if (failed(inside))
      return failure();
    SmallVector<Value> &values = *inside;
    SmallVector<Value> ys = floating(values), xs = floating(own), results = values;
    Operation *derivative;
    if (reverse)
      derivative = GradOp::create(b, op->getLoc(), TypeRange(ValueRange(xs)), ys, seeds, xs);
    else
      derivative = TangentOp::create(b, op->getLoc(), TypeRange(ValueRange(ys)), ys, xs, seeds);
    // A function may ignore an argument: that is a zero here, not a mistake.
    derivative->setAttr("allow_zero", b.getUnitAttr());
    llvm::append_range(results, derivative->getResults());
    op->replaceAllUsesWith(results);
    op->erase();
    return success();
  }

  /// The function's own asking, after that of the functions it asks about: what is inlined asks for nothing any more.
  LogicalResult expandAll(func::FuncOp f, Operation *asking, unsigned depth) {
    auto [entry, fresh] = finished.try_emplace(f, false);
    if (!fresh && entry->second)
      return success();
    if (!fresh && asking)
      return asking->emitOpError(isa<func::CallOp>(asking)
                                     ? "calls a function that needs this one: @"
                                     : "asks for the derivative of a function that needs this one: @")
             << f.getSymName();
    constexpr unsigned deepest = 64;
    if (depth == deepest)
      return asking->emitOpError("is nested more than ") << deepest << " deep";
    SmallVector<Operation *> asked;
    f.walk([&](Operation *op) {
      if (isa<VjpOp, JvpOp, func::CallOp>(op))
        asked.push_back(op);
    });
    for (Operation *op : asked) {
      auto callee = op->getAttrOfType<FlatSymbolRefAttr>("callee");
      auto function = SymbolTable::lookupNearestSymbolFrom<func::FuncOp>(op, callee);
      if (failed(expandAll(function, op, depth + 1)) ||
          failed(isa<func::CallOp>(op) ? call(op, function) : expand(op, function, isa<VjpOp>(op))))
        return failure();
    }
    finished[f] = true;
    return success();
  }

  void runOnOperation() override {
    finished.clear();
    for (auto f : getOperation().getOps<func::FuncOp>())
      if (failed(expandAll(f, nullptr, 0)))
        return signalPassFailure();
  }
  DenseMap<Operation *, bool> finished; // false while the function is being done
};
} // namespace
} // namespace weft::passes
