// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Our own TableGen backends: the op table and the DSL's plain functions, from the records in dialects/weft/ops.
//
//   -gen-op-table  one OpRow initialiser an op; refuses a record with an open facet, and an op without its file in test/ops
//   -gen-dsl       `Tensor tanh(const Tensor &x, Loc at = Loc::here());` for each op whose DSL form is a plain function
//   -gen-op-docs   the table of docs/ops.md
#include "mlir/TableGen/GenInfo.h"
#include "mlir/TableGen/Operator.h"
#include "mlir/Tools/mlir-tblgen/MlirTblgenMain.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/TableGen/Error.h"
#include "llvm/TableGen/Record.h"

using llvm::Record;
using llvm::StringRef;
using mlir::tblgen::Operator;

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

namespace {
struct Row {
  const Record *def;
  Operator op;
  explicit Row(const Record *def) : def(def), op(def) {}
  StringRef mnemonic() const { return StringRef(def->getValueAsString("opName")); }
  /// A facet or form that the record left open is an error of the build, at the record's line.
  const Record *required(StringRef field) const {
    const llvm::RecordVal *value = def->getValue(field);
    auto *init = value ? llvm::dyn_cast<llvm::DefInit>(value->getValue()) : nullptr;
    if (!init)
      llvm::PrintFatalError(def, "op '" + mnemonic() + "': the record says nothing of '" + field +
                                     "': give it, or the reason why it has none");
    return init->getDef();
  }
  std::pair<bool, StringRef> facet(StringRef field) const {
    const Record *f = required(field);
    return {f->getValueAsBit("present"), f->getValueAsString("why")};
  }
  /// The DSL's spelling, or nothing.
  StringRef dsl() const {
    const Record *d = required("dsl");
    return d->isSubClassOf("dsl_none") ? StringRef() : d->getValueAsString("name");
  }
  bool isPlainFunction() const { return required("dsl")->isSubClassOf("dsl_function"); }
};
} // namespace

static std::vector<Row> rows(const llvm::RecordKeeper &records) {
  std::vector<Row> result;
  for (const Record *def : records.getAllDerivedDefinitions("Weft_Op"))
    result.emplace_back(def);
  return result;
}

static bool emitOpTable(const llvm::RecordKeeper &records, llvm::raw_ostream &os) {
  for (const Row &row : rows(records)) {
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
    for (StringRef field : {"reference", "lowering", "derivative", "batching", "streaming"}) {
      auto [present, text] = row.facet(field);
      os << ", {" << (present ? "true" : "false") << ", " << quoted(text) << "}";
    }
    os << ", " << quoted(row.dsl()) << "},\n";
  }
  return false;
}

static bool emitDsl(const llvm::RecordKeeper &records, llvm::raw_ostream &os) {
  for (const Row &row : rows(records)) {
    if (!row.isPlainFunction())
      continue;
    std::string parameters, arguments;
    for (int i = 0; i < row.op.getNumOperands(); ++i) {
      parameters += ("const Tensor &" + row.op.getOperand(i).name + ", ").str();
      arguments += (i ? ", " : "") + row.op.getOperand(i).name.str();
    }
    os << "/// " << row.op.getSummary() << "\ninline Tensor " << row.dsl() << "(" << parameters
       << "Loc at = Loc::here()) { return detail::emit(" << quoted(row.op.getOperationName()) << ", {" << arguments
       << "}, {}, at); }\n";
  }
  return false;
}

static bool emitDocs(const llvm::RecordKeeper &records, llvm::raw_ostream &os) {
  os << "# Ops\n\nPrinted from the records in `dialects/weft/ops` by `weft-tblgen -gen-op-docs`; `weft-opt --list-ops "
        "--json` gives the same to programs.\n\n"
        "| op | meaning | in the DSL | reference | lowering | derivative |\n| --- | --- | --- | --- | --- | --- |\n";
  auto cell = [](const Row &row, StringRef field) {
    auto [present, text] = row.facet(field);
    return (present ? "" : "none: ") + text.str();
  };
  auto escaped = [](std::string text) {
    size_t at = 0;
    while ((at = text.find('|', at)) != std::string::npos) {
      text.replace(at, 1, "\\|");
      at += 2;
    }
    return text;
  };
  for (const Row &row : rows(records))
    os << "| `" << row.mnemonic() << "` | " << escaped(row.op.getSummary().str()) << " | "
       << escaped(row.dsl().empty() ? "" : "`" + row.dsl().str() + "`") << " | " << escaped(cell(row, "reference"))
       << " | " << escaped(cell(row, "lowering")) << " | " << escaped(cell(row, "derivative")) << " |\n";
  return false;
}

static mlir::GenRegistration table("gen-op-table", "rows of the op table", emitOpTable);
static mlir::GenRegistration dsl("gen-dsl", "the DSL's plain functions", emitDsl);
static mlir::GenRegistration docs("gen-op-docs", "docs/ops.md", emitDocs);
int main(int argc, char **argv) { return mlir::MlirTblgenMain(argc, argv); }
