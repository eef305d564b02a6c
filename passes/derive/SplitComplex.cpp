// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- SplitComplex.cpp - complex values become two real ones -----------------------------------------------------------===//
//
//   %w = weft.mul %z, %z : tensor<3xcomplex<f32>>                 %aa = weft.mul %a, %a ; %bb = weft.mul %b, %b ; %ab = weft.mul %a, %b
//   %r = weft.real %w                                     ==>     %re = weft.sub %aa, %bb ; %im = weft.add %ab, %ab
//   %s = weft.reduce_sum %r [0]                                   %s  = weft.reduce_sum %re [0]
//   %g = weft.grad of %s with %one wrt %z                         %g:2 = weft.grad of %s with %one wrt %a, %b
//
// Before derivatives are expanded, so the gradient of a real loss by z is dL/dRe + i dL/dIm: that is what the gradient
// by both parts says. Loops and branches carry both parts. A part that is zero everywhere (of a real number among
// complex ones) is not computed with.
//
// Complex arguments and results of the function keep their layout, with the parts of an element side by side: a tensor
// of one more dimension, marked `weft.complex`.
//
//===----------------------------------------------------------------------------------------------------------------===//
#include "dialects/weft/Weft.h"
#include "mlir/IR/IRMapping.h"
#include "passes/Passes.h"
#include "passes/derive/Checkpoints.h"

namespace weft::passes {
#define GEN_PASS_DEF_SPLITCOMPLEX
#include "passes/Passes.h.inc"

using namespace mlir;
using namespace ir;

namespace {
constexpr StringLiteral mark = "weft.complex";

RankedTensorType interleaved(Type complexTensor) {
  Dims dims = getDims(cast<RankedTensorType>(complexTensor));
  dims.push_back(Dim(complexTensor.getContext(), 2));
  return getTensorType(dims, partType(complexTensor).getElementType());
}

struct SplitComplex : impl::SplitComplexBase<SplitComplex> {
  DenseMap<Value, Parts> parts;
  SmallVector<Operation *> done;

  Parts of(Value v) const { return isComplex(v.getType()) ? parts.lookup(v) : Parts{v, {}}; }
  /// Both parts of a complex value, the value of a real one.
  void list(OpBuilder &b, Location loc, Value v, SmallVectorImpl<Value> &into) {
    Parts p = of(v);
    into.push_back(p.re);
    if (isComplex(v.getType()))
      into.push_back(p.im ? p.im : Build(b, loc).zeros(p.re));
  }
  static void list(Type t, SmallVectorImpl<Type> &into) {
    into.append(isComplex(t) ? 2 : 1, isComplex(t) ? partType(t) : t);
  }
  /// Real results take their places, complex ones are found by their parts.
  void become(Value old, Parts p) {
    if (isComplex(old.getType()))
      parts[old] = p;
    else if (old != p.re)
      old.replaceAllUsesWith(p.re);
  }
  void become(Operation *op, ResultRange listed) {
    unsigned next = 0;
    for (Value r : op->getResults()) {
      bool complex = isComplex(r.getType());
      become(r, {listed[next], complex ? listed[next + 1] : Value()});
      next += complex ? 2 : 1;
    }
  }

  /// A block's complex arguments become two each.
  void arguments(Block &block) {
    for (unsigned i = 0; i < block.getNumArguments(); ++i) {
      BlockArgument argument = block.getArgument(i);
      if (!isComplex(argument.getType()))
        continue;
      Value im = block.insertArgument(i + 1, partType(argument.getType()), argument.getLoc());
      Value re = block.insertArgument(i + 1, partType(argument.getType()), argument.getLoc());
      parts[argument] = {re, im};
      dying.push_back(argument);
      i += 2;
    }
  }
  SmallVector<BlockArgument> dying;

  LogicalResult takesParts(OpBuilder &b, Operation *op) {
    OperationState state(op->getLoc(), op->getName());
    for (Value v : op->getOperands())
      list(b, op->getLoc(), v, state.operands);
    for (Type t : op->getResultTypes())
      list(t, state.types);
    NamedAttrList attributes(op->getAttrDictionary());
    if (auto segments = dyn_cast_or_null<DenseI32ArrayAttr>(attributes.get("operandSegmentSizes"))) {
      SmallVector<int32_t> sizes;
      unsigned next = 0;
      for (int32_t size : segments.asArrayRef()) {
        int32_t listed = 0;
        for (Value v : op->getOperands().slice(next, size))
          listed += isComplex(v.getType()) ? 2 : 1;
        sizes.push_back(listed);
        next += unsigned(size);
      }
      attributes.set("operandSegmentSizes", b.getDenseI32ArrayAttr(sizes));
    }
    state.attributes = attributes;
    for (Region &region : op->getRegions())
      state.addRegion()->takeBody(region);
    Operation *made = b.create(state);
    for (Region &region : made->getRegions())
      for (Block &block : region) {
        arguments(block);
        if (failed(split(block)))
          return failure();
      }
    become(op, made->getResults());
    return success();
  }
  /// The op on the real and on the imaginary parts.
  void partWise(OpBuilder &b, Operation *op) {
    auto once = [&](bool imaginary) {
      IRMapping map;
      for (Value v : op->getOperands())
        if (isComplex(v.getType())) {
          Parts p = of(v);
          map.map(v, !imaginary ? p.re : p.im ? p.im : Build(b, op->getLoc()).zeros(p.re));
        }
      Operation *made = b.clone(*op, map);
      for (Value r : made->getResults())
        r.setType(partType(r.getType()));
      return made;
    };
    bool real = llvm::none_of(op->getOperands(), [&](Value v) { return isComplex(v.getType()) && of(v).im; });
    Operation *re = once(false), *im = real ? nullptr : once(true);
    for (auto [i, r] : llvm::enumerate(op->getResults()))
      become(r, {re->getResult(unsigned(i)), im ? im->getResult(unsigned(i)) : Value()});
  }

  LogicalResult split(Block &block) {
    for (Operation &each : llvm::make_early_inc_range(block)) {
      Operation *op = &each;
      auto complex = [](Type t) { return isComplex(t); };
      bool any = llvm::any_of(op->getOperandTypes(), complex) || llvm::any_of(op->getResultTypes(), complex);
      for (Region &region : op->getRegions())
        for (Block &inner : region)
          any |= llvm::any_of(inner.getArgumentTypes(), complex);
      if (!any) {
        for (Region &region : op->getRegions())
          for (Block &inner : region)
            if (failed(split(inner)))
              return failure();
        continue;
      }
      OpBuilder b(op);
      InCheckpoints checkpoints(b, checkpointsOf(op));
      if (isa<func::ReturnOp>(op)) {
        giveBack(b, op);
        continue;
      }
      if (op->hasTrait<TakesParts>()) {
        if (failed(takesParts(b, op)))
          return failure();
      } else if (op->hasTrait<PartWise>()) {
        partWise(b, op);
      } else if (auto rule = dyn_cast<ComplexOpInterface>(op)) {
        Build e(b, op->getLoc(), op);
        SmallVector<Parts> x, y(op->getNumResults());
        for (Value v : op->getOperands())
          x.push_back(of(v));
        if (failed(rule.split(e, x, y)))
          return failure();
        for (auto [r, p] : llvm::zip(op->getResults(), y))
          become(r, p);
      } else {
        return emitError(op->getLoc()) << op->getName().stripDialect()
                                       << " has no complex form: write it in real(x) and imag(x)";
      }
      done.push_back(op);
    }
    return success();
  }

  /// Arguments arrive, and results leave, with the parts of an element side by side.
  void take(func::FuncOp f) {
    Block &block = f.getBody().front();
    OpBuilder b = OpBuilder::atBlockBegin(&block);
    for (unsigned i = 0, number = 0; i < block.getNumArguments(); ++i, ++number) {
      BlockArgument old = block.getArgument(i);
      if (!isComplex(old.getType()))
        continue;
      Build e(b, old.getLoc());
      Dims shape = getDims(old), starts(shape.size() + 1, Dim(&getContext(), 0)), sizes = shape;
      sizes.push_back(Dim(&getContext(), 1));
      Value both = block.insertArgument(i, interleaved(old.getType()), old.getLoc());
      auto part = [&](int64_t which) {
        starts.back() = Dim(&getContext(), which);
        return e.reshape(e.slice(both, starts, SmallVector<int64_t>(sizes.size(), 1), sizes), shape);
      };
      Value re = part(0), im = part(1);
      parts[old] = {re, im};
      f.setArgAttr(number, mark, b.getUnitAttr());
      ++i; // the old one goes in the end
      dying.push_back(old);
    }
  }
  void giveBack(OpBuilder &b, Operation *end) {
    auto f = cast<func::FuncOp>(end->getParentOp());
    for (OpOperand &operand : end->getOpOperands()) {
      Value v = operand.get();
      if (!isComplex(v.getType()))
        continue;
      Build e(b, end->getLoc());
      SmallVector<Value> both;
      list(b, end->getLoc(), v, both);
      Dims dims = getDims(v);
      int64_t axis = int64_t(dims.size());
      dims.push_back(Dim(&getContext(), 1));
      for (Value &p : both)
        p = e.reshape(p, dims);
      operand.set(ConcatenateOp::create(b, end->getLoc(), interleaved(v.getType()), both, axis));
      f.setResultAttr(operand.getOperandNumber(), mark, b.getUnitAttr());
    }
  }

  void runOnOperation() override {
    func::FuncOp f = getOperation();
    parts.clear();
    done.clear();
    dying.clear();
    if (f.isExternal())
      return;
    Block &block = f.getBody().front();
    take(f);
    if (failed(split(block)))
      return signalPassFailure();
    for (Operation *op : llvm::reverse(done)) {
      op->dropAllReferences();
      op->dropAllUses();
      op->erase();
    }
    for (BlockArgument argument : llvm::reverse(dying))
      argument.getOwner()->eraseArgument(argument.getArgNumber());
    f.setFunctionType(
        FunctionType::get(&getContext(), block.getArgumentTypes(), block.getTerminator()->getOperandTypes()));
  }
};
} // namespace
} // namespace weft::passes
