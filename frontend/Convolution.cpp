// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Convolution as one product: each axis of space of the padded operand becomes two, the places of the windows and the
// offsets inside them, and the product sums over channels and offsets. So bf16 rounds once, and derivatives, vmap and
// sizes known at run time are those of slices and of a product.
#include "weft/nn/Convolution.h"
#include "Windows.h"
#include <algorithm>
#include <cmath>

using namespace weft;
using namespace weft::detail;

namespace {
/// So many offsets are slices put side by side; more are read by their places.
constexpr int mostSlices = 32;

/// The axis as [count, kernel], of an operand that was padded; `flipped`: the last offset comes first.
Tensor windowed(const Tensor &x, const Windows &w, bool flipped, Loc at) {
  if (w.kernel == 1)
    return expand(slicesOf(x, {w}, {0}, at), w.axis + 1, at);
  if (w.stride == w.kernel && w.dilation == 1 && !flipped) { // side by side
    Windows whole = w;
    whole.count = w.count * w.kernel, whole.stride = 1;
    Shape shape = x.shape();
    shape[w.axis] = w.count;
    shape.insert(shape.begin() + w.axis + 1, Dim(w.kernel));
    return reshape(slicesOf(x, {whole}, {0}, at), shape, at);
  }
  if (w.kernel <= mostSlices) {
    std::vector<Tensor> parts;
    for (int k = 0; k < w.kernel; ++k)
      parts.push_back(slicesOf(x, {w}, {flipped ? w.kernel - 1 - k : k}, at));
    return stack(parts, w.axis + 1, at);
  }
  auto o = [&](const auto &v) { return Operand(v, at); };
  if (x.shape()[w.axis].upper() > std::numeric_limits<std::int32_t>::max())
    fail(at, "convolution: places along axis " + std::to_string(w.axis) + " of " + x.str() + " do not fit 32 bits",
         {{"operand", x}});
  Tensor step = o(iota(w.kernel, i32, at)) * o(w.dilation);
  if (flipped)
    step = o(w.reach()) - o(step);
  Tensor start = o(iota(w.count, i32, at)) * o(w.stride);
  return takeNearest(x, o(expand(start, 1, at)) + o(expand(step, 0, at)), w.axis, at);
}

/// Zeros along an axis of space: between neighbours, in front and behind; negative numbers take places away afterwards,
/// and so does a size below what all of these give.
struct Zeros {
  int interior = 0, low = 0, high = 0;
  Dim size; // of the result
};
Tensor padded(const Tensor &x, const std::vector<Zeros> &zeros, Loc at) {
  std::vector<Dim> lows(x.shape().size(), Dim(0)), cuts = lows;
  std::vector<std::int64_t> between(x.shape().size(), 0);
  Shape outer = x.shape(), inner = x.shape();
  for (std::size_t i = 0; i < zeros.size(); ++i) {
    const Zeros &z = zeros[i];
    const std::size_t a = i + 2;
    between[a] = z.interior;
    lows[a] = std::max(z.low, 0), cuts[a] = std::max(-z.low, 0);
    Dim size = z.interior == 0 ? x.shape()[a] : (x.shape()[a] - 1) * (z.interior + 1) + 1;
    outer[a] = size + lows[a] + std::max(z.high, 0);
    inner[a] = z.size;
  }
  Tensor y = x;
  if (!(outer == x.shape()))
    y = emit("weft.pad", {x, resolve(Operand(0, at), x.dtype(), "convolution", at)},
             {{"low", lows}, {"interior", between}}, ResultType{x.dtype(), outer}, at);
  if (inner == outer)
    return y;
  return emit("weft.slice", {y}, {{"starts", cuts}, {"strides", std::vector<std::int64_t>(cuts.size(), 1)}},
              ResultType{x.dtype(), inner}, at);
}

/// What both ops ask of their operands. `what` is how errors begin: the op with both shapes.
struct Given {
  std::string what;
  int space = 0;
  std::vector<int> kernels, strides, lows, highs, dilations;

  template <class How> Given(const char *op, const Tensor &x, const Tensor &w, const How &how, Loc at) {
    requireValue(x, op, "operand", at);
    requireValue(w, op, "weights", at);
    what = std::string(op) + " of " + x.str() + " with " + w.str();
    auto refuse = [&](const std::string &why) { fail(at, what + ": " + why, {{"operand", x}, {"weights", w}}); };
    space = x.rank() - 2;
    if (space < 1 || space > 3)
      refuse("expected an operand [B, C, ...] with 1 to 3 axes of space; expand(x, 0) makes a batch of one");
    if (w.rank() != x.rank())
      refuse("expected weights with " + std::to_string(space) + " sizes of the window behind two of channels, " +
             "as the operand has axes of space");
    if (x.dtype() != w.dtype())
      refuse("element types differ: write cast(x, dtype) on one side");
    if (x.dtype() == i1)
      refuse("i1 has no sums: write cast(x, f32)");
    if (how.groups < 1)
      refuse("groups must be at least 1, found " + std::to_string(how.groups));
    for (int i = 0; i < space; ++i) {
      const Dim &k = w.shape()[i + 2];
      if (!k.isStatic() || k.value() < 1 || k.value() > std::numeric_limits<std::int16_t>::max())
        refuse("the window's sizes must be numbers from 1 to 32767, found " + k.str());
      kernels.push_back(int(k.value()));
    }
    auto each = [&](const char *name, const PerAxis &given, int least) {
      return eachAxis(what.c_str(), name, given, space, least, at);
    };
    strides = each("stride", how.stride, 1), lows = each("padding", how.padding, 0);
    highs = each("padding_high", how.padding_high, -1), dilations = each("dilation", how.dilation, 1);
    for (int i = 0; i < space; ++i) {
      highs[i] = highs[i] < 0 ? lows[i] : highs[i];
      const std::int64_t most = 1 << 28;
      if (std::int64_t(dilations[i]) * kernels[i] > most || std::max({strides[i], lows[i], highs[i]}) > most)
        refuse("along axis " + std::to_string(i + 2) + " the window, its stride or the padding is too large: at most " +
               std::to_string(most));
    }
  }
};

/// The product of windows of x [B, C, ...], which is padded already, with w [O, C / groups, k...]; `adjoint`: w is
/// [C, O / groups, k...] and its offsets run backwards.
Tensor product(const Tensor &x, const Tensor &w, const std::vector<Windows> &all, int groups, bool adjoint, Loc at) {
  const int space = int(all.size());
  const Dim g = groups, c = x.shape()[1], o = adjoint ? w.shape()[1] * g : w.shape()[0];
  const bool grouped = groups > 1;
  Tensor windows = x, weights = w;
  for (std::size_t i = all.size(); i-- > 0;)
    windows = windowed(windows, all[i], adjoint, at);
  if (grouped) {
    Shape shape = windows.shape();
    shape[1] = c / g;
    shape.insert(shape.begin() + 1, g);
    windows = reshape(windows, shape, at);
    shape = w.shape();
    shape[0] = adjoint ? c / g : o / g;
    shape.insert(shape.begin(), g);
    weights = reshape(w, shape, at);
  }
  // b: batch, g: groups, c and o: channels, x y z: places, p q r: offsets.
  const std::string group = grouped ? "g" : "", places = std::string("xyz").substr(0, space),
                    offsets = std::string("pqr").substr(0, space);
  std::string spec = "b" + group + "c";
  for (int i = 0; i < space; ++i)
    spec += {places[i], offsets[i]};
  spec += "," + group + (adjoint ? "co" : "oc") + offsets + "->b" + group + "o" + places;
  Tensor y = contractAll(Spec(spec.c_str(), at), {windows, weights});
  if (!grouped)
    return y;
  Shape shape = y.shape();
  shape.erase(shape.begin() + 1);
  shape[1] = o;
  return reshape(y, shape, at);
}
/// Adds one number for each channel.
Tensor withBias(const Tensor &y, const Param &b, Loc at) {
  return b.empty() ? y : Operand(y, at) + Operand(alongAxis(cast(Tensor(b), y.dtype(), at), 1, y.rank(), at), at);
}
Tensor weightsOf(int first, int second, int groups, const std::vector<int> &kernel) {
  Shape shape{Dim(first), Dim(groups > 0 ? second / groups : second)};
  shape.insert(shape.end(), kernel.begin(), kernel.end());
  return default_dtype()(shape);
}
} // namespace

Tensor weft::convolution(const Tensor &x, const Tensor &w, const Convolution &how, Loc at) {
  Given given("convolution", x, w, how, at);
  auto refuse = [&](const std::string &why) { fail(at, given.what + ": " + why, {{"operand", x}, {"weights", w}}); };
  const Dim c = x.shape()[1], o = w.shape()[0], g = how.groups;
  if (!(c == w.shape()[1] * g))
    refuse("the weights [O, C / groups, ...] are for " + (w.shape()[1] * g).str() + " channels in " + g.str() +
           " groups, and the operand [B, C, ...] has " + c.str());
  if (!(o % g == Dim(0)))
    refuse(g.str() + " groups do not divide the " + o.str() + " channels of the result");
  std::vector<int> interior = eachAxis(given.what.c_str(), "interior", how.interior, given.space, 0, at);
  const bool chosen = how.pads != ConvolutionPadding::given;
  std::vector<Windows> all;
  std::vector<Zeros> zeros;
  for (int i = 0; i < given.space; ++i) {
    Dim size = x.shape()[i + 2];
    if (interior[i] > 0 && size.lower() < 1)
      refuse("along axis " + std::to_string(i + 2) +
             " there may be no elements to put zeros between; narrow the bounds");
    if (interior[i] > 0)
      size = (size - 1) * (interior[i] + 1) + 1;
    Windows along{i + 2,         size,           given.kernels[i],   given.strides[i],
                  given.lows[i], given.highs[i], given.dilations[i], {}};
    if (chosen) {
      if (along.low > 0 || along.high > 0)
        refuse("`pads` chooses the padding: leave `padding` and `padding_high` out");
      int total = along.reach();
      if (how.pads == ConvolutionPadding::same && along.stride > 1) {
        if (!size.isStatic())
          refuse("`same` with a stride needs sizes that are numbers, found " + size.str() + ": give the padding");
        const std::int64_t count = (size.value() + along.stride - 1) / along.stride;
        total = int(std::max<std::int64_t>((count - 1) * along.stride + along.reach() + 1 - size.value(), 0));
      }
      along.low = how.pads == ConvolutionPadding::same ? total / 2 : total;
      along.high = total - along.low;
    }
    countWindows(along, false, given.what + ": along axis " + std::to_string(i + 2), x, at);
    all.push_back(along);
    zeros.push_back({interior[i], along.low, along.high, size + (along.low + along.high)});
  }
  return product(padded(x, zeros, at), w, all, how.groups, false, at);
}

Tensor weft::convolution_transpose(const Tensor &x, const Tensor &w, const ConvolutionTranspose &how, Loc at) {
  Given given("convolution_transpose", x, w, how, at);
  auto refuse = [&](const std::string &why) { fail(at, given.what + ": " + why, {{"operand", x}, {"weights", w}}); };
  const Dim c = x.shape()[1], g = how.groups;
  if (!(c == w.shape()[0]))
    refuse("the weights [C, O / groups, ...] are for " + w.shape()[0].str() +
           " channels, and the operand [B, C, ...] has " + c.str());
  if (!(c % g == Dim(0)))
    refuse(g.str() + " groups do not divide the " + c.str() + " channels of the operand");
  std::vector<int> more = eachAxis(given.what.c_str(), "output_padding", how.output_padding, given.space, 0, at);
  const bool sized = !how.output_size.empty();
  if (sized && int(how.output_size.size()) != given.space)
    refuse("output_size " + str(how.output_size) + " has not one size for each axis of space");
  std::vector<Windows> all;
  std::vector<Zeros> zeros;
  for (int i = 0; i < given.space; ++i) {
    const int k = given.kernels[i], s = given.strides[i], low = given.lows[i], high = given.highs[i],
              d = given.dilations[i], reach = d * (k - 1);
    const Dim size = x.shape()[i + 2];
    auto n = [](int v) { return std::to_string(v); };
    const std::string along = "along axis " + n(i + 2) + " ";
    if (size.lower() < 1)
      refuse(along + "there may be no elements; narrow the bounds");
    const Dim least = (size - 1) * s + (reach + 1 - low - high);
    if (sized && more[i] > 0)
      refuse("give output_size or output_padding, not both");
    const Dim extra = sized ? how.output_size[i] - least : Dim(more[i]);
    const std::string formula = "(size - 1) stride - low - high + dilation (kernel - 1) + 1 + output_padding = (" +
                                size.str() + " - 1) * " + n(s) + " - " + n(low) + " - " + n(high) + " + " + n(d) +
                                " * " + n(k - 1) + " + 1 + " + extra.str();
    // Of sizes known at run time, bounds may not show what the convolution of the result does: it has x's size.
    const bool between = extra.lower() >= 0 && extra.upper() < std::max(s, d);
    const bool mapped = sized && (how.output_size[i] + (low + high - reach - 1)) / s + 1 == size;
    if (!between && !mapped)
      refuse(along + "the result may have from " + least.str() + " to " + (least + (std::max(s, d) - 1)).str() +
             " elements: output_padding is at least 0 and below the larger of stride and dilation, found " +
             extra.str() + " of " + formula);
    const Dim result = sized ? how.output_size[i] : least + extra;
    if (result.lower() < 0)
      refuse(along + "the paddings take more than there is: the result has " + formula + " elements");
    all.push_back({i + 2, result + reach, k, 1, 0, 0, d, result});
    // Where the size behind is not one number, there are as many zeros as it may need.
    const int behind = extra.isStatic() ? int(extra.value()) : std::max(s, d) - 1;
    zeros.push_back({s - 1, reach - low, reach - high + behind, result + reach});
  }
  return product(padded(x, zeros, at), w, all, how.groups, true, at);
}

// ---- layers
// Both begin as PyTorch's: uniform within 1 / sqrt(inputs of one result), which is Kaiming's with a slope of sqrt(5).
Tensor nn::Conv::weights() const { return weightsOf(out, in, groups, kernel); }
Tensor nn::ConvTranspose::weights() const { return weightsOf(in, out, groups, kernel); }
Init detail::uniformOfInputs(const Tensor &weights) {
  double inputs = 1;
  for (std::size_t i = 1; i < weights.shape().size(); ++i)
    inputs *= double(std::max<std::int64_t>(weights.shape()[i].value(), 1));
  return init::uniform(-1 / std::sqrt(inputs), 1 / std::sqrt(inputs));
}
Tensor nn::Conv::operator()(const Tensor &x, Loc at) const {
  requireValue(x, "conv", "input", at);
  Convolution how{stride, padding, padding_high, dilation, groups, 0, pads};
  return withBias(convolution(x, cast(Tensor(w), x.dtype(), at), how, at), b, at);
}
Tensor nn::ConvTranspose::operator()(const Tensor &x, Loc at) const {
  requireValue(x, "conv_transpose", "input", at);
  ConvolutionTranspose how{stride, padding, padding_high, dilation, groups, output_padding, {}};
  return withBias(convolution_transpose(x, cast(Tensor(w), x.dtype(), at), how, at), b, at);
}
