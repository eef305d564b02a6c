// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Draws: their ranges, their frequencies within five standard errors, and that a key decides them.
#include "weft/weft.h"
#include <algorithm>
#include <cmath>
#include <functional>
#include <gtest/gtest.h>
#include <map>
#include <set>

using namespace weft;

namespace {
std::string errorOf(const std::function<void()> &f) {
  try {
    f();
  } catch (const Error &e) {
    return std::string(e.what());
  }
  return "no error";
}
bool has(const std::string &text, const std::string &part) { return text.find(part) != std::string::npos; }
template <class F> auto drawn(F f, int seed = 5) {
  return run([f](const Key &key) { return f(key); }, Key(std::uint64_t(seed)));
}
/// Each value as often as its probability says.
void expectFrequencies(std::span<const int> found, const std::vector<double> &probabilities) {
  std::vector<int> count(probabilities.size());
  for (int x : found) {
    ASSERT_TRUE(x >= 0 && x < int(count.size())) << x;
    ++count[std::size_t(x)];
  }
  const double n = double(found.size());
  for (std::size_t i = 0; i < count.size(); ++i) {
    double p = probabilities[i];
    EXPECT_NEAR(count[i] / n, p, 5 * std::sqrt(p * (1 - p) / n) + 1e-9) << i;
  }
}
} // namespace

TEST(Random, Integers) {
  Tensor some = drawn([](const Key &k) { return randint(k, -3, 4, {70000}); });
  std::vector<int> shifted;
  for (int x : some.span<int>())
    shifted.push_back(x + 3);
  expectFrequencies(shifted, std::vector<double>(7, 1 / 7.0));
  auto wide = drawn([](const Key &k) { return randint(k, -2147483647, 2147483647, {4000}); });
  double mean = 0;
  for (int x : wide.span<int>())
    mean += x / 4000.0;
  EXPECT_NEAR(mean, 0, 5 * 0x1p32 / std::sqrt(12 * 4000.0));
  // Below a dimension that is known at run time.
  Dim n = dim("n", 1, 100);
  auto f = jit([](const Key &k, Tensor x) { return randint(k, x.dim(0), {5000}); }, Key(1), f32({n}));
  expectFrequencies(f(Key(1), Tensor::copy(std::vector<float>(10), {10})).span<int>(), std::vector<double>(10, 0.1));
  auto same = drawn([](const Key &k) { return randint(k, 0, 1 << 30, {50}); }),
       other = drawn([](const Key &k) { return randint(k, 0, 1 << 30, {50}); }, 6);
  EXPECT_FALSE(std::ranges::equal(same.span<int>(), other.span<int>()));
  EXPECT_TRUE(has(errorOf([] { drawn([](const Key &k) { return randint(k, 3, 3, {2}); }); }), "no number in [3, 3)"));
}

TEST(Random, Categories) {
  const std::vector<double> p{0.1, 0.6, 0, 0.3};
  Tensor logits = Tensor::copy({std::log(0.1f), std::log(0.6f), -INFINITY, std::log(0.3f)}, {4});
  auto many = run([](const Key &k, Tensor l) { return categorical(k, l, 50000); }, Key(2), logits);
  expectFrequencies(many.span<int>(), p);
  auto rows = run([](const Key &k, Tensor l) { return categorical(k, broadcast_to(l, {20000, 4})); }, Key(3),
                  cast(logits, f64));
  expectFrequencies(rows.span<int>(), p);
  auto coins = drawn([](const Key &k) { return cast(bernoulli(k, 0.2, {20000}), i32); });
  expectFrequencies(coins.span<int>(), {0.8, 0.2});
}

TEST(Random, GumbelAndTruncatedNormal) {
  auto g = drawn([](const Key &k) { return gumbel(k, {100000}); });
  double mean = 0, square = 0;
  for (float x : g.span<float>()) {
    ASSERT_TRUE(std::isfinite(x));
    mean += x / 1e5, square += double(x) * x / 1e5;
  }
  EXPECT_NEAR(mean, 0.57721566, 5 * 1.2825 / std::sqrt(1e5));
  EXPECT_NEAR(square - mean * mean, 1.6449341, 0.05); // the variance's own error is about 0.009
  for (auto [low, high] : {std::pair{-2.0, 2.0}, {0.5, 1.0}, {-INFINITY, 0.0}}) {
    auto t = drawn([=](const Key &k) { return truncated_normal(k, low, high, {50000}, f64); });
    double average = 0, density = [](double x) { return std::exp(-x * x / 2) / std::sqrt(2 * std::acos(-1.0)); }(low),
           at = std::exp(-high * high / 2) / std::sqrt(2 * std::acos(-1.0));
    for (double x : t.span<double>()) {
      ASSERT_TRUE(x >= low && x <= high) << x;
      average += x / 50000;
    }
    double mass = (std::erf(high / std::sqrt(2.0)) - std::erf(low / std::sqrt(2.0))) / 2;
    EXPECT_NEAR(average, (density - at) / mass, 5 / std::sqrt(50000.0));
  }
  EXPECT_TRUE(
      has(errorOf([] { drawn([](const Key &k) { return truncated_normal(k, 1, 1, {2}); }); }), "nothing between"));
}

TEST(Random, PermutationsAndChoices) {
  for (int n : {0, 1, 7, 5000}) {
    auto p = drawn([=](const Key &k) { return permutation(k, n); });
    std::set<int> all(p.span<int>().begin(), p.span<int>().end());
    EXPECT_EQ(int(all.size()), n);
    if (n > 0) {
      EXPECT_EQ(*all.begin(), 0);
      EXPECT_EQ(*all.rbegin(), n - 1);
    }
  }
  // All six orders of three, one for each of 6,000 keys.
  auto many = drawn([](const Key &k) {
    Tensor none = zeros({});
    return scan(none, 6000, [&](Tensor &, Tensor i) {
      Key own = k.fold(i);
      return permutation(own, 3);
    });
  });
  std::map<int, int> seen;
  auto v = many.span<int>();
  for (std::size_t i = 0; i < v.size(); i += 3)
    ++seen[v[i] * 9 + v[i + 1] * 3 + v[i + 2]];
  EXPECT_EQ(seen.size(), 6u);
  for (auto [order, count] : seen)
    EXPECT_NEAR(count / 6000.0, 1 / 6.0, 5 * std::sqrt(5.0 / 36 / 6000)) << order;
  auto few = drawn([](const Key &k) { return choice(k, 100, 10); });
  EXPECT_EQ(std::set<int>(few.span<int>().begin(), few.span<int>().end()).size(), 10u);
  EXPECT_TRUE(has(errorOf([] { drawn([](const Key &k) { return choice(k, 3, 4); }); }), "4 different ones of 3"));
  // The first of two without replacement falls as the weights say, the second as what is left says.
  auto weighted = run([](const Key &k, Tensor w) { return weighted_choice(k, broadcast_to(w, {40000, 4}), 2); }, Key(8),
                      Tensor::copy({1.f, 2.f, 0.f, 5.f}, {4}));
  auto pairs = weighted.span<int>();
  std::vector<int> first, second;
  for (std::size_t i = 0; i < pairs.size(); i += 2) {
    EXPECT_NE(pairs[i], pairs[i + 1]);
    first.push_back(pairs[i]), second.push_back(pairs[i + 1]);
  }
  const double p[] = {0.125, 0.25, 0, 0.625};
  std::vector<double> then(4);
  for (int a : {0, 1, 3})
    for (int b : {0, 1, 3})
      if (a != b)
        then[std::size_t(b)] += p[a] * p[b] / (1 - p[a]);
  expectFrequencies(first, {0.125, 0.25, 0, 0.625});
  expectFrequencies(second, then);
}
