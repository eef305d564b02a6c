// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// See AttentionSpec.h.
#include "dialects/weft/AttentionSpec.h"
#include "dialects/weft/ContractSpec.h"

using namespace weft::ir;
using llvm::StringRef;
using llvm::Twine;

std::optional<AttentionSpec> AttentionSpec::parse(StringRef scores, StringRef output, std::string &error) {
  std::optional<ContractSpec> first = ContractSpec::parse(scores, error), second;
  if (first)
    second = ContractSpec::parse(output, error);
  if (!first || !second)
    return std::nullopt;
  auto fail = [&](const Twine &why) {
    error = ("\"" + scores + "\" and \"" + output + "\" " + why).str();
    return std::nullopt;
  };
  if (first->result != second->lhs)
    return fail("disagree about the labels of the scores, which are \"" + first->result + "\" and \"" + second->lhs +
                "\"");
  if (!first->lhsAlone.empty() || !first->rhsAlone.empty() || !second->lhsAlone.empty() || !second->rhsAlone.empty())
    return fail("have a label of one operand alone");
  if (first->contracted.size() != 1)
    return fail("sum the products of q and k over " + Twine(first->contracted.size()) + " labels, expected 1");
  if (first->rhsFree.size() != 1)
    return fail("have " + Twine(first->rhsFree.size()) + " labels of k that q lacks, expected 1: the key");
  if (first->lhsFree.empty())
    return fail("have no label of q that k lacks: a query");
  if (second->contracted != first->rhsFree)
    return fail("sum the scores over \"" + second->contracted + "\", expected the key \"" + first->rhsFree + "\"");
  if (second->rhsFree.size() != 1)
    return fail("have " + Twine(second->rhsFree.size()) + " labels of v that the scores lack, expected 1");
  AttentionSpec spec;
  spec.q = first->lhs;
  spec.k = first->rhs;
  spec.v = second->rhs;
  spec.scores = first->result;
  spec.result = second->result;
  spec.key = first->rhsFree[0];
  spec.inner = first->contracted[0];
  spec.value = second->rhsFree[0];
  for (char label : spec.scores) {
    if (label == spec.key)
      continue;
    spec.rows += label;
    if (first->lhsFree.find(label) == std::string::npos)
      continue;
    if (spec.v.find(label) != std::string::npos)
      return fail("have the query '" + Twine(label) + "' as a label of v");
    spec.query = label;
  }
  for (char label : spec.rows)
    if (label != spec.query)
      spec.outer += label;
  return spec;
}
