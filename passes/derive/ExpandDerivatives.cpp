// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- ExpandDerivatives.cpp - gradients and tangents of values, in place ---------------------------------------------===//
//
// `weft.grad` and `weft.tangent` stand where the user asked. They are expanded in program order, so whatever an earlier
// one became is plain ops by the time a later one differentiates through it: derivatives of any order need nothing
// more. `weft.vmap` is expanded in the same order (ExpandVmap.h). Reverse mode:
//
//   %y = weft.tanh %x                                    %y  = weft.tanh %x
//   %s = weft.reduce_sum %y [0]                          %s  = weft.reduce_sum %y [0]
//   %g = weft.grad of %s with %one wrt %x       ==>      %c  = weft.broadcast %one []           // transpose of the sum
//                                                        %d  = 1 - %y * %y                      // tanh's partial
//                                                        %g  = weft.mul %c, %d
//
// 1. The slice: everything that ys are computed from, found by walking operands; it may lie in enclosing blocks (a
// derivative asked for in a
//    region, of values made outside, is computed in the region).
// 2. Active values: floating values of the slice that depend on some x. Only they carry derivatives; integers cut the
// path.
// 3. Backwards over the active ops, each op's vjp turns cotangents of its results into cotangents of its active
// operands; several uses add up.
//
// An x that lies on the way to another x keeps both roles: its result is the total derivative, as in reverse mode on a
// tape. Forward mode walks the same slice forwards with jvp. What `checkpoint(f)` made is made again where reverse mode
// needs it (Checkpoints.h).
//
//===----------------------------------------------------------------------------------------------------------------===//
#include "dialects/weft/Decompose.h"
#include "dialects/weft/OpTable.h"
#include "dialects/weft/Weft.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Transforms/RegionUtils.h"
#include "passes/Passes.h"
#include "passes/derive/Checkpoints.h"
#include "passes/derive/ChooseResiduals.h"
#include "passes/derive/ExpandVmap.h"
#include "passes/derive/SettleRows.h"

namespace weft::passes {
#define GEN_PASS_DEF_EXPANDDERIVATIVES
#include "passes/Passes.h.inc"

using namespace mlir;
using namespace ir;

namespace {
bool isFloating(Value v) { return isa<FloatType>(getElementTypeOrSelf(v.getType())); }

/// What an op depends on: its operands, and what its regions take from outside.
SmallVector<Value, 4> uses(Operation *op) {
  SmallVector<Value, 4> values(op->getOperands());
  if (op->getNumRegions()) {
    llvm::SetVector<Value> captured;
    getUsedValuesDefinedAbove(op->getRegions(), captured);
    values.append(captured.begin(), captured.end());
  }
  return values;
}

/// What lies between xs and ys.
class Slice {
public:
  /// `within`: the slice ends at the borders of this region; null for none.
  Slice(ValueRange ys, ValueRange xs, Region *within) : within(within), xs(xs.begin(), xs.end()) {
    for (Value y : ys)
      collect(y);
    active = this->xs;
    for (Operation *op : ops) {
      if (op->hasTrait<StopsDerivative>())
        continue;
      if (llvm::any_of(uses(op), [&](Value v) { return isActive(v); }))
        for (Value r : op->getResults())
          if (isFloating(r))
            active.insert(r);
    }
  }
  bool isActive(Value v) const { return active.contains(v); }
  /// Whether the op passes derivatives on: something it uses and a result are active.
  bool carries(Operation *op) const {
    return llvm::any_of(uses(op), [&](Value v) { return isActive(v); }) &&
           llvm::any_of(op->getResults(), [&](Value v) { return isActive(v); }) && !op->hasTrait<StopsDerivative>();
  }
  /// Operands before users.
  ArrayRef<Operation *> order() const { return ops; }

private:
  void collect(Value root) {
    // An explicit stack: a chain of a hundred thousand ops must not overflow ours.
    struct Visit {
      Operation *op;
      SmallVector<Value, 4> uses;
      size_t next = 0;
    };
    SmallVector<Visit> stack;
    auto push = [&](Value v) {
      if (Operation *op = v.getDefiningOp();
          op && (!within || within->isAncestor(op->getParentRegion())) && seen.insert(op).second)
        stack.push_back({op, uses(op)});
    };
    push(root);
    while (!stack.empty()) {
      Visit &visit = stack.back();
      if (visit.next < visit.uses.size()) {
        push(visit.uses[visit.next++]);
      } else {
        ops.push_back(visit.op);
        stack.pop_back();
      }
    }
  }
  Region *within;
  DenseSet<Value> xs, active;
  DenseSet<Operation *> seen;
  SmallVector<Operation *> ops;
};

/// The op's reason for having no derivative, from its record.
StringRef reason(Operation *op) {
  for (const OpRow &row : opTable())
    if (op->getName().getStringRef() == row.name && !row.derivative.present)
      return row.derivative.text;
  return "it has no derivative";
}

struct ExpandDerivatives : impl::ExpandDerivativesBase<ExpandDerivatives> {
  using ExpandDerivativesBase::ExpandDerivativesBase;
  /// The op's derivative rules, or an error at the op with a note at who asked.
  DerivativeOpInterface rules(Operation *op, Operation *asked) {
    if (auto rules = dyn_cast<DerivativeOpInterface>(op))
      return rules;
    auto diagnostic = emitError(op->getLoc())
                      << op->getName().stripDialect() << " cannot be differentiated: " << reason(op);
    diagnostic.attachNote(asked->getLoc()) << "the derivative was asked for here";
    return {};
  }
  /// Regions may use values from outside, but those get no gradient through them: an active one would be a silent zero.
  LogicalResult checkCaptures(Operation *op, const Slice &slice, Operation *asked) {
    WalkResult walk = op->walk([&](Operation *inner) {
      if (inner != op)
        for (Value v : inner->getOperands())
          if (slice.isActive(v) && !op->isAncestor(v.getParentBlock()->getParentOp())) {
            auto diagnostic =
                emitError(inner->getLoc())
                << op->getName().stripDialect()
                << ": a value from outside is used here and differentiated, but is no argument; pass it as one";
            diagnostic.attachNote(v.getLoc()) << "made here";
            diagnostic.attachNote(asked->getLoc()) << "the derivative was asked for here";
            return WalkResult::interrupt();
          }
      return WalkResult::advance();
    });
    return failure(walk.wasInterrupted());
  }

  static Slice sliceOf(GradOp grad) {
    return Slice(grad.getYs(), grad.getXs(), grad->hasAttr("local") ? grad->getParentRegion() : nullptr);
  }
  static bool hasPath(GradOp grad, const Slice &slice) {
    return llvm::any_of(grad.getYs(), [&](Value y) { return slice.isActive(y); });
  }

  /// Decomposes the ops between xs and ys whose derivative is that of their decomposition.
  LogicalResult decomposeFor(Operation *asked, bool reverse, llvm::function_ref<Slice()> sliceNow) {
    while (true) {
      Slice slice = sliceNow();
      SmallVector<DecomposeOpInterface> work;
      for (Operation *op : slice.order()) {
        auto semantic = dyn_cast<DecomposeOpInterface>(op);
        if (!semantic || !slice.carries(op))
          continue;
        BitVector wanted(op->getNumOperands());
        for (unsigned i = 0; i < wanted.size(); ++i)
          wanted[i] = slice.isActive(op->getOperand(i));
        if (semantic.isDerivedDecomposed(reverse, wanted))
          work.push_back(semantic);
      }
      if (work.empty())
        return success();
      for (DecomposeOpInterface op : work) {
        auto function = asked->getParentOfType<func::FuncOp>();
        remark::missed(op.getLoc(), remark::RemarkOpts::name("expand-derivatives")
                                        .category("expand-derivatives")
                                        .function(function ? function.getName() : ""))
            << userName(op) + " is decomposed, for its derivative here is that of its parts";
        OpBuilder b(op);
        InCheckpoints checkpoints(b, checkpointsOf(op));
        if (failed(decomposeInPlace(op, b)))
          return failure();
      }
    }
  }

  LogicalResult expand(GradOp grad) {
    if (failed(decomposeFor(grad, true, [&] { return sliceOf(grad); })))
      return failure();
    Slice slice = sliceOf(grad);
    if (!hasPath(grad, slice) && !grad->hasAttr("allow_zero")) {
      auto diagnostic = emitError(grad.getLoc())
                        << "grad: no path leads from the values differentiated by to the value differentiated";
      for (Value x : grad.getXs())
        diagnostic.attachNote(x.getLoc()) << "differentiated by the value made here";
      return failure();
    }
    keepRows(grad, slice.order());
    OpBuilder b(grad);
    DenseMap<Value, Value> cotangents;
    SmallVector<Operation *> pending;
    SmallVector<std::pair<Operation *, SmallVector<Value>>> replaced;
    SmallVector<RecomputingScan> recomputing;
    ComputedAgain again(grad, slice.order());
    auto accumulate = [&](Value of, Value piece, Location loc) {
      Value &sum = cotangents[of];
      sum = Build(b, loc).add(sum, piece);
    };
    for (auto [y, ct] : llvm::zip(grad.getYs(), grad.getCotangents()))
      if (slice.isActive(y))
        accumulate(y, ct, grad.getLoc());
    for (Operation *op : llvm::reverse(slice.order())) {
      if (!slice.carries(op))
        continue;
      SmallVector<Value> ofResults;
      for (Value r : op->getResults())
        ofResults.push_back(cotangents.lookup(r));
      if (llvm::none_of(ofResults, [](Value v) { return bool(v); }))
        continue; // leads to no y
      Operation *read = again.of(op, *llvm::find_if(ofResults, [](Value v) { return bool(v); }), b);
      InCheckpoints checkpoints(b, again.checkpointsFor(op));
      if (auto control = dyn_cast<ControlFlowOpInterface>(read)) {
        Build e(b, op->getLoc(), read);
        SmallVector<Value> replacement;
        if (failed(control.reverse(
                e, ofResults, [&](Value v) { return slice.isActive(again.original(v)); },
                [&](Value v, Value ct) { accumulate(again.original(v), ct, op->getLoc()); },
                [&](Operation *inner) { pending.push_back(inner); }, replacement)))
          return failure();
        if (!replacement.empty()) {
          replaced.push_back({read, replacement});
          if (auto pair = findRecomputing(replacement[0].getDefiningOp()))
            recomputing.push_back(std::move(*pair));
        }
        continue;
      }
      DerivativeOpInterface derivative = rules(read, grad);
      if (!derivative || failed(checkCaptures(op, slice, grad)))
        return failure();
      BitVector wanted(op->getNumOperands());
      for (unsigned i = 0; i < wanted.size(); ++i)
        wanted[i] = slice.isActive(op->getOperand(i));
      SmallVector<Value> ofOperands(op->getNumOperands());
      Build e(b, op->getLoc(), read);
      if (failed(derivative.vjp(e, ofResults, wanted, ofOperands)))
        return failure();
      for (unsigned i = 0; i < wanted.size(); ++i)
        if (wanted[i] && ofOperands[i])
          accumulate(op->getOperand(i), ofOperands[i], op->getLoc());
    }
    SmallVector<Value> results;
    for (Value x : grad.getXs()) {
      Value ct = cotangents.lookup(x);
      results.push_back(ct ? ct : Build(b, grad.getLoc()).zeros(x));
    }
    grad.replaceAllUsesWith(results);
    grad.erase();
    // Loops that keep more than they did take their places now: until here the slice knew them by their old names.
    for (auto &[op, values] : replaced)
      op->replaceAllUsesWith(values);
    if (failed(expandPending(pending)))
      return failure();
    for (RecomputingScan &pair : recomputing)
      chooseResiduals(pair);
    return success();
  }

  LogicalResult expandAsked(Operation *op) {
    if (auto grad = dyn_cast<GradOp>(op))
      return expand(grad);
    if (auto tangent = dyn_cast<TangentOp>(op))
      return expand(tangent);
    return expandVmap(cast<VmapOp>(op));
  }

  /// What rules of control flow asked for inside the regions they made.
  LogicalResult expandPending(ArrayRef<Operation *> pending) {
    for (Operation *op : pending)
      if (failed(expandAsked(op)))
        return failure();
    return success();
  }

  LogicalResult expand(TangentOp tangent) {
    auto sliceNow = [&] {
      return Slice(tangent.getYs(), tangent.getXs(), tangent->hasAttr("local") ? tangent->getParentRegion() : nullptr);
    };
    if (failed(decomposeFor(tangent, false, sliceNow)))
      return failure();
    Slice slice = sliceNow();
    keepRows(tangent, slice.order());
    OpBuilder b(tangent);
    DenseMap<Value, Value> tangents;
    SmallVector<Operation *> pending;
    SmallVector<std::pair<Operation *, SmallVector<Value>>> joint;
    for (auto [x, t] : llvm::zip(tangent.getXs(), tangent.getTangents()))
      tangents[x] = Build(b, tangent.getLoc()).add(tangents[x], t);
    for (Operation *op : slice.order()) {
      if (!slice.carries(op))
        continue;
      SmallVector<Value> ofOperands, ofResults(op->getNumResults());
      InCheckpoints checkpoints(b, checkpointsOf(op->getBlock() == tangent->getBlock() ? op : tangent));
      if (auto control = dyn_cast<ControlFlowOpInterface>(op)) {
        Build e(b, op->getLoc(), op);
        SmallVector<Value> again;
        if (failed(control.forward(
                e, [&](Value v) { return tangents.lookup(v); }, [&](Operation *inner) { pending.push_back(inner); },
                ofResults, again)))
          return failure();
        for (auto [r, t] : llvm::zip(op->getResults(), ofResults))
          if (t && isFloating(r))
            tangents[r] = Build(b, op->getLoc()).add(tangents.lookup(r), t);
        if (!again.empty())
          joint.push_back({op, again});
        continue;
      }
      for (Value v : op->getOperands())
        ofOperands.push_back(tangents.lookup(v));
      if (failed(checkCaptures(op, slice, tangent)))
        return failure();
      if (llvm::none_of(ofOperands, [](Value v) { return bool(v); }))
        continue;
      DerivativeOpInterface derivative = rules(op, tangent);
      if (!derivative)
        return failure();
      Build e(b, op->getLoc(), op);
      if (failed(derivative.jvp(e, ofOperands, ofResults)))
        return failure();
      for (auto [r, t] : llvm::zip(op->getResults(), ofResults))
        if (t && isFloating(r))
          tangents[r] = Build(b, op->getLoc()).add(tangents.lookup(r), t);
    }
    SmallVector<Value> results;
    for (Value y : tangent.getYs()) {
      Value t = tangents.lookup(y);
      results.push_back(t ? t : Build(b, tangent.getLoc()).zeros(y));
    }
    tangent.replaceAllUsesWith(results);
    // A loop whose every reader comes later is read off the one that goes along with its tangents. All or nothing: were
    // some readers to keep the old value, a later derivative by it would miss those who have the new one.
    for (auto &[op, values] : joint) {
      bool all = llvm::all_of(op->getUsers(), [&](Operation *user) {
        Operation *here = tangent->getBlock()->findAncestorOpInBlock(*user);
        return here && tangent->isBeforeInBlock(here);
      });
      if (all)
        op->replaceAllUsesWith(values);
    }
    tangent.erase();
    return expandPending(pending);
  }

  void runOnOperation() override {
    // Nested regions first, else program order.
    SmallVector<Operation *> asked;
    getOperation().walk([&](Operation *op) {
      if (isa<GradOp, TangentOp, VmapOp>(op))
        asked.push_back(op);
    });
    // Whether a path leads is asked of the graph as it was written: a derivative may turn out constant, as that of a
    // linear function does, and then the derivative of it is zero and no mistake.
    if (asked.size() > 1)
      getOperation().walk([&](GradOp grad) {
        if (hasPath(grad, sliceOf(grad)))
          grad->setAttr("allow_zero", UnitAttr::get(&getContext()));
      });
    for (Operation *op : asked)
      if (failed(expandAsked(op)))
        return signalPassFailure();
    // Custom derivatives have done their part: their forward regions become plain ops.
    getOperation().walk([&](CustomVjpOp custom) {
      Block &forward = custom.getForward().front();
      SmallVector<Value> results(forward.getTerminator()->getOperands());
      IRMapping map;
      map.map(forward.getArguments(), custom.getInputs());
      OpBuilder b(custom);
      for (Operation &op : forward.without_terminator())
        b.clone(op, map);
      for (Value &r : results)
        r = map.lookupOrDefault(r);
      custom.replaceAllUsesWith(results);
      custom.erase();
    });
    settleRows(getOperation(), finiteRows);
    getOperation().walk([](Operation *op) { leaveCheckpoints(op); });
  }
};
} // namespace
} // namespace weft::passes
