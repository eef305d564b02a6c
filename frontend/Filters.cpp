// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Fixed filters: local response norm, structural similarity, wavelet packets.
#include "Value.h"
#include "weft/Image.h"
#include <cmath>

using namespace weft;
using namespace weft::detail;

static void requireFloat(const char *op, const Tensor &x, Loc at) {
  requireValue(x, op, "operand", at);
  if (!x.dtype().isFloat())
    fail(at, std::string(op) + ": expected a floating type, found " + x.str() + ": write cast(x, f32)",
         {{"operand", x}});
}
/// sum over t of weights[t] x[stride i + t] along an axis, for `count` places i.
static Tensor filtered(const Tensor &x, const std::vector<double> &weights, int axis, int stride, const Dim &count,
                       Loc at) {
  auto o = [&](const auto &v) { return Operand(v, at); };
  Tensor y;
  for (std::size_t t = 0; t < weights.size(); ++t) {
    Tensor part = slice(x, axis, int(t), Dim(int(t)) + (count - 1) * stride + 1, stride, at);
    Tensor term = o(part) * o(weights[t]);
    y = y.empty() ? term : Tensor(o(y) + o(term));
  }
  return y;
}

Tensor weft::local_response_norm(const Tensor &x, int size, double alpha, double beta, double k, Loc at) {
  auto o = [&](const auto &v) { return Operand(v, at); };
  requireFloat("local_response_norm", x, at);
  if (x.rank() < 2 || size < 1)
    fail(at,
         "local_response_norm: expected [B, C, ...] and a size of at least 1, found " + x.str() + " and " +
             std::to_string(size),
         {{"operand", x}});
  Tensor h = wideOf(x, at), squares = pad(square(h, at), 1, size / 2, (size - 1) / 2, o(0));
  Tensor total = filtered(squares, std::vector<double>(std::size_t(size), 1.0), 1, 1, x.shape()[1], at);
  Tensor scale = pow(o(o(total) * o(alpha / size)) + o(k), o(-beta));
  return cast(o(h) * o(scale), x.dtype(), at);
}

Tensor weft::ssim(const Tensor &x, const Tensor &y, const Ssim &how, Loc at) {
  auto o = [&](const auto &v) { return Operand(v, at); };
  const int space = spaceOf("ssim", x, at);
  requireFloat("ssim", x, at);
  requireValue(y, "ssim", "other", at);
  if (!(x.shape() == y.shape()) || !(x.dtype() == y.dtype()))
    fail(at, "ssim: expected two images of one shape and type, found " + x.str() + " and " + y.str(),
         {{"operand", x}, {"other", y}});
  if (how.window < 1 || how.sigma <= 0)
    throw Error(at, "ssim: the window must have an element and its sigma be positive");
  for (int axis = 2; axis < 2 + space; ++axis)
    if (x.shape()[axis].lower() < how.window)
      fail(at,
           "ssim: along axis " + std::to_string(axis) + " of " + x.str() + " a window of " +
               std::to_string(how.window) + " elements must fit: there are size - window + 1 of them",
           {{"operand", x}});
  std::vector<double> gauss;
  double sum = 0;
  for (int t = 0; t < how.window; ++t) {
    const double d = t - (how.window - 1) / 2.0;
    gauss.push_back(std::exp(-d * d / (2 * how.sigma * how.sigma)));
    sum += gauss.back();
  }
  for (double &g : gauss)
    g /= sum;
  auto smooth = [&](Tensor v) {
    for (int axis = 2; axis < 2 + space; ++axis)
      v = filtered(v, gauss, axis, 1, v.shape()[axis] - (how.window - 1), at);
    return v;
  };
  Tensor a = wideOf(x, at), b = wideOf(y, at);
  const double c1 = how.k1 * how.range * how.k1 * how.range, c2 = how.k2 * how.range * how.k2 * how.range;
  Tensor ma = smooth(a), mb = smooth(b), aa = square(ma, at), bb = square(mb, at), ab = o(ma) * o(mb);
  Tensor va = o(smooth(square(a, at))) - o(aa), vb = o(smooth(square(b, at))) - o(bb),
         cov = o(smooth(o(a) * o(b))) - o(ab);
  Tensor above = o(o(o(ab) * o(2)) + o(c1)) * o(o(o(cov) * o(2)) + o(c2)),
         below = o(o(o(aa) + o(bb)) + o(c1)) * o(o(o(va) + o(vb)) + o(c2));
  Axes rest(1);
  for (int axis = 2; axis < 2 + space; ++axis)
    rest.axes.push_back(axis);
  return mean(o(above) / o(below), rest, {}, at);
}
Tensor weft::ssim_loss(const Tensor &x, const Tensor &y, const Ssim &how, Loc at) {
  return Operand(1, at) - Operand(mean(ssim(x, y, how, at), at), at);
}

// ---- wavelets
static std::vector<double> lowPass(WaveletFilter wavelet) {
  if (wavelet == WaveletFilter::haar)
    return {std::sqrt(0.5), std::sqrt(0.5)};
  const double r = std::sqrt(3.0), s = 4 * std::sqrt(2.0);
  return {(1 + r) / s, (3 + r) / s, (3 - r) / s, (1 - r) / s};
}
/// The low-pass filter backwards, every second sign turned: orthogonal to it and to its shifts by two.
static std::vector<double> highPass(const std::vector<double> &low) {
  std::vector<double> high(low.rbegin(), low.rend());
  for (std::size_t t = 1; t < high.size(); t += 2)
    high[t] = -high[t];
  return high;
}
/// One level along an axis, which is a ring: low and high bands, each half as long.
static std::pair<Tensor, Tensor> analysed(const Tensor &x, const std::vector<double> &low, int axis, Loc at) {
  const Dim count = x.shape()[axis] / 2;
  Tensor ring = pad(x, {{axis, 0, int(low.size()) - 2}}, PadMode::wrap, Operand(0, at));
  return {filtered(ring, low, axis, 2, count, at), filtered(ring, highPass(low), axis, 2, count, at)};
}
/// The same backwards: the transposed filters. Even and odd elements have every second tap each.
static Tensor synthesised(const Tensor &lows, const Tensor &highs, const std::vector<double> &low, int axis, Loc at) {
  auto o = [&](const auto &v) { return Operand(v, at); };
  const int half = int(low.size()) / 2;
  const std::vector<double> high = highPass(low);
  auto ring = [&](const Tensor &x) { return pad(x, {{axis, half - 1, 0}}, PadMode::wrap, Operand(0, at)); };
  Tensor a = ring(lows), d = ring(highs);
  std::vector<Tensor> both;
  for (int parity = 0; parity < 2; ++parity) {
    std::vector<double> ofLow, ofHigh; // from the last tap to the first, as elements come
    for (int k = half; k-- > 0;)
      ofLow.push_back(low[2 * k + parity]), ofHigh.push_back(high[2 * k + parity]);
    both.push_back(o(filtered(a, ofLow, axis, 1, lows.shape()[axis], at)) +
                   o(filtered(d, ofHigh, axis, 1, lows.shape()[axis], at)));
  }
  Shape shape = lows.shape();
  shape[axis] *= 2;
  return reshape(stack(both, axis + 1, at), shape, at);
}
Tensor weft::wavelet_packet(const Tensor &x, int levels, WaveletFilter wavelet, Loc at) {
  const int space = spaceOf("wavelet_packet", x, at);
  requireFloat("wavelet_packet", x, at);
  const std::vector<double> low = lowPass(wavelet);
  Dim parts = 1;
  for (int level = 0; level < levels; ++level)
    parts *= 2;
  for (int axis = 2; axis < 2 + space; ++axis)
    if (levels < 0 || x.shape()[axis].lower() < 1 || !(x.shape()[axis] % parts == Dim(0)))
      fail(at,
           "wavelet_packet: " + std::to_string(levels) +
               " levels need sizes of space that are multiples of 2^levels = " + parts.str() + ", found " + x.str() +
               "; the result is [B, C 2^(d levels), n / 2^levels...]",
           {{"operand", x}});
  Tensor y = wideOf(x, at);
  for (int level = 0; level < levels; ++level)
    for (int axis = 2; axis < 2 + space; ++axis) {
      auto [lows, highs] = analysed(y, low, axis, at);
      Shape shape = lows.shape();
      shape[1] *= 2;
      y = reshape(stack({lows, highs}, 2, at), shape, at);
    }
  return cast(y, x.dtype(), at);
}
Tensor weft::inverse_wavelet_packet(const Tensor &x, int levels, WaveletFilter wavelet, Loc at) {
  const int space = spaceOf("inverse_wavelet_packet", x, at);
  requireFloat("inverse_wavelet_packet", x, at);
  const std::vector<double> low = lowPass(wavelet);
  Dim bands = 1;
  for (int i = 0; i < levels * space; ++i)
    bands *= 2;
  if (levels < 0 || !(x.shape()[1] % bands == Dim(0)))
    fail(at,
         "inverse_wavelet_packet: " + std::to_string(levels) + " levels have 2^(d levels) = " + bands.str() +
             " bands of each channel, found " + x.str(),
         {{"operand", x}});
  Tensor y = wideOf(x, at);
  for (int level = 0; level < levels; ++level)
    for (int axis = 2 + space; axis-- > 2;) {
      Shape apart = y.shape();
      apart[1] = apart[1] / 2;
      apart.insert(apart.begin() + 2, Dim(2));
      Tensor pairs = reshape(y, apart, at);
      auto band = [&](int i) { return squeeze(slice(pairs, 2, i, i + 1, 1, at), 2, at); };
      y = synthesised(band(0), band(1), low, axis, at);
    }
  return cast(y, x.dtype(), at);
}
