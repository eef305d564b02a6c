// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Errors of rows that are computed together: those that a row would raise alone, and no others. Divisions by a number.
#include "weft/weft.h"
#include <cmath>
#include <gtest/gtest.h>

using namespace weft;

namespace {
Tensor f64s(const std::vector<double> &v) { return Tensor::copy(v, {Dim(int64_t(v.size()))}); }
Tensor f32s(const std::vector<float> &v) { return Tensor::copy(v, {Dim(int64_t(v.size()))}); }
Tensor i32s(const std::vector<int> &v) { return Tensor::copy(v, {Dim(int64_t(v.size()))}); }
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
} // namespace

// A loop that would not end on the numbers of a row that does not take it.
TEST(Mapped, BranchesNotTakenDoNotRunOn) {
  auto collatz = [](Tensor n) {
    struct C {
      Tensor n, steps;
    } c{n, 0};
    loop(
        c, [](const C &c) { return c.n != 1; },
        [](C &c) {
          c.n = cond(c.n % 2 == 0, [&] { return c.n / 2; }, [&] { return 3 * c.n + 1; });
          c.steps += 1;
        });
    return c.steps;
  };
  auto f = [collatz](Tensor n) {
    return vmap([&](Tensor n) { return cond(n > 0, [&] { return collatz(n); }, [&] { return n - 1; }); }, n);
  };
  EXPECT_EQ(ints(run(f, i32s({6, 0, 1, -2, 27}))), (std::vector<int>{8, -1, 0, -3, 111}));
  EXPECT_EQ(ints(run(f, i32s({0, -5}))), (std::vector<int>{-1, -6}));
}

namespace {
/// A vmap of a branch with a check in it, at all levels: what rows that pass get, and the error of one that does not.
template <class F, class... X>
void expectChecked(F f, const std::vector<double> &right, const std::string &error,
                   std::type_identity_t<std::tuple<X...>> good, std::type_identity_t<std::tuple<X...>> bad) {
  for (int optimize : {0, 1, 2, 3}) {
    auto fn = jit(Options{.optimize = optimize}, f);
    EXPECT_EQ(doubles(std::apply([&](const auto &...x) { return fn(x...); }, good)), right) << "--opt=" << optimize;
    std::string text = message([&] { std::apply([&](const auto &...x) { return fn(x...); }, bad); });
    EXPECT_NE(text.find(error), std::string::npos) << text;
  }
}
} // namespace

TEST(Mapped, BranchesNotTakenDoNotRaise) {
  auto pick = [](Tensor i, Tensor x) {
    return vmap([&](Tensor i) { return cond(i < 3, [&] { return x[i]; }, [&] { return x[0] * 0.0f; }); }, i);
  };
  expectChecked<decltype(pick), Tensor, Tensor>(pick, {2, 0}, "index -1 is outside dimension of size 3",
                                                {i32s({1, 9}), f32s({1, 2, 3})}, {i32s({-1, 9}), f32s({1, 2, 3})});
  for (DType type : {i8, i32, i64}) {
    auto divide = [type](Tensor a, Tensor b) {
      Tensor n = cast(a, type), d = cast(b, type);
      return cast(
          vmap([](Tensor n, Tensor d) { return cond(n != 1, [&] { return n / d + n % d; }, [&] { return n; }); }, n, d),
          i32);
    };
    expectChecked<decltype(divide), Tensor, Tensor>(divide, {1, 4, 1}, "integer division by zero",
                                                    {i32s({1, 10, 1}), i32s({0, 3, 0})},
                                                    {i32s({1, 10, 1}), i32s({0, 0, 2})});
  }
  // Arrays in each row: gathers, scatters, labels.
  Tensor at = Tensor::copy(std::vector<int>{2, 0, 7, -1}, {2, 2}),
         wrong = Tensor::copy(std::vector<int>{3, 0, 1, 1}, {2, 2});
  auto gather = [](Tensor at, Tensor x) {
    return vmap(
        [&](Tensor i, Tensor r) {
          return cond(
              r[0] > 0, [&] { return sum(take(x, i) + take_along(r, i, 0)) + sum(scatter_add(r, i, take(x, i), 0)); },
              [&] { return r[1]; });
        },
        at, reshape(concat({x, -x}, 0), {2, 3}));
  };
  expectChecked<decltype(gather), Tensor, Tensor>(gather, {18, -2}, "index 3 is outside", {at, f32s({1, 2, 3})},
                                                  {wrong, f32s({1, 2, 3})});
  auto label = [](Tensor l, Tensor x) {
    Tensor rows = reshape(concat({x, x}, 0), {2, 2});
    Tensor loss = vmap(
        [](Tensor l, Tensor r) {
          return cond(
              l >= 0, [&] { return cross_entropy(reshape(r, {1, 2}), reshape(l, {1}), Reduction::sum); },
              [&] { return sum(r) * 0; });
        },
        l, rows);
    return concat({loss, reshape(grad(sum(loss), rows), {4})}, 0);
  };
  expectChecked<decltype(label), Tensor, Tensor>(label, {0, float(std::log(2.0)), 0, 0, 0.5, -0.5},
                                                 "index 2 is outside dimension of size 2",
                                                 {i32s({-100, 1}), f32s({0, 0})}, {i32s({-100, 2}), f32s({0, 0})});
  // What is the same for all rows is not computed where no row asks for it.
  auto shared = [](Tensor n, Tensor d) {
    return vmap([&](Tensor n) { return cond(n > 0, [&] { return n + 7 / d[0]; }, [&] { return n; }); }, n);
  };
  expectChecked<decltype(shared), Tensor, Tensor>(shared, {0, -1}, "integer division by zero",
                                                  {i32s({0, -1}), i32s({0})}, {i32s({0, 1}), i32s({0})});
}

TEST(Mapped, LoopsThatHaveEndedDoNotRaise) {
  auto walk = [](Tensor at, Tensor next) {
    struct C {
      Tensor at, n;
    } c{at, 0};
    loop(
        c, [](const C &c) { return c.at >= 0; },
        [&](C &c) {
          c.at = next[c.at];
          c.n += 1;
        },
        {.max = 9});
    return c.n;
  };
  auto walks = [walk](Tensor s, Tensor next) { return vmap([&](Tensor at) { return walk(at, next); }, s); };
  expectChecked<decltype(walks), Tensor, Tensor>(walks, {3, 1, 0, 2}, "index 5 is outside",
                                                 {i32s({0, 2, -1, 1}), i32s({1, 2, -1})},
                                                 {i32s({0, 2, 5, 1}), i32s({1, 2, -1})});
  // A vmap in a vmap: lists of their own for each of the outer rows, of which some take no step at all.
  auto nested = [walk](Tensor s, Tensor next) {
    Tensor starts = reshape(concat({s, s - 3, s}, 0), {3, 2}), lists = reshape(next, {3, 3});
    return reshape(vmap(
                       [&](Tensor s, Tensor next) {
                         return cond(
                             next[0] < 3, [&] { return vmap([&](Tensor at) { return walk(at, next); }, s); },
                             [&] { return s; });
                       },
                       starts, lists),
                   {6});
  };
  expectChecked<decltype(nested), Tensor, Tensor>(nested, {3, 1, 0, 0, 0, 2}, "index 3 is outside",
                                                  {i32s({0, 2}), i32s({1, 2, -1, 1, 2, -1, 9, -1, -1})},
                                                  {i32s({0, 2}), i32s({1, 2, -1, 1, 2, -1, 2, -1, 3})});
}

// No number that is dropped is taken for a fault under check_finite.
TEST(Mapped, DroppedRowsAreFinite) {
  Options options{.check_finite = true};
  auto branch = jit(options, [](Tensor x) {
    return vmap([](Tensor x) { return cond(x > 0, [&] { return sum(log(x * ones({3}, f64))); }, [&] { return x; }); },
                x);
  });
  EXPECT_EQ(doubles(branch(f64s({1, 0, -1}))), (std::vector<double>{0, 0, -1}));
  EXPECT_NE(message([&] { branch(f64s({1, std::nan(""), -1})); }), "no error");
}

// A number for a divisor cannot fail; a scan that takes no step raises nothing.
TEST(Mapped, DivisionByANumber) {
  for (int optimize : {0, 1, 2, 3})
    for (DType type : {i8, i32, i64}) {
      auto fn = jit(Options{.optimize = optimize}, [type](Tensor x) {
        Tensor n = cast(x, type), c = n;
        scan(c, 2, [](Tensor &c, Tensor) { c = c / 2 + c % 3; });
        Tensor many = cast(constant({1, -1, 5}), type);
        return std::vector<Tensor>{cast(n % 5, i32),    cast(n / -1, i32),
                                   cast(c, i32),        cast(n / many + n % many, i32),
                                   cast(n[0] / 3, i32), cast(vmap([](Tensor n) { return n % 7; }, n), i32)};
      });
      std::vector<Tensor> r = fn(i32s({7, -8, 100}));
      EXPECT_EQ(ints(r[0]), (std::vector<int>{2, -3, 0}));
      EXPECT_EQ(ints(r[1]), (std::vector<int>{-7, 8, -100}));
      EXPECT_EQ(ints(r[2]), (std::vector<int>{3, -3, 25}));
      EXPECT_EQ(ints(r[3]), (std::vector<int>{7, 8, 20}));
      EXPECT_EQ(ints(r[4]), (std::vector<int>{2}));
      EXPECT_EQ(ints(r[5]), (std::vector<int>{0, -1, 2}));
    }
  struct S {
    Tensor x, n;
  } s{f32s({0}), i32s({0})};
  auto step = jit(
      [](S &s) {
        when(s.n[0] % 5 == 0, s, [](S &s) { s.x += 1; });
        s.n += 1;
      },
      s);
  for (int i = 0; i < 7; ++i)
    step(s);
  EXPECT_EQ(s.x.span<float>()[0], 2);
  Dim T = dim("T", 0, 4);
  auto none = jit(
      [](Tensor x, Tensor d) {
        Tensor c = d;
        scan(c, x, [&](Tensor &c, Tensor x) { c += x + 10 / d; });
        return c;
      },
      i32({T}), i32({}));
  EXPECT_EQ(none(i32s({}), Tensor(0)).item<int>(), 0);
  EXPECT_NE(message([&] { none(i32s({1}), Tensor(0)); }).find("integer division by zero"), std::string::npos);
}
