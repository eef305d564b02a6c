// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Complex numbers in the DSL: against std::complex, derivatives by the convention dL/dRe + i dL/dIm, a state space
// model trained.
#include "weft/weft.h"
#include <cmath>
#include <gtest/gtest.h>
#include <random>

using namespace weft;
using C = std::complex<double>;

namespace {
std::vector<C> drawn(int count, int seed) {
  std::mt19937 engine{unsigned(seed)};
  std::normal_distribution<double> normal;
  std::vector<C> values;
  for (int i = 0; i < count; ++i) {
    double re = normal(engine);
    values.push_back({re, normal(engine)});
  }
  return values;
}
Tensor array(const std::vector<C> &values, const Shape &shape) { return Tensor::copy(values, shape); }
void expectNear(const Tensor &a, const std::vector<C> &expected, double tolerance = 1e-12) {
  ASSERT_EQ(a.dtype(), c128);
  auto found = a.span<C>();
  ASSERT_EQ(found.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i)
    EXPECT_LE(std::abs(found[i] - expected[i]), tolerance * std::max(1.0, std::abs(expected[i])))
        << "element " << i << ": " << found[i] << " and " << expected[i];
}
template <class F> std::vector<C> each(F f, const std::vector<C> &x, const std::vector<C> &y) {
  std::vector<C> values;
  for (std::size_t i = 0; i < x.size(); ++i)
    values.push_back(f(x[i], y[i]));
  return values;
}
std::string message(const std::function<void()> &f) {
  try {
    f();
  } catch (const Error &error) {
    return error.what();
  }
  return "no error";
}
bool has(const std::string &text, const std::string &part) { return text.find(part) != std::string::npos; }
} // namespace

TEST(Complex, ArithmeticIsThatOfStdComplex) {
  std::vector<C> x = drawn(6, 1), y = drawn(6, 2);
  auto check = [&](auto ours, auto theirs) { expectNear(jit(ours)(array(x, {6}), array(y, {6})), each(theirs, x, y)); };
  check([](Tensor a, Tensor b) { return a + b * a - b; }, [](C a, C b) { return a + b * a - b; });
  check([](Tensor a, Tensor b) { return a / b; }, [](C a, C b) { return a / b; });
  check([](Tensor a, Tensor b) { return exp(a) * sin(b) + cos(a); },
        [](C a, C b) { return std::exp(a) * std::sin(b) + std::cos(a); });
  check([](Tensor a, Tensor b) { return -conj(a) + C(0, 2) * b; },
        [](C a, C b) { return -std::conj(a) + C(0, 2) * b; });
  check([](Tensor a, Tensor b) { return a * abs(b) + real(a) - imag(b); },
        [](C a, C b) { return a * std::abs(b) + a.real() - b.imag(); });
  check([](Tensor a, Tensor b) { return as_complex(as_real(a)) + 1 / b; }, [](C a, C b) { return a + 1.0 / b; });
  check([](Tensor a, Tensor b) { return select(real(a) > 0, a, b); }, [](C a, C b) { return a.real() > 0 ? a : b; });
  // Quotients and lengths far from one: no square overflows.
  Tensor huge = array({C(3e200, 4e200), C(1e-200, 1e-200)}, {2});
  expectNear(jit([](Tensor a) { return a / a; })(huge), {C(1, 0), C(1, 0)});
  Tensor lengths = jit([](Tensor a) { return abs(a); })(huge);
  EXPECT_NEAR(lengths.span<double>()[0] / 5e200, 1, 1e-14);
  EXPECT_NEAR(lengths.span<double>()[1] / (std::sqrt(2.0) * 1e-200), 1, 1e-14);
  // c64, and numbers without a tensor.
  Tensor one = jit([](Tensor a) { return a * std::complex<float>(0, 1); })(Tensor(std::complex<float>(2, 3)));
  EXPECT_EQ(one.item<std::complex<float>>(), std::complex<float>(-3, 2));
  EXPECT_EQ(jit([](Tensor a) { return a + std::complex<float>(1, -1); })(Tensor::copy({1.f, 2.f}, {2})).str(),
            "c64 [2]");
}

TEST(Complex, ProductsShapesAndBoundedDimensions) {
  std::vector<C> x = drawn(6, 3), w = drawn(12, 4), expected;
  for (int i = 0; i < 2; ++i)
    for (int j = 0; j < 4; ++j) {
      C sum = 0;
      for (int k = 0; k < 3; ++k)
        sum += x[std::size_t(i * 3 + k)] * w[std::size_t(k * 4 + j)];
      expected.push_back(sum);
    }
  auto product = jit([](Tensor a, Tensor b) { return matmul(a, b); }, c128({dim("B", 1, 9), 3}), c128({3, 4}));
  expectNear(product(array(x, {2, 3}), array(w, {3, 4})), expected);
  EXPECT_EQ(product(array(x, {2, 3}), array(w, {3, 4})).str(), "c128 [2, 4]");
  EXPECT_EQ(product(array(drawn(27, 5), {9, 3}), array(w, {3, 4})).str(), "c128 [9, 4]");
  Tensor back = jit([](Tensor a) { return transpose(concat({flip(a, 1), a}, 0)); })(array(x, {2, 3}));
  expectNear(back, {x[2], x[5], x[0], x[3], x[1], x[4], x[1], x[4], x[0], x[3], x[2], x[5]});
  C mean = 0;
  for (C v : x)
    mean += v / 6.0;
  expectNear(jit([](Tensor a) { return weft::mean(a); })(array(x, {2, 3})), {mean});
}

TEST(Complex, GradientOfARealLossIsByBothParts) {
  std::vector<C> x = drawn(5, 6);
  // |z|^2: 2 z. Re(z^2): 2 conj(z). |z|: z / |z|, and 0 at 0.
  expectNear(jit([](Tensor z) { return grad(sum(square(abs(z))), z); })(array(x, {5})),
             each([](C a, C) { return 2.0 * a; }, x, x));
  expectNear(jit([](Tensor z) { return grad(sum(real(z * z)), z); })(array(x, {5})),
             each([](C a, C) { return 2.0 * std::conj(a); }, x, x));
  std::vector<C> withZero = x;
  withZero[2] = 0;
  expectNear(jit([](Tensor z) { return grad(sum(abs(z)), z); })(array(withZero, {5})),
             each([](C a, C) { return a == 0.0 ? a : a / std::abs(a); }, withZero, x));
  // The transpose of z -> w z is the conjugate transpose: the cotangent times conj(w).
  std::vector<C> w = drawn(5, 7), ct = drawn(5, 8);
  expectNear(jit([](Tensor z, Tensor w, Tensor ct) { return vjp(w * z, z, ct); })(array(x, {5}), array(w, {5}),
                                                                                  array(ct, {5})),
             each([](C a, C b) { return std::conj(a) * b; }, w, ct));
  expectNear(jit([](Tensor z, Tensor w, Tensor t) { return jvp(w * exp(z), z, t); })(array(x, {5}), array(w, {5}),
                                                                                     array(ct, {5})),
             [&] {
               std::vector<C> tangent;
               for (std::size_t i = 0; i < x.size(); ++i)
                 tangent.push_back(w[i] * std::exp(x[i]) * ct[i]);
               return tangent;
             }());
  // Twice: L = |g|^2 with g = dRe(e^z) = conj(e^z), so L = e^(2 Re z) and its gradient 2 L.
  expectNear(jit([](Tensor z) {
               Tensor g = grad(sum(real(exp(z))), z);
               return grad(sum(square(abs(g))), z);
             })(array(x, {5})),
             each([](C a, C) { return C(2 * std::exp(2 * a.real())); }, x, x));
}

namespace {
/// y_t = 2 Re(c . h_t), h_t = a h_{t-1} + b u_t: a diagonal state space model with complex modes.
struct Modes {
  Param rate{{4}, init::linspace(-0.2f, -0.05f)};
  Param pole{c64({4}), init::normal(0.5f)};
  Param out{c64({4}), init::normal(0.5f)};
  Tensor operator()(Tensor u) const {
    Tensor a = exp(complex(rate, imag(pole)));
    Tensor h = zeros({4}, c64);
    return scan(h, u, [&](Tensor &h, Tensor now) {
      h = a * h + now;
      return 2 * real(sum(out * h));
    });
  }
};
struct Training {
  Modes model;
  optim::Adam<Modes> adam{model, {.lr = 2e-2f, .clip_norm = 5.f}};
};
} // namespace

TEST(Complex, AModelWithComplexModesLearnsADampedWave) {
  Training s;
  initialize(s, Key(3));
  std::vector<float> impulse(32, 0.f), wave;
  impulse[0] = 1;
  for (int t = 0; t < 32; ++t)
    wave.push_back(std::exp(-0.1f * float(t)) * std::cos(0.4f * float(t)));
  Tensor u = Tensor::copy(impulse, {32}), target = Tensor::copy(wave, {32});
  auto step = jit([](Training &s, Tensor u, Tensor y) {
    Tensor loss = mse(s.model(u), y);
    s.adam.update(s.model, grad(loss, s.model));
    return loss;
  });
  float first = step(s, u, target).item<float>(), last = first;
  for (int i = 0; i < 600; ++i)
    last = step(s, u, target).item<float>();
  EXPECT_LT(last, 1e-3f * first) << first << " at first";
  EXPECT_EQ(s.adam.m.pole.str(), "c64 [4]");
}

TEST(Complex, LoopsBranchesAndVmapCarryThem) {
  std::vector<C> x = drawn(12, 9), a = drawn(3, 10);
  Tensor xs = array(x, {4, 3}), poles = array(a, {3});
  auto looped = [](Tensor xs, Tensor a) {
    Tensor h = zeros({3}, c128);
    scan(h, xs, [&](Tensor &h, Tensor x) { h = a * h + x; });
    return when(sum(real(h)) > -1e30, h, [&](Tensor &h) { h = h * C(0, 1); }), h;
  };
  std::vector<C> h(3);
  for (int t = 0; t < 4; ++t)
    for (std::size_t k = 0; k < 3; ++k)
      h[k] = a[k] * h[k] + x[std::size_t(t) * 3 + k];
  for (C &v : h)
    v *= C(0, 1);
  expectNear(jit(looped)(xs, poles), h);
  // Its gradient through vmap, one row of inputs at a time, against all at once.
  auto loss = [](Tensor x, Tensor a) { return sum(square(abs(a * x + exp(x * 0.1f)))); };
  Tensor rows =
      jit([&](Tensor xs, Tensor a) { return vmap([&](Tensor x) { return grad(loss(x, a), x); }, xs); })(xs, poles);
  Tensor whole = jit([&](Tensor xs, Tensor a) { return grad(loss(xs, a), xs); })(xs, poles);
  expectNear(rows, {whole.span<C>().begin(), whole.span<C>().end()});
}

TEST(Complex, ErrorsSayWhatToWrite) {
  Tensor z = c64({3});
  auto text = [&](auto f) { return message([&] { trace_ir(f, z); }); };
  EXPECT_TRUE(has(text([](Tensor z) { return grad(sum(z), z); }),
                  "grad: y must be real, found c64 []: take real(y), imag(y) or abs(y)"))
      << text([](Tensor z) { return grad(sum(z), z); });
  EXPECT_TRUE(has(text([](Tensor z) { return tanh(z); }),
                  "tanh: operand #0 must be ranked tensor of f64, f32, f16 or bf16 values"))
      << text([](Tensor z) { return tanh(z); });
  EXPECT_TRUE(has(text([](Tensor z) { return cast(z, f32); }),
                  "cast: drops the imaginary part of complex<f32> [3]; write real(x) or abs(x)"))
      << text([](Tensor z) { return cast(z, f32); });
  EXPECT_TRUE(
      has(text([](Tensor z) { return z + zeros({3}, f64); }), "add: element types differ: lhs c64 [3] and rhs f64 [3]"))
      << text([](Tensor z) { return z + zeros({3}, f64); });
  std::string order = message([&] { jit([](Tensor z) { return z < z; }, c64({3})).remarks(); });
  EXPECT_TRUE(has(order, "complex numbers have no order")) << order;
  Tensor one = Tensor(std::complex<float>(1, 2));
  EXPECT_TRUE(has(message([&] { one.item<float>(); }), "item: the element is c64: write item<std::complex<float>>()"));
}
