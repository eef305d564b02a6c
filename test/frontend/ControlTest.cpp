// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Loops and branches: against the same thing unrolled, derivatives against finite differences, errors with both lines.
#include "weft/weft.h"
#include <cmath>
#include <gtest/gtest.h>
#include <random>

using namespace weft;

namespace {
std::vector<double> doubles(const Tensor &x) {
  Tensor wide = cast(x, f64);
  return {wide.span<double>().begin(), wide.span<double>().end()};
}
Tensor drawn(const std::vector<int> &shape, int seed, double scale = 1) {
  std::mt19937 engine(unsigned(seed) * 7919u + 17u);
  std::normal_distribution<double> normal(0, scale);
  Shape dims(shape.begin(), shape.end());
  int64_t count = 1;
  for (int d : shape)
    count *= d;
  std::vector<double> values(static_cast<std::size_t>(count));
  for (double &v : values)
    v = normal(engine);
  return Tensor::copy(values, dims);
}
void expectNear(const Tensor &a, const Tensor &b, double tolerance) {
  ASSERT_EQ(a.str(), b.str());
  std::vector<double> x = doubles(a), y = doubles(b);
  for (std::size_t i = 0; i < x.size(); ++i)
    ASSERT_NEAR(x[i], y[i], tolerance * std::max(1.0, std::abs(y[i]))) << "element " << i;
}
Tensor scalar(double v) { return Tensor::copy(std::vector<double>{v}, {}); }
std::string message(const std::function<void()> &f) {
  try {
    f();
  } catch (const Error &error) {
    return error.what();
  }
  return "no error";
}

struct Cell {
  Tensor h, c;
};
struct Weights {
  Tensor w, u, b;
};
Tensor step(const Weights &p, Cell &s, Tensor x) {
  Tensor z = matmul(x, p.w) + matmul(s.h, p.u) + p.b;
  auto part = [&](int i) { return slice(z, 1, 4 * i, 4 * i + 4); };
  s.c = sigmoid(part(0)) * s.c + sigmoid(part(1)) * tanh(part(2));
  s.h = sigmoid(part(3)) * tanh(s.c);
  return s.h;
}
Weights weights() { return {drawn({3, 16}, 1, 0.5), drawn({4, 16}, 2, 0.5), drawn({16}, 3)}; }
Cell start(const Tensor &xs) { return {zeros({xs.dim(1), 4}, f64), zeros({xs.dim(1), 4}, f64)}; }

/// Loss and its gradient by weights and inputs of an LSTM over [T, B, 3].
struct Result {
  Tensor loss;
  Weights g;
  Tensor gx, all;
};
template <int checkpoint> Result scanned(const Weights &p, Tensor xs) {
  Cell s = start(xs);
  Tensor all = scan(s, xs, [&](Cell &s, Tensor x) { return step(p, s, x); }, {.checkpoint = checkpoint});
  Tensor loss = mean(square(all)) + sum(s.c * s.h);
  return {loss, grad(loss, p), grad(loss, xs), all};
}
Result unrolled(const Weights &p, Tensor xs) {
  Cell s = start(xs);
  std::vector<Tensor> parts;
  for (int t = 0; t < 7; ++t)
    parts.push_back(step(p, s, reshape(slice(xs, 0, t, t + 1), {xs.dim(1), 3})));
  Tensor all = stack(parts), loss = mean(square(all)) + sum(s.c * s.h);
  return {loss, grad(loss, p), grad(loss, xs), all};
}
void expectSame(const Result &a, const Result &b) {
  expectNear(a.loss, b.loss, 1e-12);
  expectNear(a.all, b.all, 1e-12);
  expectNear(a.g.w, b.g.w, 1e-11);
  expectNear(a.g.u, b.g.u, 1e-11);
  expectNear(a.g.b, b.g.b, 1e-11);
  expectNear(a.gx, b.gx, 1e-11);
}
} // namespace

TEST(Control, ScanIsItsUnrolledSelf) {
  Weights p = weights();
  Tensor xs = drawn({7, 2, 3}, 4);
  Result expected = run(unrolled, p, xs);
  expectSame(run(scanned<0>, p, xs), expected);
  expectSame(run(scanned<2>, p, xs), expected);
  expectSame(run(scanned<3>, p, xs), expected);
}

TEST(Control, AxisReverseAndLengths) {
  auto f = [](Tensor xs, Tensor len) {
    Tensor c = zeros({2}, f64);
    Tensor sums =
        scan(c, xs, [](Tensor &c, Tensor x) { return c = c + x; }, {.axis = 1, .lengths = len, .reverse = true});
    return std::pair(c, sums);
  };
  Tensor xs = drawn({2, 5}, 1);
  auto [c, sums] = run(f, xs, Tensor::copy(std::vector<int>{5, 3}, {2}));
  auto x = doubles(xs), s = doubles(sums), last = doubles(c);
  for (int b = 0; b < 2; ++b) {
    double sum = 0;
    for (int t = 4; t >= 0; --t) {
      bool in = t < (b ? 3 : 5);
      sum += in ? x[std::size_t(5 * b + t)] : 0;
      EXPECT_NEAR(s[std::size_t(5 * b + t)], in ? sum : 0, 1e-14);
    }
    EXPECT_NEAR(last[std::size_t(b)], sum, 1e-14);
  }
}

// Newton's square root: as long as the data say. Forward mode through the unbounded loop, reverse through the bounded
// one.
struct Newton {
  Tensor y, n;
};
TEST(Control, LoopRunsAsLongAsTheDataSay) {
  auto root = [](Tensor x, Dim most) {
    Newton s{x, 0};
    loop(
        s, [&](const Newton &s) { return abs(s.y * s.y - x) > 1e-10; },
        [&](Newton &s) {
          s.y = 0.5 * (s.y + x / s.y);
          s.n += 1;
        },
        {.max = most});
    return s;
  };
  auto f = [&](Tensor x) {
    Newton open = root(x, 0), bounded = root(x, 20);
    return std::tuple(open.y, open.n, jvp(open.y, x, full({}, 1, f64)), grad(bounded.y, x), bounded.n);
  };
  auto [y, n, forward, reverse, n2] = run(f, scalar(2));
  EXPECT_NEAR(y.item<double>(), std::sqrt(2.0), 1e-10);
  EXPECT_EQ(n.item<int>(), 4);
  EXPECT_EQ(n2.item<int>(), 4);
  EXPECT_NEAR(forward.item<double>(), 0.5 / std::sqrt(2.0), 1e-9);
  EXPECT_NEAR(reverse.item<double>(), 0.5 / std::sqrt(2.0), 1e-9);
  EXPECT_NE(message([&] {
              run([&](Tensor x) { return grad(root(x, 0).y, x); }, scalar(2));
            }).find("cannot be differentiated in reverse"),
            std::string::npos);
}

TEST(Control, CondAndWhen) {
  struct Two {
    Tensor a, b;
  };
  auto f = [](Tensor x) {
    Tensor y = cond(x > 0, [&] { return sin(x) * x; }, [&] { return exp(x); });
    Two c{x, x * x};
    when(x > 0, c, [&](Two &c) { c.a = c.a * grad(y, x); }); // a derivative of values made outside
    return std::tuple(y, grad(y, x), c.a, c.b);
  };
  auto fn = jit(f, f64({}));
  auto [y, g, a, b] = fn(scalar(0.7));
  double slope = std::cos(0.7) * 0.7 + std::sin(0.7);
  EXPECT_NEAR(y.item<double>(), std::sin(0.7) * 0.7, 1e-14);
  EXPECT_NEAR(g.item<double>(), slope, 1e-14);
  EXPECT_NEAR(a.item<double>(), 0.7 * slope, 1e-14);
  EXPECT_NEAR(b.item<double>(), 0.49, 1e-14);
  auto [y2, g2, a2, b2] = fn(scalar(-0.7));
  EXPECT_NEAR(g2.item<double>(), std::exp(-0.7), 1e-14);
  EXPECT_NEAR(a2.item<double>(), -0.7, 1e-14);
}

// A whole training step of inputs alone in a loop, in an outer loop, differentiated again.
TEST(Control, TrainingInALoopInALoop) {
  auto inner = [](Tensor w, Tensor x, int steps) {
    scan(x, steps, [&](Tensor &x, Tensor) { x = x - 0.1 * grad(sum(square(tanh(matmul(x, w)) - 0.3)), x); });
    return x;
  };
  auto f = [&](Tensor w, Tensor x) {
    scan(x, 3, [&](Tensor &x, Tensor) { x = inner(w, x, 4) * 1.1; });
    return sum(square(x));
  };
  auto all = [&](Tensor w, Tensor x) {
    Tensor y = f(w, x);
    return std::pair(y, grad(y, w));
  };
  Tensor w = drawn({3, 3}, 1), x = drawn({2, 3}, 2);
  auto [y, g] = run(all, w, x);
  auto value = jit([&](Tensor w, Tensor x) { return f(w, x); }, w, x);
  std::vector<double> at = doubles(w), slope = doubles(g);
  for (std::size_t i = 0; i < at.size(); ++i) {
    auto moved = [&](double h) {
      std::vector<double> v = at;
      v[i] += h;
      return value(Tensor::copy(v, {3, 3}), x).item<double>();
    };
    double h = 1e-6, difference = (moved(h) - moved(-h)) / (2 * h);
    EXPECT_NEAR(slope[i], difference, 1e-6 * std::max(1.0, std::abs(difference)));
  }
}

TEST(Control, KeysRideInTheCarry) {
  struct Walk {
    Tensor x;
    Key key{};
  };
  auto f = [](Walk &c) {
    scan(c, 4, [](Walk &c, Tensor) {
      Key key = c.key.next();
      c.x += normal(key, {3});
    });
  };
  auto g = [](Walk &c) {
    for (int i = 0; i < 4; ++i) {
      Key key = c.key.next();
      c.x += normal(key, {3});
    }
  };
  Walk a{Tensor::copy(std::vector<float>{0, 0, 0}, {3}), Key(7)}, b = a;
  jit(f, a)(a);
  jit(g, b)(b);
  EXPECT_EQ(doubles(a.x), doubles(b.x));
  EXPECT_EQ(doubles(a.key.bits), doubles(b.key.bits));
}

TEST(Control, ErrorsNameBothLines) {
  auto leak = [](Tensor x) {
    Tensor inside;
    scan(x, 3, [&](Tensor &x, Tensor) { inside = x * 2; });
    return inside + 1;
  };
  std::string text = message([&] { run(leak, Tensor(1.0f)); });
  EXPECT_NE(text.find("was made inside scan (ControlTest.cpp:"), std::string::npos) << text;
  auto grows = [](Tensor x) {
    scan(x, 3, [&](Tensor &x, Tensor) { x = concat({x, x}, 0); });
    return x;
  };
  text = message([&] { run(grows, drawn({2}, 1)); });
  EXPECT_NE(text.find("keeps its element type and shape: expected f64 [2], found f64 [4]"), std::string::npos) << text;
  auto differ = [](Tensor x) { return cond(x > 0, [&] { return x; }, [&] { return cast(x, f32); }); };
  text = message([&] { run(differ, scalar(1)); });
  EXPECT_NE(text.find("cond: the branches differ in the result: f64 [] and f32 []"), std::string::npos) << text;
  auto lengths = [](Tensor x, Tensor y) {
    Tensor c = 0;
    scan(c, std::pair(x, y), [](Tensor &, std::pair<Tensor, Tensor>) {});
    return c;
  };
  text = message([&] { run(lengths, drawn({2}, 1), drawn({3}, 1)); });
  EXPECT_NE(text.find("inputs differ in length along axis 0: 2 and 3"), std::string::npos) << text;
}

// An LSTM of 1,000 steps: with a checkpoint every 40, or a budget, the arena grows with the square root of the steps;
// the numbers stay.
namespace {
std::int64_t arenaOf(const std::string &plan) { return std::stoll(plan.substr(plan.rfind("arena ") + 6)); }
template <int checkpoint> Tensor longTraining(Weights &p, Tensor xs) {
  Cell s = start(xs);
  scan(s, xs, [&](Cell &s, Tensor x) { step(p, s, x); }, {.checkpoint = checkpoint});
  Tensor loss = mean(square(s.h - 0.5));
  Weights g = grad(loss, p);
  p.w -= 0.5 * g.w, p.u -= 0.5 * g.u, p.b -= 0.5 * g.b;
  return loss;
}
} // namespace
TEST(Control, LongScansKeepTheSquareRootOfTheirSteps) {
  Tensor xs = drawn({1000, 2, 3}, 5);
  Weights a = weights(), b = weights(), c = weights();
  auto all = jit(longTraining<0>, a, xs), some = jit(longTraining<40>, b, xs);
  std::int64_t most = arenaOf(all.plan()), fewer = arenaOf(some.plan()), carries = 2 * 2 * 4 * 8;
  EXPECT_GT(most, 1000 * carries);
  EXPECT_LT(fewer, (1000 / 40 + 40) * carries + (1 << 14));
  auto within = jit(Options{.memory = most / 4}, longTraining<0>, c, xs);
  EXPECT_LE(arenaOf(within.plan()), most / 4);
  EXPECT_NE(within.remarks().find("compute the others again"), std::string::npos) << within.remarks();
  double first = 0, last = 0;
  for (int i = 0; i < 12; ++i) {
    double x = all(a, xs).item<double>(), y = some(b, xs).item<double>(), z = within(c, xs).item<double>();
    EXPECT_NEAR(x, y, 1e-10);
    EXPECT_NEAR(x, z, 1e-10);
    (i ? last : first) = x;
  }
  EXPECT_LT(last, 0.5 * first);
  std::string text = message([&] { jit(Options{.memory = 1000}, longTraining<0>, c, xs); });
  EXPECT_NE(text.find("the memory budget of 1000 bytes cannot be met"), std::string::npos) << text;
  EXPECT_NE(text.find("the least found is"), std::string::npos) << text;
}

// Layers in a row: the smaller the budget, the more kernels run again, and the loss keeps its bits. Parameters are
// updated as their gradients come, so no gradient of a layer waits for the others.
namespace {
struct Layers {
  std::vector<Param> w;
};
Tensor rowTraining(Layers &net, Tensor x) {
  Tensor h = x;
  for (const Param &w : net.w)
    h = sin(matmul(h, w));
  Tensor loss = mean(square(h - x));
  Layers g = grad(loss, net);
  for (std::size_t i = 0; i < net.w.size(); ++i)
    net.w[i] -= 0.1f * g.w[i];
  return loss;
}
std::size_t linesOf(const std::string &text) { return std::size_t(std::count(text.begin(), text.end(), '\n')); }
} // namespace
TEST(Control, BudgetsTradeMemoryForTime) {
  Layers net;
  for (int i = 0; i < 12; ++i)
    net.w.push_back(Param{{16, 16}, init::lecun});
  initialize(net, Key(2));
  Tensor x = cast(drawn({128, 16}, 8), f32);
  constexpr std::int64_t layer = 128 * 16 * 4; // a layer's products and their sines
  std::int64_t most = 0, arenaBefore = 0;
  std::size_t stepsBefore = 0;
  float expected = 0;
  for (int part : {8, 6, 5, 4, 3}) { // eighths of what is needed
    Layers own = net;
    auto f = jit(Options{.memory = most * part / 8}, rowTraining, own, x);
    std::int64_t arena = arenaOf(f.plan());
    std::size_t steps = linesOf(f.plan()); // one for a dispatch
    if (part == 8) {
      most = arena;
      EXPECT_GE(most, 22 * layer);
      EXPECT_LE(most, 26 * layer) << "gradients of layers wait";
    } else {
      EXPECT_LE(arena, most * part / 8);
      EXPECT_LT(arena, arenaBefore);
      EXPECT_GT(steps, stepsBefore);
      EXPECT_NE(f.remarks().find("runs again for later readers of f32 [128, 16]"), std::string::npos) << f.remarks();
    }
    arenaBefore = arena, stepsBefore = steps;
    float loss = 0;
    for (int i = 0; i < 3; ++i)
      loss = f(own, x).item<float>();
    if (part == 8)
      expected = loss;
    EXPECT_EQ(loss, expected) << part << " eighths";
  }
  Layers own = net;
  std::string text = message([&] { jit(Options{.memory = 4 * layer}, rowTraining, own, x); });
  EXPECT_NE(text.find("cannot be met: with nothing computed again the arena has " + std::to_string(most) +
                      " bytes; the least found is "),
            std::string::npos)
      << text;
}

// The gradient by the inputs alone: no product of the weights' gradient is in the plan, nor anything it would be stored
// in.
TEST(Control, PartialGradientsComputeNothingElse) {
  auto f = [](const Tensor &w, Tensor x, Tensor all) {
    Tensor h = x;
    scan(h, 5, [&](Tensor &h, Tensor) { h = tanh(matmul(h, w)); });
    Tensor loss = sum(h * all);
    return grad(loss, x);
  };
  auto g = [](const Tensor &w, Tensor x, Tensor all) {
    Tensor h = x;
    scan(h, 5, [&](Tensor &h, Tensor) { h = tanh(matmul(h, w)); });
    return grad(sum(h * all), w);
  };
  auto spec = f64({64, 64}), small = f64({3, 64});
  std::string byInput = jit(f, spec, small, small).plan(), byWeights = jit(g, spec, small, small).plan();
  EXPECT_EQ(byInput.find("f64 [64, 64]"), std::string::npos) << byInput;
  EXPECT_NE(byWeights.find("f64 [64, 64]"), std::string::npos) << byWeights;
}

// Derivatives of derivatives through loops and branches, each against differences of what it is the derivative of.
TEST(Control, HigherDerivatives) {
  using F = std::function<Tensor(Tensor)>;
  auto rolled = [](Tensor x) {
    Tensor h = x;
    Tensor all = scan(h, 4, [&](Tensor &h, Tensor) { return h = sin(h) * x + 0.3 * h; });
    return sum(all * all) + sum(h);
  };
  auto branched = [](Tensor x) {
    return cond(sum(x) > 0, [&] { return sum(x * x * x * exp(x)); }, [&] { return sum(sin(x) * x); });
  };
  auto bounded = [](Tensor x) {
    Tensor h = x;
    loop(
        h, [](const Tensor &h) { return sum(h * h) > 0.2; }, [&](Tensor &h) { h = h * 0.5 + 0.01 * sin(h * x); },
        {.max = 9});
    return sum(h * x);
  };
  auto mapped = [](Tensor x) {
    return sum(square(vmap([&](Tensor e) { return sum(tanh(x * e)); }, eye(3, f64) + 0.5)));
  };
  for (auto [name, f] :
       {std::pair<const char *, F>("scan", rolled), {"cond", branched}, {"loop", bounded}, {"vmap", mapped}}) {
    auto values = [f = f](Tensor x, Tensor v) {
      Tensor y = f(x), g = grad(y, x), along = jvp(g, x, v), twice = grad(sum(g * stop_gradient(v)), x);
      Tensor third = grad(sum(hvp(f(x), x, v) * v), x);
      return std::tuple(y, g, along, twice, grad(jvp(y, x, v), x), jvp(jvp(y, x, v), x, v), third);
    };
    Tensor x = drawn({3}, 8, 0.7), v = drawn({3}, 9);
    auto fn = jit(values, x, v);
    auto [y, g, along, twice, overForward, second, third] = fn(x, v);
    expectNear(twice, along, 1e-11);
    expectNear(overForward, along, 1e-11);
    std::vector<double> at = doubles(x), d = doubles(v), slope = doubles(g), bend = doubles(along);
    auto moved = [&](double h) {
      std::vector<double> p = at;
      for (std::size_t i = 0; i < p.size(); ++i)
        p[i] += h * d[i];
      return fn(Tensor::copy(p, {3}), v);
    };
    auto [yp, gp, ap, tp, op, sp, cp] = moved(1e-5);
    auto [ym, gm, am, tm, om, sm, cm] = moved(-1e-5);
    auto dot = [&](const std::vector<double> &a) { return a[0] * d[0] + a[1] * d[1] + a[2] * d[2]; };
    double first = (yp.item<double>() - ym.item<double>()) / 2e-5;
    EXPECT_NEAR(dot(slope), first, 1e-6 * std::max(1.0, std::abs(first))) << name;
    EXPECT_NEAR(second.item<double>(), dot(bend), 1e-10 * std::max(1.0, std::abs(dot(bend)))) << name;
    for (std::size_t i = 0; i < 3; ++i) {
      double difference = (doubles(gp)[i] - doubles(gm)[i]) / 2e-5;
      EXPECT_NEAR(bend[i], difference, 1e-4 * std::max(1.0, std::abs(difference))) << name;
    }
    double cubic = (dot(doubles(ap)) - dot(doubles(am))) / 2e-5;
    EXPECT_NEAR(dot(doubles(third)), cubic, 1e-4 * std::max(1.0, std::abs(cubic))) << name;
  }
}

TEST(Control, Jacobian) {
  auto f = [](Tensor x) {
    Tensor y = stack({sum(x * x), x[0] * x[1] * x[2]});
    return jacobian(y, x);
  };
  Tensor j = run(f, Tensor::copy(std::vector<double>{1, 2, 3}, {3}));
  EXPECT_EQ(doubles(j), (std::vector<double>{2, 4, 6, 6, 3, 2}));
}

// ---- named values
namespace {
struct Unit {
  int d;
  nn::Linear lin{d, d};
  Tensor operator()(Tensor x) const { return mark(*this, "out", tanh(lin(x))); }
};
struct Tower {
  std::vector<Unit> units = nn::stack<Unit>(3, 4);
  Tensor operator()(Tensor x) const {
    for (const Unit &u : units)
      x = u(x);
    return sum(x * x);
  }
};
} // namespace
TEST(Named, TapSpliceAndTheirErrors) {
  Tower net;
  initialize(net, Key(3));
  Tensor x = Tensor::copy(std::vector<float>{1, -2, 3, 0.5}, {1, 4});
  auto all = [](const Tower &net, Tensor x) {
    auto [y, z] = tap("units.1.out", [&] { return net(x); });
    Tensor again = splice("units.1.out", z, [&] { return net(x * 0); }); // what lies in front does not matter any more
    Tensor off = splice("units.0.out", [](Tensor z) { return z * 0; }, [&] { return net(x); });
    return std::tuple(y, z, grad(y, z), again, off);
  };
  auto fn = jit(all, net, x);
  auto [y, z, g, again, off] = fn(net, x);
  EXPECT_EQ(y.item<float>(), again.item<float>());
  EXPECT_NE(y.item<float>(), off.item<float>());
  auto behind = [](const Tower &net, Tensor z) { return sum(square(net.units[2](z))); };
  auto slope =
      jit([&](const Tower &net, Tensor z) { return std::pair(behind(net, z), grad(behind(net, z), z)); }, net, z);
  auto [value, expected] = slope(net, z);
  EXPECT_NEAR(value.item<float>(), y.item<float>(), 1e-6);
  expectNear(g, expected, 1e-6);
  // A backward pass that ends at the hook: the first two layers' weights are in no product behind it.
  std::string text = message([&] {
    jit([](const Tower &net, Tensor x) { return tap("units.7.out", [&] { return net(x); }).second; }, net, x);
  });
  EXPECT_NE(text.find("tap: no value named units.7.out was met"), std::string::npos) << text;
  EXPECT_NE(text.find("units.0.out, units.1.out, units.2.out"), std::string::npos) << text;
  text = message([&] {
    jit([](const Tower &net,
           Tensor x) { return splice("units.1.out", [](Tensor z) { return sum(z); }, [&] { return net(x); }); },
        net, x);
  });
  EXPECT_NE(text.find("must be f32 [1, 4] like it, found f32 []"), std::string::npos) << text;
}

// What vmap makes of loops that end when their data say so, of gathers by mapped indices, and of samplers: against one
// slice at a time.
TEST(Control, VmapOfLoopsGathersAndSamplers) {
  auto root = [](Tensor x) {
    Newton s{x, 0};
    loop(
        s, [&](const Newton &s) { return abs(s.y * s.y - x) > 1e-10; },
        [&](Newton &s) {
          s.y = 0.5 * (s.y + x / s.y);
          s.n += 1;
        },
        {.max = 30});
    return s;
  };
  Tensor xs = Tensor::copy(std::vector<double>{0.5, 2, 900, 1}, {4});
  auto mapped = jit([&](Tensor xs) {
    Newton s = vmap(root, xs);
    Tensor slopes = vmap([&](Tensor x) { return grad(root(x).y, x); }, xs);
    return std::tuple(s.y, s.n, slopes, grad(sum(s.y), xs));
  });
  auto [y, n, slopes, all] = mapped(xs);
  auto alone = jit([&](Tensor x) {
    Newton s = root(x);
    return std::tuple(s.y, s.n, grad(s.y, x));
  });
  for (std::size_t i = 0; i < 4; ++i) {
    auto [ry, rn, rs] = alone(scalar(xs.span<double>()[i]));
    EXPECT_EQ(y.span<double>()[i], ry.item<double>());
    EXPECT_EQ(n.span<int>()[i], rn.item<int>()) << "slices that are done stand still";
    EXPECT_NEAR(slopes.span<double>()[i], rs.item<double>(), 1e-14);
    EXPECT_NEAR(all.span<double>()[i], rs.item<double>(), 1e-14);
  }
  EXPECT_NE(n.span<int>()[2], n.span<int>()[3]);

  // Data and indices both mapped, with dimensions in front of and behind the axis; the gradient scatters.
  Tensor data = drawn({3, 2, 5, 4}, 3),
         at = Tensor::copy(std::vector<int>{0, 4, 1, 1, 2, 3, 3, 3, 0, 2, 2, 4}, {3, 2, 2});
  auto gather = [](Tensor d, Tensor i) { return sin(take(d, i, 1)); };
  auto scatter = [](Tensor d, Tensor i) { return scatter_add(d, i, take(d, i, 1) * 2.0, 1); };
  auto f = jit([&](Tensor d, Tensor i) {
    Tensor taken = vmap(gather, d, i);
    return std::tuple(taken, grad(sum(square(taken)), d), vmap(scatter, d, i));
  });
  auto g = jit([&](Tensor d, Tensor i) {
    std::vector<Tensor> taken, added;
    for (int b = 0; b < 3; ++b)
      taken.push_back(gather(d[b], i[b])), added.push_back(scatter(d[b], i[b]));
    Tensor all = stack(taken);
    return std::tuple(all, grad(sum(square(all)), d), stack(added));
  });
  auto [taken, slope, added] = f(data, at);
  auto [taken2, slope2, added2] = g(data, at);
  expectNear(taken, taken2, 0);
  expectNear(slope, slope2, 1e-14);
  expectNear(added, added2, 1e-14);
  std::vector<int> outside(12, 0);
  outside[5] = 5;
  EXPECT_NE(message([&] { f(data, Tensor::copy(outside, {3, 2, 2})); }).find("index 5 is outside dimension of size 5"),
            std::string::npos);

  // Each slice with a key of its own draws what it would draw by itself.
  auto draw = [](Key key, Tensor i) {
    Key own = key.fold(i);
    return normal(own, {3}, f64);
  };
  auto each = jit([&](Key key, Tensor is) { return vmap([&](Tensor i) { return draw(key, i); }, is); });
  auto one = jit(draw);
  Tensor rows = each(Key(7), Tensor::copy(std::vector<int>{0, 1, 5}, {3}));
  for (int i : {0, 1, 2}) {
    Tensor row = one(Key(7), Tensor(i == 2 ? 5 : i));
    for (std::size_t k = 0; k < 3; ++k)
      EXPECT_EQ(rows.span<double>()[std::size_t(i) * 3 + k], row.span<double>()[k]);
  }
  EXPECT_NE(each.remarks().find("has no batching rule: it is a loop over the slices"), std::string::npos)
      << each.remarks();
}
// An index outside reads a harmless place, from which this walk would begin again for ever: a loop that has met an
// error takes no further step.
TEST(Control, ALoopThatHasMetAnErrorEnds) {
  struct Walk {
    Tensor at;
  };
  auto end = jit(
      [](Tensor from, Tensor next) {
        Walk w{from[0]};
        loop(w, [](const Walk &w) { return w.at >= 0; }, [&](Walk &w) { w.at = next[w.at]; });
        return w.at;
      },
      i32({1}), i32({3}));
  auto list = [](std::vector<int> values) { return Tensor::copy(values, {Dim(values.size())}); };
  EXPECT_EQ(end(list({0}), list({1, 2, -1})).item<int>(), -1);
  std::string text = message([&] { end(list({0}), list({1, 7, -1})); });
  EXPECT_NE(text.find("index 7 is outside"), std::string::npos) << text;
}
TEST(Control, VmapErrors) {
  auto sizes = [](Tensor x, Tensor y) { return vmap([](Tensor a, Tensor b) { return a + b; }, x, y); };
  std::string text = message([&] { run(sizes, drawn({2, 3}, 1), drawn({4, 3}, 1)); });
  EXPECT_NE(text.find("vmap: arguments differ in their first axis: 2 and 4"), std::string::npos) << text;
  auto integers = [](Tensor x) {
    Tensor i = cast(x, i32), h = i;
    scan(h, 3, [&](Tensor &h, Tensor) { h += i; });
    return grad(sum(cast(h, f64)), x);
  };
  text = message([&] { run(integers, drawn({2}, 1)); });
  EXPECT_NE(text.find("grad: no path leads from y to"), std::string::npos) << text;
}

// An optimiser over inputs alone, made fresh at every step of an online loop: loops three deep, against the same
// unrolled.
namespace {
template <bool loops> std::pair<Tensor, Tensor> online(const Tensor &w, Tensor xs) {
  auto roll = [&](Tensor a, Tensor target) {
    Tensor h = zeros({4});
    auto step = [&](Tensor &h, Tensor a) { return h = tanh(reshape(matmul(expand(h + a, 0), w), {4})); };
    Tensor all;
    if constexpr (loops) {
      all = scan(h, a, step);
    } else {
      std::vector<Tensor> parts;
      for (int t = 0; t < 3; ++t)
        parts.push_back(step(h, a[t]));
      all = stack(parts);
    }
    return sum(square(all - target)) + 0.01f * sum(square(a));
  };
  auto outer = [&](Tensor &a, Tensor x) {
    struct Inner {
      Tensor a;
      optim::Adam<Tensor> opt;
    } in{a, optim::Adam<Tensor>{a, {.lr = 0.05f}}};
    auto once = [&](Inner &i) { i.opt.update(i.a, grad(roll(i.a, expand(x, 0)), i.a)); };
    if constexpr (loops)
      scan(in, 4, [&](Inner &i, Tensor) { once(i); });
    else
      for (int k = 0; k < 4; ++k)
        once(in);
    a = in.a * 0.9f;
    return roll(in.a, expand(x, 0));
  };
  Tensor a = zeros({3, 4}), losses;
  if constexpr (loops) {
    losses = scan(a, xs, outer);
  } else {
    std::vector<Tensor> parts;
    for (int t = 0; t < 3; ++t)
      parts.push_back(outer(a, xs[t]));
    losses = stack(parts);
  }
  return {a, losses};
}
} // namespace
TEST(Control, OnlineOptimisationIsItsUnrolledSelf) {
  Tensor w = cast(drawn({4, 4}, 1), f32), xs = cast(drawn({3, 4}, 2, 0.5), f32);
  auto [a, losses] = run(online<true>, w, xs);
  auto [b, expected] = run(online<false>, w, xs);
  expectNear(a, b, 2e-4);
  expectNear(losses, expected, 2e-4);
}
