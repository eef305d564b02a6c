// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The table of ops, printed by our generator from the records: what `weft-opt --list-ops`, the docs and the test matrix
// read.
#pragma once
#include <string>
#include <vector>

namespace weft::ir {
struct OpRow {
  struct Facet {
    bool present;
    const char *text; // how it is there, or why it is not
    const char *pass; // the pass that sees to it, where no interface of the op does; else empty
  };
  const char *name, *summary;
  std::vector<const char *> operands, attributes, results;
  Facet reference, lowering, derivative, batching, streaming;
  const char *dsl; // the DSL's spelling; empty if there is none
};
const std::vector<OpRow> &opTable();
/// {"ops":[{"name","operands","attributes","results","facets":{"reference","lowering","derivative",...},"passes":{...}}]}
std::string opTableAsJson();
} // namespace weft::ir
