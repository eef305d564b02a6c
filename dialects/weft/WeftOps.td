// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// All families of the dialect.
include "dialects/weft/ops/Elementwise.td"
include "dialects/weft/ops/Complex.td"
include "dialects/weft/ops/Shape.td"
include "dialects/weft/ops/Reduce.td"
include "dialects/weft/ops/Cumulative.td"
include "dialects/weft/ops/Index.td"
include "dialects/weft/ops/Order.td"
include "dialects/weft/ops/Random.td"
include "dialects/weft/ops/Semantic.td"
include "dialects/weft/ops/Attention.td"
include "dialects/weft/ops/Derivative.td"
include "dialects/weft/ops/ControlFlow.td"
