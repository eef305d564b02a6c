// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Sums of any length, of products and of updates to one place too, stay within the bounds of docs/numerics.md; narrow
// types accumulate in f32 at least and round once.
#include "weft/weft.h"
#include <array>
#include <cmath>
#include <gtest/gtest.h>
#include <numeric>

using namespace weft;

namespace {
/// What docs/numerics.md promises of a sum of n numbers, in units of half an ulp of the sum of their sizes.
double roundings(int64_t n) {
  double levels = 1;
  for (int64_t left = n; left > 64; left = (left + 63) / 64)
    ++levels;
  return 64 * levels + 16;
}
template <typename T> constexpr double unit = std::numeric_limits<T>::epsilon() / 2;
template <typename T> constexpr DType dtype = std::is_same_v<T, float> ? f32 : f64;

/// Numbers whose roundings all go one way, as long as a sum of them is in one binade.
template <typename T> std::vector<T> tenths(int64_t n) { return std::vector<T>(n, T(0.1)); }
template <typename T> std::vector<T> mixed(int64_t n) {
  std::vector<T> v(n);
  for (int64_t i = 0; i < n; ++i)
    v[i] = T(int((i * 7919) % 2003) - 501) / T(1001);
  return v;
}
template <typename T> void expectSum(double found, const std::vector<T> &x, const char *what) {
  long double sum = 0, sizes = 0; // of blocks as well: a long double drifts over 10,000,000 additions, too
  for (std::size_t i = 0; i < x.size();) {
    long double block = 0, ofBlock = 0;
    for (std::size_t end = std::min(x.size(), i + 4096); i < end; ++i)
      block += x[i], ofBlock += std::abs(x[i]);
    sum += block, sizes += ofBlock;
  }
  // Far less than what is promised: roundings seldom go one way for long.
  double bound =
      std::min(roundings(int64_t(x.size())), 32.0) * unit<T> * double(sizes) + unit<T> * std::abs(double(sum));
  EXPECT_NEAR(found, double(sum), bound) << what << " of " << x.size();
}
template <typename T> double at(const Tensor &y, int64_t i) { return double(y.span<T>()[i]); }
} // namespace

template <typename T> static void checkSums() {
  constexpr int64_t most = 10000000;
  Dim n = dim("n", 0, most);
  auto flat = jit([](Tensor x) { return sum(x); }, dtype<T>({n}));
  auto last = jit([](Tensor x) { return sum(x, 1); }, dtype<T>({2, n}));
  auto first = jit([](Tensor x) { return sum(x, 0); }, dtype<T>({n, 2}));
  auto middle = jit([](Tensor x) { return sum(x, 1); }, dtype<T>({1, n, 2}));
  auto rows = jit([](Tensor x) { return x / sum(x, 1, keep); }, dtype<T>({2, n}));
  for (int64_t size : {int64_t(1), int64_t(2), int64_t(15), int64_t(17), int64_t(64), int64_t(65), int64_t(4097),
                       int64_t(300001), int64_t(1000000), most})
    for (const std::vector<T> &x : {tenths<T>(size), mixed<T>(size)}) {
      expectSum<T>(at<T>(flat(Tensor::copy(x, {size})), 0), x, "a sum");
      if (size > 300001)
        continue;
      std::vector<T> twice(x), pairs;
      twice.insert(twice.end(), x.begin(), x.end());
      for (T v : x)
        pairs.insert(pairs.end(), {v, v});
      for (int64_t i : {0, 1}) {
        expectSum<T>(at<T>(last(Tensor::copy(twice, {2, size})), i), x, "a sum over the last axis");
        expectSum<T>(at<T>(first(Tensor::copy(pairs, {size, 2})), i), x, "a sum over the first axis");
        expectSum<T>(at<T>(middle(Tensor::copy(pairs, {1, size, 2})), i), x, "a sum over the middle axis");
      }
      if (x[0] == T(0.1)) { // n equal shares
        Tensor y = rows(Tensor::copy(twice, {2, size}));
        EXPECT_NEAR(at<T>(y, size) * double(size), 1, 34 * unit<T>) << size;
      }
    }
}
TEST(Sums, OfAnyLengthInSinglePrecision) { checkSums<float>(); }
TEST(Sums, OfAnyLengthInDoublePrecision) { checkSums<double>(); }

// Static sizes: in one kernel, and in parts that are combined; several reductions in the same loops.
TEST(Sums, OfManyInPartsAndTogether) {
  struct All {
    Tensor sum, mean, squares, columns, columnSquares, most;
  };
  auto f = [](Tensor x) {
    Tensor wide = reshape(x, {x.dim(0) / 4, 4});
    return All{sum(x), mean(x), sum(square(x)), sum(wide, 0), sum(square(wide), 0), max(x)};
  };
  for (int64_t n : {1000000, 1048576, 10000000}) {
    std::vector<float> x = tenths<float>(n), squares(n, 0.1f * 0.1f), quarter(n / 4, 0.1f), fewer(n / 4, 0.1f * 0.1f);
    All y = run(f, Tensor::copy(x, {n}));
    expectSum<float>(at<float>(y.sum, 0), x, "a sum");
    EXPECT_NEAR(at<float>(y.mean, 0), 0.1f, 1e-7) << n;
    expectSum<float>(at<float>(y.squares, 0), squares, "a sum of squares");
    for (int64_t i = 0; i < 4; ++i) {
      expectSum<float>(at<float>(y.columns, i), quarter, "a sum over the first axis");
      expectSum<float>(at<float>(y.columnSquares, i), fewer, "a sum of squares over the first axis");
    }
    EXPECT_EQ(at<float>(y.most, 0), double(0.1f));
  }
}
// What every summed dimension adds to a chain counts, not the innermost one's length alone.
TEST(Sums, OverSeveralShortDimensions) {
  const int64_t n = 3 * 100 * 100 * 100;
  std::vector<float> x = tenths<float>(n), third(n / 3, 0.1f);
  auto f = [](Tensor x) {
    return std::tuple(sum(x, {1, 2, 3}), sum(transpose(x, {1, 2, 3, 0}), {0, 1, 2}), contract("aijk,aijk->a", x, x));
  };
  auto [inner, outer, product] = run(f, Tensor::copy(x, {3, 100, 100, 100}));
  for (int64_t i = 0; i < 3; ++i) {
    expectSum<float>(at<float>(inner, i), third, "a sum over three dimensions");
    expectSum<float>(at<float>(outer, i), third, "a sum over three dimensions in front");
    EXPECT_NEAR(at<float>(product, i), double(0.1f) * double(0.1f) * n / 3, 1e-5 * n / 300);
  }
}

// ---- contractions
template <typename T> static void checkDots() {
  Dim n = dim("n", 0, 1 << 24);
  auto dot = jit([](Tensor x, Tensor y) { return contract("i,i->", x, y); }, dtype<T>({n}), dtype<T>({n}));
  auto fixed = [](Tensor x, Tensor y) { return contract("i,i->", x, y); };
  for (int64_t size : {int64_t(1), int64_t(17), int64_t(1000), int64_t(1000000), int64_t(10000000)})
    for (const std::vector<T> &x : {tenths<T>(size), mixed<T>(size)}) {
      Tensor a = Tensor::copy(x, {size}), b = Tensor::copy(std::vector<T>(size, T(1)), {size});
      expectSum<T>(at<T>(dot(a, b), 0), x, "a product of vectors");
      expectSum<T>(at<T>(run(fixed, a, b), 0), x, "a product of vectors of fixed size");
    }
}
TEST(Sums, OfProductsOfVectors) {
  checkDots<float>();
  checkDots<double>();
}
// Every form that a product has: rows along the sum, columns across it, packed panels, an operand that streams by.
TEST(Sums, OfLongProductsOfMatrices) {
  struct Case {
    const char *spec;
    int64_t m, n, k;
    bool leftTurned, rightTurned;
  };
  auto f = [](const char *spec) { return [=](Tensor x, Tensor y) { return contract(spec, x, y); }; };
  auto check = [&]<typename T>(const char *spec, Shape a, Shape b, int64_t k, T) {
    auto filled = [](const Shape &shape, T v) {
      int64_t count = 1;
      for (const Dim &d : shape)
        count *= d.value();
      return Tensor::copy(std::vector<T>(count, v), shape);
    };
    Tensor y = run(f(spec), filled(a, T(0.1)), filled(b, T(1)));
    for (T v : y.span<T>())
      ASSERT_NEAR(double(v) / (double(T(0.1)) * double(k)), 1, 1e-5 * unit<T> / unit<float>) << spec << ", " << k;
  };
  for (int64_t k : {5003, 30011}) {
    check("ik,jk->ij", {3, k}, {5, k}, k, 0.0f);
    check("ik,jk->ij", {30, k}, {33, k}, k, 0.0f);
    check("ki,kj->ij", {k, 3}, {k, 17}, k, 0.0f);
    check("ik,kj->ij", {27, k}, {k, 45}, k, 0.0f);
    check("ki,kj->ij", {k, 29}, {k, 70}, k, 0.0f);
    check("ik,kj->ij", {2, k}, {k, 61}, k, 0.0f);
    check("ik,kj->ij", {27, k}, {k, 21}, k, 0.0);
  }
  check("ik,kj->ij", {1, 40003}, {40003, 67}, 40003, 0.0f);
  check("ik,kj->ij", {20, 9001}, {9001, 300}, 9001, 0.0f);
  check("ik,kj->ij", {2, 9001}, {9001, 300}, 9001, 0.0);
}
TEST(Sums, OfLongProductsOfHalves) {
  auto f = [](DType narrow) {
    return [=](Tensor x, Tensor y) { return cast(contract("ik,kj->ij", cast(x, narrow), cast(y, narrow)), f32); };
  };
  for (auto [m, k, n] : {std::array<int64_t, 3>{16, 60000, 16}, {2, 60000, 64}, {33, 9000, 40}}) {
    Tensor x = Tensor::copy(std::vector<float>(m * k, 0.1f), {m, k}),
           y = Tensor::copy(std::vector<float>(k * n, 1), {k, n});
    // 0.1 in bf16 is 0.10009765625, and a product is within half an ulp of the result, 2^-8 of it.
    for (float v : run(f(bf16), x, y).span<float>())
      ASSERT_NEAR(v / (0.10009765625 * double(k)), 1, std::exp2(-9) + 1e-4) << m << ", " << k;
    for (float v : run(f(f16), x, y).span<float>())
      ASSERT_NEAR(v / (0.0999755859375 * double(k)), 1, std::exp2(-12) + 2e-5) << m << ", " << k;
  }
}
// Sums of a product wait in memory from one block to the next, those of a panel at the edge in less of it.
TEST(Sums, OfProductsInBlocksWithAnEdge) {
  for (auto [m, k, n] : {std::array<int64_t, 3>{29, 8219, 45}, {40, 9000, 33}, {27, 8200, 79}}) {
    std::vector<float> x(m * k), w(k * n);
    for (std::size_t i = 0; i < x.size(); ++i)
      x[i] = float(int(i * 7919 % 7) - 3);
    for (std::size_t i = 0; i < w.size(); ++i)
      w[i] = float(int(i * 104729 % 5) - 2);
    std::vector<float> sums(m * n); // of small whole numbers: exact
    for (int64_t i = 0; i < m; ++i)
      for (int64_t l = 0; l < k; ++l)
        for (int64_t j = 0; j < n; ++j)
          sums[i * n + j] += x[i * k + l] * w[l * n + j];
    Tensor y = run([](Tensor x, Tensor w) { return matmul(x, w); }, Tensor::copy(x, {m, k}), Tensor::copy(w, {k, n}));
    for (int64_t i = 0; i < m * n; ++i)
      ASSERT_EQ(y.span<float>()[i], sums[i]) << m << ", " << n << " at " << i / n << ", " << i % n;
  }
}

// ---- scatters
TEST(Sums, OfUpdatesOfOnePlace) {
  auto one = [](Tensor x) { return scatter_add(zeros({1}, x.dtype()), iota(x.dim(0)) * 0, x); };
  auto along = [](Tensor x) { return scatter_add_along(zeros({1}, x.dtype()), iota(x.dim(0)) * 0, x, 0); };
  for (int64_t n : {1, 1000, 1000000, 10000000}) {
    std::vector<float> x = tenths<float>(n);
    expectSum<float>(at<float>(run(one, Tensor::copy(x, {n})), 0), x, "updates of one place");
    expectSum<float>(at<float>(run(along, Tensor::copy(x, {n})), 0), x, "updates of one place along an axis");
  }
  std::vector<double> x = tenths<double>(1000000);
  EXPECT_NEAR(at<double>(run(one, Tensor::copy(x, {1000000})), 0), 1e5, 1e-5); // 1,000,000 roundings of 1e-11
}
TEST(Sums, OfUpdatesInNarrowTypesRoundOnce) {
  for (int optimize : {0, 1, 3})
    for (DType narrow : {bf16, f16}) {
      Options options{.optimize = optimize};
      // A row that is read 1,000 times has a gradient of 1,000 in both types: through take, take_along and a layer.
      auto f = [=](Tensor w, Tensor i) {
        Tensor table = cast(w, narrow), line = cast(slice(reshape(w, {-1}), 0, 0, 5), narrow);
        Tensor read = sum(cast(take(table, i), f32)), along = sum(cast(take_along(line, i, 0), f32));
        return std::tuple(cast(grad(read, table), f32), cast(grad(along, line), f32),
                          cast(scatter_add(table * 0, i, ones({i.dim(0), 3}, narrow)), f32));
      };
      auto fn = jit(options, f, f32({5, 3}), i32({1000}));
      auto [rows, line, added] =
          fn(Tensor::copy(std::vector<float>(15, 1), {5, 3}), Tensor::copy(std::vector<int>(1000, 2), {1000}));
      for (int64_t i = 0; i < 15; ++i) {
        EXPECT_EQ(at<float>(rows, i), i / 3 == 2 ? 1000 : 0) << narrow.name() << ", " << optimize;
        EXPECT_EQ(at<float>(added, i), i / 3 == 2 ? 1000 : 0) << narrow.name() << ", " << optimize;
      }
      for (int64_t i = 0; i < 5; ++i)
        EXPECT_EQ(at<float>(line, i), i == 2 ? 1000 : 0) << narrow.name() << ", " << optimize;
    }
  auto embedding = [](nn::Embedding e, Tensor i) {
    nn::Embedding narrow = cast(e, bf16);
    return cast(grad(sum(cast(narrow(i), f32)), narrow).w, f32);
  };
  nn::Embedding table{4, 2};
  initialize(table, Key(0));
  Tensor g = run(embedding, table, Tensor::copy(std::vector<int>(777, 1), {777}));
  EXPECT_EQ(at<float>(g, 2), 776); // 777 between 776 and 780 in bf16
}
TEST(Sums, OfGradientsOfALoopInNarrowTypes) {
  auto f = [](Tensor w, Tensor xs) {
    Tensor narrow = cast(w, bf16), total = zeros({}, f32);
    scan(total, xs, [&](Tensor &t, Tensor x) { t = t + cast(narrow * cast(x, bf16), f32); });
    return grad(total, narrow);
  };
  // A value that 1,000 steps read.
  Tensor g = run(f, Tensor::copy(std::vector<float>{2}, {}), Tensor::copy(std::vector<float>(1000, 1), {1000}));
  EXPECT_EQ(at<float>(cast(g, f32), 0), 1000);
}
// Axes too long for the memory of a unit are cut: many indices of no concern, some at the borders, columns that fill no
// vector, several axes of indices, positions in front.
TEST(Sums, OfUpdatesOfALongAxis) {
  const int64_t rows = 40000, n = 3001;
  for (int64_t columns : {1, 5, 70}) {
    std::vector<int> index(n);
    std::vector<float> updates(n * columns), expected(rows * columns);
    for (int64_t i = 0; i < n; ++i)
      index[i] = int(i % 3 == 0 ? 39999 : i % 7 == 0 ? 0 : i * 7919 % rows);
    for (int64_t i = 0; i < n * columns; ++i) {
      updates[i] = float(int(i * 104729 % 13) - 6);
      expected[index[i / columns] * columns + i % columns] += updates[i];
    }
    auto f = [=](Tensor i, Tensor u) { return scatter_add(ones({rows, columns}), i, u) - 1.0f; };
    Tensor y = run(f, Tensor::copy(index, {n}), Tensor::copy(updates, {n, columns}));
    for (int64_t i = 0; i < rows * columns; ++i)
      ASSERT_EQ(y.span<float>()[i], expected[i]) << columns << " at " << i;
  }
  std::vector<int> index(2 * 31);
  std::vector<float> updates(3 * 2 * 31), expected(3 * rows);
  for (int64_t i = 0; i < 62; ++i)
    index[i] = int(i * 1299709 % rows);
  for (int64_t i = 0; i < 186; ++i)
    updates[i] = float(i), expected[i / 62 * rows + index[i % 62]] += float(i);
  Tensor y = run([=](Tensor i, Tensor u) { return scatter_add(zeros({3, rows}), i, u, 1); },
                 Tensor::copy(index, {2, 31}), Tensor::copy(updates, {3, 2, 31}));
  EXPECT_TRUE(std::equal(expected.begin(), expected.end(), y.span<float>().begin()));
  auto along = [=](Tensor i, Tensor u) {
    return scatter_add_along(zeros({3, rows}), broadcast_to(reshape(i, {1, 62}), {3, 62}), reshape(u, {3, 62}));
  };
  y = run(along, Tensor::copy(index, {2, 31}), Tensor::copy(updates, {3, 2, 31}));
  EXPECT_TRUE(std::equal(expected.begin(), expected.end(), y.span<float>().begin()));
  index[40] = int(rows);
  EXPECT_THROW(run(along, Tensor::copy(index, {2, 31}), Tensor::copy(updates, {3, 2, 31})), Error);
  index[40] = -1;
  EXPECT_THROW(run(along, Tensor::copy(index, {2, 31}), Tensor::copy(updates, {3, 2, 31})), Error);
}

// ---- means and squares of narrow types
TEST(Sums, MeansOfNarrowTypes) {
  for (int optimize : {0, 1, 2, 3})
    for (DType narrow : {f16, bf16}) {
      SCOPED_TRACE(std::string(narrow.name()) + ", " + std::to_string(optimize));
      Dim n = dim("n", 2, 100000);
      auto f = [=](Tensor x) {
        Tensor y = cast(x, narrow), z = cast(x + 1.0f, narrow);
        Tensor m = mean(y), e = mse(y, z), g = cast(slice(grad(m, y), 0, 0, 2), f32) * float(70000);
        return std::tuple(cast(m, f32), cast(e, f32), g, cast(mean(y * y), f32),
                          cast(grad(sum(cast(max(y), f32)), y), f32));
      };
      for (int64_t size : {int64_t(70000), int64_t(66000), int64_t(259)}) {
        auto [m, e, g, squares, share] =
            jit(Options{.optimize = optimize}, f, f32({n}))(Tensor::copy(std::vector<float>(size, 1), {size}));
        EXPECT_EQ(at<float>(m, 0), 1) << size;
        EXPECT_EQ(at<float>(e, 0), 1) << size;
        EXPECT_EQ(at<float>(squares, 0), 1) << size;
        EXPECT_NEAR(at<float>(g, 0) / 70000 * double(size), 1, 0.05) << size; // 1 / size is a denormal number of f16
        EXPECT_NEAR(at<float>(share, 0) * double(size), 1, 0.05) << size;
      }
    }
}
TEST(Sums, SquaresBeyondANarrowType) {
  for (int optimize : {0, 1, 2, 3}) {
    auto f = [](Tensor x) {
      Tensor y = cast(x, f16);
      return std::tuple(cast(norm(y), f32), cast(mse(y, y - 200.0f), f32), cast(y, f32) * rsqrt(mean(cast(y * y, f32))),
                        cast(normalize(y), f32));
    };
    auto fn = jit(Options{.optimize = optimize}, f, f32({2}));
    auto [length, squares, scaled, direction] = fn(Tensor::copy(std::vector<float>{300, 400}, {2}));
    EXPECT_EQ(at<float>(squares, 0), 40000) << optimize;
    EXPECT_NEAR(at<float>(scaled, 0), 300 / std::sqrt(125000.0), 1e-6) << optimize;
    EXPECT_NEAR(at<float>(direction, 0), 0.6, 3e-4) << optimize;
    EXPECT_EQ(at<float>(length, 0), 500) << optimize;
  }
}

// ---- ties in arithmetic: a result of f32 that lies between two neighbours goes to the even one, in vectors and one by
// one, wherever narrow numbers are stored
namespace {
/// For 8 (bf16) or 11 (f16) bits: 1 + odd multiples of half an ulp, and what they become.
struct Ties {
  std::vector<float> whole, half, sum; // whole + half is a tie, sum its even neighbour
};
Ties tiesOf(int bits, int64_t n) {
  Ties t;
  float ulp = std::ldexp(1.0f, 1 - bits);
  for (int64_t i = 0; i < n; ++i) {
    float sign = i % 3 == 2 ? -1.0f : 1.0f, scale = std::ldexp(1.0f, int(i % 5) - 2);
    int64_t k = i % ((int64_t(1) << (bits - 1)) - 1); // 1 + k ulps
    t.whole.push_back(sign * scale * (1 + float(k) * ulp));
    t.half.push_back(sign * scale * ulp / 2);
    t.sum.push_back(sign * scale * (1 + float(k + k % 2) * ulp));
  }
  return t;
}
} // namespace
TEST(Narrow, TiesOfArithmeticGoToEven) {
  for (auto [narrow, bits] : {std::pair(bf16, 8), {f16, 11}})
    for (int optimize : {0, 3})
      for (int64_t n : {1, 23, 1000}) {
        SCOPED_TRACE(std::string(narrow.name()) + ", " + std::to_string(n) + ", level " + std::to_string(optimize));
        Ties t = tiesOf(bits, n);
        DType type = narrow;
        auto f = [=](Tensor whole, Tensor half) {
          Tensor a = cast(whole, type), b = cast(half, type);
          Tensor both = stack({a, b}, 0), pairs = stack({a, b}, 1), ones = both * 0 + 1;
          Tensor places = concat({iota(a.dim(0)), iota(a.dim(0))}, 0);
          return std::tuple(a + b, a - (-b), sum(both, 0), sum(pairs, 1), contract("ki,ki->i", both, ones),
                            contract("ik,k->i", pairs, zeros({2}, type) + 1),
                            scatter_add(a * 0, places, reshape(both, {-1})), whole + half);
        };
        auto y = jit(Options{.optimize = optimize}, f, f32({n}), f32({n}))(Tensor::copy(t.whole, {n}),
                                                                           Tensor::copy(t.half, {n}));
        auto check = [&](const Tensor &narrow, const char *what) {
          Tensor found = cast(narrow, f32); // on the host: in a trace nothing would be stored in between
          for (int64_t i = 0; i < n; ++i)
            ASSERT_EQ(found.span<float>()[i], t.sum[i]) << what << " at " << i;
        };
        check(std::get<0>(y), "add");
        check(std::get<1>(y), "sub");
        check(std::get<2>(y), "sum of columns");
        check(std::get<3>(y), "sum of rows");
        check(std::get<4>(y), "contract across");
        check(std::get<5>(y), "contract along");
        check(std::get<6>(y), "scatter_add");
        check(run([=](Tensor x) { return cast(x, type); }, std::get<7>(y)), "cast");
        // 1.5 (1 + k ulp) lies between two neighbours where k is odd.
        std::vector<float> expected(n), factors(t.whole);
        for (int64_t i = 0; i < n; ++i) {
          float ulp = std::ldexp(1.0f, 1 - bits), scale = std::ldexp(1.0f, int(i % 5) - 2),
                sign = i % 3 == 2 ? -1.0f : 1.0f;
          int64_t k = 2 * (i % (1 << (bits - 4))) + 1; // small and odd: the product is below 2
          factors[i] = sign * scale * (1 + float(k) * ulp);
          int64_t twice = 3 * k; // 1.5 (1 + k ulp) = 1.5 + (3 k / 2) ulp
          int64_t even = (twice - 1) / 2 + ((twice - 1) / 2 + (int64_t(1) << (bits - 2))) % 2;
          expected[i] = sign * scale * (1.5f + float(even) * ulp);
        }
        Tensor product = jit(
            Options{.optimize = optimize}, [=](Tensor x) { return cast(x, type) * 1.5f; },
            f32({n}))(Tensor::copy(factors, {n}));
        product = cast(product, f32);
        for (int64_t i = 0; i < n; ++i)
          ASSERT_EQ(product.span<float>()[i], expected[i]) << "mul at " << i;
      }
}

TEST(Sums, OfManyKindsThatNarrowTypesMakeHard) {
  auto f32s = [](std::vector<float> v) { return Tensor::copy(v, {Dim(v.size())}); };
  auto number = [](const Tensor &x) { return at<float>(cast(x, f32), 0); };
  // A mean of many small numbers, of two large ones, of numbers around 127.
  EXPECT_NEAR(number(run([](Tensor x) { return mean(cast(x, f16)); }, f32s(std::vector<float>(1048576, 1e-5f)))), 1e-5,
              6e-8);
  EXPECT_EQ(number(run([](Tensor x) { return mean(cast(x, f16)); }, f32s({60000, 60000}))), 60000);
  EXPECT_EQ(number(run([](Tensor x) { return mean(cast(x, f16)); }, f32s(std::vector<float>(4096, 127)))), 127);
  // Means over an axis of many rows do not stick where 1 is less than an ulp of the sum.
  Tensor rows =
      run([](Tensor x) { return mean(cast(reshape(x, {5000, 4}), f16), 0); }, f32s(std::vector<float>(20000, 0.5f)));
  for (int64_t i = 0; i < 4; ++i)
    EXPECT_EQ(at<float>(cast(rows, f32), i), 0.5);
  // Products of vectors, and of a matrix and a vector, whose sums pass 2048.
  auto ones = f32s(std::vector<float>(4000, 1));
  EXPECT_EQ(number(run([](Tensor x) { return contract("i,i->", cast(x, f16), cast(x, f16)); }, ones)), 4000);
  EXPECT_EQ(
      number(run([](Tensor x) { return contract("ji,i->j", cast(reshape(x, {1, 4000}), f16), cast(x, f16)); }, ones)),
      4000);
  // 100,000 updates of 0.01 to eight rows.
  auto updates = [](Tensor i) {
    Tensor w = zeros({8, 1}, f16);
    return grad(sum(cast(take(w, i) * 0.01, f32)), w);
  };
  std::vector<int> index(100000);
  for (std::size_t i = 0; i < index.size(); ++i)
    index[i] = int(i % 8);
  Tensor g = cast(run(updates, Tensor::copy(index, {100000})), f32);
  for (int64_t i = 0; i < 8; ++i)
    EXPECT_NEAR(at<float>(g, i), 125, 0.0625);
  // Sums that were off elsewhere.
  EXPECT_NEAR(
      at<float>(run([](Tensor x) { return sum(x); }, Tensor::copy(std::vector<float>(62500, 1.23456f), {250, 250})), 0),
      77160, 0.05);
  EXPECT_NEAR(at<float>(run([](Tensor x) { return sum(x) * 10.0f; },
                            Tensor::copy(std::vector<float>(5 * 68 * 64 * 64, 0.1f), {5, 68, 64, 64})),
                        0),
              1392640, 2);
  EXPECT_NEAR(
      at<float>(run([](Tensor x) { return mean(x); }, Tensor::copy(std::vector<float>(4500 * 4500, -1), {4500, 4500})),
                0),
      -1, 0);
}
