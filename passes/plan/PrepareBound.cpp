// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- PrepareBound.cpp - what follows from bound arguments is computed once -------------------------------------------------===//
//
//   func.func @f(%x, %w {weft.bound}, %s {weft.bound}) {         func.func @f_prepare(%w {weft.argument = 1}, %s {weft.argument = 2}) {
//     %0 = weft.mul %w, %s                                         %0 = weft.mul %w, %s
//     %1 = weft.contract "mk,kn->mn", %x, %0              ==>      %1 = (%0 in panels of `width` columns: pad, reshape, transpose)
//     return %1                                                    return %1 }
//   }                                                            func.func @f(%p {weft.prepared = 0}, %x {weft.argument = 0}) {
//                                                                  %0 = weft.unpack %p
//                                                                  %1 = weft.contract "mk,kn->mn", %x, %0
//                                                                  return %1 }
//
// Arguments with `weft.bound` keep their values from call to call: the weights of a model that is used and not trained.
// What depends on them alone, and is no larger than what it is computed from, moves into a function that runs once. A
// matrix of them that products of many rows read is laid out in panels as wide as their tiles, so that no call packs
// it. The attributes say where the arguments come from: input i of the function as it was, or result i of the other
// one. A function for which nothing can be prepared keeps its form; its arguments are those that they were.
//
//===----------------------------------------------------------------------------------------------------------------===//
#include "dialects/weft/Weft.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Transforms/RegionUtils.h"
#include "passes/Passes.h"
#include "llvm/ADT/SetVector.h"

namespace weft::passes {
#define GEN_PASS_DEF_PREPAREBOUND
#include "passes/Passes.h.inc"

using namespace mlir;
using ir::Dim;
using ir::Dims;
using ir::getDims;

namespace {
constexpr int64_t leastRows = 24,
                  leastSum = 16; // of a product for which the emitter reads panels (codegen/emit/contract/Contract.cpp)

/// Elements of a value of known size, or nothing.
std::optional<int64_t> staticElements(Value v) {
  int64_t n = 1;
  for (const Dim &d : getDims(v)) {
    if (!d.isConstant())
      return std::nullopt;
    n *= d.staticSize();
  }
  return n;
}

class Separation {
public:
  Separation(func::FuncOp function, int64_t panelBytes)
      : function(function), body(function.getBody().front()), panelBytes(panelBytes) {}

  LogicalResult run() {
    for (BlockArgument argument : body.getArguments())
      if (function.getArgAttr(argument.getArgNumber(), "weft.bound"))
        known.insert(argument);
    for (Operation &op : body.without_terminator())
      if (followsFromBound(&op)) {
        known.insert(op.result_begin(), op.result_end());
        hoisted.insert(&op);
      }
    for (Operation &op : llvm::make_early_inc_range(body.without_terminator()))
      if (auto product = dyn_cast<ir::HeroOpInterface>(op); product && !hoisted.contains(product))
        for (OpOperand &operand : product->getOpOperands())
          if (failed(pack(product, operand)))
            return failure();
    llvm::SetVector<Value> prepared; // values that the second function computes and this one reads
    for (Operation *op : hoisted)
      for (Value v : op->getResults())
        if (llvm::any_of(v.getUsers(),
                         [&](Operation *user) { return !hoisted.contains(body.findAncestorOpInBlock(*user)); }))
          prepared.insert(v);
    if (!prepared.empty())
      split(prepared);
    else
      keep();
    return success();
  }

private:
  /// Whether an op, or an op in its regions, depends on a dimension whose value differs from call to call, as a loop of
  /// such a length does.
  static bool dependsOnSizes(Operation *op) {
    return op
        ->walk([](Operation *inner) {
          for (NamedAttribute attribute : inner->getAttrDictionary())
            if (auto dims = dyn_cast<ir::DimsAttr>(attribute.getValue()))
              for (const Dim &d : dims.getDims())
                if (!d.isConstant())
                  return WalkResult::interrupt();
          return llvm::all_of(inner->getResults(), [](Value v) { return staticElements(v).has_value(); })
                     ? WalkResult::advance()
                     : WalkResult::interrupt();
        })
        .wasInterrupted();
  }
  /// Whether an op reads nothing but bound values, and its results are no larger than its operands.
  bool followsFromBound(Operation *op) {
    if (dependsOnSizes(op))
      return false;
    llvm::SetVector<Value> reads(op->operand_begin(), op->operand_end());
    getUsedValuesDefinedAbove(op->getRegions(), reads);
    int64_t read = 0, made = 0;
    bool any = false;
    for (Value v : reads) {
      Operation *maker = v.getDefiningOp();
      bool generates = maker && maker->getNumOperands() == 0 && !maker->getNumRegions();
      std::optional<int64_t> n = staticElements(v);
      if ((!known.contains(v) && !generates) || !n)
        return false;
      any |= known.contains(v);
      read += generates ? 0 : *n;
    }
    for (Value v : op->getResults()) {
      std::optional<int64_t> n = staticElements(v);
      if (!n)
        return false;
      made += *n;
    }
    return any && made <= read;
  }

  /// Lays a matrix that a product of many rows reads out in panels.
  LogicalResult pack(ir::HeroOpInterface product, OpOperand &operand) {
    unsigned side = operand.getOperandNumber();
    if (product->getNumOperands() != 2 || product->getNumResults() != 1 ||
        product.getPrologue(side) != ir::Prologue::cheap)
      return success();
    Value w = operand.get();
    ir::Access access = ir::accessOf(product);
    ir::Axes &own = access.operands[side], &other = access.operands[1 - side], &out = access.results[0];
    Type accumulator = ir::ElementEmitter::computeType(ir::elementOf(product->getResult(0)));
    if (!panelBytes || !known.contains(w) || own.size() != 2 || !own[0].loop() || !own[1].loop() || out.empty() ||
        !isa<FloatType>(accumulator) || !isa<FloatType>(ir::elementOf(w)) || !staticElements(w))
      return success();
    auto summed = [&](const ir::Axis &axis) {
      return ir::Access::find(other, *axis.loop()) >= 0 && !ir::Access::names(out, *axis.loop());
    };
    auto column = [&](const ir::Axis &axis) {
      return !ir::Access::names(other, *axis.loop()) && ir::Access::find(out, *axis.loop()) >= 0;
    };
    bool straight = summed(own[0]) && column(own[1]), turned = column(own[0]) && summed(own[1]);
    if ((!straight && !turned) ||
        out.back() != own[straight ? 1 : 0]) // it gives rows, not columns, where the other has the result's last loop
      return success();
    int64_t rows = 1;
    for (auto [axis, d] : llvm::zip(other, getDims(product->getOperand(1 - side))))
      if (axis.loop() && ir::Access::find(out, *axis.loop()) >= 0)
        rows = llvm::SaturatingMultiply<uint64_t>(rows, std::max<int64_t>(1, d.upper()));
    Dims dims = getDims(w);
    int64_t width = panelBytes * 8 / accumulator.getIntOrFloatBitWidth(), k = dims[straight ? 0 : 1].staticSize(),
            n = dims[straight ? 1 : 0].staticSize();
    if (rows < leastRows || k < leastSum || n <= width)
      return success();
    Value &panels = packed[straight][w];
    OpBuilder b(product);
    if (!panels)
      panels = layOut(w, straight, k, n, width);
    operand.set(ir::UnpackOp::create(
        b, product.getLoc(), ir::getTensorType({Dim(b.getContext(), k), Dim(b.getContext(), n)}, ir::elementOf(w)),
        panels));
    if (straight)
      return success();
    for (auto [l, loop] : llvm::enumerate(access.loops))
      loop.origin = unsigned(l);
    std::swap(own[0], own[1]);
    if (failed(cast<ir::AccessOpInterface>(product.getOperation()).setAccess(access)))
      return product->emitOpError("cannot read a matrix that is turned: ") << ir::str(access);
    return success();
  }
  Value layOut(Value w, bool straight, int64_t k, int64_t n, int64_t width) {
    OpBuilder b(body.getTerminator());
    if (Operation *maker = w.getDefiningOp())
      b.setInsertionPointAfter(maker);
    else
      b.setInsertionPointToStart(&body);
    Location loc = w.getLoc();
    MLIRContext *context = b.getContext();
    Type element = ir::elementOf(w);
    int64_t panels = llvm::divideCeil(n, width);
    auto type = [&](ArrayRef<int64_t> sizes) {
      Dims dims;
      for (int64_t s : sizes)
        dims.push_back(Dim(context, s));
      return ir::getTensorType(dims, element);
    };
    auto keep = [&](Operation *op) {
      hoisted.insert(op);
      known.insert(op->getResult(0));
      return op->getResult(0);
    };
    if (n % width) {
      Value zero = keep(ir::ConstantOp::create(
          b, loc, DenseElementsAttr::get(RankedTensorType::get({}, element), b.getZeroAttr(element))));
      Dims none{Dim(context, 0), Dim(context, 0)};
      w = keep(ir::PadOp::create(
          b, loc, type(straight ? ArrayRef<int64_t>{k, panels * width} : ArrayRef<int64_t>{panels * width, k}), w, zero,
          ir::getDimsAttr(context, none), ArrayRef<int64_t>{0, 0}));
    }
    w = keep(ir::ReshapeOp::create(
        b, loc, type(straight ? ArrayRef<int64_t>{k, panels, width} : ArrayRef<int64_t>{panels, width, k}), w));
    return keep(ir::TransposeOp::create(
        b, loc, w, b.getDenseI64ArrayAttr(straight ? ArrayRef<int64_t>{1, 0, 2} : ArrayRef<int64_t>{0, 2, 1})));
  }

  void split(llvm::SetVector<Value> &prepared) {
    MLIRContext *context = function.getContext();
    Builder attributes(context);
    // The function that runs once has the bound arguments which it reads, and returns what the other one reads.
    std::string name = (function.getSymName() + "_prepare").str();
    SmallVector<Type> results(llvm::map_range(prepared, [](Value v) { return v.getType(); }));
    SmallVector<BlockArgument> read;
    SmallVector<Type> inputs;
    for (BlockArgument argument : body.getArguments())
      if (known.contains(argument) && llvm::any_of(argument.getUsers(), [&](Operation *user) {
            return hoisted.contains(body.findAncestorOpInBlock(*user));
          })) {
        read.push_back(argument);
        inputs.push_back(argument.getType());
      }
    OpBuilder b(function);
    auto prepare = func::FuncOp::create(b, function.getLoc(), name, b.getFunctionType(inputs, results));
    Block *once = prepare.addEntryBlock();
    IRMapping map;
    for (auto [argument, own] : llvm::zip(read, once->getArguments())) {
      map.map(argument, own);
      own.setLoc(argument.getLoc());
      prepare.setArgAttrs(own.getArgNumber(), attributesOf(argument.getArgNumber()));
    }
    b.setInsertionPointToEnd(once);
    for (Operation &op : body.without_terminator()) {
      if (!hoisted.contains(&op)) {
        // A constant that both functions read is in both.
        if (op.getNumOperands() == 0 && !op.getNumRegions() && llvm::any_of(op.getUsers(), [&](Operation *user) {
              return hoisted.contains(body.findAncestorOpInBlock(*user));
            }))
          b.clone(op, map);
        continue;
      }
      b.clone(op, map);
    }
    SmallVector<Value> returned;
    for (Value v : prepared)
      returned.push_back(map.lookup(v));
    func::ReturnOp::create(b, function.getLoc(), returned);

    // The arguments of the function that is called: the results of the second function, then the arguments that it
    // still reads or that are not bound.
    unsigned before = body.getNumArguments();
    for (unsigned i = 0; i < prepared.size(); ++i) {
      Value v = prepared[i];
      v.replaceUsesWithIf(body.insertArgument(i, v.getType(), v.getLoc()), [&](OpOperand &use) {
        return !hoisted.contains(body.findAncestorOpInBlock(*use.getOwner()));
      });
    }
    SmallVector<DictionaryAttr> argumentAttributes;
    for (unsigned i = 0; i < prepared.size(); ++i)
      argumentAttributes.push_back(
          attributes.getDictionaryAttr(attributes.getNamedAttr("weft.prepared", attributes.getI64IntegerAttr(i))));
    SmallVector<Operation *> moved;
    for (Operation &op : body.without_terminator())
      if (hoisted.contains(&op))
        moved.push_back(&op);
    for (Operation *op : llvm::reverse(moved))
      op->erase();
    BitVector gone(body.getNumArguments());
    llvm::DenseMap<int64_t, int64_t> now; // the new numbers of the arguments that are left
    for (unsigned i = 0; i < before; ++i) {
      // An argument with run-time dimensions stays, because a call may learn their values from it.
      BlockArgument argument = body.getArgument(unsigned(prepared.size()) + i);
      if (function.getArgAttr(i, "weft.bound") && argument.use_empty() && staticElements(argument)) {
        gone.set(unsigned(prepared.size()) + i);
        continue;
      }
      now[i] = int64_t(argumentAttributes.size());
      argumentAttributes.push_back(attributesOf(i));
    }
    body.eraseArguments(gone);
    for (unsigned r = 0; r < function.getNumResults(); ++r)
      if (auto updates = function.getResultAttrOfType<IntegerAttr>(r, ir::updatesMark))
        function.setResultAttr(r, ir::updatesMark, attributes.getI64IntegerAttr(now.lookup(updates.getInt())));
    function.setFunctionType(FunctionType::get(context, body.getArgumentTypes(), function.getResultTypes()));
    function.setAllArgAttrs(argumentAttributes);
  }
  /// Nothing can be prepared: every argument is the one that it was.
  void keep() {
    SmallVector<DictionaryAttr> attributes;
    for (unsigned i = 0; i < body.getNumArguments(); ++i)
      attributes.push_back(attributesOf(i));
    function.setAllArgAttrs(attributes);
  }
  /// An argument's attributes, and which one it was.
  DictionaryAttr attributesOf(unsigned argument) {
    NamedAttrList own;
    if (DictionaryAttr had = function.getArgAttrDict(argument))
      own.append(had.begin(), had.end());
    own.erase("weft.bound");
    own.set("weft.argument", Builder(function.getContext()).getI64IntegerAttr(argument));
    return own.getDictionary(function.getContext());
  }

  func::FuncOp function;
  Block &body;
  int64_t panelBytes;
  llvm::DenseSet<Value> known;            // bound arguments, and values computed from nothing else
  llvm::SetVector<Operation *> hoisted;   // ops that run once
  llvm::DenseMap<Value, Value> packed[2]; // the panels of a matrix; [1] if the sum is over its first dimension
};

struct PrepareBound : impl::PrepareBoundBase<PrepareBound> {
  using PrepareBoundBase::PrepareBoundBase;
  void runOnOperation() override {
    for (auto function : llvm::make_early_inc_range(getOperation().getOps<func::FuncOp>()))
      if (!function.isExternal() && failed(Separation(function, panelBytes).run()))
        return signalPassFailure();
  }
};
} // namespace
} // namespace weft::passes
