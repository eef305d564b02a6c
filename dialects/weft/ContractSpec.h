// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The labels of a contraction, "bij,bjk->bik": read once, for the shape rule, the derivative and the emitter.
#pragma once
#include "llvm/ADT/StringRef.h"
#include <optional>
#include <string>

namespace weft::ir {

/// One letter is one dimension. Every label belongs to one class; order within a class is that of the first operand
/// that has it.
struct ContractSpec {
  std::string lhs, rhs, result;
  std::string batch;      // in both operands and in the result: b
  std::string lhsFree;    // in lhs and the result: i
  std::string rhsFree;    // in rhs and the result: k
  std::string contracted; // in both operands, summed over: j
  std::string lhsAlone;   // in lhs only: summed before anything is multiplied
  std::string rhsAlone;

  /// Nothing, and the reason in `error`, if the text is no contraction of two operands.
  static std::optional<ContractSpec> parse(llvm::StringRef text, std::string &error);
  /// The place of a label among an operand's dimensions, or -1.
  static int64_t find(llvm::StringRef labels, char label) {
    size_t at = labels.find(label);
    return at == llvm::StringRef::npos ? -1 : int64_t(at);
  }
};
} // namespace weft::ir
