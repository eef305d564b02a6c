// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- LowerKernels.cpp - the pass `lower-kernels`: emitted functions to the LLVM dialect ----------------------------===//
//
// Memrefs are bare pointers, noalias unless a dispatch runs in place. The planned functions are left alone: they are no
// code yet.
//
//===----------------------------------------------------------------------------------------------------------------===//
#include "codegen/Passes.h"
#include "codegen/lower/Places.h"
#include "mlir/Conversion/ArithToLLVM/ArithToLLVM.h"
#include "mlir/Conversion/ControlFlowToLLVM/ControlFlowToLLVM.h"
#include "mlir/Conversion/FuncToLLVM/ConvertFuncToLLVM.h"
#include "mlir/Conversion/LLVMCommon/ConversionTarget.h"
#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Conversion/MathToLLVM/MathToLLVM.h"
#include "mlir/Conversion/MemRefToLLVM/MemRefToLLVM.h"
#include "mlir/Conversion/SCFToControlFlow/SCFToControlFlow.h"
#include "mlir/Conversion/VectorToLLVM/ConvertVectorToLLVM.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/MemRef/Transforms/Transforms.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/Transforms/LoweringPatterns.h"
#include "mlir/Dialect/Vector/Transforms/VectorRewritePatterns.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;
using namespace weft::codegen;

namespace {
struct LowerKernels : PassWrapper<LowerKernels, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(LowerKernels)
  StringRef getArgument() const override { return "lower-kernels"; }
  StringRef getDescription() const override { return "emitted functions to the LLVM dialect"; }
  void getDependentDialects(DialectRegistry &registry) const override {
    registry.insert<LLVM::LLVMDialect, cf::ControlFlowDialect, arith::ArithDialect, memref::MemRefDialect,
                    vector::VectorDialect>();
  }

  void runOnOperation() override {
    ModuleOp module = getOperation();
    MLIRContext *context = &getContext();
    SmallVector<func::FuncOp> programs = findPrograms(module);
    // Which pointers may be marked: asked before the functions change.
    SmallVector<std::pair<std::string, unsigned>> unaliased;
    for (auto function : module.getOps<func::FuncOp>())
      if (weft::loom::taskOf(function) && !runsInPlace(programs, function.getSymName()))
        unaliased.push_back({function.getSymName().str(), function.getNumArguments()});

    {
      RewritePatternSet patterns(context);
      vector::populateVectorInsertExtractStridedSliceTransforms(patterns);
      vector::populateVectorBroadcastLoweringPatterns(patterns);
      arith::populateCeilFloorDivExpandOpsPatterns(patterns);
      memref::populateExpandOpsPatterns(patterns);
      FrozenRewritePatternSet frozen(std::move(patterns));
      for (auto function : module.getOps<func::FuncOp>())
        if (!llvm::is_contained(programs, function) && failed(applyPatternsGreedily(function, frozen)))
          return signalPassFailure();
    }
    {
      RewritePatternSet patterns(context);
      populateSCFToControlFlowConversionPatterns(patterns);
      ConversionTarget target(*context);
      target.addIllegalDialect<scf::SCFDialect>();
      target.markUnknownOpDynamicallyLegal([](Operation *) { return true; });
      if (failed(applyPartialConversion(module, target, std::move(patterns))))
        return signalPassFailure();
    }
    LowerToLLVMOptions options(context);
    options.useBarePtrCallConv = true;
    LLVMTypeConverter types(context, options);
    RewritePatternSet patterns(context);
    populateVectorToLLVMConversionPatterns(types, patterns);
    populateMathToLLVMConversionPatterns(types, patterns);
    arith::populateArithToLLVMConversionPatterns(types, patterns);
    cf::populateControlFlowToLLVMConversionPatterns(types, patterns);
    populateFinalizeMemRefToLLVMConversionPatterns(types, patterns);
    populateFuncToLLVMConversionPatterns(types, patterns);
    LLVMConversionTarget target(*context);
    target.addLegalOp<ModuleOp>();
    auto isProgram = [&](func::FuncOp function) { return llvm::is_contained(programs, function); };
    target.addDynamicallyLegalOp<func::FuncOp>(isProgram);
    target.markOpRecursivelyLegal<func::FuncOp>(isProgram);
    if (failed(applyFullConversion(module, target, std::move(patterns))))
      return signalPassFailure();

    for (auto &[name, arguments] : unaliased) {
      auto function = module.lookupSymbol<LLVM::LLVMFuncOp>(name);
      for (unsigned i = 0; i < arguments; ++i)
        if (isa<LLVM::LLVMPointerType>(function.getArgument(i).getType()))
          function.setArgAttr(i, LLVM::LLVMDialect::getNoAliasAttrName(), UnitAttr::get(context));
    }
    // One block of code calls each kernel: its task.
    for (auto function : module.getOps<LLVM::LLVMFuncOp>())
      if (weft::loom::taskOf(function))
        function.setLinkage(LLVM::Linkage::Internal);
  }
};
} // namespace

std::unique_ptr<Pass> weft::codegen::createLowerKernels() { return std::make_unique<LowerKernels>(); }
void weft::codegen::registerLowerKernels() { PassRegistration<LowerKernels>(); }
