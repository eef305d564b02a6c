// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// How our tools end: exit codes 0 ok, 1 user error, 2 usage, 3 internal error with a reproducer.
#pragma once
#include "llvm/ADT/StringRef.h"
#include <functional>
#include <string>

namespace weft::tools {

enum Exit { ok = 0, userError = 1, usage = 2, internalError = 3 };

/// What the guarded work tells its guard, in memory that survives a crash.
struct Progress {
  volatile bool parsedArguments; // a failure before this is one of usage
  int input;                     // a file without a name for the program worked on
  /// Keeps the text of the program for the reproducer, wherever it came from.
  void keep(llvm::StringRef program);
};

/// Runs `work` in a child process, which ends when this one does. A crash (signal) or `internalError` leaves the
/// program and the command line in a new file NAME-reproducer-XXXXXX.mlir of the working folder, says so, and is exit
/// code 3; a non-zero exit before the arguments were parsed is 2. What is written to standard output and does not
/// arrive there, and memory that is not there, are errors of the user (1), and so is a signal from outside.
int runGuarded(int argc, char **argv, const std::string &name, const std::function<int(Progress &)> &work);

/// Reads a whole file ("-": standard input), refusing what upstream's recursive parser would not survive: nesting
/// beyond 512 brackets, or more than 1 GiB. On failure the text says why, beginning with file:line.
bool readSafely(const std::string &path, std::string &content, std::string &error);
} // namespace weft::tools
