// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Transcendental functions beside long double: every f16 and bf16, a stride through all f32 and f64, with the worst
// error in ulp of the type.
//
// An ulp is the distance of neighbours in the type at the exact result's magnitude. Infinities and NaN must be where
// they belong.
#include "weft/weft.h"
#include <cmath>
#include <cstdio>
#include <cstring>
#include <gtest/gtest.h>
#include <numbers>

using namespace weft;

namespace {
using Real = long double;
struct Case {
  const char *name;
  Tensor (*ours)(Tensor);
  Real (*exact)(Real);
  double most16, most32, most64; // ulp
  Real least = 0;                // an ulp is at least that of this number,
  int lostBits = 0;              // and that of the least normal number times two to this
};
struct Format {
  DType dtype;
  int precision, least, greatest; // bits of the significand; exponents of the least normal number and of the greatest
};
const Format half{f16, 11, -14, 15}, brain{bf16, 8, -126, 127}, single{f32, 24, -126, 127}, wide{f64, 53, -1022, 1023};

double ulps(Real computed, Real exact, const Format &t, const Case &c) {
  Real largest = std::ldexp(2 - std::ldexp(Real(1), 1 - t.precision), t.greatest),
       over = std::ldexp(Real(2) - std::ldexp(Real(1), -t.precision), t.greatest);
  if (std::isnan(exact) || std::isnan(computed))
    return std::isnan(exact) && std::isnan(computed) ? 0 : INFINITY;
  if (std::fabs(exact) >= over) // rounds to infinity
    exact = std::copysign(Real(INFINITY), exact);
  if (std::isinf(exact) || std::isinf(computed)) {
    if (exact == computed)
      return 0;
    // One step apart at the very end of the range.
    Real finite = std::isinf(exact) ? computed : exact;
    return std::signbit(exact) == std::signbit(computed) &&
                   std::fabs(finite) >= largest * (1 - std::ldexp(Real(1), 2 - t.precision))
               ? 1
               : INFINITY;
  }
  Real size = std::max(std::fabs(exact), c.least);
  int exponent = std::max(size == 0 ? t.least : std::ilogb(size), t.least + c.lostBits);
  return double(std::fabs(computed - exact) / std::ldexp(Real(1), exponent - t.precision + 1));
}

template <class Bits> std::vector<Bits> everyNth(Bits step) {
  std::vector<Bits> all;
  Bits next = 0;
  do {
    all.push_back(next);
    next += step;
  } while (next >= step);
  return all;
}
std::vector<double> asDoubles(const Tensor &x) {
  Tensor w = cast(x, f64);
  return {w.span<double>().begin(), w.span<double>().end()};
}

struct Worst {
  double ulp = 0, at = 0;
};
template <class Bits> Worst worst(const Case &c, const Format &t, const std::vector<Bits> &bits) {
  std::int64_t n = std::int64_t(bits.size());
  Tensor x = Tensor::copyBytes(bits.data(), std::size_t(n), t.dtype, {n});
  std::vector<double> in = asDoubles(x), out = asDoubles(run([&](Tensor v) { return c.ours(v); }, x));
  Worst result;
  for (std::size_t i = 0; i < in.size(); ++i)
    if (double error = ulps(out[i], c.exact(in[i]), t, c); error > result.ulp)
      result = {error, in[i]};
  return result;
}

Real logistic(Real x) { return x < 0 ? std::exp(x) / (1 + std::exp(x)) : 1 / (1 + std::exp(-x)); }
/// Newton's steps on the logarithm of erfc, or on erf where that has the digits.
Real inverseErf(Real x) {
  Real size = std::fabs(x);
  if (!(size < 1))
    return size == 1 ? std::copysign(Real(INFINITY), x) : NAN;
  Real root = std::sqrt(std::numbers::pi_v<Real>) / 2, left = 1 - size,
       y = size < 0.5L ? size * root : std::sqrt(-std::log(left * (1 + size)));
  for (int step = 0; step < 12; ++step) {
    Real move = size < 0.5L ? (std::erf(y) - size) * root * std::exp(y * y)
                            : std::log(left / std::erfc(y)) * std::erfc(y) * root * std::exp(y * y);
    y -= move;
    if (std::fabs(move) < y * 0x1p-60L)
      break;
  }
  return std::copysign(y, x);
}
// x Phi(x) and x sigmoid(x) at -infinity are infinity times 0. Left of 0 gelu's 1 + erf cancels: it is as accurate as
// numbers around 1 can be. Where sigmoid(x) is denormal, so few of its bits are left that x times it has as few.
const Case cases[]{
    {"exp", [](Tensor x) { return exp(x); }, [](Real x) { return std::exp(x); }, 0.51, 0.9, 2},
    {"exp2", [](Tensor x) { return exp2(x); }, [](Real x) { return std::exp2(x); }, 0.51, 0.9, 2},
    {"expm1", [](Tensor x) { return expm1(x); }, [](Real x) { return std::expm1(x); }, 0.51, 1.5, 2},
    {"log", [](Tensor x) { return log(x); }, [](Real x) { return std::log(x); }, 0.51, 0.9, 2},
    {"log1p", [](Tensor x) { return log1p(x); }, [](Real x) { return std::log1p(x); }, 0.51, 1.5, 2},
    {"tanh", [](Tensor x) { return tanh(x); }, [](Real x) { return std::tanh(x); }, 0.51, 1.6, 2},
    {"sigmoid", [](Tensor x) { return sigmoid(x); }, logistic, 0.51, 1.5, 2},
    {"erf", [](Tensor x) { return erf(x); }, [](Real x) { return std::erf(x); }, 0.51, 1.2, 2},
    {"erf_inv", [](Tensor x) { return erf_inv(x); }, inverseErf, 0.51, 3, 3},
    {"softplus", [](Tensor x) { return softplus(x); },
     [](Real x) { return std::fmax(x, Real(0)) + std::log1p(std::exp(-std::fabs(x))) + (x != x ? x : 0); }, 0.51, 2, 2},
    {"gelu", [](Tensor x) { return gelu(x); },
     [](Real x) { return x == -INFINITY ? NAN : x / 2 * std::erfc(-x * std::sqrt(Real(0.5))); }, 0.55, 1.5, 2, 1},
    {"gelu_tanh", [](Tensor x) { return gelu_tanh(x); },
     [](Real x) {
       return x == -INFINITY
                  ? NAN
                  : x / 2 * (1 + std::tanh(std::sqrt(2 / std::numbers::pi_v<Real>) * x * (1 + Real(0.044715) * x * x)));
     },
     0.6, 2, 2, 1},
    {"silu", [](Tensor x) { return silu(x); }, [](Real x) { return x == -INFINITY ? NAN : x * logistic(x); }, 0.51, 2,
     2, 0, 8},
    {"sin", [](Tensor x) { return sin(x); }, [](Real x) { return std::sin(x); }, 0.51, 1.8, 2},
    {"cos", [](Tensor x) { return cos(x); }, [](Real x) { return std::cos(x); }, 0.51, 1.8, 2},
    {"rsqrt", [](Tensor x) { return rsqrt(x); }, [](Real x) { return 1 / std::sqrt(x); }, 0.51, 1.6, 2},
    {"x^2.75", [](Tensor x) { return pow(x, 2.75f); }, [](Real x) { return std::pow(x, Real(2.75f)); }, 0.51, 0.6, 2},
    {"1.75^x", [](Tensor x) { return pow(1.75f, x); }, [](Real x) { return std::pow(Real(1.75f), x); }, 0.51, 0.6, 2},
};
} // namespace

TEST(Math, WorstErrorsInUlps) {
  std::vector<std::uint16_t> every = everyNth<std::uint16_t>(1);
  std::vector<std::uint32_t> some = everyNth<std::uint32_t>(8179);
  std::vector<std::uint64_t> few = everyNth<std::uint64_t>(184467440737095ull);
  std::printf("%-10s %-22s %-22s %-22s %s\n", "function", "f16, all", "bf16, all", "f32, 1 of 8179", "f64, 100000");
  for (const Case &c : cases) {
    Worst of[]{worst(c, half, every), worst(c, brain, every), worst(c, single, some), worst(c, wide, few)};
    std::printf("%-10s", c.name);
    for (const Worst &w : of)
      std::printf(" %-7.3f at %-11.4g", w.ulp, w.at);
    std::printf("\n");
    EXPECT_LE(of[0].ulp, c.most16) << c.name << " of f16 " << of[0].at;
    EXPECT_LE(of[1].ulp, c.most16) << c.name << " of bf16 " << of[1].at;
    EXPECT_LE(of[2].ulp, c.most32) << c.name << " of f32 " << of[2].at;
    EXPECT_LE(of[3].ulp, c.most64) << c.name << " of f64 " << of[3].at;
  }
}

// What IEEE 754 says of powers of zeros, ones, infinities and NaN, and of negative numbers; signs of zeros count.
TEST(Math, PowersOfSpecialNumbers) {
  const float inf = INFINITY,
              special[]{0, 1, 2, 3, 0.5f, 2.5f, 1e30f, 1e-40f, 16777216, 16777218, 33554435.0f, 8388607, inf};
  std::vector<float> values{NAN}, x, y;
  for (float v : special)
    values.push_back(v), values.push_back(-v);
  for (float a : values)
    for (float b : values)
      x.push_back(a), y.push_back(b);
  std::int64_t n = std::int64_t(x.size());
  Tensor z = run([](Tensor a, Tensor b) { return pow(a, b); }, Tensor::copy(x, {n}), Tensor::copy(y, {n}));
  for (std::int64_t i = 0; i < n; ++i) {
    float ours = z.span<float>()[i], exact = std::pow(x[i], y[i]);
    if (std::isnan(exact))
      EXPECT_TRUE(std::isnan(ours)) << x[i] << " ^ " << y[i] << " = " << ours;
    else if (exact == 0 || std::isinf(exact) || exact == 1)
      EXPECT_TRUE(ours == exact && std::signbit(ours) == std::signbit(exact))
          << x[i] << " ^ " << y[i] << " = " << ours << ", not " << exact;
    else
      EXPECT_NEAR(ours / exact, 1, 1e-6) << x[i] << " ^ " << y[i];
  }
  EXPECT_TRUE(std::signbit(run([](Tensor a) { return sin(a); }, Tensor::copy({-0.0f}, {1})).span<float>()[0]));
}
