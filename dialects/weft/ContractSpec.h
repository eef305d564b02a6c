// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The labels of a contraction, "bij,bjk->bik": the one place that reads and writes their text.
#pragma once
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/ADT/Twine.h"
#include <array>
#include <optional>
#include <string>

namespace weft::ir {

/// The text of a sum of products of any number of operands, "bij,bjk->bik": labels of operands and result as they stand
/// there. What may be a label is the reader's business.
struct EinsumText {
  llvm::SmallVector<llvm::StringRef, 2> operands;
  llvm::StringRef result;

  /// Nothing without a "->". The labels point into the text.
  static std::optional<EinsumText> read(llvm::StringRef text);
};

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
  /// The labels of lhs, rhs and result of a spec that was verified, without their classes; they point into the text.
  static std::array<llvm::StringRef, 3> split(llvm::StringRef text);
  /// The text of these labels.
  static std::string join(const llvm::Twine &lhs, const llvm::Twine &rhs, const llvm::Twine &result);
  /// The place of a label among an operand's dimensions, or -1.
  static int64_t find(llvm::StringRef labels, char label) {
    size_t at = labels.find(label);
    return at == llvm::StringRef::npos ? -1 : int64_t(at);
  }
};
} // namespace weft::ir
