// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Norms: one standardisation over given axes, in f32 at least, and what follows it.
#include "weft/nn/Norms.h"
#include "Value.h"

using namespace weft;
using namespace weft::detail;

static DType wide(DType dtype) { return dtype == f64 ? f64 : f32; }

static void checkFloat(const char *op, const Tensor &x, Loc at) {
  requireValue(x, op, "input", at);
  if (!x.dtype().isFloat())
    fail(at, std::string(op) + ": expected a floating type, found " + x.str() + ": write cast(x, f32)", {{"input", x}});
}
static void checkLast(const char *op, const Tensor &x, int d, Loc at) {
  checkFloat(op, x, at);
  if (x.rank() < 1 || !(x.shape().back() == Dim(d)))
    fail(at, std::string(op) + ": the last dimension must be " + std::to_string(d) + ", found " + x.str(),
         {{"input", x}});
}

/// (h - mean) / sqrt(variance + eps), h in f32 at least.
static Tensor standardised(const Tensor &h, const Axes &axes, double eps, Loc at) {
  auto o = [&](auto &&v) { return Operand(v, at); };
  Tensor centred = o(h) - o(mean(h, axes, keep, at));
  Tensor variance = mean(square(centred, at), axes, keep, at);
  return o(centred) * o(rsqrt(o(variance) + o(eps), at));
}
/// y g + b, each in y's type and of a shape that broadcasts to it; either may be absent.
static Tensor affineOf(Tensor y, const Tensor &g, const Tensor &b, const Shape &shape, Loc at) {
  auto as = [&](const Tensor &p) { return Operand(reshape(cast(p, y.dtype(), at), shape, at), at); };
  if (!g.empty())
    y = Operand(y, at) * as(g);
  if (!b.empty())
    y = Operand(y, at) + as(b);
  return y;
}

static Tensor layerNorm(const char *op, const Tensor &x, int d, double eps, const Tensor &g, const Tensor &b, Loc at) {
  checkLast(op, x, d, at);
  Tensor y = standardised(cast(x, wide(x.dtype()), at), -1, eps, at);
  return cast(affineOf(y, g, b, {d}, at), x.dtype(), at);
}
static Tensor rmsNorm(const char *op, const Tensor &x, int d, double eps, const Tensor &g, Loc at) {
  auto o = [&](auto &&v) { return Operand(v, at); };
  checkLast(op, x, d, at);
  Tensor h = cast(x, wide(x.dtype()), at);
  Tensor scale = rsqrt(o(mean(square(h, at), -1, keep, at)) + o(eps), at);
  return cast(affineOf(o(h) * o(scale), g, {}, {d}, at), x.dtype(), at);
}

static Tensor channelNorm(const char *op, const Tensor &x, int groups, int channels, double eps, const Tensor &g,
                          const Tensor &b, Loc at) {
  checkFloat(op, x, at);
  if (groups < 1 || channels % groups != 0)
    fail(at, std::string(op) + ": " + std::to_string(groups) + " groups do not divide " + std::to_string(channels) +
                 " channels");
  if (x.rank() < 3 || !(x.shape()[1] == Dim(channels)))
    fail(at, std::string(op) + ": expected [B, " + std::to_string(channels) + ", ...], found " + x.str(),
         {{"input", x}});
  // Channels of a group and the axes behind them are neighbours: they become one axis.
  Dim inside = channels / groups;
  Shape beside{channels};
  for (int axis = 2; axis < x.rank(); ++axis)
    inside *= x.shape()[axis], beside.push_back(1);
  Tensor h = reshape(cast(x, wide(x.dtype()), at), {x.shape()[0], groups, inside}, at);
  Tensor y = reshape(standardised(h, -1, eps, at), x.shape(), at);
  return cast(affineOf(y, g, b, beside, at), x.dtype(), at);
}

Tensor nn::modulate(const Tensor &y, const Tensor &shift, const Tensor &scale, Loc at) {
  auto o = [&](auto &&v) { return Operand(v, at); };
  return o(o(y) * o(o(scale) + o(1))) + o(shift);
}
Tensor nn::LayerNorm::operator()(const Tensor &x, Loc at) const { return layerNorm("layer_norm", x, d, eps, g, b, at); }
Tensor nn::RMSNorm::operator()(const Tensor &x, Loc at) const { return rmsNorm("rms_norm", x, d, eps, g, at); }
Tensor nn::GroupNorm::operator()(const Tensor &x, Loc at) const {
  return channelNorm("group_norm", x, groups, channels, eps, g, b, at);
}
Tensor nn::InstanceNorm::operator()(const Tensor &x, Loc at) const {
  return channelNorm("instance_norm", x, channels, channels, eps, g, b, at);
}
Tensor nn::Norm::operator()(const Tensor &x, Loc at) const {
  switch (kind) {
  case NormKind::none: return x;
  case NormKind::layer: return layerNorm("layer_norm", x, d, eps, g, b, at);
  case NormKind::rms: return rmsNorm("rms_norm", x, d, eps, g, at);
  }
  throw Error(at, "norm: unknown kind");
}
