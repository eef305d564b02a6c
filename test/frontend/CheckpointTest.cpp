// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// checkpoint(f): nothing that f makes is kept for a gradient, and no bit of it changes.
#include "weft/weft.h"
#include <cmath>
#include <gtest/gtest.h>

using namespace weft;

namespace {
std::int64_t arenaOf(const std::string &plan) { return std::stoll(plan.substr(plan.rfind("arena ") + 6)); }
std::vector<double> doubles(const Tensor &x) {
  Tensor wide = cast(x, f64);
  return {wide.span<double>().begin(), wide.span<double>().end()};
}
Tensor ramp(const Shape &shape, double step) {
  std::int64_t count = 1;
  for (const Dim &d : shape)
    count *= d.value();
  std::vector<float> values;
  for (std::int64_t i = 0; i < count; ++i)
    values.push_back(float(0.8 * std::sin(step * double(i) + 0.3)));
  return Tensor::copy(values, shape);
}
/// f() as it is, or in a checkpoint.
template <bool again, class F> auto maybe(F f) {
  if constexpr (again)
    return checkpoint(f);
  else
    return f();
}

constexpr int depth = 6, width = 16, rows = 128;
struct Block {
  nn::Linear up{width, 4 * width}, down{4 * width, width};
  nn::Dropout drop{0.25f};
  Tensor operator()(Tensor x, const Mode &mode = {}) const {
    return x + drop(down(mark(*this, "hidden", gelu(up(x)))), mode);
  }
};
struct Net {
  std::vector<Block> blocks = nn::stack<Block>(depth);
};
struct State {
  Net net;
  Key key{};
};
template <bool again> Tensor train(State &s, Tensor x) {
  Mode mode = training(s.key);
  Tensor h = x;
  for (const Block &block : s.net.blocks)
    h = maybe<again>([&] { return block(h, mode); });
  Tensor loss = mean(square(h - x * 0.5f));
  Net g = grad(loss, s.net);
  for (std::size_t i = 0; i < s.net.blocks.size(); ++i) {
    s.net.blocks[i].up.w -= 0.1f * g.blocks[i].up.w;
    s.net.blocks[i].down.w -= 0.1f * g.blocks[i].down.w;
    s.net.blocks[i].up.b -= 0.1f * g.blocks[i].up.b;
    s.net.blocks[i].down.b -= 0.1f * g.blocks[i].down.b;
  }
  return loss;
}
} // namespace

TEST(Checkpoint, LessMemoryAndTheSameBits) {
  State a;
  initialize(a, Key(1));
  State b = a;
  Tensor x = ramp({rows, width}, 0.37);
  auto kept = jit(train<false>, a, x), again = jit(train<true>, b, x);
  constexpr std::int64_t hidden = rows * 4 * width * 4; // what a block makes inside
  EXPECT_GT(arenaOf(kept.plan()), 2 * depth * hidden);
  EXPECT_LT(arenaOf(again.plan()), 5 * hidden + depth * rows * width * 4) << again.plan();
  double before = 0, loss = 0;
  for (int i = 0; i < 5; ++i) {
    Tensor one = kept(a, x), two = again(b, x);
    EXPECT_EQ(one.item<float>(), two.item<float>());
    loss = one.item<float>();
    before = i ? before : loss;
  }
  EXPECT_LT(loss, before);
  for (int i = 0; i < depth; ++i)
    EXPECT_EQ(doubles(a.net.blocks[std::size_t(i)].up.w), doubles(b.net.blocks[std::size_t(i)].up.w)) << "block " << i;
}

// Values inside are values like any other: tapped, differentiated by, captured from outside.
namespace {
template <bool again> std::vector<Tensor> tapped(const Net &net, Tensor x, Tensor scale) {
  auto [y, z] = tap("blocks.1.hidden", [&] {
    Tensor h = x;
    for (const Block &block : net.blocks)
      h = maybe<again>([&] { return block(h * scale); });
    return sum(h * h);
  });
  return {y, z, grad(y, z), grad(y, scale), grad(y, x)};
}
/// Through loops, branches, derivatives of derivatives, checkpoints in checkpoints.
template <bool again> std::vector<Tensor> nested(Tensor x, Tensor w) {
  auto layer = [&](Tensor h) { return maybe<again>([&] { return tanh(matmul(sin(h), w)); }); };
  auto block = [&](Tensor h) { return maybe<again>([&] { return layer(layer(h) * 1.5) + h; }); };
  Tensor y = sum(square(block(block(x))));
  Tensor g = grad(y, x), second = grad(sum(g * g), w), third = grad(sum(second * second), x), forward = jvp(g, x, w),
         around = grad(jvp(y, x, w), x);
  Tensor h = x;
  Tensor all = scan(
      h, 5, [&](Tensor &h, Tensor t) { return h = cond(t > 2, [&] { return block(h); }, [&] { return layer(h); }); });
  Tensor loops = grad(sum(all * all), w), twice = grad(sum(loops * loops), x);
  Tensor inside = maybe<again>([&] {
    Tensor z = sum(exp(sin(x)));
    return grad(z, x) * z;
  });
  Tensor mapped = vmap([&](Tensor r) { return sum(block(expand(r, 0))); }, x);
  Tensor looped = maybe<again>([&] {
    Tensor h = x;
    scan(h, 4, [&](Tensor &h, Tensor) { h = layer(h); });
    return h;
  });
  return {g,
          second,
          third,
          forward,
          around,
          loops,
          twice,
          grad(sum(inside * w), x),
          grad(sum(square(mapped)), w),
          grad(sum(looped * looped), x),
          grad(sum(looped * looped), w)};
}
void expectEqual(const std::vector<Tensor> &a, const std::vector<Tensor> &b) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i)
    EXPECT_EQ(doubles(a[i]), doubles(b[i])) << "value " << i;
}
} // namespace
TEST(Checkpoint, ValuesInsideAreLikeAnyOther) {
  Net net;
  initialize(net, Key(2));
  Tensor x = ramp({4, width}, 0.61), scale = ramp({width}, 0.2);
  expectEqual(run(tapped<true>, net, x, scale), run(tapped<false>, net, x, scale));
}
TEST(Checkpoint, NestsInLoopsBranchesAndDerivatives) {
  Tensor x = cast(ramp({4, 4}, 0.53), f64), w = cast(ramp({4, 4}, 1.1), f64);
  auto a = run(nested<true>, x, w), b = run(nested<false>, x, w);
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::vector<double> p = doubles(a[i]), q = doubles(b[i]);
    for (std::size_t k = 0; k < p.size(); ++k)
      EXPECT_NEAR(p[k], q[k], 1e-12 * std::max(1.0, std::abs(q[k]))) << "value " << i;
  }
}
TEST(Checkpoint, OutsideATrace) {
  Tensor x = Tensor::copy({1.f, 2.f}, {2});
  Tensor y = checkpoint([&] { return exp(sin(x)); });
  Tensor g = grad(sum(y), x);
  EXPECT_NEAR(g.span<float>()[1], std::exp(std::sin(2.)) * std::cos(2.), 1e-6);
}

// What a gradient keeps of a step, or of the forward kernels, is read through views: other shapes of the same memory,
// rows of it, and two values of one shape that must not be taken for each other.
namespace {
template <bool scanned> std::vector<Tensor> viewed(Tensor x, Tensor w) {
  auto step = [&](Tensor &h, Tensor x) {
    Tensor a = tanh(matmul(h, w)), b = sigmoid(matmul(x, w)); // [4, 6] both
    Tensor wide = reshape(a, {3, 8}), tall = reshape(b, {8, 3});
    Tensor first = slice(a, 0, 0, 2), last = slice(b, 0, 2, 4);
    Tensor p = matmul(tanh(wide), sin(tall)); // [3, 3]
    h = a * reshape(reshape(b, {24}), {4, 6}) + 0.1 * reshape(concat({last, first}, 0), {4, 6});
    return sum(p * transpose(p)) + sum(first * sin(last)) + sum(reshape(a, {24}) * reshape(transpose(b), {24}));
  };
  Tensor h = x[0], ys;
  if constexpr (scanned) {
    ys = scan(h, x, step);
  } else {
    std::vector<Tensor> parts;
    for (int t = 0; t < 3; ++t)
      parts.push_back(step(h, x[t]));
    ys = stack(parts);
  }
  Tensor loss = sum(ys) + sum(h * h);
  return {loss, grad(loss, w), grad(loss, x)};
}
} // namespace
TEST(Checkpoint, WhatIsKeptIsReadThroughViews) {
  Tensor x = cast(ramp({3, 4, 6}, 1.7), f64), w = cast(ramp({6, 6}, 2.9), f64);
  std::vector<Tensor> expected = jit(Options{.optimize = 0}, viewed<false>)(x, w);
  const double h = 1e-6; // finite differences of the loss along a direction
  Tensor along = cast(ramp({6, 6}, 0.7), f64);
  double slope = 0, losses[2];
  for (int side : {0, 1}) {
    std::vector<double> at(w.span<double>().begin(), w.span<double>().end());
    for (std::size_t i = 0; i < 36; ++i)
      at[i] += (side ? h : -h) * along.span<double>()[i];
    losses[side] = run(viewed<false>, x, Tensor::copy(at, {6, 6}))[0].item<double>();
  }
  for (std::size_t i = 0; i < 36; ++i)
    slope += expected[1].span<double>()[i] * along.span<double>()[i];
  EXPECT_NEAR(slope, (losses[1] - losses[0]) / (2 * h), 1e-6 * std::max(1.0, std::abs(slope)));
  for (auto &&options : {Options{.optimize = 3}, Options{.threads = 3, .optimize = 3}, Options{.optimize = 1}})
    for (bool scanned : {true, false}) {
      std::vector<Tensor> found = scanned ? jit(options, viewed<true>)(x, w) : jit(options, viewed<false>)(x, w);
      for (std::size_t k = 0; k < 3; ++k)
        for (std::size_t i = 0; i < found[k].span<double>().size(); ++i)
          EXPECT_NEAR(found[k].span<double>()[i], expected[k].span<double>()[i], 1e-11) << k << " " << i;
    }
}

// Chunks that do not divide the steps, rows of several lengths: the inputs are read where they are, and the numbers
// stay.
namespace {
template <int chunk, bool reverse> std::tuple<Tensor, Tensor, Tensor> padded(Tensor xs, Tensor w, Tensor lengths) {
  Tensor h = zeros({3, 4}, f64);
  Tensor all = scan(h, xs, [&](Tensor &h, Tensor x) { return h = tanh(matmul(h, w) + x); },
                    {.axis = 1, .lengths = lengths, .reverse = reverse, .checkpoint = chunk});
  Tensor loss = sum(square(all)) + sum(h);
  return {loss, grad(loss, w), grad(loss, xs)};
}
template <int chunk> Tensor summed(Tensor xs, Tensor w) {
  Tensor h = zeros({4}, f64);
  scan(h, xs, [&](Tensor &h, Tensor x) { h = tanh(reshape(matmul(expand(h, 0), w), {4}) + x); }, {.checkpoint = chunk});
  return grad(sum(h), w);
}
} // namespace
TEST(Checkpoint, AnyChunkOfSteps) {
  Tensor xs = cast(ramp({3, 11, 4}, 0.31), f64), w = cast(ramp({4, 4}, 1.3), f64),
         lengths = Tensor::copy(std::vector<int>{11, 4, 0}, {3});
  auto same = [&](auto a, auto b) {
    auto [la, wa, xa] = run(a, xs, w, lengths);
    auto [lb, wb, xb] = run(b, xs, w, lengths);
    EXPECT_NEAR(la.template item<double>(), lb.template item<double>(), 1e-12);
    for (auto [p, q] : {std::pair(doubles(wa), doubles(wb)), {doubles(xa), doubles(xb)}})
      for (std::size_t i = 0; i < p.size(); ++i)
        EXPECT_NEAR(p[i], q[i], 1e-12 * std::max(1.0, std::abs(q[i])));
  };
  same(padded<0, false>, padded<3, false>);
  same(padded<0, false>, padded<4, false>);
  same(padded<0, true>, padded<4, true>);
  // 101 steps in chunks of 10 and one of 1: no copy of 100 of them.
  auto chunked = jit(summed<10>, f64({101, 4}), f64({4, 4}));
  EXPECT_EQ(chunked.plan().find("f64 [100, 4]"), std::string::npos) << chunked.plan();
}
