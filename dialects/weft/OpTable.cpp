// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The generated rows, and their text as JSON.
#include "dialects/weft/OpTable.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

const std::vector<weft::ir::OpRow> &weft::ir::opTable() {
  static const std::vector<OpRow> rows = {
#include "dialects/weft/OpTable.inc"
  };
  return rows;
}

std::string weft::ir::opTableAsJson() {
  std::string text;
  llvm::raw_string_ostream os(text);
  llvm::json::OStream json(os, 2);
  auto names = [&](llvm::StringRef key, const std::vector<const char *> &list) {
    json.attributeArray(key, [&] {
      for (const char *name : list)
        json.value(name);
    });
  };
  // A facet that is there is true; one absent on purpose holds its reason.
  auto facet = [&](llvm::StringRef key, const OpRow::Facet &f) {
    if (f.present)
      json.attribute(key, true);
    else
      json.attribute(key, f.text);
  };
  json.object([&] {
    json.attributeArray("ops", [&] {
      for (const OpRow &row : opTable())
        json.object([&] {
          json.attribute("name", row.name);
          json.attribute("summary", row.summary);
          json.attribute("dsl", row.dsl);
          names("operands", row.operands);
          names("attributes", row.attributes);
          names("results", row.results);
          json.attributeObject("facets", [&] {
            facet("reference", row.reference);
            facet("lowering", row.lowering);
            facet("derivative", row.derivative);
            facet("batching", row.batching);
            facet("streaming", row.streaming);
          });
          json.attributeObject("passes", [&] {
            for (auto [key, f] : {std::pair("reference", row.reference),
                                  {"lowering", row.lowering},
                                  {"derivative", row.derivative},
                                  {"batching", row.batching},
                                  {"streaming", row.streaming}})
              if (*f.pass)
                json.attribute(key, f.pass);
          });
        });
    });
  });
  return text + "\n";
}
