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
  double beta1 = 0.9, beta2 = 0.999, eps = 1e-8;
  double momentum = 0;
  bool nesterov = false;
  double decay = 0;
  /// Bounds of each element of the gradient, and of the length of all of the group's gradients together.
  double clip = none, clip_norm = none;
};
/// Options of the leaves whose path one of the globs fits: "codes.*|*.b". The first group that fits wins.
struct Group {
  std::string match;
  Options options;
};

enum class Rule { sgd, adam, adamw };

namespace detail {
using weft::detail::Walk;
/// Specs (or zeros, in a trace) in the shape of the trained leaves; other leaves become empty.
void blank(Walk &moments, Loc at);
void checkGroups(const Walk &tree, const std::vector<Group> &groups, Loc at);
void update(Rule rule, Walk &weights, const Walk &gradients, Walk &m, Walk *v, const Tensor &step,
            const Options &options, const std::vector<Group> &groups, Loc at);
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
      : m(blanked(like, at)), v(rule == Rule::sgd ? T() : m), options(std::move(options)), groups(std::move(groups)) {
    checkGroups(weft::detail::describe(like), this->groups, at);
    if (weft::detail::tracing())
      t = zeros({}, i32, at);
  }
  void fields(auto &&leaf) {
    leaf("m", m);
    if constexpr (rule != Rule::sgd)
      leaf("v", v);
    leaf("t", t), leaf("options", options), leaf("groups", groups);
  }
  /// One step: assigns the weights and the moments.
  void update(T &weights, const T &gradients, Loc at = Loc::here()) {
    Walk w = weft::detail::describe(weights), mw = weft::detail::describe(m), vw = weft::detail::describe(v);
    detail::update(rule, w, weft::detail::describe(gradients), mw, rule == Rule::sgd ? nullptr : &vw, t, options,
                   groups, at);
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
