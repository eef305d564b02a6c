// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Losses and activations against formulas of C++, and their gradients against differences.
#include "weft/weft.h"
#include <cmath>
#include <functional>
#include <gtest/gtest.h>

using namespace weft;

namespace {
std::vector<double> doubles(const Tensor &x) {
  Tensor wide = cast(x, f64);
  return {wide.span<double>().begin(), wide.span<double>().end()};
}
void expectAll(const std::string &what, const Tensor &x, const std::vector<double> &right, double bound) {
  std::vector<double> found = doubles(x);
  ASSERT_EQ(found.size(), right.size()) << what;
  for (std::size_t i = 0; i < right.size(); ++i)
    EXPECT_TRUE(found[i] == right[i] || std::fabs(found[i] - right[i]) <= bound * std::max(1.0, std::fabs(right[i])))
        << what << ", element " << i << ": found " << found[i] << ", right is " << right[i];
}
std::string errorOf(const std::function<void()> &f) {
  try {
    f();
  } catch (const Error &e) {
    return std::string(e.what());
  }
  return "no error";
}
bool has(const std::string &text, const std::string &part) { return text.find(part) != std::string::npos; }
const double inf = INFINITY;
} // namespace

TEST(Activations, ByFormulaWithTheirDerivatives) {
  struct One {
    const char *name;
    Tensor (*f)(Tensor);
    double (*value)(double), (*slope)(double);
  };
  static const std::vector<One> all{
      {"leaky_relu", [](Tensor x) { return leaky_relu(x, 0.2); }, [](double x) { return x > 0 ? x : 0.2 * x; },
       [](double x) { return x > 0 ? 1 : 0.2; }},
      {"elu", [](Tensor x) { return elu(x, 1.5); }, [](double x) { return x > 0 ? x : 1.5 * std::expm1(x); },
       [](double x) { return x > 0 ? 1 : 1.5 * std::exp(x); }},
      {"hard_swish", [](Tensor x) { return hard_swish(x); },
       [](double x) { return x * std::min(std::max(x + 3, 0.0), 6.0) / 6; },
       [](double x) { return x < -3  ? 0
                             : x > 3 ? 1
                                     : (2 * x + 3) / 6; }},
      {"gelu", [](Tensor x) { return gelu(x); }, [](double x) { return x * (1 + std::erf(x / std::sqrt(2.0))) / 2; },
       [](double x) {
         return (1 + std::erf(x / std::sqrt(2.0))) / 2 + x * std::exp(-x * x / 2) / std::sqrt(2 * std::acos(-1.0));
       }},
      {"round", [](Tensor x) { return round(x); }, [](double x) { return std::nearbyint(x); },
       [](double) { return 0.0; }},
      {"round_half_away", [](Tensor x) { return round_half_away(x); }, [](double x) { return std::round(x); },
       [](double) { return 0.0; }}};
  const std::vector<double> at{-800, -3.5, -2.5, -1.25, -0.5, -1e-9, 0, 1e-9, 0.5, 1.5, 2.5, 4, 800};
  for (DType dtype : {f64, f32, bf16})
    for (int level : {0, 3}) {
      auto f = jit(
          Options{.optimize = level},
          [](Tensor x) {
            std::vector<Tensor> y;
            for (auto &one : all) {
              Tensor v = one.f(x);
              y.push_back(v), y.push_back(grad(sum(v), x));
            }
            return y;
          },
          dtype({13}));
      Tensor x = cast(Tensor::copy(at, {13}), dtype);
      auto y = f(x);
      auto seen = doubles(x);
      for (std::size_t i = 0; i < all.size(); ++i) {
        std::vector<double> value, slope;
        for (double v : seen)
          value.push_back(all[i].value(v)), slope.push_back(all[i].slope(v));
        double bound = dtype == f64 ? 1e-12 : dtype == f32 ? 1e-6 : 0.02;
        expectAll(std::string(all[i].name) + " of " + dtype.name(), y[2 * i], value, bound);
        expectAll(std::string("derivative of ") + all[i].name + " of " + dtype.name(), y[2 * i + 1], slope, bound);
      }
    }
  auto halves = run([](Tensor x) { return glu(x, 0); }, Tensor::copy({1., -2., 0.5, 3.}, {4}));
  expectAll("glu", halves, {1 / (1 + std::exp(-0.5)), -2 / (1 + std::exp(-3.0))}, 1e-12);
  EXPECT_TRUE(has(errorOf([] { shape_of([](Tensor x) { return glu(x); }, f32({2, 3})); }), "has no two halves"));
}

TEST(Losses, ByFormula) {
  Tensor logits = Tensor::copy({0.2, -1.0, 0.7, 1.5, 0.1, -0.4}, {2, 3}), target = Tensor::copy({2, 0}, {2});
  Tensor soft = Tensor::copy({0.2, 0.5, 0.3, 0., 0.9, 0.1}, {2, 3}),
         other = Tensor::copy({1., 0.3, -0.2, 0.4, 0.4, 2.}, {2, 3});
  auto all = run(
      [](Tensor l, Tensor t, Tensor p, Tensor q) {
        auto none = Reduction::none;
        return std::vector{smoothed_cross_entropy(l, t, 0.1, none),
                           soft_cross_entropy(l, p, none),
                           smooth_l1(l, q, 0.5, none),
                           gaussian_kl(l, q),
                           gaussian_kl(l, q, p, l),
                           categorical_kl(l, q),
                           info_nce(l, q, 0.3),
                           gaussian_kl(l, q, l, q),
                           categorical_kl(l, l),
                           smoothed_cross_entropy(l, t, 0) - cross_entropy(l, t)};
      },
      logits, target, soft, other);
  auto l = doubles(logits), p = doubles(soft), q = doubles(other);
  const int label[] = {2, 0};
  auto logp = [](const std::vector<double> &v, int row, int c) {
    double sum = 0;
    for (int k = 0; k < 3; ++k)
      sum += std::exp(v[row * 3 + k]);
    return v[row * 3 + c] - std::log(sum);
  };
  std::vector<double> smoothed(2), softs(2), l1, kl, kl2, categorical(2), cosines(4);
  for (int r = 0; r < 2; ++r) {
    smoothed[r] = -0.9 * logp(l, r, label[r]);
    for (int c = 0; c < 3; ++c) {
      smoothed[r] -= 0.1 / 3 * logp(l, r, c);
      softs[r] -= p[r * 3 + c] * logp(l, r, c);
      categorical[r] += std::exp(logp(l, r, c)) * (logp(l, r, c) - logp(q, r, c));
    }
    for (int s = 0; s < 2; ++s) {
      double dot = 0, a = 0, b = 0;
      for (int c = 0; c < 3; ++c)
        dot += l[r * 3 + c] * q[s * 3 + c], a += l[r * 3 + c] * l[r * 3 + c], b += q[s * 3 + c] * q[s * 3 + c];
      cosines[r * 2 + s] = dot / std::sqrt(a * b) / 0.3;
    }
  }
  for (int i = 0; i < 6; ++i) {
    double d = std::fabs(l[i] - q[i]), v1 = std::exp(q[i]), v2 = std::exp(l[i]);
    l1.push_back(d < 0.5 ? d * d : d - 0.25);
    kl.push_back((l[i] * l[i] + v1 - 1 - q[i]) / 2);
    kl2.push_back((std::log(v2 / v1) + (v1 + (l[i] - p[i]) * (l[i] - p[i])) / v2 - 1) / 2);
  }
  double nce = 0;
  for (int r = 0; r < 2; ++r)
    nce += (std::log(std::exp(cosines[r * 2]) + std::exp(cosines[r * 2 + 1])) - cosines[r * 2 + r]) / 2;
  const std::vector<double> right[] = {smoothed, softs, l1, kl, kl2, categorical, {nce}};
  for (int i = 0; i < 7; ++i)
    expectAll("loss " + std::to_string(i), all[i], right[i], 1e-12);
  expectAll("of a distribution to itself", all[7], std::vector<double>(6), 0);
  expectAll("of logits to themselves", all[8], {0, 0}, 0);
  expectAll("smoothing of 0", all[9], {0}, 1e-15);
}

TEST(Losses, GradientsAgainstDifferences) {
  auto losses = [](Tensor x) { // x [4, 3]
    Tensor a = slice(x, 0, 0, 2), b = slice(x, 0, 2, 4), labels = constant({2, 0});
    return std::vector{smoothed_cross_entropy(a * b, labels, 0.2),
                       soft_cross_entropy(a, softmax(b)),
                       smooth_l1(a, b, 0.4),
                       sum(gaussian_kl(a, b)),
                       sum(gaussian_kl(a, b, sin(b), a)),
                       sum(categorical_kl(a, b)),
                       info_nce(a, b, sum(b * b) + 0.1),
                       sum(glu(expand(reshape(x, {12}), 0)) * 2)};
  };
  auto slopes = jit(
      [losses](Tensor x, Tensor v) {
        std::vector<Tensor> all;
        for (Tensor y : losses(x))
          all.push_back(sum(grad(y, x) * v));
        return all;
      },
      f64({4, 3}), f64({4, 3}));
  auto values = jit([losses](Tensor x) { return losses(x); }, f64({4, 3}));
  std::vector<double> at{0.31, -0.72, 1.13, 0.45, -1.21, 0.92, 0.07, -0.38, 0.66, -0.15, 0.84, 1.52}, along(12);
  for (int i = 0; i < 12; ++i)
    along[i] = std::cos(double(i + 1));
  auto found = slopes(Tensor::copy(at, {4, 3}), Tensor::copy(along, {4, 3}));
  std::vector<double> expected(found.size());
  for (auto [step, weight] : {std::pair{1, 8.0}, {-1, -8.0}, {2, -1.0}, {-2, 1.0}}) {
    auto x = at;
    for (int i = 0; i < 12; ++i)
      x[i] += step * 1e-3 * along[i];
    auto y = values(Tensor::copy(x, {4, 3}));
    for (std::size_t f = 0; f < y.size(); ++f)
      expected[f] += weight * y[f].item<double>() / 12e-3;
  }
  for (std::size_t f = 0; f < found.size(); ++f)
    EXPECT_NEAR(found[f].item<double>(), expected[f], 1e-8 * std::max(1.0, std::fabs(expected[f]))) << f;
}

// Classes that are impossible on both sides, and Gaussians that are far apart.
TEST(Losses, AtTheEdges) {
  auto f = [](Tensor p, Tensor q, Tensor t) {
    Tensor kl = categorical_kl(p, q), ce = soft_cross_entropy(p, t, Reduction::none);
    return std::vector{kl, grad(sum(kl), p), grad(sum(kl), q), ce, grad(sum(ce), p)};
  };
  for (int level : {0, 3}) {
    auto y = jit(Options{.optimize = level}, f, f64({2, 3}), f64({2, 3}), f64({2, 3}))(
        Tensor::copy({0., -inf, 0., 1., 2., -inf}, {2, 3}), Tensor::copy({0., -inf, 0., 1., 2., 0.5}, {2, 3}),
        Tensor::copy({0.5, 0., 0.5, 1., 0., 0.}, {2, 3}));
    double a = 1 / (1 + std::exp(1.0)), z = std::exp(1.0) + std::exp(2.0);
    expectAll("divergence", y[0], {0, std::log((z + std::exp(0.5)) / z)}, 1e-12);
    for (int i : {1, 2, 4})
      for (double g : doubles(y[i]))
        EXPECT_TRUE(std::isfinite(g)) << i;
    expectAll("cross entropy", y[3], {std::log(2.0), -std::log(a)}, 1e-12);
  }
  EXPECT_TRUE(
      has(errorOf([] { shape_of([](Tensor x) { return smooth_l1(x, x, 0); }, f32({2})); }), "beta must be positive"));
  EXPECT_TRUE(has(
      errorOf([] { shape_of([](Tensor x, Tensor y) { return soft_cross_entropy(x, y); }, f32({2, 3}), f32({2, 4})); }),
      "expected two of one shape [..., classes], found f32 [2, 3] and f32 [2, 4]"));
  EXPECT_TRUE(
      has(errorOf([] { shape_of([](Tensor x, Tensor y) { return info_nce(x, y, 1); }, f32({2, 3}), f32({3, 3})); }),
          "info_nce: expected two of one shape"));
  EXPECT_TRUE(has(errorOf([] {
                    shape_of([](Tensor x, Tensor y) { return smoothed_cross_entropy(x, y, 1.5); }, f32({2, 3}),
                             i32({2}));
                  }),
                  "smoothing must lie in [0, 1]"));
}
