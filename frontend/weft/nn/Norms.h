// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Norms. They accumulate in f32 at least and round once. Without `affine` they have no parameters.
#pragma once
#include "weft/Key.h"
#include "weft/Ops.h"
#include "weft/nn/Layers.h"

namespace weft::nn {

/// (1 + scale) y + shift: how a condition moves what a norm without parameters gives (adaLN).
Tensor modulate(const Tensor &y, const Tensor &shift, const Tensor &scale, Loc at = Loc::here());

/// To mean 0 and variance 1 over the last axis.
struct LayerNorm {
  int d = 0;
  double eps = 1e-5;
  bool affine = true;
  Param g = affine ? Param({d}, init::constant(1)) : Param(), b = affine ? Param({d}, init::zeros) : Param();
  Tensor operator()(const Tensor &x, Loc at = Loc::here()) const;
};

/// x / sqrt(mean(x^2) + eps) over the last axis: no mean is taken off.
struct RMSNorm {
  int d = 0;
  double eps = 1e-6;
  bool affine = true;
  Param g = affine ? Param({d}, init::constant(1)) : Param();
  Tensor operator()(const Tensor &x, Loc at = Loc::here()) const;
};

/// Of x [B, channels, ...] to mean 0 and variance 1 over each of `groups` groups of neighbouring channels and all axes
/// behind them.
struct GroupNorm {
  int groups = 1, channels = 0;
  double eps = 1e-5;
  bool affine = true;
  Param g = affine ? Param({channels}, init::constant(1)) : Param(),
        b = affine ? Param({channels}, init::zeros) : Param();
  Tensor operator()(const Tensor &x, Loc at = Loc::here()) const;
};

/// Of x [B, channels, ...] to mean 0 and variance 1 over the axes behind each channel.
struct InstanceNorm {
  int channels = 0;
  double eps = 1e-5;
  bool affine = false;
  Param g = affine ? Param({channels}, init::constant(1)) : Param(),
        b = affine ? Param({channels}, init::zeros) : Param();
  Tensor operator()(const Tensor &x, Loc at = Loc::here()) const;
};

/// Of x [B, channels, ...] to mean 0 and variance 1 over the batch and all axes behind the channels. In training these
/// are the batch's own, and the running ones move towards them by `momentum` (the variance as that of a sample, times
/// n / (n - 1)); else the running ones, which are Buffers: they are saved, and no optimiser touches them.
struct BatchNorm {
  int channels = 0;
  double eps = 1e-5, momentum = 0.1;
  bool affine = true;
  Param g = affine ? Param({channels}, init::constant(1)) : Param(),
        b = affine ? Param({channels}, init::zeros) : Param();
  Buffer mean{{channels}}, variance{{channels}, init::constant(1)};
  Tensor operator()(const Tensor &x, Loc at = Loc::here()) const;
  /// Trains if the mode says so, and then changes the layer: the model is state.
  Tensor operator()(const Tensor &x, const Mode &mode, Loc at = Loc::here());
};

/// x [B, C, ...] with the means and deviations, over the axes behind each channel, of `style` [B, C, ...].
Tensor adain(const Tensor &x, const Tensor &style, double eps = 1e-5, Loc at = Loc::here());
/// The same with deviations 1 + s and means t that a condition [B, d] gives: InstanceNorm, then `modulate`.
struct AdaIN {
  int channels = 0, d = 0;
  double eps = 1e-5;
  Linear style{d, 2 * channels};
  Tensor operator()(const Tensor &x, const Tensor &condition, Loc at = Loc::here()) const;
};

/// One of the norms of the last axis, chosen by a number: blocks and attention have it as an option.
enum class NormKind { none, layer, rms };
struct Norm {
  NormKind kind = NormKind::layer;
  int d = 0;
  double eps = kind == NormKind::rms ? 1e-6 : 1e-5;
  Param g = kind == NormKind::none ? Param() : Param({d}, init::constant(1)),
        b = kind == NormKind::layer ? Param({d}, init::zeros) : Param();
  Tensor operator()(const Tensor &x, Loc at = Loc::here()) const;
};

} // namespace weft::nn
