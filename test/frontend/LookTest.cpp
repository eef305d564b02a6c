// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What a user sees of tensors and models.
#include "Models.h"
#include <cmath>
#include <gtest/gtest.h>
#include <numeric>
#include <sstream>

using namespace weft;

TEST(Look, Numbers) {
  EXPECT_EQ(to_string(Tensor::copy({1.f, -2.5f, 3.f, 4.25f}, {2, 2})), "f32 [2, 2]\n"
                                                                       "[[ 1.0000, -2.5000],\n"
                                                                       " [ 3.0000,  4.2500]]");
  EXPECT_EQ(to_string(Tensor::copy({1.f, 20.f}, {2})), "f32 [2]\n[ 1., 20.]");
  EXPECT_EQ(to_string(Tensor(0.1f)), "f32 [] 0.1000");
  EXPECT_EQ(to_string(Tensor::copy({1e-6, 1.}, {2})), "f64 [2]\n[1.0000e-06, 1.0000e+00]");
  EXPECT_EQ(to_string(Tensor::copy({3, -100}, {2})), "i32 [2]\n[   3, -100]");
  EXPECT_EQ(to_string(Tensor::copy({true, false}, {2})), "i1 [2]\n[ true, false]");
  EXPECT_EQ(to_string(Tensor::copy({NAN, -INFINITY, 1.5f}, {3})), "f32 [3]\n[   nan,   -inf, 1.5000]");
  EXPECT_EQ(to_string(Tensor::copy({std::complex<float>(1, -2), std::complex<float>(0, .5f)}, {2})),
            "c64 [2]\n[1.0000-2.0000i, 0.0000+0.5000i]");
  EXPECT_EQ(to_string(cast(Tensor::copy({1.5f}, {1}), bf16)), "bf16 [1]\n[1.5000]");
  EXPECT_EQ(to_string(Tensor::copy({0.123456789}, {1}), {.precision = 8}), "f64 [1]\n[0.12345679]");
}

TEST(Look, ShapesAndCuts) {
  EXPECT_EQ(to_string(zeros({2, 0})), "f32 [2, 0] [[],\n []]");
  EXPECT_EQ(to_string(zeros({0})), "f32 [0] []");
  EXPECT_EQ(to_string(reshape(iota(8), {2, 2, 2})), "i32 [2, 2, 2]\n[[[0, 1],\n  [2, 3]],\n\n [[4, 5],\n  [6, 7]]]");
  EXPECT_EQ(to_string(iota(2000)), "i32 [2000]\n[   0,    1,    2,  ..., 1997, 1998, 1999]");
  std::string cut = to_string(reshape(iota(2000), {1000, 2}));
  EXPECT_NE(cut.find("[   4,    5],\n  ...,\n [1994, 1995]"), std::string::npos) << cut;
  EXPECT_EQ(to_string(iota(5), {.threshold = 4, .edge = 1}), "i32 [5]\n[  0, ...,   4]");
}

TEST(Look, WithoutNumbers) {
  EXPECT_EQ(to_string(Tensor()), "empty");
  EXPECT_EQ(to_string(f32({dim("B", 1, 9), 4})), "f32 [B, 4], a spec without numbers");
  std::string traced;
  run(
      [&](Tensor x) {
        std::ostringstream os;
        os << x;
        traced = os.str();
        return x;
      },
      Tensor(1.f));
  EXPECT_EQ(traced, "f32 [], a value of a trace: it has no numbers yet");
  std::ostringstream os;
  os << Tensor::copy({1.f, 2.f}, {2}) * 2; // computed to be shown
  EXPECT_EQ(os.str(), "f32 [2]\n[2., 4.]");
  EXPECT_THROW(to_string(Tensor(1), {.edge = 0}), Error);
}

TEST(Look, LeavesAndSummary) {
  struct Net {
    nn::Linear hidden{64, 128};
    std::vector<nn::Linear> heads{{128, 10}, {128, 1}};
    Buffer seen{i64({})};
    Key key;
  };
  std::vector<Leaf> all = leaves(Net());
  ASSERT_EQ(all.size(), 8u);
  EXPECT_EQ(all[0].path, "hidden.w");
  EXPECT_EQ(all[4].path, "heads.1.w");
  EXPECT_EQ(all[6].kind, LeafKind::buffer);
  EXPECT_EQ(all[7].kind, LeafKind::key);
  EXPECT_EQ(summary(Net()), "path        kind    type           elements   bytes\n"
                            "hidden.w    param   f32 [64, 128]     8,192  32,768\n"
                            "hidden.b    param   f32 [128]           128     512\n"
                            "heads.0.w   param   f32 [128, 10]     1,280   5,120\n"
                            "heads.0.b   param   f32 [10]             10      40\n"
                            "heads.1.w   param   f32 [128, 1]        128     512\n"
                            "heads.1.b   param   f32 [1]               1       4\n"
                            "seen        buffer  i64 []                1       8\n"
                            "key         key     i32 [2]               2       8\n"
                            "---------------------------------------------------\n"
                            "parameters                            9,739  38,956\n"
                            "all                                   9,742  38,972\n");
}
