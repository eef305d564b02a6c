// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The sentences that the program's error word can name: status and text, one after the other in the descriptor's table.
// Passes hand them on in the module's attribute `loom.messages`.
#pragma once
#include "mlir/IR/BuiltinOps.h"
#include <string>
#include <vector>

namespace weft::codegen {

class Messages {
public:
  explicit Messages(mlir::ModuleOp module);
  /// The index of a message; the text gets "file.cpp:14: " of the location in front.
  int64_t add(int32_t status, mlir::Location loc, llvm::StringRef text);
  void save();
  const std::vector<std::pair<int32_t, std::string>> &all() const { return messages; }

private:
  mlir::ModuleOp module;
  std::vector<std::pair<int32_t, std::string>> messages;
};

/// The first file and line that a location knows, if any.
struct FileLine {
  std::string file;
  int line = 0;
};
FileLine fileLine(mlir::Location loc);
} // namespace weft::codegen
