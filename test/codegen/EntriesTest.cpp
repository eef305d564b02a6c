// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Several functions of a module, compiled together.
#include "codegen/Driver.h"
#include "dialects/weft/Weft.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Parser/Parser.h"
#include <array>
#include <cmath>
#include <gtest/gtest.h>

using namespace weft;

namespace {
class Entries : public testing::Test {
protected:
  Entries() {
    context.loadDialect<ir::WeftDialect, mlir::func::FuncDialect>();
    module = mlir::parseSourceString<mlir::ModuleOp>(R"(
      func.func @fit(%x: tensor<4xf32>, %w: tensor<4xf32>) -> (tensor<4xf32>, tensor<f32>) {
        %c = weft.constant dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32>
        %p = weft.mul %x, %c : tensor<4xf32>
        %t = weft.tanh %p : tensor<4xf32>
        %d = weft.mul %t, %w : tensor<4xf32>
        %s = weft.reduce_sum %d [0] : (tensor<4xf32>) -> tensor<f32>
        return %t, %s : tensor<4xf32>, tensor<f32>
      }
      func.func @look(%x: tensor<4xf32>, %i: tensor<2xi32>) -> tensor<2xf32> {
        %c = weft.constant dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32>
        %p = weft.mul %x, %c : tensor<4xf32>
        %t = weft.tanh %p : tensor<4xf32>
        %y = weft.take %t at %i along 0 : (tensor<4xf32>, tensor<2xi32>) -> tensor<2xf32>
        return %y : tensor<2xf32>
      }
      func.func @unused(%x: tensor<4xf32>) -> tensor<4xf32> {
        return %x : tensor<4xf32>
      })",
                                                     &context);
    options.cache = false;
  }
  mlir::MLIRContext context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  codegen::CompileOptions options;
  codegen::CompileError error;

  weft_status run(const codegen::Executable &program, std::vector<const void *> in, std::vector<void *> out,
                  weft_error *status = nullptr) {
    weft_instance *instance = weft_instance_create(program.program(), nullptr, nullptr);
    weft_status result = weft_instance_run(instance, in.data(), out.data(), nullptr, status);
    weft_instance_destroy(instance);
    return result;
  }
};

TEST_F(Entries, EachIsAProgramOfItsOwn) {
  auto programs = codegen::compileTogether(*module, {"look", "fit"}, options, error);
  ASSERT_EQ(programs.size(), 2u) << error.message;
  EXPECT_STREQ(programs[0]->program()->name, "look");
  EXPECT_STREQ(programs[1]->program()->name, "fit");
  EXPECT_NE(programs[0]->plan().find("plan of @look"), std::string::npos);
  EXPECT_EQ(programs[0]->plan().find("plan of @fit"), std::string::npos);

  const std::array<float, 4> x{0.1f, 0.2f, -0.3f, 0.4f}, w{1, 2, 3, 4};
  const std::array<int32_t, 2> inside{3, 0}, outside{1, 4};
  std::array<float, 4> t{};
  std::array<float, 2> taken{};
  float sum = 0, expected = 0;
  // The programs outlive each other.
  auto look = programs[0], fit = programs[1];
  programs.clear();
  ASSERT_EQ(run(*fit, {x.data(), w.data()}, {t.data(), &sum}), WEFT_OK);
  ASSERT_EQ(run(*look, {x.data(), inside.data()}, {taken.data()}), WEFT_OK);
  for (int i = 0; i < 4; ++i) {
    EXPECT_NEAR(t[i], std::tanh(x[i] * float(i + 1)), 1e-6);
    expected += t[i] * w[i];
  }
  EXPECT_NEAR(sum, expected, 1e-6);
  EXPECT_EQ(taken[0], t[3]);
  EXPECT_EQ(taken[1], t[0]);
  fit.reset();
  weft_error status;
  EXPECT_EQ(run(*look, {x.data(), outside.data()}, {taken.data()}, &status), WEFT_OUT_OF_RANGE);
  EXPECT_NE(std::string(status.message).find("take"), std::string::npos) << status.message;
}

TEST_F(Entries, OneAtATimeGivesTheSameBits) {
  mlir::OwningOpRef<mlir::ModuleOp> copy(module->clone());
  auto alone = codegen::compile(*copy, "fit", options, error);
  auto together = codegen::compileTogether(*module, {"fit", "look"}, options, error);
  ASSERT_TRUE(alone && together.size() == 2) << error.message;
  const std::array<float, 4> x{0.1f, 0.2f, -0.3f, 0.4f}, w{1, 2, 3, 4};
  std::array<float, 4> a{}, b{};
  float sumA = 0, sumB = 0;
  ASSERT_EQ(run(*alone, {x.data(), w.data()}, {a.data(), &sumA}), WEFT_OK);
  ASSERT_EQ(run(*together[0], {x.data(), w.data()}, {b.data(), &sumB}), WEFT_OK);
  EXPECT_EQ(a, b);
  EXPECT_EQ(sumA, sumB);
}

TEST_F(Entries, ErrorsNameTheFunction) {
  EXPECT_TRUE(codegen::compileTogether(*module, {"fit", "gone"}, options, error).empty());
  EXPECT_EQ(error.message, "there is no function gone; the module has fit, look, unused");
  EXPECT_TRUE(codegen::compileTogether(*module, {"fit", "fit"}, options, error).empty());
  EXPECT_EQ(error.message, "function fit is named twice");
  EXPECT_TRUE(codegen::compileTogether(*module, {}, options, error).empty());
}
} // namespace
