// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Draws beside normal, uniform and bernoulli (weft/Key.h). A draw is a function of its key; samplers refuse an unnamed
// key, for C++ leaves the order of draws inside an expression open.
#pragma once
#include "weft/Ops.h"

namespace weft {

/// i32 in [low, high), each as probable up to (high - low) / 2^32.
Tensor randint(const Key &key, int low, int high, const Shape &shape, Loc at = Loc::here());
/// The same below a number that a dimension gives: places of an axis.
Tensor randint(const Key &key, const Dim &high, const Shape &shape, Loc at = Loc::here());
/// -log(-log u): logits + gumbel has its largest element where a draw of softmax(logits) falls.
Tensor gumbel(const Key &key, const Shape &shape, DType dtype = default_dtype(), Loc at = Loc::here());
/// Draws from softmax(logits) along the last axis, i32 [...]; of `count` draws [count, ...].
Tensor categorical(const Key &key, const Tensor &logits, Loc at = Loc::here());
Tensor categorical(const Key &key, const Tensor &logits, const Dim &count, Loc at = Loc::here());
/// Standard normal numbers, of those in [low, high].
Tensor truncated_normal(const Key &key, double low, double high, const Shape &shape, DType dtype = default_dtype(),
                        Loc at = Loc::here());
/// 0 ... n - 1 in an order of chance, i32.
Tensor permutation(const Key &key, const Dim &n, Loc at = Loc::here());
/// `count` different numbers of 0 ... n - 1.
Tensor choice(const Key &key, const Dim &n, const Dim &count, Loc at = Loc::here());
/// `count` different places of the last axis of weights >= 0, one after the other, each with a probability in
/// proportion to the weights that are left; places without weight come last. [..., count]
Tensor weighted_choice(const Key &key, const Tensor &weights, const Dim &count, Loc at = Loc::here());

Tensor randint(Key &&, int, int, const Shape &) = delete;
Tensor randint(Key &&, const Dim &, const Shape &) = delete;
Tensor gumbel(Key &&, const Shape &, DType = default_dtype()) = delete;
Tensor categorical(Key &&, const Tensor &) = delete;
Tensor categorical(Key &&, const Tensor &, const Dim &) = delete;
Tensor truncated_normal(Key &&, double, double, const Shape &, DType = default_dtype()) = delete;
Tensor permutation(Key &&, const Dim &) = delete;
Tensor choice(Key &&, const Dim &, const Dim &) = delete;
Tensor weighted_choice(Key &&, const Tensor &, const Dim &) = delete;

} // namespace weft
