// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The text of an error: "digits.cpp:12: what is wrong", then a line for each note.
#include "weft/Error.h"

using namespace weft;

static std::string baseName(std::string_view file) { return std::string(file.substr(file.rfind('/') + 1)); }

std::string Loc::str() const { return line_ > 0 ? baseName(file_) + ":" + std::to_string(line_) : std::string(); }

static std::string render(const std::string &file, int line, const std::string &message,
                          const std::vector<std::string> &notes) {
  std::string text = line > 0 ? baseName(file) + ":" + std::to_string(line) + ": " + message : message;
  for (const std::string &note : notes)
    text += "\n  " + note;
  return text;
}

Error::Error(std::string file, int line, std::string message, std::vector<std::string> notes)
    : std::runtime_error(render(file, line, message, notes)), file_(std::move(file)), line_(line),
      message_(std::move(message)), notes_(std::move(notes)) {}
