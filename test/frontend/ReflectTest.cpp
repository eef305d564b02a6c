// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Trees: paths found by reflection, roles, containers, initial values, functions of trees.
#include "Models.h"
#include <cmath>
#include <gtest/gtest.h>
#include <set>

using namespace weft;

namespace {
struct Inner {
  Tensor alpha, beta;
};
struct All {
  int count = 3;
  std::vector<Inner> blocks{2};
  std::array<Tensor, 2> pair{};
  std::tuple<Tensor, Inner> both;
  std::pair<Tensor, int> first;
  std::optional<Tensor> none, some = Tensor();
  std::variant<int, Inner> either = Inner{};
  std::map<std::string, Tensor> named{{"x", {}}, {"y", {}}};
  Key key{};
  Buffer steps{i32({})};
};
class Hidden {
public:
  void fields(auto &&leaf) { leaf("w", w_), leaf("scale", scale_); }

private:
  Param w_{{2}};
  float scale_ = 1;
};
struct Wide {
  Tensor a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, b0, b1, b2, b3, b4, b5, b6, b7, b8, b9, c0, c1, c2, c3, c4, c5, c6, c7,
      c8, c9, d0, d1, d2, d3, d4, d5, d6, d7, d8, d9, e0, e1, e2, e3, e4, e5, e6, e7, e8, e9, f0, f1, f2, f3, f4, f5,
      f6, f7, f8, f9, g0, g1, g2, g3;
};
std::vector<std::string> paths(const detail::Walk &w) {
  std::vector<std::string> list;
  for (auto &leaf : w.leaves)
    list.push_back(leaf.path);
  return list;
}
using Paths = std::vector<std::string>;
} // namespace

TEST(Reflect, PathsOfEveryKindOfField) {
  All all;
  EXPECT_EQ(paths(detail::describe(all)),
            (Paths{"blocks.0.alpha", "blocks.0.beta", "blocks.1.alpha", "blocks.1.beta", "pair.0", "pair.1", "both.0",
                   "both.1.alpha", "both.1.beta", "first.0", "some", "either.alpha", "either.beta", "named.x",
                   "named.y", "key", "steps"}));
  struct Local {
    Tensor first;
    Hidden second;
  };
  EXPECT_EQ(paths(detail::describe(Local{})), (Paths{"first", "second.w"}));
  auto wide = paths(detail::describe(Wide{}));
  ASSERT_EQ(wide.size(), 64u);
  EXPECT_EQ(wide[0], "a0");
  EXPECT_EQ(wide[63], "g3");
  EXPECT_EQ(paths(detail::describe(models::State{}))[4], "opt.m.hidden.w");
}

TEST(Reflect, RolesAndFixedValues) {
  All all, other;
  auto walk = detail::describe(all);
  EXPECT_EQ(walk.leaves.back().role, detail::Role::buffer);
  EXPECT_EQ(walk.leaves[15].role, detail::Role::key);
  EXPECT_EQ(walk.fixed, detail::list(other).fixed);
  other.count = 4;
  EXPECT_NE(walk.fixed, detail::list(other).fixed);
  other.count = 3;
  other.blocks.resize(3);
  EXPECT_NE(walk.fixed, detail::list(other).fixed);
}

TEST(Tree, InitializeGivesEachLeafNoiseByItsPath) {
  struct Two {
    Param a{{64, 32}}, b{{64, 32}};
    Buffer n{i32({})};
    Param line{{5}, init::linspace(0, 1)};
    Key key{};
  } x, y;
  struct Other {
    Param b{{64, 32}}, a{{64, 32}};
  } z;
  initialize(x, Key(1));
  initialize(y, Key(1));
  initialize(z, Key(1));
  auto values = [](const Tensor &t) { return std::vector<float>(t.span<float>().begin(), t.span<float>().end()); };
  EXPECT_EQ(values(x.a), values(y.a));
  EXPECT_EQ(values(x.a), values(z.a)) << "the order of fields does not matter";
  EXPECT_NE(values(x.a), values(x.b));
  EXPECT_EQ(values(x.line), (std::vector<float>{0, 0.25f, 0.5f, 0.75f, 1}));
  EXPECT_EQ(x.n.item<int>(), 0);
  double square = 0;
  for (float v : values(x.a))
    square += double(v) * v;
  EXPECT_NEAR(square / (64 * 32), 1.0 / 64, 0.1 / 64) << "lecun: variance 1 / fan-in; 2048 draws deviate by 3 %";
  EXPECT_NE(x.key.bits.span<int>()[0], 0);
}

TEST(Tree, CopiesAreIndependent) {
  models::Classifier net;
  initialize(net, Key(0));
  auto teacher = net;
  float before = teacher.head.w.span<float>()[0];
  initialize(net, Key(1));
  EXPECT_EQ(teacher.head.w.span<float>()[0], before);
  EXPECT_NE(net.head.w.span<float>()[0], before);
}

TEST(Tree, CastOnTheHostRoundsToNearestEven) {
  std::vector<float> values{1.0f, 1.00390625f, 1.01171875f, -3.39e38f, 65504.0f, 65520.0f, 6e-8f, 2e-8f, NAN};
  Tensor x = Tensor::copy(values, {9});
  auto back = [&](DType t) { return cast(cast(x, t), f32); };
  Tensor b = back(bf16), h = back(f16);
  EXPECT_EQ(b.span<float>()[1], 1.0f);      // a tie, to even
  EXPECT_EQ(b.span<float>()[2], 1.015625f); // a tie, to even
  EXPECT_TRUE(std::isfinite(b.span<float>()[3]));
  EXPECT_EQ(h.span<float>()[4], 65504.0f);
  EXPECT_TRUE(std::isinf(h.span<float>()[5]));
  EXPECT_FLOAT_EQ(h.span<float>()[6], 0x1p-24f);
  EXPECT_EQ(h.span<float>()[7], 0.0f);
  EXPECT_TRUE(std::isnan(b.span<float>()[8]));
  EXPECT_TRUE(std::isnan(h.span<float>()[8]));
  EXPECT_EQ(cast(Tensor::copy(std::vector<float>{3e9f, -2.7f, NAN}, {3}), i32).span<int>()[0], 2147483647);
  EXPECT_EQ(cast(Tensor::copy(std::vector<float>{-2.7f}, {1}), i32).item<int>(), -2);
}

TEST(Tree, HostKeysFoldAndDraw) {
  Key key(7), same(7);
  Key a = key.next(), b = key.next(), c = same.next();
  auto word = [](const Key &k) { return k.bits.span<int>()[0]; };
  EXPECT_EQ(word(a), word(c));
  std::set<int> words{word(a),
                      word(b),
                      word(key),
                      word(same.fold(0)),
                      word(same.fold(1)),
                      word(same.split(2)[0]),
                      word(same.split(2)[1])};
  EXPECT_EQ(words.size(), 7u);
}

TEST(Dim, ArithmeticIsByName) {
  Dim B = dim("B", 1, 512), T = dim("T", 1, 64);
  EXPECT_TRUE(B + 1 == 1 + B);
  EXPECT_TRUE(B + T - B == T);
  EXPECT_TRUE((B * 64) / 64 == B);
  EXPECT_FALSE(B == T);
  EXPECT_EQ((B + 1).upper(), 513);
  EXPECT_EQ(Dim(7) / 2, Dim(3));
  EXPECT_EQ(str(Shape{B, 64}), "[B, 64]");
  EXPECT_THROW(dim("B", 3, 2), Error);
}
