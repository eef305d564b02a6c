// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- ScriptPeer.h - another process as the peer ----------------------------------------------------------------------===//
//
// `bench/peers/torch.py` and its like run beside weft-bench and wait. For a row they are given the very arrays that our
// program has, as files; then they take turns with it, and count their own CPU time. `bench/peers/serve.py` says
// what is asked and answered.
//
//===----------------------------------------------------------------------------------------------------------------===//
#pragma once
#include "bench/Probes.h"
#include <cstdio>
#include <memory>
#include <sys/types.h>

namespace weft::bench {
class ScriptPeer {
public:
  /// Starts the command line by the shell. Throws std::runtime_error if it ends before it says its name.
  explicit ScriptPeer(const std::string &command);
  ~ScriptPeer();
  ScriptPeer(const ScriptPeer &) = delete;
  const std::string &name() const { return library; }
  /// The row's work on the program's inputs; null if the library has no such row. Throws std::runtime_error if the
  /// sums of the results are not those of the program's. Work of an earlier row must not be used any more.
  std::unique_ptr<Work> row(const std::string &name, const Exchange &exchange);

private:
  friend class ScriptWork;
  std::string ask(const std::string &line);

  std::string command, library;
  pid_t process = 0;
  std::FILE *questions = nullptr, *answers = nullptr;
};
} // namespace weft::bench
