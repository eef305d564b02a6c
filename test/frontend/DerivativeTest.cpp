// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Composite functions: their first and second derivatives against finite differences in f64, reverse mode against
// forward mode.
#include "weft/weft.h"
#include <cmath>
#include <gtest/gtest.h>

using namespace weft;

namespace {
using Function = Tensor (*)(Tensor);

Tensor weights() {
  std::vector<double> w;
  for (int i = 0; i < 12; ++i)
    w.push_back(0.6 * std::sin(1.7 * i + 0.4));
  return constant(Tensor::copy(w, {3, 4}));
}
Tensor recurrent(Tensor x) {
  Tensor h = zeros({4}, f64);
  return scan(h, x, [&](Tensor &h, Tensor r) { return h = tanh(h * r + 0.5 * r); });
}

/// Of x [3, 4], to any shape: one of each way to build a model.
const std::vector<std::pair<const char *, Function>> &composites() {
  static const std::vector<std::pair<const char *, Function>> all{
      {"a layer", [](Tensor x) { return tanh(matmul(x, transpose(weights())) + 0.1); }},
      {"an MLP",
       [](Tensor x) {
         return matmul(gelu(matmul(silu(matmul(x, transpose(weights()))), weights())), transpose(weights()));
       }},
      {"softmax", [](Tensor x) { return softmax(x * x, 1); }},
      {"log softmax over columns", [](Tensor x) { return log_softmax(sin(x), 0); }},
      {"attention", [](Tensor x) { return matmul(softmax(matmul(x, transpose(x)) * 0.5), tanh(x)); }},
      {"cross entropy", [](Tensor x) { return cross_entropy(x * 3, constant({2, 0, 3}), Reduction::none); }},
      {"entropy",
       [](Tensor x) {
         Tensor p = softmax(x);
         return -sum(p * log(p), 1);
       }},
      {"binary cross entropy", [](Tensor x) { return bce_with_logits(x * 2, sigmoid(flip(x, 1))); }},
      {"a layer norm",
       [](Tensor x) {
         Tensor c = x - mean(x, 1, keep);
         return c * rsqrt(mean(square(c), 1, keep) + 1e-5);
       }},
      {"normalised rows", [](Tensor x) { return normalize(x + 2.0) * exp(x); }},
      {"norms", [](Tensor x) { return norm(x + 1.0, 1, keep) / (1 + norm(x, 0, keep)); }},
      {"log of a sum of exponentials", [](Tensor x) { return logsumexp(x * 2, 1, keep) * logsumexp(-x, 0, keep); }},
      {"powers", [](Tensor x) { return pow(x * x + 1, 1.5 + 0.2 * sin(x)); }},
      {"quotients and roots", [](Tensor x) { return sqrt(1 + x * x) / (2 + cos(x)); }},
      {"error functions", [](Tensor x) { return erf(x) * erf_inv(0.5 * tanh(x)); }},
      {"logarithms of sums", [](Tensor x) { return log1p(x * x) - expm1(0.3 * x); }},
      {"a gated unit", [](Tensor x) { return slice(x, 1, 0, 2) * softplus(slice(x, 1, 2, 4)); }},
      {"pieces and padding",
       [](Tensor x) { return exp(pad(x, 1, 1, 2, 0.5)) * exp2(concat({x, slice(x, 1, 0, 3)}, 1)); }},
      {"the largest of each row", [](Tensor x) { return max(x * x, 1) * min(sin(x), 1); }},
      {"an outer product", [](Tensor x) { return contract("ij,kj,kl->il", x, sin(x), x); }},
      {"rows by index", [](Tensor x) { return take(x * x, constant({2, 0, 2, 1})) * 1.5; }},
      {"elements by index", [](Tensor x) { return pick(exp(x), constant({3, 0, 1}), 1); }},
      {"added by index", [](Tensor x) { return square(scatter_add(x, constant({1, 1, 0}), sin(x))); }},
      {"the larger of two", [](Tensor x) { return maximum(x * x, sin(x)) + select(x > 0, x * x * x, exp(x)); }},
      {"a recurrence", recurrent},
      {"a recurrence from behind",
       [](Tensor x) {
         Tensor h = ones({4}, f64);
         scan(h, x, [](Tensor &h, Tensor r) { h = sin(h + r) * h; }, {.reverse = true});
         return h;
       }},
      {"a branch", [](Tensor x) { return cond(sum(x) > 0, [&] { return tanh(x * x); }, [&] { return exp(x); }); }},
      {"a bounded loop",
       [](Tensor x) {
         Tensor h = x;
         loop(
             h, [](const Tensor &h) { return sum(h * h) > 0.5; }, [&](Tensor &h) { h = 0.6 * h + 0.05 * sin(h * x); },
             {.max = 12});
         return h;
       }},
      {"rows by vmap", [](Tensor x) { return vmap([&](Tensor r) { return softmax(r * mean(x, 0)) * sum(r); }, x); }},
      {"a gradient", [](Tensor x) { return grad(sum(tanh(x * x) * x), x); }},
      {"a tangent", [](Tensor x) { return jvp(softmax(x * x), x, x); }},
      {"complex numbers",
       [](Tensor x) {
         Tensor z = exp(complex(0.3 * x, x)) / complex(2 + x * x, x);
         return abs(z) + real(z * z);
       }},
      {"a checkpoint",
       [](Tensor x) { return checkpoint([&] { return sin(matmul(tanh(x), transpose(weights()))) * 2; }); }},
      {"distances", [](Tensor x) { return exp(-sum(square(expand(x, 1) - expand(x, 0)), 2)); }},
  };
  return all;
}

Tensor at(const std::vector<double> &values, const Shape &shape) { return Tensor::copy(values, shape); }
/// Weights of the elements of a value, so that it becomes a number: neither equal nor random.
Tensor cotangentOf(Tensor y) {
  Dim count = 1;
  for (const Dim &d : y.shape())
    count *= d;
  return reshape(cos(cast(iota(count), f64) * 0.7 + 0.2), y.shape());
}
struct Values {
  Tensor y, g, bend, forward,
      size; // the number, its gradient; Hessian times v; ct . jvp(v); what that is the sum of, by absolute values
};
std::vector<Values> derivativesOf(Tensor x, Tensor v) {
  std::vector<Values> all;
  for (auto &[name, f] : composites()) {
    Tensor y = f(x), ct = cotangentOf(y), loss = sum(y * ct), t = jvp(y, x, v);
    all.push_back({loss, vjp(y, x, ct), hvp(loss, x, v), sum(ct * t), sum(abs(ct * t))});
  }
  return all;
}
} // namespace

TEST(Derivatives, OfCompositesAgainstDifferences) {
  std::vector<double> x{0.31, -0.72, 1.13, 0.45, -1.21, 0.92, 0.07, -0.38, 0.66, -0.15, 0.84, 1.52}, v;
  for (int i = 0; i < 12; ++i)
    v.push_back(std::cos(double(i + 1)));
  auto fn = jit(derivativesOf, f64({3, 4}), f64({3, 4}));
  auto moved = [&](double by) {
    std::vector<double> to = x;
    for (std::size_t i = 0; i < to.size(); ++i)
      to[i] += by * v[i];
    return fn(at(to, {3, 4}), at(v, {3, 4}));
  };
  const double h = 1e-3; // four evaluations: the error is of fourth order
  std::vector<Values> here = moved(0), a = moved(h), b = moved(-h), c = moved(2 * h), d = moved(-2 * h);
  ASSERT_GE(here.size(), 30u);
  for (std::size_t k = 0; k < here.size(); ++k) {
    const char *name = composites()[k].first;
    auto difference = [&](auto of) { return (8 * (of(a[k]) - of(b[k])) - (of(c[k]) - of(d[k]))) / (12 * h); };
    double slope = 0, size = 0;
    for (std::size_t i = 0; i < 12; ++i) {
      slope += here[k].g.span<double>()[i] * v[i];
      size += std::abs(here[k].g.span<double>()[i] * v[i]);
    }
    double first = difference([](const Values &p) { return p.y.item<double>(); });
    EXPECT_NEAR(slope, first, 1e-6 * std::max(1e-3, std::abs(first))) << name << ": first derivative";
    EXPECT_NEAR(slope, here[k].forward.item<double>(), 1e-12 * std::max(size, here[k].size.item<double>()))
        << name << ": reverse against forward";
    double largest = 0;
    for (std::size_t i = 0; i < 12; ++i)
      largest = std::max(largest, std::abs(here[k].bend.span<double>()[i]));
    EXPECT_GT(largest, 0) << name << " is linear and tests no second derivative";
    for (std::size_t i = 0; i < 12; ++i)
      EXPECT_NEAR(here[k].bend.span<double>()[i], difference([&](const Values &p) { return p.g.span<double>()[i]; }),
                  1e-4 * std::max(1e-3, largest))
          << name << ": second derivative, element " << i;
  }
}

// The third derivative of an MLP along a direction, and each of the ways to nest two modes.
TEST(Derivatives, NestToThirdOrder) {
  auto loss = [](Tensor x) { return sum(square(tanh(matmul(tanh(matmul(x, transpose(weights()))), weights())))); };
  auto all = [&](Tensor x, Tensor v) {
    Tensor y = loss(x), g = grad(y, x);
    Tensor overReverse = grad(sum(g * v), x), reverseOverForward = grad(jvp(y, x, v), x),
           forwardOverReverse = jvp(g, x, v), third = grad(sum(forwardOverReverse * v), x),
           forward = jvp(jvp(jvp(y, x, v), x, v), x, v);
    return std::tuple(overReverse, reverseOverForward, forwardOverReverse, third, forward);
  };
  std::vector<double> x, v;
  for (int i = 0; i < 12; ++i) {
    x.push_back(std::sin(0.9 * i));
    v.push_back(std::cos(2.1 * i));
  }
  auto fn = jit(all, f64({3, 4}), f64({3, 4}));
  auto moved = [&](double by) {
    std::vector<double> to = x;
    for (std::size_t i = 0; i < to.size(); ++i)
      to[i] += by * v[i];
    return fn(at(to, {3, 4}), at(v, {3, 4}));
  };
  auto [rr, rf, fr, third, forward] = moved(0);
  const double h = 1e-3;
  auto a = std::get<2>(moved(h)), b = std::get<2>(moved(-h)), c = std::get<2>(moved(2 * h)),
       d = std::get<2>(moved(-2 * h));
  double sum = 0;
  for (std::size_t i = 0; i < 12; ++i) {
    auto of = [&](const Tensor &t) { return t.span<double>()[i]; };
    EXPECT_NEAR(of(rr), of(fr), 1e-12);
    EXPECT_NEAR(of(rf), of(fr), 1e-12);
    EXPECT_NEAR(of(third), (8 * (of(a) - of(b)) - (of(c) - of(d))) / (12 * h), 1e-7);
    sum += of(third) * v[i];
  }
  EXPECT_NEAR(forward.item<double>(), sum, 1e-11);
}

// A stop_gradient inside one derivative does not stop another one that is taken around it, and tangents of different
// derivatives do not mix.
TEST(Derivatives, PerturbationsAreNotConfused) {
  auto f = [](Tensor x) {
    Tensor one = full({}, 1, f64);
    Tensor inner = jvp(x * stop_gradient(x), x, one); // one of the two is a constant
    // d/dx (x * d/dy (x + y) at y = 1): the inner derivative is 1, were the two mixed up it would be 2.
    Tensor y = one + 0.0, mixed = grad(x * jvp(x + y, y, one), x);
    Tensor straight = x + stop_gradient(floor(x) - x);
    return std::tuple(inner, mixed, straight, grad(straight * straight, x));
  };
  auto [inner, mixed, straight, slope] = run(f, at({2.7}, {}));
  EXPECT_EQ(inner.item<double>(), 2.7);
  EXPECT_EQ(mixed.item<double>(), 1.0);
  EXPECT_EQ(straight.item<double>(), 2.0);
  EXPECT_EQ(slope.item<double>(), 4.0);
}
