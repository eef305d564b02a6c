// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Norms. They accumulate in f32 at least and round once. Without `affine` they have no parameters.
#pragma once
#include "weft/Ops.h"

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
