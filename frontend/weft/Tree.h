// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Functions of trees: a tree is a Tensor, Param, Buffer or Key, an aggregate of trees, or a standard container of
// trees.
#pragma once
#include "weft/detail/Walk.h"

namespace weft {

namespace detail {
void checkSameTree(const Walk &a, const Walk &b, const char *what, Loc at);
void initialize(Walk &tree, const Key &key, Loc at);
Tensor castLeaf(const Tensor &x, DType dtype, Loc at);
Tensor stopGradient(const Tensor &x, Loc at);
Tensor ravel(Walk &tree, Loc at);
void unravel(const Tensor &values, Walk &tree, Loc at);
Tensor emaLeaf(const Tensor &slow, const Tensor &fast, const Operand &decay, Loc at);
} // namespace detail

/// f of every leaf that is not empty, in a tree of the same type.
template <class T, class F> T map(T tree, F f) {
  for (auto &leaf : detail::list(tree).leaves)
    if (!leaf.tensor->empty())
      *leaf.tensor = f(Tensor(*leaf.tensor));
  return tree;
}
/// f of the leaves of two trees in step; a leaf that is empty in either stays as it is in the first.
template <class T, class U, class F> T map(T a, const U &b, F f, Loc at = Loc::here()) {
  detail::Walk left = detail::describe(a), right = detail::describe(b);
  detail::checkSameTree(left, right, "map", at);
  for (std::size_t i = 0; i < left.leaves.size(); ++i)
    if (Tensor &x = *left.leaves[i].tensor; !x.empty() && !right.leaves[i].tensor->empty())
      x = f(Tensor(x), Tensor(*right.leaves[i].tensor));
  return a;
}

/// Gives every Param and Buffer its first value, every Key a key of its own, and every other spec zeros. Each draws
/// from the key folded with its path, so the order of fields does not matter. A field that is initialised from another
/// field (`Net net{8}, slow = net`) begins with the values of that one; elements of a container that are copies of one
/// value draw for themselves. A class with `void reset(Key)` then has its say.
template <class T> void initialize(T &tree, const Key &key, Loc at = Loc::here()) {
  detail::Walk w = detail::describe(tree);
  detail::initialize(w, key, at);
}

Tensor cast(const Tensor &x, DType dtype, Loc at = Loc::here());
/// Floating leaves in another type: in a trace an op, outside it new arrays, so `cast(net, f64)` gives a model to check
/// gradients with.
template <class T>
  requires(!std::is_same_v<T, Tensor>)
T cast(T tree, DType dtype, Loc at = Loc::here()) {
  return map(std::move(tree), [&](Tensor x) { return detail::castLeaf(x, dtype, at); });
}

/// The same values, through which no gradient flows.
template <class T> T stop_gradient(const T &tree, Loc at = Loc::here()) {
  return map(tree, [&](Tensor x) { return detail::stopGradient(x, at); });
}

/// slow * decay + fast * (1 - decay) of every floating leaf; other leaves are those of `fast`.
template <class T> T ema(const T &slow, const T &fast, const Operand &decay) {
  return map(slow, fast, [&](Tensor s, Tensor f) { return detail::emaLeaf(s, f, decay, decay.at); });
}

/// All leaves, one after the other, as a vector; they have one element type.
template <class T> Tensor ravel(const T &tree, Loc at = Loc::here()) {
  detail::Walk w = detail::describe(tree);
  return detail::ravel(w, at);
}
/// The inverse of `ravel`, in the shapes of `like`.
template <class T> T unravel(const Tensor &values, T like, Loc at = Loc::here()) {
  detail::Walk w = detail::describe(like);
  detail::unravel(values, w, at);
  return like;
}

} // namespace weft
