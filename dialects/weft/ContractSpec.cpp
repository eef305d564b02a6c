// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Reading and classifying the labels of a contraction.
#include "dialects/weft/ContractSpec.h"
#include "llvm/ADT/StringExtras.h"

using namespace weft::ir;
using llvm::StringRef;

std::optional<EinsumText> EinsumText::read(StringRef text) {
  if (!text.contains("->"))
    return std::nullopt;
  EinsumText read;
  auto [operands, result] = text.split("->");
  operands.split(read.operands, ',');
  read.result = result;
  return read;
}
std::array<StringRef, 3> ContractSpec::split(StringRef text) {
  std::optional<EinsumText> read = EinsumText::read(text);
  return {read->operands[0], read->operands[1], read->result};
}
std::string ContractSpec::join(const llvm::Twine &lhs, const llvm::Twine &rhs, const llvm::Twine &result) {
  return (lhs + "," + rhs + "->" + result).str();
}

std::optional<ContractSpec> ContractSpec::parse(StringRef text, std::string &error) {
  auto fail = [&](const llvm::Twine &why) {
    error = ("\"" + text + "\" " + why).str();
    return std::nullopt;
  };
  std::optional<EinsumText> read = EinsumText::read(text);
  if (!read)
    return fail("has no \"->\": write it like \"bij,bjk->bik\"");
  if (read->operands.size() != 2)
    return fail("names " + llvm::Twine(read->operands.size()) + " operands, expected 2");
  StringRef lhs = read->operands[0], rhs = read->operands[1], result = read->result;
  ContractSpec spec;
  spec.lhs = lhs.str();
  spec.rhs = rhs.str();
  spec.result = result.str();
  for (auto [labels, name] : {std::pair(lhs, "lhs"), {rhs, "rhs"}, {result, "result"}})
    for (auto [i, label] : llvm::enumerate(labels)) {
      if (!llvm::isAlpha(label))
        return fail("has '" + llvm::Twine(label) + "' as a label of " + name + ": labels are letters");
      if (labels.take_front(i).contains(label))
        return fail("has label '" + llvm::Twine(label) + "' twice in " + name + ": take the diagonal first");
    }
  for (char label : result)
    if (!lhs.contains(label) && !rhs.contains(label))
      return fail("has label '" + llvm::Twine(label) + "' in the result only");
  for (char label : lhs)
    (rhs.contains(label) ? (result.contains(label) ? spec.batch : spec.contracted)
                         : (result.contains(label) ? spec.lhsFree : spec.lhsAlone)) += label;
  for (char label : rhs)
    if (!lhs.contains(label))
      (result.contains(label) ? spec.rhsFree : spec.rhsAlone) += label;
  return spec;
}
