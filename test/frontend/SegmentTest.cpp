// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Segments, running sums of exponentials, division that rounds down; errors of what goes along an axis.
#include "Messages.h"
#include "weft/weft.h"
#include <cmath>
#include <functional>
#include <gtest/gtest.h>
#include <limits>

using namespace weft;

template <class T> static std::vector<T> listOf(const Tensor &x) {
  auto s = x.span<T>();
  return {s.begin(), s.end()};
}
template <class T> static Tensor row(const std::vector<T> &v) { return Tensor::copy(v, {Dim(v.size())}); }
using F32 = std::vector<float>;
using F64 = std::vector<double>;
using I8 = std::vector<std::int8_t>;
using I32 = std::vector<int>;
using I64 = std::vector<std::int64_t>;
static constexpr double inf = std::numeric_limits<double>::infinity();
static constexpr double noNumber = std::numeric_limits<double>::quiet_NaN();

/// Equal within a tolerance; infinities and NaN are the same ones, zeros have the same sign.
static void expectRow(const Tensor &x, const F64 &expected, double tolerance = 0) {
  F64 found = listOf<double>(cast(x, f64));
  ASSERT_EQ(found.size(), expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (std::isfinite(expected[i]) && expected[i] != 0)
      EXPECT_NEAR(found[i], expected[i], tolerance * std::max(1.0, std::fabs(expected[i]))) << "element " << i;
    else if (std::isnan(expected[i]))
      EXPECT_TRUE(std::isnan(found[i])) << "element " << i << " is " << found[i];
    else
      EXPECT_TRUE(found[i] == expected[i] && std::signbit(found[i]) == std::signbit(expected[i]))
          << "element " << i << " is " << found[i] << ", expected " << expected[i];
  }
}
/// The gradient of a function of a vector against finite differences of fourth order, and against forward mode.
static void expectGradient(const std::function<Tensor(Tensor)> &f, const F64 &at, double tolerance = 1e-8) {
  const Dim n(at.size());
  auto loss = [&](Tensor x) {
    Tensor y = reshape(f(x), {-1});
    return sum(y * sin(cast(iota(y.dim(0)), f64) + 1));
  };
  auto value = jit([&](Tensor x) { return loss(x); }, f64({n}));
  auto slope = jit([&](Tensor x) { return grad(loss(x), x); }, f64({n}));
  auto tangent = jit([&](Tensor x, Tensor v) { return jvp(loss(x), x, v); }, f64({n}), f64({n}));
  F64 g = listOf<double>(slope(row(at)));
  for (std::size_t i = 0; i < at.size(); ++i) {
    const double h = 1e-3;
    double expected = 0;
    for (auto [step, weight] : {std::pair{1, 8.0}, {-1, -8.0}, {2, -1.0}, {-2, 1.0}}) {
      F64 shifted = at;
      shifted[i] += step * h;
      expected += weight * value(row(shifted)).item<double>() / (12 * h);
    }
    EXPECT_NEAR(g[i], expected, tolerance * std::max(1.0, std::fabs(expected))) << "element " << i;
    F64 unit(at.size());
    unit[i] = 1;
    EXPECT_NEAR(tangent(row(at), row(unit)).item<double>(), g[i], 1e-12) << "forward, element " << i;
  }
}
#define EXPECT_MESSAGE_HERE(part, ...)                                                                                 \
  do {                                                                                                                 \
    std::string text = test::messageOf([&] { __VA_ARGS__; });                                                          \
    std::string here = "SegmentTest.cpp:" + std::to_string(__LINE__);                                                  \
    EXPECT_NE(text.find(part), std::string::npos) << text;                                                             \
    EXPECT_NE(text.find(here), std::string::npos) << text;                                                             \
  } while (false)

// ---- sums of exponentials
TEST(Segment, LogAddExp) {
  const double two = std::log(2.0);
  const Tensor a = row(F64{0, 1000, -1000, -inf, -inf, 3, inf, inf, inf, noNumber, noNumber, -inf, 0, -1e30, 1e308});
  const Tensor b = row(F64{0, 1000, -1000, -inf, 3, -inf, inf, -inf, 3, 1, -inf, noNumber, -40, 0, -1e308});
  const F64 expected{two,      1000 + two, -1000 + two, -inf,          3, 3,    inf, inf, inf,
                     noNumber, noNumber,   noNumber,    std::exp(-40), 0, 1e308};
  expectRow(logaddexp(a, b), expected, 1e-15);
  expectRow(logaddexp(b, a), expected, 1e-15);
  // Not only absolutely near: the sum keeps its digits where it is small.
  EXPECT_NEAR(logaddexp(row(F64{0}), row(F64{-40})).item<double>() / std::exp(-40), 1, 1e-14);
  expectRow(logaddexp(row(F32{1e30f, -80, -std::numeric_limits<float>::infinity()}), row(F32{1e30f, 80, 2})),
            {double(1e30f), 80, 2}, 1e-7);
  expectRow(logaddexp(cast(row(F32{60000, -3}), f16), cast(row(F32{1, -3}), f16)), {60000, -3 + two}, 1e-3);
  expectRow(logaddexp(row(F32{1, 2}), 1), {1 + two, 2 + std::log1p(std::exp(-1.0))}, 1e-6);
  expectRow(logaddexp(zeros({0}), zeros({0})), {});
  EXPECT_EQ(logaddexp(zeros({2, 1}), zeros({3})).str(), "f32 [2, 3]");

  expectGradient([](Tensor x) { return logaddexp(slice(x, 0, 0, 4), slice(x, 0, 4, 8)); },
                 {0.3, -2, 5, 40, 0.3, 1, 5, -3});
  // The second derivative at a tie is 1/4; derivatives of infinities are no NaN.
  auto second = jit(
      [](Tensor a, Tensor b) {
        Tensor g = grad(sum(logaddexp(a, b)), a);
        return std::array{g, grad(sum(logaddexp(a, b)), b), grad(sum(g), a)};
      },
      f64({6}), f64({6}));
  auto [da, db, daa] = second(row(F64{2, -inf, -inf, 1, inf, 900}), row(F64{2, -inf, 1, -inf, 1, -900}));
  expectRow(da, {0.5, 0, 0, 1, 1, 1});
  expectRow(db, {0.5, 0, 1, 0, 0, 0});
  expectRow(daa, {0.25, 0, 0, 0, 0, 0});
  EXPECT_MESSAGE_HERE("logaddexp: expected a floating type, found i32 [2]: write cast(x, f32)",
                      logaddexp(row(I32{1, 2}), row(I32{1, 2})));
  EXPECT_MESSAGE_HERE("logaddexp: expected a floating type, found c64 [2]",
                      logaddexp(zeros({2}, c64), zeros({2}, c64)));
  EXPECT_MESSAGE_HERE("logaddexp: shapes do not broadcast", logaddexp(zeros({2}), zeros({3})));
}

TEST(Segment, CumLogSumExp) {
  auto naive = [](const F64 &x, bool exclusive) {
    F64 y;
    for (std::size_t i = 0; i < x.size(); ++i) {
      const std::size_t count = i + (exclusive ? 0 : 1);
      double top = -inf, sum = 0;
      for (std::size_t k = 0; k < count; ++k)
        top = std::fmax(top, x[k]);
      for (std::size_t k = 0; k < count; ++k)
        sum += x[k] == top ? 1 : std::exp(x[k] - top);
      y.push_back(std::isinf(top) ? top : top + std::log(sum));
    }
    return y;
  };
  for (const F64 &x : {F64{-1e30, 0, 700, -inf, 1000}, F64{-inf, -inf, -3, 2, -inf, 2}, F64{-inf, -inf}, F64{5},
                       F64{1e308, -1e308, 1e308}, F64{-1000, -1001, -999, 1e-3}, F64{1, inf, 1000, -inf, inf},
                       F64{-inf, inf, inf}, F64{1000, 1000, 1000}, F64{}}) {
    F64 back(x.rbegin(), x.rend()), reversed = naive(back, false), without = naive(back, true);
    expectRow(cumlogsumexp(row(x), 0), naive(x, false), 1e-14);
    expectRow(cumlogsumexp(row(x), 0, {.exclusive = true}), naive(x, true), 1e-14);
    expectRow(cumlogsumexp(row(x), -1, {.reverse = true}), F64(reversed.rbegin(), reversed.rend()), 1e-14);
    expectRow(cumlogsumexp(row(x), 0, {.exclusive = true, .reverse = true}), F64(without.rbegin(), without.rend()),
              1e-14);
    expectRow(cumlogsumexp(cast(row(x), f32)),
              naive(
                  [&] {
                    F64 narrow;
                    for (double v : x)
                      narrow.push_back(float(v));
                    return narrow;
                  }(),
                  false),
              1e-6);
  }
  expectRow(cumlogsumexp(row(F64{1, noNumber, 2})), {1, noNumber, noNumber});
  expectRow(cumlogsumexp(cast(row(F32{60000, 60000, -5}), f16)), {60000, 60000, 60000}, 1e-3);
  EXPECT_EQ(cumlogsumexp(zeros({3, 0}), 1).str(), "f32 [3, 0]");
  EXPECT_EQ(cumlogsumexp(zeros({0, 3}), 1).str(), "f32 [0, 3]");

  const F64 at{0.3, -2, 5, 4.9, 40, -3};
  expectGradient([](Tensor x) { return cumlogsumexp(reshape(x, {2, 3}), 1); }, at);
  expectGradient([](Tensor x) { return cumlogsumexp(reshape(x, {3, 2}), 0, {.reverse = true}); }, at);
  expectGradient([](Tensor x) { return slice(cumlogsumexp(x, 0, {.exclusive = true}), 0, 1, 6); }, at);
  expectGradient([](Tensor x) { return grad(sum(square(cumlogsumexp(x, 0))), x); }, {0.3, -2, 1, 1, 0.5}, 1e-6);
  // Of infinities: the derivative of y[i] by x[j] is e^(x[j] - y[i]), and 0 where nothing has a probability.
  auto slope = jit([](Tensor x) { return grad(sum(cumlogsumexp(x, 0)), x); }, f64({4}));
  expectRow(slope(row(F64{-inf, -inf, -inf, -inf})), {0, 0, 0, 0});
  expectRow(slope(row(F64{-inf, 2, -inf, -1e30})), {0, 3, 0, 0});
  expectRow(slope(row(F64{-1e30, 0, 700, 2000})), {1, 1, 1, 1});
  expectRow(slope(row(F64{3, 3, -inf, 3})), {1 + 0.5 + 0.5 + 1 / 3.0, 0.5 + 0.5 + 1 / 3.0, 0, 1 / 3.0}, 1e-15);
  for (double g : listOf<double>(slope(row(F64{1, inf, 1000, -inf}))))
    EXPECT_FALSE(std::isnan(g));

  // Each lane for itself, and a size that each call says.
  Dim n = dim("n", 0, 9);
  auto lanes = jit([](Tensor x) { return vmap([](Tensor r) { return cumlogsumexp(r, 0); }, x); }, f64({2, n}));
  const double two = std::log(2.0);
  expectRow(lanes(Tensor::copy(F64{1, 1, -inf, 7}, {2, 2})), {1, 1 + two, -inf, 7}, 1e-15);
  EXPECT_EQ(lanes(Tensor::copy(F64{}, {2, 0})).str(), "f64 [2, 0]");
  EXPECT_MESSAGE_HERE("cumlogsumexp: expected a floating type, found i32 [2]: write cast(x, f32)",
                      cumlogsumexp(row(I32{1, 2}), 0));
  EXPECT_MESSAGE_HERE("cumlogsumexp: axis 1 ", cumlogsumexp(row(F32{1, 2}), 1));
}

// ---- segments
TEST(Segment, SumMeanMaxMin) {
  const Tensor x = Tensor::copy(F64{1, 2, 3, 4, 5, 6, 7, 9}, {4, 2});
  for (Tensor ids : {row(I32{2, 0, 2, 0}), row(I64{2, 0, 2, 0}), row(I8{2, 0, 2, 0})}) {
    expectRow(segment_sum(x, ids, 4), {10, 13, 0, 0, 6, 8, 0, 0});
    expectRow(segment_mean(x, ids, 4), {5, 6.5, 0, 0, 3, 4, 0, 0});
    expectRow(segment_max(x, ids, 4), {7, 9, -inf, -inf, 5, 6, -inf, -inf});
    expectRow(segment_min(x, ids, 4), {3, 4, inf, inf, 1, 2, inf, inf});
    expectRow(segment_max(cast(x, f32), ids, 3), {7, 9, -inf, -inf, 5, 6});
    EXPECT_EQ(listOf<int>(segment_sum(cast(x, i32), ids, 3)), (I32{10, 13, 0, 0, 6, 8}));
    EXPECT_EQ(listOf<std::int64_t>(segment_max(cast(x, i64), ids, 2 + 1)), (I64{7, 9, INT64_MIN, INT64_MIN, 5, 6}));
    EXPECT_EQ(listOf<int>(segment_min(cast(x, i32), ids, 3)), (I32{3, 4, INT32_MAX, INT32_MAX, 1, 2}));
    EXPECT_EQ(listOf<std::int8_t>(segment_max(cast(x, i8), ids, 3)), (I8{7, 9, -128, -128, 5, 6}));
  }
  const Tensor two = row(I32{1, 1});
  expectRow(segment_sum(x, two, 2, 1), {0, 3, 0, 7, 0, 11, 0, 16});
  expectRow(segment_mean(x, two, 2, -1), {0, 1.5, 0, 3.5, 0, 5.5, 0, 8});
  expectRow(segment_max(row(F64{-inf, noNumber, 3, -inf}), row(I32{0, 1, 1, 0}), 2), {-inf, noNumber});
  // More than f16 and i8 can hold on the way: the mean is taken in f32, and ids of i8 may name few of many segments.
  expectRow(segment_mean(full({3000}, 60000, f16), zeros({3000}, i32), 1), {60000});
  EXPECT_EQ(segment_sum(x, row(I8{127, 0, 0, 0}), 1000).str(), "f64 [1000, 2]");
  // Nothing to combine, and no segment.
  expectRow(segment_sum(zeros({0, 2}), zeros({0}, i32), 2), {0, 0, 0, 0});
  expectRow(segment_mean(zeros({0}), zeros({0}, i32), 2), {0, 0});
  expectRow(segment_max(zeros({0}), zeros({0}, i32), 2), {-inf, -inf});
  EXPECT_EQ(segment_sum(zeros({0, 2}), zeros({0}, i32), 0).str(), "f32 [0, 2]");
  EXPECT_EQ(segment_max(zeros({3, 0}), zeros({3}, i32), 2).str(), "f32 [2, 0]");
  auto complex = listOf<std::complex<float>>(segment_mean(weft::complex(row(F32{1, 3}), row(F32{4, 8})), two, 2));
  EXPECT_EQ(complex, (std::vector<std::complex<float>>{0, {2, 6}}));
}

TEST(Segment, DerivativesLanesAndSizes) {
  auto ids = [] { return constant({2, 0, 2}); };
  const F64 at{1, -2, 3, 4, 0.5, 6};
  expectGradient([&](Tensor x) { return square(segment_sum(reshape(x, {3, 2}), ids(), 4)); }, at);
  expectGradient([&](Tensor x) { return square(segment_mean(reshape(x, {2, 3}), ids(), 4, 1)); }, at);
  expectGradient([&](Tensor x) { return maximum(segment_max(reshape(x, {3, 2}), ids(), 4), -100); }, at);
  expectGradient([&](Tensor x) { return minimum(segment_min(reshape(x, {3, 2}), ids(), 4), 100); }, at);
  // An empty segment has a derivative nowhere, and none that is NaN.
  auto slope = jit(
      [&](Tensor x) {
        return std::array{grad(sum(segment_mean(x, ids(), 4)), x), grad(sum(segment_max(x, ids(), 4)), x)};
      },
      f64({3}));
  auto [mean, max] = slope(row(F64{3, 1, 3}));
  expectRow(mean, {0.5, 1, 0.5});
  expectRow(max, {0.5, 1, 0.5}); // shared evenly

  // Lanes with ids of their own, with one list of ids for all, and with one list of values for all.
  const Tensor x = Tensor::copy(F32{1, 2, 3, 4, 5, 6}, {2, 3}), own = Tensor::copy(I32{0, 1, 1, 1, 1, 0}, {2, 3});
  auto each = jit(
      [](Tensor x, Tensor i) {
        return vmap([](Tensor x,
                       Tensor i) { return stack({segment_sum(x, i, 2), segment_mean(x, i, 2), segment_max(x, i, 2)}); },
                    x, i);
      },
      f32({2, 3}), i32({2, 3}));
  expectRow(each(x, own), {1, 5, 1, 2.5, 1, 3, 6, 9, 6, 4.5, 6, 5});
  auto shared = jit([](Tensor x, Tensor i) { return vmap([&](Tensor x) { return segment_mean(x, i, 2); }, x); },
                    f32({2, 3}), i32({3}));
  expectRow(shared(x, row(I32{0, 1, 1})), {1, 2.5, 4, 5.5});
  auto many = jit([](Tensor x, Tensor i) { return vmap([&](Tensor i) { return segment_max(x, i, 2); }, i); }, f32({3}),
                  i32({2, 3}));
  expectRow(many(row(F32{1, 2, 3}), own), {1, 3, 3, 2});

  Dim k = dim("k", 0, 16), n = dim("n", 1, 8);
  auto sized = jit([](Tensor x, Tensor i, Tensor like) { return segment_mean(x, i, like.dim(0)); }, f64({k}), i64({k}),
                   f64({n}));
  expectRow(sized(row(F64{1, 2, 4}), row(I64{1, 1, 0}), row(F64{0, 0, 0})), {4, 1.5, 0});
  expectRow(sized(row(F64{}), row(I64{}), row(F64{0})), {0});
  EXPECT_MESSAGE_HERE("index 1 is outside a dimension of size",
                      sized(row(F64{5}), row(I64{1}), row(F64{0})).item<double>());
}

TEST(Segment, Errors) {
  const Tensor x = zeros({3, 2});
  EXPECT_MESSAGE_HERE("segment_sum: one id for each slice along axis 0 of f32 [3, 2] is expected, found i32 [2]",
                      segment_sum(x, row(I32{0, 1}), 2));
  EXPECT_MESSAGE_HERE("segment_mean: one id for each slice along axis 1 of f32 [3, 2]",
                      segment_mean(x, Tensor(1), 2, 1));
  EXPECT_MESSAGE_HERE("segment_max: an index is i8, i32 or i64, found f32 [3]", segment_max(x, row(F32{0, 1, 2}), 3));
  EXPECT_MESSAGE_HERE("segment_min: axis 2 ", segment_min(x, row(I32{0, 1, 2}), 3, 2));
  EXPECT_MESSAGE_HERE("segment_mean: expected a floating type, found i32 [1]: write cast(x, f32)",
                      segment_mean(row(I32{1}), row(I32{0}), 1));
  EXPECT_MESSAGE_HERE("index 3 is outside a dimension of size 3", segment_sum(x, row(I32{0, 1, 3}), 3).item<float>());
  EXPECT_MESSAGE_HERE("index -1 is outside a dimension of size 3",
                      segment_mean(x, row(I32{0, 1, -1}), 3).item<float>());
  EXPECT_MESSAGE_HERE("index 5 is outside a dimension of size 3", segment_max(x, row(I64{0, 5, 1}), 3).item<float>());
}

// ---- division that rounds down
TEST(Segment, FloorDivideOfIntegers) {
  const I64 a{7,
              -7,
              7,
              -7,
              6,
              -6,
              6,
              -6,
              0,
              0,
              1,
              -1,
              INT64_MIN,
              INT64_MIN,
              INT64_MIN,
              INT64_MAX,
              INT64_MAX,
              (std::int64_t(1) << 53) + 1,
              -(std::int64_t(1) << 53) - 1},
      b{2, 2, -2, -2, 3, 3, -3, -3, 5, -5, INT64_MAX, INT64_MAX, -1, 1, INT64_MAX, INT64_MIN, -1, 2, 2};
  I64 quotients, rests;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i] == INT64_MIN && b[i] == -1) { // wraps, as the quotient of / does
      quotients.push_back(INT64_MIN), rests.push_back(0);
      continue;
    }
    const bool down = a[i] % b[i] != 0 && (a[i] % b[i] < 0) != (b[i] < 0);
    quotients.push_back(a[i] / b[i] - down), rests.push_back(a[i] % b[i] + (down ? b[i] : 0));
  }
  EXPECT_EQ((I64(quotients.begin(), quotients.begin() + 4)), (I64{3, -4, -4, 3}));
  EXPECT_EQ((I64(rests.begin(), rests.begin() + 4)), (I64{1, 1, -1, -1}));
  EXPECT_EQ(listOf<std::int64_t>(floor_divide(row(a), row(b))), quotients);
  EXPECT_EQ(listOf<std::int64_t>(mod(row(a), row(b))), rests);
  EXPECT_EQ(listOf<int>(floor_divide(row(I32{-7, INT32_MIN, INT32_MIN, 2147483647}), row(I32{2, -1, 3, -2}))),
            (I32{-4, INT32_MIN, -715827883, -1073741824}));
  EXPECT_EQ(listOf<int>(mod(row(I32{-7, INT32_MIN, INT32_MIN, 2147483647}), row(I32{2, -1, 3, -2}))),
            (I32{1, 0, 1, -1}));
  EXPECT_EQ(listOf<std::int8_t>(floor_divide(row(I8{-128, -128, 127, -5}), row(I8{-1, 127, -128, 5}))),
            (I8{-128, -2, -1, -1}));
  EXPECT_EQ(listOf<std::int8_t>(mod(row(I8{-128, -128, 127, -5}), row(I8{-1, 127, -128, 5}))), (I8{0, 126, -1, 0}));
  EXPECT_EQ(listOf<int>(floor_divide(row(I32{-1, 0, 1}), 4)), (I32{-1, 0, 0}));
  EXPECT_EQ(listOf<int>(mod(-1, row(I32{4, -4, 3}))), (I32{3, -1, 2}));
  EXPECT_EQ(mod(zeros({0}, i32), zeros({0}, i32)).str(), "i32 [0]");
  EXPECT_MESSAGE_HERE("zero", floor_divide(row(I32{1, 2}), row(I32{1, 0})).item<int>());
  EXPECT_MESSAGE_HERE("zero", mod(row(I64{1, 2}), row(I64{1, 0})).item<std::int64_t>());
  EXPECT_MESSAGE_HERE("floor_divide: expected integers or floats, found i1 [2]",
                      floor_divide(row(I32{1, 2}) > 1, row(I32{1, 2}) > 1));
  EXPECT_MESSAGE_HERE("mod: expected integers or floats, found c64 [2]", mod(zeros({2}, c64), zeros({2}, c64)));
  EXPECT_MESSAGE_HERE("mod: element types differ: lhs i32 [1] and rhs f32 [1]", mod(row(I32{1}), row(F32{1})));
}

TEST(Segment, FloorDivideOfFloats) {
  const F64 a{7,  -7, 7,  -7,  6, -6, 6, -6,       0, -0.0, 0,      -0.0,  1,
              -1, 1,  -1, inf, 1, -1, 0, noNumber, 1, 1,    -1e-20, 1e300, 0.3},
      b{2, 2, -2, -2, 3, 3, -3, -3, 5, 5, -5, -5, inf, inf, -inf, -inf, 2, 0, 0, 0, 1, noNumber, 0.1, 1, 1e-300, 0.1};
  // As NumPy gives them.
  const F64 quotients{3,  -4, -4, 3,        2,   -2,   -2,       2,        0,        -0.0, -0.0, 0,   0,
                      -1, -1, 0,  noNumber, inf, -inf, noNumber, noNumber, noNumber, 9,    -1,   inf, 2};
  const F64 rests{1,
                  1,
                  -1,
                  -1,
                  0,
                  0,
                  -0.0,
                  -0.0,
                  0,
                  0,
                  -0.0,
                  -0.0,
                  1,
                  inf,
                  -inf,
                  -1,
                  noNumber,
                  noNumber,
                  noNumber,
                  noNumber,
                  noNumber,
                  noNumber,
                  std::fmod(1, 0.1),
                  1,
                  std::fmod(1e300, 1e-300),
                  std::fmod(0.3, 0.1)};
  expectRow(floor_divide(row(a), row(b)), quotients);
  expectRow(mod(row(a), row(b)), rests);
  F32 narrow(a.begin(), a.begin() + 22), divisor(b.begin(), b.begin() + 22);
  expectRow(floor_divide(row(narrow), row(divisor)), F64(quotients.begin(), quotients.begin() + 22));
  expectRow(mod(row(narrow), row(divisor)), F64(rests.begin(), rests.begin() + 22));
  expectRow(floor_divide(cast(row(F32{-7, 60000}), bf16), 2), {-4, 29952}); // bf16 has 59904 for 60000
  expectRow(mod(cast(row(F32{-7, 7}), f16), 2), {1, 1});
  // mod goes up with a, and at a multiple of b too; by b it is minus the quotient. The quotient is constant.
  expectGradient([](Tensor x) { return mod(slice(x, 0, 0, 4), slice(x, 0, 4, 8)); },
                 {7.3, -7.3, 7.3, -7.3, 2, 2, -2, -2});
  auto slope = jit(
      [](Tensor a, Tensor b) {
        return std::array{grad(sum(mod(a, b)), a), grad(sum(mod(a, b)), b), grad(sum(floor_divide(a, b) + 0 * a), a)};
      },
      f64({3}), f64({3}));
  auto [da, db, none] = slope(row(F64{6, -6, 5}), row(F64{3, 3, 0.5}));
  expectRow(da, {1, 1, 1});
  expectRow(db, {-2, 2, -10});
  expectRow(none, {0, 0, 0});
}

// ---- errors of ops along an axis
TEST(Segment, ErrorsAlongAnAxis) {
  const Tensor x = zeros({2, 3}), whole = zeros({3}, i32), truth = row(I32{1, 0}) > 0;
  EXPECT_MESSAGE_HERE("cumprod: axis 2 ", cumprod(x, 2));
  EXPECT_MESSAGE_HERE("cummax: axis -3 ", cummax(x, -3));
  EXPECT_MESSAGE_HERE("cummin: axis 0 ", cummin(Tensor(1.f), 0));
  EXPECT_MESSAGE_HERE("cummax", cummax(truth, 0));
  EXPECT_MESSAGE_HERE("cumprod", cumprod(truth, 0));
  EXPECT_MESSAGE_HERE("cumprod", cumprod(zeros({2}, c64), 0));
  EXPECT_MESSAGE_HERE("linear_recurrence: axis 2 ", linear_recurrence(x, x, 2));
  EXPECT_MESSAGE_HERE("linear_recurrence", linear_recurrence(whole, whole, 0));
  EXPECT_MESSAGE_HERE("linear_recurrence", linear_recurrence(x, zeros({3, 2}), 0));
  EXPECT_MESSAGE_HERE("linear_recurrence", linear_recurrence(x, zeros({2, 3}, f64), 0));
  EXPECT_MESSAGE_HERE("linear_recurrence", linear_recurrence(x, Tensor(), 0));
}
