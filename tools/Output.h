// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Output that arrives whole, or is an error.
#pragma once
#include "llvm/ADT/StringRef.h"
#include <string>

namespace weft::tools {

/// Writes a file beside its place and renames it, so that a file of that name is the old one or the whole new one; what
/// is no regular file (a pipe, a device) is written as it is, and "-" is standard output. On failure `error` says why.
bool writeFile(llvm::StringRef path, llvm::StringRef bytes, std::string &error);

/// Whether all that was printed has arrived; else an error is printed.
bool flushStandardOutput(llvm::StringRef tool);
} // namespace weft::tools
