// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Ops of weft/Image.h against golden numbers (test/golden/image.py), their derivatives against differences, types,
// sizes known at run time, slices of vmap, and errors.
#include "Messages.h"
#include "weft/weft.h"
#include <cmath>
#include <functional>
#include <gtest/gtest.h>
#include <map>

using namespace weft;

namespace {
const std::map<std::string, std::vector<double>> &golden() {
  static const std::map<std::string, std::vector<double>> all{
#include "../golden/image.inc"
  };
  return all;
}
std::int64_t countOf(const std::vector<int> &sizes) {
  std::int64_t count = 1;
  for (int size : sizes)
    count *= size;
  return count;
}
Shape shapeOf(const std::vector<int> &sizes) { return {sizes.begin(), sizes.end()}; }
/// The same numbers as `drawn` in image.py.
Tensor drawn(const std::vector<int> &sizes, int seed) {
  std::vector<double> v;
  for (std::int64_t i = 0; i < countOf(sizes); ++i)
    v.push_back(double((i * 7919 + seed * 104729) % 1009 % 61 - 30) / 32);
  return Tensor::copy(v, shapeOf(sizes));
}
std::vector<double> doubles(const Tensor &x) {
  Tensor wide = cast(x, f64);
  return {wide.span<double>().begin(), wide.span<double>().end()};
}
void expectNear(const std::string &what, const std::vector<double> &found, const std::vector<double> &right,
                double bound = 1e-12) {
  ASSERT_EQ(found.size(), right.size()) << what;
  for (std::size_t i = 0; i < right.size(); ++i)
    if (std::isfinite(right[i]))
      EXPECT_NEAR(found[i], right[i], bound * std::max(1.0, std::fabs(right[i]))) << what << ", element " << i;
    else
      EXPECT_TRUE(std::isnan(right[i]) ? std::isnan(found[i]) : found[i] == right[i])
          << what << ", element " << i << " is " << found[i] << ", expected " << right[i];
}
using Op = std::function<Tensor(Tensor)>;
/// Compiled at all levels, on one slice more with vmap, and with a batch that is known at run time.
void expectGolden(const std::string &name, const Tensor &x, const Op &f) {
  ASSERT_TRUE(golden().count(name)) << name;
  const std::vector<double> &right = golden().at(name);
  for (int level : {0, 3})
    expectNear(name + " at level " + std::to_string(level),
               doubles(jit(Options{.optimize = level}, [&](Tensor x) { return f(x); }, x)(x)), right);
  std::vector<double> mapped =
      doubles(run([&](Tensor x) { return vmap([&](Tensor x) { return f(x); }, stack({0 * x, x}))[1]; }, x));
  expectNear(name + " by vmap", mapped, right);
  Shape shape = x.shape();
  shape[0] = dim("B", 0, 5);
  expectNear(name + " of a bounded batch", doubles(jit([&](Tensor x) { return f(x); }, f64(shape))(x)), right);
}
/// Gradient of a weighted sum, and of the weighted squares of that gradient, against central differences.
void expectDerivatives(const std::string &what, const Tensor &x, const Op &f, double bound = 1e-6, bool second = true) {
  auto weighted = [](Tensor y) {
    return sum(y * sin(reshape(cast(iota([&] {
                                      Dim n = 1;
                                      for (const Dim &d : y.shape())
                                        n *= d;
                                      return n;
                                    }()),
                                    f64),
                               y.shape()) +
                       1));
  };
  auto first = [&](Tensor x) { return weighted(f(x) * (1 + 0.3 * f(x))); };
  auto slope = [&](Tensor x) { return weighted(square(grad(first(x), x))); };
  for (int order = 1; order <= (second ? 2 : 1); ++order) {
    auto value = jit([&](Tensor x) { return order == 1 ? first(x) : slope(x); }, x);
    std::vector<double> found = doubles(run([&](Tensor x) { return grad(order == 1 ? first(x) : slope(x), x); }, x));
    std::vector<double> at = doubles(x), right;
    const double h = 1e-5;
    for (double &v : at) {
      const double was = v;
      auto with = [&](double w) {
        v = w;
        return value(Tensor::copy(at, x.shape())).item<double>();
      };
      right.push_back((with(was + h) - with(was - h)) / (2 * h));
      v = was;
    }
    expectNear(what + ", derivative " + std::to_string(order), found, right, bound);
    // Forward mode along one direction is the same sum.
    if (order == 1) {
      Tensor v = drawn(
          [&] {
            std::vector<int> sizes;
            for (const Dim &d : x.shape())
              sizes.push_back(int(d.value()));
            return sizes;
          }(),
          99);
      double along = run([&](Tensor x, Tensor v) { return jvp(first(x), x, v); }, x, v).item<double>(), sum = 0;
      std::vector<double> d = doubles(v);
      for (std::size_t i = 0; i < d.size(); ++i)
        sum += d[i] * found[i];
      EXPECT_NEAR(along, sum, 1e-10 * std::max(1.0, std::fabs(sum))) << what << ", forward";
    }
  }
}
bool isOneKernel(const std::string &plan) { return plan.find("plan of @main: 1 dispatch\n") != std::string::npos; }
const std::vector<int> image{2, 3, 5, 7};
} // namespace

// ---- padding
TEST(ImagePad, MatchesGolden) {
  Tensor x = drawn(image, 1);
  const std::map<std::string, PadMode> modes{
      {"reflect", PadMode::reflect}, {"edge", PadMode::edge}, {"wrap", PadMode::wrap}};
  for (auto [name, mode] : modes) {
    auto padded = [&, mode = mode](Tensor x) { return pad(x, {{2, 2, 1}, {-1, 0, 3}}, mode); };
    expectGolden("pad " + name, x, padded);
    expectDerivatives("pad " + name, drawn({1, 2, 3, 4}, 2), padded);
  }
}
TEST(ImagePad, Constants) {
  Tensor y = run([](Tensor x) { return pad(x, {{0, 1, 0}, {1, 0, 2}}, PadMode::constant, 7); },
                 Tensor::copy(std::vector<int>{1, 2}, {1, 2}));
  expectNear("value", doubles(y), {7, 7, 7, 7, 1, 2, 7, 7});
}
TEST(ImagePad, SizesAtRunTime) {
  Dim n = dim("N", 4, 50);
  for (PadMode mode : {PadMode::reflect, PadMode::edge, PadMode::wrap}) {
    auto f = [&](Tensor x) { return pad(x, {{-1, 3, 2}}, mode); };
    for (int size : {4, 17}) {
      Tensor x = drawn({2, size}, 3);
      expectNear("bounded", doubles(jit(f, f64({2, n}))(x)), doubles(run(f, x)), 0);
    }
  }
}
TEST(ImagePad, OneReadAndNoBuffer) {
  auto f = [](Tensor x) { return relu(pad(2 * x, {{2, 1, 1}, {3, 1, 1}}, PadMode::reflect)); };
  auto plan = jit(f, f32({2, 3, 32, 32})).plan();
  EXPECT_TRUE(isOneKernel(plan)) << plan;
  // The gradient sums the copies where it reads them.
  auto g = [](Tensor x, Tensor c) { return vjp(pad(x, {{3, 1, 1}}, PadMode::wrap), x, c); };
  plan = jit(g, f32({2, 3, 32, 32}), f32({2, 3, 32, 34})).plan();
  EXPECT_TRUE(isOneKernel(plan)) << plan;
}
TEST(ImagePad, Errors) {
  EXPECT_JIT_MESSAGE(
      "low 1 and high 0 can be at most the size - 1", [](Tensor x) { return pad(x, {{-1, 1, 0}}, PadMode::reflect); },
      f32({2, 1}));
  EXPECT_JIT_MESSAGE(
      "can be at most the size", [](Tensor x) { return pad(x, {{-1, 0, 4}}, PadMode::wrap); }, f32({2, 3}));
  EXPECT_JIT_MESSAGE(
      "need one element at least", [](Tensor x) { return pad(x, {{0, 0, 4}}, PadMode::edge); }, f32({0, 3}));
  EXPECT_JIT_MESSAGE(
      "margins must not be negative, found -1 and 0 of axis 0",
      [](Tensor x) { return pad(x, {{0, -1, 0}}, PadMode::edge); }, f32({2, 3}));
  EXPECT_JIT_MESSAGE("axis -1 is named twice", [](Tensor x) { return pad(x, {{1, 1, 0}, {-1, 1, 0}}); }, f32({2, 3}));
}

// ---- pooling
namespace {
struct PoolCase {
  std::string name;
  std::vector<int> sizes;
  int seed;
  detail::PerAxis kernel;
  detail::Pool how;
};
std::vector<PoolCase> poolCases() {
  auto how = [](detail::PerAxis stride, detail::PerAxis low, detail::PerAxis high) {
    detail::Pool p;
    p.stride = stride, p.padding = low, p.padding_high = high;
    return p;
  };
  detail::Pool flat = how({2, 1}, {1, 0}, {1, 1}), ceil = how({2, 3}, {0, 1}, {0, 1}),
               wide = how({1, 2}, {2, 1}, {1, 1});
  ceil.ceil = true, wide.dilation = {2, 3};
  std::vector<PoolCase> all{{"1-d", {2, 2, 11}, 2, {3}, how({2}, {1}, {0})},
                            {"2-d", image, 1, {3, 2}, flat},
                            {"3-d", {1, 2, 4, 5, 3}, 3, {2, 3, 2}, how({2, 2, 1}, {0, 1, 1}, {0, 1, 0})},
                            {"ceil", image, 1, {2, 3}, ceil},
                            {"dilated", image, 1, {3, 2}, wide},
                            {"large", {1, 1, 12, 14}, 4, {6, 7}, how({3, 7}, {2, 0}, {3, 0})}};
  return all;
}
} // namespace
TEST(ImagePool, MatchesGolden) {
  for (PoolCase c : poolCases()) {
    Tensor x = drawn(c.sizes, c.seed);
    auto largest = [&](Tensor x) { return max_pool(x, c.kernel, c.how); };
    expectGolden("max_pool " + c.name, x, largest);
    expectGolden("max_pool gradient " + c.name, x, [&](Tensor x) {
      Tensor y = largest(x), w = zeros(y.shape(), i32);
      for (int a = 0; a < y.rank(); ++a) {
        Shape along(y.shape().size(), Dim(1));
        along[a] = y.shape()[a];
        w += reshape(iota(y.shape()[a]), along);
      }
      return vjp(y, x, cast(1 + w % 3, f64));
    });
    expectGolden("avg_pool " + c.name, x, [&](Tensor x) { return avg_pool(x, c.kernel, c.how); });
    if (c.name != "2-d" && c.name != "ceil" && c.name != "dilated")
      continue;
    c.how.count_include_pad = false;
    expectGolden("avg_pool " + c.name + " alone", x, [&](Tensor x) { return avg_pool(x, c.kernel, c.how); });
  }
}
TEST(ImagePool, Derivatives) {
  for (const PoolCase &c : poolCases()) {
    if (c.name == "large" || c.name == "3-d")
      continue;
    // No two numbers are equal, or the largest has no derivative.
    Tensor x = run(
        [](Tensor x) {
          return x +
                 1e-2 * cast(reshape(iota(Dim(x.shape()[0]) * x.dim(1) * x.dim(2) * (x.rank() > 3 ? x.dim(3) : Dim(1))),
                                     x.shape()),
                             f64);
        },
        drawn(c.sizes, c.seed));
    expectDerivatives("max_pool " + c.name, x, [&](Tensor x) { return max_pool(x, c.kernel, c.how); });
    expectDerivatives("avg_pool " + c.name, x, [&](Tensor x) { return avg_pool(x, c.kernel, c.how); });
  }
}
TEST(ImagePool, Adaptive) {
  Tensor x = drawn(image, 1);
  for (auto [h, w] : std::vector<std::pair<int, int>>{{3, 2}, {5, 7}, {1, 1}, {7, 9}, {2, 7}}) {
    std::string size = std::to_string(h) + "x" + std::to_string(w);
    expectGolden("adaptive_avg_pool " + size, x, [&](Tensor x) { return adaptive_avg_pool(x, {h, w}); });
    expectGolden("adaptive_max_pool " + size, x, [&](Tensor x) { return adaptive_max_pool(x, {h, w}); });
  }
  expectDerivatives("adaptive_avg_pool", drawn({1, 2, 5, 4}, 5), [](Tensor x) { return adaptive_avg_pool(x, {3, 6}); });
  expectDerivatives("adaptive_max_pool",
                    drawn({1, 2, 5, 4}, 5) + Tensor::copy(
                                                 [] {
                                                   std::vector<double> v(40);
                                                   for (int i = 0; i < 40; ++i)
                                                     v[i] = 0.001 * i;
                                                   return v;
                                                 }(),
                                                 {1, 2, 5, 4}),
                    [](Tensor x) { return adaptive_max_pool(x, {3, 2}); });
}
TEST(ImagePool, SizesAtRunTime) {
  Dim n = dim("N", 3, 40), m = dim("M", 3, 9);
  for (bool ceil : {false, true}) {
    detail::Pool how{.stride = 2, .padding = 1, .ceil = ceil, .count_include_pad = false};
    auto f = [&](Tensor x) {
      return std::vector{max_pool(x, 3, how), avg_pool(x, 3, how), adaptive_avg_pool(x, {4, 3}),
                         adaptive_max_pool(x, {4, 3}), grad(sum(square(max_pool(x, 3, how))), x)};
    };
    auto bounded = jit(f, f64({2, 1, n, m}));
    for (auto [h, w] : std::vector<std::pair<int, int>>{{3, 3}, {4, 9}, {23, 8}}) {
      Tensor x = drawn({2, 1, h, w}, 6);
      auto found = bounded(x), right = run(f, x);
      for (std::size_t i = 0; i < found.size(); ++i) {
        EXPECT_EQ(found[i].str(), right[i].str());
        expectNear("bounded " + std::to_string(i), doubles(found[i]), doubles(right[i]), 1e-14);
      }
    }
  }
}
TEST(ImagePool, NumbersThatAreNone) {
  Tensor x = Tensor::copy(std::vector<double>{-INFINITY, -INFINITY, NAN, 1, 2, 3}, {1, 1, 6});
  auto [y, d] = run(
      [](Tensor x) {
        Tensor y = max_pool(x, 2, {.padding = 1});
        return std::pair{y, vjp(y, x, ones(y.shape(), f64))};
      },
      x);
  // Padding is never chosen, where all is -inf neither.
  expectNear("values", doubles(y), {-INFINITY, NAN, 2, 3});
  expectNear("gradient", doubles(d), {1, 0, 1, 0, 1, 1});
}
TEST(ImagePool, Types) {
  std::vector<int> v(12);
  for (int i = 0; i < 12; ++i)
    v[i] = (i * 5) % 12 - 20;
  Tensor x = Tensor::copy(v, {1, 1, 3, 4});
  auto f = [](Tensor x) { return max_pool(x, 2, {.stride = 1, .padding = 1}); };
  std::vector<double> right = doubles(run(f, cast(x, f64)));
  for (DType type : {i8, i32, i64, f16, bf16, f32})
    expectNear(type.name(), doubles(run(f, cast(x, type))), right, 0);
  auto g = [](Tensor x) { return avg_pool(x, 2); };
  expectNear("bf16", doubles(run(g, cast(x, bf16))), doubles(run(g, cast(x, f64))), 0.01);
  // 300 ones do not fit bf16's integers: sums are wider.
  expectNear("wide sums", doubles(run([](Tensor x) { return avg_pool(x, 300, {}); }, ones({1, 1, 300}, bf16))), {1}, 0);
  EXPECT_EQ(run(f, zeros({0, 1, 3, 4})).str(), "f32 [0, 1, 4, 5]");
}
TEST(ImagePool, OneKernel) {
  // Neither padding nor what the operand is computed of has memory of its own; a gradient keeps the places alone.
  auto f = [](Tensor x) { return max_pool(relu(x), 3, {.stride = 2, .padding = 1}); };
  std::string plan = jit(f, f32({2, 8, 64, 64})).plan();
  EXPECT_TRUE(isOneKernel(plan)) << plan;
  plan = jit([](Tensor x) { return grad(sum(square(max_pool(x, 3, {.stride = 2}))), x); }, f32({2, 8, 65, 65})).plan();
  EXPECT_NE(plan.find("i32 [2, 8, 32, 32] in arena"), std::string::npos) << plan;
  plan = jit([](Tensor x) { return avg_pool(x, 3, {.stride = 2, .padding = 1, .count_include_pad = false}); },
             f32({2, 8, 64, 64}))
             .plan();
  EXPECT_TRUE(isOneKernel(plan)) << plan;
}
TEST(ImagePool, Errors) {
  EXPECT_JIT_MESSAGE(
      "max_pool: along axis 3 of f32 [1, 2, 8, 2] a window of 5 elements does not fit: the result has "
      "floor((size + low + high - dilation (kernel - 1) - 1) / stride) + 1 = floor((2 + 1 + 1 - 2 * 2 - 1) / 3) "
      "+ 1 elements",
      [](Tensor x) { return max_pool(x, 3, {.padding = 1, .dilation = 2}); }, f32({1, 2, 8, 2}));
  EXPECT_JIT_MESSAGE(
      "may not fit, narrow the bounds", [](Tensor x) { return avg_pool(x, 3); }, f32({1, 2, dim("N", 1, 9)}));
  EXPECT_JIT_MESSAGE(
      "may lie in the padding alone", [](Tensor x) { return avg_pool(x, 2, {.padding = 2}); }, f32({1, 2, 9}));
  EXPECT_JIT_MESSAGE("kernel has 2 numbers for 1 axes", [](Tensor x) { return avg_pool(x, {2, 2}); }, f32({1, 2, 9}));
  EXPECT_JIT_MESSAGE(
      "dilation must be at least 1, found 0", [](Tensor x) { return avg_pool(x, 2, {.dilation = 0}); }, f32({1, 2, 9}));
  EXPECT_JIT_MESSAGE(
      "expected [B, C, ...] with 1 to 3 axes of space, found f32 [2, 9]", [](Tensor x) { return avg_pool(x, 2); },
      f32({2, 9}));
  EXPECT_JIT_MESSAGE(
      "expected a floating type, found i32 [1, 2, 9]", [](Tensor x) { return avg_pool(x, 2); }, i32({1, 2, 9}));
  EXPECT_JIT_MESSAGE(
      "both sizes must be at least 1", [](Tensor x) { return adaptive_max_pool(x, {0}); }, f32({1, 2, 9}));
}

// ---- other sizes
namespace {
const std::map<std::string, Interpolation> interpolations{
    {"nearest", Interpolation::nearest}, {"linear", Interpolation::linear}, {"cubic", Interpolation::cubic}};
const std::vector<std::pair<int, int>> newSizes{{10, 14}, {3, 4}, {1, 1}, {7, 11}};
} // namespace
TEST(ImageResize, MatchesGolden) {
  Tensor x = drawn(image, 1);
  for (auto [h, w] : newSizes) {
    std::string size = " " + std::to_string(h) + "x" + std::to_string(w);
    Shape to{h, w};
    for (auto &[name, mode] : interpolations)
      for (bool align : {false, true})
        if (!align || mode != Interpolation::nearest)
          expectGolden("resize " + name + (align ? " 1" : " 0") + size, x,
                       [&, mode = mode](Tensor x) { return resize(x, to, {mode, align}); });
    expectGolden("resize antialias 0" + size, x,
                 [&](Tensor x) { return resize(x, to, {Interpolation::linear, false, true}); });
    expectGolden("resize antialias 1" + size, x,
                 [&](Tensor x) { return resize(x, to, {Interpolation::cubic, false, true}); });
  }
  expectGolden("resize volume", drawn({1, 2, 2, 3, 4}, 5),
               [](Tensor x) { return resize(x, {4, 5, 3}, {Interpolation::linear}); });
  expectGolden("pixel_shuffle", drawn({1, 8, 2, 3}, 6), [](Tensor x) { return pixel_shuffle(x, 2); });
  expectGolden("depth_to_space", drawn({1, 8, 2, 3}, 6), [](Tensor x) { return depth_to_space(x, 2); });
}
TEST(ImageResize, SizesAtRunTime) {
  Dim n = dim("N", 1, 40);
  for (auto &[name, mode] : interpolations)
    for (bool align : {false, true})
      if (!align || mode != Interpolation::nearest) {
        auto up = [&, mode = mode](Tensor x) { return resize(x, {2 * x.dim(2)}, {mode, align}); };
        auto to5 = [&, mode = mode](Tensor x) { return resize(x, {5}, {mode, align}); };
        auto one = [&, mode = mode](Tensor x) { return resize(x, {x.dim(2) * 2 - 1}, {mode, align}); };
        for (int size : {1, 2, 7, 40}) {
          Tensor x = drawn({2, 1, size}, 7);
          expectNear(name + " up", doubles(jit(up, f64({2, 1, n}))(x)), doubles(run(up, x)), 1e-13);
          expectNear(name + " to 5", doubles(jit(to5, f64({2, 1, n}))(x)), doubles(run(to5, x)), 1e-13);
          expectNear(name + " to 2n-1", doubles(jit(one, f64({2, 1, n}))(x)), doubles(run(one, x)), 1e-13);
        }
      }
}
TEST(ImageResize, Derivatives) {
  Tensor x = drawn({1, 2, 4, 3}, 8);
  for (auto &[name, mode] : interpolations) {
    expectDerivatives(name, x, [&, mode = mode](Tensor x) { return resize(x, {7, 5}, {mode}); });
    expectDerivatives(name + " down", x, [&, mode = mode](Tensor x) { return resize(x, {2, 2}, {mode}); });
  }
  expectDerivatives("area", x, [](Tensor x) { return resize(x, {3, 2}, {Interpolation::area}); });
  expectDerivatives("smooth", x, [](Tensor x) { return resize(x, {2, 2}, {Interpolation::cubic, false, true}); });
  expectDerivatives("shuffle", drawn({1, 4, 2, 3}, 9), [](Tensor x) { return pixel_shuffle(x, 2); });
}
TEST(ImageResize, ShuffleIsTheInverse) {
  Tensor x = drawn({2, 3, 4, 6}, 10), v = drawn({1, 2, 2, 4, 6}, 10);
  auto [a, b, c] = run(
      [](Tensor x, Tensor v) {
        return std::tuple{pixel_shuffle(pixel_unshuffle(x, 2), 2), depth_to_space(space_to_depth(x, 2), 2),
                          pixel_shuffle(pixel_unshuffle(v, 2), 2)};
      },
      x, v);
  expectNear("pixel", doubles(a), doubles(x), 0);
  expectNear("depth", doubles(b), doubles(x), 0);
  expectNear("volume", doubles(c), doubles(v), 0);
}
TEST(ImageResize, Types) {
  Tensor x = cast(Tensor::copy(std::vector<int>{1, 2, 3, 4}, {1, 1, 2, 2}), i8);
  expectNear("i8", doubles(run([](Tensor x) { return resize(x, {3, 4}); }, x)), {1, 1, 2, 2, 1, 1, 2, 2, 3, 3, 4, 4},
             0);
  auto f = [](Tensor x) { return resize(x, {5, 3}, {Interpolation::linear}); };
  Tensor y = drawn({1, 2, 3, 7}, 11);
  for (DType type : {f16, bf16, f32})
    expectNear(type.name(), doubles(run(f, cast(y, type))), doubles(run(f, y)), type == f32 ? 1e-6 : 1e-2);
  EXPECT_EQ(run(f, zeros({0, 2, 3, 7})).str(), "f32 [0, 2, 5, 3]");
}
TEST(ImageResize, Errors) {
  EXPECT_JIT_MESSAGE(
      "[4] are not the sizes of the 2 axes of space of f32 [1, 2, 3, 4]", [](Tensor x) { return resize(x, {4}); },
      f32({1, 2, 3, 4}));
  EXPECT_JIT_MESSAGE(
      "align_corners is for linear and cubic", [](Tensor x) { return resize(x, {4}, {Interpolation::nearest, true}); },
      f32({1, 2, 3}));
  EXPECT_JIT_MESSAGE(
      "antialias needs sizes that are numbers",
      [](Tensor x) { return resize(x, {4}, {Interpolation::linear, false, true}); }, f32({1, 2, dim("N", 1, 9)}));
  EXPECT_JIT_MESSAGE("there must be an element to read", [](Tensor x) { return resize(x, {4}); }, f32({1, 2, 0}));
  EXPECT_JIT_MESSAGE(
      "the channels of f32 [1, 6, 3, 4] must be a multiple of 4", [](Tensor x) { return pixel_shuffle(x, 2); },
      f32({1, 6, 3, 4}));
  EXPECT_JIT_MESSAGE(
      "the sizes of space of f32 [1, 6, 3, 4] must be multiples of 2", [](Tensor x) { return space_to_depth(x, 2); },
      f32({1, 6, 3, 4}));
}

// ---- reading between elements
namespace {
const std::map<std::string, GridPadding> outsides{
    {"zeros", GridPadding::zeros}, {"border", GridPadding::border}, {"reflection", GridPadding::reflection}};
Tensor gridOf(const std::vector<int> &sizes, int seed, double factor) {
  return run([&](Tensor g) { return factor * g + 0.01; }, drawn(sizes, seed));
}
} // namespace
TEST(ImageGridSample, MatchesGolden) {
  Tensor grid = gridOf({2, 4, 3, 2}, 7, 1.7), points = gridOf({1, 9, 3}, 8, 1.6), x = drawn(image, 1),
         v = drawn({1, 2, 3, 2, 4}, 9);
  for (std::string mode : {"linear", "nearest"})
    for (auto &[name, outside] : outsides)
      for (bool align : {false, true}) {
        detail::GridSample how{interpolations.at(mode), outside, align};
        auto f = [&](Tensor x, Tensor g) { return grid_sample(x, g, how); };
        std::string rest = mode + " " + name + (align ? " 1" : " 0");
        expectNear(rest, doubles(run(f, x, grid)), golden().at("grid_sample " + rest));
        expectNear(rest + " volume", doubles(run(f, v, points)), golden().at("grid_sample volume " + rest));
        // As many points as there are at run time.
        auto bounded = jit(f, f64({2, 3, 5, 7}), f64({2, dim("P", 0, 9), 3, 2}));
        expectNear(rest + " bounded", doubles(bounded(x, grid)), golden().at("grid_sample " + rest));
      }
}
TEST(ImageGridSample, Derivatives) {
  Tensor grid = gridOf({1, 5, 2}, 12, 1.4), x = drawn({1, 2, 3, 4}, 13);
  for (auto &[name, outside] : outsides)
    for (bool align : {false, true}) {
      detail::GridSample how{Interpolation::linear, outside, align};
      auto sampled = [&](Tensor x, Tensor g) { return grid_sample(x, g, how); };
      expectDerivatives(name + " by the operand", x, [&](Tensor x) { return sampled(x, constant(grid)); });
      expectDerivatives(name + " by the grid", grid, [&](Tensor g) { return sampled(constant(x), g); });
    }
}
TEST(ImageGridSample, Special) {
  Tensor x = Tensor::copy(std::vector<double>{1, 2, 3, 4}, {1, 1, 2, 2}),
         grid = Tensor::copy(std::vector<double>{NAN, 0, INFINITY, 0, -1e30, 0, 0, 0}, {1, 4, 2});
  for (Interpolation mode : {Interpolation::linear, Interpolation::nearest}) {
    auto f = [&](Tensor x, Tensor g) { return grid_sample(x, g, {mode}); };
    std::vector<double> y = doubles(run(f, x, grid));
    expectNear("far away", {y.begin(), y.begin() + 3}, {NAN, 0, 0});
    auto b = [&](Tensor x, Tensor g) { return grid_sample(x, g, {mode, GridPadding::border, true}); };
    y = doubles(run(b, x, grid));
    expectNear("border", {y.begin(), y.begin() + 3},
               mode == Interpolation::linear ? std::vector<double>{NAN, 3, 2} : std::vector<double>{NAN, 2, 1});
  }
  // One element: every point reads it.
  for (GridPadding outside : {GridPadding::border, GridPadding::reflection})
    for (bool align : {false, true})
      expectNear(
          "one element",
          doubles(run([&](Tensor x, Tensor g) { return grid_sample(x, g, {Interpolation::linear, outside, align}); },
                      Tensor::copy(std::vector<double>{5}, {1, 1, 1, 1}),
                      Tensor::copy(std::vector<double>{0.3, -2, 1, 1}, {1, 2, 2}))),
          {5, 5});
}
TEST(ImageGridSample, SlicesAndTypes) {
  Tensor x = drawn({2, 1, 3, 5, 7}, 17), grid = gridOf({2, 1, 4, 2}, 18, 1.5);
  for (Interpolation mode : {Interpolation::linear, Interpolation::nearest}) {
    auto f = [&](Tensor x, Tensor g) { return grid_sample(x, g, {mode}); };
    auto all = [&](Tensor x, Tensor g) { return vmap(f, x, g); };
    std::vector<double> mapped = doubles(run(all, x, grid)), right;
    for (int i = 0; i < 2; ++i)
      for (double v : doubles(run([&](Tensor x, Tensor g) { return f(x[i], g[i]); }, x, grid)))
        right.push_back(v);
    expectNear("vmap", mapped, right, 0);
    // Coordinates are f32 at least; the result is the operand's type.
    Tensor y = run(all, cast(x, bf16), cast(grid, f32));
    EXPECT_EQ(y.str(), "bf16 [2, 1, 3, 4]");
    expectNear("bf16", doubles(y), right, 0.02);
  }
  // No points.
  EXPECT_EQ(run([](Tensor x, Tensor g) { return grid_sample(x, g); }, zeros({1, 2, 3, 4}), zeros({1, 0, 2})).str(),
            "f32 [1, 2, 0]");
}
TEST(ImageGridSample, Errors) {
  EXPECT_JIT_MESSAGE(
      "expected a grid [2, ..., 2] for operand f32 [2, 3, 5, 7], found f32 [2, 4, 3]",
      [](Tensor x, Tensor g) { return grid_sample(x, g); }, f32({2, 3, 5, 7}), f32({2, 4, 3}));
  EXPECT_JIT_MESSAGE(
      "expected a grid [2, ..., 2] for operand f32 [2, 3, 5, 7], found f32 [1, 4, 2]",
      [](Tensor x, Tensor g) { return grid_sample(x, g); }, f32({2, 3, 5, 7}), f32({1, 4, 2}));
  EXPECT_JIT_MESSAGE(
      "there must be an element to read", [](Tensor x, Tensor g) { return grid_sample(x, g); }, f32({2, 3, 0, 7}),
      f32({2, 4, 2}));
  EXPECT_JIT_MESSAGE(
      "reads linear or nearest", [](Tensor x, Tensor g) { return grid_sample(x, g, {Interpolation::cubic}); },
      f32({2, 3, 5, 7}), f32({2, 4, 2}));
}

// ---- filters
TEST(ImageFilters, MatchGolden) {
  expectGolden("local_response_norm", drawn({2, 6, 3, 2}, 10),
               [](Tensor x) { return local_response_norm(x, 5, 0.3, 0.75, 1.5); });
  Tensor x = drawn({2, 2, 13, 12}, 11), n = drawn({2, 2, 13, 12}, 12);
  auto f = [](Tensor x, Tensor n) { return ssim(x, x * 0.8 + n * 0.1, {.range = 2}); };
  expectNear("ssim", doubles(run(f, x, n)), golden().at("ssim"));
  expectNear("of itself", doubles(run([](Tensor x) { return ssim_loss(x, x); }, x)), {0});
  expectDerivatives("local_response_norm", drawn({1, 4, 3}, 14),
                    [](Tensor x) { return local_response_norm(x, 3, 0.5); });
  expectDerivatives(
      "ssim", drawn({1, 1, 4, 5}, 15), [](Tensor x) { return ssim(x, square(x), {.range = 2, .window = 3}); }, 1e-5);
}
TEST(ImageFilters, Wavelets) {
  for (auto [name, wavelet] :
       std::map<std::string, WaveletFilter>{{"haar", WaveletFilter::haar}, {"d4", WaveletFilter::d4}}) {
    Tensor x = drawn({2, 2, 16}, 13), y = drawn({1, 2, 8, 4}, 14);
    expectGolden("wavelet 1-d " + name, x, [w = wavelet](Tensor x) { return wavelet_packet(x, 3, w); });
    expectGolden("wavelet 2-d " + name, y, [w = wavelet](Tensor x) { return wavelet_packet(x, 2, w); });
    auto round = [w = wavelet](Tensor x, int levels) {
      return inverse_wavelet_packet(wavelet_packet(x, levels, w), levels, w);
    };
    expectNear("back 1-d", doubles(run(round, x, 4)), doubles(x), 1e-13);
    expectNear("back 2-d", doubles(run(round, y, 2)), doubles(y), 1e-13);
    expectNear("back 3-d", doubles(run(round, drawn({1, 1, 2, 4, 6}, 15), 1)), doubles(drawn({1, 1, 2, 4, 6}, 15)),
               1e-13);
    expectDerivatives("wavelet " + name, drawn({1, 1, 8}, 16),
                      [w = wavelet](Tensor x) { return wavelet_packet(x, 2, w); });
    // Sizes that are known at run time.
    Dim n = dim("N", 1, 9);
    auto packet = [w = wavelet](Tensor x, Tensor) { return wavelet_packet(x, 1, w); };
    expectNear("bounded", doubles(jit(packet, f64({2, 2, 2 * n}), f64({n}))(x, drawn({8}, 1))),
               doubles(run(packet, x, drawn({8}, 1))), 0);
  }
}
TEST(ImageFilters, Errors) {
  EXPECT_JIT_MESSAGE(
      "3 levels need sizes of space that are multiples of 2^levels = 8, found f32 [1, 2, 12]",
      [](Tensor x) { return wavelet_packet(x, 3); }, f32({1, 2, 12}));
  EXPECT_JIT_MESSAGE(
      "2 levels have 2^(d levels) = 4 bands of each channel, found f32 [1, 6, 12]",
      [](Tensor x) { return inverse_wavelet_packet(x, 2); }, f32({1, 6, 12}));
  EXPECT_JIT_MESSAGE(
      "along axis 2 of f32 [1, 2, 10, 12] a window of 11 elements must fit", [](Tensor x) { return ssim(x, x); },
      f32({1, 2, 10, 12}));
  EXPECT_JIT_MESSAGE(
      "expected two images of one shape and type, found f32 [1, 2, 12, 12] and f32 [1, 1, 12, 12]",
      [](Tensor x, Tensor y) { return ssim(x, y); }, f32({1, 2, 12, 12}), f32({1, 1, 12, 12}));
}
