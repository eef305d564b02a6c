// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What weft-check-ops takes for equal: each element by its own measure.
#include "Roundings.h"
#include "mlir/Parser/Parser.h"
#include "tools/Dialects.h"
#include <cmath>
#include <gtest/gtest.h>

using namespace mlir;
using namespace weft::tools;

namespace {
/// The reference of one function of floats on given numbers.
struct Checked {
  Checked(const std::string &text, std::vector<std::vector<double>> inputs) {
    registerDialects(registry);
    context = std::make_unique<MLIRContext>(registry, MLIRContext::Threading::DISABLED);
    module = parseSourceString<ModuleOp>(text, context.get());
    auto f = *module->getOps<func::FuncOp>().begin();
    std::vector<HostArray> arrays;
    for (auto [type, numbers] : llvm::zip(f.getArgumentTypes(), inputs)) {
      auto tensor = cast<RankedTensorType>(type);
      arrays.emplace_back(tensor.getElementType(), tensor.getShape()).f = numbers;
      arrays.back().round();
    }
    reference.emplace(*module, f.getName().str(), arrays);
    EXPECT_TRUE(reference->run());
  }
  /// What is wrong when element `at` is this number, relative to what it should be or as it is.
  std::string off(unsigned at, double relative) { return with(at, reference->values[0].f[at] * (1 + relative)); }
  std::string with(unsigned at, double number) {
    HostArray other = reference->values[0];
    other.f[at] = number;
    return reference->compare(0, other, 4e-6);
  }
  DialectRegistry registry;
  std::unique_ptr<MLIRContext> context;
  OwningOpRef<ModuleOp> module;
  std::optional<Reference> reference;
};
} // namespace

TEST(Roundings, ASmallElementBesideALargeOne) {
  Checked c("func.func @f(%x: tensor<2xf32>) -> tensor<2xf32> {\n"
            "  %y = weft.softplus %x : tensor<2xf32>\n  return %y : tensor<2xf32>\n}",
            {{1000, -20}});
  EXPECT_EQ(c.off(1, 1e-6), "");
  EXPECT_NE(c.off(1, 1e-4), "") << "2e-13 beside 1000";
  EXPECT_EQ(c.off(0, 1e-6), "");
  EXPECT_NE(c.off(0, 1e-4), "");
  EXPECT_NE(c.with(1, NAN), "");
  EXPECT_NE(c.with(0, INFINITY), "");
}

TEST(Roundings, SumsThatCancelAreAsExactAsTheirTerms) {
  const char *sum = "func.func @f(%x: tensor<4xf32>) -> tensor<f32> {\n"
                    "  %y = weft.reduce_sum %x [0] : (tensor<4xf32>) -> tensor<f32>\n  return %y : tensor<f32>\n}";
  Checked cancels(sum, {{1e8, 1, -1e8, 2}}), plain(sum, {{1, 1, -0.5, 2}});
  EXPECT_EQ(cancels.with(0, 8), "") << "one ulp of a term is 8";
  EXPECT_NE(cancels.with(0, 3000), "");
  EXPECT_EQ(plain.with(0, 3.500001), "");
  EXPECT_NE(plain.with(0, 3.51), "");
  // The same through another op: what was rounded in front counts for all behind it.
  Checked behind("func.func @f(%x: tensor<1xf32>, %y: tensor<1xf32>) -> tensor<1xf32> {\n"
                 "  %p = weft.mul %x, %x : tensor<1xf32>\n  %d = weft.sub %p, %y : tensor<1xf32>\n"
                 "  %e = weft.mul %d, %d : tensor<1xf32>\n  return %e : tensor<1xf32>\n}",
                 {{1.0001}, {1.0002}});
  EXPECT_EQ(behind.off(0, 1e-2), "") << "the difference of 1e-8 has no digit that is sure";
}

TEST(Roundings, WhatIsMovedOrChosenIsExact) {
  Checked c("func.func @f(%x: tensor<3xf32>) -> tensor<3xf32> {\n"
            "  %n = weft.neg %x : tensor<3xf32>\n  %m = weft.maximum %x, %n : tensor<3xf32>\n"
            "  %r = weft.reverse %m [0] : tensor<3xf32>\n  return %r : tensor<3xf32>\n}",
            {{-3, 1e-30, 1e30}});
  HostArray other = c.reference->values[0];
  EXPECT_EQ(c.reference->compare(0, other, 0), "");
  other.f[1] = std::nextafter(float(other.f[1]), 1.f);
  EXPECT_NE(c.reference->compare(0, other, 0), "");
}

TEST(Roundings, NumbersThatAreNone) {
  Checked c("func.func @f(%x: tensor<4xf32>) -> tensor<4xf32> {\n"
            "  %y = weft.exp %x : tensor<4xf32>\n  return %y : tensor<4xf32>\n}",
            {{NAN, INFINITY, 1000, -104}});
  EXPECT_EQ(c.with(0, NAN), "");
  EXPECT_NE(c.with(0, 1), "");
  EXPECT_NE(c.with(1, 1e30), "");
  EXPECT_NE(c.with(2, 3e38), "");
  EXPECT_EQ(c.with(3, 0), "") << "denormals are as exact as their step";
}
