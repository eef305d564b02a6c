// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The optimisers' arithmetic, leaf by leaf. Moments are kept in the leaf's element type and computed in f32 at least;
// scalars of a step are f64.
#include "weft/optim.h"
#include "Value.h"
#include <cmath>
#include <deque>
#include <map>
#include <numbers>

using namespace weft;
using namespace weft::detail;
using optim::Group;
using optim::Rule;
using optim::Schedule;

// ---- schedules
Schedule optim::constant(double value) { return Schedule(value); }
Schedule optim::linear(double first, double last, int steps) {
  Schedule s(first);
  s.kind_ = Schedule::linear_, s.b_ = last, s.steps_ = std::max(steps, 1);
  return s;
}
Schedule optim::cosine(double first, double last, int steps) {
  Schedule s = linear(first, last, steps);
  s.kind_ = Schedule::cosine_;
  return s;
}
Schedule optim::warmup(int steps, Schedule then) {
  then.warm_ = steps;
  return then;
}

Tensor Schedule::at(const Tensor &step, DType dtype, Loc at) const {
  auto o = [&](auto &&v) { return Operand(v, at); };
  Tensor t = cast(step, f64, at);
  Tensor after = warm_ ? maximum(o(o(t) - o(warm_)), o(0)) : t;
  Tensor part = kind_ == linear_ || kind_ == cosine_ ? minimum(o(o(after) / o(steps_)), o(1)) : t;
  Tensor value;
  switch (kind_) {
  case constant_: value = full({}, a_, f64, at); break;
  case linear_: value = o(a_) + o(o(part) * o(b_ - a_)); break;
  case cosine_: value = o(b_) + o(o(o(1) + o(cos(o(part) * o(std::numbers::pi), at))) * o((a_ - b_) / 2)); break;
  case tensor_: value = cast(value_, f64, at); break;
  }
  if (warm_)
    value = o(value) * o(minimum(o(o(o(t) + o(1)) / o(warm_)), o(1)));
  return cast(value, dtype, at);
}

// ---- groups
static bool globMatches(std::string_view glob, std::string_view path) {
  if (glob.empty())
    return path.empty();
  if (glob[0] == '*')
    return globMatches(glob.substr(1), path) || (!path.empty() && globMatches(glob, path.substr(1)));
  return !path.empty() && (glob[0] == '?' || glob[0] == path[0]) && globMatches(glob.substr(1), path.substr(1));
}
template <class F> static void eachAlternative(const std::string &match, F f) {
  for (std::size_t from = 0; from <= match.size();) {
    std::size_t to = std::min(match.find('|', from), match.size());
    f(std::string_view(match).substr(from, to - from));
    from = to + 1;
  }
}
static bool fits(const Group &group, const std::string &path) {
  bool any = false;
  eachAlternative(group.match, [&](std::string_view glob) { any |= globMatches(glob, path); });
  return any;
}

static bool isTrained(const LeafRef &leaf) {
  return leaf.role != Role::buffer && leaf.role != Role::key && !leaf.tensor->empty() &&
         leaf.tensor->dtype().isInexact();
}

void optim::detail::blank(Walk &moments, Loc at) {
  for (LeafRef &leaf : moments.leaves) {
    if (!isTrained(leaf)) {
      *leaf.tensor = Tensor();
      continue;
    }
    if (leaf.role == Role::param)
      static_cast<RoleLeaf *>(leaf.tensor)->init = init::zeros;
    *leaf.tensor = tracing() ? zeros_like(*leaf.tensor, at) : leaf.tensor->dtype()(leaf.tensor->shape());
  }
}

void optim::detail::checkGroups(Rule rule, const Walk &tree, const std::vector<Group> &groups, Loc at) {
  for (const Group &group : groups) {
    if (hasSpread(group.rule.value_or(rule)) && !hasSpread(rule))
      throw Error(at,
                  "optimiser: the group \"" + group.match +
                      "\" has a rule with second moments, which this optimiser does not keep",
                  {"make the optimiser Adam or AdamW, and give the other leaves a group with a rule of their own"});
    eachAlternative(group.match, [&](std::string_view glob) {
      std::vector<std::string> paths;
      for (const LeafRef &leaf : tree.leaves) {
        if (!isTrained(leaf))
          continue;
        if (globMatches(glob, leaf.path))
          return;
        paths.push_back(leaf.path);
      }
      std::vector<std::string> notes;
      for (std::size_t i = 0; i < paths.size() && i < 8; ++i)
        notes.push_back("there is " + paths[i]);
      throw Error(at, "optimiser: no trained leaf matches \"" + std::string(glob) + "\"", notes);
    });
  }
}

// ---- clipping
/// What a leaf of this type is computed in.
static DType computedIn(DType dtype) { return dtype == f64 || dtype == c128 ? f64 : f32; }

static void scaleToNorm(std::span<Tensor *const> gradients, const Operand &limit, Loc at) {
  if (gradients.empty())
    return;
  auto o = [&](auto &&v) { return Operand(v, at); };
  std::vector<Tensor> parts;
  for (Tensor *g : gradients)
    parts.push_back(as_real(*g, at));
  Tensor length = weft::detail::lengthOf(parts, nullptr, at);
  Tensor bound = weft::detail::resolve(limit, f64, "clip_norm", at);
  // Where the gradient is short enough it stays as it is. A NaN is no short gradient and spreads.
  bound = cast(bound, f64, at);
  Tensor factor = select(o(o(length) <= o(bound)), o(1), o(o(bound) / o(length)));
  for (Tensor *g : gradients) {
    DType own = g->dtype(), dtype = own.isComplex() ? own : computedIn(own);
    *g = cast(o(cast(*g, dtype, at)) * o(cast(factor, dtype.real(), at)), own, at);
  }
}
static Tensor clipped(const Tensor &g, const Operand &limit, Loc at) {
  Tensor bound = weft::detail::resolve(limit, g.dtype(), "clip", at);
  return clamp(g, Operand(-Operand(bound, at), at), Operand(bound, at));
}
static std::vector<Tensor *> floatsOf(Walk &tree) {
  std::vector<Tensor *> list;
  for (LeafRef &leaf : tree.leaves)
    if (isTrained(leaf))
      list.push_back(leaf.tensor);
  return list;
}
void optim::detail::clipNorm(Walk &gradients, const Operand &limit, Loc at) {
  scaleToNorm(floatsOf(gradients), limit, at);
}
void optim::detail::clip(Walk &gradients, const Operand &limit, Loc at) {
  for (Tensor *g : floatsOf(gradients)) {
    Tensor real = clipped(as_real(*g, at), limit, at);
    *g = g->dtype().isComplex() ? as_complex(real, at) : real;
  }
}

// ---- one step
namespace {
struct Leaf {
  Tensor *w, *m, *v;
  Tensor g, rows; // rows: i1, of a shape that broadcasts to w, where w may change; empty for all
};
} // namespace

/// Which of the first dimension's places are among the rows, as [n, 1, 1 ...].
static Tensor rowsOf(const Tensor &leaf, const std::string &path, const Tensor &rows, Loc at) {
  if (rows.empty() || rows.dtype() != i32)
    fail(at, "update_rows: expected rows as i32, found " + rows.str(), {{"rows", rows}});
  if (leaf.rank() < 1)
    fail(at, "update_rows: " + path + " has no rows: " + leaf.str(), {{"weight", leaf}});
  Tensor flat = reshape(rows, {-1}, at),
         count = scatter_add(zeros({leaf.dim(0)}, i32, at), flat, ones(flat.shape(), i32, at), 0, at);
  Shape shape(leaf.shape().size(), Dim(1));
  shape[0] = leaf.dim(0);
  return reshape(Operand(count, at) > Operand(0, at), shape, at);
}
Tensor optim::detail::staying(double decay, const Tensor &count, Loc at) {
  auto o = [&](auto &&v) { return Operand(v, at); };
  Tensor t = cast(count, f64, at);
  if (decay == 1)
    return o(t) / o(o(t) + o(1));
  // (d - d^(t + 1)) / (1 - d^(t + 1)), without what the differences cancel where d is near 1.
  auto less = [&](const Tensor &power) { return o(expm1(o(power) * o(std::log(decay)), at)); };
  return o(decay) * o(less(t) / less(o(t) + o(1)));
}

static void stepGroup(Rule rule, std::vector<Leaf> &leaves, const optim::Options &options, const Tensor &step, Loc at) {
  auto o = [&](auto &&v) { return Operand(v, at); };
  if (leaves.empty() || options.frozen)
    return;
  const double beta2 = options.beta2.value_or(rule == Rule::lion ? 0.99 : 0.999);
  if (options.clip_norm != optim::none) {
    std::vector<Tensor *> gradients;
    for (Leaf &leaf : leaves)
      gradients.push_back(&leaf.g);
    scaleToNorm(gradients, o(options.clip_norm), at);
  }
  // Scalars of the step are f64: they cost nothing, and no type of leaf loses digits of them.
  Tensor rate64 = options.lr.at(step, f64, at), count = Operand(cast(step, f64, at), at) + o(1), meanScale, spreadScale;
  if (optim::detail::hasSpread(rule)) {
    // 1 - beta^t, without what the difference cancels in the first steps. Their inverses are scalars of the step: an
    // element costs one division and one square root.
    auto correction = [&](double beta) { return -o(expm1(o(count) * o(std::log(beta)), at)); };
    meanScale = o(1) / o(correction(options.beta1));
    spreadScale = o(1) / o(sqrt(correction(beta2), at));
  }
  for (Leaf &leaf : leaves) {
    DType kept = leaf.w->dtype(), dtype = computedIn(kept);
    Tensor w = cast(*leaf.w, dtype, at), g = cast(leaf.g, dtype, at), m = cast(*leaf.m, dtype, at),
           rate = cast(rate64, dtype, at);
    if (options.clip != optim::none)
      g = clipped(g, o(options.clip), at);
    auto store = [&](Tensor *leafOf, const Tensor &value) {
      Tensor next = cast(value, kept, at);
      *leafOf = leaf.rows.empty() ? next : select(o(leaf.rows), o(next), o(*leafOf));
    };
    if (options.decay != 0 && (rule == Rule::sgd || rule == Rule::adam))
      g = o(g) + o(o(options.decay) * o(w));
    Tensor move;
    if (rule == Rule::sgd) {
      move = g;
      if (options.momentum != 0) {
        m = o(o(options.momentum) * o(m)) + o(g);
        move = options.nesterov ? o(g) + o(o(options.momentum) * o(m)) : m;
      }
    } else if (rule == Rule::lion) {
      auto mixed = [&](double beta) { return o(o(beta) * o(m)) + o(o(1 - beta) * o(g)); };
      move = sign(mixed(options.beta1), at);
      m = mixed(beta2);
    } else {
      Tensor v = cast(*leaf.v, dtype, at);
      m = o(o(options.beta1) * o(m)) + o(o(1 - options.beta1) * o(g));
      v = o(o(beta2) * o(v)) + o(o(1 - beta2) * o(square(g, at)));
      Tensor mean = o(m) * o(cast(meanScale, dtype, at)), spread = o(sqrt(v, at)) * o(cast(spreadScale, dtype, at));
      move = o(mean) / o(o(spread) + o(options.eps));
      store(leaf.v, v);
    }
    if (options.decay != 0 && (rule == Rule::adamw || rule == Rule::lion))
      move = o(move) + o(o(options.decay) * o(w));
    if (rule != Rule::sgd || options.momentum != 0)
      store(leaf.m, m);
    store(leaf.w, o(w) - o(o(rate) * o(move)));
  }
}

void optim::detail::update(Rule rule, Walk &weights, const Walk &gradients, Walk &m, Walk *v, const Tensor &step,
                           const Options &options, const std::vector<Group> &groups, const Tensor *rows, Loc at) {
  requireTrace("update", at);
  checkSameTree(weights, gradients, "update", at);
  checkSameTree(weights, m, "update: weights and moments", at);
  std::vector<std::vector<Leaf>> members(groups.size() + 1);
  // A complex leaf is stepped as its parts are: the rules are those of real numbers.
  std::deque<Tensor> parts;
  std::vector<std::pair<Tensor *, Tensor *>> complex;
  auto partsOf = [&](Tensor *leaf) {
    if (!leaf || !leaf->dtype().isComplex())
      return leaf;
    complex.push_back({leaf, &parts.emplace_back(as_real(*leaf, at))});
    return &parts.back();
  };
  for (std::size_t i = 0; i < weights.leaves.size(); ++i) {
    LeafRef &leaf = weights.leaves[i];
    const Tensor &g = *gradients.leaves[i].tensor;
    if (!isTrained(leaf) || g.empty())
      continue;
    if (g.dtype() != leaf.tensor->dtype() || g.shape() != leaf.tensor->shape())
      fail(at, "update: the gradient of " + leaf.path + " must be " + leaf.tensor->str() + ", found " + g.str(),
           {{"weight", *leaf.tensor}, {"gradient", g}});
    std::size_t group = 0;
    while (group < groups.size() && !fits(groups[group], leaf.path))
      ++group;
    Tensor chosen = rows ? rowsOf(*leaf.tensor, leaf.path, *rows, at) : Tensor();
    if (rows && leaf.tensor->dtype().isComplex())
      chosen = expand(chosen, -1, at);
    members[group].push_back({partsOf(leaf.tensor), partsOf(m.leaves[i].tensor),
                              partsOf(v ? v->leaves[i].tensor : nullptr), as_real(g, at), chosen});
  }
  for (std::size_t i = 0; i <= groups.size(); ++i)
    stepGroup(i < groups.size() ? groups[i].rule.value_or(rule) : rule, members[i],
              i < groups.size() ? groups[i].options : options, step, at);
  for (auto &[leaf, own] : complex)
    *leaf = as_complex(*own, at);
  std::vector<Tensor> stepped;
  for (std::size_t i = 0; i < weights.leaves.size(); ++i)
    if (isTrained(weights.leaves[i]) && !gradients.leaves[i].tensor->empty())
      stepped.push_back(*weights.leaves[i].tensor);
  expectUse(stepped, "update: what the optimiser makes of the weights", at);
}
