// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Where a value was made and what went wrong: every error of the DSL carries the user's file and line.
#pragma once
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace weft {

/// A line of the user's program. Made by `Loc::here()` as a default argument, so it names the outermost caller.
/// It cannot be made from braces: `sum(x, {0, 2})` must mean axes.
class Loc {
public:
  constexpr Loc() = default;
  static constexpr Loc here(const char *file = __builtin_FILE(), int line = __builtin_LINE()) {
    Loc loc;
    loc.file_ = file;
    loc.line_ = line;
    return loc;
  }
  const char *file() const { return file_; }
  int line() const { return line_; }
  explicit operator bool() const { return line_ > 0; }
  /// "digits.cpp:12"; empty without a line.
  std::string str() const;

private:
  const char *file_ = "";
  int line_ = 0;
};

/// Thrown while tracing, before any pass runs, and by a call that fails; `what()` is the message with its line and its
/// notes.
class Error : public std::runtime_error {
public:
  Error(std::string file, int line, std::string message, std::vector<std::string> notes = {});
  Error(Loc at, std::string message, std::vector<std::string> notes = {})
      : Error(at.file(), at.line(), std::move(message), std::move(notes)) {}
  /// The file as the compiler was given it; empty where no line is known.
  const std::string &file() const { return file_; }
  int line() const { return line_; }
  const std::string &message() const { return message_; }
  const std::vector<std::string> &notes() const { return notes_; }

private:
  std::string file_;
  int line_;
  std::string message_;
  std::vector<std::string> notes_;
};

} // namespace weft
