// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Compiled functions on arrays: state, short batches, failures that leave state as it was, several threads.
#include "Messages.h"
#include "Models.h"
#include "weft/data.h"
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <thread>
#include <unistd.h>

using namespace weft;

static bool has(const std::string &text, const std::string &part) { return text.find(part) != std::string::npos; }
static std::vector<float> values(const Tensor &x) { return {x.span<float>().begin(), x.span<float>().end()}; }

struct Counter {
  Tensor total;
  Buffer n{i32({})};
};
static Tensor count(Counter &c, Tensor x, Tensor i) {
  c.total += sum(take(x, i));
  c.n = c.n + 1;
  return x * 2;
}

TEST(Call, StateIsAssignedAfterSuccessOnly) {
  Counter c{f32({})};
  initialize(c, Key(0));
  auto f = jit(count, c, f32({4}), i32({2}));
  Tensor x = Tensor::copy({1.f, 2.f, 3.f, 4.f}, {4});
  Tensor y = f(c, x, Tensor::copy({0, 3}, {2}));
  EXPECT_EQ(values(y), (std::vector<float>{2, 4, 6, 8}));
  EXPECT_EQ(c.total.item<float>(), 5);
  EXPECT_EQ(c.n.item<int>(), 1);
  std::string text = test::messageOf([&] { f(c, x, Tensor::copy({0, 9}, {2})); });
  EXPECT_TRUE(has(text, "CallTest.cpp:")) << text;
  EXPECT_EQ(c.total.item<float>(), 5);
  EXPECT_EQ(c.n.item<int>(), 1);
  f(c, x, Tensor::copy({1, 1}, {2}));
  EXPECT_EQ(c.total.item<float>(), 9);
}

TEST(Call, ShapesAreCheckedWithAHint) {
  auto twice = [](Tensor x) { return x * 2; };
  auto f = jit(twice, f32({64, 64}));
  Tensor shortBatch = Tensor::copy(std::vector<float>(37 * 64, 1), {37, 64});
  EXPECT_TRUE(has(test::messageOf([&] { f(shortBatch); }),
                  "call: arg0 is f32 [37, 64], but the function was compiled for f32 [64, 64]\n"
                  "  a bounded dimension takes every size up to its bound: f32({dim(\"B\", 1, 64), 64}) as the spec; "
                  "jit(f) without specs compiles for each shape"));
  EXPECT_TRUE(has(test::messageOf([&] { f(Tensor::copy(std::vector<double>(64 * 64), {64, 64})); }),
                  "but the function was compiled for f32 [64, 64]\n  element types"));
  auto bounded = jit(twice, f32({dim("B", 1, 64), 64}));
  EXPECT_EQ(bounded(shortBatch).str(), "f32 [37, 64]");
  EXPECT_TRUE(has(test::messageOf([&] { bounded(Tensor::copy(std::vector<float>(65 * 64), {65, 64})); }), "65"));
  auto any = jit(twice);
  EXPECT_EQ(any(shortBatch).str(), "f32 [37, 64]");
  EXPECT_EQ(any(Tensor::copy({1.f}, {1})).item<float>(), 2);
  EXPECT_TRUE(has(test::messageOf([&] { any(f32({2})); }), "is a spec"));
}

struct Scaled {
  float by = 2;
  Tensor operator()(Tensor x) const { return x * by; }
};
TEST(Call, NumbersAreFixedWhenCompiled) {
  Scaled s;
  auto f = jit(&Scaled::operator(), s, f32({1}));
  Tensor x = Tensor::copy({3.f}, {1});
  EXPECT_EQ(f(s, x).item<float>(), 6);
  s.by = 3;
  EXPECT_TRUE(has(test::messageOf([&] { f(s, x); }), "holds other numbers"));
  EXPECT_EQ(run(&Scaled::operator(), s, x).item<float>(), 9);
  EXPECT_EQ(jit(&Scaled::operator())(s, x).item<float>(), 9);
}

TEST(Call, ManyThreadsShareAFunction) {
  auto f = jit([](Tensor x) { return sum(x * x); }, f32({1000}));
  std::vector<std::thread> threads;
  std::vector<float> results(4);
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      Tensor x = Tensor::copy(std::vector<float>(1000, float(t)), {1000});
      for (int i = 0; i < 20; ++i)
        results[t] = f(x).item<float>();
    });
  for (auto &t : threads)
    t.join();
  EXPECT_EQ(results, (std::vector<float>{0, 1000, 4000, 9000}));
}

TEST(Call, GradientsOfValues) {
  auto f = [](Tensor x) {
    Tensor y = sum(x * x * x), g = grad(y, x);
    return std::pair{g, grad(sum(g), x)};
  };
  auto [first, second] = run(f, Tensor::copy({1.f, -2.f}, {2}));
  EXPECT_EQ(values(first), (std::vector<float>{3, 12}));
  EXPECT_EQ(values(second), (std::vector<float>{6, -12}));
  auto directional = [](Tensor x, Tensor v) { return jvp(exp(x), x, v); };
  EXPECT_NEAR(run(directional, Tensor::copy({0.5f}, {1}), Tensor::copy({2.f}, {1})).item<float>(), 2 * std::exp(0.5),
              1e-5);
  auto custom = [](Tensor x) {
    return grad(sum(custom_vjp([](Tensor x) { return exp(x); }, [](Tensor x, Tensor dy) { return 7 * dy * x; }, x)), x);
  };
  EXPECT_EQ(run(custom, Tensor::copy({2.f}, {1})).item<float>(), 14);
}

TEST(Call, KeysAgreeOnBothSides) {
  auto f = [](Key &key) { return key.next().bits; };
  Key inside(5), outside(5);
  Tensor bits = run(f, inside);
  Key drawn = outside.next();
  EXPECT_EQ(bits.span<int>()[0], drawn.bits.span<int>()[0]);
  EXPECT_EQ(inside.bits.span<int>()[1], outside.bits.span<int>()[1]);
}

// Blobs that a linear model cannot miss: a wrong gradient or a wrong update would not get there.
struct Small {
  nn::MLP net{{2, 16, 2}};
  nn::Dropout drop{0.1f};
  Tensor operator()(Tensor x, const Mode &m = {}) const { return net(drop(x, m)); }
};
template <template <class> class Opt> struct Training {
  Small model;
  Opt<Small> opt{
      model,
      {.lr = optim::warmup(5, optim::cosine(0.05f, 0.0f, 60)), .momentum = 0.9f, .decay = 1e-3f, .clip_norm = 5},
      {{"*.b", {.lr = 0.02f}}}};
  Key key{};
};
template <template <class> class Opt> static Tensor trainStep(Training<Opt> &s, Tensor x, Tensor y) {
  Tensor loss = cross_entropy(s.model(x, training(s.key)), y);
  s.opt.update(s.model, grad(loss, s.model));
  return loss;
}
template <template <class> class Opt> static float trained() {
  std::vector<float> x;
  std::vector<int> y;
  Key key(3);
  for (int i = 0; i < 60; ++i) {
    float angle = float(i) * 0.7f, radius = i % 2 ? 1.5f : 0.4f;
    x.push_back(radius * std::cos(angle)), x.push_back(radius * std::sin(angle)), y.push_back(i % 2);
  }
  Dataset data(Tensor::copy(x, {60, 2}), Tensor::copy(y, {60}));
  Training<Opt> s;
  initialize(s, Key(1));
  Dim B = dim("B", 1, 25);
  auto step = jit(trainStep<Opt>, s, f32({B, 2}), i32({B}));
  float loss = 0;
  for (int epoch = 0; epoch < 20; ++epoch) {
    Key order = key.next();
    for (auto &[bx, by] : data.shuffled(order).batches(25))
      loss = step(s, bx, by).template item<float>();
  }
  EXPECT_EQ(s.opt.t.template item<int>(), 60);
  return loss;
}
TEST(Call, OptimisersTrainACircle) {
  EXPECT_LT(trained<optim::Adam>(), 0.25f);
  EXPECT_LT(trained<optim::AdamW>(), 0.25f);
  EXPECT_LT(trained<optim::SGD>(), 0.6f);
}

// A compilation leaves its object and all that is said of it; a damaged entry is made anew.
TEST(Call, CacheHoldsFinishedCompilations) {
  namespace fs = std::filesystem;
  fs::path folder = fs::temp_directory_path() / ("weft-cache-test-" + std::to_string(getpid()));
  const char *before = std::getenv("WEFT_CACHE_DIR");
  std::string old = before ? before : "";
  setenv("WEFT_CACHE_DIR", folder.c_str(), 1);
  auto entries = [&] {
    std::vector<fs::path> files;
    for (auto &entry : fs::directory_iterator(folder))
      files.push_back(entry.path());
    return files;
  };
  auto make = [] { return jit([](Tensor x) { return softmax(x) * 3.0f; }, f32({4, 20})); };
  std::vector<float> x(80, 0.5f);
  auto first = make();
  ASSERT_EQ(entries().size(), 2u);
  for (int round = 0; round < 3; ++round) {
    auto again = make();
    EXPECT_EQ(again.plan(), first.plan());
    EXPECT_EQ(again.ir(), first.ir());
    EXPECT_NE(first.remarks(), "");
    EXPECT_EQ(again.remarks(), first.remarks());
    EXPECT_NEAR(again(Tensor::copy(x, {4, 20})).span<float>()[7], 0.15f, 1e-6f);
    EXPECT_EQ(entries().size(), 2u);
    for (const fs::path &file : entries())
      if (round == 0)
        fs::resize_file(file, fs::file_size(file) / 2);
      else
        std::ofstream(file, std::ios::in | std::ios::out).seekp(70).put('?');
  }
  before ? setenv("WEFT_CACHE_DIR", old.c_str(), 1) : unsetenv("WEFT_CACHE_DIR");
  fs::remove_all(folder);
}

struct Masked {
  nn::Linear first{70, 96}, last{96, 40};
  Param scale{{70, 96}, init::lecun};
  Tensor operator()(Tensor x) const {
    nn::Linear used = first;
    used.w = first.w * sigmoid(scale); // follows from the model alone
    return last(gelu(used(x)));
  }
};
static Tensor apply(const Masked &net, Tensor x) { return net(x); }

// The bits of a bound function are those of the function; its calls compute nothing that follows from the model, and
// pack no matrix.
TEST(Call, AModelIsBound) {
  Masked net;
  initialize(net, Key(3));
  for (std::int64_t rows : {std::int64_t(48), std::int64_t(5)}) {
    auto f = jit(apply, net, f32({rows, 70}));
    auto bound = f.bind(net);
    std::vector<float> x(std::size_t(rows * 70));
    for (std::size_t i = 0; i < x.size(); ++i)
      x[i] = float(i % 13) * 0.1f - 0.5f;
    Tensor input = Tensor::copy(x, {rows, 70});
    std::vector<float> whole = values(f(net, input));
    EXPECT_EQ(values(bound(input)), whole) << rows << " rows";
    EXPECT_NE(whole[7], 0);
    EXPECT_TRUE(has(f.ir(), "logistic") && !has(bound.ir(), "logistic")) << bound.ir();
    EXPECT_EQ(has(bound.ir(), "weft.unpack"), rows == 48) << bound.ir();
  }
  // A bounded dimension, another program of the same model, and a model that is trained on: it was bound by its values.
  auto f = jit(apply, net, f32({dim("B", 1, 64), 70}));
  auto bound = f.bind(net);
  std::vector<float> x(33 * 70, 0.25f);
  Tensor input = Tensor::copy(x, {33, 70});
  std::vector<float> before = values(f(net, input));
  initialize(net, Key(4));
  EXPECT_NE(values(f(net, input)), before);
  EXPECT_EQ(values(bound(input)), before);
  EXPECT_TRUE(has(test::messageOf([&] { bound(Tensor::copy(std::vector<float>(71), {1, 71})); }), "f32 [1, 71]"));
  EXPECT_TRUE(has(test::messageOf([&] { jit(apply).bind(net); }), "give jit a spec for each argument"));
  EXPECT_TRUE(has(test::messageOf([&] { f.bind(Masked()); }), "without data"));
}

TEST(Call, InATrace) {
  struct Scale {
    Param w{{3}, init::constant(2)};
  };
  Scale net;
  initialize(net, Key(0));
  Dim B = dim("B", 1, 8);
  auto twice = jit([](const Scale &s, Tensor x) { return concat({x * s.w, x}, 0); }, net, f32({B, 3}));
  auto count = jit(
      [](Tensor &n, Tensor x) {
        n += sum(x);
        return n * 2;
      },
      f32({}), f32({B}));
  struct Out {
    Tensor y, n;
  };
  // Dimensions are the caller's, B + 1 of another B; what is state there is assigned.
  auto f = jit(
      [&](const Scale &s, Tensor x, Tensor n) {
        Tensor y = twice(s, concat({x, x(range(0, 1))}, 0));
        Tensor m = count(n, x(all, 0));
        return Out{y, m + n};
      },
      net, f32({dim("B", 1, 4), 3}), f32({}));
  Out out = f(net, Tensor::copy(std::vector<float>{1, 2, 3, 4, 5, 6}, {2, 3}), Tensor(10.f));
  EXPECT_EQ(out.y.shape()[0], Dim(6));
  EXPECT_EQ(out.y.span<float>()[2 * 3 + 1], 4); // the first row once more, scaled
  EXPECT_EQ(out.n.item<float>(), 3 * (10 + 1 + 4));
  EXPECT_MESSAGE("but the function was compiled for",
                 jit([&](const Scale &s, Tensor x) { return twice(s, x); }, net, f32({dim("B", 1, 9), 3})));
  EXPECT_MESSAGE("the other arguments make it [4, 3]",
                 jit([&](const Scale &s, Tensor x) { return twice(s, x); }, net, f32({4, 2})));
  auto bound = twice.bind(net);
  EXPECT_MESSAGE("bound to its model", jit([&](Tensor x) { return bound(x); }, f32({4, 3})));
}
