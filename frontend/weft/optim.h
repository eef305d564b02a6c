// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Optimisers: trees of moments with the model's type, so that `opt.m.wd` is there to read and assign.
#pragma once
#include "weft/Ops.h"
#include "weft/Transform.h"

namespace weft::optim {

/// A number, or a function of the step count (0 at the first update), or a tensor that the host changes.
class Schedule {
public:
  Schedule(double value) : kind_(constant_), a_(value) {}
  Schedule(const Tensor &value) : kind_(tensor_), value_(value) {}
  /// The value at a step, computed in f64 and rounded once.
  Tensor at(const Tensor &step, Loc at = Loc::here()) const { return this->at(step, f32, at); }
  Tensor at(const Tensor &step, DType dtype, Loc at = Loc::here()) const;
  /// The learning rate itself is a leaf only if it is a tensor.
  void fields(auto &&leaf) {
    leaf("kind", kind_), leaf("a", a_), leaf("b", b_), leaf("steps", steps_), leaf("warm", warm_),
        leaf("value", value_);
  }

private:
  enum Kind { constant_, linear_, cosine_, tensor_ };
  friend Schedule constant(double value);
  friend Schedule linear(double first, double last, int steps);
  friend Schedule cosine(double first, double last, int steps);
  friend Schedule warmup(int steps, Schedule then);
  Kind kind_;
  double a_ = 0, b_ = 0;
  int steps_ = 1, warm_ = 0;
  Tensor value_;
};
Schedule constant(double value);
/// From first to last in so many steps, then last.
Schedule linear(double first, double last, int steps);
Schedule cosine(double first, double last, int steps);
/// From near 0 up to the first value of `then` in so many steps, then `then` from its beginning.
Schedule warmup(int steps, Schedule then);

inline constexpr double none = std::numeric_limits<double>::infinity();

/// Numbers are f64, as the scalars of a step are: a leaf takes them rounded to what it is computed in, f32 or f64.
struct Options {
  Schedule lr = 1e-3;
  double beta1 = 0.9;
  std::optional<double> beta2{}; // 0.999, of Lion 0.99
  double eps = 1e-8;
  double momentum = 0;
  bool nesterov = false;
  double decay = 0;
  /// Bounds of each element of the gradient, and of the length of all of the group's gradients together.
  double clip = none, clip_norm = none;
  /// Leaves that stay as they are; what is computed for their gradients alone goes away.
  bool frozen = false;
};
enum class Rule { sgd, adam, adamw, lion };
/// Options of the leaves whose path one of the globs fits: "codes.*|*.b". The first group that fits wins. A rule of its
/// own: `{"codes.*", {.lr = 0.1}, optim::Rule::sgd}`.
struct Group {
  std::string match;
  Options options;
  std::optional<Rule> rule{};
};

namespace detail {
using weft::detail::Walk;
/// Specs (or zeros, in a trace) in the shape of the trained leaves; other leaves become empty.
void blank(Walk &moments, Loc at);
constexpr bool hasSpread(Rule rule) { return rule == Rule::adam || rule == Rule::adamw; }
void checkGroups(Rule rule, const Walk &tree, const std::vector<Group> &groups, Loc at);
/// With rows, only these rows of each leaf and of its moments change.
void update(Rule rule, Walk &weights, const Walk &gradients, Walk &m, Walk *v, const Tensor &step,
            const Options &options, const std::vector<Group> &groups, const Tensor *rows, Loc at);
/// How much of an average stays when a value is added to so many others.
Tensor staying(double decay, const Tensor &count, Loc at);
void clipNorm(Walk &gradients, const Operand &limit, Loc at);
void clip(Walk &gradients, const Operand &limit, Loc at);
template <class T> T blanked(T like, Loc at) {
  Walk w = weft::detail::describe(like);
  blank(w, at);
  return like;
}
template <Rule rule, class T> class Optimiser {
public:
  static constexpr bool isOptimiser = true;
  T m, v; // v: Adam's second moments
  Buffer t{i32({}), init::zeros};
  Options options;
  std::vector<Group> groups;

  Optimiser() = default;
  explicit Optimiser(const T &like, Loc at = Loc::here()) : Optimiser(like, Options(), {}, at) {}
  Optimiser(const T &like, Options options, std::vector<Group> groups = {}, Loc at = Loc::here())
      : m(blanked(like, at)), v(hasSpread(rule) ? m : T()), options(std::move(options)), groups(std::move(groups)) {
    checkGroups(rule, weft::detail::describe(like), this->groups, at);
    if (weft::detail::tracing())
      t = zeros({}, i32, at);
  }
  void fields(auto &&leaf) {
    leaf("m", m);
    if constexpr (hasSpread(rule))
      leaf("v", v);
    leaf("t", t), leaf("options", options), leaf("groups", groups);
  }
  /// One step: assigns the weights and the moments.
  void update(T &weights, const T &gradients, Loc at = Loc::here()) { step(weights, gradients, nullptr, at); }
  /// The same of some rows, i32, of tables (axis 0 of each leaf): the other rows and their moments keep their bits, and
  /// do not decay. Gradients are of the whole tables, as grad gives them; the count of steps is that of all rows.
  void update_rows(T &weights, const T &gradients, const Tensor &rows, Loc at = Loc::here()) {
    step(weights, gradients, &rows, at);
  }

private:
  void step(T &weights, const T &gradients, const Tensor *rows, Loc at) {
    Walk w = weft::detail::describe(weights), mw = weft::detail::describe(m), vw = weft::detail::describe(v);
    detail::update(rule, w, weft::detail::describe(gradients), mw, hasSpread(rule) ? &vw : nullptr, t, options, groups,
                   rows, at);
    t = weft::detail::emit("weft.add", {t, Tensor(1, at)}, {}, at);
  }
};
} // namespace detail

template <class T> struct SGD : detail::Optimiser<Rule::sgd, T> {
  using detail::Optimiser<Rule::sgd, T>::Optimiser;
};
/// Adam, with decay added to the gradient; AdamW, with decay taken from the weights.
template <class T> struct Adam : detail::Optimiser<Rule::adam, T> {
  using detail::Optimiser<Rule::adam, T>::Optimiser;
};
template <class T> struct AdamW : detail::Optimiser<Rule::adamw, T> {
  using detail::Optimiser<Rule::adamw, T>::Optimiser;
};

/// The sign of a mean of gradients, with decay taken from the weights (X. Chen and others, 2023): a rate of a tenth of
/// AdamW's, and no second moments.
template <class T> struct Lion : detail::Optimiser<Rule::lion, T> {
  using detail::Optimiser<Rule::lion, T>::Optimiser;
};

/// The average of all values that it was given: each weighs `decay` times the one behind it, 1 all the same. It is a
/// mean from the first one on (no zeros are in it), and a model like them: `average.mean(x)`.
template <class T> class Average {
public:
  T mean;
  Buffer t{i32({}), init::zeros};
  double decay = 0.999;
  Average() = default;
  explicit Average(const T &like, double decay = 0.999, Loc at = Loc::here()) : mean(like), decay(decay) {
    if (!(decay > 0 && decay <= 1))
      throw Error(at, "average: the decay must lie in (0, 1], found " + std::to_string(decay));
    if (weft::detail::tracing())
      t = zeros({}, i32, at);
  }
  void fields(auto &&leaf) { leaf("mean", mean), leaf("t", t), leaf("decay", decay); }
  void update(const T &value, Loc at = Loc::here()) {
    mean = ema(mean, value, Operand(detail::staying(decay, t, at), at));
    t = weft::detail::emit("weft.add", {t, Tensor(1, at)}, {}, at);
  }
};

/// The whole gradient scaled so that its length is at most `limit`.
template <class T> T clip_norm(T gradients, const Operand &limit) {
  weft::detail::Walk w = weft::detail::describe(gradients);
  detail::clipNorm(w, limit, limit.at);
  return gradients;
}
template <class T> T clip(T gradients, const Operand &limit) {
  weft::detail::Walk w = weft::detail::describe(gradients);
  detail::clip(w, limit, limit.at);
  return gradients;
}

} // namespace weft::optim
