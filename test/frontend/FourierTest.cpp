// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Discrete Fourier transforms beside their definition in long double, for lengths of every kind; their derivatives, and
// what they refuse.
#include "Messages.h"
#include "weft/weft.h"
#include <complex>
#include <gtest/gtest.h>
#include <numbers>
#include <random>

using namespace weft;
using C = std::complex<double>;

namespace {
std::vector<C> drawn(int count, int seed) {
  std::mt19937 engine{unsigned(seed)};
  std::normal_distribution<double> normal;
  std::vector<C> values;
  for (int i = 0; i < count; ++i) {
    const double re = normal(engine);
    values.push_back({re, normal(engine)});
  }
  return values;
}
std::vector<double> reals(int count, int seed) {
  std::vector<double> values;
  for (C c : drawn(count, seed))
    values.push_back(c.real());
  return values;
}
/// Rows of n, by the definition.
std::vector<C> defined(const std::vector<C> &x, int n, int sign, double scale = 1) {
  using Wide = std::complex<long double>;
  std::vector<Wide> roots;
  for (int k = 0; k < n; ++k) {
    const long double angle = 2 * std::numbers::pi_v<long double> * k / n;
    roots.push_back({std::cos(angle), sign * std::sin(angle)});
  }
  std::vector<C> y;
  for (std::size_t row = 0; row < x.size(); row += std::size_t(n))
    for (int k = 0; k < n; ++k) {
      long double re = 0, im = 0;
      for (int j = 0; j < n; ++j) {
        const Wide &w = roots[std::size_t(std::int64_t(j) * k % n)];
        const C &v = x[row + std::size_t(j)];
        re += v.real() * w.real() - v.imag() * w.imag();
        im += v.real() * w.imag() + v.imag() * w.real();
      }
      y.push_back(C(double(re), double(im)) * scale);
    }
  return y;
}
std::vector<C> complexOf(const std::vector<double> &x) { return {x.begin(), x.end()}; }
/// The largest error, over the root of the mean square of what is expected.
double apart(const Tensor &found, const std::vector<C> &expected) {
  Tensor wide = found.dtype().isComplex() ? cast(found, c128) : cast(complex(found, zeros_like(found)), c128);
  auto values = wide.span<C>();
  EXPECT_EQ(values.size(), expected.size());
  double worst = 0, square = 0;
  for (std::size_t i = 0; i < expected.size() && i < values.size(); ++i) {
    worst = std::max(worst, std::abs(values[i] - expected[i]));
    square += std::norm(expected[i]);
  }
  return worst / std::sqrt(std::max(square / double(std::max<std::size_t>(1, expected.size())), 1e-300));
}
// One, primes, powers, what has factors of several kinds and stages, and primes that are too large for a factor.
const int lengths[] = {1, 2, 3, 5, 8, 12, 17, 64, 97, 100, 131, 262, 360, 1024, 2048};
} // namespace

TEST(Fourier, EveryLength) {
  for (int n : lengths) {
    std::vector<C> x = drawn(2 * n, n), exact = defined(x, n, -1);
    auto [ahead, back, narrow] =
        run([](Tensor v) { return std::tuple{fft(v), ifft(v), fft(cast(v, c64))}; }, Tensor::copy(x, {2, n}));
    EXPECT_LE(apart(ahead, exact), 2e-14) << n;
    EXPECT_LE(apart(back, defined(x, n, 1, 1.0 / n)), 2e-14) << n;
    EXPECT_EQ(narrow.dtype(), c64);
    EXPECT_LE(apart(narrow, exact), 5e-6) << n;
  }
}

TEST(Fourier, OfRealNumbers) {
  for (int n : lengths) {
    std::vector<double> x = reals(2 * n, n);
    std::vector<C> whole = defined(complexOf(x), n, -1), part;
    for (int row = 0; row < 2; ++row)
      part.insert(part.end(), whole.begin() + row * n, whole.begin() + row * n + n / 2 + 1);
    auto [half, all, back, narrow] = run(
        [&](Tensor v) {
          Tensor y = rfft(v), f = cast(v, f32);
          return std::tuple{y, fft(v), irfft(y, -1, {.n = n}), irfft(rfft(f), -1, {.n = n})};
        },
        Tensor::copy(x, {2, n}));
    EXPECT_LE(apart(half, part), 2e-14) << n;
    EXPECT_LE(apart(all, whole), 2e-14) << n;
    EXPECT_EQ(back.dtype(), f64);
    EXPECT_LE(apart(back, complexOf(x)), 2e-14) << n;
    EXPECT_LE(apart(narrow, complexOf(x)), 5e-6) << n;
  }
}

TEST(Fourier, ImaginaryPartsThatCannotBe) {
  // numpy.fft.irfft([1 + 2j, 3 - 1j, 0.5 + 4j]) and with n = 5
  Tensor x = Tensor::copy(std::vector<C>{{1, 2}, {3, -1}, {0.5, 4}}, {3});
  EXPECT_LE(apart(run([](Tensor v) { return irfft(v); }, x), {1.875, 0.625, -1.125, -0.375}), 1e-15);
  EXPECT_LE(apart(run([](Tensor v) { return irfft(v, -1, {.n = 5}); }, x),
                  {1.6, -0.1510168027749481, 1.0477875326142874, -2.4658215213641825, 0.9690507915248431}),
            1e-15);
}

TEST(Fourier, Norms) {
  std::vector<C> x = drawn(12, 3);
  Tensor v = Tensor::copy(x, {12});
  auto with = [&](auto f, FourierNorm norm) {
    return run([&](Tensor t) { return f(t, -1, Fourier{.norm = norm}, Loc::here()); }, v);
  };
  EXPECT_LE(apart(with(fft, FourierNorm::ortho), defined(x, 12, -1, 1 / std::sqrt(12.0))), 1e-14);
  EXPECT_LE(apart(with(ifft, FourierNorm::ortho), defined(x, 12, 1, 1 / std::sqrt(12.0))), 1e-14);
  EXPECT_LE(apart(with(fft, FourierNorm::forward), defined(x, 12, -1, 1.0 / 12)), 1e-14);
  EXPECT_LE(apart(with(ifft, FourierNorm::forward), defined(x, 12, 1)), 1e-14);
  std::vector<double> r = reals(10, 4);
  for (FourierNorm norm : {FourierNorm::backward, FourierNorm::ortho, FourierNorm::forward}) {
    Tensor back =
        run([&](Tensor t) { return irfft(rfft(t, -1, {.norm = norm}), -1, {.norm = norm}); }, Tensor::copy(r, {10}));
    EXPECT_LE(apart(back, complexOf(r)), 1e-14);
  }
}

TEST(Fourier, CutAndPadded) {
  std::vector<C> x = drawn(6, 5), cut(x.begin(), x.begin() + 4), padded = x;
  padded.resize(9);
  Tensor v = Tensor::copy(x, {6});
  EXPECT_LE(apart(run([](Tensor t) { return fft(t, -1, {.n = 4}); }, v), defined(cut, 4, -1)), 1e-14);
  EXPECT_LE(apart(run([](Tensor t) { return fft(t, -1, {.n = 9}); }, v), defined(padded, 9, -1)), 1e-14);
}

TEST(Fourier, AxesInAnyOrder) {
  std::vector<C> x = drawn(3 * 4 * 5, 6), byAxis = x, expected;
  Tensor v = Tensor::copy(x, {3, 4, 5});
  // Along axis 1: rows of it, put back.
  std::vector<C> rows;
  for (int i = 0; i < 3; ++i)
    for (int k = 0; k < 5; ++k)
      for (int j = 0; j < 4; ++j)
        rows.push_back(x[(i * 4 + j) * 5 + k]);
  rows = defined(rows, 4, -1);
  for (int i = 0; i < 3; ++i)
    for (int k = 0; k < 5; ++k)
      for (int j = 0; j < 4; ++j)
        byAxis[(i * 4 + j) * 5 + k] = rows[(i * 5 + k) * 4 + j];
  EXPECT_LE(apart(run([](Tensor t) { return fft(t, 1); }, v), byAxis), 1e-14);
  Tensor back = run([](Tensor t) { return ifftn(fftn(t)); }, v);
  EXPECT_LE(apart(back, x), 1e-14);
  Tensor two = run([](Tensor t) { return fft(fft(t, 2), 0) - fftn(t, {0, 2}); }, v);
  for (C c : two.span<C>())
    EXPECT_LE(std::abs(c), 1e-13);
  std::vector<double> r = reals(60, 7);
  Tensor again = run([](Tensor t) { return irfftn(rfftn(t), {}, {.n = 5}); }, Tensor::copy(r, {3, 4, 5}));
  EXPECT_LE(apart(again, complexOf(r)), 1e-14);
  Tensor half = run([](Tensor t) { return rfftn(t, {2, 1}); }, Tensor::copy(r, {3, 4, 5}));
  EXPECT_EQ(half.shape(), (Shape{3, 3, 5}));
}

TEST(Fourier, RowsOfAnyNumber) {
  Dim B = dim("B", 0, 9);
  auto f = jit([](Tensor t) { return fft(t); }, c128({B, 6}));
  for (int rows : {1, 4, 9}) {
    std::vector<C> x = drawn(6 * rows, rows);
    EXPECT_LE(apart(f(Tensor::copy(x, {rows, 6})), defined(x, 6, -1)), 1e-14);
  }
  std::vector<C> x = drawn(24, 9);
  Tensor mapped = run([](Tensor t) { return vmap([](Tensor row) { return fft(row); }, t); }, Tensor::copy(x, {4, 6}));
  EXPECT_LE(apart(mapped, defined(x, 6, -1)), 1e-14);
}

TEST(Fourier, DerivativeIsTheAdjoint) {
  // <g, F v> = <F* g, v> for every v, and F is linear: so the gradient of that product by x is F* g.
  for (int n : {5, 8, 12, 131}) {
    std::vector<double> x = reals(n, n), g = reals(2 * (n / 2 + 1), n + 1);
    Tensor v = Tensor::copy(x, {n}), w = Tensor::copy(g, {n / 2 + 1, 2});
    auto product = [](Tensor t, Tensor weights) { return sum(as_real(rfft(t)) * weights); };
    Tensor gradient = run([&](Tensor t, Tensor weights) { return grad(product(t, weights), t); }, v, w);
    const double whole = run(product, v, w).item<double>();
    double inner = 0;
    for (int i = 0; i < n; ++i)
      inner += gradient.span<double>()[i] * x[i];
    EXPECT_NEAR(inner, whole, 1e-11 * std::abs(whole) + 1e-11) << n;
    // Parseval: half of the square of an orthonormal transform has the operand for its gradient.
    Tensor same = run(
        [](Tensor t) {
          Tensor y = fft(t, -1, {.norm = FourierNorm::ortho});
          return grad(0.5 * sum(square(real(y)) + square(imag(y))), t);
        },
        v);
    for (int i = 0; i < n; ++i)
      EXPECT_NEAR(same.span<double>()[i], x[i], 1e-13);
    // And once more: its Hessian is the identity.
    Tensor second = run(
        [](Tensor t, Tensor d) {
          Tensor y = fft(t, -1, {.norm = FourierNorm::ortho});
          Tensor first = grad(0.5 * sum(square(real(y)) + square(imag(y))), t);
          return grad(sum(first * d), t);
        },
        v, Tensor::copy(reals(n, 77), {n}));
    for (int i = 0; i < n; ++i)
      EXPECT_NEAR(second.span<double>()[i], reals(n, 77)[i], 1e-13);
  }
}

TEST(Fourier, ConvolutionIsAProduct) {
  std::vector<double> x = reals(50, 1), k = reals(7, 2), expected(56, 0.0);
  for (int i = 0; i < 50; ++i)
    for (int j = 0; j < 7; ++j)
      expected[i + j] += x[i] * k[j];
  Tensor y =
      run([](Tensor a, Tensor b) { return irfft(rfft(a, -1, {.n = 56}) * rfft(b, -1, {.n = 56}), -1, {.n = 56}); },
          Tensor::copy(x, {50}), Tensor::copy(k, {7}));
  EXPECT_LE(apart(y, complexOf(expected)), 1e-14);
}

TEST(Fourier, FrequenciesAndMiddles) {
  auto values = [](const Tensor &t) {
    Tensor wide = cast(t, f64);
    return std::vector<double>(wide.span<double>().begin(), wide.span<double>().end());
  };
  EXPECT_EQ(values(fftfreq(4, 0.5, f64)), (std::vector<double>{0, 0.5, -1, -0.5}));
  EXPECT_EQ(values(fftfreq(5, 0.2, f64)), (std::vector<double>{0, 1, 2, -2, -1}));
  EXPECT_EQ(values(rfftfreq(4, 0.5, f64)), (std::vector<double>{0, 0.5, 1}));
  EXPECT_EQ(values(rfftfreq(5, 0.2, f64)), (std::vector<double>{0, 1, 2}));
  EXPECT_EQ(values(rfftfreq(2, 1, f64)), (std::vector<double>{0, 0.5}));
  Tensor middle = fftshift(fftfreq(5, 0.2, f64));
  EXPECT_EQ(values(middle), (std::vector<double>{-2, -1, 0, 1, 2}));
  EXPECT_EQ(values(ifftshift(middle)), values(fftfreq(5, 0.2, f64)));
}

TEST(Fourier, Refused) {
  Dim N = dim("N", 1, 64);
  auto whole = [](Tensor t) { return fft(t); };
  EXPECT_JIT_MESSAGE("fft: the length of a transform must be known when the function is traced", whole, f32({4, N}));
  EXPECT_JIT_MESSAGE("fft: expected f32, f64, c64 or c128, found i32", whole, i32({4}));
  EXPECT_JIT_MESSAGE("write cast(x, f32)", whole, bf16({4}));
  EXPECT_JIT_MESSAGE("expected an axis to transform", whole, f32({}));
  EXPECT_JIT_MESSAGE("found 0 along axis 1 of f32 [3, 0]", whole, f32({3, 0}));
  EXPECT_JIT_MESSAGE("rfft: expected f32 or f64, found c64", [](Tensor t) { return rfft(t); }, c64({4}));
  EXPECT_JIT_MESSAGE("fft: axis 2", [](Tensor t) { return fft(t, 2); }, f32({3, 4}));
  EXPECT_JIT_MESSAGE("name their number by {.n = 1}", [](Tensor t) { return irfft(t); }, c64({1}));
  EXPECT_JIT_MESSAGE("found -3", ([](Tensor t) { return fft(t, -1, {.n = -3}); }), f32({8}));
  EXPECT_JIT_MESSAGE("axis 0 stands twice", ([](Tensor t) { return fftn(t, {0, 0}); }), f32({8}));
}
