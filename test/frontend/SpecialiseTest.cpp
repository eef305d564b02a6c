// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Which program a call runs: what is fixed at compile time tells programs apart, and a Fn that has none says so.
#include "Messages.h"
#include <gtest/gtest.h>
#include <map>
#include <thread>
#include <weft/weft.h>

using namespace weft;

namespace {
bool has(const std::string &text, const std::string &part) { return text.find(part) != std::string::npos; }

struct Names {
  std::string a, b;
};
struct Words {
  std::vector<std::string> all;
};
struct Nested {
  std::vector<std::vector<int>> rows;
};
struct Named {
  std::map<std::string, Tensor> leaves;
};
struct Sized {
  Dim n;
};
struct Listed { // lists its fields itself, under names that it decides as it runs
  std::string name;
  Tensor x;
  void fields(auto &&leaf) { leaf(name, x); }
};
template <class T> std::string fixedOf(const T &value) { return detail::list(value).fixed; }
} // namespace

TEST(Specialise, StringsEndWhereTheyEnd) {
  Tensor one(1.0f);
  auto sizes = [](const Names &n, Tensor x) { return x * float(n.a.size() * 10 + n.b.size()); };
  EXPECT_EQ(run(sizes, Names{"ab", "c"}, one).item<float>(), 21);
  EXPECT_EQ(run(sizes, Names{"a", "bc"}, one).item<float>(), 12);
  EXPECT_EQ(run(sizes, Names{"", "abc"}, one).item<float>(), 3);
  auto first = [](const Words &w, Tensor x) { return x * float(w.all[0].size()); };
  EXPECT_EQ(run(first, Words{{"ab", "c"}}, one).item<float>(), 2);
  EXPECT_EQ(run(first, Words{{"a", "bc"}}, one).item<float>(), 1);
  auto named = [](const Named &m, Tensor x) {
    Tensor y = x;
    for (auto &[name, t] : m.leaves)
      y = y * float(name.size()) + t;
    return y;
  };
  EXPECT_EQ(run(named, Named{{{"ab", one}, {"c", one}}}, one).item<float>(), 4);
  EXPECT_EQ(run(named, Named{{{"a", one}, {"bc", one}}}, one).item<float>(), 5);
}

TEST(Specialise, WhatIsFixedIsToldApart) {
  EXPECT_NE(fixedOf(Nested{{{1}, {2, 3}}}), fixedOf(Nested{{{1, 2}, {3}}}));
  EXPECT_NE(fixedOf(Nested{{{}, {}}}), fixedOf(Nested{{{}}}));
  EXPECT_NE(fixedOf(Sized{dim("B", 1, 8)}), fixedOf(Sized{dim("B", 1, 9)})); // bounds size the arena
  EXPECT_NE(fixedOf(Sized{8}), fixedOf(Sized{9}));
  EXPECT_EQ(fixedOf(Sized{dim("B", 1, 8)}), fixedOf(Sized{dim("B", 1, 8)}));
  EXPECT_NE(fixedOf(Listed{"a", {}}), fixedOf(Listed{"b", {}}));
  struct Long {
    long double x;
  };
  Long a, b; // whatever stands in the padding of a long double
  std::memset(&a, 0x00, sizeof a);
  std::memset(&b, 0xff, sizeof b);
  a.x = b.x = 0.1L;
  EXPECT_EQ(fixedOf(a), fixedOf(b));
  b.x += 1e-18L;
  EXPECT_NE(fixedOf(a), fixedOf(b));
  struct Maybe {
    std::optional<int> x;
    std::variant<int, float> y;
  };
  EXPECT_NE(fixedOf(Maybe{std::nullopt, 1}), fixedOf(Maybe{0, 1}));
  EXPECT_NE(fixedOf(Maybe{0, 0}), fixedOf(Maybe{0, 0.0f}));
}

TEST(Specialise, AFnWithSpecsMeetsOtherValues) {
  auto f = jit([](const Names &n, Tensor x) { return x * float(n.a.size()); }, Names{"ab", "c"}, f32({}));
  EXPECT_EQ(f(Names{"ab", "c"}, Tensor(1.0f)).item<float>(), 2);
  std::string text = test::messageOf([&] { f(Names{"a", "bc"}, Tensor(1.0f)); });
  EXPECT_TRUE(has(text, "SpecialiseTest.cpp:" + std::to_string(__LINE__ - 1))) << text;
  EXPECT_TRUE(has(text, "holds other numbers, strings, names")) << text;
  EXPECT_TRUE(has(text, "it was compiled for a = ab, b = c")) << text;
}

TEST(Specialise, AFnWithoutAFunction) {
  Tensor x = Tensor::copy({1.f}, {1});
  Fn<Tensor(Tensor)> none;
  std::string text = test::messageOf([&] { none(x); });
  EXPECT_TRUE(has(text, "SpecialiseTest.cpp:" + std::to_string(__LINE__ - 1))) << text;
  EXPECT_TRUE(has(text, "call: this Fn holds no function: it was made without jit, or moved from")) << text;
  EXPECT_TRUE(has(test::messageOf([&] { none.plan(); }), "holds no function"));
  EXPECT_TRUE(has(test::messageOf([&] { none.ir(); }), "holds no function"));
  EXPECT_TRUE(has(test::messageOf([&] { none.remarks(); }), "holds no function"));
  EXPECT_TRUE(has(test::messageOf([&] { none.bind(x); }), "holds no function"));
  auto f = jit([](Tensor x) { return x * 2; }, f32({1}));
  auto copy = f;
  auto moved = std::move(f);
  EXPECT_TRUE(has(test::messageOf([&] { f(x); }), "holds no function"));
  EXPECT_EQ(moved(x).item<float>(), 2);
  EXPECT_EQ(copy(x).item<float>(), 2);
  f = moved;
  EXPECT_EQ(f(x).item<float>(), 2);
}

static Fn<Tensor(Tensor)> self, ping, pong;
TEST(Specialise, AFnThatCallsItself) {
  Tensor x = Tensor::copy({1.f}, {1});
  self = jit([](Tensor x) { return self(x); });
  EXPECT_TRUE(has(test::messageOf([&] { self(x); }), "is being traced, and calls itself"));
  EXPECT_TRUE(has(test::messageOf([&] { self(x); }), "is being traced, and calls itself")); // nothing is left locked
  self = jit([](Tensor x) {
    self(Tensor::copy({1.f, 2.f}, {2}));
    return x * 2;
  });
  EXPECT_TRUE(has(test::messageOf([&] { self(x); }), "is being traced, and calls itself"));
  ping = jit([](Tensor x) { return pong(Tensor::copy({1.f}, {1})) + x; });
  pong = jit([](Tensor x) { return ping(Tensor::copy({1.f}, {1})) + x; });
  EXPECT_TRUE(has(test::messageOf([&] { ping(x); }), "is being traced, and calls itself"));
  // Another function in a trace, on numbers that are there: its result is a constant.
  auto inner = jit([](Tensor x) { return x * 3; });
  auto outer = jit([&](Tensor x) { return x + constant(inner(Tensor::copy({2.f}, {1}))); });
  EXPECT_EQ(outer(x).item<float>(), 7);
  self = ping = pong = {};
}

// Each of several threads finds the program of its shape, made once or made by itself.
TEST(Specialise, ThreadsThatMeetNewShapes) {
  auto f = jit(Options{.optimize = 0}, [](Tensor x) { return sum(x) * 2; });
  std::vector<std::thread> threads;
  std::vector<float> results(6);
  for (int t = 0; t < 6; ++t)
    threads.emplace_back([&, t] {
      std::int64_t n = 1 + t % 2;
      results[std::size_t(t)] = f(Tensor::copy(std::vector<float>(std::size_t(n), 1), {n})).item<float>();
    });
  for (auto &t : threads)
    t.join();
  EXPECT_EQ(results, (std::vector<float>{2, 4, 2, 4, 2, 4}));
}

TEST(Specialise, OptionsThatMeanNothing) {
  auto f = [](Tensor x) { return x; };
  for (const Options &options : {Options{.threads = -1}, Options{.threads = 100000}, Options{.optimize = 4},
                                 Options{.optimize = -1}, Options{.memory = -5}}) {
    std::string text = test::messageOf([&] { jit(options, f, f32({1})); });
    EXPECT_TRUE(has(text, "SpecialiseTest.cpp:" + std::to_string(options.at.line()) + ": Options: ")) << text;
    EXPECT_TRUE(has(text, "expected ")) << text;
    EXPECT_TRUE(has(test::messageOf([&] { jit(options, f); }), ": Options: ")); // not at the first call
  }
  const int line = __LINE__ + 1;
  std::string text = test::messageOf([&] { jit({.threads = -1}, f, f32({1})); });
  EXPECT_TRUE(has(text, "SpecialiseTest.cpp:" + std::to_string(line) + ": Options: threads is -1, expected 0")) << text;
  Options plain;
  plain.threads = -2;
  EXPECT_TRUE(has(test::messageOf([&] { jit(plain, f, f32({1})); }), "Options: threads is -2"));
}
