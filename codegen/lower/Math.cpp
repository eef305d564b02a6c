// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Math.cpp - the pass `expand-math`: transcendental functions of f32 as arithmetic ------------------------------===//
//
// Upstream's polynomials are not accurate enough (4 ulp for tanh and erf, no denormals), so they are our own:
// PolynomialMath.cpp, and WideMath.cpp for sin, cos and pow, which go through f64. What is left, all of f64, calls libm
// lane by lane. Scalars and vectors take the same path, so that an element does not depend on whether it was in the
// tail of a loop.
//
//===----------------------------------------------------------------------------------------------------------------===//
#include "mlir/Dialect/Math/IR/Math.h"
#include "codegen/Machine.h"
#include "codegen/Passes.h"
#include "codegen/lower/MathPatterns.h"
#include "mlir/Conversion/MathToLibm/MathToLibm.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Transforms/DialectConversion.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;
using namespace weft::codegen;

namespace {
struct ExpandMath : PassWrapper<ExpandMath, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(ExpandMath)
  explicit ExpandMath(const Machine &machine) : machine(machine) {}
  Machine machine;
  StringRef getArgument() const override { return "expand-math"; }
  StringRef getDescription() const override {
    return "polynomials for transcendental functions of f32, libm calls for the others";
  }
  void getDependentDialects(DialectRegistry &registry) const override {
    registry.insert<arith::ArithDialect, func::FuncDialect, LLVM::LLVMDialect, math::MathDialect, memref::MemRefDialect,
                    scf::SCFDialect, vector::VectorDialect>();
  }
  void runOnOperation() override {
    MLIRContext *context = &getContext();
    RewritePatternSet polynomials(context);
    populatePolynomialMathPatterns(polynomials, machine);
    populateWideMathPatterns(polynomials);
    // On bf16 memory: conversions as integer arithmetic, for the helper functions of some processors are in no library
    // here.
    arith::populateExpandBFloat16Patterns(polynomials);
    if (failed(applyPatternsGreedily(getOperation(), std::move(polynomials))))
      return signalPassFailure();

    // math-to-libm unrolls vectors of what has no intrinsic. Square roots, fused multiply-adds and rounding do.
    RewritePatternSet calls(context);
    populateMathToLibmConversionPatterns(calls);
    ConversionTarget target(*context);
    target.markUnknownOpDynamicallyLegal([](Operation *) { return true; });
    target.addDynamicallyLegalDialect<math::MathDialect>([](Operation *op) {
      return isa<math::SqrtOp, math::FmaOp, math::FloorOp, math::CeilOp, math::AbsFOp, math::AbsIOp, math::RoundEvenOp,
                 math::CopySignOp, math::TruncOp, math::RoundOp>(op);
    });
    if (failed(applyPartialConversion(getOperation(), target, std::move(calls))))
      return signalPassFailure();
  }
};
} // namespace

std::unique_ptr<Pass> weft::codegen::createExpandMath(const Machine &machine) {
  return std::make_unique<ExpandMath>(machine);
}
void weft::codegen::registerExpandMath() {
  registerPass([] { return createExpandMath({}); });
}
