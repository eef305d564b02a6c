// Functions of f32 that need more than f32 on the way.
#pragma once
#include "mlir/IR/PatternMatch.h"

namespace weft::codegen {
/// sin, cos and pow of f32 in f64 arithmetic, without a call: right up to the largest arguments, at denormals and specials, within 1 ulp.
void populateWideMathPatterns(mlir::RewritePatternSet &patterns);
} // namespace weft::codegen
