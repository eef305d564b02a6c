// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The algebra of Access.h. What each family of ops says of itself is in rules/Access.cpp.
#include "dialects/weft/Access.h"
#include "dialects/weft/Weft.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace weft::ir;

//===- axes ---------------------------------------------------------------------------------------------------------===//

Axis Axis::at(MLIRContext *context, unsigned loop) { return at(loop, 1, Dim(context, 0)); }
Axis Axis::at(unsigned loop, int64_t step, const Dim &offset) { return at({Term{loop, step}}, offset); }
Axis Axis::at(ArrayRef<Term> terms, const Dim &offset) {
  Axis axis;
  axis.kind = affine;
  axis.terms.assign(terms.begin(), terms.end());
  axis.offset = offset;
  return axis;
}
Axis Axis::repeatedAlong(unsigned loop) {
  Axis axis;
  axis.kind = repeated;
  axis.terms = {Term{loop, 0}};
  return axis;
}
Axis Axis::linearIn(ArrayRef<unsigned> loops) {
  Axis axis;
  axis.kind = linear;
  for (unsigned loop : loops)
    axis.terms.push_back({loop});
  return axis;
}

std::optional<unsigned> Axis::loop() const {
  if (kind == affine && terms.size() == 1 && terms[0].step == 1 && dividedBy == 1 && !within && !guarded && !part &&
      offset == 0)
    return terms[0].loop;
  return std::nullopt;
}
std::optional<unsigned> Axis::along() const {
  return kind == repeated && !terms.empty() ? std::optional(terms[0].loop) : loop();
}
bool Axis::names(unsigned loop) const {
  return kind == any || llvm::any_of(terms, [&](const Term &t) { return t.loop == loop; });
}

//===- what ops are made of -----------------------------------------------------------------------------------------===//

static Axes anyAxes(Value v) {
  auto type = dyn_cast<RankedTensorType>(v.getType());
  return Axes(type ? type.getRank() : 0);
}
static Axes ownAxes(MLIRContext *context, size_t count) {
  Axes axes;
  for (unsigned l = 0; l < count; ++l)
    axes.push_back(Axis::at(context, l));
  return axes;
}
Access Access::any(Operation *op) {
  Access access;
  access.operands = llvm::map_to_vector<2>(op->getOperands(), anyAxes);
  access.results = llvm::map_to_vector<2>(op->getResults(), anyAxes);
  return access;
}
Access Access::ofResult(Operation *op) {
  Access access = any(op);
  for (const Dim &d : getDims(op->getResult(0)))
    access.loops.push_back({d});
  access.results[0] = ownAxes(op->getContext(), access.loops.size());
  return access;
}
Access Access::elementwise(Operation *op) {
  Access access = ofResult(op);
  Dims dims = getDims(op->getResult(0));
  for (auto [axes, operand] : llvm::zip(access.operands, op->getOperands()))
    if (getDims(operand) == dims)
      axes = access.results[0];
  return access;
}
Access Access::reduction(Operation *op, ArrayRef<int64_t> reduced) {
  Access access = any(op);
  for (auto [d, size] : llvm::enumerate(getDims(op->getOperand(0))))
    access.loops.push_back({size, llvm::is_contained(reduced, int64_t(d)) ? LoopKind::reduced : LoopKind::parallel});
  access.operands[0] = ownAxes(op->getContext(), access.loops.size());
  for (Axes &axes : access.results) {
    axes.clear();
    for (auto [l, loop] : llvm::enumerate(access.loops))
      if (loop.kind == LoopKind::parallel)
        axes.push_back(access.operands[0][l]);
  }
  return access;
}
Access weft::ir::accessOf(Operation *op) {
  auto says = dyn_cast<AccessOpInterface>(op);
  return says ? says.getAccess() : Access::any(op);
}

//===- questions ----------------------------------------------------------------------------------------------------===//

bool Access::readsOwnPosition(unsigned operand) const {
  return llvm::all_of(loops, [](const Loop &loop) { return loop.kind == LoopKind::parallel; }) &&
         llvm::all_of(operands[operand], [](const Axis &axis) { return axis.loop().has_value(); }) &&
         !results.empty() && llvm::all_of(results, [&](const Axes &axes) { return axes == operands[operand]; });
}
bool Access::keepsPosition() const {
  return !operands.empty() &&
         llvm::all_of(llvm::seq<unsigned>(0, operands.size()), [&](unsigned i) { return readsOwnPosition(i); });
}
bool Access::isRepeated(unsigned operand) const {
  int64_t last = -1;
  for (const Axis &axis : operands[operand]) {
    std::optional<unsigned> loop = axis.along();
    if (!loop ? axis.kind != Axis::repeated : int64_t(*loop) <= last)
      return false;
    last = loop ? int64_t(*loop) : last;
  }
  return true;
}
bool Access::isPermuted(unsigned operand) const {
  const Axes &axes = operands[operand];
  return !results.empty() && axes.size() == results[0].size() && llvm::all_of(axes, [&](const Axis &axis) {
    std::optional<unsigned> loop = axis.loop();
    return loop && find(results[0], *loop) >= 0;
  });
}
bool Access::isTurned(unsigned operand) const {
  int64_t last = -1;
  for (const Axis &axis : operands[operand])
    if (std::optional<unsigned> loop = axis.loop(); loop && !results.empty())
      if (int64_t at = find(results[0], *loop); at >= 0) {
        if (at < last)
          return true;
        last = at;
      }
  return false;
}
int64_t Access::find(const Axes &axes, unsigned loop) {
  for (auto [d, axis] : llvm::enumerate(axes))
    if (axis.loop() == loop)
      return int64_t(d);
  return -1;
}
bool Access::names(const Axes &axes, unsigned loop) {
  return llvm::any_of(axes, [&](const Axis &axis) { return axis.names(loop); });
}

/// All tensors of an op, operands first.
static SmallVector<const Axes *> tensorsOf(const Access &access) {
  SmallVector<const Axes *> all;
  for (const Axes &axes : access.operands)
    all.push_back(&axes);
  for (const Axes &axes : access.results)
    all.push_back(&axes);
  return all;
}
// An axis that is read anywhere is so over any loops: it does not count.
bool Access::canSplit(unsigned loop) const {
  auto fits = [&](const Axis &axis) { return axis.kind == Axis::any || !axis.names(loop) || axis.along() == loop; };
  // A scan of parts is another scan.
  return !loops[loop].counted && loops[loop].kind != LoopKind::opaque && loops[loop].kind != LoopKind::scanned &&
         llvm::all_of(tensorsOf(*this), [&](const Axes *axes) { return llvm::all_of(*axes, fits); });
}
bool Access::canJoin(unsigned outer, unsigned inner) const {
  const Loop &a = loops[outer], &b = loops[inner];
  // A scan over two loops in one is another scan.
  if (a.kind != b.kind || a.counted || b.counted || (a.kind != LoopKind::parallel && a.kind != LoopKind::reduced))
    return false;
  return llvm::all_of(tensorsOf(*this), [&](const Axes *axes) {
    // The axes of both, side by side, or no axis that names either.
    int64_t at = find(*axes, outer);
    if (at >= 0 && (at + 1 == int64_t(axes->size()) || (*axes)[at + 1].loop() != inner))
      return false;
    return llvm::all_of(llvm::enumerate(*axes), [&](auto each) {
      const Axis &axis = each.value();
      bool own = at >= 0 && (int64_t(each.index()) == at || int64_t(each.index()) == at + 1);
      return own || axis.kind == Axis::any || (!axis.names(outer) && !axis.names(inner));
    });
  });
}

//===- other loops --------------------------------------------------------------------------------------------------===//

static Access withOrigins(Access access) {
  for (auto [l, loop] : llvm::enumerate(access.loops))
    loop.origin = unsigned(l);
  return access;
}
/// The access with every number of a loop replaced.
static Access renumbered(Access access, llvm::function_ref<unsigned(unsigned)> number) {
  for (auto *tensors : {&access.operands, &access.results})
    for (Axes &axes : *tensors)
      for (Axis &axis : axes)
        for (Axis::Term &term : axis.terms)
          term.loop = number(term.loop);
  return access;
}
Access Access::batched(const llvm::BitVector &mapped, const Dim &size) const {
  Access fresh = renumbered(withOrigins(*this), [](unsigned l) { return l + 1; });
  fresh.loops.insert(fresh.loops.begin(), Loop{size});
  Axis front = Axis::at(size.expr().getContext(), 0);
  for (auto [i, axes] : llvm::enumerate(fresh.operands))
    if (mapped[i])
      axes.insert(axes.begin(), front);
  for (Axes &axes : fresh.results)
    axes.insert(axes.begin(), front);
  return fresh;
}
Access Access::split(unsigned loop, const Dim &outer, const Dim &inner) const {
  Access fresh = renumbered(withOrigins(*this), [&](unsigned l) { return l > loop ? l + 1 : l; });
  Loop second = fresh.loops[loop];
  second.size = inner;
  fresh.loops[loop].size = outer;
  fresh.loops[loop].origin.reset();
  fresh.loops.insert(fresh.loops.begin() + loop + 1, second);
  Axis next = Axis::at(outer.expr().getContext(), loop + 1);
  for (auto *tensors : {&fresh.operands, &fresh.results})
    for (Axes &axes : *tensors) {
      for (Axis &axis : axes) // what is repeated along both may say either
        if (axis.kind == Axis::repeated && axis.along() == loop)
          axis = Axis::repeatedAlong(loop + 1);
      if (int64_t at = find(axes, loop); at >= 0)
        axes.insert(axes.begin() + at + 1, next);
    }
  return fresh;
}
Access Access::joined(const llvm::BitVector &intoOuter) const {
  // The loop that each one becomes part of: that of the axis in front of its own.
  SmallVector<unsigned> into(loops.size());
  for (unsigned l = 0; l < loops.size(); ++l)
    into[l] = l;
  Access fresh = withOrigins(*this);
  for (auto *tensors : {&fresh.operands, &fresh.results})
    for (Axes &axes : *tensors) {
      Axes kept;
      for (auto [d, axis] : llvm::enumerate(axes)) {
        std::optional<unsigned> loop = axis.loop();
        if (loop && d > 0 && intoOuter[*loop] && axes[d - 1].loop())
          into[*loop] = into[*axes[d - 1].loop()];
        else
          kept.push_back(axis);
      }
      axes = kept;
    }
  SmallVector<unsigned> number(loops.size(), 0);
  SmallVector<Loop, 4> left;
  for (auto [l, loop] : llvm::enumerate(fresh.loops))
    if (into[l] == l) {
      number[l] = left.size();
      left.push_back(loop);
    }
  for (auto [l, loop] : llvm::enumerate(loops))
    if (into[l] != l)
      left[number[into[l]]].size = left[number[into[l]]].size * loop.size;
  fresh.loops = left;
  return renumbered(std::move(fresh), [&](unsigned l) { return number[l]; });
}

//===- text ---------------------------------------------------------------------------------------------------------===//

static std::string str(const Axis &axis) {
  if (axis.kind == Axis::any)
    return "any";
  std::string text;
  auto loop = [](const Axis::Term &t) { return "d" + std::to_string(t.loop); };
  if (axis.kind == Axis::repeated)
    return axis.terms.empty() ? "one" : "one for all " + loop(axis.terms[0]);
  if (axis.kind == Axis::linear) {
    for (const Axis::Term &t : axis.terms)
      text += (text.empty() ? "" : ", ") + loop(t);
    return "linear(" + text + ")";
  }
  for (const Axis::Term &t : axis.terms)
    text += (text.empty() ? "" : " + ") + (t.step == 1 ? "" : std::to_string(t.step) + " * ") + loop(t);
  if (text.empty() || !(axis.offset == 0))
    text += (text.empty() ? "" : " + ") + axis.offset.str();
  if (axis.dividedBy != 1 || axis.within)
    text = "(" + text + ")";
  if (axis.dividedBy != 1)
    text += " floordiv " + std::to_string(axis.dividedBy);
  if (axis.within)
    text += " mod " + std::to_string(axis.within);
  return text + (axis.guarded ? " guarded" : axis.part ? " part" : "");
}
std::string weft::ir::str(const Access &access) {
  std::string text;
  for (auto [l, loop] : llvm::enumerate(access.loops)) {
    text += (l ? ", d" : "d") + std::to_string(l) + " < " + loop.size.str();
    switch (loop.kind) {
    case LoopKind::parallel: break;
    case LoopKind::reduced: text += " reduced"; break;
    case LoopKind::scanned: text += " scanned"; break;
    case LoopKind::window: text += " window"; break;
    case LoopKind::opaque: text += " opaque"; break;
    }
    text += loop.counted ? " counted" : "";
  }
  auto tensors = [](ArrayRef<Axes> all) {
    std::string list;
    for (const Axes &axes : all) {
      list += list.empty() ? "[" : ", [";
      for (auto [d, axis] : llvm::enumerate(axes))
        list += (d ? ", " : "") + ::str(axis);
      list += "]";
    }
    return list;
  };
  return text + (text.empty() ? ": " : " : ") + tensors(access.operands) + " -> " + tensors(access.results);
}
