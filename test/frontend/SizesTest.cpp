// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Sizes whose products no memory holds, or 64 bits do not: errors before anything is compiled or allocated.
#include "Messages.h"
#include <gtest/gtest.h>
#include <weft/weft.h>

using namespace weft;

namespace {
bool has(const std::string &text, const std::string &part) { return text.find(part) != std::string::npos; }
constexpr std::int64_t huge = std::int64_t(1) << 33;
} // namespace

TEST(Sizes, OfSpecs) {
  auto f = [](Tensor x) { return x + 1; };
  std::string text = test::messageOf([&] { jit(f, f32({huge, huge})); });
  EXPECT_TRUE(has(text, "arg0: f32 [8589934592, 8589934592] has 295147905179352825856 bytes")) << text;
  Dim B = dim("B", 1, std::int64_t(1) << 31), C = dim("C", 1, std::int64_t(1) << 31);
  text = test::messageOf([&] { jit(f, f32({B, C})); });
  EXPECT_TRUE(has(text, "arg0: f32 [B, C] has 18446744073709551616 bytes where B is 2147483648 and C is 2147483648"))
      << text;
  EXPECT_TRUE(has(text, "give the dimensions smaller bounds")) << text;
  text = test::messageOf([&] { jit(f, i1({dim("N", 0, INT64_MAX)})); });
  EXPECT_TRUE(has(text, "more than any memory")) << text;
  EXPECT_EQ(test::messageOf([&] { jit(Options{.optimize = 0}, f, f32({dim("B", 1, 1 << 20), 16})); }), "no error");
}

TEST(Sizes, OfOps) {
  Tensor one = Tensor::copy({1.f}, {1, 1});
  std::string text = test::messageOf([&] { run([](Tensor x) { return sum(broadcast_to(x, {huge, huge})); }, one); });
  EXPECT_TRUE(has(text, "SizesTest.cpp:" + std::to_string(__LINE__ - 1))) << text;
  EXPECT_TRUE(has(text, "f32 [8589934592, 8589934592] has 295147905179352825856 bytes: more than any memory has"))
      << text;
  EXPECT_TRUE(has(test::messageOf([&] { run([](Tensor x) { return sum(x) + sum(zeros({huge, huge, huge})); }, one); }),
                  "more than any memory"));
  // Of a product that 64 bits do not hold, as a number and as an expression.
  EXPECT_TRUE(has(test::messageOf([] { Dim(huge) * Dim(huge); }),
                  "the dimension 8589934592 * 8589934592 does not fit 64 bits"));
  EXPECT_TRUE(has(test::messageOf([] { Dim(INT64_MAX) + Dim(1); }), "does not fit 64 bits"));
  EXPECT_TRUE(has(test::messageOf([] { Dim(INT64_MIN) - Dim(1); }), "does not fit 64 bits"));
  Dim B = dim("B", 1, huge);
  EXPECT_EQ((B * B).upper(), INT64_MAX); // nothing is known of it
  EXPECT_EQ((B * B / huge).upper(), INT64_MAX);
  EXPECT_EQ((9 - dim("N", 1, 8)).upper(), 8);
  EXPECT_EQ((9 - dim("N", 1, 8)).lower(), 1);
  auto squares = [](Tensor x) { return sum(broadcast_to(x, {x.dim(0), x.dim(0), 1 << 20})); };
  EXPECT_TRUE(has(test::messageOf([&] { jit(squares, f32({dim("B", 1, 1 << 24), 1, 1})); }), "where B is 16777216"));
}

// Ops that make more than they read: each product and sum is counted, whatever wraps round to a small number.
TEST(Sizes, OfOpsThatGrow) {
  Tensor six = Tensor::copy(std::vector<float>(6, 1), {6}), index = Tensor::copy({1}, {1});
  constexpr std::int64_t quarter = std::int64_t(1) << 62;
  auto fails = [](auto f, const auto &...x) {
    std::string text = test::messageOf([&] { run(f, x...); });
    return has(text, "more than any memory") || has(text, "does not fit 64 bits") || has(text, "reshape:") ? "" : text;
  };
  EXPECT_EQ(fails([](Tensor x) { return sum(broadcast_to(expand(x, 1), {6, quarter})); }, six), "");
  EXPECT_EQ(fails([](Tensor x) { return sum(pad(x, 0, quarter, quarter)); }, six), "");
  EXPECT_EQ(fails([](Tensor x) { return sum(pad(x, 0, INT64_MAX, 1)); }, six), "");
  EXPECT_EQ(fails([](Tensor i) { return sum(one_hot(i, quarter)); }, index), "");
  EXPECT_EQ(fails([](Tensor x) { return sum(x) + sum(iota(quarter, f32)); }, six), "");
  EXPECT_EQ(fails([](Tensor x) { return sum(reshape(x, {quarter, 4, 6})); }, six), ""); // 0 in 64 bits
  EXPECT_EQ(fails(
                [](Tensor x) {
                  Tensor half = broadcast_to(expand(sum(x), 0), {quarter / 64});
                  return sum(concat({half, half, half}, 0));
                },
                six),
            "");
  EXPECT_EQ(fails(
                [](Tensor x) {
                  return vmap([&](Tensor e) { return e * broadcast_to(sum(x), {1 << 30}); },
                              broadcast_to(sum(x), {1 << 30}));
                },
                six),
            "");
  // An empty array beside a size that nothing holds.
  Tensor none = Tensor::copy(std::vector<float>(), {6, 1, 0, 7, 8, INT64_MAX - 1});
  EXPECT_EQ(fails([](Tensor x) { return max(x, 2); }, none), "");
}

TEST(Sizes, OfArenas) {
  Dim B = dim("B", 1, 1 << 24);
  auto f = [](Tensor x) {
    Tensor all = matmul(x, transpose(x));
    return sum(cos(all), 1);
  };
  std::string text = test::messageOf([&] { jit(f, f32({B, 64})); });
  EXPECT_TRUE(has(text, "SizesTest.cpp:" + std::to_string(__LINE__ - 4))) << text;
  EXPECT_TRUE(has(text, "the memory of a call would have ") && has(text, " bytes, and there are ")) << text;
  EXPECT_TRUE(has(text, "the largest value, f32 [B, B] has 1125899906842624 bytes where B is 16777216")) << text;
  EXPECT_FALSE(has(text, "internal error")) << text;
}

TEST(Sizes, OfArraysOnTheHost) {
  std::vector<float> none;
  EXPECT_TRUE(has(test::messageOf([&] { Tensor::copy(none, {huge, std::int64_t(1) << 31}); }), "than 64 bits count"));
  EXPECT_TRUE(has(test::messageOf([&] { Tensor::view(none, {huge, std::int64_t(1) << 31}); }), "than 64 bits count"));
  EXPECT_TRUE(has(test::messageOf([&] { Tensor::copy(std::vector<float>(6), {-2, -3}); }), "a size is negative"));
  EXPECT_EQ(Tensor::copy(none, {huge, huge, 0}).str(), "f32 [8589934592, 8589934592, 0]");
  struct Model {
    Param w{{huge, huge}};
  } model;
  EXPECT_TRUE(has(test::messageOf([&] { initialize(model, Key(0)); }), "more bytes than 64 bits count"));
}
