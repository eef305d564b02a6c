// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- ChooseResiduals.cpp - what a scan's gradient keeps, and what it computes again ----------------------------------------===//
//
// The reverse rule of a scan stacks the carries of every step and computes the body again on the way back:
//
//   forward  %h' = tanh(%h W + %x)   stacks %h            backward  %a = tanh(%h W + %x)  ...  1 - %a * %a ...
//
// Any value of the body could be stacked instead. A value v of the backward body that depends on no cotangent is either
// read (it costs the bytes that are written and read back, at every step) or computed (it costs its operations, and its
// operands must be there too). The least total is a minimum cut (analysis/LeastKept.h), as in operator
// rematerialisation. Here %a is stacked: a product is not done twice. A scan with a checkpoint is a scan of scans: the
// outer one keeps carries alone, this choice is made for the inner one.
//
//===----------------------------------------------------------------------------------------------------------------===//
#include "passes/derive/ChooseResiduals.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Transforms/RegionUtils.h"
#include "passes/analysis/Cost.h"
#include "passes/analysis/LeastKept.h"
#include "passes/analysis/MinCut.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
namespace weft::passes {
using namespace ir;

namespace {
SmallVector<Value> readBy(Operation *op) {
  SmallVector<Value> values(op->getOperands());
  llvm::SetVector<Value> captured;
  getUsedValuesDefinedAbove(op->getRegions(), captured);
  llvm::append_range(values, captured);
  return values;
}

/// The scan with more stacked results and more inputs, in its place; their slices are the last arguments of the body.
ScanOp extended(ScanOp scan, ArrayRef<Value> stacked, ArrayRef<Value> inputs) {
  OpBuilder b(scan);
  OperationState state(scan.getLoc(), ScanOp::getOperationName());
  state.addOperands(scan->getOperands());
  state.addOperands(inputs);
  auto &properties = state.getOrAddProperties<ScanOp::Properties>();
  properties = scan.getProperties();
  properties.setOperandSegmentSizes({int32_t(scan.numCarries()), int32_t(scan.getXs().size() + inputs.size())});
  state.addTypes(scan->getResultTypes());
  Dim length = scan.getLength().getDims()[0];
  for (Value v : stacked) {
    Dims dims{length};
    llvm::append_range(dims, getDims(v));
    state.types.push_back(getTensorType(dims, elementOf(v)));
  }
  Operation *end = scan.block()->getTerminator();
  end->insertOperands(end->getNumOperands(), stacked);
  for (Value x : inputs) {
    Dims dims = getDims(x);
    scan.block()->addArgument(getTensorType(ArrayRef<Dim>(dims).drop_front(), elementOf(x)), scan.getLoc());
  }
  state.addRegion()->takeBody(scan.getBody());
  auto made = cast<ScanOp>(b.create(state));
  for (NamedAttribute attribute : scan->getDiscardableAttrs())
    made->setAttr(attribute.getName(), attribute.getValue());
  scan->replaceAllUsesWith(made->getResults().take_front(scan->getNumResults()));
  scan.erase();
  return made;
}
} // namespace

std::optional<RecomputingScan> findRecomputing(Operation *op) {
  auto forward = dyn_cast_or_null<ScanOp>(op);
  if (!forward)
    return std::nullopt;
  for (Operation *user : forward->getUsers()) {
    auto backward = dyn_cast<ScanOp>(user);
    auto marks = backward ? backward->getAttrOfType<DenseI64ArrayAttr>("recomputes") : DenseI64ArrayAttr();
    if (!marks)
      continue;
    backward->removeAttr("recomputes");
    RecomputingScan pair{forward, backward, unsigned(marks[1]), {}};
    auto clone = std::next(backward.block()->begin(), marks[0]); // behind the names of captured values
    for (Operation &original : forward.block()->without_terminator())
      pair.same.push_back({&*clone++, &original});
    return pair;
  }
  return std::nullopt;
}

void chooseResiduals(RecomputingScan &pair) {
  ScanOp back = pair.backward;
  Block &body = *back.block();
  llvm::DenseSet<Value> tainted; // depends on a cotangent
  for (unsigned k = 0; k < back.numCarries(); ++k)
    tainted.insert(back.carry(k));
  for (unsigned j = back.getXs().size() - pair.cotangentSlices; j < back.getXs().size(); ++j)
    tainted.insert(back.slice(j));
  auto isTainted = [&](Operation &op) {
    return llvm::any_of(readBy(&op), [&](Value v) { return tainted.contains(v); });
  };
  llvm::SetVector<Value> ends; // primal values that the derivative reads
  for (Operation &op : body) {
    bool end = op.hasTrait<OpTrait::IsTerminator>();
    if (!end && !isTainted(op))
      continue;
    tainted.insert(op.result_begin(), op.result_end());
    for (Value v : readBy(&op))
      if (!tainted.contains(v))
        ends.insert(v);
  }
  llvm::DenseMap<Operation *, Operation *> original;
  for (auto [clone, op] : pair.same)
    original[clone] = op;
  llvm::DenseSet<Value> keptCarries;
  for (unsigned k = 0; k < pair.forward.numCarries(); ++k)
    keptCarries.insert(back.slice(k));
  auto choices = [&](Value v) -> std::optional<Choices> {
    Operation *op = v.getDefiningOp();
    if (keptCarries.contains(v))
      return Choices{costOfKeeping(v), uncuttable, {}};
    if (!op || op->getBlock() != &body)
      return std::nullopt;
    bool trivial = op->getNumOperands() == 0 || op->hasTrait<Identity>();
    return Choices{original.contains(op) && !trivial ? costOfKeeping(v) : uncuttable, trivial ? 0 : costOfComputing(op),
                   readBy(op)};
  };
  SmallVector<Value> kept, stacked;
  for (Value v : leastKept(ends.getArrayRef(), choices))
    if (Operation *op = v.getDefiningOp(); op && original.contains(op)) {
      kept.push_back(v);
      stacked.push_back(original[op]->getResult(cast<OpResult>(v).getResultNumber()));
    }
  if (kept.empty())
    return;
  unsigned before = pair.forward->getNumResults();
  pair.forward = extended(pair.forward, stacked, {});
  SmallVector<Value> inputs(pair.forward->getResults().drop_front(before));
  unsigned slices = back.getXs().size();
  pair.backward = back = extended(back, {}, inputs);
  std::string names;
  for (auto [i, v] : llvm::enumerate(kept)) {
    names += (names.empty() ? "" : ", ") + userName(v.getDefiningOp()) + " " + str(v.getType());
    v.replaceAllUsesWith(back.slice(slices + i));
  }
  auto function = back->getParentOfType<func::FuncOp>();
  remark::passed(back.getLoc(), remark::RemarkOpts::name("expand-derivatives")
                                    .category("expand-derivatives")
                                    .function(function ? function.getName() : ""))
      << "the gradient of this scan keeps of each step: " + names + "; it computes again what costs less than to keep";
}
} // namespace weft::passes
