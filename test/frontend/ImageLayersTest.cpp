// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Layers of models of images against plain loops, and what other systems once did wrong with these ops.
#include "Messages.h"
#include "weft/weft.h"
#include <cmath>
#include <gtest/gtest.h>

using namespace weft;

namespace {
std::vector<double> doubles(const Tensor &x) {
  Tensor wide = cast(x, f64);
  return {wide.span<double>().begin(), wide.span<double>().end()};
}
Tensor drawn(const Shape &shape, int seed) {
  std::int64_t count = 1;
  for (const Dim &d : shape)
    count *= d.value();
  std::vector<double> v;
  for (std::int64_t i = 0; i < count; ++i)
    v.push_back(double((i * 7919 + seed * 104729) % 1009 % 61 - 30) / 32);
  return Tensor::copy(v, shape);
}
Tensor row(const std::vector<double> &v) { return Tensor::copy(v, {1, 1, Dim(v.size())}); }
void expectNear(const std::string &what, const Tensor &x, const std::vector<double> &right, double bound = 1e-12) {
  std::vector<double> found = doubles(x);
  ASSERT_EQ(found.size(), right.size()) << what << " " << x.str();
  for (std::size_t i = 0; i < right.size(); ++i)
    if (std::isfinite(right[i]))
      EXPECT_NEAR(found[i], right[i], bound * std::max(1.0, std::fabs(right[i]))) << what << ", element " << i;
    else
      EXPECT_TRUE(std::isnan(right[i]) ? std::isnan(found[i]) : found[i] == right[i]) << what << ", element " << i;
}
bool has(const std::string &text, const std::string &part) { return text.find(part) != std::string::npos; }
/// Of a function of x that gives a number, against central differences.
template <class F> void expectGradient(const std::string &what, F f, const Tensor &x, double bound = 1e-7) {
  auto value = jit(f, x);
  std::vector<double> at = doubles(x), right;
  for (double &v : at) {
    const double was = v, h = 1e-5;
    auto with = [&](double w) {
      v = w;
      return value(Tensor::copy(at, x.shape())).template item<double>();
    };
    right.push_back((with(was + h) - with(was - h)) / (2 * h));
    v = was;
  }
  expectNear(what, run([&](Tensor x) { return grad(f(x), x); }, x), right, bound);
}

struct Normed {
  nn::BatchNorm norm{3};
  Key key{};
};
Normed fresh() {
  Normed s;
  initialize(s, Key(0));
  return s;
}
Tensor train(Normed &s, Tensor x) { return s.norm(x, training(s.key)); }
} // namespace

// ---- norms
TEST(BatchNorm, MatchesPlainLoops) {
  const int B = 2, C = 3, N = 20;
  Tensor x = drawn({B, C, 4, 5}, 1);
  auto v = doubles(x);
  Normed s = cast(fresh(), f64);
  s.norm.g = Tensor::copy(std::vector<double>{1, -2, 0.5}, {3});
  s.norm.b = Tensor::copy(std::vector<double>{0, 1, 2}, {3});
  auto g = doubles(s.norm.g), b = doubles(s.norm.b);
  std::vector<double> means, spreads, right(v.size());
  auto each = [&](int c, auto f) {
    for (int n = 0; n < B; ++n)
      for (int i = 0; i < N; ++i)
        f((n * C + c) * N + i);
  };
  for (int c = 0; c < C; ++c) {
    double m = 0, q = 0;
    each(c, [&](int i) { m += v[i] / (B * N); });
    each(c, [&](int i) { q += (v[i] - m) * (v[i] - m) / (B * N); });
    means.push_back(m), spreads.push_back(q);
    each(c, [&](int i) { right[i] = (v[i] - m) / std::sqrt(q + 1e-5) * g[c] + b[c]; });
  }
  auto step = jit(train, s, f64({dim("B", 1, 8), 3, 4, 5}));
  expectNear("training", step(s, x), right);
  std::vector<double> m, q;
  for (int c = 0; c < C; ++c)
    m.push_back(0.1 * means[c]), q.push_back(0.9 + 0.1 * spreads[c] * (B * N) / (B * N - 1));
  expectNear("running means", s.norm.mean, m);
  expectNear("running variances", s.norm.variance, q);
  for (int c = 0; c < C; ++c)
    each(c, [&](int i) { right[i] = (v[i] - m[c]) / std::sqrt(q[c] + 1e-5) * g[c] + b[c]; });
  // Evaluation changes nothing; bound, the kernel reads two vectors.
  auto evaluate = [](const nn::BatchNorm &n, Tensor x) { return n(x); };
  auto fn = jit(evaluate, s.norm, x);
  expectNear("evaluation", fn(s.norm, x), right);
  auto bound = fn.bind(s.norm);
  expectNear("bound", bound(x), right);
  EXPECT_TRUE(has(bound.plan(), "plan of @main: 1 dispatch\n")) << bound.plan();
  Mode off;
  auto either = [&](nn::BatchNorm &n, Tensor x) { return n(x, off); };
  expectNear("a mode that does not train", run(either, s.norm, x), right);
  expectNear("and changes nothing", s.norm.mean, m);
}
TEST(BatchNorm, Derivatives) {
  Normed s = cast(fresh(), f64);
  Tensor w = drawn({2, 3, 4}, 2);
  auto trained = [&](Tensor x) {
    Normed t = map(s, [](Tensor v) { return constant(v); });
    return sum(train(t, x) * constant(w));
  };
  expectGradient("training", trained, drawn({2, 3, 4}, 3));
  expectGradient("twice", [&](Tensor x) { return sum(square(grad(trained(x), x))); }, drawn({2, 3, 4}, 3), 1e-5);
  // Only parameters learn.
  auto d =
      run([](const nn::BatchNorm &n, Tensor x) { return grad(sum(square(n(x))), n); }, s.norm, drawn({2, 3, 4}, 3));
  EXPECT_FALSE(d.g.empty());
  EXPECT_TRUE(d.mean.empty() && d.variance.empty());
}
TEST(BatchNorm, Narrow) {
  Normed s = fresh();
  Tensor x = drawn({4, 3, 5}, 4);
  Tensor y = run(train, s, cast(x, bf16));
  EXPECT_EQ(y.str(), "bf16 [4, 3, 5]");
  EXPECT_EQ(s.norm.variance.str(), "f32 [3]");
  Normed t = cast(fresh(), f64);
  expectNear("bf16", y, doubles(run(train, t, x)), 0.02);
}
TEST(BatchNorm, OneValue) {
  Normed s = fresh();
  std::string text = test::messageOf([&] { jit(train, s, f32({1, 3})); });
  EXPECT_TRUE(has(text, "batch_norm: training needs more than one value of each channel, found f32 [1, 3]")) << text;
  EXPECT_TRUE(has(text, "ImageLayersTest.cpp:")) << text;
  text = test::messageOf([&] { jit(train, s, f32({2, 4, 5})); });
  EXPECT_TRUE(has(text, "batch_norm: expected [B, 3, ...], found f32 [2, 4, 5]")) << text;
  // A batch that may be one value: it has no spread, and nothing is divided by 0.
  auto step = jit(train, s, f32({dim("B", 1, 8), 3}));
  expectNear("one", step(s, Tensor::copy(std::vector<float>{1, 2, 3}, {1, 3})), {0, 0, 0});
  expectNear("its variance", s.norm.variance, {0.9, 0.9, 0.9}, 1e-6);
}
TEST(AdaIN, TakesTheStyle) {
  Tensor x = drawn({2, 3, 4, 5}, 5), style = drawn({2, 3, 7}, 6);
  Tensor y = run([](Tensor x, Tensor s) { return nn::adain(x, s, 0); }, x, style);
  auto v = doubles(style), u = doubles(y);
  for (int c = 0; c < 6; ++c) {
    double m[2] = {}, q[2] = {};
    for (int i = 0; i < 7; ++i)
      m[0] += v[c * 7 + i] / 7;
    for (int i = 0; i < 7; ++i)
      q[0] += (v[c * 7 + i] - m[0]) * (v[c * 7 + i] - m[0]) / 7;
    for (int i = 0; i < 20; ++i)
      m[1] += u[c * 20 + i] / 20;
    for (int i = 0; i < 20; ++i)
      q[1] += (u[c * 20 + i] - m[1]) * (u[c * 20 + i] - m[1]) / 20;
    EXPECT_NEAR(m[0], m[1], 1e-12);
    EXPECT_NEAR(q[0], q[1], 1e-12);
  }
  Tensor w = drawn({1, 2, 6}, 7);
  expectGradient(
      "by the image", [&](Tensor x) { return sum(nn::adain(x, constant(drawn({1, 2, 5}, 8))) * constant(w)); },
      drawn({1, 2, 6}, 9));
  expectGradient(
      "by the style", [&](Tensor s) { return sum(nn::adain(constant(drawn({1, 2, 6}, 9)), s) * constant(w)); },
      drawn({1, 2, 5}, 8));
  nn::AdaIN layer{3, 4};
  initialize(layer, Key(1));
  layer = cast(layer, f64);
  auto [a, b] = run(
      [](const nn::AdaIN &n, Tensor x, Tensor c) {
        nn::InstanceNorm plain{3};
        Tensor both = n.style(c), scale = slice(both, 1, 0, 3), shift = slice(both, 1, 3, 6);
        return std::pair{n(x, c), plain(x) * (1 + reshape(scale, {2, 3, 1, 1})) + reshape(shift, {2, 3, 1, 1})};
      },
      layer, x, drawn({2, 4}, 10));
  expectNear("layer", a, doubles(b));
}

// ---- what other systems once did wrong
TEST(ImageReports, CeilKeepsNoWindowInThePadding) {
  auto shape = [](const Shape &x, detail::PerAxis kernel, detail::Pool how) {
    how.ceil = true;
    return shape_of([&](Tensor x) { return max_pool(x, kernel, how); }, f32(x)).str();
  };
  EXPECT_EQ(shape({1, 1, 6, 7}, 1, {.stride = 2}), "f32 [1, 1, 3, 4]");
  EXPECT_EQ(shape({1, 1, 8, 10}, 3, {.stride = 4}), "f32 [1, 1, 2, 3]");
  EXPECT_EQ(shape({1, 1, 5, 6}, 1, {.stride = 2}), "f32 [1, 1, 3, 3]");
  EXPECT_EQ(shape({1, 2, 5, 5}, 3, {.stride = 3, .padding = 1}), "f32 [1, 2, 2, 2]");
  EXPECT_EQ(shape({1, 1, 5}, 2, {.stride = 2, .padding = 1}), "f32 [1, 1, 3]");
  EXPECT_EQ(shape({1, 3, 32, 32}, 1, {.stride = 2}), "f32 [1, 3, 16, 16]");
}
TEST(ImageReports, CeilIsNotCounted) {
  auto f = [](Tensor x) { return avg_pool(x, 2, {.stride = 2, .ceil = true}); };
  expectNear("half a window", run(f, row({1, 2, 3, 4, 5})), {1.5, 3.5, 5});
  std::vector<double> all(49);
  for (int i = 0; i < 49; ++i)
    all[i] = i;
  expectNear("gaps",
             run([](Tensor x) { return avg_pool(x, 2, {.stride = 3, .ceil = true}); }, Tensor::copy(all, {1, 1, 7, 7})),
             {4, 7, 9.5, 25, 28, 30.5, 42.5, 45.5, 48});
  // Padding counts, what lies behind it does not.
  expectNear("both",
             run([](Tensor x) { return avg_pool(x, 7, {.stride = 3, .padding = 3, .ceil = true}); },
                 row({2.0903, 4.6493, 1.6320, -3.2051, 4.6975, 4.7296, 3.3653, -1.5815, -2.3832})),
             {0.7381, 2.5656, 0.8032, -0.0999}, 1e-4);
}
TEST(ImageReports, WindowsThatOverlapAndSpread) {
  auto d = [](Tensor x, int kernel, detail::Pool how) {
    return run([&](Tensor x) { return grad(sum(max_pool(x, kernel, how)), x); }, x);
  };
  expectNear("overlapping", d(row({5, 3, 1, 2, 5}), 2, {.stride = 1}), {1, 1, 0, 1, 1});
  expectNear("dilated", d(row({0, 1, 2, 3, 4, 5}), 2, {.stride = 1, .dilation = 2}), {0, 0, 1, 1, 1, 1});
  expectNear("equal", d(row({7, 7, 7, 7}), 2, {.stride = 1}), {1, 1, 1, 0});
  expectNear("below padding of zeros",
             run([](Tensor x) { return max_pool(x, 3, {.stride = 1, .padding = 1}); }, row({-3, -2, -5})),
             {-2, -2, -2});
}
TEST(ImageReports, PlacesAreExact) {
  // A scale in floating point has moved places by one: 88 to 120, and 10 to 1920.
  for (auto [n, m] : std::vector<std::pair<int, int>>{{88, 120}, {10, 1920}, {3, 70000}, {41, 97}}) {
    std::vector<double> v, right;
    for (int i = 0; i < n; ++i)
      v.push_back(i);
    for (std::int64_t i = 0; i < m; ++i)
      right.push_back(double(i * n / m));
    expectNear("nearest", run([&](Tensor x) { return resize(x, {m}); }, row(v)), right, 0);
  }
  // An axis of one element that keeps its size, and a result of one.
  Tensor x = drawn({1, 1, 5, 1}, 1);
  for (Interpolation mode : {Interpolation::linear, Interpolation::cubic}) {
    Tensor y = run([&](Tensor x) { return resize(x, {8, 1}, {mode, true}); }, x);
    for (double v : doubles(y))
      EXPECT_TRUE(std::isfinite(v));
    expectNear("one result", run([&](Tensor x) { return resize(x, {1, 3}, {mode, true}); }, x),
               std::vector<double>(3, doubles(x)[0]));
  }
  // A result that begins with the operand's numbers keeps them: no weight of 1 - eps.
  expectNear("the same size", run([](Tensor x) { return resize(x, {5, 1}, {Interpolation::cubic}); }, x), doubles(x),
             0);
}
TEST(ImageReports, PointsFarAway) {
  auto f = [](GridPadding outside, bool align, Tensor x, Tensor g) {
    return run([&](Tensor x, Tensor g) { return grid_sample(x, g, {Interpolation::linear, outside, align}); }, x, g);
  };
  Tensor ones = cast(Tensor::copy(std::vector<double>(5, 1), {1, 1, 1, 5}), f32);
  Tensor far = Tensor::copy(std::vector<float>{2.9839e38f, -3.2406e38f}, {1, 1, 2});
  expectNear("zeros", f(GridPadding::zeros, false, ones, far), {0});
  expectNear("border", f(GridPadding::border, false, ones, far), {1});
  // Below an image of one row there is nothing.
  expectNear("one row", f(GridPadding::zeros, false, ones, Tensor::copy(std::vector<float>{0, 30}, {1, 1, 2})), {0});
  // On the last element the derivative is that of the border, not of zeros behind it.
  std::vector<double> v;
  for (int i = 0; i < 25; ++i)
    v.push_back(i % 5);
  for (GridPadding outside : {GridPadding::border, GridPadding::reflection})
    expectNear(
        "at the border",
        run([&](Tensor x, Tensor g) { return grad(sum(grid_sample(x, g, {Interpolation::linear, outside, true})), g); },
            Tensor::copy(v, {1, 1, 5, 5}), Tensor::copy(std::vector<double>{1, 0.1, 0.2, 0.1}, {1, 2, 2})),
        {0, 0, 2, 0});
}
TEST(ImageReports, NothingToPad) {
  auto f = [](Tensor x) { return pad(x, {{2, 2, 2}, {3, 2, 2}}, PadMode::reflect); };
  EXPECT_EQ(run(f, zeros({0, 3, 10, 10})).str(), "f32 [0, 3, 14, 14]");
  EXPECT_EQ(run([&](Tensor x) { return grad(sum(f(x)), x); }, zeros({0, 3, 10, 10})).str(), "f32 [0, 3, 10, 10]");
}
TEST(ImageReports, SizesThatNoMemoryHolds) {
  for (std::int64_t size : {std::int64_t(9132760301568586890), std::int64_t(125091515651)}) {
    std::string text =
        test::messageOf([&] { jit([&](Tensor x) { return adaptive_max_pool(x, {size}); }, f32({1, 3, 5})); });
    EXPECT_TRUE(has(text, "do not fit 32 bits")) << text;
    text = test::messageOf([&] { jit([&](Tensor x) { return resize(x, {size}); }, f32({1, 3, 5})); });
    EXPECT_TRUE(has(text, "do not fit 32 bits")) << text;
  }
}
TEST(ImageReports, RunningVarianceIsThatOfASample) {
  std::vector<double> v;
  for (int b = 0; b < 4; ++b)
    for (int c = 0; c < 3; ++c)
      for (int i = 0; i < 4; ++i)
        v.push_back(b + 1 + 4 * c + i);
  Normed s = cast(fresh(), f64);
  run(train, s, Tensor::copy(v, {4, 3, 4}));
  expectNear("variance", s.norm.variance, {1.1666666667, 1.1666666667, 1.1666666667}, 1e-9);
}
