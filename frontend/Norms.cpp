// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Norms: one standardisation over given axes, in f32 at least, and what follows it.
#include "weft/nn/Norms.h"
#include "Value.h"
#include "weft/Image.h"

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
/// A vector of channels beside x [B, C, ...], in the type of the arithmetic.
static Tensor ofChannels(const Tensor &v, const Tensor &x, Loc at) {
  return alongAxis(cast(v, wide(x.dtype()), at), 1, x.rank(), at);
}
static Axes allButChannels(const Tensor &x) {
  Axes axes(0);
  for (int axis = 2; axis < x.rank(); ++axis)
    axes.axes.push_back(axis);
  return axes;
}
static void checkChannels(const char *op, const Tensor &x, int channels, int least, Loc at) {
  checkFloat(op, x, at);
  if (x.rank() < least || !(x.shape()[1] == Dim(channels)))
    fail(at, std::string(op) + ": expected [B, " + std::to_string(channels) + ", ...], found " + x.str(),
         {{"input", x}});
}
/// (x - mean) / sqrt(variance + eps) g + b as one product and one sum of x: what follows from the model alone is two
/// vectors.
Tensor nn::BatchNorm::operator()(const Tensor &x, Loc at) const {
  auto o = [&](auto &&v) { return Operand(v, at); };
  checkChannels("batch_norm", x, channels, 2, at);
  const DType type = wide(x.dtype());
  Tensor scale = rsqrt(o(cast(variance, type, at)) + o(eps), at);
  if (!g.empty())
    scale = o(scale) * o(cast(g, type, at));
  Tensor shift = o(-o(cast(mean, type, at))) * o(scale);
  if (!b.empty())
    shift = o(cast(b, type, at)) + o(shift);
  Tensor y = o(o(cast(x, type, at)) * o(ofChannels(scale, x, at))) + o(ofChannels(shift, x, at));
  return cast(y, x.dtype(), at);
}
Tensor nn::BatchNorm::operator()(const Tensor &x, const Mode &mode, Loc at) {
  if (!mode.key)
    return std::as_const(*this)(x, at);
  auto o = [&](auto &&v) { return Operand(v, at); };
  checkChannels("batch_norm", x, channels, 2, at);
  Dim count = x.shape()[0];
  for (int axis = 2; axis < x.rank(); ++axis)
    count *= x.shape()[axis];
  if (count.upper() < 2)
    fail(at,
         "batch_norm: training needs more than one value of each channel, found " + x.str() + ", of which there are " +
             count.str(),
         {{"input", x}});
  Tensor h = cast(x, wide(x.dtype()), at);
  const Axes axes = allButChannels(x);
  Tensor centre = weft::mean(h, axes, keep, at), centred = o(h) - o(centre);
  Tensor spread = weft::mean(square(centred, at), axes, keep, at);
  auto moved = [&](Buffer &running, const Tensor &now) {
    Tensor v = cast(reshape(stop_gradient(now), {channels}, at), running.dtype(), at);
    running = o(o(running) * o(1 - momentum)) + o(o(v) * o(momentum));
  };
  moved(mean, centre);
  // Of a batch that may be one value, the factor is 1: its spread is 0.
  Tensor n = cast(o(Tensor(0, at)) + o(count), h.dtype(), at);
  moved(variance, o(spread) * o(o(n) / o(maximum(o(o(n) - o(1)), o(1)))));
  Tensor y = o(centred) * o(rsqrt(o(spread) + o(eps), at));
  if (!g.empty())
    y = o(o(y) * o(ofChannels(g, x, at))) + o(ofChannels(b, x, at));
  return cast(y, x.dtype(), at);
}
Tensor nn::adain(const Tensor &x, const Tensor &style, double eps, Loc at) {
  auto o = [&](auto &&v) { return Operand(v, at); };
  checkFloat("adain", x, at);
  checkFloat("adain", style, at);
  if (x.rank() < 3 || style.rank() < 3 || !(x.shape()[0] == style.shape()[0]) || !(x.shape()[1] == style.shape()[1]))
    fail(at, "adain: expected [B, C, ...] and a style of the same B and C, found " + x.str() + " and " + style.str(),
         {{"input", x}, {"style", style}});
  auto flat = [&](const Tensor &v) {
    Dim inside = 1;
    for (int axis = 2; axis < v.rank(); ++axis)
      inside *= v.shape()[axis];
    return reshape(cast(v, wide(x.dtype()), at), {v.shape()[0], v.shape()[1], inside}, at);
  };
  Tensor s = flat(style), centre = mean(s, -1, keep, at);
  Tensor deviation = sqrt(o(mean(square(o(s) - o(centre), at), -1, keep, at)) + o(eps), at);
  Tensor y = o(o(standardised(flat(x), -1, eps, at)) * o(deviation)) + o(centre);
  return cast(reshape(y, x.shape(), at), x.dtype(), at);
}
Tensor nn::AdaIN::operator()(const Tensor &x, const Tensor &condition, Loc at) const {
  Tensor y = channelNorm("adain", x, channels, channels, eps, {}, {}, at);
  Tensor both = style(condition, at);
  if (!(both.shape() == Shape{x.shape()[0], Dim(2 * channels)}))
    fail(at,
         "adain: expected a condition [" + x.shape()[0].str() + ", " + std::to_string(d) + "] for " + x.str() +
             ", found " + condition.str(),
         {{"input", x}, {"condition", condition}});
  Shape beside(x.shape().size(), Dim(1));
  beside[0] = x.shape()[0], beside[1] = channels;
  auto part = [&](int i) {
    return reshape(cast(slice(both, 1, i * channels, (i + 1) * channels, 1, at), x.dtype(), at), beside, at);
  };
  return modulate(y, part(1), part(0), at);
}
Tensor nn::Norm::operator()(const Tensor &x, Loc at) const {
  switch (kind) {
  case NormKind::none: return x;
  case NormKind::layer: return layerNorm("layer_norm", x, d, eps, g, b, at);
  case NormKind::rms: return rmsNorm("rms_norm", x, d, eps, g, at);
  }
  throw Error(at, "norm: unknown kind");
}
