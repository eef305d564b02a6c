// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Convolutions against plain loops at all levels, their derivatives against differences, the transposed one as the
// adjoint, slices of vmap, sizes known at run time, types, layers and errors.
#include "Messages.h"
#include "weft/weft.h"
#include <cmath>
#include <functional>
#include <gtest/gtest.h>
#include <set>

using namespace weft;

namespace {
using Ints = std::vector<int>;
Tensor drawn(const Ints &sizes, int seed) {
  Shape shape(sizes.begin(), sizes.end());
  std::size_t count = 1;
  for (int size : sizes)
    count *= std::size_t(size);
  std::vector<double> v;
  for (std::size_t i = 0; i < count; ++i)
    v.push_back(double((i * 7919 + std::size_t(seed) * 104729) % 1009 % 61) / 32 - 30.0 / 32);
  return Tensor::copy(v, shape);
}
std::vector<double> doubles(const Tensor &x) {
  Tensor wide = cast(x, f64);
  return {wide.span<double>().begin(), wide.span<double>().end()};
}
void expectNear(const std::string &what, const std::vector<double> &found, const std::vector<double> &right,
                double bound = 1e-12) {
  ASSERT_EQ(found.size(), right.size()) << what;
  for (std::size_t i = 0; i < right.size(); ++i)
    ASSERT_NEAR(found[i], right[i], bound * std::max(1.0, std::fabs(right[i]))) << what << ", element " << i;
}

struct Case {
  std::string name;
  Ints x, w;
  Ints stride, low, high, dilation;
  int groups = 1;
  Ints interior{};
};
const std::vector<Case> &cases() {
  static const std::vector<Case> all{
      {"1d", {2, 3, 9}, {4, 3, 3}, {1}, {0}, {0}, {1}},
      {"1d strided", {2, 2, 11}, {3, 2, 4}, {2}, {1}, {2}, {1}},
      {"1d stride 4, dilated", {1, 2, 20}, {2, 2, 3}, {4}, {3}, {0}, {2}},
      {"1d causal", {2, 4, 7}, {4, 2, 3}, {1}, {4}, {0}, {2}, 2},
      {"1d of one place", {2, 3, 5}, {2, 3, 1}, {2}, {0}, {0}, {1}},
      {"1d long", {1, 1, 50}, {2, 1, 40}, {3}, {2}, {1}, {1}},
      {"2d", {2, 3, 6, 5}, {4, 3, 3, 2}, {1, 1}, {1, 0}, {1, 1}, {1, 1}},
      {"2d strides", {2, 2, 9, 8}, {3, 2, 3, 3}, {2, 4}, {1, 2}, {0, 1}, {1, 1}},
      {"2d patches", {2, 3, 9, 8}, {5, 3, 4, 4}, {4, 4}, {0, 0}, {0, 0}, {1, 1}},
      {"2d dilated", {1, 2, 9, 9}, {3, 2, 3, 2}, {1, 2}, {2, 3}, {2, 0}, {2, 3}},
      {"2d grouped", {2, 4, 5, 6}, {6, 2, 3, 3}, {1, 2}, {1, 1}, {1, 1}, {1, 1}, 2},
      {"2d depthwise", {2, 3, 5, 6}, {3, 1, 3, 3}, {1, 1}, {1, 1}, {1, 1}, {1, 1}, 3},
      {"2d depthwise times 2", {1, 3, 5, 5}, {6, 1, 2, 3}, {2, 1}, {0, 1}, {1, 1}, {1, 1}, 3},
      {"2d interior", {1, 2, 4, 3}, {2, 2, 3, 3}, {1, 2}, {1, 2}, {1, 0}, {1, 1}, 1, {1, 2}},
      {"2d batch of none", {0, 2, 5, 5}, {3, 2, 3, 3}, {1, 1}, {1, 1}, {1, 1}, {1, 1}},
      {"3d", {1, 2, 4, 5, 4}, {3, 2, 2, 3, 2}, {1, 2, 2}, {0, 1, 1}, {1, 1, 0}, {1, 1, 2}},
      {"3d grouped", {2, 2, 3, 3, 4}, {4, 1, 2, 2, 3}, {1, 1, 1}, {0, 0, 1}, {0, 1, 1}, {1, 1, 1}, 2},
  };
  return all;
}
detail::Convolution howOf(const Case &c) {
  return {.stride = c.stride,
          .padding = c.low,
          .padding_high = c.high,
          .dilation = c.dilation,
          .groups = c.groups,
          .interior = c.interior.empty() ? detail::PerAxis(0) : detail::PerAxis(c.interior)};
}
Ints resultOf(const Case &c) {
  Ints sizes{c.x[0], c.w[0]};
  for (std::size_t i = 0; i < c.stride.size(); ++i) {
    int between = c.interior.empty() ? 0 : c.interior[i], size = (c.x[i + 2] - 1) * (between + 1) + 1;
    sizes.push_back((size + c.low[i] + c.high[i] - c.dilation[i] * (c.w[i + 2] - 1) - 1) / c.stride[i] + 1);
  }
  return sizes;
}
std::size_t placeOf(const Ints &at, const Ints &sizes) {
  std::size_t place = 0;
  for (std::size_t i = 0; i < sizes.size(); ++i)
    place = place * std::size_t(sizes[i]) + std::size_t(at[i]);
  return place;
}
bool next(Ints &at, const Ints &sizes) {
  for (std::size_t i = sizes.size(); i-- > 0;) {
    if (++at[i] < sizes[i])
      return true;
    at[i] = 0;
  }
  return false;
}
/// The definition, as loops.
std::vector<double> loops(const Case &c, const std::vector<double> &x, const std::vector<double> &w) {
  const Ints sizes = resultOf(c);
  const std::size_t space = c.stride.size();
  std::size_t count = 1;
  for (int size : sizes)
    count *= std::size_t(size);
  std::vector<double> y(count);
  if (count == 0)
    return y;
  const Ints inner(c.w.begin() + 1, c.w.end()); // channels of a group, offsets
  Ints at(sizes.size());
  do {
    double total = 0;
    Ints k(inner.size());
    do {
      Ints from(c.x.size()), of(c.w.size());
      from[0] = at[0], of[0] = at[1];
      from[1] = at[1] / (c.w[0] / c.groups) * inner[0] + k[0], of[1] = k[0];
      bool inside = true;
      for (std::size_t i = 0; i < space; ++i) {
        const int between = c.interior.empty() ? 1 : c.interior[i] + 1;
        const int place = at[i + 2] * c.stride[i] + k[i + 1] * c.dilation[i] - c.low[i];
        inside &= place >= 0 && place % between == 0 && place / between < c.x[i + 2];
        from[i + 2] = place / between, of[i + 2] = k[i + 1];
      }
      if (inside)
        total += x[placeOf(from, c.x)] * w[placeOf(of, c.w)];
    } while (next(k, inner));
    y[placeOf(at, sizes)] = total;
  } while (next(at, sizes));
  return y;
}
Tensor weightsAlong(const Shape &shape) {
  Dim count = 1;
  for (const Dim &d : shape)
    count *= d;
  return reshape(sin(cast(iota(count), f64) + 1), shape);
}
using Op = std::function<Tensor(Tensor, Tensor)>;
/// First and second derivatives by both operands against central differences, and forward mode against reverse mode.
void expectDerivatives(const std::string &what, const Tensor &x, const Tensor &w, const Op &f) {
  auto first = [&](Tensor x, Tensor w) {
    Tensor y = f(x, w);
    return sum(weightsAlong(y.shape()) * y * (1 + 0.3 * y));
  };
  auto second = [&](Tensor x, Tensor w) {
    auto l = first(x, w);
    Tensor dx = grad(l, x), dw = grad(l, w);
    return sum(weightsAlong(dx.shape()) * square(dx)) + sum(weightsAlong(dw.shape()) * square(dw));
  };
  for (int order = 1; order <= 2; ++order) {
    auto of = [&](Tensor x, Tensor w) { return order == 1 ? first(x, w) : second(x, w); };
    auto value = jit([&](Tensor x, Tensor w) { return of(x, w); }, x, w);
    auto both = run(
        [&](Tensor x, Tensor w) {
          Tensor l = of(x, w);
          return std::pair{grad(l, x), grad(l, w)};
        },
        x, w);
    const double h = 1e-5;
    std::vector<double> xs = doubles(x), ws = doubles(w);
    for (bool byWeights : {false, true}) {
      std::vector<double> &moved = byWeights ? ws : xs;
      std::vector<double> found = doubles(byWeights ? both.second : both.first), right;
      for (double &v : moved) {
        const double was = v;
        auto with = [&](double t) {
          v = t;
          return value(Tensor::copy(xs, x.shape()), Tensor::copy(ws, w.shape())).item<double>();
        };
        right.push_back((with(was + h) - with(was - h)) / (2 * h));
        v = was;
      }
      expectNear(what + (byWeights ? " by w" : " by x") + ", derivative " + std::to_string(order), found, right, 2e-6);
    }
    if (order == 1) {
      double along = run([&](Tensor x, Tensor w) { return jvp(first(x, w), x, cos(x)); }, x, w).item<double>(), sum = 0;
      std::vector<double> dx = doubles(both.first);
      for (std::size_t i = 0; i < dx.size(); ++i)
        sum += dx[i] * std::cos(xs[i]);
      EXPECT_NEAR(along, sum, 1e-10 * std::max(1.0, std::fabs(sum))) << what << ", forward";
    }
  }
}
} // namespace

TEST(Convolution, MatchesLoops) {
  for (const Case &c : cases()) {
    Tensor x = drawn(c.x, 1), w = drawn(c.w, 2);
    auto f = [&](Tensor x, Tensor w) { return convolution(x, w, howOf(c)); };
    const std::vector<double> right = loops(c, doubles(x), doubles(w));
    for (int level : {0, 1, 2, 3}) {
      Tensor y = jit(Options{.optimize = level}, f, x, w)(x, w);
      for (std::size_t i = 0; i < c.x.size(); ++i)
        EXPECT_EQ(y.dim(int(i)).value(), resultOf(c)[i]) << c.name;
      expectNear(c.name + " at level " + std::to_string(level), doubles(y), right);
    }
    Shape shape = x.shape();
    shape[0] = dim("B", 0, 5);
    expectNear(c.name + " of a bounded batch", doubles(jit(f, f64(shape), w)(x, w)), right);
  }
}

TEST(Convolution, MapsOverEither) {
  for (const Case &c : cases()) {
    if (c.x[0] == 0)
      continue;
    Tensor x = drawn(c.x, 1), w = drawn(c.w, 2);
    auto f = [&](Tensor x, Tensor w) { return convolution(x, w, howOf(c)); };
    const std::vector<double> right = loops(c, doubles(x), doubles(w));
    auto last = [&](auto g) { return doubles(run([&](Tensor x, Tensor w) { return g(x, w)[1]; }, x, w)); };
    expectNear(c.name + " over x",
               last([&](Tensor x, Tensor w) { return vmap([&](Tensor x) { return f(x, w); }, stack({0 * x, x})); }),
               right);
    expectNear(c.name + " over w",
               last([&](Tensor x, Tensor w) { return vmap([&](Tensor w) { return f(x, w); }, stack({0 * w, w})); }),
               right);
    expectNear(c.name + " over both",
               last([&](Tensor x, Tensor w) { return vmap(f, stack({0 * x, x}), stack({w + 1, w})); }), right);
  }
}

TEST(Convolution, Derivatives) {
  const std::set<std::string> some{"1d strided", "1d causal",   "1d long", "2d patches",
                                   "2d grouped", "2d interior", "3d"};
  for (const Case &c : cases())
    if (some.count(c.name))
      expectDerivatives(c.name, drawn(c.x, 1), drawn(c.w, 2),
                        [&](Tensor x, Tensor w) { return convolution(x, w, howOf(c)); });
}

/// <convolution(x, w), y> = <x, convolution_transpose(y, w)>, with the weights as they are.
TEST(Convolution, TransposedIsTheAdjoint) {
  for (const Case &c : cases()) {
    if (!c.interior.empty() || c.x[0] == 0)
      continue;
    Tensor x = drawn(c.x, 1), w = drawn(c.w, 2), y = drawn(resultOf(c), 3);
    Shape size(x.shape().begin() + 2, x.shape().end());
    std::vector<int> more;
    for (std::size_t i = 0; i < c.stride.size(); ++i)
      more.push_back((c.x[i + 2] + c.low[i] + c.high[i] - c.dilation[i] * (c.w[i + 2] - 1) - 1) % c.stride[i]);
    for (bool sized : {false, true}) {
      detail::ConvolutionTranspose how{
          .stride = c.stride, .padding = c.low, .padding_high = c.high, .dilation = c.dilation, .groups = c.groups};
      if (sized)
        how.output_size = size;
      else
        how.output_padding = more;
      auto f = [&](Tensor y, Tensor w) { return convolution_transpose(y, w, how); };
      for (int level : {0, 3}) {
        Tensor back = jit(Options{.optimize = level}, f, y, w)(y, w);
        ASSERT_EQ(str(back.shape()), str(x.shape())) << c.name;
        std::vector<double> adjoint = doubles(back), of = doubles(x), ys = doubles(y);
        // For each element of x alone, so that all of the adjoint is compared.
        std::vector<double> right;
        for (std::size_t i = 0; i < of.size(); ++i) {
          std::vector<double> unit(of.size());
          unit[i] = 1;
          std::vector<double> column = loops(c, unit, doubles(w));
          double product = 0;
          for (std::size_t j = 0; j < column.size(); ++j)
            product += column[j] * ys[j];
          right.push_back(product);
        }
        expectNear(c.name + " transposed", adjoint, right);
      }
    }
  }
  detail::ConvolutionTranspose how{.stride = 2, .padding = 1, .output_padding = 1};
  expectDerivatives("transposed", drawn({2, 3, 4}, 1), drawn({3, 2, 3}, 2),
                    [&](Tensor x, Tensor w) { return convolution_transpose(x, w, how); });
}

TEST(Convolution, SizesKnownAtRunTime) {
  Dim n = dim("N", 3, 12);
  auto f = [](Tensor x, Tensor w) { return convolution(x, w, {.stride = 2, .padding = 1}); };
  auto df = [&](Tensor x, Tensor w) {
    Tensor l = sum(square(f(x, w)));
    return std::pair{grad(l, x), grad(l, w)};
  };
  Tensor w = drawn({4, 2, 3}, 2);
  auto bounded = jit(f, f64({2, 2, n}), w);
  auto derivative = jit(df, f64({2, 2, n}), w);
  auto up = jit([](Tensor x, Tensor w) { return convolution_transpose(x, w, {.stride = 3, .padding = 1}); },
                f64({2, 4, n}), w);
  auto longer =
      jit([](Tensor x, Tensor w) { return convolution(x, w, {.padding = 33}); }, f64({1, 1, n}), drawn({1, 1, 40}, 3));
  // Back to the size that it came from, whichever that is.
  auto back = [](Tensor x, Tensor w) {
    Tensor y = convolution(x, w, {.stride = 2, .padding = 1});
    return convolution_transpose(y, w, {.stride = 2, .padding = 1, .output_size = {x.dim(2)}});
  };
  auto there = jit(back, f64({2, 2, n}), w);
  for (int size : {3, 8, 12}) {
    Tensor x = drawn({2, 2, size}, 1), y = drawn({2, 4, size}, 4), z = drawn({1, 1, size}, 5);
    Case c{"", {2, 2, size}, {4, 2, 3}, {2}, {1}, {1}, {1}};
    expectNear("bounded", doubles(bounded(x, w)), loops(c, doubles(x), doubles(w)));
    auto found = derivative(x, w), right = run(df, x, w);
    expectNear("by x", doubles(found.first), doubles(right.first));
    expectNear("by w", doubles(found.second), doubles(right.second));
    expectNear("transposed", doubles(up(y, w)),
               doubles(run([](Tensor y, Tensor w) { return convolution_transpose(y, w, {.stride = 3, .padding = 1}); },
                           y, w)));
    for (int more : {0, -1})
      if (size + more >= 3) {
        Tensor z = drawn({2, 2, size + more}, 6);
        expectNear("there and back", doubles(there(z, w)), doubles(run(back, z, w)));
      }
    Case l{"", {1, 1, size}, {1, 1, 40}, {1}, {33}, {33}, {1}};
    expectNear("long", doubles(longer(z, drawn({1, 1, 40}, 3))), loops(l, doubles(z), doubles(drawn({1, 1, 40}, 3))));
  }
}

TEST(Convolution, Types) {
  Case c{"", {2, 8, 6, 6}, {4, 8, 3, 3}, {1, 1}, {1, 1}, {1, 1}, {1, 1}};
  Tensor x = drawn(c.x, 1), w = drawn(c.w, 2);
  const std::vector<double> right = loops(c, doubles(x), doubles(w));
  for (DType type : {f32, bf16, f16})
    for (int level : {0, 3}) {
      // x and w hold 6 bits, so the products are exact, their sum in f32 too, and the result rounds once.
      Tensor y = jit(
          Options{.optimize = level},
          [&](Tensor x, Tensor w) { return convolution(cast(x, type), cast(w, type), {.padding = 1}); }, x, w)(x, w);
      Tensor rounded = run([&](Tensor y) { return cast(y, type); }, Tensor::copy(right, y.shape()));
      expectNear(type.name(), doubles(y), doubles(rounded), 0);
    }
  Tensor i = cast(32 * x, i32), j = cast(32 * w, i32);
  std::vector<double> whole = doubles(run([](Tensor i, Tensor j) { return convolution(i, j, {.padding = 1}); }, i, j));
  for (double &v : whole)
    v /= 1024;
  expectNear("i32", whole, right, 0);
}

/// Large enough for the products that are computed by panels.
TEST(Convolution, OfManyChannels) {
  for (int groups : {1, 4}) {
    Case c{"", {2, 32, 10, 9}, {40, 32 / groups, 3, 3}, {1, 2}, {1, 1}, {1, 1}, {1, 1}, groups};
    Tensor x = drawn(c.x, 1), w = drawn(c.w, 2);
    const std::vector<double> right = loops(c, doubles(x), doubles(w));
    for (DType type : {f64, f32, bf16}) {
      auto all = [&](Tensor x, Tensor w) {
        Tensor a = cast(x, type), b = cast(w, type), y = convolution(a, b, howOf(c));
        // A cotangent of few bits keeps the derivatives' sums exact as well.
        Tensor l = sum(cast(y * cast(cast(iota(9), type)(range(4, 9)), type), f32));
        return std::tuple{y, grad(l, a), grad(l, b)};
      };
      auto [y, dx, dw] = jit(Options{.optimize = 3}, all, x, w)(x, w);
      auto [y0, dx0, dw0] = jit(Options{.optimize = 0}, all, x, w)(x, w);
      // One rounding to bf16 of numbers that are exact.
      expectNear(type.name(), doubles(y), right, type == bf16 ? 1.0 / 256 : 0);
      // The parts of dx, one for each offset, round to bf16 each.
      expectNear("by x", doubles(dx), doubles(dx0), type == bf16 ? 1.0 / 16 : 0);
      expectNear("by w", doubles(dw), doubles(dw0), 0);
    }
  }
}

TEST(Convolution, ChosenPadding) {
  Tensor x = drawn({1, 2, 8}, 1), w = drawn({2, 2, 4}, 2);
  auto same = [](Tensor x, Tensor w) { return convolution(x, w, {.stride = 3, .pads = ConvolutionPadding::same}); };
  Case c{"", {1, 2, 8}, {2, 2, 4}, {3}, {1}, {1}, {1}}; // 3 results of 10 places
  expectNear("same", doubles(run(same, x, w)), loops(c, doubles(x), doubles(w)));
  auto causal = [](Tensor x, Tensor w) {
    return convolution(x, w, {.dilation = 2, .pads = ConvolutionPadding::causal});
  };
  c = {"", {1, 2, 8}, {2, 2, 4}, {1}, {6}, {0}, {2}};
  expectNear("causal", doubles(run(causal, x, w)), loops(c, doubles(x), doubles(w)));
}

namespace {
struct Net {
  nn::Conv down{.in = 2, .out = 4, .kernel = {3, 3}, .stride = {2}, .padding = {1}};
  nn::ConvTranspose up{.in = 4, .out = 2, .kernel = {2, 2}, .stride = {2}};
  Tensor operator()(Tensor x) const { return up(relu(down(x))); }
};
} // namespace
TEST(Convolution, Layers) {
  Net net;
  initialize(net, Key(0));
  Tensor x = cast(drawn({2, 2, 8, 8}, 1), f32);
  Tensor y = run([](Net n, Tensor x) { return n(x); }, net, x);
  EXPECT_EQ(str(y.shape()), "[2, 2, 8, 8]");
  std::vector<double> w = doubles(net.down.w), b = doubles(net.down.b);
  ASSERT_EQ(w.size(), 72u);
  ASSERT_EQ(b.size(), 4u);
  double most = 0;
  for (double v : w)
    most = std::max(most, std::fabs(v));
  EXPECT_LE(most, 1 / std::sqrt(18.0));
  EXPECT_GT(most, 0.8 / std::sqrt(18.0));
  Tensor plain = run([](Net n, Tensor x) { return convolution(x, n.down.w, {.stride = 2, .padding = 1}); }, net, x);
  Tensor with = run([](Net n, Tensor x) { return n.down(x); }, net, x);
  std::vector<double> right = doubles(plain);
  for (std::size_t i = 0; i < right.size(); ++i)
    right[i] += b[i / 16 % 4];
  expectNear("bias", doubles(with), right, 1e-6);
}

TEST(Convolution, Errors) {
  auto conv = [](detail::Convolution how) { return [how](Tensor x, Tensor w) { return convolution(x, w, how); }; };
  EXPECT_JIT_MESSAGE(
      "convolution of f32 [1, 2, 4] with f32 [3, 2, 7]: along axis 2 a window of 7 elements does not fit: the "
      "result has floor((size + low + high - dilation (kernel - 1) - 1) / stride) + 1 = floor((4 + 1 + 1 - 1 "
      "* 6 - 1) / 1) + 1 elements",
      conv({.padding = 1}), f32({1, 2, 4}), f32({3, 2, 7}));
  EXPECT_JIT_MESSAGE("may not fit, narrow the bounds", conv({}), f32({1, 2, dim("N", 1, 9)}), f32({3, 2, 3}));
  EXPECT_JIT_MESSAGE("are for 4 channels in 2 groups, and the operand [B, C, ...] has 3", conv({.groups = 2}),
                     f32({1, 3, 4}), f32({4, 2, 1}));
  EXPECT_JIT_MESSAGE("2 groups do not divide the 3 channels of the result", conv({.groups = 2}), f32({1, 4, 4}),
                     f32({3, 2, 1}));
  EXPECT_JIT_MESSAGE("groups must be at least 1, found 0", conv({.groups = 0}), f32({1, 4, 4}), f32({3, 2, 1}));
  EXPECT_JIT_MESSAGE("convolution of f32 [1, 4, 4] with f32 [3, 4, 1]: stride must be at least 1, found -1",
                     conv({.stride = -1}), f32({1, 4, 4}), f32({3, 4, 1}));
  EXPECT_JIT_MESSAGE("padding has 2 numbers for 1 axes of space", conv({.padding = {1, 1}}), f32({1, 4, 4}),
                     f32({3, 4, 1}));
  EXPECT_JIT_MESSAGE("expected weights with 2 sizes of the window", conv({}), f32({1, 4, 4, 4}), f32({3, 4, 1}));
  EXPECT_JIT_MESSAGE("expected an operand [B, C, ...]", conv({}), f32({4, 4}), f32({3, 4}));
  EXPECT_JIT_MESSAGE("element types differ", conv({}), f32({1, 4, 4}), bf16({3, 4, 1}));
  EXPECT_JIT_MESSAGE("must be numbers from 1 to 32767, found 0", conv({}), f32({1, 4, 4}), f32({3, 4, 0}));
  EXPECT_JIT_MESSAGE("too large", conv({.dilation = 1 << 30}), f32({1, 4, 4}), f32({3, 4, 9}));
  EXPECT_JIT_MESSAGE("leave `padding` and `padding_high` out", conv({.padding = 1, .pads = ConvolutionPadding::same}),
                     f32({1, 4, 4}), f32({3, 4, 1}));
  auto up = [](detail::ConvolutionTranspose how) {
    return [how](Tensor x, Tensor w) { return convolution_transpose(x, w, how); };
  };
  EXPECT_JIT_MESSAGE("are for 2 channels, and the operand [B, C, ...] has 3", up({}), f32({1, 3, 4}), f32({2, 2, 1}));
  EXPECT_JIT_MESSAGE("the result may have from 7 to 8 elements", up({.stride = 2, .output_size = {9}}), f32({1, 2, 4}),
                     f32({2, 2, 1}));
  EXPECT_JIT_MESSAGE(
      "the paddings take more than there is: the result has (size - 1) stride - low - high + dilation (kernel "
      "- 1) + 1 + output_padding = (2 - 1) * 1 - 2 - 2 + 1 * 0 + 1 + 0 elements",
      up({.padding = 2}), f32({1, 2, 2}), f32({2, 2, 1}));
  EXPECT_JIT_MESSAGE("give output_size or output_padding, not both", up({.output_padding = 1, .output_size = {9}}),
                     f32({1, 2, 4}), f32({2, 2, 1}));
}
