// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Optimisers beside SGD and Adam (NumbersTest.cpp): Lion, groups with a rule of their own, frozen leaves, rows of
// tables, averages.
#include "weft/weft.h"
#include <bit>
#include <cmath>
#include <functional>
#include <gtest/gtest.h>

using namespace weft;

namespace {
std::vector<double> doubles(const Tensor &x) {
  Tensor wide = cast(x, f64);
  return {wide.span<double>().begin(), wide.span<double>().end()};
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
struct Weights {
  Param a{{2}}, b{{2}};
};
Weights start() {
  Weights w;
  w.a = Tensor::copy({1., -2.}, {2}), w.b = Tensor::copy({0.5, 4.}, {2});
  return w;
}
/// Three steps of a gradient that is the weight itself, and its square.
template <class O> struct State {
  Weights w;
  O opt;
};
template <class O> State<O> stepped(optim::Options options, std::vector<optim::Group> groups = {}, int steps = 3) {
  State<O> s{start(), O(start(), options, groups)};
  initialize(s.opt, Key(0));
  auto step = jit([](State<O> &s) { s.opt.update(s.w, grad(sum(s.w.a * s.w.a) / 2 + sum(s.w.b * s.w.b), s.w)); }, s);
  for (int i = 0; i < steps; ++i)
    step(s);
  return s;
}
} // namespace

TEST(Optim, Lion) {
  auto s = stepped<optim::Lion<Weights>>({.lr = 0.1, .decay = 0.5});
  double w[] = {1, -2, 0.5, 4}, m[4] = {};
  for (int t = 0; t < 3; ++t)
    for (int i = 0; i < 4; ++i) {
      double g = i < 2 ? w[i] : 2 * w[i], c = 0.9 * m[i] + 0.1 * g;
      m[i] = 0.99 * m[i] + 0.01 * g;
      w[i] -= 0.1 * ((c > 0) - (c < 0) + 0.5 * w[i]);
    }
  auto a = doubles(s.w.a), b = doubles(s.w.b), ma = doubles(s.opt.m.a);
  for (int i = 0; i < 2; ++i) {
    EXPECT_NEAR(a[i], w[i], 1e-12);
    EXPECT_NEAR(b[i], w[2 + i], 1e-12);
    EXPECT_NEAR(ma[i], m[i], 1e-12);
  }
}

TEST(Optim, GroupsWithARuleOfTheirOwnAndFrozenLeaves) {
  auto s = stepped<optim::Adam<Weights>>({.lr = 0.1}, {{"b", {.lr = 0.2, .momentum = 0.5}, optim::Rule::sgd}});
  auto plain = stepped<optim::Adam<Weights>>({.lr = 0.1});
  EXPECT_EQ(doubles(s.w.a), doubles(plain.w.a));
  double w[] = {0.5, 4}, m[2] = {};
  for (int t = 0; t < 3; ++t)
    for (int i = 0; i < 2; ++i)
      m[i] = 0.5 * m[i] + 2 * w[i], w[i] -= 0.2 * m[i];
  auto b = doubles(s.w.b);
  EXPECT_NEAR(b[0], w[0], 1e-12);
  EXPECT_NEAR(b[1], w[1], 1e-12);
  auto frozen = stepped<optim::AdamW<Weights>>({.lr = 0.1, .decay = 0.1}, {{"a", {.frozen = true}}});
  EXPECT_EQ(doubles(frozen.w.a), doubles(start().a));
  EXPECT_EQ(doubles(frozen.opt.m.a), std::vector<double>(2));
  EXPECT_NE(doubles(frozen.w.b), doubles(start().b));
  EXPECT_TRUE(has(errorOf([] { optim::SGD<Weights>(start(), {}, {{"a", {}, optim::Rule::adam}}); }),
                  "has a rule with second moments, which this optimiser does not keep"));
}

// Rows that no step names keep every bit, moments included, though gradients, decay and momentum would move them.
TEST(Optim, RowsOfTables) {
  struct Table {
    Param w{{5, 3}};
  };
  struct Fit {
    Table t;
    optim::AdamW<Table> opt{t, {.lr = 0.1, .decay = 0.3}};
  };
  Fit s;
  initialize(s, Key(1));
  s.t.w = Tensor::copy({0.1, 0.2, 0.3, -0.0, 1., 2., 3., 4., 5., 6., 7., 8., 9., 1., -1.}, {5, 3});
  s.opt.m.w = Tensor::copy(std::vector<double>(15, 0.25), {5, 3});
  s.opt.v.w = Tensor::copy(std::vector<double>(15, 0.5), {5, 3});
  auto before = s;
  auto f = jit(
      [](Fit &s, Tensor rows, Tensor x) {
        Tensor loss = sum(take(s.t.w, rows) * x);
        s.opt.update_rows(s.t, grad(loss, s.t), rows);
      },
      s, i32({3}), f64({3, 3}));
  auto all = before;
  auto dense = jit(
      [](Fit &s, Tensor rows, Tensor x) {
        Tensor loss = sum(take(s.t.w, rows) * x);
        s.opt.update(s.t, grad(loss, s.t));
      },
      all, i32({3}), f64({3, 3}));
  Tensor rows = Tensor::copy({3, 1, 3}, {3}), x = Tensor::copy({1., 2., 3., 4., 5., 6., 7., 8., 9.}, {3, 3});
  f(s, rows, x);
  dense(all, rows, x);
  auto bits = [](const Tensor &t, int i) { return std::bit_cast<std::uint64_t>(t.span<double>()[i]); };
  for (int i = 0; i < 15; ++i) {
    const Fit &right = i / 3 == 1 || i / 3 == 3 ? all : before;
    EXPECT_EQ(bits(s.t.w, i), bits(right.t.w, i)) << i;
    EXPECT_EQ(bits(s.opt.m.w, i), bits(right.opt.m.w, i)) << i;
    EXPECT_EQ(bits(s.opt.v.w, i), bits(right.opt.v.w, i)) << i;
  }
  EXPECT_TRUE(has(errorOf([] {
                    Fit s;
                    jit([](Fit &s, Tensor r) { s.opt.update_rows(s.t, s.t, r); }, s, f32({2}));
                  }),
                  "update_rows: expected rows as i32, found f32 [2]"));
}

TEST(Optim, AveragesOfIterates) {
  for (double decay : {0.9, 1.0}) {
    struct Both {
      Weights w;
      optim::Average<Weights> average;
    };
    Both s{start(), optim::Average<Weights>(start(), decay)};
    initialize(s.average, Key(0));
    auto f = jit(
        [](Both &s) {
          s.w.a = s.w.a * 0.5 + 1;
          s.average.update(s.w);
        },
        s);
    double w = 1, sum = 0, weight = 0;
    for (int t = 0; t < 5; ++t) {
      f(s);
      w = w * 0.5 + 1, sum = decay * sum + w, weight = decay * weight + 1;
      EXPECT_NEAR(doubles(s.average.mean.a)[0], sum / weight, 1e-6) << t; // how much stays is rounded to f32
      EXPECT_NEAR(doubles(s.average.mean.b)[1], 4, 1e-6);
    }
  }
  EXPECT_TRUE(has(errorOf([] { optim::Average<Weights>(start(), 1.5); }), "must lie in (0, 1]"));
}
