// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Where ops read along their loops, and how they become the same ops over other loops: see Access.h. Elementwise ops
// and identities have theirs from their TableGen class.
#include "dialects/weft/Access.h"
#include "dialects/weft/ContractSpec.h"
#include "dialects/weft/rules/Checks.h"

using namespace mlir;
using namespace weft::ir;

/// The loop of each axis if all are read at the steps of a loop of their own.
static std::optional<SmallVector<unsigned>> loopsOf(ArrayRef<Axis> axes) {
  SmallVector<unsigned> loops;
  for (const Axis &axis : axes) {
    if (!axis.loop() || llvm::is_contained(loops, *axis.loop()))
      return std::nullopt;
    loops.push_back(*axis.loop());
  }
  return loops;
}
/// The one axis that is read anywhere, while all others are read at the steps of a loop.
static std::optional<int64_t> onlyAny(ArrayRef<Axis> axes) {
  std::optional<int64_t> at;
  for (auto [d, axis] : llvm::enumerate(axes)) {
    if (axis.loop())
      continue;
    if (axis.kind != Axis::any || at)
      return std::nullopt;
    at = int64_t(d);
  }
  return at;
}

LogicalResult weft::ir::setElementwise(Operation *op, const Access &now) {
  size_t count = op->hasTrait<Identity>() ? 1 : now.operands.size(); // what `after` waits for is not read
  return success(llvm::all_of(llvm::seq<size_t>(0, count), [&](size_t i) {
    return llvm::all_of(now.results, [&](const Axes &axes) { return loopsOf(axes) && axes == now.operands[i]; });
  }));
}

//===- constants and generators -------------------------------------------------------------------------------------===//

Access ConstantOp::getAccess() {
  Access access = Access::ofResult(*this);
  auto dense = dyn_cast<DenseElementsAttr>(getValue());
  for (Loop &loop : access.loops)
    loop.counted = !dense || !dense.isSplat();
  return access;
}
LogicalResult ConstantOp::setAccess(const Access &) {
  auto dense = dyn_cast<DenseElementsAttr>(getValue());
  if (!dense || !dense.isSplat())
    return failure();
  auto type = typeOf(getResult());
  setValueAttr(dense.resizeSplat(RankedTensorType::get(type.getShape(), type.getElementType())));
  return success();
}
Access DimOp::getAccess() { return Access::ofResult(*this); }
LogicalResult DimOp::setAccess(const Access &now) { return success(now.results[0].empty()); }
Access IotaOp::getAccess() {
  Access access = Access::ofResult(*this);
  access.loops[getAxis()].counted = true;
  return access;
}
LogicalResult IotaOp::setAccess(const Access &now) {
  for (auto [d, axis] : llvm::enumerate(now.results[0]))
    if (axis.loop() && now.loops[*axis.loop()].counted) {
      setAxis(d);
      return success();
    }
  return failure();
}
/// Bits are a function of the element's number.
Access RandomBitsOp::getAccess() {
  Access access = Access::ofResult(*this);
  for (Loop &loop : access.loops)
    loop.counted = true;
  return access;
}

//===- maps of indices ----------------------------------------------------------------------------------------------===//

Access ReshapeOp::getAccess() {
  Access access = Access::ofResult(*this);
  Dims to = getDims(getResult()), from = getDims(getX());
  for (auto [d, axis] : llvm::enumerate(access.operands[0]))
    if (from[d] == 1)
      axis.kind = Axis::repeated;
  for (const Run &run : matchRuns(to, from)) {
    SmallVector<unsigned> loops(run.to.begin(), run.to.end());
    for (unsigned d : run.from)
      access.operands[0][d] =
          loops.size() == 1 && run.from.size() == 1 ? access.results[0][loops[0]] : Axis::linearIn(loops);
  }
  return access;
}
/// The loops of more than one step that axes go through, outermost first.
static std::optional<SmallVector<unsigned>> orderOf(const Axes &axes, const Access &access) {
  SmallVector<unsigned> order;
  for (auto [d, axis] : llvm::enumerate(axes)) {
    if (axis.kind == Axis::any || (axis.kind == Axis::affine && !axis.loop()))
      return std::nullopt;
    if (axis.kind == Axis::repeated || (axis.kind == Axis::linear && d > 0 && axes[d - 1] == axis))
      continue;
    for (const Axis::Term &term : axis.terms)
      if (!(access.loops[term.loop].size == 1))
        order.push_back(term.loop);
  }
  return order;
}
LogicalResult ReshapeOp::setAccess(const Access &now) {
  auto from = orderOf(now.operands[0], now);
  return success(from && from == orderOf(now.results[0], now));
}

Access TransposeOp::getAccess() {
  Access access = Access::ofResult(*this);
  for (auto [i, p] : llvm::enumerate(getPermutation()))
    access.operands[0][p] = access.results[0][i];
  return access;
}
LogicalResult TransposeOp::setAccess(const Access &now) {
  auto loops = loopsOf(now.results[0]);
  if (!loops || loops->size() != now.operands[0].size())
    return failure();
  auto permutation = llvm::map_to_vector(*loops, [&](unsigned loop) { return Access::find(now.operands[0], loop); });
  if (llvm::is_contained(permutation, -1))
    return failure();
  setPermutation(permutation);
  return success();
}

Access BroadcastOp::getAccess() {
  Access access = Access::ofResult(*this);
  Dims from = weft::ir::getDims(getX()), to = weft::ir::getDims(getResult());
  for (auto [j, d] : llvm::enumerate(getDims()))
    access.operands[0][j] = from[j] == to[d] ? access.results[0][d] : Axis::repeatedAlong(unsigned(d));
  return access;
}
LogicalResult BroadcastOp::setAccess(const Access &now) {
  if (!loopsOf(now.results[0]))
    return failure();
  SmallVector<int64_t> dims;
  for (const Axis &axis : now.operands[0]) {
    dims.push_back(axis.along() ? Access::find(now.results[0], *axis.along()) : -1);
    if (dims.back() < 0)
      return failure();
  }
  setDims(dims);
  return success();
}

Access SliceOp::getAccess() {
  Access access = Access::ofResult(*this);
  Dims starts = getStarts().getDims(), from = getDims(getX());
  for (auto [d, axis] : llvm::enumerate(access.operands[0])) {
    axis = Axis::at(unsigned(d), getStrides()[d], starts[d]);
    axis.part = !(access.loops[d].size == from[d]);
  }
  return access;
}
LogicalResult SliceOp::setAccess(const Access &now) {
  auto loops = loopsOf(now.results[0]);
  if (!loops || loops->size() != now.operands[0].size())
    return failure();
  Dims starts;
  SmallVector<int64_t> strides;
  for (auto [axis, loop] : llvm::zip(now.operands[0], *loops)) {
    if (axis.kind != Axis::affine || axis.terms.size() != 1 || axis.terms[0].loop != loop)
      return failure();
    starts.push_back(axis.offset);
    strides.push_back(axis.terms[0].step);
  }
  setStartsAttr(getDimsAttr(getContext(), starts));
  setStrides(strides);
  return success();
}

Access PadOp::getAccess() {
  Access access = Access::ofResult(*this);
  Dims from = getDims(getX()), to = getDims(getResult()), low = getLow().getDims();
  for (auto [d, axis] : llvm::enumerate(access.operands[0])) {
    if (from[d] == to[d]) {
      axis = access.results[0][d];
      continue;
    }
    axis = Axis::at(unsigned(d), 1, Dim(getContext(), 0) - low[d]);
    axis.dividedBy = getInterior()[d] + 1;
    axis.guarded = true;
  }
  return access;
}
LogicalResult PadOp::setAccess(const Access &now) {
  auto loops = loopsOf(now.results[0]);
  if (!loops || loops->size() != now.operands[0].size() || !now.operands[1].empty())
    return failure();
  Dims low;
  SmallVector<int64_t> interior;
  for (auto [axis, loop] : llvm::zip(now.operands[0], *loops)) {
    if (axis.kind != Axis::affine || axis.terms.size() != 1 || axis.terms[0].loop != loop)
      return failure();
    low.push_back(Dim(getContext(), 0) - axis.offset);
    interior.push_back(axis.dividedBy - 1);
  }
  setLowAttr(getDimsAttr(getContext(), low));
  setInterior(interior);
  return success();
}

/// Along its axes it reads at places that are no expression of the loop: at either side they run the other way, or
/// stay.
Access ExtendOp::getAccess() {
  Access access = Access::ofResult(*this);
  access.operands[0] = access.results[0];
  for (int64_t d : getAxes())
    access.operands[0][d] = Axis();
  return access;
}
LogicalResult ExtendOp::setAccess(const Access &now) {
  auto loops = loopsOf(now.results[0]);
  if (!loops || loops->size() != now.operands[0].size())
    return failure();
  // Its axes stay in their order: nothing joins or cuts a loop that the operand does not name.
  SmallVector<int64_t> axes;
  Dims old = getLow().getDims(), low;
  for (auto [d, axis] : llvm::enumerate(now.operands[0])) {
    bool widened = axis.kind == Axis::any;
    if (widened ? axes.size() == getAxes().size() : axis.loop() != (*loops)[d])
      return failure();
    low.push_back(widened ? old[getAxes()[axes.size()]] : Dim(getContext(), 0));
    if (widened)
      axes.push_back(int64_t(d));
  }
  if (axes.size() != getAxes().size())
    return failure();
  setAxes(axes);
  setLowAttr(getDimsAttr(getContext(), low));
  return success();
}

Access ConcatenateOp::getAccess() {
  Access access = Access::ofResult(*this);
  Dim first(getContext(), 0);
  unsigned joined = unsigned(getAxis());
  for (auto [axes, input] : llvm::zip(access.operands, getInputs())) {
    Dim size = getDims(input)[joined];
    axes = access.results[0];
    if (!(size == access.loops[joined].size)) {
      axes[joined] = Axis::at(joined, 1, Dim(getContext(), 0) - first);
      axes[joined].guarded = true;
    }
    first = first + size;
  }
  return access;
}
LogicalResult ConcatenateOp::setAccess(const Access &now) {
  auto loops = loopsOf(now.results[0]);
  std::optional<unsigned> joined;
  for (const Axes &axes : now.operands)
    for (auto [d, axis] : llvm::enumerate(axes)) {
      if (!loops || axes.size() != loops->size())
        return failure();
      if (axis.loop() == (*loops)[d])
        continue;
      if (axis.kind != Axis::affine || axis.terms.size() != 1 || axis.terms[0].loop != (*loops)[d] ||
          joined.value_or(d) != d)
        return failure();
      joined = d;
    }
  setAxis(joined.value_or(0)); // of one operand any axis will do
  return success();
}

Access ReverseOp::getAccess() {
  Access access = Access::ofResult(*this);
  access.operands[0] = access.results[0];
  for (int64_t d : getAxes())
    access.operands[0][d] = Axis::at(unsigned(d), -1, access.loops[d].size - Dim(getContext(), 1));
  return access;
}
LogicalResult ReverseOp::setAccess(const Access &now) {
  auto loops = loopsOf(now.results[0]);
  if (!loops || loops->size() != now.operands[0].size())
    return failure();
  SmallVector<int64_t> axes;
  for (auto [d, axis] : llvm::enumerate(now.operands[0])) {
    if (axis.kind != Axis::affine || axis.terms.size() != 1 || axis.terms[0].loop != (*loops)[d])
      return failure();
    if (!axis.loop())
      axes.push_back(int64_t(d));
  }
  setAxes(axes);
  return success();
}

/// Panels are a shape of their own: neither loop can change.
Access UnpackOp::getAccess() {
  Access access = Access::ofResult(*this);
  for (Loop &loop : access.loops)
    loop.counted = true;
  Axes &panels = access.operands[0];
  panels = {access.results[0][1], access.results[0][0], access.results[0][1]};
  panels[0].dividedBy = panels[2].within = getDims(getX())[2].staticSize();
  return access;
}
LogicalResult UnpackOp::setAccess(const Access &) { return failure(); }

//===- reductions and products --------------------------------------------------------------------------------------===//

/// The axes of operand 0 that the result lacks, if it has the others in their order.
static std::optional<SmallVector<int64_t>> reducedIn(const Access &now) {
  auto loops = loopsOf(now.operands[0]);
  if (!loops)
    return std::nullopt;
  SmallVector<int64_t> reduced;
  Axes kept;
  for (auto [d, loop] : llvm::enumerate(*loops))
    if (now.loops[loop].kind == LoopKind::reduced)
      reduced.push_back(int64_t(d));
    else
      kept.push_back(now.operands[0][d]);
  return kept == now.results[0] ? std::optional(reduced) : std::nullopt;
}
#define WEFT_REDUCTION(Op)                                                                                             \
  Access Op::getAccess() { return Access::reduction(*this, getAxes()); }                                               \
  LogicalResult Op::setAccess(const Access &now) {                                                                     \
    auto axes = reducedIn(now);                                                                                        \
    if (axes)                                                                                                          \
      setAxes(*axes);                                                                                                  \
    return success(axes.has_value());                                                                                  \
  }
WEFT_REDUCTION(ReduceSumOp)
WEFT_REDUCTION(ReduceMaxOp)
WEFT_REDUCTION(ReduceMinOp)
WEFT_REDUCTION(ReduceProdOp)
WEFT_REDUCTION(ReduceAndOp)
WEFT_REDUCTION(ReduceOrOp)
#undef WEFT_REDUCTION
#define WEFT_ARG_REDUCTION(Op)                                                                                         \
  Access Op::getAccess() {                                                                                             \
    Access access = Access::reduction(*this, {int64_t(getAxis())});                                                    \
    access.loops[getAxis()].counted = true;                                                                            \
    return access;                                                                                                     \
  }                                                                                                                    \
  LogicalResult Op::setAccess(const Access &now) {                                                                     \
    auto axes = reducedIn(now);                                                                                        \
    if (!axes || axes->size() != 1)                                                                                    \
      return failure();                                                                                                \
    setAxis(uint64_t((*axes)[0]));                                                                                     \
    return success();                                                                                                  \
  }
WEFT_ARG_REDUCTION(ArgmaxOp)
WEFT_ARG_REDUCTION(ArgminOp)
#undef WEFT_ARG_REDUCTION

/// The labels of a contraction in the order of its loops: the result's, then those that are summed over.
static std::string labelsOf(const ContractSpec &spec) {
  return spec.result + spec.contracted + spec.lhsAlone + spec.rhsAlone;
}
Access ContractOp::getAccess() {
  Access access = Access::any(*this);
  std::string error;
  std::optional<ContractSpec> spec = ContractSpec::parse(getSpec(), error);
  if (!spec)
    return access;
  std::string labels = labelsOf(*spec);
  Dims lhs = getDims(getLhs()), rhs = getDims(getRhs());
  for (char label : labels) {
    int64_t at = spec->find(spec->lhs, label);
    bool summed = spec->find(spec->result, label) < 0;
    access.loops.push_back(
        {at >= 0 ? lhs[at] : rhs[spec->find(spec->rhs, label)], summed ? LoopKind::reduced : LoopKind::parallel});
  }
  auto axes = [&](StringRef own) {
    Axes all;
    for (char label : own)
      all.push_back(Axis::at(getContext(), unsigned(labels.find(label))));
    return all;
  };
  access.operands = {axes(spec->lhs), axes(spec->rhs)};
  access.results = {axes(spec->result)};
  return access;
}
LogicalResult ContractOp::setAccess(const Access &now) {
  std::string error;
  std::optional<ContractSpec> spec = ContractSpec::parse(getSpec(), error);
  if (!spec)
    return failure();
  // A loop keeps its letter; a new one takes the first that is free.
  std::string old = labelsOf(*spec), letters, left = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  llvm::erase_if(left, [&](char c) { return old.find(c) != std::string::npos; });
  for (const Loop &loop : now.loops) {
    if (!loop.origin && left.empty())
      return failure();
    letters += loop.origin ? old[*loop.origin] : left[0];
    if (!loop.origin)
      left.erase(0, 1);
  }
  std::string texts[3];
  const Axes *tensors[3] = {&now.operands[0], &now.operands[1], &now.results[0]};
  for (auto [text, axes] : llvm::zip(texts, tensors)) {
    auto loops = loopsOf(*axes);
    if (!loops)
      return failure();
    for (unsigned loop : *loops)
      text += letters[loop];
  }
  setSpec(texts[0] + "," + texts[1] + "->" + texts[2]);
  return success();
}

//===- indices ------------------------------------------------------------------------------------------------------===//

/// Of take and scatter_add: `whole` has an axis of its own where the loops of `slices` have those of the indices.
static Axes around(const Axes &slices, int64_t axis, size_t count) {
  Axes whole(slices.begin(), slices.begin() + axis);
  whole.emplace_back();
  whole.append(slices.begin() + axis + int64_t(count), slices.end());
  return whole;
}
/// The axis of data and indices from which slices like these are taken.
static std::optional<int64_t> takenAxis(const Axes &data, const Axes &indices, const Axes &slices) {
  auto axis = onlyAny(data);
  if (!axis || !loopsOf(slices))
    return std::nullopt;
  Axes expected(data.begin(), data.begin() + *axis);
  expected.append(indices);
  expected.append(data.begin() + *axis + 1, data.end());
  return expected == slices ? axis : std::nullopt;
}
/// The same of take_along, whose indices have the shape of what is taken.
static std::optional<int64_t> takenAlong(const Axes &data, const Axes &indices, const Axes &slices) {
  auto axis = onlyAny(data);
  if (!axis || !loopsOf(slices) || indices != slices || data.size() != slices.size())
    return std::nullopt;
  for (size_t d = 0; d < data.size(); ++d)
    if (int64_t(d) != *axis && data[d] != slices[d])
      return std::nullopt;
  return axis;
}
#define WEFT_SET_AXIS(Op, axisNow)                                                                                     \
  LogicalResult Op::setAccess(const Access &now) {                                                                     \
    auto axis = axisNow;                                                                                               \
    if (!axis)                                                                                                         \
      return failure();                                                                                                \
    setAxis(uint64_t(*axis));                                                                                          \
    return success();                                                                                                  \
  }
Access TakeOp::getAccess() {
  Access access = Access::ofResult(*this);
  const Axes &result = access.results[0];
  size_t count = access.operands[1].size();
  access.operands[0] = around(result, getAxis(), count);
  access.operands[1] = Axes(ArrayRef(result).slice(getAxis(), count));
  return access;
}
WEFT_SET_AXIS(TakeOp, takenAxis(now.operands[0], now.operands[1], now.results[0]))
Access TakeAlongOp::getAccess() {
  Access access = Access::ofResult(*this);
  access.operands[0] = around(access.results[0], getAxis(), 1);
  access.operands[1] = access.results[0];
  return access;
}
WEFT_SET_AXIS(TakeAlongOp, takenAlong(now.operands[0], now.operands[1], now.results[0]))

/// A scatter goes through the updates; those of several indices may meet in one element.
static Access scattered(Operation *op, int64_t axis, size_t count, bool along) {
  Access access = Access::any(op);
  for (auto [d, size] : llvm::enumerate(getDims(op->getOperand(2)))) {
    bool isIndex = int64_t(d) >= axis && d < size_t(axis) + count;
    access.loops.push_back({size, isIndex ? LoopKind::reduced : LoopKind::parallel});
    access.operands[2][d] = Axis::at(op->getContext(), unsigned(d));
  }
  const Axes &updates = access.operands[2];
  access.operands[0] = access.results[0] = around(updates, axis, count);
  access.operands[1] = along ? updates : Axes(ArrayRef(updates).slice(axis, count));
  return access;
}
#define WEFT_SCATTER(Rows, Along)                                                                                      \
  Access Rows::getAccess() { return scattered(*this, getAxis(), typeOf(getIndices()).getRank(), /*along=*/false); }    \
  Access Along::getAccess() { return scattered(*this, getAxis(), 1, /*along=*/true); }                                 \
  WEFT_SET_AXIS(Rows, now.operands[0] == now.results[0] ? takenAxis(now.operands[0], now.operands[1], now.operands[2]) \
                                                        : std::nullopt)                                                \
  WEFT_SET_AXIS(Along, now.operands[0] == now.results[0]                                                               \
                           ? takenAlong(now.operands[0], now.operands[1], now.operands[2])                             \
                           : std::nullopt)
WEFT_SCATTER(ScatterAddOp, ScatterAddAlongOp)
WEFT_SCATTER(ScatterSetOp, ScatterSetAlongOp)
WEFT_SCATTER(ScatterMaxOp, ScatterMaxAlongOp)
WEFT_SCATTER(ScatterMinOp, ScatterMinAlongOp)
#undef WEFT_SCATTER

Access OneHotOp::getAccess() {
  Access access = Access::ofResult(*this);
  access.loops.back().counted = true;
  access.operands[0] = Axes(ArrayRef(access.results[0]).drop_back());
  return access;
}
LogicalResult OneHotOp::setAccess(const Access &now) {
  ArrayRef<Axis> result = now.results[0];
  return success(loopsOf(result) && !result.empty() && now.loops[*result.back().loop()].counted &&
                 ArrayRef(now.operands[0]) == result.drop_back());
}

//===- semantic ops, loops ------------------------------------------------------------------------------------------===//

Access SoftmaxOp::getAccess() {
  Access access = Access::elementwise(*this);
  access.operands[0][getAxis()] = Axis();
  return access;
}
WEFT_SET_AXIS(SoftmaxOp, loopsOf(now.results[0]) && now.operands[0].size() == now.results[0].size()
                             ? onlyAny(now.operands[0])
                             : std::nullopt)
#undef WEFT_SET_AXIS
Access CrossEntropyOp::getAccess() {
  Access access = Access::ofResult(*this);
  access.operands[1] = access.operands[0] = access.results[0];
  access.operands[0].emplace_back();
  return access;
}
LogicalResult CrossEntropyOp::setAccess(const Access &now) {
  Axes logits = now.results[0];
  logits.emplace_back();
  return success(loopsOf(now.results[0]) && now.operands[1] == now.results[0] && now.operands[0] == logits);
}

/// Slices of the inputs and of the stacked results, step by step.
Access ScanOp::getAccess() {
  Access access = Access::any(*this);
  Dim length = getLength().getDims()[0];
  access.loops.push_back({length, LoopKind::scanned, /*counted=*/true}); // the body has its number
  Axis step = getReverse() ? Axis::at(0, -1, length - Dim(getContext(), 1)) : Axis::at(getContext(), 0);
  for (Axes &axes : llvm::drop_begin(access.operands, numCarries()))
    axes[0] = step;
  for (Axes &axes : llvm::drop_begin(access.results, numCarries()))
    axes[0] = step;
  return access;
}
