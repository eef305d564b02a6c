// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Rows that are computed together are what each is alone: branches, loops and rules of a derivative under vmap, scans
// over rows of several lengths. Values and derivatives of first and second order.
#include "weft/weft.h"
#include <cmath>
#include <gtest/gtest.h>

using namespace weft;

namespace {
Tensor f64s(const std::vector<double> &v) { return Tensor::copy(v, {Dim(int64_t(v.size()))}); }
Tensor i32s(const std::vector<int> &v) { return Tensor::copy(v, {Dim(int64_t(v.size()))}); }
Tensor scalar(double v) { return Tensor::copy(std::vector<double>{v}, {}); }
std::vector<double> doubles(const Tensor &x) {
  Tensor wide = cast(x, f64);
  return {wide.span<double>().begin(), wide.span<double>().end()};
}
std::vector<int> ints(const Tensor &x) { return {x.span<int>().begin(), x.span<int>().end()}; }
std::string message(const std::function<void()> &f) {
  try {
    f();
  } catch (const Error &error) {
    return error.what();
  }
  return "no error";
}
/// Equal, or both no number or the same infinity.
void expectSame(double a, double b, const std::string &what) {
  if (std::isnan(b))
    EXPECT_TRUE(std::isnan(a)) << what << " is " << a;
  else if (std::isinf(b))
    EXPECT_EQ(a, b) << what;
  else
    EXPECT_NEAR(a, b, 1e-12 * std::max(1.0, std::abs(b))) << what;
}

/// f of a number, mapped over numbers, against f of each: the value, its derivatives in both modes, and the derivative
/// of each of these.
template <class F> void expectEachAlone(F f, const std::vector<double> &xs, int optimize = 3) {
  Options options{.optimize = optimize};
  auto alone = jit(options, [f](Tensor x) {
    Tensor y = f(x), g = grad(y, x);
    return std::vector<Tensor>{y, g, jvp(y, x, ones({}, f64)), jvp(g, x, ones({}, f64)), grad(g, x)};
  });
  auto outside = jit(options, [f](Tensor x) { // derivatives taken of what vmap made
    Tensor y = vmap(f, x), g = grad(sum(y), x), t = ones(x.shape(), f64);
    return std::vector<Tensor>{y, g, jvp(y, x, t), jvp(g, x, t), grad(sum(g), x)};
  });
  auto inside = jit(options, [f](Tensor x) { // vmap of what took derivatives
    return vmap(
        [f](Tensor x) {
          Tensor y = f(x), g = grad(y, x);
          return std::vector<Tensor>{y, g, jvp(y, x, ones({}, f64)), jvp(g, x, ones({}, f64)), grad(g, x)};
        },
        x);
  });
  std::vector<Tensor> a = outside(f64s(xs)), b = inside(f64s(xs));
  const char *names[] = {"value", "grad", "jvp", "jvp of grad", "grad of grad"};
  for (std::size_t i = 0; i < xs.size(); ++i) {
    std::vector<Tensor> each = alone(scalar(xs[i]));
    for (std::size_t k = 0; k < each.size(); ++k) {
      std::string what = std::string(names[k]) + " at " + std::to_string(xs[i]);
      expectSame(a[k].span<double>()[i], each[k].item<double>(), what);
      expectSame(b[k].span<double>()[i], each[k].item<double>(), what + ", vmap outside");
    }
  }
}

struct Steps {
  Tensor x, n;
};
} // namespace

// A side that a row does not take is singular there: in value, in its derivative, or in the derivative's derivative.
TEST(Mapped, BranchesNotTakenAreSingular) {
  for (int optimize : {0, 3}) {
    expectEachAlone([](Tensor x) { return cond(x > 0, [&] { return sqrt(x); }, [&] { return x * 3.0; }); }, {4, 0, -1},
                    optimize);
    expectEachAlone([](Tensor x) { return cond(x > 1, [&] { return log(x - 1); }, [&] { return x * x; }); },
                    {1, 3, 0.5}, optimize);
  }
  // Overflow, not a pole; no row takes the first side; every row does.
  auto softplus = [](Tensor x) { return cond(x > 20, [&] { return x; }, [&] { return log(1 + exp(x)); }); };
  expectEachAlone(softplus, {1000, 2, -5});
  expectEachAlone(softplus, {1000, 2000});
  expectEachAlone(softplus, {-1, 0});
  expectEachAlone([](Tensor x) { return cond(x != 0, [&] { return sin(x) / x; }, [&] { return 1 + 0 * x; }); },
                  {0, 0.5, -3});
  // A branch in a branch, a scan in a branch, a branch in a scan.
  expectEachAlone(
      [](Tensor x) {
        return cond(
            x > 0, [&] { return cond(x > 1, [&] { return log(x - 1) * x; }, [&] { return rsqrt(x); }); },
            [&] { return x * x; });
      },
      {0, 1, 2, -4, 0.25});
  expectEachAlone(
      [](Tensor x) {
        return cond(
            x > 0,
            [&] {
              Tensor c = x;
              scan(c, 3, [&](Tensor &c, Tensor) { c = sqrt(c) / x; });
              return c;
            },
            [&] { return -x; });
      },
      {0, 2, -1});
  expectEachAlone(
      [](Tensor x) {
        Tensor c = x;
        scan(c, 3, [&](Tensor &c, Tensor t) {
          c = cond(
              t < 1, [&] { return c * x; }, [&] { return cond(c > 0, [&] { return sqrt(c); }, [&] { return c; }); });
        });
        return c;
      },
      {0, 2, -1});
  expectEachAlone(
      [](Tensor x) {
        Steps s{x, x};
        when(x > 0, s, [](Steps &s) { s.x = pow(s.x, 0.5) + log(s.n); });
        return s.x + s.n;
      },
      {0, 2, -1});
}

// Vectors, a shared value with an infinite partial, and values of the branch that are the same for all rows.
TEST(Mapped, SharedValuesGetNothingFromRowsThatDoNotCount) {
  auto f = [](Tensor x, Tensor w) {
    return vmap(
        [&](Tensor r) {
          return cond(
              sum(r) > 0, [&] { return sum(softmax(log(r) * w, 0) * r) + sum(sqrt(w)); }, [&] { return sum(r * w); });
        },
        x);
  };
  auto fn = jit([f](Tensor x, Tensor w) {
    Tensor y = sum(f(x, w));
    return std::tuple(y, grad(y, x), grad(y, w));
  });
  Tensor x = Tensor::copy(std::vector<double>{1, 2, 3, 0, 0, 0, -1, -2, 0}, {3, 3}), w = f64s({1, 0.5, 2});
  auto [y, gx, gw] = fn(x, w);
  auto one = jit([f](Tensor x, Tensor w) {
    Tensor y = sum(f(x, w));
    return std::tuple(grad(y, x), grad(y, w));
  });
  std::vector<double> sum(3);
  for (std::size_t row = 0; row < 3; ++row) {
    std::vector<double> values(x.span<double>().begin() + row * 3, x.span<double>().begin() + row * 3 + 3);
    auto [ax, aw] = one(Tensor::copy(values, {1, 3}), w);
    for (std::size_t i = 0; i < 3; ++i) {
      expectSame(gx.span<double>()[row * 3 + i], ax.span<double>()[i], "by x");
      sum[i] += aw.span<double>()[i];
    }
  }
  for (std::size_t i = 0; i < 3; ++i)
    expectSame(gw.span<double>()[i], sum[i], "by w");
  // Nobody takes the side in which sqrt(w) has no derivative.
  auto [y0, gx0, gw0] = fn(Tensor::copy(std::vector<double>{-1, 0, 0}, {1, 3}), f64s({0, 0, 0}));
  EXPECT_EQ(doubles(gw0), (std::vector<double>{-1, 0, 0}));
  EXPECT_EQ(doubles(gx0), (std::vector<double>{0, 0, 0}));
}

// A loop that has ended for a row stands where one more step is singular.
TEST(Mapped, LoopsThatHaveEnded) {
  auto roots = [](Tensor x) {
    Steps s{x, 0};
    loop(
        s, [](const Steps &s) { return s.x > 1.0; },
        [](Steps &s) {
          s.x = sqrt(s.x - 1.0);
          s.n += 1;
        },
        {.max = 6});
    return s.x;
  };
  for (int optimize : {0, 3})
    expectEachAlone(roots, {2, 1, 5, 30, 0.5}, optimize);
  expectEachAlone([&](Tensor x) { return cond(x > 0, [&] { return roots(x) / x; }, [&] { return x; }); },
                  {0, 2, -1, 17});
  auto quotient = [](Tensor x) {
    Tensor y = x;
    loop(
        y, [&](const Tensor &y) { return abs(y * y - x) > 1e-9; }, [&](Tensor &y) { y = 0.5 * (y + x / y); },
        {.max = 40});
    return y;
  };
  expectEachAlone(quotient, {0, 1, 2, 50});
  // Without .max: forward mode.
  auto fn = jit([](Tensor x) {
    Tensor y = vmap(
        [](Tensor x) {
          Tensor c = x;
          loop(c, [](const Tensor &c) { return c > 1.0; }, [](Tensor &c) { c = log(c - 1.0); });
          return c;
        },
        x);
    return std::tuple(y, jvp(y, x, ones(x.shape(), f64)));
  });
  auto [y, t] = fn(f64s({2, 1, std::exp(2.0) + 1, 0}));
  EXPECT_NEAR(y.span<double>()[2], 0, 1e-15);
  EXPECT_NEAR(t.span<double>()[0], 1, 1e-15);
  EXPECT_EQ(t.span<double>()[1], 1);
  EXPECT_NEAR(t.span<double>()[2], std::exp(-2.0), 1e-15);
  EXPECT_EQ(t.span<double>()[3], 1);
}

// The step of a scan past the length of a row: of numbers, of indices, of labels; in a vmap; where no row is left.
TEST(Mapped, StepsPastLengths) {
  auto logs = [](Tensor x, Tensor len) {
    Tensor c = zeros({2}, f64);
    Tensor ys = scan(c, x, [](Tensor &c, Tensor t) { return c += log(t); }, {.axis = 1, .lengths = len});
    Tensor y = sum(c) + sum(ys), g = grad(y, x);
    return std::tuple(y, g, jvp(y, x, ones(x.shape(), f64)), grad(sum(g), x));
  };
  for (int optimize : {0, 3}) {
    auto fn = jit(Options{.optimize = optimize}, logs);
    for (auto [first, second] : {std::pair(3, 0), {3, 1}, {2, 1}, {0, 0}}) {
      std::vector<double> x{1, 2, 4, 8, 0, -1};
      auto [y, g, t, h] = fn(Tensor::copy(x, {2, 3}), i32s({first, second}));
      double value = 0, slope = 0;
      for (int row : {0, 1})
        for (int i = 0; i < 3; ++i) {
          int length = row ? second : first;
          double v = x[std::size_t(3 * row + i)], weight = i < length ? 1 + length - i : 0;
          value += weight ? weight * std::log(v) : 0;
          slope += weight ? weight / v : 0;
          expectSame(g.span<double>()[std::size_t(3 * row + i)], weight ? weight / v : 0, "gradient");
          expectSame(h.span<double>()[std::size_t(3 * row + i)], weight ? -weight / (v * v) : 0, "second derivative");
        }
      expectSame(y.item<double>(), value, "value");
      expectSame(t.item<double>(), slope, "forward");
    }
  }
  // Padding that is no index and no label; a step counter and a key-like carry go on as they do without lengths.
  struct Carry {
    Tensor h, steps;
  };
  auto tokens = [](Tensor table, Tensor ids, Tensor len) {
    Carry c{zeros({3, 2}, f64), 0};
    Tensor losses = scan(c, ids,
                         [&](Carry &c, Tensor id) {
                           c.h = tanh(c.h + take(table, id, 0));
                           c.steps += 1;
                           return cross_entropy(c.h, id, Reduction::none);
                         },
                         {.axis = 1, .lengths = len});
    Tensor loss = sum(losses) + sum(c.h);
    return std::tuple(loss, grad(loss, table), c.steps);
  };
  auto fn = jit(tokens);
  Tensor table = Tensor::copy(std::vector<double>{0.5, -1, 0.25, 2}, {2, 2});
  auto [loss, g, steps] =
      fn(table, Tensor::copy(std::vector<int>{0, 1, 1, -1, 0, 9, -1, -1, -1}, {3, 3}), i32s({3, 0, 0}));
  auto [loss2, g2, steps2] =
      fn(table, Tensor::copy(std::vector<int>{0, 1, 1, 1, 0, 1, 0, 0, 0}, {3, 3}), i32s({3, 0, 0}));
  EXPECT_EQ(steps.item<int>(), 3);
  EXPECT_EQ(loss.item<double>(), loss2.item<double>());
  EXPECT_EQ(doubles(g), doubles(g2));
  EXPECT_TRUE(std::isfinite(loss.item<double>()));
  std::string text =
      message([&] { fn(table, Tensor::copy(std::vector<int>{0, 1, 7, 1, 0, 1, 0, 0, 0}, {3, 3}), i32s({3, 0, 0})); });
  EXPECT_NE(text.find("index 7 is outside dimension of size 2"), std::string::npos) << text;
  // Under vmap, with lengths of its own for each.
  auto each = jit([logs](Tensor x, Tensor len) {
    return vmap([&](Tensor x, Tensor len) { return std::get<1>(logs(x, len)); }, x, len);
  });
  Tensor gs = each(Tensor::copy(std::vector<double>{1, 2, 0, 4, 0, 0, 0, 0, 0, 2, 5, 10}, {2, 2, 3}),
                   Tensor::copy(std::vector<int>{2, 1, 0, 3}, {2, 2}));
  const double right[] = {3, 1, 0, 0.5, 0, 0, 0, 0, 0, 2, 0.6, 0.2};
  for (std::size_t i = 0; i < 12; ++i)
    expectSame(gs.span<double>()[i], right[i], "element " + std::to_string(i));
}

// A body that sums over its rows keeps the numbers that it always had.
TEST(Mapped, LengthsAndBodiesThatMixRows) {
  struct Carry {
    Tensor h, total;
  };
  auto f = [](Tensor x, Tensor len) {
    Carry c{zeros({2}, f64), zeros({}, f64)};
    scan(c, x,
         [](Carry &c, Tensor t) {
           c.total += sum(exp(t));
           c.h += exp(t);
         },
         {.axis = 1, .lengths = len});
    return concat({c.h, expand(c.total, 0)}, 0);
  };
  Tensor x = Tensor::copy(std::vector<double>{1, 2, 0, 0}, {2, 2});
  std::vector<double> y = doubles(run(f, x, i32s({2, 0})));
  EXPECT_NEAR(y[0], std::exp(1) + std::exp(2), 1e-14);
  EXPECT_EQ(y[1], 0);
  EXPECT_NEAR(y[2], std::exp(1) + std::exp(2) + 2, 1e-14) << "the sum is one of all rows, those past their length too";
  // A mean over rows that every row reads: computed of all rows, as it stands.
  auto g = [](Tensor x, Tensor len) {
    Tensor c = zeros({2}, f64);
    scan(c, x, [](Tensor &c, Tensor t) { c += exp(t - mean(t)); }, {.axis = 1, .lengths = len});
    return c;
  };
  y = doubles(run(g, x, i32s({2, 0})));
  EXPECT_NEAR(y[0], std::exp(0.5) + std::exp(1), 1e-14);
  EXPECT_EQ(y[1], 0);
}

namespace {
Tensor sevenfold(Tensor x) {
  return custom_vjp([](Tensor x) { return x * x; }, [](Tensor x, Tensor dy) { return dy * 7.0 * x; }, x);
}
} // namespace

// The rule of a function holds wherever its derivative is taken, and a mode without a rule is the same error.
TEST(Mapped, CustomRules) {
  for (int optimize : {0, 3}) {
    auto fn = jit(Options{.optimize = optimize}, [](Tensor x) {
      auto inScan = [](Tensor x) {
        Tensor c = x;
        scan(c, 2, [](Tensor &c, Tensor) { c = sevenfold(c); });
        return c;
      };
      auto inLoop = [](Tensor x) {
        Tensor c = x;
        loop(c, [](const Tensor &c) { return c < 10.0; }, [](Tensor &c) { c = sevenfold(c); }, {.max = 4});
        return c;
      };
      auto inCond = [](Tensor x) { return cond(x > 1, [&] { return sevenfold(x); }, [&] { return x; }); };
      auto inCheckpoint = [](Tensor x) { return checkpoint([&] { return sevenfold(sin(x)); }); };
      auto inVmap = [](Tensor x) { return sum(vmap([](Tensor x) { return sevenfold(x); }, stack({x, 2.0 * x}))); };
      std::vector<Tensor> gs;
      auto both = [&](auto f) {
        gs.push_back(grad(sum(vmap(f, x)), x));
        gs.push_back(vmap([f](Tensor x) { return grad(f(x), x); }, x));
      };
      both(sevenfold);
      both(inScan);
      both(inLoop);
      both(inCond);
      both(inCheckpoint);
      both(inVmap);
      gs.push_back(grad(sum(vmap([](Tensor x) { return grad(sevenfold(x), x) * x; }, x)), x)); // (7 x x)'
      return gs;
    });
    std::vector<double> x{1.5, 2, 0.5};
    std::vector<Tensor> gs = fn(f64s(x));
    auto expect = [&](std::size_t at, auto right) {
      for (std::size_t i = 0; i < 3; ++i)
        expectSame(gs[at].span<double>()[i], right(x[i]), "of " + std::to_string(at));
    };
    for (std::size_t side : {0, 1}) {
      expect(0 + side, [](double x) { return 7 * x; });
      expect(2 + side, [](double x) { return 49 * x * x * x; });
      expect(4 + side, [](double x) {
        double y = x, g = 1;
        for (int i = 0; i < 4 && y < 10; ++i)
          g *= 7 * y, y *= y;
        return g;
      });
      expect(6 + side, [](double x) { return x > 1 ? 7 * x : 1; });
      expect(8 + side, [](double x) { return 7 * std::sin(x) * std::cos(x); });
      expect(10 + side, [](double x) { return 7 * x + 2 * 7 * 2 * x; });
    }
    expect(12, [](double x) { return 14 * x; });
  }
  // Several inputs and results: mapped, the same for all rows, integers, and what the rule reads from outside.
  auto fn = jit([](Tensor x, Tensor w, Tensor n, Tensor s) {
    Tensor y = vmap(
        [&](Tensor x, Tensor n) {
          struct Both {
            Tensor a, b;
          };
          auto [a, b] = custom_vjp(
              [](Tensor x, Tensor w, Tensor n) { return Both{x * w, cast(n, f64) * w}; },
              [&](Tensor x, Tensor, Tensor n, Both d) { return std::tuple(d.a * s, d.b * x + cast(n, f64) * d.a); }, x,
              w, n);
          return a + 2.0 * b;
        },
        x, n);
    return std::tuple(grad(sum(y), x), grad(sum(y), w));
  });
  auto [gx, gw] = fn(f64s({1, 2, 3}), scalar(5), i32s({1, 10, 100}), scalar(0.5));
  EXPECT_EQ(doubles(gx), (std::vector<double>{0.5, 0.5, 0.5}));
  EXPECT_EQ(gw.item<double>(), 2 * (1 + 2 + 3) + 111);
  // A rule that gives something for a cotangent of 0, too: of rows that take the branch.
  auto counted = jit([](Tensor x, Tensor w) {
    Tensor y = vmap(
        [&](Tensor x) {
          auto once = [&] {
            return custom_vjp([](Tensor x, Tensor w) { return x * w; },
                              [](Tensor, Tensor, Tensor dy) { return std::tuple(dy, ones({}, f64)); }, x, w);
          };
          return cond(x > 0, [&] { return cond(x > 1, once, [&] { return x; }); }, [&] { return x; });
        },
        x);
    return grad(sum(y), w);
  });
  EXPECT_EQ(counted(f64s({1.5, -1, 2, 0.5, -3}), scalar(5)).item<double>(), 2);
  auto forward = [](Tensor x) { return jvp(vmap([](Tensor x) { return sevenfold(x); }, x), x, ones(x.shape(), f64)); };
  std::string text = message([&] { run(forward, f64s({1, 2})); });
  EXPECT_NE(text.find("custom_vjp cannot be differentiated forwards"), std::string::npos) << text;
  auto captured = [](Tensor x) {
    return grad(sum(vmap(
                    [&](Tensor e) {
                      return custom_vjp([&](Tensor y) { return y * e; }, [](Tensor, Tensor dy) { return dy; }, e + 1.0);
                    },
                    x)),
                x);
  };
  text = message([&] { run(captured, f64s({1, 2})); });
  EXPECT_NE(text.find("custom_vjp: a value from outside is used here and differentiated, but is no argument"),
            std::string::npos)
      << text;
}

// Maps in maps over loops of which one map has the test and both the body; loops in loops; a counted loop in a branch.
TEST(Mapped, Nested) {
  auto f = [](Tensor a, Tensor b) {
    return vmap(
        [&](Tensor a) {
          return vmap(
              [&](Tensor b) {
                Steps c{b, 0};
                loop(
                    c, [&](const Steps &c) { return c.n < a; },
                    [&](Steps &c) {
                      c.x = c.x * 2.0 + cast(a, f64);
                      c.n += 1;
                    },
                    {.max = 9});
                return c.x;
              },
              b);
        },
        a);
  };
  Tensor a = i32s({0, 1, 3}), b = f64s({0, 1, 2, 3, 4});
  EXPECT_EQ(doubles(run(f, a, b)), (std::vector<double>{0, 1, 2, 3, 4, 1, 3, 5, 7, 9, 21, 29, 37, 45, 53}));
  EXPECT_EQ(doubles(run([f](Tensor a, Tensor b) { return grad(sum(f(a, b)), b); }, a, b)),
            (std::vector<double>{11, 11, 11, 11, 11}));
  auto sums = [](Tensor a, Tensor b) {
    return vmap(
        [](Tensor a, Tensor b) {
          struct C {
            Tensor v, i, j;
          } c{0, 0, 0};
          loop(
              c, [&](const C &c) { return c.i < a; },
              [&](C &c) {
                c.j = 0 * c.i;
                loop(
                    c, [&](const C &c) { return c.j < b; },
                    [&](C &c) {
                      c.v += c.i + c.j;
                      c.j += 1;
                    });
                c.i += 1;
              });
          return c.v;
        },
        a, b);
  };
  EXPECT_EQ(ints(run(sums, i32s({1, 2, 3, 4, 5, 0}), i32s({1, 2, 3, 4, 0, 5}))),
            (std::vector<int>{0, 4, 18, 48, 0, 0}));
  auto power = [](Tensor w, Tensor x, Tensor flag) {
    Tensor y = vmap(
        [&](Tensor x, Tensor flag) {
          return cond(
              flag < 2,
              [&] {
                Tensor h = x;
                scan(h, 3, [&](Tensor &h, Tensor) { h = matmul(h, w); });
                return h;
              },
              [&] { return zeros({1, 2}, f64); });
        },
        x, flag);
    return std::pair(y, grad(sum(y), w));
  };
  auto [y, g] = run(power, Tensor::copy(std::vector<double>{1, 1, 0, 1}, {2, 2}),
                    Tensor::copy(std::vector<double>{1, 2, 3, 4, 5, 6}, {3, 1, 2}), i32s({0, 1, 2}));
  EXPECT_EQ(doubles(y), (std::vector<double>{1, 5, 3, 13, 0, 0}));
  // d of the sum of x w w w: w' = e gives x (e w w + w e w + w w e) summed, for x = (1, 2) + (3, 4).
  EXPECT_EQ(doubles(g), (std::vector<double>{24, 12, 52, 30}));
}

// A function with a rule in a scan over rows, with a factor that is the same for all; a scan of gradients of a map.
TEST(Mapped, CustomRulesInScans) {
  auto product = [](Tensor x, Tensor c) {
    return custom_vjp([](Tensor x, Tensor c) { return x * c; },
                      [](Tensor x, Tensor c, Tensor dy) { return std::tuple(dy * c, sum(x * dy)); }, x, c);
  };
  auto f = [product](Tensor x, Tensor c) {
    Tensor y = sum(vmap(
        [&](Tensor x) {
          Tensor y = x;
          scan(y, 3, [&](Tensor &y, Tensor) { y = product(y, c); });
          return y;
        },
        x));
    return std::pair(grad(y, x), grad(y, c));
  };
  auto [gx, gc] = run(f, Tensor::copy(std::vector<double>{1, 2, 3, 4, 5, 6}, {3, 2}), scalar(2));
  EXPECT_EQ(doubles(gx), std::vector<double>(6, 8));
  EXPECT_EQ(gc.item<double>(), 252);
  auto sums = [](Tensor x) {
    auto five = [](Tensor x) {
      return custom_vjp([](Tensor x) { return sum(x); },
                        [](Tensor x, Tensor dy) { return dy * 5.0 * ones(x.shape(), f64); }, x);
    };
    Tensor c = x;
    return scan(c, 2, [&](Tensor &c, Tensor) { return grad(sum(vmap(five, c)), c); });
  };
  EXPECT_EQ(doubles(run(sums, Tensor::copy(std::vector<double>{1, 2, 3, 4}, {2, 2}))), std::vector<double>(8, 5));
  // Arguments that are the same for all rows, and a function that reads the row.
  auto reads = [](Tensor x) {
    Tensor y = constant({2.0});
    return vmap(
        [&](Tensor x) {
          return custom_vjp([&](Tensor y) { return cast(x, f64) + y[0]; },
                            [](Tensor, Tensor dy) { return reshape(dy, {1}); }, cast(y, f64));
        },
        x);
  };
  EXPECT_EQ(doubles(run(reads, i32s({1, 5}))), (std::vector<double>{3, 7}));
}
