// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Numbers of what is built from ops: functions against finite differences, layers and optimisers against loops written
// here.
#include "weft/weft.h"
#include <array>
#include <cmath>
#include <functional>
#include <gtest/gtest.h>
#include <random>

using namespace weft;

static std::vector<double> doubles(const Tensor &x) {
  Tensor wide = cast(x, f64);
  return {wide.span<double>().begin(), wide.span<double>().end()};
}

// ---- functions of a [3, 4] matrix of f64, each reduced to one number
using Function = std::function<Tensor(Tensor)>;
static const std::vector<std::pair<const char *, Function>> &functions() {
  static const std::vector<std::pair<const char *, Function>> all{
      {"polynomial", [](Tensor x) { return x * x * x - 2 * x + 1; }},
      {"quotient", [](Tensor x) { return (x + 1) / (square(x) + 2); }},
      {"softmax", [](Tensor x) { return square(softmax(x)); }},
      {"softmax of columns", [](Tensor x) { return square(softmax(x, 0)); }},
      {"log_softmax", [](Tensor x) { return square(log_softmax(x)); }},
      {"logsumexp", [](Tensor x) { return square(logsumexp(x, 1)); }},
      {"norm", [](Tensor x) { return norm(x, 1); }},
      {"normalize", [](Tensor x) { return normalize(x) * exp(x); }},
      {"mean and variance", [](Tensor x) { return mean(square(x - mean(x, 1, keep)), 1) * mean(x, 1); }},
      {"max and min", [](Tensor x) { return max(x, 0) * min(x); }},
      {"gelu", [](Tensor x) { return gelu(x) * x; }},
      {"gelu_tanh", [](Tensor x) { return gelu_tanh(x) * x; }},
      {"silu", [](Tensor x) { return silu(x) * sigmoid(x); }},
      {"softplus", [](Tensor x) { return softplus(x) * softplus(-x); }},
      {"relu of a shift", [](Tensor x) { return relu(x + 0.3) * tanh(x); }},
      {"trigonometry", [](Tensor x) { return sin(x) * cos(2 * x); }},
      {"logarithms", [](Tensor x) { return log(square(x) + 1) + log1p(exp(x)) + expm1(x); }},
      {"powers", [](Tensor x) { return pow(square(x) + 1, x) + sqrt(exp(x)) * rsqrt(exp(-x) + 1); }},
      {"erf", [](Tensor x) { return erf(x) * erf_inv(tanh(x) * 0.9); }},
      {"clamp and select", [](Tensor x) { return select(x > 0.2, clamp(x, -1, 1), square(x)); }},
      {"Gram matrix", [](Tensor x) { return square(matmul(x, transpose(x))); }},
      {"contract of three", [](Tensor x) { return contract("ij,kj,kl->il", x, x, x); }},
      {"outer product", [](Tensor x) { return contract("ij,kl->ijkl", x, tanh(x)); }},
      {"reshape and concat", [](Tensor x) { return concat({reshape(x, {4, 3}), transpose(exp(x))}, 0) * 2; }},
      {"slice and pad", [](Tensor x) { return square(pad(slice(x, 1, 1, 4, 2), 0, 1, 2, 3)); }},
      {"flip and stack", [](Tensor x) { return square(stack({flip(x, 1), x, exp(x)}, 1)) * 0.5; }},
      {"take", [](Tensor x) { return square(take(x, constant({2, 0, 2, 2}), 0)) * 0.5; }},
      {"take_along",
       [](Tensor x) { return take_along(x * x, constant(std::vector<std::vector<int>>{{3, 3}, {0, 1}, {2, 0}}), 1); }},
      {"scatter_add", [](Tensor x) { return square(scatter_add(x, constant({1, 1}), exp(slice(x, 0, 0, 2)), 0)); }},
      {"pick of a contraction",
       [](Tensor x) { return pick(matmul(x, transpose(x)), constant({2, 0, 1}), 1) * sum(x, 1); }},
      {"cross_entropy", [](Tensor x) { return cross_entropy(x, constant({3, 0, 1})); }},
      {"binary cross entropy", [](Tensor x) { return bce_with_logits(x, sigmoid(x * x)); }},
      {"cumsum",
       [](Tensor x) { return square(cumsum(x, 1)) * cumsum(exp(x), 0, {.exclusive = true, .reverse = true}); }},
      {"cumprod and linear_recurrence",
       [](Tensor x) {
         return cumprod(x, 1) * linear_recurrence(sin(x), x, 0, {.reverse = true}) + prod(x, {1}, keep);
       }},
      {"cumsum of all", [](Tensor x) { return square(cumsum(tanh(x))) * 0.1; }},
      {"sort", [](Tensor x) { return square(sort(x, 1).values) * sort(exp(x), 0, {.descending = true}).values; }},
      {"mse", [](Tensor x) { return mse(x, sin(x), Reduction::sum) + sum(x); }},
      {"gradient of a gradient", [](Tensor x) { return square(grad(sum(tanh(x) * exp(x)), x)); }},
      {"gradient of a tangent", [](Tensor x) { return square(jvp(softmax(x), x, x * x)); }},
      {"third order", [](Tensor x) { return grad(sum(square(grad(sum(sin(x) * x), x))), x); }},
  };
  return all;
}
static std::vector<Tensor> valuesOf(Tensor x) {
  std::vector<Tensor> y;
  for (auto &[name, f] : functions())
    y.push_back(sum(f(x)));
  return y;
}
static std::vector<Tensor> gradientsOf(Tensor x) {
  std::vector<Tensor> g;
  for (Tensor y : valuesOf(x))
    g.push_back(grad(y, x));
  return g;
}
static std::vector<Tensor> slopesOf(Tensor x, Tensor v) {
  std::vector<Tensor> t;
  for (Tensor y : valuesOf(x))
    t.push_back(jvp(y, x, v));
  return t;
}

TEST(Numbers, DerivativesOfFunctions) {
  std::vector<double> at{0.31, -0.72, 1.13, 0.45, -1.21, 0.92, 0.07, -0.38, 0.66, -0.15, 0.84, 1.52}, direction(12),
      shifted(12);
  for (int i = 0; i < 12; ++i)
    direction[i] = std::cos(double(i + 1));
  auto values = jit(valuesOf, f64({3, 4})), gradients = jit(gradientsOf, f64({3, 4}));
  auto slopes = jit(slopesOf, f64({3, 4}), f64({3, 4}));
  Tensor x = Tensor::copy(at, {3, 4}), v = Tensor::copy(direction, {3, 4});
  std::vector<Tensor> g = gradients(x), t = slopes(x, v);
  const double h = 1e-3;
  // A sum of four evaluations: the error is of fourth order in h.
  std::vector<double> expected(g.size());
  for (auto [step, weight] : {std::pair{1, 8.0}, {-1, -8.0}, {2, -1.0}, {-2, 1.0}}) {
    for (int i = 0; i < 12; ++i)
      shifted[i] = at[i] + step * h * direction[i];
    std::vector<Tensor> y = values(Tensor::copy(shifted, {3, 4}));
    for (std::size_t f = 0; f < y.size(); ++f)
      expected[f] += weight * y[f].item<double>() / (12 * h);
  }
  for (std::size_t f = 0; f < g.size(); ++f) {
    double dot = 0;
    for (int i = 0; i < 12; ++i)
      dot += g[f].span<double>()[i] * direction[i];
    double scale = std::max(1.0, std::fabs(dot));
    EXPECT_NEAR(dot, expected[f], 1e-7 * scale) << functions()[f].first << ": reverse against finite differences";
    EXPECT_NEAR(dot, t[f].item<double>(), 1e-12 * scale) << functions()[f].first << ": reverse against forward";
  }
}

// ---- layers
struct Layers {
  nn::LayerNorm norm{6};
  nn::Linear linear{6, 4};
  nn::Embedding rows{5, 6};
  nn::MLP mlp{{6, 8, 3}, silu};
};
TEST(Numbers, Layers) {
  Layers m = cast(
      [] {
        Layers l;
        return initialize(l, Key(3)), l;
      }(),
      f64);
  auto f = [](const Layers &m, Tensor i) {
    Tensor x = m.rows(i);
    return std::array<Tensor, 4>{x, m.norm(x), m.linear(x), m.rows.unembed(m.norm(x))};
  };
  auto [x, norm, linear, logits] = run(f, m, Tensor::copy({4, 0, 4}, {3}));
  auto w = doubles(m.rows.w), lw = doubles(m.linear.w), lb = doubles(m.linear.b), g = doubles(m.norm.g),
       b = doubles(m.norm.b);
  const int index[] = {4, 0, 4};
  for (int r = 0; r < 3; ++r) {
    const double *row = &w[index[r] * 6];
    double mean = 0, variance = 0, normed[6];
    for (int j = 0; j < 6; ++j)
      mean += row[j] / 6;
    for (int j = 0; j < 6; ++j)
      variance += (row[j] - mean) * (row[j] - mean) / 6;
    for (int j = 0; j < 6; ++j) {
      normed[j] = (row[j] - mean) / std::sqrt(variance + 1e-5) * g[j] + b[j];
      EXPECT_EQ(x.span<double>()[r * 6 + j], row[j]);
      EXPECT_NEAR(norm.span<double>()[r * 6 + j], normed[j], 1e-6);
    }
    for (int k = 0; k < 4; ++k) {
      double y = lb[k];
      for (int j = 0; j < 6; ++j)
        y += row[j] * lw[j * 4 + k];
      EXPECT_NEAR(linear.span<double>()[r * 4 + k], y, 1e-12);
    }
    for (int k = 0; k < 5; ++k) {
      double y = 0;
      for (int j = 0; j < 6; ++j)
        y += normed[j] * w[k * 6 + j];
      EXPECT_NEAR(logits.span<double>()[r * 5 + k], y, 1e-6);
    }
  }
}

TEST(Numbers, LayerNormWithAnEpsilonOfItsOwn) {
  nn::LayerNorm norm{2, 0.5f};
  initialize(norm, Key(0));
  Tensor y = run([](const nn::LayerNorm &n, Tensor x) { return n(x); }, norm, Tensor::copy({1.f, 3.f}, {1, 2}));
  EXPECT_NEAR(y.span<float>()[1], 1 / std::sqrt(1.5), 1e-6);
}

struct Noisy {
  nn::Dropout drop{0.25f};
  Key key{};
};
TEST(Numbers, DropoutKeepsTheMean) {
  Noisy s{{0.25f}, Key(11)}, again = s;
  auto f = [](Noisy &s, Tensor x) {
    Mode m = training(s.key);
    return s.drop(x, m);
  };
  Tensor x = Tensor::copy(std::vector<float>(40000, 3.0f), {40000});
  Tensor one = run(f, s, x), two = run(f, s, x), same = run(f, again, x);
  int dropped = 0, differ = 0;
  for (int i = 0; i < 40000; ++i) {
    float y = one.span<float>()[i];
    EXPECT_TRUE(y == 0 || y == 4) << y;
    EXPECT_EQ(y, same.span<float>()[i]);
    dropped += y == 0;
    differ += y != two.span<float>()[i];
  }
  EXPECT_NEAR(dropped / 40000.0, 0.25, 0.01); // 4.6 standard deviations
  EXPECT_NEAR(differ / 40000.0, 2 * 0.25 * 0.75, 0.012);
}

// Noise is new at every use in a step, in every step of a scan and of a scan in a scan, in each call; and it is what
// the gradient sees.
TEST(Numbers, DropoutIsNewAtEveryUse) {
  auto f = [](Noisy &s, Tensor x) {
    Mode m = training(s.key);
    std::vector<Tensor> uses;
    uses.push_back(s.drop(x, m));
    uses.push_back(s.drop(x, m));
    Tensor c = zeros({});
    Tensor steps = scan(c, 3, [&](Tensor &, Tensor) { return s.drop(x, m); });
    Tensor inner =
        scan(c, 2, [&](Tensor &c, Tensor) { return scan(c, 2, [&](Tensor &, Tensor) { return s.drop(x, m); }); });
    Tensor twice = scan(c, 2, [&](Tensor &, Tensor) {
      Tensor one = s.drop(x, m);
      Tensor two = s.drop(x, m);
      return stack({one, two});
    });
    for (int i = 0; i < 3; ++i)
      uses.push_back(steps[i]);
    for (int i = 0; i < 2; ++i)
      for (int k = 0; k < 2; ++k) {
        uses.push_back(inner[i][k]);
        uses.push_back(twice[i][k]);
      }
    Tensor all = stack(uses);
    return std::pair(all, grad(sum(all * all), x));
  };
  Noisy s{{0.25f}, Key(3)};
  Tensor x = Tensor::copy(std::vector<float>(64, 3.0f), {64});
  std::vector<std::vector<float>> rows;
  for (int call = 0; call < 2; ++call) {
    auto [all, g] = run(f, s, x);
    std::vector<float> slope(64);
    for (std::size_t row = 0; row < 13; ++row) {
      rows.emplace_back(all.span<float>().begin() + row * 64, all.span<float>().begin() + row * 64 + 64);
      for (std::size_t i = 0; i < 64; ++i)
        slope[i] += 2 * rows.back()[i] * (rows.back()[i] != 0 ? 4 / 3.f : 0);
    }
    for (std::size_t i = 0; i < 64; ++i)
      EXPECT_NEAR(g.span<float>()[i], slope[i], 1e-4 * slope[i]) << "element " << i;
  }
  for (std::size_t a = 0; a < rows.size(); ++a) // two are equal by chance once in 10^13
    for (std::size_t b = 0; b < a; ++b)
      EXPECT_NE(rows[a], rows[b]) << "uses " << b << " and " << a;
}

// ---- optimisers: three steps on constant gradients
struct Weights {
  Param w{{3}}, b{{2}};
};
template <class Opt> struct Tuned {
  Weights net;
  Opt opt;
};
static const double slope[5] = {0.5, -2, 0.1, 3, -0.25};
template <class Opt>
static std::vector<double> afterThreeSteps(const optim::Options &options,
                                           const std::vector<optim::Group> &groups = {}) {
  Tuned<Opt> s;
  s.opt = Opt(s.net, options, groups);
  initialize(s, Key(0));
  s.net.w = Tensor::copy({1.f, 2.f, -1.f}, {3});
  s.net.b = Tensor::copy({0.5f, -0.5f}, {2});
  auto step = [](Tuned<Opt> &s) {
    Tensor loss = sum(s.net.w * constant({0.5f, -2.f, 0.1f})) + sum(s.net.b * constant({3.f, -0.25f}));
    s.opt.update(s.net, grad(loss, s.net));
    return loss;
  };
  auto f = jit(step, s);
  for (int i = 0; i < 3; ++i)
    f(s);
  std::vector<double> all = doubles(s.net.w), b = doubles(s.net.b);
  all.insert(all.end(), b.begin(), b.end());
  return all;
}
static void expectNear(const std::vector<double> &found, const std::vector<double> &expected) {
  for (int i = 0; i < 5; ++i)
    EXPECT_NEAR(found[i], expected[i], 2e-6 * std::max(1.0, std::fabs(expected[i]))) << "element " << i;
}
static std::vector<double> start() { return {1, 2, -1, 0.5, -0.5}; }

TEST(Numbers, MomentumSGD) {
  for (bool nesterov : {false, true}) {
    auto expected = start();
    double v[5] = {};
    for (int t = 0; t < 3; ++t)
      for (int i = 0; i < 5; ++i) {
        v[i] = 0.9 * v[i] + slope[i];
        expected[i] -= 0.1 * (nesterov ? slope[i] + 0.9 * v[i] : v[i]);
      }
    expectNear(afterThreeSteps<optim::SGD<Weights>>({.lr = 0.1f, .momentum = 0.9f, .nesterov = nesterov}), expected);
  }
}

TEST(Numbers, AdamWithDecoupledDecayGroupsAndASchedule) {
  auto adamw = [](int first, int last, auto lr, double decay, double scale, std::vector<double> &x) {
    for (int i = first; i < last; ++i) {
      double m = 0, v = 0;
      for (int t = 1; t <= 3; ++t) {
        double g = slope[i] * scale;
        m = 0.8 * m + 0.2 * g, v = 0.95 * v + 0.05 * g * g;
        double step = (m / (1 - std::pow(0.8, t))) / (std::sqrt(v / (1 - std::pow(0.95, t))) + 1e-8);
        x[i] -= lr(t - 1) * (step + decay * x[i]);
      }
    }
  };
  auto expected = start();
  adamw(0, 3, [](int t) { return 0.1 + (0.4 - 0.1) * std::min(t / 4.0, 1.0); }, 0.05, 1, expected);
  adamw(3, 5, [](int) { return 0.02; }, 0, 1, expected);
  optim::Options rest{.lr = optim::linear(0.1f, 0.4f, 4), .beta1 = 0.8f, .beta2 = 0.95f, .decay = 0.05f};
  expectNear(afterThreeSteps<optim::AdamW<Weights>>(rest, {{"b", {.lr = 0.02f, .beta1 = 0.8f, .beta2 = 0.95f}}}),
             expected);
}

TEST(Numbers, AdamAddsDecayToTheGradient) {
  auto expected = start();
  for (double &x : expected) {
    double m = 0, v = 0;
    for (int t = 1; t <= 3; ++t) {
      double g = slope[&x - expected.data()] + 0.1 * x;
      m = 0.9 * m + 0.1 * g, v = 0.99 * v + 0.01 * g * g;
      x -= 0.05 * (m / (1 - std::pow(0.9, t))) / (std::sqrt(v / (1 - std::pow(0.99, t))) + 1e-8);
    }
  }
  expectNear(afterThreeSteps<optim::Adam<Weights>>({.lr = 0.05f, .beta2 = 0.99f, .decay = 0.1f}), expected);
}

TEST(Numbers, Schedules) {
  const std::array<optim::Schedule, 4> schedules{optim::linear(1, 3, 4), optim::cosine(1, 0, 4),
                                                 optim::warmup(2, optim::cosine(1, 0.5, 4)), optim::warmup(4, 2.0)};
  auto f = jit(
      [schedules](Tensor t) {
        std::array<Tensor, 4> rates;
        for (std::size_t i = 0; i < 4; ++i)
          rates[i] = schedules[i].at(t);
        return rates;
      },
      i32({}));
  auto wave = [](double a, double b, int t) { return b + (a - b) * (1 + std::cos(std::acos(-1) * t / 4)) / 2; };
  for (int t = 0; t < 8; ++t) {
    auto rates = f(Tensor(t));
    const double expected[] = {1 + 2 * std::min(t / 4.0, 1.0), wave(1, 0, std::min(t, 4)),
                               std::min((t + 1) / 2.0, 1.0) * wave(1, 0.5, std::min(std::max(t - 2, 0), 4)),
                               2 * std::min((t + 1) / 4.0, 1.0)};
    for (std::size_t i = 0; i < 4; ++i)
      EXPECT_NEAR(rates[i].item<float>(), expected[i], 1e-6) << i << " at " << t;
  }
}

TEST(Numbers, GlobsOfGroups) {
  // '?' is one character, '*' any number, and the first that fits wins.
  auto expected = start();
  for (int i = 0; i < 5; ++i)
    expected[std::size_t(i)] -= 3 * (i < 3 ? 0.1 : 0.2) * slope[i];
  expectNear(afterThreeSteps<optim::SGD<Weights>>({.lr = 1.f}, {{"w", {.lr = 0.1f}}, {"?", {.lr = 0.2f}}}), expected);
  expectNear(afterThreeSteps<optim::SGD<Weights>>({.lr = 0.2f}, {{"w*", {.lr = 0.1f}}}), expected);
}

TEST(Numbers, ClippingByElementAndByNorm) {
  auto expected = start();
  for (int i = 0; i < 5; ++i)
    expected[i] -= 3 * 0.1 * std::clamp(slope[i], -1.0, 1.0);
  expectNear(afterThreeSteps<optim::SGD<Weights>>({.lr = 0.1f, .clip = 1}), expected);
  expected = start();
  double length = 0;
  for (double g : slope)
    length += g * g;
  for (int i = 0; i < 5; ++i)
    expected[i] -= 3 * 0.1 * slope[i] / std::sqrt(length);
  expectNear(afterThreeSteps<optim::SGD<Weights>>({.lr = 0.1f, .clip_norm = 1}), expected);
}

TEST(Numbers, AverageOfATree) {
  Weights slow{Tensor::copy({1.f, 2.f, 3.f}, {3}), Tensor::copy({4.f, 5.f}, {2})},
      fast{Tensor::copy({3.f, 3.f, 3.f}, {3}), Tensor::copy({0.f, 1.f}, {2})};
  Weights y = run([](Weights slow, Weights fast) { return ema(slow, fast, 0.75f); }, slow, fast);
  EXPECT_EQ(doubles(y.w), (std::vector<double>{1.5, 2.25, 3}));
  EXPECT_EQ(doubles(y.b), (std::vector<double>{3, 4}));
}

// ---- calls
TEST(Numbers, ThreadsChangeNoBit) {
  auto f = [](Tensor a, Tensor b, Tensor c) { return std::pair{matmul(softmax(a), b), sum(exp(a)) + sum(tanh(c))}; };
  const int64_t parts = 1500000; // summed in parts
  std::mt19937 random(5);
  std::normal_distribution<float> normal;
  std::vector<float> a(301 * 257), b(257 * 129), c(parts);
  for (auto *v : {&a, &b, &c})
    for (float &x : *v)
      x = normal(random);
  Tensor ta = Tensor::copy(a, {301, 257}), tb = Tensor::copy(b, {257, 129}), tc = Tensor::copy(c, {parts});
  auto one = jit(Options{.threads = 1}, f, f32({301, 257}), f32({257, 129}), f32({parts}));
  auto [y1, s1] = one(ta, tb, tc);
  for (int threads : {2, 3, 5}) {
    auto many = jit(Options{.threads = threads}, f, f32({301, 257}), f32({257, 129}), f32({parts}));
    auto [y, s] = many(ta, tb, tc);
    EXPECT_TRUE(std::equal(y.span<float>().begin(), y.span<float>().end(), y1.span<float>().begin()))
        << threads << " threads";
    EXPECT_EQ(s.item<float>(), s1.item<float>());
  }
  // And the numbers are right, by the plainest loop.
  for (int r : {0, 17, 300})
    for (int c : {0, 64, 128}) {
      double top = -1e30, total = 0, expected = 0;
      for (int k = 0; k < 257; ++k)
        top = std::max(top, double(a[r * 257 + k]));
      for (int k = 0; k < 257; ++k)
        total += std::exp(a[r * 257 + k] - top);
      for (int k = 0; k < 257; ++k)
        expected += std::exp(a[r * 257 + k] - top) / total * b[k * 129 + c];
      EXPECT_NEAR(y1.span<float>()[r * 129 + c], expected, 1e-5);
    }
}

TEST(Numbers, CheckFiniteNamesTheLine) {
  auto f = [](Tensor x) { return log(x) * 2; };
  int line = __LINE__ - 1;
  auto checked = jit(Options{.check_finite = true}, f, f32({3}));
  EXPECT_EQ(checked(Tensor::copy({1.f, 1.f, 1.f}, {3})).span<float>()[2], 0);
  try {
    checked(Tensor::copy({1.f, -1.f, 1.f}, {3}));
    FAIL();
  } catch (const Error &e) {
    std::string text = e.what();
    EXPECT_NE(text.find("NumbersTest.cpp:" + std::to_string(line)), std::string::npos) << text;
    EXPECT_NE(text.find("not finite"), std::string::npos) << text;
  }
}

TEST(Numbers, RunSpeaksOfTheOpsLine) {
  int line = 0;
  try {
    line = __LINE__ + 1;
    run([](Tensor x, Tensor i) { return take(x, i); }, Tensor::copy({1.f, 2.f}, {2}), Tensor::copy({5}, {1}));
    FAIL();
  } catch (const Error &e) {
    EXPECT_EQ(e.what(), "NumbersTest.cpp:" + std::to_string(line) + ": take: index 5 is outside dimension of size 2");
  }
}

TEST(Numbers, EmptyScalarAndManyDimensions) {
  auto f = [](Tensor x) { return std::pair{sum(x, 1), x * 2}; };
  auto [s, y] = run(f, Tensor::copy(std::vector<float>(), {3, 0}));
  EXPECT_EQ(doubles(s), (std::vector<double>{0, 0, 0}));
  EXPECT_EQ(y.str(), "f32 [3, 0]");
  EXPECT_EQ(run([](Tensor x) { return exp(x) + 1; }, Tensor(0.0f)).item<float>(), 2);
  std::vector<float> v(64);
  for (int i = 0; i < 64; ++i)
    v[i] = float(i);
  Tensor t = run([](Tensor x) { return transpose(x, {5, 4, 3, 2, 1, 0}); }, Tensor::copy(v, {2, 2, 2, 2, 2, 2}));
  for (int i = 0; i < 64; ++i) {
    int reversed = 0;
    for (int bit = 0; bit < 6; ++bit)
      reversed |= (i >> bit & 1) << (5 - bit);
    EXPECT_EQ(t.span<float>()[i], v[reversed]);
  }
}

TEST(Numbers, CumulativeOps) {
  Tensor x = Tensor::copy(std::vector<float>{3, 1, 2, 2, 0, 2}, {2, 3});
  auto f = [](Tensor x) {
    return std::tuple{cumprod(x, 1), cummax(x, 1, {.reverse = true}), cummin(x), linear_recurrence(x, x, 1)};
  };
  auto [products, largest, smallest, recurrence] = run(f, x);
  EXPECT_EQ(doubles(products), (std::vector<double>{3, 3, 6, 2, 0, 0}));
  EXPECT_EQ(doubles(largest), (std::vector<double>{3, 2, 2, 2, 2, 2}));
  EXPECT_EQ(doubles(smallest), (std::vector<double>{3, 1, 1, 1, 0, 0}));
  EXPECT_EQ(doubles(recurrence), (std::vector<double>{3, 4, 10, 2, 0, 2}));
}
TEST(Numbers, AlongAnAxis) {
  Tensor x = Tensor::copy(std::vector<float>{3, 1, 2, 2, 0, 2}, {2, 3});
  auto f = [](Tensor x) {
    Sorted up = sort(x), down = sort(x, 0, {.descending = true});
    return std::tuple{up.values,    up.indices,
                      down.values,  down.indices,
                      argsort(-x),  take_along(x, argsort(x)),
                      cumsum(x, 0), cumsum(x, -1, {.exclusive = true}),
                      cumsum(x)};
  };
  auto [up, upAt, down, downAt, order, taken, columns, rows, all] = run(f, x);
  EXPECT_EQ(doubles(up), (std::vector<double>{1, 2, 3, 0, 2, 2}));
  EXPECT_EQ(upAt.str(), "i32 [2, 3]");
  EXPECT_EQ(doubles(upAt), (std::vector<double>{1, 2, 0, 1, 0, 2}));
  EXPECT_EQ(doubles(down), (std::vector<double>{3, 1, 2, 2, 0, 2}));
  EXPECT_EQ(doubles(downAt), (std::vector<double>{0, 0, 0, 1, 1, 1}));
  EXPECT_EQ(doubles(order), (std::vector<double>{0, 2, 1, 0, 2, 1}));
  EXPECT_EQ(doubles(taken), doubles(up));
  EXPECT_EQ(doubles(columns), (std::vector<double>{3, 1, 2, 5, 1, 4}));
  EXPECT_EQ(doubles(rows), (std::vector<double>{0, 3, 4, 0, 2, 2}));
  EXPECT_EQ(doubles(all), (std::vector<double>{3, 4, 6, 8, 8, 10}));
}

TEST(Numbers, HalfPrecisionComputesInSinglePrecision) {
  auto f = [](Tensor x, Tensor w) { return cast(gelu(matmul(cast(x, bf16), cast(w, bf16))), f32); };
  std::vector<float> x(5 * 33), w(33 * 7);
  for (std::size_t i = 0; i < x.size(); ++i)
    x[i] = std::sin(float(i));
  for (std::size_t i = 0; i < w.size(); ++i)
    w[i] = std::cos(float(i));
  Tensor y = run(f, Tensor::copy(x, {5, 33}), Tensor::copy(w, {33, 7}));
  for (int r = 0; r < 5; ++r)
    for (int c = 0; c < 7; ++c) {
      double s = 0;
      for (int k = 0; k < 33; ++k)
        s += double(x[r * 33 + k]) * w[k * 7 + c];
      double gelu = s * 0.5 * (1 + std::erf(s / std::sqrt(2.0)));
      EXPECT_NEAR(y.span<float>()[r * 7 + c], gelu, 0.02 + 0.01 * std::fabs(gelu)); // operands of 8 bits, 33 products
    }
}

TEST(Numbers, RemarksNameTheUsersLine) {
  auto f = [](Tensor x) { return exp(sum(tanh(x), 1)); };
  auto compiled = jit(f, f32({8, 16}));
  EXPECT_NE(compiled.remarks().find("NumbersTest.cpp:" + std::to_string(__LINE__ - 2) +
                                    ": remark: form-dispatches: analysis: one kernel of"),
            std::string::npos)
      << compiled.remarks();
}
