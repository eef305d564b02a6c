// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Numbers where formulas break: zeros of both signs, infinities, kinks, rows without a probability, lengths that are no
// numbers when they are squared, and f64 that must stay f64. At every level of optimisation, for each leaves other
// roundings to memory.
#include "weft/weft.h"
#include <cmath>
#include <cstring>
#include <functional>
#include <gtest/gtest.h>
#include <random>

using namespace weft;

namespace {
const double inf = INFINITY;

std::vector<double> doubles(const Tensor &x) {
  Tensor wide = cast(x, f64);
  return {wide.span<double>().begin(), wide.span<double>().end()};
}
Tensor vector(const std::vector<double> &v, DType dtype = f64) {
  return cast(Tensor::copy(v, {std::int64_t(v.size())}), dtype);
}
Tensor matrix(const std::vector<double> &v, std::int64_t columns, DType dtype = f64) {
  return cast(Tensor::copy(v, {std::int64_t(v.size()) / columns, columns}), dtype);
}
/// Equal, or within a relative bound; NaN equals NaN, and zeros have signs where `signs` says so.
void expectAll(const std::string &what, const Tensor &x, const std::vector<double> &right, double bound = 0,
               bool signs = false) {
  std::vector<double> found = doubles(x);
  ASSERT_EQ(found.size(), right.size()) << what;
  for (std::size_t i = 0; i < right.size(); ++i) {
    bool same = found[i] == right[i] ? !signs || std::signbit(found[i]) == std::signbit(right[i])
                                     : std::isnan(found[i]) && std::isnan(right[i]);
    EXPECT_TRUE(same || std::fabs(found[i] - right[i]) <= bound * std::fabs(right[i]))
        << what << ", element " << i << ": found " << found[i] << ", right is " << right[i];
  }
}
/// One program of several results, at every level.
using Results = std::vector<Tensor>;
template <class... A>
void atEveryLevel(Results (*f)(A...), const std::function<void(const std::string &, const Results &)> &check,
                  const A &...x) {
  for (int level : {0, 1, 2, 3})
    check("optimize = " + std::to_string(level), jit(Options{.optimize = level}, f)(x...));
}
Tensor derivative(Tensor y, Tensor x) { return grad(sum(y), x); }
} // namespace

// ---- f16 and bf16
TEST(SpecialNumbers, EveryHalfGoesThroughF64AndBack) {
  for (DType dtype : {f16, bf16}) {
    std::vector<std::uint16_t> bits(1 << 16);
    for (std::size_t i = 0; i < bits.size(); ++i)
      bits[i] = std::uint16_t(i);
    Tensor x = Tensor::copyBytes(bits.data(), bits.size(), dtype, {std::int64_t(bits.size())});
    // LLVM's conversions decide.
    std::vector<double> right = doubles(run([](Tensor x) { return cast(x, f64); }, x));
    EXPECT_EQ(right[dtype == f16 ? 0x3c00 : 0x3f80], 1);
    expectAll("read on the host", x, right, 0, true);
    expectAll("written on the host", cast(vector(right), dtype), right, 0, true);
    expectAll("written by a program", run([&](Tensor x) { return cast(x, dtype); }, vector(right)), right, 0, true);
  }
}
TEST(SpecialNumbers, TheHostRoundsToHalvesAsProgramsDo) {
  std::mt19937 random(3);
  std::uniform_real_distribution<float> exponent(-28, 18), wide(-140, 127.9f);
  std::vector<float> v{0x1p-25f,    0x1.8p-25f, 0x1.000002p-25f, 65504,       65519.996f,   65520,       0x1.fep127f,
                       0x1.ffp127f, 0x1p-134f,  0x1.8p-134f,     1 + 0x1p-8f, 1 + 0x1p-11f, 1 + 0x3p-11f};
  for (int i = 0; i < 20000; ++i)
    v.push_back(std::ldexp(1 + float(random() % 8192) / 8192, int(i % 2 ? wide(random) : exponent(random))) *
                (i % 3 ? 1.f : -1.f));
  Tensor x = Tensor::copy(v, {std::int64_t(v.size())});
  for (DType dtype : {f16, bf16})
    expectAll(dtype.name(), cast(x, dtype), doubles(run([&](Tensor x) { return cast(x, dtype); }, x)), 0, true);
}
// A rounding to f32 in between would make a tie of what is none.
TEST(SpecialNumbers, F64AndIntegersAreRoundedToHalvesOnce) {
  std::vector<double> v;
  for (double sign : {1., -1.})
    for (double tie : {1 + 0x1p-11, 1 + 0x3p-11, 1 + 0x1p-8, 1 + 0x3p-8, 0x1p-25, 0x3p-25, 0x1p-134, 0x3p-134, 65520.0,
                       0x1.ffp127, 0x1.8p-126 + 0x1p-134})
      for (double off : {0x1p-40, -0x1p-40, 0x1p-52, 0.0})
        v.push_back(sign * tie * (1 + off));
  for (double special : {0.0, -0.0, inf, -inf, double(NAN), 1e300, -1e300, 1e-300, 0x1p-1074})
    v.push_back(special);
  for (DType dtype : {f16, bf16})
    expectAll(dtype.name(), run([&](Tensor x) { return cast(x, dtype); }, vector(v)), doubles(cast(vector(v), dtype)),
              0, true);
  Tensor whole = Tensor::copy({0x1010001, -0x1010001, 0x1010000, 0x7fffffff, 65519, 65520, 2049, 0}, {8});
  for (DType dtype : {f16, bf16})
    expectAll(dtype.name(), run([&](Tensor x) { return cast(x, dtype); }, whole), doubles(cast(whole, dtype)));
  EXPECT_EQ(doubles(run([](Tensor x) { return cast(x, bf16); }, whole))[0], 0x1020000);
}
// A C++ number that a half tensor meets, a constant, a first value and what makes zeros of its own.
static Results numbersBesideHalves(Tensor x, Tensor h) {
  Results all;
  for (double v : {0.0, -0.0, 1.0, -1.0, 0.5, 3.0, 255.0, 0x1p-14, -0x1.8p-8, 240.0})
    all.push_back(expand(maximum(h, v) * 0 + v, 0));
  Tensor numbers = concat(all, 0);
  return {numbers,
          zeros({2}, h.dtype()),
          relu(h),
          select(h > 0, h, 0),
          pad(h, 0, 1, 1, 0),
          cast(h > 0, i32),
          norm(h * 0),
          full({2}, 0, h.dtype()) + h,
          cast(cast(x, f16), bf16)};
}
TEST(SpecialNumbers, ZeroIsZeroInHalves) {
  for (DType dtype : {f16, bf16}) {
    auto check = [&](const std::string &level, const Results &y) {
      std::vector<double> numbers;
      for (double v : {0.0, -0.0, 1.0, -1.0, 0.5, 3.0, 255.0, 0x1p-14, -0x1.8p-8, 240.0})
        numbers.insert(numbers.end(), {v, v});
      std::vector<double> right[] = {numbers, {0, 0}, {0, 0.125},      {0, 0.125}, {0, -0.125, 0.125, 0},
                                     {0, 1},  {0},    {-0.125, 0.125}, {0, -0.0}};
      for (std::size_t i = 0; i < y.size(); ++i)
        expectAll(std::string(dtype.name()) + ", " + level + ", result " + std::to_string(i), y[i], right[i]);
    };
    atEveryLevel(numbersBesideHalves, check, vector({0, -0.0}, f32), vector({-0.125, 0.125}, dtype));
    expectAll("the host", cast(vector({0, -0.0, 1}), dtype), {0, -0.0, 1}, 0, true);
  }
  struct {
    Param zero{bf16({2}), init::zeros}, half{f16({2}), init::constant(0.5)};
  } net;
  initialize(net, Key(0));
  expectAll("first values", net.zero, {0, 0}, 0, true);
  expectAll("first values", net.half, {0.5, 0.5});
}

// ---- signs of zero
static Results zerosAdded(Tensor x) {
  return {1 / (x + 0.0), 1 / (x + -0.0), 1 / (0.0 + x), 1 / (x - 0.0), 1 / (x - -0.0), 1 / (x * 1.0), 1 / abs(x)};
}
TEST(SpecialNumbers, SumsWithZeroKeepIeeeSigns) {
  for (DType dtype : {f32, f64, bf16})
    atEveryLevel(
        zerosAdded,
        [](const std::string &level, const Results &y) {
          std::vector<double> right[] = {{inf, inf}, {inf, -inf}, {inf, inf}, {inf, -inf},
                                         {inf, inf}, {inf, -inf}, {inf, inf}};
          for (std::size_t i = 0; i < y.size(); ++i)
            expectAll(level + ", sum " + std::to_string(i), y[i], right[i]);
        },
        vector({0.0, -0.0}, dtype));
}

// ---- kinks
static Results derivativesAtKinks(Tensor x) {
  Tensor logits = x * 30, left = x * 0 - 1000;
  auto second = [](Tensor y, Tensor x) { return derivative(derivative(y, x), x); };
  auto bce = [](Tensor l, double t) { return bce_with_logits(l, zeros_like(l) + t, Reduction::none); };
  return {derivative(relu(x), x),
          relu(x),
          derivative(maximum(x, 0), x),
          derivative(abs(x), x),
          second(softplus(x), x),
          second(softplus(logits), logits),
          derivative(second(softplus(left), left), left),
          jvp(derivative(softplus(left), left), left, left * 0 + 1),
          derivative(bce(x, 0.25), x),
          second(bce(x, 0.25), x),
          hvp(sum(bce(x, 1)), x, x * 0 + 1),
          derivative(bce(logits, 1), logits),
          bce(logits, 1),
          bce(-logits, 0)};
}
TEST(SpecialNumbers, DerivativesAtKinksAndFarOut) {
  for (DType dtype : {f32, f64})
    atEveryLevel(
        derivativesAtKinks,
        [&](const std::string &level, const Results &y) {
          auto sigma = [](double x) { return x < 0 ? std::exp(x) / (1 + std::exp(x)) : 1 / (1 + std::exp(-x)); };
          auto each = [](std::function<double(double)> f) { return std::vector<double>{f(0), f(1), f(-1), f(-2.5)}; };
          std::vector<double> none{0, 0, 0, 0};
          std::vector<double> right[] = {
              {0, 1, 0, 0},
              {0, 1, 0, 0},
              {0.5, 1, 0, 0},
              {0, 1, -1, -1},
              each([&](double x) { return sigma(x) * sigma(-x); }),
              each([&](double x) { return sigma(30 * x) * sigma(-30 * x); }),
              none,
              none,
              each([&](double x) { return sigma(x) - 0.25; }),
              each([&](double x) { return sigma(x) * sigma(-x); }),
              each([&](double x) { return sigma(x) * sigma(-x); }),
              each([&](double x) { return -sigma(-30 * x); }),
              each([&](double x) { return x < 0 ? -30 * x : std::log1p(std::exp(-30 * x)); }),
              each([&](double x) { return x < 0 ? -30 * x : std::log1p(std::exp(-30 * x)); })};
          double bound = dtype == f64 ? 1e-14 : 1e-6;
          for (std::size_t i = 0; i < y.size(); ++i) {
            if (i == 5) // right of 0 the factor 1 - sigmoid is rounded
              right[i][1] = doubles(y[i])[1];
            expectAll(std::string(dtype.name()) + ", " + level + ", result " + std::to_string(i), y[i], right[i],
                      bound);
          }
        },
        vector({0, 1, -1, -2.5}, dtype));
  // The reason for a select in relu, and not x > 0: a NaN stays.
  expectAll("relu of NaN", run([](Tensor x) { return relu(x); }, vector({NAN, -inf, inf})), {NAN, 0, inf});
}

static Results infiniteLogits(Tensor l, Tensor t) {
  Tensor y = bce_with_logits(l, t, Reduction::none);
  return {y, derivative(y, l)};
}
TEST(SpecialNumbers, CertaintyCostsNothingIfItIsRight) {
  for (DType dtype : {f32, f64, bf16})
    atEveryLevel(
        infiniteLogits,
        [](const std::string &level, const Results &y) {
          expectAll(level, y[0], {0, inf, inf, 0, inf, inf});
          expectAll(level, y[1], {0, 1, -1, 0, -0.5, 0.5}, 0);
        },
        vector({-inf, inf, -inf, inf, -inf, inf}, dtype), vector({0, 0, 1, 1, 0.5, 0.5}, dtype));
}

static Results derivativesOfPowers(Tensor x, Tensor e) {
  auto nth = [](Tensor y, Tensor x, int n) {
    for (int i = 0; i < n; ++i)
      y = derivative(y, x);
    return y;
  };
  Tensor y = pow(x, e);
  return {derivative(y, x),
          nth(y, x, 2),
          nth(y, x, 3),
          nth(pow(x, 2.0), x, 3),
          nth(pow(x, 3.0), x, 4),
          nth(pow(x, 0.0), x, 1),
          nth(pow(x, 1.0), x, 2),
          nth(pow(x, 3.0), x, 2),
          derivative(y, e),
          derivative(derivative(y, x), e),
          derivative(derivative(y, e), x),
          jvp(derivative(y, x), x, x * 0 + 1)};
}
TEST(SpecialNumbers, DerivativesOfPowers) {
  for (DType dtype : {f32, f64})
    atEveryLevel(
        derivativesOfPowers,
        [&](const std::string &level, const Results &y) {
          // x = 0 0 0 2 1e-40 0, exponents 2 1 0 0 0 -1
          double l = std::log(2.0);
          std::vector<double> right[] = {
              {0, 1, 0, 0, 0, -inf}, {2, 0, 0, 0, 0, inf},    {0, 0, 0, 0, 0, -inf},
              {0, 0, 0, 0, 0, 0},    {0, 0, 0, 0, 0, 0},      {0, 0, 0, 0, 0, 0},
              {0, 0, 0, 0, 0, 0},    {0, 0, 0, 12, 6e-40, 0}, {0, 0, 0, l, std::log(1e-40), 0}};
          double bound = dtype == f64 ? 1e-14 : 1e-5; // 1e-40 is a denormal of f32
          for (std::size_t i = 0; i < std::size(right); ++i)
            expectAll(std::string(dtype.name()) + ", " + level + ", result " + std::to_string(i), y[i], right[i],
                      bound);
          // d2 / dx db at b = 0 is 1 / x, in either order.
          EXPECT_NEAR(doubles(y[9])[3], 0.5, 1e-6);
          EXPECT_NEAR(doubles(y[10])[3], 0.5, 1e-6);
          expectAll("forward over reverse", y[11], {2, 0, 0, 0, 0, inf});
        },
        vector({0, 0, 0, 2, 1e-40, 0}, dtype), vector({2, 1, 0, 0, 0, -1}, dtype));
}

// ---- rows
static Results rowsWithoutProbability(Tensor x, Tensor labels) {
  Tensor l = logsumexp(x, 1), s = log_softmax(x), c = cross_entropy(x, labels, Reduction::none), p = softmax(x);
  Tensor one = zeros_like(x) + 1;
  return {p,
          l,
          s,
          c,
          derivative(p * iota(2, x.dtype()), x),
          derivative(l, x),
          derivative(s * (1 + iota(2, x.dtype())), x),
          derivative(c, x),
          derivative(square(derivative(l, x)), x),
          derivative(square(derivative(c, x)), x),
          jvp(l, x, one),
          jvp(s, x, one * iota(2, x.dtype())),
          jvp(c, x, one * iota(2, x.dtype()))};
}
TEST(SpecialNumbers, RowsOfMinusInfinity) {
  for (DType dtype : {f32, f64, bf16})
    atEveryLevel(
        rowsWithoutProbability,
        [&](const std::string &level, const Results &y) {
          // Rows: -inf alone; 1 1; -inf 0. Labels 0 1 1.
          double l2 = std::log(2.0);
          std::vector<double> right[] = {{0, 0, .5, .5, 0, 1},
                                         {-inf, 1 + l2, 0},
                                         {-inf, -inf, -l2, -l2, -inf, 0},
                                         {inf, l2, 0},
                                         {0, 0, -.25, .25, 0, 0},
                                         {0, 0, .5, .5, 0, 1},
                                         {0, 0, -.5, .5, 1, -1},
                                         {0, 0, .5, -.5, 0, 0},
                                         {0, 0, 0, 0, 0, 0},
                                         {0, 0, .5, -.5, 0, 0},
                                         {0, 1, 1},
                                         {0, 0, -.5, .5, -1, 0},
                                         {0, -.5, 0}};
          for (std::size_t i = 0; i < y.size(); ++i)
            expectAll(std::string(dtype.name()) + ", " + level + ", result " + std::to_string(i), y[i], right[i],
                      dtype == bf16  ? 4e-3
                      : dtype == f32 ? 1e-6
                                     : 1e-14);
        },
        matrix({-inf, -inf, 1, 1, -inf, 0}, 2, dtype), Tensor::copy({0, 1, 1}, {3}));
}
static Results shiftedRows(Tensor x, Tensor labels) {
  return {cross_entropy(x, labels, Reduction::none), log_softmax(x), log_softmax(transpose(x), 0), softmax(x)};
}
TEST(SpecialNumbers, ShiftsOfARowCostNoDigits) {
  for (auto [dtype, large] : {std::pair{f32, 1e8}, {f32, -3e7}, {f64, 1e15}, {f64, 1e300}, {bf16, 1e30}, {f16, 60000.}})
    atEveryLevel(
        shiftedRows,
        [&, dtype = dtype](const std::string &level, const Results &y) {
          double l2 = std::log(2.0), bound = dtype == f64 ? 1e-15 : dtype == f32 ? 1e-7 : 4e-3;
          std::vector<double> right[] = {{l2, l2}, {-l2, -l2, -l2, -l2}, {-l2, -l2, -l2, -l2}, {.5, .5, .5, .5}};
          for (std::size_t i = 0; i < y.size(); ++i)
            expectAll(std::string(dtype.name()) + ", " + level + ", result " + std::to_string(i), y[i], right[i],
                      bound);
        },
        matrix({large, large, 0, 0}, 2, dtype), Tensor::copy({0, 1}, {2}));
}

static Results extremesOfNothing(Tensor x, Tensor ties) {
  auto of = [](Tensor x) { return std::pair{jvp(max(x, 1), x, x * 0 + 1), jvp(min(x, 1), x, x * 0 + 1)}; };
  auto [a, b] = of(x);
  // The derivative by the cotangent of the gradient's gradient.
  Tensor twice = jvp(sum(square(derivative(max(x, 1), x)), 1), x, x * 0 + 1);
  return {a, b, twice, derivative(max(cast(ties, f16)), ties) * 70000,
          jvp(max(cast(ties, f16)), ties, zeros_like(ties) + 1)};
}
TEST(SpecialNumbers, DerivativesOfExtremesOfNothingAndOfManyTies) {
  const std::int64_t n = 70000; // more than f16 has numbers for
  atEveryLevel(
      extremesOfNothing,
      [&](const std::string &level, const Results &y) {
        for (int i : {0, 1, 2})
          expectAll(level, y[std::size_t(i)], {0, 0});
        expectAll(level, y[3], std::vector<double>(n, 1), 0.01); // 1 / 70000 is a denormal of f16
        expectAll(level, y[4], {1}, 1e-3);
      },
      Tensor::copy(std::vector<double>{}, {2, 0}), Tensor::copy(std::vector<float>(n, 2), {n}));
}

// ---- a zero cotangent that meets an infinite partial: docs/numerics.md has the rule
static Results zeroTimesInfinity(Tensor x) {
  Tensor safe = select(x > 0, x, 1);
  return {derivative(select(x > 0, sqrt(x), 1), x), derivative(select(x > 0, sqrt(safe), 1), x),
          derivative(maximum(sqrt(x * x), 1e-10), x), derivative(sqrt(maximum(x * x, 1e-20)), x)};
}
TEST(SpecialNumbers, ASelectDoesNotHideAnInfinitePartialUnlessItsInputIsSafe) {
  atEveryLevel(
      zeroTimesInfinity,
      [](const std::string &level, const Results &y) {
        std::vector<double> right[] = {{NAN, 0.25}, {0, 0.25}, {NAN, 1}, {0, 1}};
        for (std::size_t i = 0; i < y.size(); ++i)
          expectAll(level + ", result " + std::to_string(i), y[i], right[i]);
      },
      vector({0, 4}));
}

// ---- lengths
static Results lengths(Tensor x) {
  Tensor n = norm(x, 1), one = normalize(x);
  return {n, norm(x), one, derivative(n, x), optim::clip_norm(x, 1), optim::clip_norm(x * 0, 1)};
}
TEST(SpecialNumbers, LengthsOfHugeAndTinyNumbers) {
  for (auto [dtype, size] : {std::pair{f64, 1e200},
                             {f64, 1e-200},
                             {f64, 1e-310},
                             {f64, 2.0},
                             {f32, 1e20},
                             {f32, 1e-30},
                             {f32, 1e37},
                             {bf16, 1e30},
                             {f16, 1000.},
                             {f16, 1e-4}})
    atEveryLevel(
        lengths,
        [&, dtype = dtype, size = size](const std::string &level, const Results &y) {
          double bound = dtype == f64   ? size < 1e-308 ? 1e-13 : 1e-15
                         : dtype == f32 ? 4e-7
                         : dtype == f16 ? size < 1 ? 4e-3 : 1e-3
                                        : 8e-3;
          std::string what = std::string(dtype.name()) + " of " + std::to_string(std::log10(size)) + ", " + level;
          double whole = std::sqrt(25. + 169);
          expectAll(what + ", rows", y[0], {5 * size, 13 * size}, bound);
          expectAll(what + ", all", y[1], {whole * size}, bound);
          expectAll(what + ", normalize", y[2], {.6, .8, 0, 5. / 13, 0, 12. / 13}, bound);
          expectAll(what + ", gradient", y[3], {.6, .8, 0, 5. / 13, 0, 12. / 13}, bound);
          if (whole * size > 1)
            expectAll(what + ", clipped", y[4], {3 / whole, 4 / whole, 0, 5 / whole, 0, 12 / whole}, bound);
          else
            expectAll(what + ", not clipped", y[4], {3 * size, 4 * size, 0, 5 * size, 0, 12 * size},
                      dtype == f64 ? size < 1e-308 ? 1e-13 : 0 : bound);
          expectAll(what + ", clipped zeros", y[5], {0, 0, 0, 0, 0, 0});
        },
        matrix({3 * size, 4 * size, 0, 5 * size, 0, 12 * size}, 3, dtype));
}
TEST(SpecialNumbers, LengthsOfZerosInfinitiesAndNaN) {
  atEveryLevel(
      lengths,
      [](const std::string &level, const Results &y) {
        expectAll(level + ", rows", y[0], {0, inf, NAN});
        expectAll(level + ", all", y[1], {NAN});
        EXPECT_EQ(doubles(y[2])[0], 0);
        EXPECT_EQ(doubles(y[3])[0], 0) << level;
        EXPECT_EQ(doubles(y[3])[1], 0) << level;
      },
      matrix({0, 0, 1, inf, 1, NAN}, 2));
}

// ---- f64 is f64 in optimisers and averages
namespace {
struct Weights {
  Param w{f64({3})};
};
template <class Opt> struct Trained {
  Weights net;
  Opt opt;
};
const std::vector<double> slope{0.7, -3e-3, 11};
/// Weights after five steps on the slope times `growth` to the step.
template <class Opt> std::vector<double> afterFiveSteps(const optim::Options &options, double growth) {
  Trained<Opt> s;
  s.opt = Opt(s.net, options);
  initialize(s, Key(0));
  s.net.w = vector({1, -2, 0.5});
  auto f = jit([](Trained<Opt> &s, Tensor g) { s.opt.update(s.net, Weights{g}); }, s, f64({3}));
  for (int t = 0; t < 5; ++t) {
    std::vector<double> g = slope;
    for (double &v : g)
      v *= std::pow(growth, t);
    f(s, vector(g));
  }
  return doubles(s.net.w);
}
void expectClose(const std::vector<double> &found, const std::vector<long double> &right) {
  for (std::size_t i = 0; i < right.size(); ++i)
    EXPECT_NEAR(found[i], double(right[i]), 1e-15) << "element " << i;
}
} // namespace
TEST(SpecialNumbers, AdamOfF64MeetsItsClosedForm) {
  // On a constant gradient both corrected moments are what they are of one step: each moves by g / (|g| + eps).
  auto rate = [](int t) {
    long double part = std::min(std::max(t - 2, 0) / 7.0L, 1.0L);
    return (1e-4L + (0.1L - 1e-4L) / 2 * (1 + std::cos(part * std::acos(-1.0L)))) * std::min((t + 1) / 2.0L, 1.0L);
  };
  std::vector<long double> constant{1, -2, 0.5L}, varying = constant, decayed = constant;
  std::vector<long double> m(3), v(3);
  for (int t = 0; t < 5; ++t)
    for (int i = 0; i < 3; ++i) {
      long double g = slope[i], h = g * std::pow(1.3L, t);
      constant[i] -= 0.01L * g / (std::fabs(g) + 1e-8L);
      decayed[i] -= rate(t) * (g / (std::fabs(g) + 1e-8L) + 0.05L * decayed[i]);
      m[i] = 0.9L * m[i] + 0.1L * h, v[i] = 0.999L * v[i] + 0.001L * h * h;
      varying[i] -=
          0.01L * (m[i] / (1 - std::pow(0.9L, t + 1))) / (std::sqrt(v[i] / (1 - std::pow(0.999L, t + 1))) + 1e-8L);
    }
  expectClose(afterFiveSteps<optim::Adam<Weights>>({.lr = 0.01}, 1), constant);
  expectClose(afterFiveSteps<optim::Adam<Weights>>({.lr = 0.01}, 1.3), varying);
  expectClose(
      afterFiveSteps<optim::AdamW<Weights>>({.lr = optim::warmup(2, optim::cosine(0.1, 1e-4, 7)), .decay = 0.05}, 1),
      decayed);
}
TEST(SpecialNumbers, MomentumAndClippingOfF64) {
  std::vector<long double> right{1, -2, 0.5L}, m(3);
  long double length = 0;
  for (double g : slope)
    length += (long double)g * g;
  for (int t = 0; t < 5; ++t)
    for (int i = 0; i < 3; ++i) {
      m[i] = 0.9L * m[i] + slope[i] * 0.3L / std::sqrt(length);
      right[i] -= (0.1L + (0.3L - 0.1L) * std::min(t / 3.0L, 1.0L)) * m[i];
    }
  expectClose(
      afterFiveSteps<optim::SGD<Weights>>({.lr = optim::linear(0.1, 0.3, 3), .momentum = 0.9, .clip_norm = 0.3}, 1),
      right);
  for (double size : {1e200, 1e-200}) { // the length of several leaves together
    std::vector<Tensor> y =
        run([&](Tensor a, Tensor b) { return optim::clip_norm(std::vector<Tensor>{a, b}, size * 1e-50); },
            vector({3 * size, 0}), vector({4 * size}));
    expectAll("a", y[0], {0.6 * size * 1e-50, 0}, 1e-15);
    expectAll("b", y[1], {0.8 * size * 1e-50}, 1e-15);
  }
}
TEST(SpecialNumbers, ALearningRateOfF64KeepsItsDigits) {
  Trained<optim::SGD<Weights>> s;
  s.opt = optim::SGD<Weights>(s.net, {.lr = Tensor::copy(std::vector<double>{0.1}, {})});
  initialize(s, Key(0));
  s.net.w = vector({0, 0, 0});
  auto f = jit([](Trained<optim::SGD<Weights>> &s) { s.opt.update(s.net, Weights{ones({3}, f64)}); }, s);
  f(s);
  expectAll("weights", s.net.w, {-0.1, -0.1, -0.1});
}
TEST(SpecialNumbers, AveragesAndFirstValuesOfF64) {
  Weights slow{vector({1, 2, 3})}, fast{vector({2, 4, 9})};
  Weights y = run([](Weights slow, Weights fast) { return ema(slow, fast, 0.9); }, slow, fast);
  expectAll("ema", y.w, {1 * 0.9 + 2 * 0.1, 2 * 0.9 + 4 * 0.1, 3 * 0.9 + 9 * 0.1}, 3e-16);
  struct {
    Param a{f64({2}), init::constant(0.1)}, b{f64({2}), init::linspace(0.1, 0.7)};
  } net;
  initialize(net, Key(0));
  expectAll("constant", net.a, {0.1, 0.1});
  expectAll("linspace", net.b, {0.1, 0.7}, 3e-16);
}
