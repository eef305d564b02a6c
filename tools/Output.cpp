// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// See Output.h.
#include "tools/Output.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"

namespace weft::tools {

/// Writes and closes; the stream's error is the caller's.
static std::error_code writeStream(llvm::raw_fd_ostream &out, llvm::StringRef bytes) {
  out << bytes;
  out.flush();
  std::error_code code = out.error();
  out.clear_error(); // an error that nobody has looked at ends the process
  return code;
}

bool writeFile(llvm::StringRef path, llvm::StringRef bytes, std::string &error) {
  std::error_code code;
  llvm::sys::fs::file_status status;
  bool special = !llvm::sys::fs::status(path, status) && !llvm::sys::fs::is_regular_file(status);
  if (path == "-") {
    code = writeStream(llvm::outs(), bytes);
  } else if (special) {
    llvm::raw_fd_ostream out(path, code);
    if (!code)
      code = writeStream(out, bytes);
  } else {
    // Behind a link it is the file that is replaced, not the link.
    llvm::SmallString<128> target(path);
    if (llvm::sys::fs::real_path(path, target))
      target = path;
    auto temporary = llvm::sys::fs::TempFile::create(target + ".%%%%%%%%.tmp", 0666 & ~llvm::sys::fs::getUmask());
    if (!temporary) {
      code = llvm::errorToErrorCode(temporary.takeError());
    } else {
      llvm::raw_fd_ostream out(temporary->FD, /*shouldClose=*/false);
      code = writeStream(out, bytes);
      if (!code)
        code = llvm::errorToErrorCode(temporary->keep(target));
      else
        llvm::consumeError(temporary->discard());
    }
  }
  if (code)
    error = path.str() + ": cannot be written: " + code.message();
  return !code;
}

bool flushStandardOutput(llvm::StringRef tool) {
  std::error_code code = writeStream(llvm::outs(), "");
  if (code)
    llvm::errs() << tool << ": standard output cannot be written: " << code.message() << "\n";
  return !code;
}
} // namespace weft::tools
