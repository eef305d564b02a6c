// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Loops and branches. A body is called once, while the function is traced; it reads any value outside, and what it
// makes leaves by the carry or the return value only. Carries are structs by reference: what the body assigns is what
// the next step finds.
#pragma once
#include "weft/Ops.h"
#include "weft/Transform.h"

namespace weft {

struct ScanOptions {
  /// Of the inputs and of the stacked results.
  int axis = 0;
  /// i32 [B]: row b takes lengths[b] steps, between none and all; another number is an error of the call. Past them the
  /// leaves of the carry whose first dimension is B stay as they are, and results are 0.
  Tensor lengths = {};
  /// From the last position to the first; results stand at the positions they are made at.
  bool reverse = false;
  /// k > 0: a gradient keeps the carry of every k-th step and computes the steps between again. About the square root
  /// of the steps needs the least memory. 0: every step's carry is kept.
  int checkpoint = 0;
};
struct LoopOptions {
  /// The most steps; 0: no bound, and no gradient in reverse.
  Dim max = 0;
};

namespace detail {
/// The regions of one loop or branch, while they are traced.
class Regions {
public:
  Regions(const char *name, Loc at);
  ~Regions();
  Regions(const Regions &) = delete;
  Regions &operator=(const Regions &) = delete;

  /// Leaves of carry and xs become those of the body; returns the position. With `count` there are no xs.
  Tensor beginScan(Walk &carry, Walk *xs, const Dim *count, const ScanOptions &options);
  /// Leaves of the carry become the last ones, those of ys stacked.
  void endScan(Walk &carry, Walk &ys);

  void beginTest(Walk &carry);
  void beginBody(Walk &carry, const Tensor &test);
  void endLoop(Walk &carry, const LoopOptions &options);

  void beginYes(const Tensor &predicate);
  void beginNo(Walk &yes);
  /// Leaves of `yes` become the results.
  void endCond(Walk &yes, Walk &no);

  /// Leaves of xs become slices along axis 0.
  void beginVmap(Walk &xs);
  void endVmap(Walk &ys);
  struct Impl;

private:
  std::unique_ptr<Impl> impl_;
};
} // namespace detail

/// A loop over axis 0 (or `axis`) of the leaves of xs, or of `count` steps: body(carry, slice) with the slice in a tree
/// like xs, or with the position, an i32 scalar. What the body returns comes back stacked along the axis; it may return
/// nothing.
template <class C, class X, class F>
auto scan(C &carry, const X &xs, F body, const ScanOptions &options = {}, Loc at = Loc::here()) {
  constexpr bool counted = std::is_convertible_v<const X &, Dim> && !std::is_base_of_v<Tensor, X>;
  using In = std::conditional_t<counted, Tensor, X>;
  using Y = std::remove_cvref_t<std::invoke_result_t<F, C &, In>>;
  static_assert(!std::is_invocable_v<F, C &&, In>,
                "weft: the body of scan takes its carry by value or const, so what it assigns is lost: write C &c");
  detail::Regions regions("scan", at);
  In in{};
  detail::Walk carries = detail::describe(carry);
  if constexpr (counted) {
    Dim count = xs;
    in = regions.beginScan(carries, nullptr, &count, options);
  } else {
    in = xs;
    detail::Walk slices = detail::describe(in);
    regions.beginScan(carries, &slices, nullptr, options);
  }
  if constexpr (std::is_void_v<Y>) {
    body(carry, in);
    detail::Walk after = detail::describe(carry), none(true);
    regions.endScan(after, none);
  } else {
    Y y = body(carry, in);
    detail::Walk after = detail::describe(carry), ys = detail::describe(y);
    regions.endScan(after, ys);
    return y;
  }
}

/// body(carry) as long as test(carry), an i1 scalar, holds; with .max at most so often, which makes it differentiable
/// in reverse.
template <class C, class Test, class F>
void loop(C &carry, Test test, F body, const LoopOptions &options = {}, Loc at = Loc::here()) {
  static_assert(!std::is_invocable_v<F, C &&>,
                "weft: the body of loop takes its carry by value or const, so what it assigns is lost: write C &c");
  detail::Regions regions("loop", at);
  C tested = carry;
  detail::Walk probe = detail::describe(tested);
  regions.beginTest(probe);
  Tensor goes = test(std::as_const(tested));
  detail::Walk carries = detail::describe(carry);
  regions.beginBody(carries, goes);
  body(carry);
  detail::Walk after = detail::describe(carry);
  regions.endLoop(after, options);
}

/// yes() where the i1 scalar p holds, else no(); only one of them is computed. Both return trees of one type and shape.
template <class Yes, class No> auto cond(const Tensor &p, Yes yes, No no, Loc at = Loc::here()) {
  using T = std::remove_cvref_t<std::invoke_result_t<Yes>>;
  static_assert(std::is_same_v<T, std::remove_cvref_t<std::invoke_result_t<No>>>,
                "weft: the branches of cond return different types");
  detail::Regions regions("cond", at);
  regions.beginYes(p);
  T a = yes();
  detail::Walk ofYes = detail::describe(a);
  regions.beginNo(ofYes);
  T b = no();
  detail::Walk ofNo = detail::describe(b);
  regions.endCond(ofYes, ofNo);
  return a;
}

/// body(c) where the i1 scalar p holds; else c stays as it is.
template <class C, class F> void when(const Tensor &p, C &c, F body, Loc at = Loc::here()) {
  static_assert(!std::is_invocable_v<F, C &&>,
                "weft: the body of when takes its value by value or const, so what it assigns is lost: write C &c");
  detail::Regions regions("when", at);
  regions.beginYes(p);
  C changed = c;
  body(changed);
  detail::Walk ofYes = detail::describe(changed);
  regions.beginNo(ofYes);
  detail::Walk ofNo = detail::describe(c);
  regions.endCond(ofYes, ofNo);
  c = changed;
}

// What is const or a temporary keeps nothing of what a body assigns.
#define WEFT_NO_CONST_CARRY                                                                                            \
  static_assert(!sizeof(C), "weft: the carry is const or a temporary, so what the body assigns is lost: give it a "    \
                            "variable")
template <class C, class X, class F> Tensor scan(const C &, const X &, F, const ScanOptions & = {}, Loc = Loc::here()) {
  WEFT_NO_CONST_CARRY;
  return {};
}
template <class C, class Test, class F> void loop(const C &, Test, F, const LoopOptions & = {}, Loc = Loc::here()) {
  WEFT_NO_CONST_CARRY;
}
template <class C, class F> void when(const Tensor &, const C &, F, Loc = Loc::here()) { WEFT_NO_CONST_CARRY; }
#undef WEFT_NO_CONST_CARRY

/// f of each slice along axis 0 of the leaves of the trees, all at once: what it returns comes back stacked along axis
/// 0. Other values that f reads are the same for all.
template <class F, class... X> auto vmap(F f, const X &...xs) {
  detail::Regions regions("vmap", Loc());
  std::tuple<X...> in{xs...};
  detail::Walk slices = detail::describe(in);
  regions.beginVmap(slices);
  auto y = std::apply(f, in);
  detail::Walk ys = detail::describe(y);
  regions.endVmap(ys);
  return y;
}

/// All derivatives of y by x: shape y.shape() + x.shape(). One reverse pass for each element of y, all at once.
inline Tensor jacobian(const Tensor &y, const Tensor &x, Loc at = Loc::here()) {
  Dim count = 1;
  Shape basis = y.shape(), shape = y.shape();
  for (const Dim &d : y.shape())
    count *= d;
  basis.insert(basis.begin(), count);
  shape.insert(shape.end(), x.shape().begin(), x.shape().end());
  Tensor rows = vmap([&](Tensor e) { return vjp(y, x, e, at); }, reshape(eye(count, y.dtype(), at), basis, at));
  return reshape(rows, shape, at);
}
/// The second derivative of the scalar y along v, times x's tree: the Hessian's product with v.
template <class T> T hvp(const Tensor &y, const T &x, const std::type_identity_t<T> &v, Loc at = Loc::here()) {
  return jvp(grad(y, x, at), x, v, at);
}

} // namespace weft
