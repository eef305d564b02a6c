// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Diagnostics and remarks; see Collect.h.
#include "codegen/Collect.h"
#include "codegen/emit/Messages.h"
#include "mlir/IR/Remarks.h"

using namespace mlir;
using namespace weft::codegen;

namespace {
class RemarkLines : public remark::detail::MLIRRemarkStreamerBase {
public:
  explicit RemarkLines(std::function<void(const std::string &)> print) : print(std::move(print)) {}
  void streamOptimizationRemark(const remark::detail::Remark &remark) override {
    FileLine at = fileLine(remark.getLocation());
    std::string line = at.file.empty() ? "" : at.file + ":" + std::to_string(at.line) + ": ";
    std::string text;
    for (const remark::detail::Remark::Arg &part : remark.getArgs())
      text += (text.empty() ? "" : ", ") +
              (part.key == "Remark" ? part.val : StringRef(part.key).lower() + ": " + part.val);
    print(line + "remark: " + remark.getCombinedCategoryName().str() + ": " + remark.getRemarkTypeString().lower() +
          ": " + text);
  }

private:
  std::function<void(const std::string &)> print;
};
} // namespace

Collect::Collect(MLIRContext *context, const CompileOptions &options, CompileError &error)
    : context(context), options(options), error(error), handler(context, [this](Diagnostic &d) {
        take(d);
        return success();
      }) {
  error = {};
  if (options.remark) {
    std::string every = ".*";
    remark::RemarkCategories all{std::nullopt, every, every, every,
                                 every}; // "all" only adds to those that are asked for
    // An engine that cannot be set up leaves the compilation without remarks, no more.
    (void)remark::enableOptimizationRemarks(*context, std::make_unique<RemarkLines>(options.remark),
                                            std::make_unique<remark::RemarkEmittingPolicyAll>(), all);
  }
}
Collect::~Collect() {
  if (options.remark)
    context->setRemarkEngine(nullptr);
}

void Collect::take(Diagnostic &diagnostic) {
  FileLine at = fileLine(diagnostic.getLocation());
  if (diagnostic.getSeverity() == DiagnosticSeverity::Remark ||
      diagnostic.getSeverity() == DiagnosticSeverity::Warning) {
    if (options.remark)
      options.remark((at.file.empty() ? "" : at.file + ":" + std::to_string(at.line) + ": ") +
                     "remark: " + diagnostic.str());
    return;
  }
  auto note = [&](Diagnostic &d) {
    FileLine where = fileLine(d.getLocation());
    error.notes.push_back({where.file, where.line, d.str()});
  };
  if (any()) {
    note(diagnostic);
  } else {
    error.file = at.file;
    error.line = at.line;
    error.message = diagnostic.str();
  }
  for (Diagnostic &n : diagnostic.getNotes())
    if (!StringRef(n.str()).starts_with("see current operation")) // the line says it to a user
      note(n);
}
