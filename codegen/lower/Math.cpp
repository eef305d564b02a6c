//===- Math.cpp - the pass `expand-math`: transcendental functions of f32 as arithmetic ------------------------------===//
//
// Upstream's polynomials serve where they are accurate: log, log1p, expm1, tanh, erf. exp and exp2 are ours (upstream's is 0 below -87.3 and
// its error larger), and log is scaled before so that denormals have their logarithm. sin, cos and pow go through f64 (WideMath.h). What is
// left, all of f64, calls libm lane by lane.
// Scalars and vectors take the same path, so that an element does not depend on whether it was in the tail of a loop.
//
//===----------------------------------------------------------------------------------------------------------------===//
#include "codegen/Passes.h"
#include "codegen/lower/WideMath.h"
#include "mlir/Conversion/MathToLibm/MathToLibm.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;
using namespace weft::codegen;

namespace {
/// f32 or i32 arithmetic on scalars or vectors alike.
struct Lanes {
  OpBuilder &b;
  Location loc;
  Type type; // of f32

  Type ints() const {
    auto i32 = b.getI32Type();
    if (auto vector = dyn_cast<VectorType>(type))
      return VectorType::get(vector.getShape(), i32);
    return i32;
  }
  Value spread(Type as, Attribute scalar) {
    if (auto vector = dyn_cast<VectorType>(as))
      return arith::ConstantOp::create(b, loc, DenseElementsAttr::get(vector, scalar));
    return arith::ConstantOp::create(b, loc, cast<TypedAttr>(scalar));
  }
  Value f(double v) { return spread(type, b.getF32FloatAttr(float(v))); }
  Value i(int32_t v) { return spread(ints(), b.getI32IntegerAttr(v)); }
  Value fma(Value x, Value y, Value z) { return math::FmaOp::create(b, loc, x, y, z); }
  Value mul(Value x, Value y) { return arith::MulFOp::create(b, loc, x, y); }
  /// 2^n for -126 <= n <= 127.
  Value powerOfTwo(Value n) {
    Value bits = arith::ShLIOp::create(b, loc, arith::AddIOp::create(b, loc, n, i(127)), i(23));
    return arith::BitcastOp::create(b, loc, type, bits);
  }
};

bool isF32(Value v) { return getElementTypeOrSelf(v.getType()).isF32(); }

/// 2^n e^r for |r| <= ln 2 / 2 and -152 <= n <= 130; NaN where `given` is one. The scale is applied in two halves, so that results may be denormal.
Value scaledExp(Lanes &l, Value n, Value r, Value given) {
  OpBuilder &b = l.b;
  // Minimax polynomial of degree 7 (Cephes' expf).
  Value p = l.f(1.9875691500e-4);
  for (double c : {1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1})
    p = l.fma(p, r, l.f(c));
  p = l.fma(p, l.mul(r, r), r);
  p = arith::AddFOp::create(b, l.loc, p, l.f(1));
  Value whole = arith::FPToSIOp::create(b, l.loc, l.ints(), n);
  Value half = arith::ShRSIOp::create(b, l.loc, whole, l.i(1)), rest = arith::SubIOp::create(b, l.loc, whole, half);
  Value y = l.mul(l.mul(p, l.powerOfTwo(half)), l.powerOfTwo(rest));
  Value nan = arith::CmpFOp::create(b, l.loc, arith::CmpFPredicate::UNO, given, given);
  return arith::SelectOp::create(b, l.loc, nan, given, y);
}
/// Beyond these bounds the result is 0 or infinity; NaN takes a bound, and comes back at the end.
Value bounded(Lanes &l, Value v, double low, double high) {
  auto keep = [&](arith::CmpFPredicate inside, Value v, Value bound) -> Value {
    return arith::SelectOp::create(l.b, l.loc, arith::CmpFOp::create(l.b, l.loc, inside, v, bound), v, bound);
  };
  return keep(arith::CmpFPredicate::OGT, keep(arith::CmpFPredicate::OLT, v, l.f(high)), l.f(low));
}

/// e^x = 2^n e^r, n = round(x / ln 2).
struct ExpandExp : OpRewritePattern<math::ExpOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(math::ExpOp op, PatternRewriter &b) const override {
    if (!isF32(op.getOperand()))
      return failure();
    Lanes l{b, op.getLoc(), op.getType()};
    Value x = bounded(l, op.getOperand(), -105, 89.5);
    Value n = math::RoundEvenOp::create(b, l.loc, l.mul(x, l.f(1.44269504088896341)));
    // ln 2 in two parts: the first has few bits, so its product with n is exact.
    Value r = l.fma(n, l.f(-0.693359375), x);
    r = l.fma(n, l.f(2.12194440054690583e-4), r);
    b.replaceOp(op, scaledExp(l, n, r, op.getOperand()));
    return success();
  }
};

/// 2^x = 2^n e^(ln 2 (x - n)), n = round(x): the difference is exact.
struct ExpandExp2 : OpRewritePattern<math::Exp2Op> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(math::Exp2Op op, PatternRewriter &b) const override {
    if (!isF32(op.getOperand()))
      return failure();
    Lanes l{b, op.getLoc(), op.getType()};
    Value x = bounded(l, op.getOperand(), -151, 129);
    Value n = math::RoundEvenOp::create(b, l.loc, x);
    Value r = l.mul(arith::SubFOp::create(b, l.loc, x, n), l.f(0.69314718055994531));
    b.replaceOp(op, scaledExp(l, n, r, op.getOperand()));
    return success();
  }
};

/// Before anything is expanded: log(x) of a denormal is log(x 2^23) - 23 ln 2.
void scaleLog(math::LogOp op) {
  OpBuilder b(op);
  Lanes l{b, op.getLoc(), op.getType()};
  Value x = op.getOperand();
  Value small = arith::CmpFOp::create(b, l.loc, arith::CmpFPredicate::OLT, x, l.f(1.17549435e-38));
  op.getOperation()->setOperand(0, arith::SelectOp::create(b, l.loc, small, l.mul(x, l.f(8388608)), x));
  b.setInsertionPointAfter(op);
  Value shift = arith::SelectOp::create(b, l.loc, small, l.f(-15.9423851528787), l.f(0));
  auto sum = arith::AddFOp::create(b, l.loc, op.getResult(), shift);
  op.getResult().replaceAllUsesExcept(sum, sum);
}

struct ExpandMath : PassWrapper<ExpandMath, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(ExpandMath)
  StringRef getArgument() const override { return "expand-math"; }
  StringRef getDescription() const override { return "polynomials for transcendental functions of f32, libm calls for the others"; }
  void getDependentDialects(DialectRegistry &registry) const override {
    registry.insert<arith::ArithDialect, func::FuncDialect, math::MathDialect, memref::MemRefDialect, scf::SCFDialect, vector::VectorDialect>();
  }
  void runOnOperation() override {
    SmallVector<math::LogOp> logs;
    getOperation().walk([&](math::LogOp op) {
      if (isF32(op.getOperand()))
        logs.push_back(op);
    });
    llvm::for_each(logs, scaleLog);

    MLIRContext *context = &getContext();
    RewritePatternSet polynomials(context);
    polynomials.add<ExpandExp, ExpandExp2>(context, /*benefit=*/2);
    populateWideMathPatterns(polynomials);
    auto accurate = [](StringRef name) {
      return llvm::is_contained({math::LogOp::getOperationName(), math::Log1pOp::getOperationName(), math::ExpM1Op::getOperationName(),
                                 math::TanhOp::getOperationName(), math::ErfOp::getOperationName()},
                                name);
    };
    populateMathPolynomialApproximationPatterns(polynomials, accurate);
    // On bf16 memory: conversions as integer arithmetic, for the helper functions of some processors are in no library here.
    arith::populateExpandBFloat16Patterns(polynomials);
    if (failed(applyPatternsGreedily(getOperation(), std::move(polynomials))))
      return signalPassFailure();

    // math-to-libm unrolls vectors of what has no intrinsic. Square roots, fused multiply-adds and rounding do.
    RewritePatternSet calls(context);
    populateMathToLibmConversionPatterns(calls);
    ConversionTarget target(*context);
    target.markUnknownOpDynamicallyLegal([](Operation *) { return true; });
    target.addDynamicallyLegalDialect<math::MathDialect>([](Operation *op) {
      return isa<math::SqrtOp, math::FmaOp, math::FloorOp, math::CeilOp, math::AbsFOp, math::AbsIOp, math::RoundEvenOp, math::CopySignOp, math::TruncOp, math::RoundOp>(op);
    });
    if (failed(applyPartialConversion(getOperation(), target, std::move(calls))))
      return signalPassFailure();
  }
};
} // namespace

std::unique_ptr<Pass> weft::codegen::createExpandMath() { return std::make_unique<ExpandMath>(); }
void weft::codegen::registerExpandMath() { PassRegistration<ExpandMath>(); }
