// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Reductions, products and losses.
#include "Value.h"
#include <algorithm>
#include <array>

using namespace weft;
using namespace weft::detail;

static std::vector<std::int64_t> axesOf(const char *op, const Tensor &x, const Axes *axes, Loc at) {
  requireValue(x, op, "operand", at);
  std::vector<std::int64_t> list;
  if (!axes)
    for (int i = 0; i < x.rank(); ++i)
      list.push_back(i);
  else
    for (int axis : axes->axes)
      list.push_back(axisOf(op, axis, x.rank(), at));
  std::sort(list.begin(), list.end());
  if (std::adjacent_find(list.begin(), list.end()) != list.end())
    fail(at, std::string(op) + ": an axis is named twice", {{"operand", x}});
  return list;
}

static Tensor kept(const Tensor &reduced, const Tensor &x, const std::vector<std::int64_t> &axes, Keep keep, Loc at) {
  if (!keep.value)
    return reduced;
  Shape shape = x.shape();
  for (std::int64_t axis : axes)
    shape[axis] = 1;
  return reshape(reduced, shape, at);
}

/// Without axes of size 1.
static Tensor dropped(const Tensor &x, const std::vector<std::int64_t> &axes, Loc at) {
  Axes gone(0);
  gone.axes.assign(axes.begin(), axes.end());
  return squeeze(x, gone, at);
}

static Tensor reduce(const char *name, const char *op, const Tensor &x, const Axes *axes, Keep keep, Loc at) {
  std::vector<std::int64_t> list = axesOf(name, x, axes, at);
  if (list.empty())
    return x;
  return kept(emit(op, {x}, {{"axes", list}}, at), x, list, keep, at);
}

static Tensor meanOf(const Tensor &x, const Axes *axes, Keep keep, Loc at) {
  std::vector<std::int64_t> list = axesOf("mean", x, axes, at);
  if (!x.dtype().isInexact())
    fail(at, "mean: expected a floating type, found " + x.str() + ": write cast(x, f32)", {{"operand", x}});
  Dim count = 1;
  for (std::int64_t axis : list)
    count *= x.shape()[axis];
  return Operand(reduce("mean", "weft.reduce_sum", x, axes, keep, at), at) / Operand(count, at);
}

/// Softmax and its kin work in f32 at least, and round once.
static DType wide(DType dtype) { return dtype == f16 || dtype == bf16 ? f32 : dtype; }

namespace {
/// What logsumexp and log_softmax share. All but x keep the axes, with size 1.
struct Shifted {
  Tensor x;    // less the largest element, in f32 at least: what a row is shifted by costs no digits
  Tensor top;  // that element, or 0 where it is infinite: a row of -inf alone is not shifted by an infinity
  Tensor none; // whether no element has a probability, as in a row of -inf alone
  Tensor log;  // of the sum of e^x; 0 where there is none, so that no derivative is 0 times infinity
};
} // namespace
static Shifted shiftedBy(const char *name, const Tensor &x, const Axes *axes, Loc at) {
  auto o = [&](auto &&v) { return Operand(v, at); };
  Tensor h = cast(x, wide(x.dtype()), at);
  Tensor top = detail::stopGradient(reduce(name, "weft.reduce_max", h, axes, weft::keep, at), at);
  top = select(o(o(abs(top, at)) == o(infinity)), o(0), o(top));
  Tensor shifted = o(h) - o(top);
  Tensor sum = reduce(name, "weft.reduce_sum", exp(shifted, at), axes, weft::keep, at);
  Tensor none = o(sum) == o(0);
  return {shifted, top, none, log(select(o(none), o(1), o(sum)), at)};
}

static Tensor logsumexpOf(const Tensor &x, const Axes *axes, Keep keep, Loc at) {
  auto o = [&](auto &&v) { return Operand(v, at); };
  std::vector<std::int64_t> list = axesOf("logsumexp", x, axes, at);
  Shifted s = shiftedBy("logsumexp", x, axes, at);
  Tensor result = cast(select(o(s.none), o(-infinity), o(o(s.log) + o(s.top))), x.dtype(), at);
  return keep.value ? result : dropped(result, list, at);
}

// Squares of f32 and narrower fit into f64. Numbers of f64 are multiplied by a power of two first, which is exact, so
// that the largest has a square that is neither infinite nor denormal.
Tensor detail::lengthOf(std::span<const Tensor> parts, const Axes *axes, Loc at) {
  auto o = [&](auto &&v) { return Operand(v, at); };
  Keep stays{axes != nullptr};
  Tensor squares, largest, scale;
  for (const Tensor &x : parts)
    if (x.dtype() == f64) {
      Tensor top = reduce("norm", "weft.reduce_max", abs(stopGradient(x, at), at), axes, stays, at);
      largest = largest.empty() ? top : maximum(o(largest), o(top));
    }
  if (!largest.empty())
    scale = select(o(o(largest) > o(0x1p480)), o(0x1p-600),
                   o(select(o(o(largest) < o(0x1p-450)), o(0x1p600), o(full(largest.shape(), 1, f64, at)))));
  for (const Tensor &x : parts) {
    Tensor h = cast(x, f64, at);
    Tensor part = reduce("norm", "weft.reduce_sum", square(scale.empty() ? h : o(h) * o(scale), at), axes, stays, at);
    squares = squares.empty() ? part : o(squares) + o(part);
  }
  // At 0 the root has no derivative; that of a length is 0 there.
  Tensor zero = o(squares) == o(0);
  Tensor root = select(o(zero), o(0), o(sqrt(select(o(zero), o(1), o(squares)), at)));
  return scale.empty() ? root : o(root) / o(scale);
}

static Tensor normOf(const Tensor &x, const Axes *axes, Keep keep, Loc at) {
  std::vector<std::int64_t> list = axesOf("norm", x, axes, at);
  if (!x.dtype().isInexact())
    fail(at, "norm: expected a floating type, found " + x.str() + ": write cast(x, f32)", {{"operand", x}});
  if (x.dtype().isComplex())
    return normOf(abs(x, at), axes, keep, at);
  Axes all(0);
  all.axes.assign(list.begin(), list.end());
  Tensor length = cast(detail::lengthOf({&x, 1}, &all, at), x.dtype(), at);
  return keep.value ? length : dropped(length, list, at);
}

#define WEFT_REDUCTION(name, call)                                                                                     \
  Tensor weft::name(const Tensor &x, Loc at) {                                                                         \
    const Axes *axes = nullptr;                                                                                        \
    Keep keep;                                                                                                         \
    return call;                                                                                                       \
  }                                                                                                                    \
  Tensor weft::name(const Tensor &x, const Axes &list, Keep keep, Loc at) {                                            \
    const Axes *axes = &list;                                                                                          \
    return call;                                                                                                       \
  }
WEFT_REDUCTION(sum, reduce("sum", "weft.reduce_sum", x, axes, keep, at))
WEFT_REDUCTION(max, reduce("max", "weft.reduce_max", x, axes, keep, at))
WEFT_REDUCTION(min, reduce("min", "weft.reduce_min", x, axes, keep, at))
WEFT_REDUCTION(prod, reduce("prod", "weft.reduce_prod", x, axes, keep, at))
WEFT_REDUCTION(all_of, reduce("all_of", "weft.reduce_and", x, axes, keep, at))
WEFT_REDUCTION(any_of, reduce("any_of", "weft.reduce_or", x, axes, keep, at))
WEFT_REDUCTION(mean, meanOf(x, axes, keep, at))
WEFT_REDUCTION(logsumexp, logsumexpOf(x, axes, keep, at))
WEFT_REDUCTION(norm, normOf(x, axes, keep, at))
#undef WEFT_REDUCTION

static Tensor argReduce(const char *name, const Tensor &x, int axis, Keep keep, Loc at) {
  requireValue(x, name, "operand", at);
  std::int64_t a = axisOf(name, axis, x.rank(), at);
  return kept(emit(std::string("weft.") + name, {x}, {{"axis", a}}, at), x, {a}, keep, at);
}
Tensor weft::argmax(const Tensor &x, int axis, Keep keep, Loc at) { return argReduce("argmax", x, axis, keep, at); }
Tensor weft::argmin(const Tensor &x, int axis, Keep keep, Loc at) { return argReduce("argmin", x, axis, keep, at); }
Tensor weft::argmax(const Tensor &x, Loc at) { return argReduce("argmax", reshape(x, {-1}, at), 0, {}, at); }
Tensor weft::argmin(const Tensor &x, Loc at) { return argReduce("argmin", reshape(x, {-1}, at), 0, {}, at); }

Tensor weft::cumsum(const Tensor &x, int axis, Cumulative how, Loc at) {
  requireValue(x, "cumsum", "operand", at);
  std::vector<Attribute> attributes{{"axis", std::int64_t(axisOf("cumsum", axis, x.rank(), at))}};
  if (how.exclusive)
    attributes.push_back({"exclusive", std::monostate()});
  if (how.reverse)
    attributes.push_back({"reverse", std::monostate()});
  return emitAll("weft.cumsum", std::array{x}, attributes, {}, at)[0];
}
Tensor weft::cumsum(const Tensor &x, Loc at) { return cumsum(reshape(x, {-1}, at), 0, {}, at); }

static Sorted sortOf(const char *name, const Tensor &x, int axis, SortOrder order, Loc at) {
  requireValue(x, name, "operand", at);
  std::vector<Attribute> attributes{{"axis", std::int64_t(axisOf(name, axis, x.rank(), at))}};
  if (order.descending)
    attributes.push_back({"descending", std::monostate()});
  std::vector<Tensor> results = emitAll("weft.sort", std::array{x}, attributes, {}, at);
  return {results[0], results[1]};
}
Sorted weft::sort(const Tensor &x, int axis, SortOrder order, Loc at) { return sortOf("sort", x, axis, order, at); }
Tensor weft::argsort(const Tensor &x, int axis, SortOrder order, Loc at) {
  return sortOf("argsort", x, axis, order, at).indices;
}

Tensor weft::softmax(const Tensor &x, int axis, Loc at) {
  requireValue(x, "softmax", "operand", at);
  return emit("weft.softmax", {x}, {{"axis", std::int64_t(axisOf("softmax", axis, x.rank(), at))}}, at);
}
Tensor weft::log_softmax(const Tensor &x, int axis, Loc at) {
  auto o = [&](auto &&v) { return Operand(v, at); };
  Axes along(axis);
  axesOf("log_softmax", x, &along, at);
  Shifted s = shiftedBy("log_softmax", x, &along, at);
  return cast(select(o(s.none), o(-infinity), o(o(s.x) - o(s.log))), x.dtype(), at);
}
Tensor weft::normalize(const Tensor &x, int axis, Loc at) {
  auto o = [&](auto &&v) { return Operand(v, at); };
  Axes along(axis);
  axesOf("normalize", x, &along, at);
  if (!x.dtype().isInexact())
    fail(at, "normalize: expected a floating type, found " + x.str() + ": write cast(x, f32)", {{"operand", x}});
  // The length of f16 may be no number of f16: it meets x in f32.
  Tensor h = cast(x, wide(x.dtype()), at), real = x.dtype().isComplex() ? abs(x, at) : x;
  Tensor length = cast(detail::lengthOf({&real, 1}, &along, at), h.dtype().real(), at);
  return cast(o(h) / o(select(o(o(length) == o(0)), o(1), o(length))), x.dtype(), at);
}

// ---- products
static Tensor contractPair(const std::string &spec, const Tensor &a, const Tensor &b, Loc at) {
  return emit("weft.contract", {a, b}, {{"spec", spec}}, at);
}

Tensor weft::matmul(const Tensor &a, const Tensor &b, Loc at) {
  requireValue(a, "matmul", "lhs", at);
  requireValue(b, "matmul", "rhs", at);
  int ra = a.rank(), rb = b.rank();
  if (ra == 0 || rb == 0 || (rb > 2 && ra > 2 && ra != rb) || (rb > 2 && ra < 2))
    fail(at, "matmul: expected [..., m, k] and [k, n] or [..., k, n], found lhs " + a.str() + " and rhs " + b.str(),
         {{"lhs", a}, {"rhs", b}});
  if (!(a.shape()[ra - 1] == b.shape()[rb == 1 ? 0 : rb - 2]))
    fail(at, "matmul: inner dimensions differ: lhs " + str(a.shape()) + " and rhs " + str(b.shape()),
         {{"lhs", a}, {"rhs", b}});
  std::string batchA, batchB, rows = ra > 1 ? "m" : "", columns = rb > 1 ? "n" : "";
  for (int i = 0; i < ra - 2; ++i)
    batchA += char('A' + i);
  for (int i = 0; i < rb - 2; ++i)
    batchB += char('A' + i);
  return contractPair(batchA + rows + "k," + batchB + "k" + columns + "->" + (batchA.empty() ? batchB : batchA) + rows +
                          columns,
                      a, b, at);
}

/// Sums over labels that nobody else has, and puts the rest in the order asked for.
static Tensor project(Tensor x, std::string labels, const std::string &wanted, Loc at) {
  std::vector<std::int64_t> gone;
  std::string left;
  for (std::size_t i = 0; i < labels.size(); ++i)
    if (wanted.find(labels[i]) == std::string::npos)
      gone.push_back(std::int64_t(i));
    else
      left += labels[i];
  if (!gone.empty())
    x = emit("weft.reduce_sum", {x}, {{"axes", gone}}, at);
  if (left == wanted)
    return x;
  std::vector<std::int64_t> order;
  for (char label : wanted)
    order.push_back(std::int64_t(left.find(label)));
  return emit("weft.transpose", {x}, {{"permutation", order}}, at);
}

Tensor detail::contractAll(const Spec &spec, std::vector<Tensor> operands) {
  requireTrace("contract", spec.at);
  auto wrong = [&](const std::string &text) -> Error {
    std::vector<std::string> notes;
    for (std::size_t i = 0; i < operands.size(); ++i)
      notes.push_back("operand " + std::to_string(i) + " is " + describeValue(operands[i]));
    return Error(spec.at, "contract: " + text, notes);
  };
  std::string text = spec.text;
  std::erase(text, ' ');
  std::size_t arrow = text.find("->");
  if (arrow == std::string::npos)
    throw wrong("a spec has the form \"bi,ij->bj\", found \"" + spec.text + "\"");
  std::string result = text.substr(arrow + 2);
  std::vector<std::string> labels(1);
  for (char c : text.substr(0, arrow))
    if (c == ',')
      labels.emplace_back();
    else
      labels.back() += c;
  if (labels.size() != operands.size())
    throw wrong("\"" + spec.text + "\" names " + std::to_string(labels.size()) + " operands, found " +
                std::to_string(operands.size()));
  DType complex = i1;
  for (std::size_t i = 0; i < operands.size(); ++i) {
    requireValue(operands[i], "contract", "operand " + std::to_string(i), spec.at);
    if (operands[i].dtype().isComplex())
      complex = operands[i].dtype();
    if (labels[i].size() != operands[i].shape().size())
      throw wrong("\"" + labels[i] + "\" has " + std::to_string(labels[i].size()) + " labels, operand " +
                  std::to_string(i) + " is " + operands[i].str());
  }
  for (Tensor &x : operands) // real ones among complex ones
    if (x.dtype() != complex && x.dtype().complex() == complex)
      x = cast(x, complex, spec.at);
  for (char c : result)
    if (std::none_of(labels.begin(), labels.end(),
                     [&](const std::string &l) { return l.find(c) != std::string::npos; }))
      throw wrong(std::string("label '") + c + "' of the result is in no operand");
  Tensor x = operands[0];
  std::string have = labels[0];
  for (std::size_t i = 1; i < operands.size(); ++i) {
    std::string next;
    if (i + 1 == operands.size()) {
      next = result;
    } else { // what the result or a later operand still needs
      std::string later = result;
      for (std::size_t j = i + 1; j < operands.size(); ++j)
        later += labels[j];
      for (char c : have + labels[i])
        if (later.find(c) != std::string::npos && next.find(c) == std::string::npos)
          next += c;
    }
    x = contractPair(have + "," + labels[i] + "->" + next, x, operands[i], spec.at);
    have = next;
  }
  return operands.size() == 1 ? project(x, have, result, spec.at) : x;
}

// ---- losses
static Tensor reduced(const Tensor &x, Reduction reduction, Loc at) {
  return reduction == Reduction::none ? x : reduction == Reduction::sum ? sum(x, at) : mean(x, at);
}
Tensor weft::cross_entropy(const Tensor &logits, const Tensor &labels, Reduction reduction, Loc at) {
  return reduced(emit("weft.cross_entropy", {logits, labels}, {}, at), reduction, at);
}
Tensor weft::bce_with_logits(const Tensor &logits, const Tensor &targets, Reduction reduction, Loc at) {
  // log(1 + e^l) - l t, and log(1 + e^-l) + l (1 - t) right of 0: one function, of which each half says it without
  // overflow or cancellation. Both have all derivatives at 0, which |l| and max(l, 0) have not.
  requireValue(logits, "bce_with_logits", "logits", at);
  auto o = [&](auto &&v) { return Operand(v, at); };
  Tensor right = o(logits) > o(0);
  Tensor soft = softplus(select(o(right), o(-o(logits)), o(logits)), at);
  // An infinite logit on the right side costs nothing; there the product is infinity times 0.
  Tensor wrong = o(cast(right, logits.dtype(), at)) - o(targets);
  Tensor certain = o(o(abs(logits, at)) == o(infinity)) && o(o(wrong) == o(0));
  Tensor linear = o(select(o(certain), o(0), o(logits))) * o(wrong);
  return reduced(o(soft) + o(linear), reduction, at);
}
Tensor weft::mse(const Tensor &prediction, const Tensor &target, Reduction reduction, Loc at) {
  return reduced(square(Operand(prediction, at) - Operand(target, at), at), reduction, at);
}
