// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the rules of attention share.
#pragma once
#include "dialects/weft/AttentionSpec.h"
#include "dialects/weft/rules/Checks.h"

namespace weft::ir {
/// The labels of an op that was verified.
template <class Op> AttentionSpec specOf(Op op) {
  std::string error;
  return *AttentionSpec::parse(op.getScores(), op.getOutput(), error);
}
} // namespace weft::ir
