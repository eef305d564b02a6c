// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Functions of f32 as arithmetic, for scalars and vectors alike.
#pragma once
#include "mlir/IR/PatternMatch.h"

namespace weft::codegen {
struct Machine;

/// exp, exp2, expm1, log, log1p, tanh and erf by polynomials in f32: within 2 ulp, denormals and specials included.
void populatePolynomialMathPatterns(mlir::RewritePatternSet &patterns, const Machine &machine);
/// sin, cos and pow in f64 arithmetic, without a call: right up to the largest arguments, at denormals and specials,
/// within 2 ulp.
void populateWideMathPatterns(mlir::RewritePatternSet &patterns);
} // namespace weft::codegen
