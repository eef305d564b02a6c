// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Values outside of traces: recorded op by op, computed when somebody looks.
#include "Messages.h"
#include "Models.h"
#include <cmath>
#include <gtest/gtest.h>
#include <thread>

using namespace weft;

static Tensor vectorOf(std::initializer_list<float> values) { return Tensor::copy(values, {Dim(values.size())}); }

TEST(Lazy, ALookComputes) {
  Tensor x = vectorOf({1, 2, 3, 4});
  Tensor y = x * x + 1.0f;
  EXPECT_EQ(y.str(), "f32 [4]");
  EXPECT_EQ(std::vector<float>(y.span<float>().begin(), y.span<float>().end()), (std::vector<float>{2, 5, 10, 17}));
  EXPECT_EQ(mean(x).item<float>(), 2.5f);
  EXPECT_EQ(zeros({2, 3}).span<float>().size(), 6u);
  EXPECT_EQ(iota(5).span<int>()[4], 4);
  EXPECT_TRUE(zeros({2}).isConcrete());
}

TEST(Lazy, ValuesThatAreHeldAreComputedTogether) {
  Tensor x = vectorOf({1, 2, 3});
  Tensor a = exp(x), b = sum(a), c = a / b;
  float total = b.item<float>();
  EXPECT_FLOAT_EQ(total, float(std::exp(1.) + std::exp(2.) + std::exp(3.)));
  EXPECT_FLOAT_EQ(c.span<float>()[2], float(std::exp(3.)) / total);
  Tensor d = a + c; // arrays by now
  EXPECT_FLOAT_EQ(d.span<float>()[0], a.span<float>()[0] + c.span<float>()[0]);
}

TEST(Lazy, FunctionsAndTreesTakeThem) {
  Tensor x = vectorOf({3, 4});
  auto twice = jit([](Tensor v) { return v * 2; });
  EXPECT_EQ(twice(x + 1).span<float>()[1], 10);
  auto fixed = jit([](Tensor v) { return v - 1; }, x + x); // as a spec
  EXPECT_EQ(fixed(x).span<float>()[0], 2);
  EXPECT_EQ(cast(x + x, f64).span<double>()[1], 8);
  EXPECT_EQ(constant(x + 0.5f).span<float>()[0], 3.5f);
  Tensor sorted = sort(vectorOf({3, 1, 2})).values;
  EXPECT_EQ(sorted.span<float>()[0], 1);
}

TEST(Lazy, KeysDrawWhatTheyDrawInATrace) {
  Key key(7);
  Tensor drawn = normal(key, {5});
  Tensor traced = run([](Key k) { return normal(k, {5}); }, key);
  for (int i = 0; i < 5; ++i)
    EXPECT_EQ(drawn.span<float>()[i], traced.span<float>()[i]);
}

TEST(Lazy, GradientsAndLoops) {
  Tensor w = vectorOf({1, 2}), x = vectorOf({3, 5});
  Tensor loss = sum(square(w * x));
  Tensor g = grad(loss, w);
  EXPECT_EQ(g.span<float>()[0], 18);
  EXPECT_EQ(g.span<float>()[1], 100);
  EXPECT_EQ(loss.item<float>(), 109); // was computed with it

  Tensor carry = w;
  Tensor all = scan(carry, 3, [](Tensor &c, Tensor) { return c = c * 2; });
  EXPECT_EQ(carry.span<float>()[1], 16);
  EXPECT_EQ(all.str(), "f32 [3, 2]");
  Tensor rows = vmap([&](Tensor r) { return sum(r * w); }, Tensor::copy({1.f, 0.f, 0.f, 1.f}, {2, 2}));
  EXPECT_EQ(rows.span<float>()[1], 2);
  Tensor h = hvp(sum(w * w * w), w, vectorOf({1, 0}));
  EXPECT_EQ(h.span<float>()[0], 6);
}

TEST(Lazy, ATrainingLoopMakesOneProgram) {
  testing::internal::CaptureStderr();
  Tensor w = vectorOf({0, 0}), x = vectorOf({1, 2});
  Tensor rate = 0.1f;
  for (int i = 0; i < 30; ++i) {
    Tensor loss = square(sum(w * x) - 3.f);
    w = w - rate * grad(loss, w);
    if (i == 29)
      EXPECT_NEAR(loss.item<float>(), 0, 1e-6);
    else
      loss.item<float>();
  }
  EXPECT_NEAR(w.span<float>()[1], 1.2, 1e-5);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST(Lazy, ALoopOfNewProgramsIsToldOf) {
  testing::internal::CaptureStderr();
  Tensor x = vectorOf({1});
  for (int i = 0; i < 9; ++i)
    EXPECT_EQ((x * (i + 0.25f)).item<float>(), i + 0.25f);
  std::string told = testing::internal::GetCapturedStderr();
  EXPECT_NE(told.find("LazyTest.cpp"), std::string::npos) << told;
  EXPECT_NE(told.find("the same lines made 8 programs"), std::string::npos) << told;
}

TEST(Lazy, ALookCutsAndAGradientPastItIsAnError) {
  Tensor w = vectorOf({1, 2});
  Tensor h = w * w;
  EXPECT_EQ(h.span<float>()[1], 4);
  Tensor loss = sum(h * w);
  std::string text = test::messageOf([&] { grad(loss, w); });
  EXPECT_NE(text.find("a path from y to the value goes through a value that was looked at"), std::string::npos) << text;
  EXPECT_NE(text.find("LazyTest.cpp"), std::string::npos) << text;
  // By the value itself, and by what the look had no part in.
  EXPECT_EQ(grad(sum(h * h), h).span<float>()[0], 2);
  Tensor v = vectorOf({5, 6});
  EXPECT_EQ(grad(sum(h * v), v).span<float>()[1], 4);
  // The cut holds through later looks.
  Tensor later = h + 1.f;
  later.span<float>();
  EXPECT_NE(test::messageOf([&] { grad(sum(later * w), w); }).find("looked at"), std::string::npos);
  // Not past a stop_gradient.
  Tensor stopped = stop_gradient(w * 2.f);
  stopped.span<float>();
  EXPECT_EQ(grad(sum(stopped * w), w).span<float>()[1], 4);
}

TEST(Lazy, ErrorsStandAtTheLineOfTheOp) {
  Tensor x = vectorOf({1, 2}), y = vectorOf({1, 2, 3});
  std::string text = test::messageOf([&] { x + y; });
  EXPECT_NE(text.find("LazyTest.cpp:"), std::string::npos) << text;
  EXPECT_NE(text.find("[2]"), std::string::npos) << text;
  // One that the data cause, of a value that nobody looked at: others are not hurt.
  Tensor bad = take(x, Tensor::copy({7}, {1}));
  Tensor good = x + 1.f;
  EXPECT_EQ(good.span<float>()[0], 2);
  for (int i = 0; i < 2; ++i) {
    std::string late = test::messageOf([&] { bad.span<float>(); });
    EXPECT_NE(late.find("take"), std::string::npos) << late;
  }
  EXPECT_NE(test::messageOf([&] { (bad + 1.f).item<float>(); }).find("take"), std::string::npos);
  EXPECT_EQ((good * 2.f).span<float>()[1], 6);
}

TEST(Lazy, ABodyThatEndsInAnErrorLeavesTheGraphWhole) {
  Tensor x = vectorOf({1, 2}), kept;
  EXPECT_THROW(vmap(
                   [&](Tensor r) -> Tensor {
                     kept = r * 2.f;
                     throw Error(Loc(), "mine");
                   },
                   x),
               Error);
  EXPECT_NE(test::messageOf([&] { kept + 1.f; }).find("vmap"), std::string::npos);
  EXPECT_EQ((x * 3.f).span<float>()[1], 6);
  // What is looked at in a body: values outside of it have numbers, those of the body have none.
  Tensor outer = x + 1.f;
  vmap(
      [&](Tensor r) {
        EXPECT_EQ(outer.span<float>()[0], 2);
        EXPECT_THROW(r.item<float>(), Error);
        return r + sum(outer);
      },
      x)
      .span<float>();
}

TEST(Lazy, ATraceRefusesThem) {
  Tensor x = vectorOf({1, 2}), y = x + 1.f;
  std::string text = test::messageOf([&] { jit([&](Tensor v) { return v + y; }, f32({2})); });
  EXPECT_NE(text.find("no argument of the traced function"), std::string::npos) << text;
}

TEST(Lazy, ThreadsAndLongGraphs) {
  Tensor x = vectorOf({1, 2}), y = x * 2.f;
  std::thread([&] {
    EXPECT_EQ((y + 1.f).span<float>()[0], 3);
    EXPECT_EQ(y.span<float>()[1], 4);
  }).join();
  EXPECT_EQ(y.span<float>()[0], 2);
  Tensor left;
  std::thread([&] { left = x + 5.f; }).join();
  EXPECT_EQ(left.span<float>()[0], 6);
  Tensor sum = Tensor(0);
  for (int i = 0; i < 10000; ++i) // never looked at in between
    sum = sum + 1;
  EXPECT_EQ(sum.item<int>(), 10000);
}

TEST(Lazy, AModelInTheOpen) {
  struct Net {
    nn::Linear a{4, 8}, b{8, 3};
    Tensor operator()(Tensor x) const { return b(gelu(a(x))); }
  };
  Net net;
  initialize(net, Key(3));
  Key key(5);
  Tensor x = normal(key, {6, 4});
  Tensor open = net(x), traced = run([](const Net &n, Tensor v) { return n(v); }, net, x);
  for (std::size_t i = 0; i < 18; ++i)
    EXPECT_EQ(open.span<float>()[i], traced.span<float>()[i]);
  Net g = grad(mean(square(net(x))), net);
  Net h = run([](const Net &n, Tensor v) { return grad(mean(square(n(v))), n); }, net, x);
  for (std::size_t i = 0; i < 32; ++i)
    EXPECT_EQ(g.a.w.span<float>()[i], h.a.w.span<float>()[i]);
}

TEST(Lazy, SavedAndLoaded) {
  struct Pair {
    Tensor a, b;
  };
  Tensor x = vectorOf({1, 2});
  std::string path = testing::TempDir() + "lazy.safetensors";
  save(path, Pair{x + 1.f, x * 2.f}); // computed to be written
  Pair read{zeros({2}), zeros({2})};
  load(path, read);
  EXPECT_EQ(read.a.span<float>()[1], 3);
  EXPECT_EQ(read.b.span<float>()[1], 4);
}
