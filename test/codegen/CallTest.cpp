// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The status of a kernel that is called becomes the program's, with the line of the op.
#include "codegen/Jit.h"
#include "codegen/Object.h"
#include "codegen/Passes.h"
#include "codegen/Target.h"
#include "dialects/loom/Loom.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "passes/Pipelines.h"
#include <gtest/gtest.h>
#include <llvm/IR/Module.h>

using namespace weft;

namespace {
/// Compiles a sort of six numbers; `spoil` may change the call once it is made.
std::unique_ptr<codegen::LoadedObject> compile(llvm::function_ref<void(mlir::LLVM::CallOp)> spoil) {
  mlir::DialectRegistry registry;
  mlir::registerBuiltinDialectTranslation(registry);
  mlir::registerLLVMDialectTranslation(registry);
  mlir::MLIRContext context(registry);
  context.loadDialect<ir::WeftDialect, loom::LoomDialect, mlir::func::FuncDialect>();
  auto module = mlir::parseSourceString<mlir::ModuleOp>(R"(
    #line = loc("model.cpp":14:3)
    func.func @order(%x: tensor<2x3xf32>) -> (tensor<2x3xf32>, tensor<2x3xi32>) {
      %y, %i = weft.sort %x 1 : (tensor<2x3xf32>) -> (tensor<2x3xf32>, tensor<2x3xi32>) loc(#line)
      return %y, %i : tensor<2x3xf32>, tensor<2x3xi32>
    })",
                                                        &context);
  llvm::Expected<codegen::Target> target = codegen::Target::find("native", 1);
  if (!module || !target)
    return nullptr;
  mlir::PassManager first(&context), second(&context);
  passes::buildDispatch(first, {});
  passes::buildPlan(first, {});
  codegen::buildEmitPipeline(first, target->machine);
  if (failed(first.run(*module)))
    return nullptr;
  module->walk(spoil);
  codegen::buildLLVMPipeline(second, target->machine, false);
  if (failed(second.run(*module)))
    return nullptr;
  llvm::LLVMContext llvmContext;
  std::unique_ptr<llvm::Module> code = mlir::translateModuleToLLVMIR(*module, llvmContext, "order");
  llvm::Expected<std::string> object = codegen::emitObject(*code, *target, 1);
  if (!object)
    return nullptr;
  auto loaded = codegen::loadObject(*object, {"order"});
  return loaded ? std::move(*loaded) : nullptr;
}

weft_status run(const codegen::LoadedObject &code, std::vector<float> &values, std::vector<int32_t> &places,
                weft_error &error) {
  const std::vector<float> x{3, 1, 2, -1, -3, -2};
  const void *inputs[]{x.data()};
  void *outputs[]{values.data(), places.data()};
  weft_instance *instance = weft_instance_create(code.program("order"), nullptr, &error);
  weft_status status = weft_instance_run(instance, inputs, outputs, nullptr, &error);
  weft_instance_destroy(instance);
  return status;
}

TEST(Call, SortsInAWorkspaceOfTheArena) {
  auto code = compile([](mlir::LLVM::CallOp) {});
  ASSERT_TRUE(code);
  EXPECT_GE(code->program("order")->arena_bytes, 2 * 3 * 8);
  std::vector<float> values(6);
  std::vector<int32_t> places(6);
  weft_error error;
  ASSERT_EQ(run(*code, values, places, error), WEFT_OK) << error.message;
  EXPECT_EQ(values, (std::vector<float>{1, 2, 3, -3, -2, -1}));
  EXPECT_EQ(places, (std::vector<int32_t>{1, 2, 0, 1, 2, 0}));
}

TEST(Call, AStatusIsTheProgramsWithTheOpsLine) {
  // An element type that the kernel does not know.
  auto code = compile([](mlir::LLVM::CallOp call) {
    mlir::OpBuilder b(call);
    call->setOperand(1, mlir::arith::ConstantIntOp::create(b, call.getLoc(), WEFT_C64, 32));
  });
  ASSERT_TRUE(code);
  std::vector<float> values(6);
  std::vector<int32_t> places(6);
  weft_error error;
  EXPECT_EQ(run(*code, values, places, error), WEFT_INTERNAL);
  EXPECT_STREQ(error.message, "model.cpp:14: sort: weft_sort of the runtime failed with status 1");
}
} // namespace
