// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Numbers of kernels: products, reductions and rows of many sizes against sums written here.
#include "weft/weft.h"
#include <array>
#include <cmath>
#include <gtest/gtest.h>
#include <tuple>

using namespace weft;

// ---- contractions: sizes around the borders of tiles, of packed blocks (with sums that wait) and of streams of few
// rows
template <typename T> static void checkProducts(int64_t m, int64_t k, int64_t n, double tolerance) {
  SCOPED_TRACE(std::to_string(m) + " x " + std::to_string(k) + " x " + std::to_string(n));
  auto fill = [](int64_t size, std::size_t seed) {
    std::vector<T> v(size);
    for (std::size_t i = 0; i < v.size(); ++i)
      v[i] = T(int((i * 7919 + seed * 104729) % 2003) - 1001) / T(1001);
    return v;
  };
  std::vector<T> x = fill(m * k, 1), w = fill(k * n, 2), b = fill(n, 3);
  auto check = [&](const Tensor &y, auto element) {
    ASSERT_EQ(y.shape(), (std::vector<Dim>{m, n}));
    std::vector<double> sums(n);
    for (int64_t i = 0; i < m; ++i) {
      sums.assign(b.begin(), b.end());
      for (int64_t l = 0; l < k; ++l)
        for (int64_t j = 0; j < n; ++j)
          sums[j] += double(element(i, l)) * double(w[l * n + j]);
      for (int64_t j = 0; j < n; ++j)
        ASSERT_NEAR(y.span<T>()[i * n + j], std::max(sums[j], 0.0), tolerance) << "at " << i << ", " << j;
    }
  };
  Tensor tw = Tensor::copy(w, {k, n}), tb = Tensor::copy(b, {n});
  check(run([](Tensor x, Tensor w, Tensor b) { return relu(matmul(x, w) + b); }, Tensor::copy(x, {m, k}), tw, tb),
        [&](int64_t i, int64_t l) { return x[i * k + l]; });
  check(run([](Tensor x, Tensor w, Tensor b) { return relu(contract("ki,kj->ij", x, w) + b); }, Tensor::copy(x, {k, m}),
            tw, tb),
        [&](int64_t i, int64_t l) { return x[l * m + i]; });
  std::vector<T> turned(w.size());
  for (int64_t l = 0; l < k; ++l)
    for (int64_t j = 0; j < n; ++j)
      turned[j * k + l] = w[l * n + j];
  check(run([](Tensor x, Tensor w, Tensor b) { return relu(contract("ik,jk->ij", x, w) + b); }, Tensor::copy(x, {m, k}),
            Tensor::copy(turned, {n, k}), tb),
        [&](int64_t i, int64_t l) { return x[i * k + l]; });
}
TEST(Numbers, ContractionsOfManySizes) {
  for (auto [m, k, n] : {std::array<int64_t, 3>{64, 300, 70},
                         {61, 129, 33},
                         {50, 16, 257},
                         {49, 520, 300},
                         {200, 64, 65},
                         {391, 17, 40}})
    checkProducts<float>(m, k, n, 2e-4); // up to 520 products of numbers below 1
  // Several panels in a unit, each packed beside the one before it; sums in two blocks.
  for (auto [m, k, n] : {std::array<int64_t, 3>{61, 37, 600}, {27, 80, 1100}, {300, 45, 555}, {30, 1700, 530}})
    checkProducts<float>(m, k, n, 1e-3);
  checkProducts<double>(27, 1700, 290, 1e-9);
  for (auto [m, k, n] : {std::array<int64_t, 3>{64, 300, 70}, {53, 257, 19}, {48, 1024, 264}})
    checkProducts<double>(m, k, n, 1e-10);
  // Few rows, operands of more than 1 MiB.
  for (auto [m, k, n] : {std::array<int64_t, 3>{1, 513, 1031},
                         {2, 2051, 300},
                         {3, 333, 1999},
                         {8, 515, 701},
                         {9, 517, 700},
                         {16, 513, 611},
                         {32, 301, 1000}})
    checkProducts<float>(m, k, n, 1e-3);
  checkProducts<double>(5, 515, 701, 1e-9);
  checkProducts<double>(17, 300, 703, 1e-9);
}
TEST(Numbers, ContractionsOfRowsThatAreComputed) {
  const int64_t m = 150, k = 77, n = 600;
  std::vector<float> x(m * k), w(k * n);
  for (std::size_t i = 0; i < x.size(); ++i)
    x[i] = float(int(i * 7919 % 17) - 8);
  for (std::size_t i = 0; i < w.size(); ++i)
    w[i] = float(int(i * 104729 % 13) - 6);
  Tensor rows = run([](Tensor x) { return cast(x, bf16); }, Tensor::copy(x, {m, k})),
         columns = run([](Tensor x) { return cast(transpose(x), bf16); }, Tensor::copy(x, {m, k}));
  auto check = [&](const Tensor &y) {
    for (int64_t i = 0; i < m; ++i)
      for (int64_t j = 0; j < n; ++j) {
        float sum = 0; // of small whole numbers: exact
        for (int64_t l = 0; l < k; ++l)
          sum += x[i * k + l] * w[l * n + j];
        ASSERT_EQ(y.span<float>()[i * n + j], sum) << "at " << i << ", " << j;
      }
  };
  check(run([](Tensor x, Tensor w) { return matmul(cast(x, f32), w); }, rows, Tensor::copy(w, {k, n})));
  check(
      run([](Tensor x, Tensor w) { return contract("ki,kj->ij", cast(x, f32), w); }, columns, Tensor::copy(w, {k, n})));
}
/// Rows of another type, so that tiles read them from a copy: of every height of a tile, contiguous in either label,
/// sums in one block and in two.
template <typename T> void checkStagedRows(DType narrow, DType wide, int64_t k) {
  const int64_t most = 150, n = 600;
  Dim B = dim("B", 1, most);
  auto across = [=](Tensor x, Tensor w) { return matmul(cast(x, wide), w); };
  auto along = [=](Tensor x, Tensor w) { return contract("ki,kj->ij", cast(x, wide), w); };
  auto byRows = jit(across, narrow({B, k}), wide({k, n}));
  auto byColumns = jit(along, narrow({k, B}), wide({k, n}));
  std::vector<T> w(k * n);
  for (std::size_t i = 0; i < w.size(); ++i)
    w[i] = T(int(i * 104729 % 13) - 6);
  std::vector<float> all(most * k);
  for (std::size_t i = 0; i < all.size(); ++i)
    all[i] = float(int(i * 7919 % 17) - 8);
  std::vector<T> sums(most * n); // of small whole numbers: exact
  for (int64_t i = 0; i < most; ++i)
    for (int64_t l = 0; l < k; ++l)
      for (int64_t j = 0; j < n; ++j)
        sums[i * n + j] += T(all[i * k + l]) * w[l * n + j];
  Tensor operand = Tensor::copy(w, {k, n});
  for (int64_t m : {int64_t(1), int64_t(7), int64_t(13), int64_t(30), int64_t(97), most}) {
    Tensor x = Tensor::copy(std::vector<float>(all.begin(), all.begin() + m * k), {m, k});
    Tensor rows = run([=](Tensor x) { return cast(x, narrow); }, x);
    Tensor columns = run([=](Tensor x) { return cast(transpose(x), narrow); }, x);
    for (const Tensor &y : {byRows(rows, operand), byColumns(columns, operand)})
      for (int64_t i = 0; i < m * n; ++i)
        ASSERT_EQ(y.template span<T>()[i], sums[i]) << m << " rows, at " << i / n << ", " << i % n;
  }
}
TEST(Numbers, ContractionsOfStagedRowsOfAnySize) {
  checkStagedRows<float>(bf16, f32, 77);
  checkStagedRows<float>(bf16, f32, 1100);
  checkStagedRows<double>(f32, f64, 77);
  checkStagedRows<double>(f32, f64, 1100);
}
TEST(Numbers, ContractionsOfFewRowsOfAnyNumber) {
  const int64_t most = 23, k = 517, n = 701; // an operand of more than 1 MiB
  Dim B = dim("B", 0, most);
  auto fn = jit([](Tensor x, Tensor w) { return matmul(x, w) + 1.0f; }, f32({B, k}), f32({k, n}));
  std::vector<float> x(most * k), w(k * n);
  for (std::size_t i = 0; i < x.size(); ++i)
    x[i] = float(int(i * 7919 % 17) - 8);
  for (std::size_t i = 0; i < w.size(); ++i)
    w[i] = float(int(i * 104729 % 13) - 6);
  Tensor operand = Tensor::copy(w, {k, n});
  for (int64_t m : {int64_t(0), int64_t(1), int64_t(3), int64_t(4), int64_t(10), most}) {
    Tensor y = fn(Tensor::copy(std::vector<float>(x.begin(), x.begin() + m * k), {m, k}), operand);
    for (int64_t i = 0; i < m; ++i)
      for (int64_t j = 0; j < n; ++j) {
        float sum = 1; // of small whole numbers: exact
        for (int64_t l = 0; l < k; ++l)
          sum += x[i * k + l] * w[l * n + j];
        ASSERT_EQ(y.span<float>()[i * n + j], sum) << m << " rows, at " << i << ", " << j;
      }
  }
}
TEST(Numbers, ContractionsOfBlocksInBatchesAndOfAnySize) {
  Dim B = dim("B", 1, 150);
  auto f = [](Tensor x, Tensor w) { return contract("gbk,gkn->bgn", x, w); };
  auto fn = jit(f, f32({3, B, 140}), f32({3, 140, 290}));
  std::vector<float> w(3 * 140 * 290);
  for (std::size_t i = 0; i < w.size(); ++i)
    w[i] = std::cos(float(i));
  for (int64_t rows : {1, 7, 48, 97, 150}) {
    std::vector<float> x(3 * rows * 140);
    for (std::size_t i = 0; i < x.size(); ++i)
      x[i] = std::sin(float(i));
    Tensor y = fn(Tensor::copy(x, {3, rows, 140}), Tensor::copy(w, {3, 140, 290}));
    for (int64_t g = 0; g < 3; ++g)
      for (int64_t b : {int64_t(0), rows / 2, rows - 1})
        for (int64_t n = 0; n < 290; ++n) {
          double sum = 0;
          for (int64_t k = 0; k < 140; ++k)
            sum += double(x[(g * rows + b) * 140 + k]) * w[(g * 140 + k) * 290 + n];
          ASSERT_NEAR(y.span<float>()[(b * 3 + g) * 290 + n], sum, 1e-4)
              << rows << " rows, at " << b << ", " << g << ", " << n;
        }
  }
}

// ---- kernels over rows: of every length around a vector and four, with what follows from sums, in every place of the
// row's number
TEST(Numbers, RowsOfManyLengths) {
  auto f = [](Tensor x, Tensor g) {
    Tensor centred = x - mean(x, -1, keep), scale = rsqrt(mean(square(centred), -1, keep) + 1e-5);
    Tensor y = softmax(centred * scale * g);
    return std::tuple{y, sum(y * x, -1), max(exp(x), -1, keep), grad(sum(y * y), x)};
  };
  for (int64_t n : {1, 2, 7, 8, 9, 31, 33, 64, 100}) {
    SCOPED_TRACE(n);
    const int64_t rows = 5;
    std::vector<double> x(rows * n), g(n);
    for (std::size_t i = 0; i < x.size(); ++i)
      x[i] = std::sin(3.7 * double(i) + 0.3);
    for (std::size_t i = 0; i < g.size(); ++i)
      g[i] = 1 + 0.1 * std::cos(double(i));
    auto reference = [&](const std::vector<double> &x, std::vector<double> &y, std::vector<double> &dots,
                         std::vector<double> &tops) {
      double total = 0;
      y.resize(rows * n), dots.assign(rows, 0), tops.assign(rows, 0);
      for (int64_t r = 0; r < rows; ++r) {
        const double *row = &x[r * n];
        double mean = 0, variance = 0, sum = 0;
        for (int64_t i = 0; i < n; ++i)
          mean += row[i] / double(n);
        for (int64_t i = 0; i < n; ++i)
          variance += (row[i] - mean) * (row[i] - mean) / double(n);
        for (int64_t i = 0; i < n; ++i)
          sum += y[r * n + i] = std::exp((row[i] - mean) / std::sqrt(variance + 1e-5) * g[i]);
        for (int64_t i = 0; i < n; ++i) {
          y[r * n + i] /= sum;
          dots[r] += y[r * n + i] * row[i];
          tops[r] = std::max(tops[r], std::exp(row[i]));
          total += y[r * n + i] * y[r * n + i];
        }
      }
      return total;
    };
    std::vector<double> y, dots, tops, unused[3];
    reference(x, y, dots, tops);
    auto [ty, tdots, ttops, tgrad] = run(f, Tensor::copy(x, {rows, n}), Tensor::copy(g, {n}));
    for (int64_t i = 0; i < rows * n; ++i) {
      ASSERT_NEAR(ty.span<double>()[i], y[i], 1e-12);
      std::vector<double> up = x, down = x;
      up[i] += 1e-5, down[i] -= 1e-5;
      ASSERT_NEAR(tgrad.span<double>()[i],
                  (reference(up, unused[0], unused[1], unused[2]) - reference(down, unused[0], unused[1], unused[2])) /
                      2e-5,
                  1e-7);
    }
    for (int64_t r = 0; r < rows; ++r) {
      ASSERT_NEAR(tdots.span<double>()[r], dots[r], 1e-12);
      ASSERT_NEAR(ttops.span<double>()[r], tops[r], 1e-12);
    }
  }
}
// Rows of an axis of any size, and rows of a batch of which one dimension is 1.
TEST(Numbers, RowsOfAnySize) {
  Dim B = dim("B", 1, 9), N = dim("N", 1, 70);
  auto fn = jit([](Tensor x) { return softmax(x) + max(x, -1, keep); }, f32({B, 1, N}));
  for (int64_t b : {1, 9})
    for (int64_t n : {1, 8, 41, 70}) {
      std::vector<float> x(b * n);
      for (std::size_t i = 0; i < x.size(); ++i)
        x[i] = std::cos(float(i) * 2.1f);
      Tensor y = fn(Tensor::copy(x, {b, 1, n}));
      for (int64_t r = 0; r < b; ++r) {
        double top = -1e30, sum = 0;
        for (int64_t i = 0; i < n; ++i)
          top = std::max(top, double(x[r * n + i]));
        for (int64_t i = 0; i < n; ++i)
          sum += std::exp(x[r * n + i] - top);
        for (int64_t i = 0; i < n; ++i)
          ASSERT_NEAR(y.span<float>()[r * n + i], std::exp(x[r * n + i] - top) / sum + top, 1e-6) << b << " x " << n;
      }
    }
}

// ---- reductions of expressions of broadcasts: forward and adjoint are loops over the small arrays, and no temporary
// is made
namespace {
struct Codes {
  Tensor x, codes;
};
struct Query {
  Tensor q, k, v;
};
struct Poles {
  Tensor z, weights, poles;
};
Tensor nearness(const Codes &c) { return sum(exp(-square(expand(c.x, {2}) - c.codes)), 2); }        // [B,n,V]
Tensor additive(const Query &a) { return sum(tanh(expand(a.q, {2}) + expand(a.k, {1})) * a.v, 3); } // [B,T,n,H]
Tensor cauchy(const Poles &p) {
  return sum(expand(p.weights, {1}) / (expand(p.z, {1}) - expand(p.poles, {1})), 2);
} // [H,L,N]

std::vector<double> parts(const Tensor &x) {
  Tensor wide = cast(x.dtype().isComplex() ? run([](Tensor z) { return as_real(z); }, x) : x, f64);
  return {wide.span<double>().begin(), wide.span<double>().end()};
}

template <class S, class F>
void checkNoTemporary(const char *name, F f, const S &shapes, const S &values, const Tensor &weight,
                      long long most = 0) {
  SCOPED_TRACE(name);
  auto adjoint = [f](const S &s, Tensor g) { return grad(sum(real(f(s) * g)), s); };
  Tensor spec = weight.dtype()(weight.shape());
  for (auto plan : {jit(f, shapes).plan(), jit(adjoint, shapes, spec).plan()}) {
    long long bytes = -1;
    std::size_t at = plan.rfind("arena ");
    ASSERT_TRUE(at != std::string::npos && std::sscanf(plan.c_str() + at, "arena %lld bytes", &bytes) == 1) << plan;
    EXPECT_LE(bytes, most) << plan;
  }
  S fused = jit(adjoint, shapes, spec)(values, weight),
    plain = jit(Options{.optimize = 0}, adjoint, shapes, spec)(values, weight);
  auto [a, b] = std::pair(detail::list(fused).leaves, detail::list(plain).leaves);
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::vector<double> x = parts(*a[i].tensor), y = parts(*b[i].tensor);
    ASSERT_EQ(x.size(), y.size());
    for (std::size_t j = 0; j < x.size(); ++j)
      ASSERT_NEAR(x[j], y[j], 1e-12 * (1 + std::fabs(y[j]))) << "leaf " << i << " at " << j;
  }
}
Tensor wave(const std::vector<int64_t> &sizes, double phase) {
  int64_t count = 1;
  for (int64_t n : sizes)
    count *= n;
  std::vector<double> v(count);
  for (int64_t i = 0; i < count; ++i)
    v[i] = std::sin(double(i) * 0.7 + phase) + phase;
  return Tensor::copy(v, Shape(sizes.begin(), sizes.end()));
}
} // namespace
TEST(Numbers, ReductionsOfBroadcastsNeedNoMemory) {
  checkNoTemporary("codebooks", nearness, Codes{f64({6, 10}), f64({10, 33})},
                   Codes{wave({6, 10}, 0.1), wave({10, 33}, 0.3)}, wave({6, 10}, 0.5));
  checkNoTemporary("additive attention", additive, Query{f64({3, 8, 16}), f64({3, 9, 16}), f64({16})},
                   Query{wave({3, 8, 16}, 0.1), wave({3, 9, 16}, 0.2), wave({16}, 0.3)}, wave({3, 8, 9}, 0.5));
  checkNoTemporary("Cauchy sums", cauchy, Poles{f64({40}), f64({4, 12}), f64({4, 12})},
                   Poles{wave({40}, 5), wave({4, 12}, 0.2), wave({4, 12}, -1.5)}, wave({4, 40}, 0.5));
  auto both = [](const std::vector<int64_t> &sizes, double phase) {
    return run([](Tensor re, Tensor im) { return complex(re, im); }, wave(sizes, phase), wave(sizes, phase + 2));
  };
  // Results wait in parts, real and imaginary, for who makes pairs of them: 16 bytes for each of their elements.
  checkNoTemporary("complex Cauchy sums", cauchy, Poles{c128({40}), c128({4, 48}), c128({4, 48})},
                   Poles{both({40}, 5), both({4, 48}, 0.2), both({4, 48}, -1.5)}, both({4, 40}, 0.5),
                   16 * (4 * 40 + 40 + 2 * 4 * 48));
}

// Long sums with small results are computed in parts (passes/plan/SplitSums.cpp). Whole numbers, so that every order
// gives the same sum.
static std::vector<float> wholeNumbers(int64_t count, int modulus) {
  std::vector<float> x(count);
  for (int64_t i = 0; i < count; ++i)
    x[i] = float(int(i * 7919 % modulus) - modulus / 2);
  return x;
}
TEST(Numbers, LongReductionsInParts) {
  struct All {
    Tensor sum, squares, largest, smallest, any, middle, columns;
  };
  const int64_t a = 7, b = 210000, c = 3;
  std::vector<float> x = wholeNumbers(a * b * c, 11), scale = wholeNumbers(b, 3);
  x[1234567] = 77;
  auto f = [](Tensor x, Tensor scale) {
    Tensor scaled = x * reshape(scale, {1, b, 1});
    return All{sum(scaled),
               mean(square(x)) * float(a * b * c) + 1.0f,
               max(x),
               min(scaled),
               any_of(x > 76.0f),
               sum(x, 1) * 2.0f,
               sum(scaled, {0, 1})};
  };
  All y = run(f, Tensor::copy(x, {a, b, c}), Tensor::copy(scale, {b}));
  double total = 0, squares = 0, smallest = 0;
  std::vector<float> middle(a * c), columns(c);
  for (int64_t i = 0; i < a; ++i)
    for (int64_t j = 0; j < b; ++j)
      for (int64_t k = 0; k < c; ++k) {
        double v = x[(i * b + j) * c + k], scaled = v * scale[j];
        total += scaled, squares += v * v, smallest = std::min(smallest, scaled), middle[i * c + k] += float(2 * v),
                                           columns[k] += float(scaled);
      }
  EXPECT_EQ(y.sum.item<float>(), float(total));
  EXPECT_NEAR(y.squares.item<float>(), squares + 1, 1e-6 * squares);
  EXPECT_EQ(y.largest.item<float>(), 77);
  EXPECT_EQ(y.smallest.item<float>(), float(smallest));
  EXPECT_TRUE(y.any.item<bool>());
  EXPECT_TRUE(std::equal(middle.begin(), middle.end(), y.middle.span<float>().begin()));
  EXPECT_TRUE(std::equal(columns.begin(), columns.end(), y.columns.span<float>().begin()));
}
TEST(Numbers, LongProductsInParts) {
  struct All {
    Tensor rows, narrow, tall, dot;
  };
  const int64_t m = 3, k = 2048, n = 1000, long_ = 300000;
  std::vector<float> x = wholeNumbers(m * k, 7), w = wholeNumbers(k * n, 5), p = wholeNumbers(long_ * 4, 5),
                     q = wholeNumbers(long_ * 5, 3);
  auto f = [](Tensor x, Tensor w, Tensor p, Tensor q) {
    return All{relu(matmul(x, w) - 3.0f), cast(matmul(cast(x, bf16), cast(w, bf16)), f32), contract("km,kn->mn", p, q),
               contract("km,km->", p, p)};
  };
  All y = run(f, Tensor::copy(x, {m, k}), Tensor::copy(w, {k, n}), Tensor::copy(p, {long_, 4}),
              Tensor::copy(q, {long_, 5}));
  for (int64_t i = 0; i < m; ++i)
    for (int64_t j = 0; j < n; ++j) {
      float sum = 0;
      for (int64_t l = 0; l < k; ++l)
        sum += x[i * k + l] * w[l * n + j];
      ASSERT_EQ(y.rows.span<float>()[i * n + j], std::max(0.0f, sum - 3)) << i << ", " << j;
      ASSERT_NEAR(y.narrow.span<float>()[i * n + j], sum, std::abs(sum) / 256)
          << i << ", " << j; // rounded to bf16 once
    }
  std::vector<float> tall(20);
  double dot = 0;
  for (int64_t l = 0; l < long_; ++l)
    for (int64_t i = 0; i < 4; ++i) {
      dot += double(p[l * 4 + i]) * p[l * 4 + i];
      for (int64_t j = 0; j < 5; ++j)
        tall[i * 5 + j] += p[l * 4 + i] * q[l * 5 + j];
    }
  EXPECT_TRUE(std::equal(tall.begin(), tall.end(), y.tall.span<float>().begin()));
  EXPECT_EQ(y.dot.item<float>(), float(dot));
}
TEST(Numbers, LongSumsInLoops) {
  const int64_t n = 1200;
  std::vector<float> w(n * n);
  for (int64_t i = 0; i < n * n; ++i)
    w[i] = i % n == (i / n + 1) % n ? 1.0f : 0.0f; // turns a vector by one place
  std::vector<float> x = wholeNumbers(n, 1201);
  Tensor y = run([](Tensor x, Tensor w) { return scan(x, 3, [&](Tensor &x, Tensor) { x = matmul(x, w); }), x; },
                 Tensor::copy(x, {1, n}), Tensor::copy(w, {n, n}));
  for (int64_t i = 0; i < n; ++i)
    ASSERT_EQ(y.span<float>()[(i + 3) % n], x[i]) << i;
}

// Results larger than caches are stored past them; the tail is not.
TEST(Numbers, ResultsLargerThanCaches) {
  const int64_t n = (4 << 20) + 13;
  struct Two {
    Tensor a, b;
  };
  std::vector<float> x(n);
  for (int64_t i = 0; i < n; ++i)
    x[i] = float(i % 1000);
  Two y = run([](Tensor x) { return Two{x * 2.0f, x + 1.0f}; }, Tensor::copy(x, {n}));
  auto a = y.a.span<float>(), b = y.b.span<float>();
  for (int64_t i = 0; i < n; ++i)
    ASSERT_TRUE(a[i] == x[i] * 2 && b[i] == x[i] + 1) << "at " << i;
}
