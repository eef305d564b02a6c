// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Messages of the error word; see Messages.h.
#include "codegen/emit/Messages.h"
#include "dialects/loom/Loom.h"
#include "mlir/IR/Builders.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace weft;
using namespace weft::codegen;

Messages::Messages(ModuleOp module) : module(module) {
  if (auto list = module->getAttrOfType<ArrayAttr>(loom::messagesMark))
    for (auto entry : list.getAsRange<loom::MessageAttr>())
      messages.push_back({int32_t(entry.getStatus()), entry.getText().str()});
}

int64_t Messages::add(int32_t status, Location loc, StringRef text) {
  FileLine at = fileLine(loc);
  std::string full = text.str();
  if (!at.file.empty())
    full = llvm::sys::path::filename(at.file).str() + ":" + std::to_string(at.line) + ": " + full;
  std::pair<int32_t, std::string> entry{status, full};
  auto same = llvm::find(messages, entry);
  if (same == messages.end()) {
    messages.push_back(entry);
    return int64_t(messages.size()) - 1;
  }
  return same - messages.begin();
}

void Messages::save() {
  Builder b(module.getContext());
  SmallVector<Attribute> list;
  for (auto &[status, text] : messages)
    list.push_back(loom::MessageAttr::get(module.getContext(), status, b.getStringAttr(text)));
  module->setAttr(loom::messagesMark, b.getArrayAttr(list));
}

FileLine weft::codegen::fileLine(Location loc) {
  FileLine found;
  loc->walk([&](Location l) {
    if (auto file = dyn_cast<FileLineColLoc>(l)) {
      found = {file.getFilename().str(), int(file.getLine())};
      return WalkResult::interrupt();
    }
    return WalkResult::advance();
  });
  return found;
}
