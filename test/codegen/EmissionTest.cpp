// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the passes are told of the emitters, and what the compiler knows of the runtime.
#include "codegen/emit/Emitters.h"
#include "codegen/lower/Services.h"
#include "dialects/weft/Weft.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "passes/Pipelines.h"
#include <gtest/gtest.h>
#include <set>

using namespace weft;

namespace {
class Emission : public testing::Test {
protected:
  Emission() { context.loadDialect<ir::WeftDialect, loom::LoomDialect, mlir::func::FuncDialect>(); }
  mlir::MLIRContext context;

  /// How many softmax are left of two, one of which is of f64.
  int left(const passes::PipelineOptions &options) {
    auto module = mlir::parseSourceString<mlir::ModuleOp>(R"(
      func.func @f(%x: tensor<4x8xf32>, %y: tensor<4x8xf64>) -> (tensor<4x8xf32>, tensor<4x8xf64>) {
        %a = weft.softmax %x 1 : tensor<4x8xf32>
        %b = weft.softmax %y 1 : tensor<4x8xf64>
        return %a, %b : tensor<4x8xf32>, tensor<4x8xf64>
      })",
                                                          &context);
    mlir::PassManager pm(&context);
    passes::buildSimplify(pm, options);
    EXPECT_TRUE(module && succeeded(pm.run(*module)));
    int count = 0;
    module->walk([&](ir::SoftmaxOp) { ++count; });
    return count;
  }
};

TEST_F(Emission, WhatAnEmitterTakesWholeIsNotDecomposed) {
  passes::PipelineOptions options;
  EXPECT_EQ(left(options), 0);
  options.emission.takesWhole = [](mlir::Operation *op) {
    return llvm::isa<ir::SoftmaxOp>(op) && ir::elementOf(op->getResult(0)).isF32();
  };
  EXPECT_EQ(left(options), 1);
}

TEST_F(Emission, EmittersHaveNamesOfTheirOwn) {
  std::set<std::string> names;
  for (const codegen::Emitter *emitter : codegen::emitters()) {
    EXPECT_TRUE(names.insert(emitter->name.str()).second) << emitter->name.str();
    EXPECT_TRUE(emitter->cost && emitter->emit) << emitter->name.str();
  }
}

TEST_F(Emission, ServicesAreThoseOfTheRuntime) {
  context.loadDialect<mlir::LLVM::LLVMDialect>();
  mlir::OwningOpRef<mlir::ModuleOp> module(mlir::ModuleOp::create(mlir::UnknownLoc::get(&context)));
  auto loop = codegen::declareService(*module, "weft_parallel_for");
  ASSERT_TRUE(loop);
  EXPECT_EQ(loop.getFunctionType().getNumParams(), 5u);
  EXPECT_TRUE(llvm::isa<mlir::LLVM::LLVMVoidType>(loop.getFunctionType().getReturnType()));
  EXPECT_EQ(codegen::declareService(*module, "weft_parallel_for"), loop);
  EXPECT_TRUE(codegen::declareService(*module, "weft_goes_on").getFunctionType().getReturnType().isInteger(32));
  EXPECT_FALSE(codegen::declareService(*module, "weft_instance_run"));
}
} // namespace
