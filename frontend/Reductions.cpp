// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Reductions, products and losses.
#include "Value.h"
#include <algorithm>
#include <array>
#include <numeric>

using namespace weft;
using namespace weft::detail;

std::int64_t detail::axisOfOperand(const char *op, int axis, const Tensor &operand, Loc at) {
  requireValue(operand, op, "operand", at);
  return axisOf(op, axis, operand.rank(), at);
}
std::vector<std::int64_t> detail::permutationOfOperand(const char *op, const std::vector<int> &order,
                                                       const Tensor &operand, Loc at) {
  requireValue(operand, op, "operand", at);
  std::vector<std::int64_t> list;
  for (int axis : order)
    list.push_back(axisOf(op, axis, operand.rank(), at));
  return list;
}
std::vector<std::int64_t> detail::axesOfOperand(const char *op, const Axes &axes, const Tensor &operand, Loc at) {
  std::vector<std::int64_t> list = permutationOfOperand(op, axes.axes, operand, at);
  std::sort(list.begin(), list.end());
  if (std::adjacent_find(list.begin(), list.end()) != list.end())
    fail(at, std::string(op) + ": an axis is named twice", {{"operand", operand}});
  return list;
}

/// The axes of a reduction: those given, else all.
static std::vector<std::int64_t> axesOf(const char *op, const Tensor &x, const Axes *axes, Loc at) {
  if (axes)
    return axesOfOperand(op, *axes, x, at);
  requireValue(x, op, "operand", at);
  std::vector<std::int64_t> list(std::size_t(x.rank()));
  std::iota(list.begin(), list.end(), 0);
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

Tensor detail::reduce(const char *name, const char *op, const Tensor &x, const Axes *axes, Keep keep, Loc at) {
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

static Tensor logsumexpOf(const Tensor &x, const Axes *axes, Keep keep, Loc at) {
  std::vector<std::int64_t> list = axesOf("logsumexp", x, axes, at);
  Tensor top = detail::stopGradient(reduce("logsumexp", "weft.reduce_max", x, axes, weft::keep, at), at);
  // A row of -inf alone (or with inf) is shifted by 0, not by an infinity.
  top = select(Operand(abs(top, at), at) == Operand(infinity, at), Operand(0, at), Operand(top, at));
  Tensor shifted = exp(Operand(x, at) - Operand(top, at), at);
  Tensor result =
      Operand(log(reduce("logsumexp", "weft.reduce_sum", shifted, axes, weft::keep, at), at), at) + Operand(top, at);
  if (keep.value)
    return result;
  return list.empty() ? result
                      : squeeze(
                            result,
                            [&] {
                              Axes gone(0);
                              gone.axes.assign(list.begin(), list.end());
                              return gone;
                            }(),
                            at);
}

static Tensor normOf(const Tensor &x, const Axes *axes, Keep keep, Loc at) {
  if (x.dtype().isComplex())
    return normOf(abs(x, at), axes, keep, at);
  Tensor squares = reduce("norm", "weft.reduce_sum", square(x, at), axes, keep, at);
  Tensor some = Operand(squares, at) > Operand(0, at);
  Tensor safe = select(Operand(some, at), Operand(squares, at), Operand(1, at));
  return select(Operand(some, at), Operand(sqrt(safe, at), at), Operand(0, at));
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
WEFT_REDUCTION(mean, meanOf(x, axes, keep, at))
WEFT_REDUCTION(logsumexp, logsumexpOf(x, axes, keep, at))
WEFT_REDUCTION(norm, normOf(x, axes, keep, at))
#undef WEFT_REDUCTION

Tensor detail::reduceToPlace(const char *name, const char *op, const Tensor &x, const int *axis, Keep keep, Loc at) {
  if (!axis)
    return emit(op, {reshape(x, {-1}, at)}, {{"axis", std::int64_t(0)}}, at);
  std::int64_t a = axisOfOperand(name, *axis, x, at);
  return kept(emit(op, {x}, {{"axis", a}}, at), x, {a}, keep, at);
}

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

Tensor weft::log_softmax(const Tensor &x, int axis, Loc at) {
  return Operand(x, at) - Operand(logsumexp(x, axis, weft::keep, at), at);
}
Tensor weft::normalize(const Tensor &x, int axis, Loc at) {
  Tensor length = norm(x, axis, weft::keep, at);
  return Operand(x, at) /
         Operand(select(Operand(length, at) > Operand(0, at), Operand(length, at), Operand(1, at)), at);
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
  // max(l, 0) - l t + log(1 + e^-|l|): no exponential overflows.
  Tensor linear = Operand(relu(logits, at), at) - Operand(Operand(logits, at) * Operand(targets, at), at);
  Tensor soft = log1p(exp(-Operand(abs(logits, at), at), at), at);
  return reduced(Operand(linear, at) + Operand(soft, at), reduction, at);
}
Tensor weft::mse(const Tensor &prediction, const Tensor &target, Reduction reduction, Loc at) {
  return reduced(square(Operand(prediction, at) - Operand(target, at), at), reduction, at);
}
