// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Losses. Those of rows are over the last axis; divergences give one number for each element or row, for models weigh
// them in ways of their own.
#pragma once
#include "weft/Ops.h"

namespace weft {

enum class Reduction { none, sum, mean };

/// -log softmax(logits)[label] of rows: logits [..., C], labels i32 [...].
Tensor cross_entropy(const Tensor &logits, const Tensor &labels, Reduction reduction = Reduction::mean,
                     Loc at = Loc::here());
/// With 1 - smoothing on the label and smoothing / C on every class.
Tensor smoothed_cross_entropy(const Tensor &logits, const Tensor &labels, double smoothing,
                              Reduction reduction = Reduction::mean, Loc at = Loc::here());
/// -sum of probability * log softmax(logits) over the last axis: targets are probabilities [..., C].
Tensor soft_cross_entropy(const Tensor &logits, const Tensor &probabilities, Reduction reduction = Reduction::mean,
                          Loc at = Loc::here());
Tensor bce_with_logits(const Tensor &logits, const Tensor &targets, Reduction reduction = Reduction::none,
                       Loc at = Loc::here());
Tensor mse(const Tensor &prediction, const Tensor &target, Reduction reduction = Reduction::mean, Loc at = Loc::here());
/// |d|^2 / (2 beta) where |d| < beta, else |d| - beta / 2.
Tensor smooth_l1(const Tensor &prediction, const Tensor &target, double beta = 1, Reduction reduction = Reduction::mean,
                 Loc at = Loc::here());

/// KL(N(mean, e^log_variance) || N(0, 1)) of each element: (mean^2 + variance - 1 - log variance) / 2.
Tensor gaussian_kl(const Tensor &mean, const Tensor &log_variance, Loc at = Loc::here());
/// KL(N(mean, e^log_variance) || N(mean2, e^log_variance2)) of each element; exactly 0 of equal ones.
Tensor gaussian_kl(const Tensor &mean, const Tensor &log_variance, const Tensor &mean2, const Tensor &log_variance2,
                   Loc at = Loc::here());
/// KL(softmax(p) || softmax(q)) of logits [..., C]: [...]. A class without probability under p adds nothing.
Tensor categorical_kl(const Tensor &p, const Tensor &q, Loc at = Loc::here());
/// Row i of a [B, d] and row i of b [B, d] belong together: cross entropy of the cosines over temperature, of the rows
/// of a among those of b (A. van den Oord and others, 2018; as in SimCLR and CLIP).
Tensor info_nce(const Tensor &a, const Tensor &b, const Operand &temperature);

} // namespace weft
