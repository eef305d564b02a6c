// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Our own TableGen backends: what else follows from the records in dialects/weft/ops.
//
//   -gen-op-table    one OpRow initialiser an op; refuses an op without its file in test/ops
//   -gen-attributes  the table of Attributes.h
//   -gen-dsl-decls   `Tensor tanh(const Tensor &x, Loc at = Loc::here());` for each op whose DSL form follows from it
//   -gen-dsl-defs    their bodies, for frontend/Primitives.cpp
//   -gen-op-docs     the table of docs/ops.md
//
// Every backend reads all records first, and refuses one that leaves a facet open, claims one that the op has no
// interface for, or asks for a function that cannot be printed: Records.h.
#include "dialects/tblgen/Records.h"
#include "mlir/TableGen/GenInfo.h"
#include "mlir/Tools/mlir-tblgen/MlirTblgenMain.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/TableGen/Error.h"

using namespace weft::tblgen;
using llvm::StringRef;

static llvm::cl::opt<std::string> testFolder("test-folder", llvm::cl::desc("the folder with one test file an op"));

static std::string quoted(StringRef text) {
  std::string result = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\')
      result += '\\';
    result += c;
  }
  return result + "\"";
}

static bool emitOpTable(const llvm::RecordKeeper &records, llvm::raw_ostream &os) {
  for (const Row &row : readRows(records)) {
    if (!testFolder.empty() && !llvm::sys::fs::exists(testFolder + "/" + row.mnemonic() + ".mlir"))
      llvm::PrintFatalError(row.def, "op '" + row.mnemonic() + "' has no " + testFolder + "/" + row.mnemonic() +
                                         ".mlir: every op has a test file of its own");
    os << "{" << quoted(row.op.getOperationName()) << ", " << quoted(row.op.getSummary()) << ", {";
    for (int i = 0; i < row.op.getNumOperands(); ++i)
      os << quoted(row.op.getOperand(i).name) << ", ";
    os << "}, {";
    for (const auto &attribute : row.op.getAttributes())
      os << quoted(attribute.name) << ", ";
    os << "}, {";
    for (int i = 0; i < row.op.getNumResults(); ++i)
      os << quoted(row.op.getResult(i).name) << ", ";
    os << "}";
    for (StringRef field : facets) {
      Row::Facet facet = row.facet(field);
      os << ", {" << (facet.present ? "true" : "false") << ", " << quoted(facet.text) << ", " << quoted(facet.pass)
         << "}";
    }
    os << ", " << quoted(row.shownForm()) << "},\n";
  }
  return false;
}

static bool emitAttributes(const llvm::RecordKeeper &records, llvm::raw_ostream &os) {
  for (const Row &row : readRows(records)) {
    if (row.attributes.empty())
      continue;
    os << "{" << quoted(row.op.getOperationName()) << ", {";
    for (const DimensionAttribute &a : row.attributes)
      os << "{" << a.kind << ", " << quoted(a.name) << ", " << a.of << ", " << a.within << "}, ";
    os << "}},\n";
  }
  return false;
}

static bool emitDslDecls(const llvm::RecordKeeper &records, llvm::raw_ostream &os) {
  for (const Row &row : readRows(records))
    for (const Function &f : row.functions)
      if (!f.isOperator)
        os << "/// " << row.op.getSummary() << "\n" << f.result << " " << f.name << "(" << f.declared << ");\n";
  return false;
}
static bool emitDslDefs(const llvm::RecordKeeper &records, llvm::raw_ostream &os) {
  for (const Row &row : readRows(records))
    for (const Function &f : row.functions)
      os << f.result << " " << f.name << "(" << f.defined << ") {\n  return " << f.body << ";\n}\n";
  return false;
}

static bool emitDocs(const llvm::RecordKeeper &records, llvm::raw_ostream &os) {
  os << "# Ops\n\nPrinted from the records in `dialects/weft/ops` by `weft-tblgen -gen-op-docs`; `weft-opt --list-ops "
        "--json` gives the same to programs.\n\n"
        "| op | meaning | in the DSL | reference | lowering | derivative | vmap |\n"
        "| --- | --- | --- | --- | --- | --- | --- |\n";
  auto escaped = [](std::string text) {
    size_t at = 0;
    while ((at = text.find('|', at)) != std::string::npos) {
      text.replace(at, 1, "\\|");
      at += 2;
    }
    return text;
  };
  for (const Row &row : readRows(records)) {
    std::string form = row.shownForm();
    os << "| `" << row.mnemonic() << "` | " << escaped(row.op.getSummary().str()) << " | "
       << escaped(form.empty() ? "" : "`" + form + "`");
    for (StringRef field : {"reference", "lowering", "derivative", "batching"}) {
      Row::Facet facet = row.facet(field);
      os << " | " << escaped((facet.present ? "" : "none: ") + facet.text.str());
    }
    os << " |\n";
  }
  return false;
}

static mlir::GenRegistration table("gen-op-table", "rows of the op table", emitOpTable);
static mlir::GenRegistration attributes("gen-attributes", "attributes that speak of dimensions", emitAttributes);
static mlir::GenRegistration decls("gen-dsl-decls", "the DSL's functions, declared", emitDslDecls);
static mlir::GenRegistration defs("gen-dsl-defs", "the DSL's functions, defined", emitDslDefs);
static mlir::GenRegistration docs("gen-op-docs", "docs/ops.md", emitDocs);
int main(int argc, char **argv) { return mlir::MlirTblgenMain(argc, argv); }
