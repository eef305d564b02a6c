// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// x(i, all, range(1, 4)): every kind of index, read and assigned, beside loops over numbers.
#include "Messages.h"
#include "Models.h"
#include <gtest/gtest.h>
#include <numeric>

using namespace weft;

static Tensor counted(std::initializer_list<Dim> shape) {
  std::int64_t count = 1;
  for (const Dim &d : shape)
    count *= d.value();
  std::vector<float> values(static_cast<std::size_t>(count));
  std::iota(values.begin(), values.end(), 0.f);
  return Tensor::copy(values, shape);
}
static std::vector<float> valuesOf(const Tensor &x) {
  auto s = x.span<float>();
  return {s.begin(), s.end()};
}
using Values = std::vector<float>;

TEST(Index, Reads) {
  const Tensor x = counted({3, 4});
  EXPECT_EQ(valuesOf(x(1)), (Values{4, 5, 6, 7}));
  EXPECT_EQ(valuesOf(x(all, 0)), (Values{0, 4, 8}));
  EXPECT_EQ(valuesOf(x(last, last)), (Values{11}));
  EXPECT_EQ(x(last, last).rank(), 0);
  EXPECT_EQ(valuesOf(x(range(1, 3), range(1, 4, 2))), (Values{5, 7, 9, 11}));
  EXPECT_EQ(valuesOf(x(from(-2), 0)), (Values{4, 8}));
  EXPECT_EQ(valuesOf(x(range(2), range(1, -1))), (Values{1, 2, 5, 6}));
  EXPECT_EQ(x(newaxis, all, newaxis, 2).str(), "f32 [1, 3, 1]");
  EXPECT_EQ(x(ellipsis, 1).str(), "f32 [3]");
  EXPECT_EQ(counted({2, 3, 4, 5})(1, ellipsis, range(1, 3)).str(), "f32 [3, 4, 2]");
  EXPECT_EQ(valuesOf(x(Tensor(2), 1)), (Values{9}));
  EXPECT_EQ(valuesOf(x(all, Tensor::copy({3, 0, 3}, {3}))), (Values{3, 0, 3, 7, 4, 7, 11, 8, 11}));
  EXPECT_EQ(x(Tensor::copy({0, 1, 2, 2}, {2, 2})).str(), "f32 [2, 2, 4]");
  EXPECT_EQ(valuesOf(x(0, Tensor::copy({std::int64_t(2)}, {1}))), (Values{2}));
  EXPECT_EQ(valuesOf(x(0, cast(Tensor::copy({1}, {1}), i8))), (Values{1}));
}

TEST(Index, BoundedDimensions) {
  Dim B = dim("B", 2, 8);
  auto f = jit([](Tensor x) { return x(from(1), last); }, f32({B, 4}));
  EXPECT_EQ(valuesOf(f(counted({3, 4}))), (Values{7, 11}));
  auto g = jit(
      [](Tensor x, Tensor v) {
        x(last) = v;
        x(all, 0) = -1;
        return x;
      },
      f32({B, 2}), f32({2}));
  EXPECT_EQ(valuesOf(g(counted({3, 2}), Tensor::copy({8.f, 9.f}, {2}))), (Values{-1, 1, -1, 3, -1, 9}));
}

TEST(Index, Assigns) {
  Tensor x = counted({3, 4}), before = x;
  x(1) = 0;
  EXPECT_EQ(valuesOf(x), (Values{0, 1, 2, 3, 0, 0, 0, 0, 8, 9, 10, 11}));
  x(all, range(1, 3)) = Tensor::copy({-1.f, -2.f}, {2});
  EXPECT_EQ(valuesOf(x), (Values{0, -1, -2, 3, 0, -1, -2, 0, 8, -1, -2, 11}));
  x(range(0, 3, 2), range(1, 4, 2)) = Tensor::copy({20.f, 21.f, 22.f, 23.f}, {2, 2});
  EXPECT_EQ(valuesOf(x), (Values{0, 20, -2, 21, 0, -1, -2, 0, 8, 22, -2, 23}));
  x(last, last) += 1;
  x(0) *= x(0);
  EXPECT_EQ(valuesOf(x), (Values{0, 400, 4, 441, 0, -1, -2, 0, 8, 22, -2, 24}));
  x(Tensor(1), all) = 5;
  EXPECT_EQ(valuesOf(x(1)), (Values{5, 5, 5, 5}));
  x(all) = 7;
  EXPECT_EQ(valuesOf(x(2)), (Values{7, 7, 7, 7}));
  x(all, 0) = x(all, 1) + 1;
  EXPECT_EQ(valuesOf(x(all, 0)), (Values{8, 8, 8}));
  EXPECT_EQ(valuesOf(before(1)), (Values{4, 5, 6, 7})); // another tensor keeps its values
  auto row = x(0);
  row = row * 2; // a variable of its own
  EXPECT_EQ(valuesOf(x(0)), (Values{8, 7, 7, 7}));
  x(range(1, 1)) = 3; // nothing
  EXPECT_EQ(valuesOf(x(1)), (Values{8, 7, 7, 7}));
  Tensor z = Tensor::copy({1.f, 2.f}, {2});
  z(0) = -0.f;
  EXPECT_TRUE(std::signbit(z.span<float>()[0]));
  z(1) = NAN;
  EXPECT_EQ(z.span<float>()[0], 0);
}

TEST(Index, RowsOfWhichTheLastWins) {
  Tensor x = zeros({4, 2});
  x(Tensor::copy({2, 0, 2}, {3})) = Tensor::copy({1.f, 2.f, 3.f, 4.f, 5.f, 6.f}, {3, 2});
  EXPECT_EQ(valuesOf(x), (Values{3, 4, 0, 0, 5, 6, 0, 0}));
  x(all, Tensor::copy({1}, {1})) = NAN;
  EXPECT_EQ(x.span<float>()[0], 3);
  EXPECT_TRUE(std::isnan(x.span<float>()[1]));
  x(all, Tensor::copy({1, 1}, {2})) = 9;
  EXPECT_EQ(valuesOf(x), (Values{3, 9, 0, 9, 5, 9, 0, 9}));
  EXPECT_MESSAGE("update: index 4 is outside", x(Tensor::copy({4}, {1})) = 1; x.span<float>());
}

TEST(Index, Gradients) {
  Tensor x = counted({3, 4}), v = Tensor::copy({2.f, 3.f, 4.f}, {3});
  Tensor y = x;
  y(all, 1) = v;
  Tensor loss = sum(y * y);
  Tensor gx = grad(loss, x), gv = grad(loss, v);
  EXPECT_EQ(valuesOf(gx), (Values{0, 0, 4, 6, 8, 0, 12, 14, 16, 0, 20, 22}));
  EXPECT_EQ(valuesOf(gv), (Values{4, 6, 8}));
  Tensor w = zeros({2}), u = Tensor::copy({1.f, 2.f, 3.f}, {3});
  Tensor z = w;
  z(Tensor::copy({0, 0, 1}, {3})) = u;
  EXPECT_EQ(valuesOf(grad(sum(z * z), u)), (Values{0, 4, 6}));
  // Under vmap, and in a loop with a position.
  Tensor rows = vmap(
      [](Tensor r) {
        r(last) = sum(r);
        return r;
      },
      counted({2, 3}));
  EXPECT_EQ(valuesOf(rows), (Values{0, 1, 3, 3, 4, 12}));
  Tensor filled = zeros({4});
  scan(filled, 4, [](Tensor &c, Tensor t) { c(t) = cast(t * 10, f32); });
  EXPECT_EQ(valuesOf(filled), (Values{0, 10, 20, 30}));
}

TEST(Index, OtherTypes) {
  Tensor x = Tensor::copy({1, 2, 3}, {3});
  x(1) = 7;
  EXPECT_EQ(x.span<int>()[1], 7);
  Tensor m = Tensor::copy({true, false}, {2});
  m(0) = false;
  EXPECT_FALSE(m.span<bool>()[0]);
  Tensor h = cast(counted({3}), f16);
  h(range(0, 2)) = 9;
  EXPECT_EQ(valuesOf(cast(h, f32)), (Values{9, 9, 2}));
  Tensor d = Tensor::copy({1.0, 2.0}, {2});
  d(0) = 0.1;
  EXPECT_EQ(d.span<double>()[0], 0.1);
}

TEST(Index, Errors) {
  Tensor x = counted({3, 4});
  EXPECT_MESSAGE("3 is outside of 3 (axis 0 of f32 [3, 4])", x(3));
  EXPECT_MESSAGE("3 indices for the 2 axes", x(0, 0, 0));
  EXPECT_MESSAGE("expected 0 <= start <= limit <= size", x(range(1, 9)));
  EXPECT_MESSAGE("stands for all axes that are left", x(ellipsis, ellipsis));
  EXPECT_MESSAGE("a shape cannot depend on data", x(x > 3));
  EXPECT_MESSAGE("expected integers", x(x));
  EXPECT_MESSAGE("the part has shape [4], and f32 [3] does not broadcast to it", x(0) = zeros({3}));
  EXPECT_MESSAGE("write cast(v, f32)", x(0) = zeros({4}, f64));
  EXPECT_MESSAGE("a new axis cannot be assigned to", x(newaxis, 0) = 1);
  EXPECT_MESSAGE("flip(x, axis) turns round", x(range(0, 2, -1)));
  EXPECT_MESSAGE("one index tensor with axes at a time", x(iota(2), iota(2)));
  EXPECT_MESSAGE("take", x(Tensor(3), 0) = 1; x.span<float>());
  EXPECT_EQ(valuesOf(counted({3, 4})(0)), (Values{0, 1, 2, 3}));
}

TEST(Index, Arrangements) {
  Tensor x = counted({2, 3});
  auto parts = split(x, {Dim(1), Dim(2)}, 1);
  EXPECT_EQ(valuesOf(parts[1]), (Values{1, 2, 4, 5}));
  EXPECT_EQ(split(x, 2).size(), 2u);
  EXPECT_MESSAGE("does not divide into 2 equal parts", split(x, 2, 1));
  EXPECT_MESSAGE("do not add up", split(x, {Dim(1), Dim(1)}, 1));
  EXPECT_EQ(valuesOf(unbind(x, 1)[2]), (Values{2, 5}));
  EXPECT_EQ(valuesOf(roll(x, 1, 1)), (Values{2, 0, 1, 5, 3, 4}));
  EXPECT_EQ(valuesOf(roll(x, -4, 1)), (Values{1, 2, 0, 4, 5, 3}));
  EXPECT_EQ(flatten(counted({2, 3, 4}), 1).str(), "f32 [2, 12]");
  EXPECT_EQ(flatten(counted({2, 3, 4}), 0, 1).str(), "f32 [6, 4]");
  EXPECT_EQ(valuesOf(repeat(x, 2, 1)), (Values{0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5}));
  EXPECT_EQ(valuesOf(tile(counted({2}), {2, 2})), (Values{0, 1, 0, 1, 0, 1, 0, 1}));
  EXPECT_EQ(valuesOf(tile(x, {2})), (Values{0, 1, 2, 0, 1, 2, 3, 4, 5, 3, 4, 5}));
  auto grid = meshgrid({counted({2}), counted({3})});
  EXPECT_EQ(valuesOf(grid[0]), (Values{0, 0, 0, 1, 1, 1}));
  EXPECT_EQ(valuesOf(grid[1]), (Values{0, 1, 2, 0, 1, 2}));
  EXPECT_EQ(valuesOf(tril(x)), (Values{0, 0, 0, 3, 4, 0}));
  EXPECT_EQ(valuesOf(triu(x, 1)), (Values{0, 1, 2, 0, 0, 5}));
  EXPECT_EQ(valuesOf(where(x > 2, x, 0)), (Values{0, 0, 0, 3, 4, 5}));
  EXPECT_EQ(valuesOf(einsum("ij->j", x)), (Values{3, 5, 7}));
}
