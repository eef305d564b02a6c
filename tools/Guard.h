// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// How our tools end: exit codes 0 ok, 1 user error, 2 usage, 3 internal error with a reproducer.
#pragma once
#include <functional>
#include <string>

namespace weft::tools {

enum Exit { ok = 0, userError = 1, usage = 2, internalError = 3 };

/// What the guarded work tells its guard, in memory that survives a crash.
struct Progress {
  volatile bool parsedArguments; // a failure before this is one of usage
  char input[4096];              // the file worked on, for the reproducer
};

/// Runs `work` in a child process. A crash (signal) or `internalError` leaves NAME-reproducer-PID.mlir with the input
/// and the command line in the working folder, says so, and is exit code 3; a non-zero exit before the arguments were
/// parsed is 2.
int runGuarded(int argc, char **argv, const std::string &name, const std::function<int(Progress &)> &work);

/// Reads a whole file ("-": standard input), refusing what upstream's recursive parser would not survive: nesting
/// beyond 512 brackets, or more than 1 GiB. On failure the text says why, beginning with file:line.
bool readSafely(const std::string &path, std::string &content, std::string &error);
} // namespace weft::tools
